/**
 * The base-rate model that annealing starts from: independent visible units, no weights, hidden biases 0.
 */

import { canonicalSum, ln2, softplus, type BinaryMatrix } from '../kernels/index.js';
import { logOdds } from './initial-parameters.js';

/** Where a base rate comes from. */
export const baseRates = ['data', 'uniform'] as const;

/** See {@link baseRates}. */
export type BaseRate = (typeof baseRates)[number];

/**
 * Visible bias of the base-rate model, n.
 *
 * @param examples training examples: `data` gives the log-odds of their means with one pseudo-count (Salakhutdinov & Murray
 *   2008, section 4.1), `uniform` zeros
 */
export function baseVisibleBias(rate: BaseRate, examples: BinaryMatrix): Float64Array {
  return rate === 'data' ? logOdds(examples, 1) : new Float64Array(examples.columns);
}

/** log Z of the base-rate model with `hiddenUnits` hidden units, in nats: m·log 2 + Σ_i softplus(base_i). */
export function baseLogPartitionFunction(visibleBias: Float64Array, hiddenUnits: number): number {
  return hiddenUnits * ln2 + canonicalSum(visibleBias.map((bias) => softplus(bias)));
}
