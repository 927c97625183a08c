/**
 * Binary data, 32 units to a word: the form in which datasets are held, shuffled and hashed.
 *
 * Kernels take states in this form, too.
 */

/** A rows × columns matrix of {0,1}. Unit i of row r is bit `i & 31` of `words[r * wordsPerRow + (i >>> 5)]`. */
export interface BinaryMatrix {
  readonly rows: number;
  readonly columns: number;
  /** ⌈columns / 32⌉; the unused high bits of a row's last word are 0. */
  readonly wordsPerRow: number;
  readonly words: Uint32Array;
}

/** An all-zero matrix. */
export function createBinaryMatrix(rows: number, columns: number): BinaryMatrix {
  const wordsPerRow = Math.ceil(columns / 32);
  return { rows, columns, wordsPerRow, words: new Uint32Array(rows * wordsPerRow) };
}

/** Sets unit `column` of row `row` to 1. */
export function setUnit(matrix: BinaryMatrix, row: number, column: number): void {
  matrix.words[row * matrix.wordsPerRow + (column >>> 5)] |= 1 << (column & 31);
}

/** Unit `column` of row `row`: 0 or 1. */
export function getUnit(matrix: BinaryMatrix, row: number, column: number): number {
  return (matrix.words[row * matrix.wordsPerRow + (column >>> 5)] >>> (column & 31)) & 1;
}

/**
 * Packs bytes (rows × columns, row-major; any non-zero byte is 1).
 *
 * @param states rows × columns bytes
 */
export function packBinaryMatrix(states: Uint8Array, rows: number, columns: number): BinaryMatrix {
  const matrix = createBinaryMatrix(rows, columns);
  const { words, wordsPerRow } = matrix;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (states[row * columns + column] !== 0) words[row * wordsPerRow + (column >>> 5)] |= 1 << (column & 31);
    }
  }
  return matrix;
}

/**
 * Unpacks the rows named by `rowIndices` (all rows where it is left out) to one byte per unit.
 *
 * @param states receives rowIndices.length × columns bytes, row-major
 */
export function unpackBinaryMatrix(matrix: BinaryMatrix, states: Uint8Array, rowIndices?: ArrayLike<number>): void {
  const { columns, words, wordsPerRow } = matrix;
  const count = rowIndices === undefined ? matrix.rows : rowIndices.length;
  let target = 0;
  for (let index = 0; index < count; index++) {
    const start = (rowIndices === undefined ? index : rowIndices[index]) * wordsPerRow;
    for (let column = 0; column < columns; column++) {
      states[target++] = (words[start + (column >>> 5)] >>> (column & 31)) & 1;
    }
  }
}

/**
 * Copies the rows named by `rowIndices`, in that order, to the first rows of `target`.
 *
 * @param target of the same columns
 */
export function copyRows(matrix: BinaryMatrix, rowIndices: ArrayLike<number>, target: BinaryMatrix): void {
  const { words: source, wordsPerRow } = matrix;
  const { words } = target;
  for (let index = 0; index < rowIndices.length; index++) {
    const start = rowIndices[index] * wordsPerRow;
    words.set(source.subarray(start, start + wordsPerRow), index * wordsPerRow);
  }
}

/** The rows named by `rowIndices`, in that order, as a new matrix. */
export function selectRows(matrix: BinaryMatrix, rowIndices: ArrayLike<number>): BinaryMatrix {
  const selected = createBinaryMatrix(rowIndices.length, matrix.columns);
  copyRows(matrix, rowIndices, selected);
  return selected;
}

/** `count` rows from `firstRow` on, in the same memory. */
export function rowsOf(matrix: BinaryMatrix, firstRow: number, count: number): BinaryMatrix {
  const { columns, wordsPerRow, words } = matrix;
  const start = firstRow * wordsPerRow;
  return { rows: count, columns, wordsPerRow, words: words.subarray(start, start + count * wordsPerRow) };
}

/** Whether states are packed {0,1}, not real numbers. */
export function isBinaryMatrix(states: object): states is BinaryMatrix {
  return 'words' in states;
}
