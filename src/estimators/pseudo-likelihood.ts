/**
 * Pseudo-likelihood: Σ_i log p(v_i | the other units), which needs no partition function.
 *
 * J. Besag, "Statistical analysis of non-lattice data", The Statistician 24 (1975). It is no bound of the likelihood; it
 * ranks models, and it is exact for the conditionals.
 */

import {
  binaryExponent,
  canonicalSum,
  exp,
  getUnit,
  ln2,
  log,
  powerOfTwo,
  sigmoid,
  softplus,
  type BinaryMatrix,
  type Kernels,
  type Model,
} from '../kernels/index.js';
import { chunkRows, forEachChunk } from './chunks.js';
import type { Cooperation } from '../model/cooperation.js';

const { abs } = Math;

/** Weights up to this size: eight factors e^±80 stay within the range of float64. */
const largestWeight = 80;

/** Factors multiplied before their product is brought back to [1, 2). */
const groupSize = 8;

/**
 * log Π_j (off_j + on_j·change_j): how much the hidden units' part of log p̃ gains when a visible unit flips.
 * A sum of positive terms in every factor, so nothing cancels; one logarithm in all.
 *
 * @param off 1 − E[h_j | v], m values from `start`
 * @param on E[h_j | v], m values from `start`
 * @param change exp(±W_ij), m
 */
function logHiddenGain(off: Float64Array, on: Float64Array, start: number, change: Float64Array): number {
  const m = change.length;
  let product = 1;
  let exponent = 0;
  for (let j = 0; j < m; ) {
    const end = j + groupSize < m ? j + groupSize : m;
    for (; j < end; j++) product *= off[start + j] + on[start + j] * change[j];
    const shift = binaryExponent(product);
    product *= powerOfTwo(-shift);
    exponent += shift;
  }
  return exponent * ln2 + log(product);
}

/** The same for weights of any size, by differences of softplus. */
function logHiddenGainOfLargeWeights(inputs: Float64Array, start: number, weights: Float64Array, sign: number): number {
  const m = weights.length;
  const terms = new Float64Array(m);
  for (let j = 0; j < m; j++) terms[j] = softplus(inputs[start + j] + sign * weights[j]) - softplus(inputs[start + j]);
  return canonicalSum(terms);
}

/**
 * Log pseudo-likelihoods of every row, in nats: Σ_i −softplus(log p̃(v with unit i flipped) − log p̃(v)).
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function logPseudoLikelihoods(
  kernels: Kernels,
  model: Model,
  examples: BinaryMatrix,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias } = model;
  const results = new Float64Array(examples.rows);
  const hiddenInputs = kernels.createMatrix(chunkRows, m);
  const unitWeights = new Float64Array(m);
  const turnedOn = new Float64Array(m);
  const turnedOff = new Float64Array(m);
  await forEachChunk(examples, cooperation, async (chunk, first) => {
    const { rows } = chunk;
    const inputs = new Float64Array(rows * m);
    kernels.hiddenInputs(model, chunk, rows, hiddenInputs);
    await kernels.finish();
    hiddenInputs.readRows(0, inputs);
    const on = inputs.map(sigmoid);
    const off = inputs.map((input) => sigmoid(-input));
    const logs = new Float64Array(rows * n);
    for (let i = 0; i < n; i++) {
      weights.readRows(i, unitWeights);
      const areSmall = unitWeights.every((weight) => abs(weight) <= largestWeight);
      if (areSmall) {
        for (let j = 0; j < m; j++) {
          turnedOn[j] = exp(unitWeights[j]);
          turnedOff[j] = exp(-unitWeights[j]);
        }
      }
      for (let row = 0; row < rows; row++) {
        const sign = getUnit(chunk, row, i) === 0 ? 1 : -1;
        const hiddenGain = areSmall
          ? logHiddenGain(off, on, row * m, sign === 1 ? turnedOn : turnedOff)
          : logHiddenGainOfLargeWeights(inputs, row * m, unitWeights, sign);
        logs[row * n + i] = -softplus(sign * visibleBias[i] + hiddenGain);
      }
      await cooperation.pause?.();
    }
    for (let row = 0; row < rows; row++) results[first + row] = canonicalSum(logs, n, row * n);
  });
  kernels.release(hiddenInputs);
  return results;
}
