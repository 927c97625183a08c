/**
 * What the reference kernels work on: ordinary row-major arrays.
 */

import type { Matrix, Model } from '../kernels.js';

/** A matrix whose values lie open, row-major. */
export interface ReferenceMatrix extends Matrix {
  readonly values: Float64Array;
}

/** See `Kernels.createMatrix`. */
export function createMatrix(rows: number, columns: number): ReferenceMatrix {
  const values = new Float64Array(rows * columns);
  return {
    rows,
    columns,
    values,
    readRows: (firstRow, target) => target.set(values.subarray(firstRow * columns, firstRow * columns + target.length)),
    writeRows: (firstRow, source) => values.set(source, firstRow * columns),
  };
}

/** See `Kernels.createModel`. */
export function createModel(visibleUnits: number, hiddenUnits: number): Model {
  return {
    visibleUnits,
    hiddenUnits,
    weights: createMatrix(visibleUnits, hiddenUnits),
    visibleBias: new Float64Array(visibleUnits),
    hiddenBias: new Float64Array(hiddenUnits),
  };
}

/** The values of a matrix that `createMatrix` made, row-major. */
export function valuesOf(matrix: Matrix): Float64Array {
  return (matrix as ReferenceMatrix).values;
}
