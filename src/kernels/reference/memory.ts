/**
 * What the reference kernels work on: ordinary row-major arrays.
 */

import { createBinaryMatrix } from '../binary-matrix.js';
import type { Matrix, Model, VisibleStates } from '../kernels.js';
import { binaryLayer, type VisibleLayer } from '../visible-layer.js';

/** A matrix whose values lie open, row-major. */
export interface ReferenceMatrix extends Matrix {
  readonly values: Float64Array;
}

/** See `Kernels.createMatrix`. */
export function createMatrix(rows: number, columns: number): ReferenceMatrix {
  return matrixOf(new Float64Array(rows * columns), rows, columns);
}

/** A matrix of these values (rows × columns, row-major), which it shares. */
export function matrixOf(values: Float64Array, rows: number, columns: number): ReferenceMatrix {
  return {
    rows,
    columns,
    values,
    readRows: (firstRow, target) => target.set(values.subarray(firstRow * columns, firstRow * columns + target.length)),
    writeRows: (firstRow, source) => values.set(source, firstRow * columns),
    rowsOf: (firstRow, count) => matrixOf(values.subarray(firstRow * columns, (firstRow + count) * columns), count, columns),
  };
}

/** See `Kernels.createModel`. */
export function createModel(visibleUnits: number, hiddenUnits: number, visibleLayer: VisibleLayer = binaryLayer): Model {
  return {
    visibleUnits,
    hiddenUnits,
    visibleLayer,
    weights: createMatrix(visibleUnits, hiddenUnits),
    visibleBias: new Float64Array(visibleUnits),
    hiddenBias: new Float64Array(hiddenUnits),
  };
}

/** See `Kernels.createVisibleStates`. */
export function createVisibleStates(
  rows: number,
  { visibleUnits, visibleLayer = binaryLayer }: { readonly visibleUnits: number; readonly visibleLayer?: VisibleLayer },
): VisibleStates {
  return visibleLayer.kind === 'gaussian' ? createMatrix(rows, visibleUnits) : createBinaryMatrix(rows, visibleUnits);
}

/** The values of a matrix that `createMatrix` made, row-major. */
export function valuesOf(matrix: Matrix): Float64Array {
  return (matrix as ReferenceMatrix).values;
}
