/**
 * Real values: every column a Gaussian unit, as it stands or standardized by the training rows.
 *
 * Means and deviations are canonical sums over the known values of the training rows, in their order; the variance is
 * divided by their number. Values that never change have deviation 1.
 */

import type { DataConfig } from '../config/run-config.js';
import { RbmError } from '../errors.js';
import { canonicalSum } from '../kernels/canonical-sum.js';
import { matrixOf } from '../kernels/reference/memory.js';
import type { RawExamples, Standardization } from './dataset.js';
import { checkStatesFit, notFiniteError, refuseBinaryKeys, type Encoding, type ValueKind } from './encoding.js';

const { abs, sqrt } = Math;
const { isFinite, isNaN } = Number;

/** Constant columns that a note names. */
const namedColumns = 10;

interface Moments {
  mean: number;
  /** Square root of the mean squared distance from the mean; 0 where all values are equal. */
  deviation: number;
}

/**
 * Mean and deviation of values[0 … count − 1], which are overwritten.
 *
 * @param count ≥ 1
 */
function moments(values: Float64Array, count: number): Moments {
  const [first] = values;
  let isConstant = true;
  for (let index = 1; index < count && isConstant; index++) isConstant = values[index] === first;
  // The rounded mean of equal values may differ from them.
  if (isConstant) return { mean: first, deviation: 0 };
  const mean = canonicalSum(values, count) / count;
  let largest = 0;
  for (let index = 0; index < count; index++) {
    values[index] -= mean;
    const distance = abs(values[index]);
    if (distance > largest) largest = distance;
  }
  // Shares of the largest distance: their squares neither overflow nor vanish.
  for (let index = 0; index < count; index++) {
    const share = values[index] / largest;
    values[index] = share * share;
  }
  return { mean, deviation: largest * sqrt(canonicalSum(values, count) / count) };
}

/** Puts the known values of some columns of some rows into `values`, row by row; returns how many they are. */
function gather(raw: RawExamples, rows: Uint32Array, firstColumn: number, endColumn: number, values: Float64Array): number {
  let count = 0;
  for (const row of rows) {
    for (let column = firstColumn; column < endColumn; column++) {
      const value = raw.values[row * raw.columns + column];
      if (!isNaN(value)) values[count++] = value / raw.scale;
    }
  }
  return count;
}

function tooLarge(raw: RawExamples, what: string): RbmError {
  return new RbmError('data', `${raw.label}: the values of ${what} are too large to be standardized`, {
    hint: 'Divide them by data.scale, or set data.standardize: none.',
  });
}

/** The figures to standardize by, and the columns (from 1) that are constant. */
function standardizationOf(raw: RawExamples, rows: Uint32Array, method: 'columns' | 'global'): { standardization: Standardization; constant: number[] } {
  const { columns } = raw;
  const means = new Float64Array(columns);
  const deviations = new Float64Array(columns);
  const constant: number[] = [];
  const values = new Float64Array(method === 'global' ? rows.length * columns : rows.length);
  for (let column = 0, end = 0; column < columns; column = end) {
    end = method === 'global' ? columns : column + 1;
    const { mean, deviation } = moments(values, gather(raw, rows, column, end, values));
    if (!isFinite(mean) || !isFinite(deviation)) throw tooLarge(raw, method === 'global' ? 'the training rows' : `column ${column + 1}`);
    means.fill(mean, column, end);
    deviations.fill(deviation === 0 ? 1 : deviation, column, end);
    if (deviation === 0) for (let one = column; one < end; one++) constant.push(one + 1);
  }
  return { standardization: { means, deviations }, constant };
}

function constantNote(constant: readonly number[]): string[] {
  if (constant.length === 0) return [];
  const named = constant.slice(0, namedColumns).join(', ');
  const more = constant.length > namedColumns ? ', …' : '';
  const which = constant.length === 1 ? `Column ${named} is constant` : `${constant.length} columns are constant (${named}${more})`;
  return [`${which} in the training rows: a deviation of 1 stands in for 0.`];
}

function prepare(raw: RawExamples, trainingRows: Uint32Array, config: DataConfig): Encoding {
  const { columns } = raw;
  const method = config.standardize ?? 'none';
  const gathered = method === 'none' ? 0 : trainingRows.length * (method === 'global' ? columns : 1);
  checkStatesFit(raw, 'real values', 8 * (raw.rows * columns + gathered));
  const figures = method === 'none' ? undefined : standardizationOf(raw, trainingRows, method);
  return { ...encodingOf(columns, figures?.standardization), notes: constantNote(figures?.constant ?? []) };
}

/** The encoding of so many columns by this standardization. */
function encodingOf(columns: number, standardization: Standardization | undefined): Encoding {
  return {
    layer: { kind: 'gaussian' },
    units: columns,
    standardization,
    notes: [],
    encode(source, rowIndices) {
      checkStatesFit(source, 'real values', 8 * rowIndices.length * columns);
      const states = new Float64Array(rowIndices.length * columns);
      let target = 0;
      for (const row of rowIndices) {
        for (let column = 0; column < columns; column++, target++) {
          const value = source.values[row * columns + column];
          if (isNaN(value)) continue;
          const scaled = value / source.scale;
          const state = standardization === undefined ? scaled : (scaled - standardization.means[column]) / standardization.deviations[column];
          if (!isFinite(state)) {
            throw new RbmError('data', `${source.place(row, column)}: the value ${value} is not finite once scaled and standardized`, {
              hint: 'Check the value, data.scale and data.standardize.',
            });
          }
          states[target] = state;
        }
      }
      return matrixOf(states, rowIndices.length, columns);
    },
  };
}

/** The kind `real`. */
export const realValues: ValueKind = {
  name: 'real',
  summary: 'real numbers, one Gaussian unit a column',
  checkConfig: refuseBinaryKeys,
  checkValues(raw, { missing }) {
    const { values, columns } = raw;
    if (values.BYTES_PER_ELEMENT === 1) return;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (isFinite(value) || (missing === 'nan' && isNaN(value))) continue;
      throw notFiniteError(raw, Math.floor(index / columns), index % columns, value);
    }
  },
  prepare,
  resume: (columns, { standardization }) => encodingOf(columns, standardization),
};
