/**
 * Histograms: how many of some values lie in each of a number of equal stretches, whose ends are round numbers.
 */

import type { Series } from './charts.js';
import { figure } from './numbers.js';
import type { Table } from './section.js';

const { ceil, floor, max, min, round, sqrt } = Math;

/** Values under a name, such as those of a split. */
export interface NamedValues {
  readonly name: string;
  readonly values: Float64Array;
  /** See {@link Series}. */
  readonly style?: number;
}

/** Shares of several sets of values in the same bins. */
export interface Histogram {
  /** Ends of the bins, ascending: one more than there are bins. */
  readonly edges: readonly number[];
  /** For every set, of every bin the share of the set's values in it. */
  readonly shares: readonly { readonly name: string; readonly style?: number; readonly shares: readonly number[] }[];
}

/** About so many bins, at least. */
const fewestBins = 16;

/** The largest of 1, 2 and 5 times a power of ten that is not above a positive number. */
function roundBelow(value: number): number {
  const [mantissa, exponent] = value.toExponential().split('e');
  const digit = Number(mantissa) >= 5 ? 5 : Number(mantissa) >= 2 ? 2 : 1;
  return Number(`${digit}e${exponent}`);
}

/** Ends of bins that hold all of these numbers. */
function edgesOf(least: number, largest: number): number[] {
  // Where all values are the same (but for rounding), one bin around them.
  const size = max(largest, -least);
  const step = largest - least > size * 1e-9 ? roundBelow((largest - least) / fewestBins) : 2 * (roundBelow(size === 0 ? 1 : size) / 2);
  const first = floor(least / step);
  const last = max(first + 1, ceil(largest / step));
  // Multiples by a whole number of steps in one, so that 3 × 0.1 is 0.3.
  const perUnit = round(1 / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (step < 1 && perUnit * step === 1 ? (first + index) / perUnit : (first + index) * step));
}

/**
 * The histogram of several sets of values over the same bins; a bin holds its lower end, the last one both.
 *
 * @param range where given, the ends of the bins' range instead of the least and the largest value
 * @returns undefined where there are no values
 */
export function histogramOf(sets: readonly NamedValues[], range?: readonly [number, number]): Histogram | undefined {
  const known = sets.map(({ values, ...set }) => ({ ...set, values: values.filter((value) => Number.isFinite(value)) })).filter(({ values }) => values.length > 0);
  if (known.length === 0) return undefined;
  let [least, largest] = range ?? [Infinity, -Infinity];
  for (const { values } of range === undefined ? known : []) {
    for (const value of values) {
      least = min(least, value);
      largest = max(largest, value);
    }
  }
  const edges = edgesOf(least, largest);
  const bins = edges.length - 1;
  const shares = known.map(({ values, ...set }) => {
    const counts = new Float64Array(bins);
    for (const value of values) {
      // By search, so that a value counts where the edges say, whatever a division would round to.
      let [low, high] = [0, bins - 1];
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (edges[middle] <= value) low = middle;
        else high = middle - 1;
      }
      counts[low] += 1;
    }
    return { ...set, shares: Array.from(counts, (count) => count / values.length) };
  });
  return { edges, shares };
}

/** The outlines of a histogram as series of a chart of lines, filled down to 0. */
export function outlines({ edges, shares }: Histogram): Series[] {
  return shares.map(({ shares: heights, ...series }) => ({
    ...series,
    points: heights.flatMap((y, bin) => [edges[bin], edges[bin + 1]].map((x) => ({ x, y, low: 0, high: y }))),
  }));
}

/** A histogram's numbers. */
export function histogramTable(caption: string, { edges, shares }: Histogram): Table {
  return {
    caption,
    columns: ['from', 'to', ...shares.map(({ name }) => name)],
    rows: edges.slice(1).map((end, bin) => [figure(edges[bin]), figure(end), ...shares.map(({ shares: heights }) => `${figure(100 * heights[bin], 3)} %`)]),
  };
}

/** Values in a sentence: how many, where they lie. */
export function describeValues({ name, values }: NamedValues): string {
  const known = values.filter((value) => Number.isFinite(value)).toSorted();
  const { length } = known;
  if (length === 0) return `${name}: none`;
  let [sum, squares] = [0, 0];
  for (const value of known) sum += value;
  const mean = sum / length;
  for (const value of known) squares += (value - mean) * (value - mean);
  const short = (value: number): string => figure(value, 3);
  return `${name}: ${length === 1 ? '1 value' : `${figure(length)} values`} from ${short(known[0])} to ${short(known[length - 1])}, mean ${short(mean)}, standard deviation ${short(sqrt(squares / length))}, median ${short(known[(length - 1) >> 1])}`;
}
