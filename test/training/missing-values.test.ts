/**
 * Completed mini-batches against the conditional distribution by brute force, and that observed values stay.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  backends,
  createHostMatrix,
  getUnit,
  isBinaryMatrix,
  loadKernels,
  packBinaryMatrix,
  type Kernels,
  type ModelParameters,
} from '../../src/kernels/index.js';
import { conditionalModel } from '../../src/model/conditional-model.js';
import { createModel } from '../../src/model/parameters.js';
import { streamKey } from '../../src/random/index.js';
import { MissingValues } from '../../src/training/missing-values.js';
import { bytesOf, statesOf, valuesOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as gibbs from '../reference/gibbs.js';
import { normals } from '../reference/numbers.js';

const [n, m] = [6, 3];
const model: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, 1, 1)),
  visibleBias: Float64Array.from(normals(n, 2, 0.5)),
  hiddenBias: Float64Array.from(normals(m, 3, 0.5)),
};
const rows = 20_000;
const observed = Uint8Array.of(1, 0, 0, 1, 0, 1);
const missing = Uint8Array.of(0, 1, 0, 0, 1, 0);

function repeated(row: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: rows * n }, (_, index) => row[index % n]);
}

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  const all = Uint32Array.from({ length: rows }, (_, row) => row);

  test('missing values have the conditional distribution, observed ones stay', async () => {
    const visible = statesOf(kernels, repeated(observed), rows, n);
    const values = new MissingValues(kernels, createModel(kernels, model), packBinaryMatrix(repeated(missing), rows, n), 30, rows, streamKey('1', 'completion'));
    await values.complete(visible, all, 3);
    const bytes = bytesOf(visible);
    const drawn: number[] = [];
    let changed = 0;
    for (let row = 0; row < rows; row++) {
      drawn.push(bytes[row * n + 1] + 2 * bytes[row * n + 4]);
      for (let unit = 0; unit < n; unit++) if (missing[unit] === 0 && bytes[row * n + unit] !== observed[unit]) changed++;
    }
    expect(changed).toBe(0);
    const conditional = conditionalModel(model, { values: Float64Array.from(observed), missing });
    const distribution = bruteForce.visibleProbabilities(bruteForce.enumerate(conditional));
    const bound = gibbs.totalVariationBound(distribution, rows);
    expect(gibbs.totalVariation(drawn, distribution)).toBeLessThan(bound);
    // The bound tells the conditional distribution from the marginal one.
    const others = { values: new Float64Array(n), missing };
    const wrong = bruteForce.visibleProbabilities(bruteForce.enumerate(conditionalModel(model, others)));
    expect(gibbs.totalVariation(drawn, wrong)).toBeGreaterThan(bound);
  });

  test('rows without missing values stay as they are; of the chosen rows the right ones are completed', async () => {
    const few = 5;
    const marks = new Uint8Array(few * n);
    marks[3 * n + 2] = 1;
    const values = new MissingValues(kernels, createModel(kernels, { ...model, visibleBias: new Float64Array(n).fill(40) }), packBinaryMatrix(marks, few, n), 2, 3, streamKey('1', 'completion'));
    const visible = statesOf(kernels, new Uint8Array(3 * n), 3, n);
    await values.complete(visible, Uint32Array.of(0, 3), 0);
    const expected = new Uint8Array(3 * n);
    expected[n + 2] = 1;
    expect(bytesOf(visible)).toEqual(expected);
  });

  test('real values: only the missing ones are drawn', async () => {
    const gaussian: ModelParameters = { ...model, visibleLayer: { kind: 'gaussian' }, weights: new Float64Array(n * m) };
    const few = 4000;
    const marks = packBinaryMatrix(repeated(missing).subarray(0, few * n), few, n);
    const visible = kernels.createVisibleStates(few, gaussian);
    if (isBinaryMatrix(visible)) throw new Error('the states are not real');
    const start = createHostMatrix(few, n).values.map((_, index) => (missing[index % n] === 1 ? 0 : 7));
    visible.writeRows(0, start);
    const values = new MissingValues(kernels, createModel(kernels, gaussian), marks, 2, few, streamKey('1', 'completion'));
    await values.complete(visible, Uint32Array.from({ length: few }, (_, row) => row), 0);
    const result = valuesOf(visible);
    for (const unit of [1, 4]) {
      const column = Array.from({ length: few }, (_, row) => result[row * n + unit]);
      const mean = column.reduce((sum, value) => sum + value, 0) / few;
      // Without weights the units are N(a, 1).
      expect(Math.abs(mean - model.visibleBias[unit])).toBeLessThan(4.5 / Math.sqrt(few));
    }
    expect(result.every((value, index) => getUnit(marks, Math.floor(index / n), index % n) === 1 || value === 7)).toBe(true);
  });
});
