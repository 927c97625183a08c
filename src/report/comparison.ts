/**
 * Runs side by side: groups of runs that differ in their seed only, how much better each explains the same examples than the
 * baseline, and curves over the training. Numbers in, numbers out: files are read and pages made elsewhere.
 *
 * What an interval is over is said with it. With two or more runs in both groups it is over the seeds: what other seeds would
 * give, on these examples. With a single run in one of them nothing is known of other seeds, and it is over the examples,
 * paired: what these runs would give on other examples.
 */

import { canonicalSum } from '../kernels/index.js';
import { comparePaired, type LogPartitionFunctionWithError } from '../estimators/likelihood-interval.js';
import type { LogPartitionFunctionEstimate } from '../estimators/verdict.js';
import { meanWithError } from '../estimators/mean.js';
import { studentQuantile } from '../estimators/mean-weight.js';
import type { MeasuredEvent, WarningEvent } from './run-record.js';

const { floor, max, min, sqrt } = Math;

/** What examples are compared by, nats per example. */
export type Quantity = 'log-likelihood' | 'log pseudo-likelihood';

/** A run as it is compared. */
export interface ComparedRun {
  /** Name of its group: runs of one config that differ only in seed. */
  readonly group: string;
  readonly seed: string;
  /** Its directory, as the user would write it. */
  readonly path: string;
  /** Name of the training algorithm. */
  readonly algorithm: string;
  readonly updates: number;
  /** Gibbs steps of single chains in so many updates; 0 of algorithms without. */
  readonly gibbsSteps: (updates: number) => number;
  /** Evaluations and diagnostics, ascending in updates. */
  readonly events: readonly MeasuredEvent[];
  readonly warnings: readonly WarningEvent[];
  /** Of every example, in nats: its log-likelihood is −energy − log Z. Of pseudo-likelihoods, these with the opposite sign. */
  readonly energies: Float64Array;
  /** log Z; undefined of pseudo-likelihoods. */
  readonly logPartitionFunction?: LogPartitionFunctionEstimate;
}

/** A point of a curve: over the runs of a group. */
export interface CurvePoint {
  readonly update: number;
  /** Gibbs steps of single chains up to there. */
  readonly gibbsSteps: number;
  readonly mean: number;
  readonly lowest: number;
  readonly highest: number;
}

/** How much better a group explains the examples than the baseline. */
export interface GroupDifference {
  /** Mean over seeds (and examples) of the log-likelihood minus the baseline's, nats per example. */
  readonly difference: number;
  /** 95 % interval; absent where a log Z has none, or there is but one example. */
  readonly interval?: readonly [number, number];
  /**
   * What the interval is over: `seeds`, paired where both groups have the same; or `examples`, paired, where one group has a
   * single run.
   */
  readonly over: 'seeds, paired' | 'seeds' | 'examples, paired';
  /** Per seed, in the order of the seeds; of groups with the same seeds. */
  readonly bySeed?: Readonly<Record<string, number>>;
}

/** A group of runs. */
export interface ComparedGroup {
  readonly name: string;
  readonly algorithm: string;
  readonly updates: number;
  /** Gibbs steps of single chains, of one run. */
  readonly gibbsSteps: number;
  /** Runs, in the order of the seeds as given. */
  readonly runs: readonly {
    readonly seed: string;
    readonly path: string;
    /** Mean over the examples, nats per example. */
    readonly value: number;
    /** The best evaluation of the training, on the same examples; undefined where there was none. */
    readonly best?: { readonly value: number; readonly update: number };
    readonly logPartitionFunction?: LogPartitionFunctionEstimate;
    readonly warnings: readonly WarningEvent[];
  }[];
  /** Mean over the runs, nats per example. */
  readonly mean: number;
  /** Standard deviation over the runs; undefined of a single one. */
  readonly deviation?: number;
  /** Undefined of the baseline. */
  readonly difference?: GroupDifference;
  /** The quantity over the training, on the same examples; empty where it was not evaluated. */
  readonly curve: readonly CurvePoint[];
  /** Figures of diagnostics over the training, by their path, such as `gradientAccuracy.cosine`. */
  readonly diagnostics: Readonly<Record<string, readonly CurvePoint[]>>;
}

/** Runs side by side. */
export interface Comparison {
  /** Which examples: the split that all runs have the same of. */
  readonly split: string;
  readonly examples: number;
  readonly quantity: Quantity;
  readonly baseline: string;
  /** The baseline first, then as given. */
  readonly groups: readonly ComparedGroup[];
}

/** Mean of a run's examples, nats per example. */
function valueOf({ energies, logPartitionFunction }: ComparedRun): number {
  return -canonicalSum(energies) / energies.length - (logPartitionFunction?.logZ ?? 0);
}

/** No log Z, and so no error of one. */
const noLogZ = { logZ: 0, interval: [0, 0] } as const;

/** A run's examples, or the mean of several runs' on each example: errors of the runs' log Z are independent. */
function meanExamples(runs: readonly ComparedRun[]): { energies: Float64Array; estimate: LogPartitionFunctionWithError } {
  const energies = Float64Array.from(runs[0].energies, (_, row) => canonicalSum(Float64Array.from(runs, (run) => run.energies[row])) / runs.length);
  const estimates = runs.map(({ logPartitionFunction }) => logPartitionFunction ?? noLogZ);
  const logZ = estimates.reduce((sum, estimate) => sum + estimate.logZ, 0) / runs.length;
  const intervals = estimates.map(({ interval }) => interval);
  if (intervals.includes(undefined)) return { energies, estimate: { logZ } };
  const half = (end: 0 | 1): number =>
    sqrt(estimates.reduce((sum, { logZ: own, interval = [own, own] }) => sum + (interval[end] - own) * (interval[end] - own), 0)) / runs.length;
  return { energies, estimate: { logZ, interval: [logZ - half(0), logZ + half(1)] } };
}

/** Mean and 95 % interval of two or more values, by Student's distribution. */
export function studentInterval(values: Float64Array): { mean: number; interval: [number, number] } {
  const { mean, standardError = 0 } = meanWithError(values);
  const half = studentQuantile(values.length - 1) * standardError;
  return { mean, interval: [mean - half, mean + half] };
}

/**
 * Difference of two means of independent values, with its 95 % interval. B. L. Welch, "The generalization of 'Student's'
 * problem when several different population variances are involved", Biometrika 34 (1947).
 */
function welchInterval(own: Float64Array, other: Float64Array): { mean: number; interval: [number, number] } {
  const [a, b] = [meanWithError(own), meanWithError(other)];
  const [first, second] = [a, b].map(({ standardError = 0 }) => standardError * standardError);
  const mean = a.mean - b.mean;
  const variance = first + second;
  if (variance === 0) return { mean, interval: [mean, mean] };
  // Rounded down, as tables are read: the interval is no shorter for it.
  const degrees = floor((variance * variance) / ((first * first) / (own.length - 1) + (second * second) / (other.length - 1)));
  const half = studentQuantile(max(1, degrees)) * sqrt(variance);
  return { mean, interval: [mean - half, mean + half] };
}

/**
 * How much better one group explains the same examples than another.
 *
 * @param own runs of different seeds, at least one
 * @param baseline likewise
 */
export function compareGroups(own: readonly ComparedRun[], baseline: readonly ComparedRun[]): GroupDifference {
  if (own.length === 1 || baseline.length === 1) {
    const [first, second] = [meanExamples(own), meanExamples(baseline)];
    const { difference, interval } = comparePaired(first.energies, first.estimate, second.energies, second.estimate);
    return { difference, ...(interval !== undefined && { interval }), over: 'examples, paired' };
  }
  const partners = own.map(({ seed }) => baseline.find((run) => run.seed === seed));
  const arePaired = own.length === baseline.length && !partners.includes(undefined);
  const values = Float64Array.from(own, valueOf);
  if (!arePaired) {
    const { mean, interval } = welchInterval(values, Float64Array.from(baseline, valueOf));
    return { difference: mean, interval, over: 'seeds' };
  }
  const differences = values.map((value, index) => value - valueOf(partners[index] as ComparedRun));
  const { mean, interval } = studentInterval(differences);
  const bySeed = Object.fromEntries(own.map(({ seed }, index) => [seed, differences[index]]));
  return { difference: mean, interval, over: 'seeds, paired', bySeed };
}

/** Points of one run: what an event says, by update; the last one where an update has several. */
function pointsOf(run: Pick<ComparedRun, 'events'>, figure: (event: MeasuredEvent) => number | undefined): Map<number, number> {
  const points = new Map<number, number>();
  for (const event of run.events) {
    const value = figure(event);
    if (value !== undefined && Number.isFinite(value)) points.set(event.update, value);
  }
  return points;
}

/** What curves are made of. */
type CurveRun = Pick<ComparedRun, 'events' | 'gibbsSteps'>;

/** The curve of a group: at the updates at which all of its runs have the figure; at least one run. */
export function curveOf(runs: readonly CurveRun[], figure: (event: MeasuredEvent) => number | undefined): CurvePoint[] {
  const [first, ...others] = runs.map((run) => pointsOf(run, figure));
  const curve: CurvePoint[] = [];
  for (const [update, value] of first) {
    const values = [value, ...others.map((points) => points.get(update))];
    if (values.includes(undefined)) continue;
    const known = Float64Array.from(values as number[]);
    curve.push({ update, gibbsSteps: runs[0].gibbsSteps(update), mean: canonicalSum(known) / known.length, lowest: min(...known), highest: max(...known) });
  }
  return curve;
}

/** Every number among figures, by its path; lists are left out. */
function numbersIn(findings: object, path: string): [string, number][] {
  return Object.entries(findings).flatMap(([name, value]): [string, number][] => {
    const own = `${path}.${name}`;
    if (typeof value === 'number') return [[own, value]];
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? numbersIn(value as object, own) : [];
  });
}

/** Curves of all figures of diagnostics that the group's runs have in common. */
function diagnosticCurves(runs: readonly ComparedRun[]): Record<string, CurvePoint[]> {
  const numbers = new Map<MeasuredEvent, Map<string, number>>();
  for (const event of runs.flatMap(({ events }) => events)) {
    numbers.set(event, new Map(Object.entries(event.diagnostics ?? {}).flatMap(([diagnostic, findings]) => numbersIn(findings, diagnostic))));
  }
  const paths = new Set(runs[0].events.flatMap((event) => [...(numbers.get(event)?.keys() ?? [])]));
  const curves = Array.from(paths, (path) => [path, curveOf(runs, (event) => numbers.get(event)?.get(path))] as const);
  return Object.fromEntries(curves.filter(([, curve]) => curve.length > 0));
}

/** What an event says of the quantity, on the split. */
export function quantityIn(split: string, quantity: Quantity): (event: MeasuredEvent) => number | undefined {
  return ({ splits }) => (quantity === 'log-likelihood' ? splits?.[split]?.meanLogLikelihood : splits?.[split]?.meanLogPseudoLikelihood);
}

/** The largest point of a run's curve. */
function bestOf(points: ReadonlyMap<number, number>): { value: number; update: number } | undefined {
  let best: { value: number; update: number } | undefined;
  for (const [update, value] of points) if (best === undefined || value > best.value) best = { value, update };
  return best;
}

/**
 * Puts runs side by side.
 *
 * @param runs groups in the order in which they are to be shown; no group has a seed twice, all have the same examples
 * @param baseline name of one of the groups
 */
export function compareRuns(runs: readonly ComparedRun[], baseline: string, split: string, quantity: Quantity): Comparison {
  const groups = new Map<string, ComparedRun[]>();
  for (const run of runs) groups.set(run.group, [...(groups.get(run.group) ?? []), run]);
  const base = groups.get(baseline);
  if (base === undefined) throw new RangeError(`no group ${JSON.stringify(baseline)}`);
  const inEvent = quantityIn(split, quantity);
  const compared = Array.from(groups, ([name, own]): ComparedGroup => {
    const [first] = own;
    const { mean, standardError } = meanWithError(Float64Array.from(own, valueOf));
    return {
      name,
      algorithm: first.algorithm,
      updates: first.updates,
      gibbsSteps: first.gibbsSteps(first.updates),
      runs: own.map((run) => {
        const best = bestOf(pointsOf(run, inEvent));
        const { seed, path, logPartitionFunction, warnings } = run;
        return { seed, path, value: valueOf(run), ...(best !== undefined && { best }), ...(logPartitionFunction !== undefined && { logPartitionFunction }), warnings };
      }),
      mean,
      ...(standardError !== undefined && { deviation: standardError * sqrt(own.length) }),
      ...(own !== base && { difference: compareGroups(own, base) }),
      curve: curveOf(own, inEvent),
      diagnostics: diagnosticCurves(own),
    };
  });
  const isBaseline = ({ name }: ComparedGroup): boolean => name === baseline;
  return {
    split,
    examples: base[0].energies.length,
    quantity,
    baseline,
    groups: [...compared.filter(isBaseline), ...compared.filter((group) => !isBaseline(group))],
  };
}
