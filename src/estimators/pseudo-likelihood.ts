/**
 * Pseudo-likelihood: Σ_i log p(v_i | the other units), which needs no partition function.
 *
 * J. Besag, "Statistical analysis of non-lattice data", The Statistician 24 (1975). It is no bound of the likelihood; it
 * ranks models, and it is exact for the conditionals.
 */

import {
  canonicalSum,
  softplus,
  unpackBinaryMatrix,
  type BinaryMatrix,
  type Kernels,
  type ModelParameters,
} from '../kernels/index.js';
import type { Cooperation } from './cooperation.js';

/**
 * log pseudo-likelihood of one example, in nats: Σ_i −softplus(F(v) − F(v with unit i flipped)).
 *
 * @param states v, n bytes
 * @param inputs inputs of the hidden units, m
 * @param terms room for m values
 * @param logs room for n values
 */
function logPseudoLikelihood(
  parameters: ModelParameters,
  states: Uint8Array,
  inputs: Float64Array,
  terms: Float64Array,
  logs: Float64Array,
): number {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias } = parameters;
  for (let j = 0; j < m; j++) terms[j] = softplus(inputs[j]);
  const before = canonicalSum(terms, m);
  for (let i = 0; i < n; i++) {
    const change = states[i] === 0 ? 1 : -1;
    for (let j = 0; j < m; j++) terms[j] = softplus(inputs[j] + change * weights[i * m + j]);
    // log p̃(flipped) − log p̃(v)
    const gain = change * visibleBias[i] + (canonicalSum(terms, m) - before);
    logs[i] = -softplus(gain);
  }
  return canonicalSum(logs, n);
}

/**
 * Log pseudo-likelihoods of every row, in nats.
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function logPseudoLikelihoods(
  kernels: Kernels,
  parameters: ModelParameters,
  examples: BinaryMatrix,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const results = new Float64Array(examples.rows);
  const inputs = new Float64Array(m);
  const terms = new Float64Array(m);
  const logs = new Float64Array(n);
  const row = new Uint8Array(n);
  const indices = new Uint32Array(1);
  for (let index = 0; index < examples.rows; index++) {
    indices[0] = index;
    unpackBinaryMatrix(examples, row, indices);
    kernels.hiddenInputs(parameters, row, 1, inputs);
    results[index] = logPseudoLikelihood(parameters, row, inputs, terms, logs);
    await cooperation.pause?.();
  }
  return results;
}
