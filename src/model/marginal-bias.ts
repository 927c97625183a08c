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

/**
 * log(mean / (1 − mean)) of every column, n values.
 *
 * @param smoothing pseudo-count added to both values of every unit
 * @param clip the mean is clipped to [clip, 1 − clip] after that
 */
export function logOdds(examples: BinaryMatrix, smoothing: number, clip = 0): Float64Array {
  const counts = countActive(examples);
  return counts.map((count) => {
    const mean = (count + smoothing) / (examples.rows + 2 * smoothing);
    const clipped = mean < clip ? clip : mean > 1 - clip ? 1 - clip : mean;
    return log(clipped) - log(1 - clipped);
  });
}

/** log((count + smoothing) / (rows + units·smoothing)) of every unit of each group. */
function logShares(examples: BinaryMatrix, groups: Uint32Array, smoothing: number): Float64Array {
  const counts = countActive(examples);
  const shares = new Float64Array(counts.length);
  for (let group = 0; group + 1 < groups.length; group++) {
    const [first, end] = [groups[group], groups[group + 1]];
    for (let unit = first; unit < end; unit++) {
      shares[unit] = log((counts[unit] + smoothing) / (examples.rows + (end - first) * smoothing));
    }
  }
  return shares;
}

/** Means of every column, n; canonical sums over the rows. */
export function columnMeans(examples: VisibleStates): Float64Array {
  const { rows, columns } = examples;
  if (isBinaryMatrix(examples)) return countActive(examples).map((count) => count / rows);
  const all = new Float64Array(rows * columns);
  examples.readRows(0, all);
  const column = new Float64Array(rows);
  return Float64Array.from({ length: columns }, (_, i) => {
    for (let row = 0; row < rows; row++) column[row] = all[row * columns + i];
    return canonicalSum(column) / rows;
  });
}

/**
 * The visible biases, n: log-odds of binary units, log-shares of categorical ones, means of Gaussian ones.
 *
 * @param smoothing pseudo-count added to every value of a unit or group
 * @param clip means of binary units are clipped to [clip, 1 − clip] after that
 */
export function marginalBias(examples: VisibleStates, layer: VisibleLayer, smoothing: number, clip = 0): Float64Array {
  if (!isBinaryMatrix(examples)) return columnMeans(examples);
  if (layer.kind === 'categorical') return logShares(examples, layer.groups, smoothing);
  return logOdds(examples, smoothing, clip);
}
