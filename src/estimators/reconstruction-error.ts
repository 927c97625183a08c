/**
 * Reconstruction error: how far E[v | E[h | v]] is from v. Cheap, and no likelihood: it can fall while the model worsens.
 */

import { canonicalSum, readVisibleRow, type Kernels, type Model, type VisibleStates } from '../kernels/index.js';
import { chunkRows, forEachChunk } from './chunks.js';
import type { Cooperation } from '../model/cooperation.js';

/**
 * Σ_i (v_i − E[v_i | h = E[h | v]])² of every row, by mean-field (no sampling).
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function reconstructionErrors(
  kernels: Kernels,
  model: Model,
  examples: VisibleStates,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const errors = new Float64Array(examples.rows);
  const hidden = kernels.createMatrix(chunkRows, m);
  const visible = kernels.createMatrix(chunkRows, n);
  const squares = new Float64Array(n);
  const states = new Float64Array(n);
  await forEachChunk(examples, cooperation, async (chunk, first) => {
    const { rows } = chunk;
    kernels.hiddenMeans(model, [{ visible: chunk, rows, means: hidden }]);
    kernels.visibleInputsFromMeans(model, hidden, rows, visible);
    kernels.visibleMeans(model, visible, rows);
    await kernels.finish();
    for (let row = 0; row < rows; row++) {
      visible.readRows(row, squares);
      readVisibleRow(chunk, row, states);
      for (let i = 0; i < n; i++) {
        const difference = states[i] - squares[i];
        squares[i] = difference * difference;
      }
      errors[first + row] = canonicalSum(squares);
    }
  });
  kernels.release(hidden, visible);
  return errors;
}
