/**
 * The yardstick below which no model should fall: the likelihood of units that know nothing of each other.
 */

import { canonicalSum, exp, halfLogTwoPi, isBinaryMatrix, log, type Matrix, type VisibleLayer, type VisibleStates } from '../kernels/index.js';
import { columnMeans } from '../model/marginal-bias.js';

/** Variances of every column, n: means of (v − mean)², added row by row. */
function columnVariances(examples: Matrix, means: Float64Array): Float64Array {
  const { rows, columns } = examples;
  const sums = new Float64Array(columns);
  const row = new Float64Array(columns);
  for (let index = 0; index < rows; index++) {
    examples.readRows(index, row);
    row.forEach((value, unit) => {
      sums[unit] += (value - means[unit]) * (value - means[unit]);
    });
  }
  return sums.map((sum) => sum / rows);
}

/**
 * Mean log-likelihood of the examples, in nats per example, under independent units with the examples' own means: of binary
 * units Σ_i (q_i log q_i + (1 − q_i) log(1 − q_i)), of categorical ones Σ_i q_i log q_i, of Gaussian ones
 * −½ Σ_i (log 2π + z_i + s_i/exp(z_i)), where s_i is the variance of the examples and z_i the log variance of the unit. A
 * learned variance is that of the examples.
 *
 * @param examples in declared units, as the data have them
 * @param logVariances of Gaussian units: z, n; all 0 where left out
 */
export function independentUnitsLogLikelihood(examples: VisibleStates, layer: VisibleLayer, logVariances?: Float64Array | 'learned'): number {
  const means = columnMeans(examples);
  if (!isBinaryMatrix(examples)) {
    const variances = columnVariances(examples, means);
    const terms = variances.map((variance, unit) => {
      // Units that are the same in all examples have no density; those of their own variance have one.
      const z = logVariances === 'learned' ? (variance > 0 ? log(variance) : 0) : (logVariances?.[unit] ?? 0);
      return -halfLogTwoPi - 0.5 * (z + variance * exp(-z));
    });
    return canonicalSum(terms);
  }
  const withLog = (share: number): number => (share === 0 ? 0 : share * log(share));
  const isCategorical = layer.kind === 'categorical';
  return canonicalSum(means.map((mean) => (isCategorical ? withLog(mean) : mean === 0 || mean === 1 ? 0 : withLog(mean) + withLog(1 - mean))));
}
