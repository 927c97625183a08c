/**
 * Annealed importance sampling of a model trained on MNIST: CPU time per chain and temperature, against numpy.
 */

import { aisContenders } from '../contenders.js';
import { costs, interleave, ratio, statistics } from '../rounds.js';
import { formatRange, formatRatio, formatTable } from '../table.js';
import { trainedModel } from './log-z.js';

const chains = 100;

/** @param {import('../run.js').BenchContext} context */
export async function ais({ options, folder, versions, warn, progress }) {
  const tables = [];
  const raw = {};
  for (const hiddenUnits of [20, 500]) {
    progress(`ais: 784×${hiddenUnits}`);
    const model = { ...(await trainedModel(hiddenUnits, folder)), chains };
    const contenders = aisContenders(versions);
    const measured = await interleave(contenders, model, { ...options, warn });
    const perStep = (id) => costs(measured.get(id).rounds, 'cpuSeconds', chains);
    const ours = perStep(contenders[0].id);
    const rows = [...measured.keys()].map((id) => [
      id,
      formatRange(statistics(perStep(id)), 1e6),
      id === contenders[0].id ? undefined : formatRatio(ratio(perStep(id), ours)),
    ]);
    const title = `AIS of 784×${hiddenUnits} (trained on MNIST), ${chains} chains, one thread, CPU µs per chain and temperature, median (min–max)`;
    tables.push(formatTable(title, ['', 'CPU µs', 'ratio'], rows));
    raw[hiddenUnits] = Object.fromEntries(measured);
  }
  return { text: tables.join('\n'), raw };
}
