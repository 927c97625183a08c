/**
 * Copies of visible states, whatever they are.
 */

import { copyRows, getUnit, isBinaryMatrix, rowsOf, selectRows, unpackBinaryMatrix } from './binary-matrix.js';
import type { VisibleStates } from './kernels.js';
import { createMatrix } from './reference/memory.js';

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

/** The rows named by `rowIndices`, in that order, as new states outside the kernels' memory. */
export function selectVisibleRows(states: VisibleStates, rowIndices: ArrayLike<number>): VisibleStates {
  if (isBinaryMatrix(states)) return selectRows(states, rowIndices);
  const selected = createMatrix(rowIndices.length, states.columns);
  copyVisibleRows(states, rowIndices, selected);
  return selected;
}

/** Bytes that the states take. */
export function stateBytes(states: VisibleStates): number {
  return isBinaryMatrix(states) ? states.words.byteLength : 8 * states.rows * states.columns;
}

/** The states as ordinary numbers, row-major: bytes of {0,1}, or float64. */
export function statesAsNumbers(states: VisibleStates): Uint8Array | Float64Array {
  const { rows, columns } = states;
  if (isBinaryMatrix(states)) {
    const bytes = new Uint8Array(rows * columns);
    unpackBinaryMatrix(states, bytes);
    return bytes;
  }
  const values = new Float64Array(rows * columns);
  states.readRows(0, values);
  return values;
}

/** Copies the first rows of `states` to `target`: as many as it has. */
export function copyVisibleStates(states: VisibleStates, target: VisibleStates): void {
  copyVisibleRows(states, Uint32Array.from({ length: target.rows }, (_, row) => row), target);
}

/** Exchanges two rows. */
export function swapVisibleRows(states: VisibleStates, first: number, second: number): void {
  if (isBinaryMatrix(states)) {
    const { words, wordsPerRow } = states;
    for (let word = 0; word < wordsPerRow; word++) {
      const kept = words[first * wordsPerRow + word];
      words[first * wordsPerRow + word] = words[second * wordsPerRow + word];
      words[second * wordsPerRow + word] = kept;
    }
    return;
  }
  const [one, other] = [new Float64Array(states.columns), new Float64Array(states.columns)];
  states.readRows(first, one);
  states.readRows(second, other);
  states.writeRows(first, other);
  states.writeRows(second, one);
}

/** The states of a row as numbers, into `values` (n). */
export function readVisibleRow(states: VisibleStates, row: number, values: Float64Array): void {
  if (!isBinaryMatrix(states)) states.readRows(row, values);
  else for (let unit = 0; unit < values.length; unit++) values[unit] = getUnit(states, row, unit);
}
