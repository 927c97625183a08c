/**
 * Pseudo-likelihood: Σ_i log p(v_i | the other units), which needs no partition function.
 *
 * J. Besag, "Statistical analysis of non-lattice data", The Statistician 24 (1975). It is no bound of the likelihood; it
 * ranks models, and it is exact for the conditionals.
 */

import { canonicalSum, softplus, type BinaryMatrix, type Kernels, type Model } from '../kernels/index.js';
import { chunkRows, forEachChunk } from './chunks.js';
import type { Cooperation } from '../model/cooperation.js';

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
  const { visibleUnits: n, hiddenUnits: m } = model;
  const results = new Float64Array(examples.rows);
  const inputs = kernels.createMatrix(chunkRows, m);
  const ratios = kernels.createMatrix(chunkRows, n);
  await forEachChunk(examples, cooperation, async (chunk, first) => {
    const { rows } = chunk;
    kernels.hiddenInputs(model, chunk, rows, inputs);
    kernels.flipLogRatios(model, chunk, rows, inputs, ratios);
    await kernels.finish();
    const terms = new Float64Array(rows * n);
    ratios.readRows(0, terms);
    for (let index = 0; index < terms.length; index++) terms[index] = -softplus(terms[index]);
    for (let row = 0; row < rows; row++) results[first + row] = canonicalSum(terms, n, row * n);
  });
  kernels.release(inputs, ratios);
  return results;
}
