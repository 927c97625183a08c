/** Singular values of matrices that are built from them, and of random ones against one-sided Jacobi rotations. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, loadKernels, type Kernels } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import { largestSingularValues, sizeOfElements, symmetricEigenvalues } from '../../src/model/singular-values.js';
import { normals } from '../reference/numbers.js';

const { abs, max, min, sqrt } = Math;

const key = { k0: 7, k1: 11 };

/** A matrix as a list of rows. */
type Rows = number[][];

/** Multiplies from the left by the reflection I − 2uuᵀ/uᵀu. */
function reflect(rows: Rows, u: readonly number[]): Rows {
  const square = u.reduce((sum, value) => sum + value * value, 0);
  const shares = rows[0].map((_, j) => u.reduce((sum, value, i) => sum + value * rows[i][j], 0));
  return rows.map((row, i) => row.map((value, j) => value - (2 * u[i] * shares[j]) / square));
}

function transpose(rows: Rows): Rows {
  return rows[0].map((_, j) => rows.map((row) => row[j]));
}

/** Q₁·diag(values)·Q₂, n × m: matrices of reflections on either side. */
function withSingularValues(n: number, m: number, values: readonly number[]): Rows {
  let rows: Rows = Array.from({ length: n }, (_, i) => Array.from({ length: m }, (__, j) => (i === j ? (values[i] ?? 0) : 0)));
  for (let seed = 1; seed <= 3; seed++) rows = reflect(rows, normals(n, seed));
  rows = transpose(rows);
  for (let seed = 4; seed <= 6; seed++) rows = reflect(rows, normals(m, seed));
  return transpose(rows);
}

/** All singular values, decreasing, by rotations of pairs of columns until all are orthogonal (Hestenes, 1958). */
function oracle(rows: Rows): number[] {
  const columns = rows.length >= rows[0].length ? transpose(rows) : rows.map((row) => [...row]);
  const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, k) => sum + value * y[k], 0);
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let p = 0; p < columns.length; p++) {
      for (let q = p + 1; q < columns.length; q++) {
        const [x, y] = [columns[p], columns[q]];
        const [xx, xy, yy] = [dot(x, x), dot(x, y), dot(y, y)];
        if (xy === 0) continue;
        const zeta = (yy - xx) / (2 * xy);
        const t = (zeta < 0 ? -1 : 1) / (abs(zeta) + sqrt(1 + zeta * zeta));
        const c = 1 / sqrt(1 + t * t);
        columns[p] = x.map((value, k) => c * value - c * t * y[k]);
        columns[q] = x.map((value, k) => c * t * value + c * y[k]);
      }
    }
  }
  return columns.map((column) => sqrt(dot(column, column))).toSorted((left, right) => right - left);
}

/** Numbers that do not lie in any pattern. */
function random(n: number, m: number): Rows {
  const values = normals(n * m, 20);
  return Array.from({ length: n }, (_, i) => values.slice(i * m, (i + 1) * m));
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  /** The largest five; the model has biases, which must not matter. */
  async function valuesOf(rows: Rows): Promise<number[]> {
    const [n, m] = [rows.length, rows[0].length];
    const model = createModel(kernels, {
      visibleUnits: n,
      hiddenUnits: m,
      weights: Float64Array.from(rows.flat()),
      visibleBias: Float64Array.from(normals(n, 8)),
      hiddenBias: Float64Array.from(normals(m, 9)),
    });
    const { sumOfSquares } = sizeOfElements(model.weights);
    const values = await largestSingularValues(kernels, model, sumOfSquares, 5, key);
    kernels.release(model);
    return [...values];
  }

  /** The largest difference, as a share of the largest value. */
  function errorOf(actual: readonly number[], expected: readonly number[]): number {
    if (actual.length !== expected.length) return Infinity;
    return expected.reduce((largest, value, index) => max(largest, abs(actual[index] - value) / expected[0]), 0);
  }

  test.each([
    [1, 1],
    [3, 5],
    [5, 3],
    [32, 40],
    [40, 32],
    [33, 70],
    [70, 33],
    [45, 45],
  ])('%i × %i of given values', async (n, m) => {
    // Far apart, as those of weights that have learnt something.
    const values = [9, 7, 4, 2.5, 1, 0.04, 0.03, 0.02, 0.01].slice(0, min(n, m));
    const expected = [...values, 0, 0, 0, 0].slice(0, min(n, m, 5));
    expect(errorOf(await valuesOf(withSingularValues(n, m, values)), expected)).toBeLessThan(1e-8);
  });

  test.each([
    ['one direction', [3], [3, 0, 0, 0, 0]],
    ['two directions of the same size', [3, 3], [3, 3, 0, 0, 0]],
    ['all directions of the same size', Array.from({ length: 40 }, () => 2), [2, 2, 2, 2, 2]],
  ])('%s', async (_name, values, expected) => {
    expect(errorOf(await valuesOf(withSingularValues(40, 50, values)), expected)).toBeLessThan(1e-7);
  });

  test('no weights at all', async () => {
    expect(await valuesOf(Array.from({ length: 40 }, () => Array.from({ length: 35 }, () => 0)))).toEqual([0, 0, 0, 0, 0]);
    expect(await valuesOf([[0, 0]])).toEqual([0]);
  });

  test.each([[20, 31, 1e-12], [48, 60, 0.05], [60, 48, 0.05]])('random %i × %i: never too large, and at most %p too small', async (n, m, tolerance) => {
    const rows = random(n, m);
    const expected = oracle(rows).slice(0, 5);
    const actual = await valuesOf(rows);
    expect(errorOf(actual, expected)).toBeLessThan(tolerance);
    actual.forEach((value, index) => expect(value).toBeLessThanOrEqual(expected[index] * (1 + 1e-12)));
  });
});

test('eigenvalues of a symmetric matrix, negative ones and pairs among them', () => {
  // The second difference: 2 − 2 cos(kπ/(n + 1)).
  const size = 9;
  const matrix = Float64Array.from({ length: size * size }, (_, place) => {
    const distance = abs(Math.floor(place / size) - (place % size));
    return distance === 0 ? 2 : distance === 1 ? -1 : 0;
  });
  const expected = Array.from({ length: size }, (_, k) => 2 - 2 * Math.cos(((size - k) * Math.PI) / (size + 1)));
  symmetricEigenvalues(matrix, size).forEach((value, k) => expect(abs(value - expected[k])).toBeLessThan(1e-14));
  [1, -1].forEach((value, k) => expect(symmetricEigenvalues(Float64Array.of(0, 1, 1, 0), 2)[k]).toBeCloseTo(value, 14));
  expect([...symmetricEigenvalues(Float64Array.of(5, 0, 0, 5), 2)]).toEqual([5, 5]);
});

test('size of elements: sum of squares and the largest magnitude, over many pieces of rows', async () => {
  const kernels = await loadKernels('wasm');
  const values = Float64Array.from(normals(300 * 500, 3));
  values[123_456] = -11;
  const matrix = kernels.createMatrix(300, 500);
  matrix.writeRows(0, values);
  const { sumOfSquares, largest } = sizeOfElements(matrix);
  expect(largest).toBe(11);
  expect(abs(sumOfSquares - values.reduce((sum, value) => sum + value * value, 0))).toBeLessThan(1e-7);
  await kernels.close();
});
