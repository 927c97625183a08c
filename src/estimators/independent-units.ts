/**
 * The yardstick below which no model should fall: the likelihood of units that know nothing of each other.
 */

import { canonicalSum, halfLogTwoPi, isBinaryMatrix, log, type VisibleLayer, type VisibleStates } from '../kernels/index.js';
import { columnMeans } from '../model/marginal-bias.js';

/**
 * Mean log-likelihood of the examples, in nats per example, under independent units with the examples' own means: of binary
 * units Σ_i (q_i log q_i + (1 − q_i) log(1 − q_i)), of categorical ones Σ_i q_i log q_i, of Gaussian ones (variance 1)
 * −Σ_i (½ log 2π + ½ variance_i).
 */
export function independentUnitsLogLikelihood(examples: VisibleStates, layer: VisibleLayer): number {
  const means = columnMeans(examples);
  if (!isBinaryMatrix(examples)) {
    const row = new Float64Array(examples.columns);
    const perRow = Float64Array.from({ length: examples.rows }, (_, index) => {
      examples.readRows(index, row);
      return canonicalSum(row.map((value, unit) => (value - means[unit]) * (value - means[unit])));
    });
    return -examples.columns * halfLogTwoPi - (0.5 * canonicalSum(perRow)) / examples.rows;
  }
  const withLog = (share: number): number => (share === 0 ? 0 : share * log(share));
  const isCategorical = layer.kind === 'categorical';
  return canonicalSum(means.map((mean) => (isCategorical ? withLog(mean) : mean === 0 || mean === 1 ? 0 : withLog(mean) + withLog(1 - mean))));
}
