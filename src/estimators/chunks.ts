/**
 * Walking through a dataset in chunks of rows, giving way between them.
 */

import { unpackBinaryMatrix, type BinaryMatrix } from '../kernels/index.js';
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
  visit: (states: Uint8Array, firstRow: number, rows: number) => void | Promise<void>,
): Promise<void> {
  const states = new Uint8Array(chunkRows * examples.columns);
  for (let first = 0; first < examples.rows; first += chunkRows) {
    const rows = Math.min(chunkRows, examples.rows - first);
    const indices = Uint32Array.from({ length: rows }, (_, index) => first + index);
    unpackBinaryMatrix(examples, states, indices);
    await visit(states, first, rows);
    cooperation.progress?.((first + rows) / examples.rows);
    await cooperation.pause?.();
  }
}
