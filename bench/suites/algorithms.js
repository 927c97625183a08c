/**
 * What every training algorithm, optimizer and kind of unit costs: CPU time per example relative to SML with k = 1, ours only.
 */

import { oursTraining } from '../contenders.js';
import { mnistData } from '../data.js';
import { costs, interleave, ratio, statistics } from '../rounds.js';
import { prepareCase } from '../start.js';
import { formatNumber, formatRatio, formatTable } from '../table.js';

const sml = { algorithm: 'sml', k: 1, chains: 100, chainStart: 'data' };
const meanField = { algorithm: 'mean-field', iterations: 3, damping: 0.5, chains: 100, chainStart: 'data' };

/** [id, keys of the `training` section, units]; the first one is what the others are compared with. */
const table = [
  ['SML, k = 1', sml],
  ['CD-1', { algorithm: 'cd', k: 1 }],
  ['tempered SML, 10 rungs × 100', { ...sml, algorithm: 'tempered-sml', rungs: 10, ladder: 'even', baseRate: 'uniform' }],
  ['tempered SML, 10 rungs × 10', { ...sml, algorithm: 'tempered-sml', chains: 10, rungs: 10, ladder: 'even', baseRate: 'uniform' }],
  ['fast weights', { ...sml, algorithm: 'fast-sml', fastLearningRate: 0.01, fastDecay: 0.95 }],
  ['mean field, naive', { ...meanField, expansionOrder: 1 }],
  ['mean field, TAP', { ...meanField, expansionOrder: 2 }],
  ['mean field, third order', { ...meanField, expansionOrder: 3 }],
  ['pseudo-likelihood', { algorithm: 'pseudo-likelihood' }],
  ['ratio matching', { algorithm: 'ratio-matching' }],
  ['SML, momentum', { ...sml, momentum: 0.5 }],
  ['SML, Nesterov', { ...sml, optimizer: 'nesterov', momentum: 0.5 }],
  ['SML, Adam', { ...sml, optimizer: 'adam', firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8, learningRate: 0.001 }],
  ['SML, RMSProp', { ...sml, optimizer: 'rmsprop', decay: 0.9, epsilon: 1e-8, learningRate: 0.001 }],
  ['SML, centred', { ...sml, centring: { offsets: 'both', slidingFactor: 0.01 } }],
  ['SML, clipped', { ...sml, clipNorm: 1 }],
  ['SML, sparse', { ...sml, sparsity: { target: 0.1, cost: 0.01, decay: 0.9 } }],
  ['SML, averaged', { ...sml, averaging: {} }],
  ['SML, ±1 units', sml, { visible: 'ising', hidden: 'ising' }],
  ['SML, categorical units (groups of 8)', sml, { visible: 'categorical' }],
  ['SML, Gaussian units', { ...sml, learningRate: 0.001 }, { visible: 'gaussian' }],
  ['CD-1, Gaussian units', { algorithm: 'cd', k: 1, learningRate: 0.001 }, { visible: 'gaussian' }],
  ['SML, learned variance', { ...sml, learningRate: 0.001 }, { visible: 'gaussian', variance: 'learned' }],
];

/** @param {import('../run.js').BenchContext} context */
export async function algorithms({ options, folder, warn, progress }) {
  const shape = { visibleUnits: 784, hiddenUnits: 500, batch: 100, algorithm: 'sml', k: 1, learningRate: 0.05, data: mnistData };
  progress('algorithms: 784×500 b100');
  const { settings } = await prepareCase(shape, folder);
  const first = table[0][0];
  const rows = [];
  const raw = [];
  for (const [id, training, units] of table.filter(([label]) => label === first || label.includes(options.only))) {
    progress(`algorithms: ${id}`);
    const base = oursTraining(first, sml);
    const contenders = id === first ? [base] : [base, oursTraining(id, training, units)];
    const measured = await interleave(contenders, settings, { ...options, warn });
    raw.push({ id, ...settings, training, units, contenders: Object.fromEntries(measured) });
    if (!measured.has(id)) continue;
    const perExample = (contender) => costs(measured.get(contender).rounds, 'cpuSeconds', settings.batch);
    rows.push([id, formatNumber(statistics(perExample(id)).median * 1e6), formatRatio(ratio(perExample(id), perExample(first)))]);
  }
  const title = `784×500, mini-batches of 100, one thread: CPU time per example, and relative to ${first}: median (min–max) of ${options.rounds} rounds`;
  return { text: formatTable(title, ['', 'µs', `× ${first}`], rows), raw };
}
