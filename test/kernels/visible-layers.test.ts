/**
 * Kernels on visible layers that are not binary, in every backend: dense sums in the documented order bit for bit, draws by
 * the documented formula and against the distributions that they are to have, means and free energies by their definition.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import {
  backends,
  hostMatrixOf,
  inverseNormalCumulative,
  loadKernels,
  statesAsNumbers,
  type Kernels,
  type Matrix,
  type ModelParameters,
  type VisibleLayer,
} from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import * as ep from '../reference/extended-precision.js';
import * as normal from '../reference/normal.js';
import { normals, uniforms } from '../reference/numbers.js';
import { addressedWord } from '../reference/philox.js';
import { rowCounts, seeds, sizes, stateBytes, valuesOfKind } from './cases.js';
import { firstDifference, matrixOf, statesOf, valuesOf } from './support.js';

const { abs, exp, floor, log, log1p, max, sqrt } = Math;

const gaussian: VisibleLayer = { kind: 'gaussian' };
const groups = Uint32Array.of(0, 1, 4, 20, 22, 37);
const categorical: VisibleLayer = { kind: 'categorical', groups };

function randomModel(visibleLayer: VisibleLayer, n: number, m: number, size: number, seed = 1): ModelParameters {
  return {
    visibleLayer,
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, size)),
    visibleBias: Float64Array.from(normals(n, seed + 1, size)),
    hiddenBias: Float64Array.from(normals(m, seed + 2, size)),
  };
}

/** Σ in the documented order: groups of four, each added up on its own. */
function inGroups(start: number, count: number, term: (index: number) => number): number {
  let total = start;
  for (let group = 0; group < count; group += 4) {
    let sum = term(group);
    for (let index = group + 1; index < count && index < group + 4; index++) sum += term(index);
    total += sum;
  }
  return total;
}

/** Every element of a rows × columns matrix. */
function elements(rows: number, columns: number, element: (row: number, column: number) => number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, index) => element(floor(index / columns), index % columns));
}

const softplus = (x: number): number => max(x, 0) + log1p(exp(-abs(x)));

const key = { k0: 0xabcdef01, k1: 77 };
const place = { update: 2 ** 35 + 1, step: 3, layer: 0, temperature: 9 };
const firstRow = 12_345;

/** The uniform of 52 bits at (key, place, firstRow + row, unit). */
function uniformAt(row: number, unit: number): number {
  const word = addressedWord({ ...place, key: [key.k0, key.k1], row: firstRow + row }, unit);
  return (Number(word >> 12n) + 0.5) / 2 ** 52;
}

/** The group that a unit is in: its first unit, and the one after its last. */
function groupOf(unit: number): [first: number, end: number] {
  const group = groups.findLastIndex((first) => first <= unit);
  return [groups[group], groups[group + 1]];
}

/** Softmax of a unit in its group, at these inputs. */
function softmax(inputs: (unit: number) => number, unit: number): number {
  const [first, end] = groupOf(unit);
  let sum = 0;
  for (let other = first; other < end; other++) sum += exp(inputs(other) - inputs(unit));
  return 1 / sum;
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  test('hiddenInputs of real states: all units, in groups of four', async () => {
    for (const [rows, n, m] of [[1, 1, 1], [3, 7, 5], [2, 33, 17], [5, 4, 8], [4, 18, 9]]) {
      const model = randomModel(gaussian, n, m, 1);
      const values = Float64Array.from(normals(rows * n, 9));
      const inputs = kernels.createMatrix(rows, m);
      kernels.hiddenInputs(createModel(kernels, model), matrixOf(kernels, rows, n, values), rows, inputs);
      await kernels.finish();
      const expected = elements(rows, m, (row, j) => inGroups(model.hiddenBias[j], n, (i) => values[row * n + i] * model.weights[i * m + j]));
      expect(firstDifference(valuesOf(inputs), expected)).toBeUndefined();
    }
  });

  test('real states that are all 0 or 1 give the hidden inputs of packed ones', async () => {
    // Equal, but for the sign of 0: units that are off are added as 0.
    const cases = fc.record({ n: sizes, m: sizes, rows: rowCounts, kind: fc.constantFrom('small' as const, 'sixty' as const, 'huge' as const), seed: seeds });
    const property = fc.asyncProperty(cases, async ({ n, m, rows, kind, seed }) => {
      const parameters = { ...randomModel(gaussian, n, m, 1), weights: valuesOfKind(kind, n * m, seed), hiddenBias: valuesOfKind(kind, m, seed + 1) };
      const model = createModel(kernels, parameters);
      const bytes = stateBytes('mixed', rows, n, seed);
      const [real, packed] = [kernels.createMatrix(rows, m), kernels.createMatrix(rows, m)];
      const states = statesOf(kernels, bytes, rows, n);
      kernels.hiddenInputs(model, hostMatrixOf(Float64Array.from(bytes), rows, n), rows, real);
      kernels.hiddenInputs(model, states, rows, packed);
      await kernels.finish();
      const [actual, expected] = [valuesOf(real), valuesOf(packed)];
      kernels.release(model, real, packed, states);
      expect(firstDifference(actual.map((value) => value + 0), expected.map((value) => value + 0))).toBeUndefined();
    });
    await expect(fc.assert(property, { numRuns: 100 })).resolves.toBeUndefined();
  });

  describe.each([false, true])('draws (tempered: %p)', (isTempered) => {
    const [n, m, rows] = [37, 6, 5];
    const inverseTemperatures = Float64Array.of(0, 1, 0.5, 0.9, 1 / 3);
    const baseVisibleBias = Float64Array.from(normals(n, 5));
    const tempering = isTempered ? { inverseTemperatures, baseVisibleBias } : undefined;
    const hidden = stateBytes('half', rows, m, 6);

    /** The inputs that draws are made from, in the documented order. */
    function inputsOf({ weights, visibleBias }: ModelParameters, row: number, i: number): number {
      let total = visibleBias[i];
      for (let group = 0; group < m; group += 4) {
        const on = [0, 1, 2, 3].map((k) => group + k).filter((j) => j < m && hidden[row * m + j] === 1);
        if (on.length > 0) total += on.map((j) => weights[i * m + j]).reduce((sum, weight) => sum + weight);
      }
      const beta = inverseTemperatures[row];
      return isTempered ? (1 - beta) * baseVisibleBias[i] + beta * total : total;
    }

    test('Gaussian: the input and the normal quantile of the uniform', async () => {
      const parameters = randomModel(gaussian, n, m, 1);
      const model = createModel(kernels, parameters);
      const visible = kernels.createVisibleStates(rows, model) as Matrix;
      kernels.sampleVisible(model, statesOf(kernels, hidden, rows, m), rows, { ...place, key }, firstRow, visible, tempering);
      await kernels.finish();
      const expected = elements(rows, n, (row, i) => inputsOf(parameters, row, i) + inverseNormalCumulative(uniformAt(row, i)));
      expect(firstDifference(valuesOf(visible), expected)).toBeUndefined();
    });

    test('categorical: of every group the first unit whose share of the sum passes the uniform', async () => {
      const parameters = randomModel(categorical, n, m, 1);
      const model = createModel(kernels, parameters);
      const visible = statesOf(kernels, new Uint8Array(rows * n).fill(1), rows, n);
      kernels.sampleVisible(model, statesOf(kernels, hidden, rows, m), rows, { ...place, key }, firstRow, visible, tempering);
      await kernels.finish();
      const expected = elements(rows, n, (row, i) => {
        const [first, end] = groupOf(i);
        let before = 0;
        for (let other = first; other < i; other++) before += softmax((unit) => inputsOf(parameters, row, unit), other);
        const u = uniformAt(row, first);
        // No uniform of this test is within rounding errors of a border.
        const after = i === end - 1 ? 1 : before + softmax((unit) => inputsOf(parameters, row, unit), i);
        return u >= before && u < after ? 1 : 0;
      });
      expect([...statesAsNumbers(visible)]).toEqual([...expected]);
    });
  });

  describe('distributions', () => {
    const [m, rows] = [3, 40_000];
    const temperatures = [0, 0.4, 1];
    // By turns, so that neighbouring rows have different temperatures.
    const inverseTemperatures = Float64Array.from({ length: rows }, (_, row) => temperatures[row % 3]);
    const hidden = Uint8Array.of(1, 0, 1);
    const each = rows / temperatures.length;

    async function drawn(parameters: ModelParameters, baseVisibleBias: Float64Array): Promise<Float64Array> {
      const model = createModel(kernels, parameters);
      const visible = kernels.createVisibleStates(rows, model);
      const states = statesOf(kernels, Uint8Array.from({ length: rows * m }, (_, index) => hidden[index % m]), rows, m);
      kernels.sampleVisible(model, states, rows, { ...place, key }, firstRow, visible, { inverseTemperatures, baseVisibleBias });
      await kernels.finish();
      return Float64Array.from(statesAsNumbers(visible));
    }

    /** (1 − β)·base + β·(a + W·h). */
    function inputOf({ weights, visibleBias }: ModelParameters, base: Float64Array, beta: number, i: number): number {
      const x = hidden.reduce((sum, on, j) => sum + on * weights[i * m + j], visibleBias[i]);
      return (1 - beta) * base[i] + beta * x;
    }

    test('Gaussian units have the mean, variance and distribution function of the conditional, and are independent', async () => {
      const n = 5;
      const parameters = randomModel(gaussian, n, m, 2, 40);
      const base = Float64Array.from(normals(n, 41, 2));
      const values = await drawn(parameters, base);
      temperatures.forEach((beta, index) => {
        const residuals = Array.from({ length: n }, (_, i) => {
          const mean = inputOf(parameters, base, beta, i);
          const own: number[] = [];
          for (let row = index; row < rows; row += temperatures.length) own.push(values[row * n + i] - mean);
          return own;
        });
        const meanOf = (terms: number[]): number => terms.reduce((sum, term) => sum + term, 0) / terms.length;
        residuals.forEach((own, i) => {
          // Standard errors of the mean and variance of normal variates: 1/√N and √(2/N).
          expect(abs(meanOf(own)) * sqrt(each)).toBeLessThan(5);
          expect(abs(meanOf(own.map((r) => r * r)) - 1) * sqrt(each / 2)).toBeLessThan(5);
          const other = residuals[(i + 1) % n];
          expect(abs(meanOf(own.map((r, row) => r * other[row]))) * sqrt(each)).toBeLessThan(5);
          // Kolmogorov & Smirnov at 19 quantiles; exceeded with probability 1e-6 (Dvoretzky, Kiefer & Wolfowitz).
          const sorted = own.toSorted((left, right) => left - right);
          for (let quantile = 1; quantile < 20; quantile++) {
            const rank = floor((quantile * sorted.length) / 20);
            const expected = ep.toNumber(normal.cumulative(ep.fromNumber(sorted[rank])));
            expect(abs(expected - (rank + 0.5) / sorted.length)).toBeLessThan(sqrt(log(2e6) / (2 * each)));
          }
        });
      });
    });

    test('categorical units are on as often as softmax says, exactly one of each group', async () => {
      const n = 37;
      const parameters = randomModel(categorical, n, m, 0.8, 50);
      const base = Float64Array.from(normals(n, 51));
      const values = await drawn(parameters, base);
      temperatures.forEach((beta, index) => {
        const counts = new Float64Array(n);
        let wrong = 0;
        let own = 0;
        for (let row = index; row < rows; row += temperatures.length, own++) {
          for (let i = 0; i < n; i++) counts[i] += values[row * n + i];
          for (let group = 0; group + 1 < groups.length; group++) {
            const on = values.subarray(row * n + groups[group], row * n + groups[group + 1]).reduce((sum, value) => sum + value, 0);
            if (on !== 1) wrong++;
          }
        }
        expect(wrong).toBe(0);
        counts.forEach((count, i) => {
          const p = softmax((unit) => inputOf(parameters, base, beta, unit), i);
          expect(abs(count / own - p)).toBeLessThanOrEqual(5 * sqrt((p * (1 - p)) / own) + 1e-15);
        });
      });
    });
  });

  test('visibleMeans: the input, or softmax of the group', async () => {
    const [n, rows] = [37, 4];
    const values = Float64Array.from(normals(rows * n, 60, 20));
    const means = async (layer: VisibleLayer): Promise<Float64Array> => {
      const matrix = matrixOf(kernels, rows, n, values);
      kernels.visibleMeans(kernels.createModel(n, 1, layer), matrix, rows - 1);
      await kernels.finish();
      return valuesOf(matrix);
    };
    expect(firstDifference(await means(gaussian), values)).toBeUndefined();
    (await means(categorical)).forEach((mean, index) => {
      const start = index - (index % n);
      const expected = index < (rows - 1) * n ? softmax((unit) => values[start + unit], index % n) : values[index];
      expect(abs(mean - expected)).toBeLessThan(1e-14);
    });
  });

  test('free energies of Gaussian states, by the definition: ½‖v − a‖² less softplus, and of tempered models', async () => {
    for (const [n, m, rows] of [[1, 1, 1], [9, 5, 4], [33, 17, 3]]) {
      const parameters = randomModel(gaussian, n, m, 1, 70 + n);
      const { weights, visibleBias, hiddenBias } = parameters;
      const base = Float64Array.from(normals(n, 71));
      const values = Float64Array.from(uniforms(rows * n, 72), (u) => 6 * u - 3);
      const betas = [0, 1, 0.3];
      const inverseTemperatures = Float64Array.from({ length: betas.length * rows }, (_, index) => betas[floor(index / rows)]);
      const model = createModel(kernels, parameters);
      const [plain, tempered] = [new Float64Array(rows), new Float64Array(betas.length * rows)];
      kernels.freeEnergies(model, matrixOf(kernels, rows, n, values), rows, plain);
      kernels.temperedFreeEnergies(model, hostMatrixOf(values, rows, n), rows, { inverseTemperatures, baseVisibleBias: base }, tempered);
      await kernels.finish();
      const expected = (row: number, beta: number): number => {
        let energy = 0;
        for (let i = 0; i < n; i++) energy += 0.5 * (values[row * n + i] - (1 - beta) * base[i] - beta * visibleBias[i]) ** 2;
        for (let j = 0; j < m; j++) {
          let x = hiddenBias[j];
          for (let i = 0; i < n; i++) x += values[row * n + i] * weights[i * m + j];
          energy -= softplus(beta * x);
        }
        return energy;
      };
      plain.forEach((energy, row) => expect(abs(energy - expected(row, 1))).toBeLessThan(1e-12 * (n + m)));
      tempered.forEach((energy, index) => expect(abs(energy - expected(index % rows, inverseTemperatures[index]))).toBeLessThan(1e-12 * (n + m)));
    }
  });
});
