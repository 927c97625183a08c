/** What tests of kernels share: values and states in a backend's memory, and a comparison of bits that reads well. */

import {
  isBinaryMatrix,
  packBinaryMatrix,
  unpackBinaryMatrix,
  type BinaryMatrix,
  type Kernels,
  type Matrix,
  type Model,
  type VisibleStates,
} from '../../src/kernels/index.js';

const { is } = Object;
const { ceil } = Math;
const float64 = Float64Array;

/** A rows × columns matrix in the backend's memory, from row-major values. */
export function matrixOf(kernels: Kernels, rows: number, columns: number, values: Float64Array): Matrix {
  const matrix = kernels.createMatrix(rows, columns);
  matrix.writeRows(0, values);
  return matrix;
}

/** The values of a whole matrix, row-major: a copy. */
export function valuesOf(matrix: Matrix): Float64Array {
  const values = new Float64Array(matrix.rows * matrix.columns);
  matrix.readRows(0, values);
  return values;
}

/** Binary states in the backend's memory, from one byte per unit. */
export function statesOf(kernels: Kernels, bytes: Uint8Array, rows: number, columns: number): BinaryMatrix {
  const states = kernels.createStates(rows, columns);
  states.words.set(packBinaryMatrix(bytes, rows, columns).words);
  return states;
}

/** States that must be binary ones. */
export function binary(states: object): BinaryMatrix {
  if (!isBinaryMatrix(states)) throw new Error('the states are not binary');
  return states;
}

/** The bits of visible states of either kind: words or numbers. */
export function contentOf(states: VisibleStates): Uint32Array | Float64Array {
  return isBinaryMatrix(states) ? states.words : valuesOf(states);
}

/** Binary states as one byte per unit: a copy. */
export function bytesOf(states: object): Uint8Array {
  const matrix = binary(states);
  const bytes = new Uint8Array(matrix.rows * matrix.columns);
  unpackBinaryMatrix(matrix, bytes);
  return bytes;
}

/** What the panels of a matrix of the WebAssembly kernels hold in columns that it does not have; `memory` is a buffer of theirs made after it. */
export function panelPadding(matrix: Matrix, memory: ArrayBufferLike): number[] {
  const { rows, columns, start, stride } = matrix as Matrix & { readonly start: number; readonly stride: number };
  const panels = ceil(columns / 8);
  const spare = 8 * panels - columns;
  const first = start + (panels - 1) * stride + 8 * (8 - spare);
  return Array.from({ length: rows }, (_, row) => [...new float64(memory, first + 64 * row, spare)]).flat();
}

/** What the panels of a model, and the lines of its biases, hold beyond the model. */
export function paddingOf({ weights, visibleBias, hiddenBias }: Model): number[] {
  const after = ({ buffer, byteOffset, length }: Float64Array) => [...new float64(buffer, byteOffset + 8 * length, 8 * ceil(length / 8) - length)];
  return [...panelPadding(weights, visibleBias.buffer), ...after(visibleBias), ...after(hiddenBias)];
}

/**
 * The first place at which the bits differ, for a readable failure; undefined where none do. What bits a NaN has is left
 * open by WebAssembly and ECMAScript, so a NaN need only be a NaN.
 */
export function firstDifference<T extends Float64Array | Uint8Array | Uint32Array>(actual: T, expected: T): string | undefined {
  if (actual.length !== expected.length) return `${actual.length} elements instead of ${expected.length}`;
  const [left, right] = [actual, expected].map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  if (left.equals(right)) return undefined;
  const index = actual.findIndex((value, position) => !is(value, expected[position]));
  if (index === -1) return undefined;
  return `element ${index} is ${is(actual[index], -0) ? '-0' : actual[index]} instead of ${is(expected[index], -0) ? '-0' : expected[index]}`;
}
