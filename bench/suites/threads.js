/**
 * What threads gain: wall-clock time of one thread relative to more, over the shapes of the training suite, ours only.
 */

import { oursWithThreads, threadCounts } from '../contenders.js';
import { costs, interleave, ratio, statistics } from '../rounds.js';
import { prepareCase } from '../start.js';
import { formatNumber, formatRatio, formatTable } from '../table.js';
import { trainingCases } from './training.js';

/** @param {import('../run.js').BenchContext} context */
export async function threads({ options, folder, warn, progress }) {
  const contenders = [...threadCounts, undefined].map((count) => oursWithThreads('train.js', count));
  const [one, ...others] = contenders.map(({ id }) => id);
  const raw = [];
  const rows = [];
  for (const { label, trainingCase } of trainingCases(options.only)) {
    progress(`threads: ${label}`);
    const { settings } = await prepareCase(trainingCase, folder);
    const measured = await interleave(contenders, settings, { ...options, warn });
    const perExample = (id, clock) => costs(measured.get(id).rounds, clock, settings.batch);
    raw.push({ label, ...settings, contenders: Object.fromEntries(measured) });
    if (!measured.has(one)) continue;
    const wall = perExample(one, 'wallSeconds');
    const cpu = perExample(one, 'cpuSeconds');
    const cells = others.flatMap((id) =>
      measured.has(id)
        ? [formatRatio(ratio(wall, perExample(id, 'wallSeconds'))), formatNumber(ratio(perExample(id, 'cpuSeconds'), cpu).median)]
        : [undefined, undefined],
    );
    const chosen = measured.get(others.at(-1))?.about.threads;
    rows.push([label, formatNumber(statistics(wall).median * 1e6), ...cells, chosen?.toString()]);
  }
  const headings = ['case', `${one} µs wall`, ...others.flatMap((id) => [id, 'CPU']), 'default is'];
  const title =
    `Threads: wall-clock speed relative to one thread, median (min–max) of ${options.rounds} rounds; CPU: CPU time relative to one thread.\n` +
    'Meaningful with as many idle cores as threads only.';
  return { text: formatTable(title, headings, rows), raw };
}
