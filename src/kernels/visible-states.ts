/**
 * Copies of visible states, whatever they are.
 */

import { copyRows, isBinaryMatrix, rowsOf } from './binary-matrix.js';
import type { VisibleStates } from './kernels.js';

/**
 * Copies the rows named by `rowIndices`, in that order, to the first rows of `target`.
 *
 * @param target of the same kind and columns
 */
export function copyVisibleRows(states: VisibleStates, rowIndices: ArrayLike<number>, target: VisibleStates): void {
  if (isBinaryMatrix(states) && isBinaryMatrix(target)) {
    copyRows(states, rowIndices, target);
    return;
  }
  if (isBinaryMatrix(states) || isBinaryMatrix(target)) throw new RangeError('binary states cannot be copied to real ones, nor the other way');
  const values = new Float64Array(states.columns);
  for (let index = 0; index < rowIndices.length; index++) {
    states.readRows(rowIndices[index], values);
    target.writeRows(index, values);
  }
}

/** `count` rows from `firstRow` on, in the same memory. */
export function visibleRowsOf(states: VisibleStates, firstRow: number, count: number): VisibleStates {
  return isBinaryMatrix(states) ? rowsOf(states, firstRow, count) : states.rowsOf(firstRow, count);
}
