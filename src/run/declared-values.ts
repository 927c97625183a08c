/**
 * Visible states of standard units as people want to see them: in declared units, standardization undone, categories by
 * their codes.
 */

import type { CheckpointIdentity } from '../checkpoint/checkpoint.js';
import { printable } from '../errors.js';
import { declaredVisibleValues, type DeclaredParameters } from '../model/units/index.js';

/** Rows of states or means, row-major: bytes of binary states, else float64. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Uint8Array | Float64Array;
}

/** What codes stand for, where they are not the values themselves: one line for each column of words. */
export function describeCodes(categories: CheckpointIdentity['categories']): string[] {
  return (categories ?? [])
    .filter(({ values }) => !areNumbers(values))
    .map(({ column, values }) => `column ${printable(String(column))}: ${values.map((value, code) => `${code} is ${printable(value)}`).join(', ')}`);
}

function areNumbers(values: readonly string[]): boolean {
  return values.every((value) => value.trim() !== '' && Number.isFinite(Number(value)));
}

/** One code for each group: the value where all values of a column are numbers, else its place among them, from 0. */
function codesOf({ rows, columns, values }: Matrix, categories: NonNullable<CheckpointIdentity['categories']>): Matrix {
  const codes = new Float64Array(rows * categories.length);
  for (let row = 0; row < rows; row++) {
    let first = row * columns;
    categories.forEach(({ values: names }, group) => {
      const place = values.subarray(first, first + names.length).indexOf(1);
      codes[row * categories.length + group] = areNumbers(names) ? Number(names[place]) : place;
      first += names.length;
    });
  }
  return { rows, columns: categories.length, values: codes };
}

/**
 * States, or means, of standard visible units in the units of the data.
 *
 * @param options `codes`: categorical states as one code for each column (means stay one number for each value);
 *   `standardized`: leave real values as the model has them
 */
export function declaredMatrix(
  matrix: Matrix,
  parameters: DeclaredParameters,
  identity: Pick<CheckpointIdentity, 'standardization' | 'categories'> | undefined,
  { codes, standardized }: { readonly codes: boolean; readonly standardized: boolean },
): Matrix {
  const values = declaredVisibleValues(matrix.values, parameters);
  const { standardization, categories } = identity ?? {};
  if (standardization !== undefined && !standardized) {
    const { means, deviations } = standardization;
    const { columns } = matrix;
    return { ...matrix, values: Float64Array.from(values, (value, index) => value * deviations[index % columns] + means[index % columns]) };
  }
  if (categories !== undefined && codes) return codesOf({ ...matrix, values }, categories);
  return { ...matrix, values };
}
