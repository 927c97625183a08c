/**
 * Expectations under the model by enumeration: E[v], E[h], E[v hᵀ], of Gaussian units also E[v²]. The exact negative phase, and the oracle of all others.
 */

import type { Kernels, ModelMoments, ModelParameters } from '../kernels/index.js';
import { enumeratedLayer, enumerationCost, enumerationView } from './enumeration-view.js';

/**
 * The model's expectations: E[v] (n), E[h] (m), E[v hᵀ] (n × m), of Gaussian visible units also E[v²] (n).
 *
 * @param logPartitionFunction log Z of these parameters, in nats
 */
export async function exactMoments(
  kernels: Kernels,
  parameters: ModelParameters,
  logPartitionFunction: number,
): Promise<ModelMoments> {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const visible = new Float64Array(n);
  const hidden = new Float64Array(m);
  const products = new Float64Array(n * m);
  const view = enumerationView(parameters);
  const { states } = enumerationCost(parameters);
  if (enumeratedLayer(parameters) === 'visible') {
    kernels.enumerationMoments(view, logPartitionFunction, 0, states, { outer: visible, inner: hidden, products });
    await kernels.finish();
    return { visible, hidden, products };
  }
  const transposed = new Float64Array(n * m);
  const visibleSquares = parameters.visibleLayer?.kind === 'gaussian' ? new Float64Array(n) : undefined;
  const moments = { outer: hidden, inner: visible, products: transposed, innerSquares: visibleSquares };
  kernels.enumerationMoments(view, logPartitionFunction, 0, states, moments);
  await kernels.finish();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) products[i * m + j] = transposed[j * n + i];
  }
  return { visible, hidden, products, ...(visibleSquares !== undefined && { visibleSquares }) };
}
