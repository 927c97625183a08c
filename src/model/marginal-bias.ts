/**
 * Visible biases of a model without weights that has the marginals of the data.
 */

import { canonicalSum, isBinaryMatrix, log, type BinaryMatrix, type VisibleLayer, type VisibleStates } from '../kernels/index.js';

/** How often each unit is on, n counts. */
export function countActive(examples: BinaryMatrix): Float64Array {
  const { rows, columns, words, wordsPerRow } = examples;
  const counts = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const start = row * wordsPerRow;
    for (let column = 0; column < columns; column++) {
      counts[column] += (words[start + (column >>> 5)] >>> (column & 31)) & 1;
    }
  }
  return counts;
}

/** In how many rows every unit is known, n counts. */
function countKnown({ rows, columns }: VisibleStates, missing: BinaryMatrix | undefined): Float64Array {
  return missing === undefined ? new Float64Array(columns).fill(rows) : countActive(missing).map((count) => rows - count);
}

/**
 * log(mean / (1 − mean)) of every column, n values.
 *
 * @param smoothing pseudo-count added to both values of every unit
 * @param clip the mean is clipped to [clip, 1 − clip] after that
 * @param missing 1 where a value is not known; its state is 0
 */
export function logOdds(examples: BinaryMatrix, smoothing: number, clip = 0, missing?: BinaryMatrix): Float64Array {
  const known = countKnown(examples, missing);
  return countActive(examples).map((count, unit) => {
    const mean = (count + smoothing) / (known[unit] + 2 * smoothing);
    const clipped = mean < clip ? clip : mean > 1 - clip ? 1 - clip : mean;
    return log(clipped) - log(1 - clipped);
  });
}

/** log((count + smoothing) / (rows + units·smoothing)) of every unit of each group. */
function logShares(examples: BinaryMatrix, groups: Uint32Array, smoothing: number, missing: BinaryMatrix | undefined): Float64Array {
  const counts = countActive(examples);
  const known = countKnown(examples, missing);
  const shares = new Float64Array(counts.length);
  for (let group = 0; group + 1 < groups.length; group++) {
    const [first, end] = [groups[group], groups[group + 1]];
    for (let unit = first; unit < end; unit++) {
      shares[unit] = log((counts[unit] + smoothing) / (known[unit] + (end - first) * smoothing));
    }
  }
  return shares;
}

/**
 * Means of every column over the rows where it is known, n; canonical sums.
 *
 * @param missing 1 where a value is not known; its state is 0
 */
export function columnMeans(examples: VisibleStates, missing?: BinaryMatrix): Float64Array {
  const { rows, columns } = examples;
  const known = countKnown(examples, missing);
  if (isBinaryMatrix(examples)) return countActive(examples).map((count, unit) => count / known[unit]);
  const all = new Float64Array(rows * columns);
  examples.readRows(0, all);
  const column = new Float64Array(rows);
  return Float64Array.from({ length: columns }, (_, i) => {
    for (let row = 0; row < rows; row++) column[row] = all[row * columns + i];
    return canonicalSum(column) / known[i];
  });
}

/**
 * The visible biases, n: log-odds of binary units, log-shares of categorical ones, means of Gaussian ones.
 *
 * @param smoothing pseudo-count added to every value of a unit or group
 * @param clip means of binary units are clipped to [clip, 1 − clip] after that
 * @param missing 1 where a value is not known; its state is 0
 */
export function marginalBias(examples: VisibleStates, layer: VisibleLayer, smoothing: number, clip = 0, missing?: BinaryMatrix): Float64Array {
  if (!isBinaryMatrix(examples)) return columnMeans(examples, missing);
  if (layer.kind === 'categorical') return logShares(examples, layer.groups, smoothing, missing);
  return logOdds(examples, smoothing, clip, missing);
}
