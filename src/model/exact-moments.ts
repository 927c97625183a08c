/**
 * Expectations under the model by enumeration: E[v], E[h], E[v hᵀ]. The exact negative phase, and the oracle of all others.
 */

import type { Kernels, ModelParameters, PhaseStatistics } from '../kernels/index.js';
import { enumeratedLayer, enumerationCost, enumerationView } from './enumeration-view.js';

/**
 * Sets `statistics` to the model's expectations, with count 1.
 *
 * @param logPartitionFunction log Z of these parameters, in nats
 * @param statistics visible n, hidden m, products n × m
 */
export function exactMoments(
  kernels: Kernels,
  parameters: ModelParameters,
  logPartitionFunction: number,
  statistics: PhaseStatistics,
): void {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const { visible, hidden, products } = statistics;
  const view = enumerationView(parameters);
  const { states } = enumerationCost(parameters);
  statistics.count = 1;
  visible.fill(0);
  hidden.fill(0);
  products.fill(0);
  if (enumeratedLayer(parameters) === 'visible') {
    kernels.enumerationMoments(view, logPartitionFunction, 0, states, { outer: visible, inner: hidden, products });
    return;
  }
  const transposed = new Float64Array(n * m);
  const moments = { outer: hidden, inner: visible, products: transposed };
  kernels.enumerationMoments(view, logPartitionFunction, 0, states, moments);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) products[i * m + j] = transposed[j * n + i];
  }
}
