/**
 * The base-rate model that annealing starts from: independent visible units, no weights, hidden biases 0.
 */

import { layerCumulant, ln2, type VisibleLayer, type VisibleStates } from '../kernels/index.js';
import { marginalBias } from './marginal-bias.js';

/** Where a base rate comes from. */
export const baseRates = ['data', 'uniform'] as const;

/** See {@link baseRates}. */
export type BaseRate = (typeof baseRates)[number];

/**
 * Visible bias of the base-rate model, n.
 *
 * @param examples training examples: `data` gives the biases of their marginals with one pseudo-count (Salakhutdinov &
 *   Murray 2008, section 4.1), `uniform` zeros
 * @param layer what the units are
 */
export function baseVisibleBias(rate: BaseRate, examples: VisibleStates, layer: VisibleLayer): Float64Array {
  return rate === 'data' ? marginalBias(examples, layer, 1) : new Float64Array(examples.columns);
}

/** log Z of the base-rate model in the shape of `model`, in nats: m·log 2 + the cumulant of its visible units. */
export function baseLogPartitionFunction(
  visibleBias: Float64Array,
  { hiddenUnits, visibleLayer }: { readonly hiddenUnits: number; readonly visibleLayer: VisibleLayer },
): number {
  return hiddenUnits * ln2 + layerCumulant(visibleLayer, visibleBias, visibleBias);
}
