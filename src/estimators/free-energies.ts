/**
 * Free energies of a whole dataset, in chunks that give way between them. log p(v) = −F(v) − log Z.
 */

import { unpackBinaryMatrix, type BinaryMatrix, type Kernels, type ModelParameters } from '../kernels/index.js';
import type { Cooperation } from './cooperation.js';

/** Rows unpacked at a time. */
const chunkRows = 100;

/**
 * Calls `visit` with successive chunks of rows, unpacked to one byte per unit.
 *
 * @param visit receives rows × n bytes, the first row's number and the number of rows
 */
export async function forEachChunk(
  examples: BinaryMatrix,
  cooperation: Cooperation,
  visit: (states: Uint8Array, firstRow: number, rows: number) => void,
): Promise<void> {
  const states = new Uint8Array(chunkRows * examples.columns);
  for (let first = 0; first < examples.rows; first += chunkRows) {
    const rows = Math.min(chunkRows, examples.rows - first);
    const indices = Uint32Array.from({ length: rows }, (_, index) => first + index);
    unpackBinaryMatrix(examples, states, indices);
    visit(states, first, rows);
    cooperation.progress?.((first + rows) / examples.rows);
    await cooperation.pause?.();
  }
}

/**
 * F(v) of every row, in nats.
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function freeEnergiesOf(
  kernels: Kernels,
  parameters: ModelParameters,
  examples: BinaryMatrix,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const energies = new Float64Array(examples.rows);
  await forEachChunk(examples, cooperation, (states, first, rows) => {
    kernels.freeEnergies(parameters, states, rows, energies.subarray(first, first + rows));
  });
  return energies;
}
