/**
 * Reconstruction error: how far E[v | E[h | v]] is from v. Cheap, and no likelihood: it can fall while the model worsens.
 */

import { canonicalSum, type BinaryMatrix, type Kernels, type ModelParameters } from '../kernels/index.js';
import { hiddenMeansGivenVisible } from '../sampling/gibbs.js';
import { forEachChunk } from './chunks.js';
import type { Cooperation } from './cooperation.js';


/**
 * Σ_i (v_i − E[v_i | h = E[h | v]])² of every row, by mean-field (no sampling).
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function reconstructionErrors(
  kernels: Kernels,
  parameters: ModelParameters,
  examples: BinaryMatrix,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const errors = new Float64Array(examples.rows);
  let hidden = new Float64Array(0);
  let visible = new Float64Array(0);
  await forEachChunk(examples, cooperation, (states, first, rows) => {
    if (hidden.length < rows * m) {
      hidden = new Float64Array(rows * m);
      visible = new Float64Array(rows * n);
    }
    hiddenMeansGivenVisible(kernels, parameters, states, rows, hidden);
    kernels.visibleInputsFromMeans(parameters, hidden, rows, visible);
    kernels.bernoulliMeans(visible, rows * n, visible);
    for (let row = 0; row < rows; row++) {
      for (let i = row * n; i < (row + 1) * n; i++) visible[i] = (states[i] - visible[i]) * (states[i] - visible[i]);
      errors[first + row] = canonicalSum(visible, n, row * n);
    }
  });
  return errors;
}
