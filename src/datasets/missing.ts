/**
 * Missing values: which cells they are, which rows are free of them, and their mask over the visible units.
 */

import { printable, RbmError } from '../errors.js';
import { createBinaryMatrix, setUnit, type BinaryMatrix } from '../kernels/binary-matrix.js';
import type { RawExamples } from './dataset.js';

/** Whether any cell is missing. */
export function hasMissing({ values }: RawExamples): boolean {
  return values.BYTES_PER_ELEMENT > 1 && values.some(Number.isNaN);
}

/** The rows among `rowIndices` that have no missing cell. */
export function completeRows({ values, columns }: RawExamples, rowIndices: Uint32Array): Uint32Array {
  return rowIndices.filter((row) => !values.subarray(row * columns, (row + 1) * columns).some(Number.isNaN));
}

/**
 * Checks that every column is known in some training row.
 *
 * @throws RbmError 'data' that names the first that is not
 */
export function checkColumnsKnown(raw: RawExamples, trainingRows: Uint32Array): void {
  const { values, columns, columnNames } = raw;
  for (let column = 0; column < columns; column++) {
    if (trainingRows.some((row) => !Number.isNaN(values[row * columns + column]))) continue;
    const name = columnNames === undefined ? '' : ` (${printable(columnNames[column], 40)})`;
    throw new RbmError('data', `${raw.label}: column ${column + 1}${name} is missing in every training row`, {
      hint: 'Remove the column: nothing can be learned about it.',
    });
  }
}

/**
 * The mask of the missing cells.
 *
 * @param firstUnits first unit of every column and the number of units; where undefined each column is one unit
 * @returns rowIndices.length × units; undefined where no cell is missing
 */
export function missingUnits(raw: RawExamples, rowIndices: Uint32Array, firstUnits: Uint32Array | undefined): BinaryMatrix | undefined {
  const { values, columns } = raw;
  let mask: BinaryMatrix | undefined;
  for (let target = 0; target < rowIndices.length; target++) {
    for (let column = 0; column < columns; column++) {
      if (!Number.isNaN(values[rowIndices[target] * columns + column])) continue;
      mask ??= createBinaryMatrix(rowIndices.length, firstUnits?.[columns] ?? columns);
      const first = firstUnits?.[column] ?? column;
      const end = firstUnits?.[column + 1] ?? column + 1;
      for (let unit = first; unit < end; unit++) setUnit(mask, target, unit);
    }
  }
  return mask;
}

/** Sets the units that are 1 in `mask` to 0. */
export function clearUnits({ words }: BinaryMatrix, mask: BinaryMatrix): void {
  for (let word = 0; word < words.length; word++) words[word] &= ~mask.words[word];
}
