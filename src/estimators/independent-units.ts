/**
 * The yardstick below which no model should fall: the likelihood of units that know nothing of each other.
 */

import { canonicalSum, log, type BinaryMatrix } from '../kernels/index.js';
import { countActive } from '../model/initial-parameters.js';

/**
 * Mean log-likelihood of the examples, in nats per example, under independent units with the examples' own means:
 * Σ_i (q_i log q_i + (1 − q_i) log(1 − q_i)).
 */
export function independentUnitsLogLikelihood(examples: BinaryMatrix): number {
  const terms = countActive(examples).map((count) => {
    const mean = count / examples.rows;
    return mean === 0 || mean === 1 ? 0 : mean * log(mean) + (1 - mean) * log(1 - mean);
  });
  return canonicalSum(terms);
}
