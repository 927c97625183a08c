/**
 * A comparison as text: what was compared, a row for every group, and what the intervals are over.
 */

import { printable } from '../errors.js';
import type { Comparison, ComparedGroup } from '../report/comparison.js';
import { describeEstimate, nats, table } from './figures.js';

/** Figures of diagnostics that have a column of their own: the last measured value, the mean over the seeds. */
const diagnosticColumns: readonly (readonly [path: string, title: string])[] = [
  ['gradientAccuracy.relativeBias', 'gradient bias'],
  ['spuriousMass.beyond.model', 'spurious mass'],
  ['spuriousMass.imbalance', 'imbalance'],
];

/** Where likelihoods have their log Z from, over all groups. */
export function sourceOf({ groups, quantity }: Comparison): string {
  if (quantity !== 'log-likelihood') return 'which needs no log Z, and is no bound of the log-likelihood';
  const estimates = groups.flatMap(({ runs }) => runs.flatMap(({ logPartitionFunction }) => logPartitionFunction ?? []));
  const inexact = estimates.filter(({ exact }) => !exact);
  if (inexact.length === 0) return 'exact log Z';
  const statuses = new Set(inexact.map(({ verdict }) => verdict.status));
  const estimated = `estimated log Z (${[...new Set(inexact.map(({ estimator }) => estimator))].join(', ')}; ${[...statuses].join(', ')})`;
  return inexact.length === estimates.length ? estimated : `exact log Z where affordable, else ${estimated}`;
}

/** Mean over the seeds, how far they scatter. */
function valueOf({ mean, deviation }: ComparedGroup): string {
  return `${nats(mean)}${deviation === undefined ? '' : ` ± ${nats(deviation)}`}`;
}

function differenceOf({ difference }: ComparedGroup): [string, string] {
  if (difference === undefined) return ['baseline', ''];
  const { interval } = difference;
  return [nats(difference.difference), interval === undefined ? 'not known' : interval.map(nats).join(' … ')];
}

/** The best evaluation, the mean over the seeds of each one's. */
function bestOf({ runs }: ComparedGroup): string {
  const values = runs.flatMap(({ best }) => best?.value ?? []);
  return values.length === 0 ? '–' : nats(values.reduce((sum, value) => sum + value, 0) / values.length);
}

/** Large counts as people say them: 1.2e+7 above a million. */
function countText(count: number): string {
  return count === 0 ? '–' : count < 1e6 ? String(count) : count.toExponential(1);
}

const overTexts = {
  'seeds, paired': 'over the seeds, each paired with the same seed of the baseline (Student’s t): what other seeds would give on these examples',
  seeds: 'over the seeds (Welch’s t; the groups have other seeds): what other seeds would give on these examples',
  'examples, paired': 'over the examples, paired: what these runs would give on other examples; of other seeds a single run says nothing',
} as const;

/** What the intervals are over, a sentence for each kind. */
export function describeIntervals({ groups }: Comparison): string[] {
  const overs = [...new Set(groups.flatMap(({ difference }) => difference?.over ?? []))];
  return overs.map((over) => {
    const which = overs.length === 1 ? '' : ` of ${groups.filter(({ difference }) => difference?.over === over).map(({ name }) => printable(name)).join(', ')}`;
    return `95 % intervals${which} are ${overTexts[over]}.`;
  });
}

/** The comparison as a table with its explanations. */
export function describeComparison(comparison: Comparison): string {
  const { examples, split, quantity, groups, baseline } = comparison;
  const columns = diagnosticColumns.filter(([path]) => groups.some(({ diagnostics }) => diagnostics[path] !== undefined));
  const why = split === 'test' ? '' : split === 'validation' ? ' (there is no test split)' : ' (there is no test and no validation split)';
  const rows = groups.map((group) => [
    printable(group.name),
    group.runs.map(({ seed }) => printable(seed, 20)).join(' '),
    valueOf(group),
    ...differenceOf(group),
    bestOf(group),
    String(group.updates),
    countText(group.gibbsSteps),
    ...columns.map(([path]) => group.diagnostics[path]?.at(-1)?.mean.toPrecision(3) ?? '–'),
  ]);
  const header = ['group', 'seeds', 'mean ± deviation over seeds', 'difference', '95 % interval', 'best', 'updates', 'Gibbs steps', ...columns.map(([, title]) => title)];
  const lines = [`${quantity} of ${examples} ${split === 'train' ? 'training' : split} examples${why}, nats per example, ${sourceOf(comparison)}`, table([header, ...rows])];
  lines.push(`difference: minus ${printable(baseline)}`, ...describeIntervals(comparison));
  if (groups.some(({ runs }) => runs.some(({ best }) => best !== undefined))) lines.push('best: the largest value among the evaluations during training, the mean over seeds');
  if (columns.length > 0) lines.push(`${columns.map(([, title]) => title).join(', ')}: as last measured, the mean over seeds`);
  for (const { runs } of groups) {
    for (const { path, logPartitionFunction } of runs) {
      if (logPartitionFunction?.verdict.status === 'not to be trusted') lines.push(`${printable(path)}: ${describeEstimate(logPartitionFunction)}`);
    }
  }
  for (const { name, runs } of groups) {
    const warned = runs.flatMap(({ seed, warnings }) => warnings.slice(0, 1).map(({ update }) => `seed ${printable(seed, 20)} at update ${update}`));
    const [first] = runs.flatMap(({ warnings }) => warnings);
    if (first !== undefined) lines.push(`warned while training ${printable(name)} (${warned.join(', ')}): ${printable(first.message, 300)}`);
  }
  return lines.join('\n');
}
