/**
 * Training throughput: CPU time per example of every contender, over shape × batch × density × algorithm.
 */

import { isBlasPinned, trainingContenders, trainingPeers } from '../contenders.js';
import { bernoulliData, mnistData } from '../data.js';
import { costs, interleave, ratio, statistics } from '../rounds.js';
import { prepareCase } from '../start.js';
import { formatNumber, formatRatio, formatTable } from '../table.js';

// At larger learning rates the hidden units of the dense cases soon turn off, and the states would not stay dense.
const synthetic = (density) => ({ data: bernoulliData(2000, density), learningRate: 0.001 });
const bars = (rows) => ({ data: { source: 'bars-and-stripes', rows, columns: 16 } });

/** [label, n, m, batch, algorithm, k, rest] */
const table = [
  ['784×500 b100 SML mnist', 784, 500, 100, 'sml', 1, { data: mnistData }],
  ['784×500 b100 CD-1 mnist', 784, 500, 100, 'cd', 1, { data: mnistData }],
  ['784×500 b100 CD-10 mnist', 784, 500, 100, 'cd', 10, { data: mnistData }],
  ['784×500 b10 SML mnist', 784, 500, 10, 'sml', 1, { data: mnistData }],
  ['784×1000 b100 SML mnist', 784, 1000, 100, 'sml', 1, { data: mnistData }],
  ['784×20 b20 CD-1 mnist', 784, 20, 20, 'cd', 1, { data: mnistData }],
  ['784×20 b100 SML mnist', 784, 20, 100, 'sml', 1, { data: mnistData }],
  ['16×16 b32 CD-1 bars, 10,240 rows', 16, 16, 32, 'cd', 1, bars(10_240)],
  ['16×16 b32 SML bars, 10,240 rows', 16, 16, 32, 'sml', 1, bars(10_240)],
  // The real dataset: every update is an epoch, with a new order of the examples.
  ['16×16 b32 CD-1 bars, 32 rows', 16, 16, 32, 'cd', 1, bars(32)],
  ['2000×1000 b100 SML 5 % on', 2000, 1000, 100, 'sml', 1, synthetic(0.05)],
  ['2000×1000 b100 SML 50 % on', 2000, 1000, 100, 'sml', 1, synthetic(0.5)],
  ['2000×1000 b100 SML 90 % on', 2000, 1000, 100, 'sml', 1, synthetic(0.9)],
];

/** The cases that `--only` selects. */
export function trainingCases(only = '') {
  return table
    .filter(([label]) => label.includes(only))
    .map(([label, visibleUnits, hiddenUnits, batch, algorithm, k, rest]) => ({
      label,
      trainingCase: { visibleUnits, hiddenUnits, batch, algorithm, k, learningRate: 0.05, ...rest },
    }));
}

/** The case that also shows the peers with the OpenBLAS kernels that the shell's environment pins. */
const mainCase = table[0][0];

/** Peers under both settings of OpenBLAS. `microseconds` and `ratioOf`: cells by contender. */
function blasTable(options, versions, microseconds, ratioOf) {
  const pinned = trainingPeers(options.threads, versions, 'environment');
  const rows = trainingPeers(options.threads, versions).map(({ id }, index) => [
    id,
    ...[id, pinned[index].id].flatMap((contender) => [microseconds(contender), ratioOf(contender)]),
  ]);
  const [own, environment] = [versions.blas, versions.environmentBlas].map((pools) => pools.join('; '));
  const title =
    `${mainCase}: peers with the kernels that OpenBLAS chooses itself (${own}; as in the tables above)\n` +
    `and with those that this shell's environment pins (${environment})`;
  return formatTable(title, ['', 'own choice, µs', 'ratio', 'pinned, µs', 'ratio'], rows);
}

/** @param {import('../run.js').BenchContext} context */
export async function training({ options, folder, versions, warn, progress }) {
  const contenders = trainingContenders(options.threads, versions);
  const ours = contenders[0].id;
  const others = contenders.slice(1).map(({ id }) => id);
  const raw = [];
  const microseconds = [];
  const ratios = [];
  const blasTables = [];
  for (const { label, trainingCase } of trainingCases(options.only)) {
    progress(`training: ${label}`);
    const { settings, visibleDensity, hiddenDensity } = await prepareCase(trainingCase, folder);
    const showsBothBlas = label === mainCase && isBlasPinned(versions);
    const competing = showsBothBlas ? [...contenders, ...trainingPeers(options.threads, versions, 'environment')] : contenders;
    const measured = await interleave(competing.filter(({ supports }) => supports(settings)), settings, { ...options, warn });
    const perExample = (id, clock) => measured.has(id) ? costs(measured.get(id).rounds, clock, settings.batch) : undefined;
    const ourCosts = perExample(ours, 'cpuSeconds');
    const cell = (id, format) => {
      const values = perExample(id, 'cpuSeconds');
      return values === undefined ? undefined : format(values);
    };
    const median = (values) => formatNumber(statistics(values).median * 1e6);
    const density = `${formatNumber(visibleDensity * 100)}/${formatNumber(hiddenDensity * 100)}`;
    const wall = perExample(ours, 'wallSeconds');
    microseconds.push([
      label,
      density,
      ...[ours, ...others].map((id) => cell(id, median)),
      wall && median(wall),
      ourCosts && formatNumber(1 / (statistics(ourCosts).median * settings.batch)),
    ]);
    const ratioOf = (id) => ourCosts && cell(id, (values) => formatRatio(ratio(values, ourCosts)));
    ratios.push([label, ...others.map(ratioOf)]);
    if (showsBothBlas) blasTables.push(blasTable(options, versions, (id) => cell(id, median), ratioOf));
    raw.push({ label, ...settings, visibleDensity, hiddenDensity, contenders: Object.fromEntries(measured) });
  }
  const threads = `${options.threads} thread${options.threads === 1 ? '' : 's'} each`;
  const text = [
    formatTable(
      `Training: CPU µs per example, medians of ${options.rounds} rounds (${threads})`,
      ['case', 'on % v/h', ours, ...others, `${ours} wall`, `${ours} updates/s`],
      microseconds,
    ),
    formatTable(
      `Training: CPU time per example relative to ${ours}: median (min–max) of the rounds; above 1, ${ours} is faster`,
      ['case', ...others],
      ratios,
    ),
    ...blasTables,
  ].join('\n');
  return { text, raw };
}
