/**
 * `rbm-train sample --clamp`: completes partly known rows, or says what to expect of what is missing in them.
 */

import { RbmError } from '../errors.js';
import { completeRow } from '../estimators/completion.js';
import { getUnit, readVisibleRow, statesAsNumbers, type Kernels } from '../kernels/index.js';
import type { Examples } from '../datasets/index.js';
import { missingUnits } from '../model/conditional-model.js';
import { standardStates } from '../model/units/index.js';
import { streamKey } from '../random/index.js';
import type { ModelArgument } from './arguments.js';
import type { Matrix } from './matrix-output.js';

/** Largest cost of enumerating what is missing in one row, states × parameters: well below a second. */
const exactCostLimit = 16_777_216;

/** How rows are completed. */
export interface ClampSettings {
  /** Samples of every row. */
  readonly count: number;
  /** Gibbs steps, where a row is not enumerated. */
  readonly steps: number;
  readonly seed: string;
  /** Conditional means, one line for each row, instead of samples. */
  readonly means: boolean;
  readonly pause: () => Promise<void>;
}

/** Completed rows in standard units: `count` lines for every row, or one of means. */
export interface ClampedRows {
  readonly matrix: Matrix;
  /** How many rows had missing values, and how many of these were enumerated. */
  readonly completed: number;
  readonly exact: number;
}

/**
 * Completes rows.
 *
 * @throws RbmError 'data' where nothing is missing in any row
 */
export async function clampRows(kernels: Kernels, model: ModelArgument, rows: Examples, settings: ClampSettings): Promise<ClampedRows> {
  const { standard, parameters } = model;
  const { missing } = rows;
  if (missing === undefined) {
    throw new RbmError('data', '--clamp: no value is missing in any row', { hint: 'Leave values empty, or NaN, that are to be completed.' });
  }
  const states = standardStates(rows.states, parameters);
  const columns = standard.visibleUnits;
  const { count, steps, seed, means, pause } = settings;
  const lines = means ? 1 : count;
  const values = new Float64Array(rows.rows * lines * columns);
  let completed = 0;
  let exact = 0;
  for (let row = 0; row < rows.rows; row++) {
    const partial = { values: new Float64Array(columns), missing: Uint8Array.from({ length: columns }, (_, unit) => getUnit(missing, row, unit)) };
    readVisibleRow(states, row, partial.values);
    const start = row * lines * columns;
    for (let line = 0; line < lines; line++) values.set(partial.values, start + line * columns);
    const units = missingUnits(partial);
    if (units.length === 0) continue;
    const completion = await completeRow(kernels, standard, partial, { count, steps, exactCostLimit, key: streamKey(seed, `sample/clamp/${row}`) }, { pause });
    const drawn = means ? completion.means : statesAsNumbers(completion.states);
    for (let line = 0; line < lines; line++) {
      for (const [index, unit] of units.entries()) values[start + line * columns + unit] = drawn[line * units.length + index];
    }
    completed++;
    if (completion.exact) exact++;
    await pause();
  }
  return { matrix: { rows: rows.rows * lines, columns, values }, completed, exact };
}

/** What was done, in a line. */
export function describeClamping({ completed, exact }: ClampedRows, { steps, count }: ClampSettings): string {
  const estimated = completed - exact;
  const parts = [
    ...(exact > 0 ? [`${exact} by enumeration, exactly`] : []),
    ...(estimated > 0 ? [`${estimated} by ${count} chains of ${steps} Gibbs steps each`] : []),
  ];
  return `${completed} ${completed === 1 ? 'row' : 'rows'} completed: ${parts.join(', ')}`;
}
