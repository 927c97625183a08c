/**
 * Rows with one unit flipped: against free energies of the flipped rows, against naive sums in plain Math, and the same bits
 * from every backend.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { backends, loadKernels, packBinaryMatrix, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { normals } from '../reference/numbers.js';
import { loadWasm, sameBits } from './agreement.js';
import { caseParameters, caseStates, layerCases, parameterKinds, stateBytes, valuesOfKind, Workspace, type ValueKind } from './cases.js';
import { matrixOf, panelPadding, statesOf, valuesOf } from './support.js';

const { abs, exp, floor, log1p } = Math;

const unit = 2 ** -53;

/** Inputs that are finite, with weights that are: all but those whose sums overflow. */
const cases = fc.record({
  layers: layerCases(parameterKinds.filter((kind) => kind !== 'overflowing')),
  inputs: fc.constantFrom<ValueKind>('small', 'sixty', 'zeros', 'subnormal', 'huge', 'extreme', 'downwards'),
  coefficients: fc.constantFrom<ValueKind>('small', 'means', 'zeros', 'subnormal', 'extreme'),
});

/** Sizes of the largest weight around all that it decides: how many units a logarithm serves, and 75, beyond which it is one by one. */
const largestWeights = fc.constantFrom(0, 0.3, 75 / 64, 1.2, 5, 37.5, 38, 75, 75.1, 400, 1e300);

/** Inputs of means that are 0, 1, subnormal, and in between. */
const inputValues = [-1e300, -800, -745, -720, -300, -75, -1, -0, 0, 3, 40, 75, 710, 800, 1e300];

describe.each([1, 2, 3])('wasm with %i threads gives the bits of the reference', (threads) => {
  let kernels: Kernels;
  let reference: Kernels;
  beforeAll(async () => {
    kernels = await loadWasm(threads);
    reference = await loadKernels('reference');
  });
  afterAll(() => kernels.close());

  test('flipLogRatios', async () => {
    const agree = sameBits(kernels, reference, 200, cases, (workspace, backend, { layers, inputs: kind }) => {
      const { n, m, rows, spare, seed } = layers;
      const inputs = workspace.matrix(rows + spare, m, valuesOfKind(kind, (rows + spare) * m, seed + 7));
      const ratios = workspace.results(rows + spare, n);
      backend.flipLogRatios(workspace.model(caseParameters(layers)), caseStates(workspace, layers, n), rows, inputs, ratios);
      return () => [valuesOf(ratios)];
    });
    await expect(agree).resolves.toBeUndefined();
  });

  test('flipStatistics', async () => {
    const agree = sameBits(kernels, reference, 200, cases, (workspace, backend, { layers, inputs: kind, coefficients: weighting }) => {
      const { n, m, rows, spare, seed } = layers;
      const inputs = workspace.matrix(rows + spare, m, valuesOfKind(kind, (rows + spare) * m, seed + 7));
      const coefficients = workspace.matrix(rows + spare, n, valuesOfKind(weighting, (rows + spare) * n, seed + 8));
      const hidden = workspace.results(rows + spare, m);
      const products = workspace.results(n, m);
      const states = caseStates(workspace, layers, n);
      backend.flipStatistics(workspace.model(caseParameters(layers)), states, rows, inputs, coefficients, hidden, products);
      return () => [valuesOf(hidden), valuesOf(products)];
    });
    await expect(agree).resolves.toBeUndefined();
  });

  test('places beyond the results stay 0', async () => {
    const property = fc.asyncProperty(cases, async ({ layers, inputs: kind, coefficients: weighting }) => {
      const { n, m, rows, seed } = layers;
      const workspace = new Workspace(kernels);
      const states = caseStates(workspace, layers, n);
      const inputs = workspace.matrix(rows, m, valuesOfKind(kind, rows * m, seed + 7));
      const coefficients = workspace.matrix(rows, n, valuesOfKind(weighting, rows * n, seed + 8));
      const [ratios, hidden, products] = [workspace.results(rows, n), workspace.results(rows, m), workspace.results(n, m)];
      // Last, so that its view reaches all of them: a view of shared memory keeps the length from before it grew.
      const model = workspace.model(caseParameters(layers));
      kernels.flipLogRatios(model, states, rows, inputs, ratios);
      kernels.flipStatistics(model, states, rows, inputs, coefficients, hidden, products);
      await kernels.finish();
      for (const result of [ratios, hidden, products]) {
        expect(panelPadding(result, model.visibleBias.buffer).every((value) => value === 0)).toBe(true);
      }
      workspace.release();
    });
    await expect(fc.assert(property, { numRuns: 100, includeErrorInReport: true })).resolves.toBeUndefined();
  });

  test('weights and inputs of every size, and more units than one logarithm serves', async () => {
    const limits = fc.record({ n: fc.constantFrom(1, 3, 9, 17), m: fc.constantFrom(1, 9, 511, 512, 513, 1030), largest: largestWeights, seed: fc.nat(1000) });
    const agree = sameBits(kernels, reference, 60, limits, (workspace, backend, { n, m, largest, seed }) => {
      const weights = valuesOfKind('means', n * m, seed).map((u) => (2 * u - 1) * largest);
      weights[seed % weights.length] = largest;
      const model = workspace.model({ visibleUnits: n, hiddenUnits: m, weights, visibleBias: valuesOfKind('small', n, 1), hiddenBias: new Float64Array(m) });
      const states = workspace.states('own', stateBytes('half', 3, n, seed), 3, n);
      const inputs = workspace.matrix(3, m, valuesOfKind('means', 3 * m, seed + 1).map((u) => inputValues[floor(u * inputValues.length)]));
      const coefficients = workspace.matrix(3, n, valuesOfKind('small', 3 * n, seed + 2));
      const [ratios, hidden, products] = [workspace.results(3, n), workspace.results(3, m), workspace.results(n, m)];
      backend.flipLogRatios(model, states, 3, inputs, ratios);
      backend.flipStatistics(model, states, 3, inputs, coefficients, hidden, products);
      return () => [ratios, hidden, products].map(valuesOf);
    });
    await expect(agree).resolves.toBeUndefined();
  });
});

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  function randomModel(n: number, m: number, size: number, seed = 1): ModelParameters {
    return {
      visibleUnits: n,
      hiddenUnits: m,
      weights: Float64Array.from(normals(n * m, seed, size)),
      visibleBias: Float64Array.from(normals(n, seed + 1, size)),
      hiddenBias: Float64Array.from(normals(m, seed + 2, size)),
    };
  }

  /** The log ratios of some rows, and their hidden inputs. */
  async function ratiosOf(parameters: ModelParameters, bytes: Uint8Array, rows: number) {
    const { visibleUnits: n, hiddenUnits: m } = parameters;
    const model = createModel(kernels, parameters);
    const states = statesOf(kernels, bytes, rows, n);
    const [inputs, ratios] = [kernels.createMatrix(rows, m), kernels.createMatrix(rows, n)];
    kernels.hiddenInputs(model, states, rows, inputs);
    kernels.flipLogRatios(model, states, rows, inputs, ratios);
    await kernels.finish();
    return { model, states, inputs, ratios };
  }

  test('flipLogRatios: log p̃ of all states of a small model, in extended precision', async () => {
    const parameters = randomModel(6, 5, 1);
    const logs = bruteForce.enumerate(parameters).visibleTotals.map((total) => ep.log(total));
    const bytes = Uint8Array.from({ length: 64 * 6 }, (_, index) => bruteForce.unit(floor(index / 6), index % 6));
    const { ratios } = await ratiosOf(parameters, bytes, 64);
    for (const [index, ratio] of valuesOf(ratios).entries()) {
      const [state, i] = [floor(index / 6), index % 6];
      const exact = ep.toNumber(ep.subtract(logs[state ^ (1 << i)], logs[state]));
      expect(abs(ratio - exact)).toBeLessThan(1e-14 * (1 + abs(exact)));
    }
  });

  test.each([
    [9, 20, 0.1],
    [33, 65, 1],
    [12, 33, 15],
    [12, 33, 30],
    [5, 1500, 0.5],
    [20, 17, 400],
  ])('flipLogRatios of %i × %i units, weights of size %d: differences of free energies', async (n, m, size) => {
    const rows = 5;
    const parameters = randomModel(n, m, size);
    const bytes = stateBytes('half', rows, n, 3);
    const { model, ratios } = await ratiosOf(parameters, bytes, rows);
    const flipped = Uint8Array.from({ length: rows * n * n }, (_, index) => {
      const [row, i, k] = [floor(index / (n * n)), floor(index / n) % n, index % n];
      return bytes[row * n + k] ^ Number(i === k);
    });
    const [before, after] = [new Float64Array(rows), new Float64Array(rows * n)];
    kernels.freeEnergies(model, packBinaryMatrix(bytes, rows, n), rows, before);
    kernels.freeEnergies(model, packBinaryMatrix(flipped, rows * n, n), rows * n, after);
    await kernels.finish();
    // Both free energies are sums of n + m terms, of inputs that are sums of n terms each.
    const total = (values: Float64Array) => values.reduce((sum, value) => sum + abs(value), 0);
    const tolerance = 4 * (n + m) * unit * (total(parameters.visibleBias) + total(parameters.hiddenBias) + total(parameters.weights) + m);
    for (const [index, ratio] of valuesOf(ratios).entries()) {
      expect(abs(ratio - (before[floor(index / n)] - after[index]))).toBeLessThan(tolerance);
    }
  });

  test.each([
    [9, 20, 0.1, 4],
    [33, 17, 1, 7],
    [12, 33, 15, 3],
    [12, 33, 30, 3],
    [20, 8, 400, 6],
  ])('flipStatistics of %i × %i units, weights of size %d: naive sums', async (n, m, size, rows) => {
    const parameters = randomModel(n, m, size);
    const bytes = stateBytes('half', rows, n, 3);
    const { model, states, inputs } = await ratiosOf(parameters, bytes, rows);
    const coefficients = Float64Array.from(normals(rows * n, 9));
    const [hidden, products] = [matrixOf(kernels, rows, m, new Float64Array(rows * m).fill(7)), matrixOf(kernels, n, m, new Float64Array(n * m).fill(7))];
    kernels.flipStatistics(model, states, rows, inputs, matrixOf(kernels, rows, n, coefficients), hidden, products);
    await kernels.finish();
    const x = valuesOf(inputs);
    const direction = (row: number, i: number) => (bytes[row * n + i] === 1 ? -1 : 1);
    // The arguments of exponentials are rounded, which counts as often as they are large.
    const term = (row: number, i: number, j: number, sign: number) => {
      const [input, weight] = [x[row * m + j], parameters.weights[i * m + j]];
      const coefficient = sign * coefficients[row * n + i];
      const value = coefficient / (1 + exp(-(input + direction(row, i) * weight)));
      return { value, error: abs(value) * (8 + abs(input) + abs(weight)) * unit + abs(coefficient) * 1e-300 };
    };
    const close = (actual: number, terms: readonly { value: number; error: number }[]) => {
      const tolerance = terms.reduce((sum, { value, error }) => sum + error + 2 * terms.length * unit * abs(value), 0);
      expect(abs(actual - terms.reduce((sum, { value }) => sum + value, 0))).toBeLessThanOrEqual(tolerance);
    };
    for (const [index, actual] of valuesOf(hidden).entries()) {
      const [row, j] = [floor(index / m), index % m];
      close(actual, Array.from({ length: n }, (_, i) => term(row, i, j, 1)));
    }
    for (const [index, actual] of valuesOf(products).entries()) {
      const [i, j] = [floor(index / m), index % m];
      close(actual, Array.from({ length: rows }, (_, row) => term(row, i, j, direction(row, i))));
    }
  });

  test('flipLogRatios where no rows are asked for writes nothing', async () => {
    const model = createModel(kernels, randomModel(3, 4, 1));
    const ratios = matrixOf(kernels, 1, 3, Float64Array.of(7, 7, 7));
    kernels.flipLogRatios(model, kernels.createStates(1, 3), 0, kernels.createMatrix(1, 4), ratios);
    await kernels.finish();
    expect([...valuesOf(ratios)]).toEqual([7, 7, 7]);
  });

  test.each([0.3, 75 / 64, 1.2, 5, 37.5, 75, 75.5, 1e4])('flipLogRatios where all units pull one way, with weights of %d: nothing overflows', async (size) => {
    const m = 600;
    const ones = new Float64Array(m).fill(1);
    // Unit 0 turns all hidden units on, unit 1 turns them off.
    const weights = Float64Array.from([...ones, ...ones], (_, index) => (index < m ? size : -size));
    const parameters = { visibleUnits: 2, hiddenUnits: m, weights, visibleBias: new Float64Array(2), hiddenBias: new Float64Array(m) };
    const { ratios } = await ratiosOf(parameters, Uint8Array.of(0, 0, 1, 1), 2);
    // Of 600 inputs 0, one unit on takes them to ±size; both on, they are 0 again.
    const change = (y: number) => m * ((y > 0 ? y : 0) + log1p(exp(-abs(y))) - log1p(1));
    const expected = [change(size), change(-size), change(-size), change(size)];
    for (const [index, ratio] of valuesOf(ratios).entries()) {
      expect(abs(ratio - expected[index])).toBeLessThanOrEqual(4 * m * unit * (1 + abs(expected[index])));
    }
  });

  test('flipLogRatios of a hidden unit that is all but off', async () => {
    const parameters = { visibleUnits: 1, hiddenUnits: 1, weights: Float64Array.of(1), visibleBias: Float64Array.of(0), hiddenBias: Float64Array.of(-30) };
    const { ratios } = await ratiosOf(parameters, Uint8Array.of(0), 1);
    const exact = log1p(exp(-29)) - log1p(exp(-30));
    expect(abs(valuesOf(ratios)[0] - exact)).toBeLessThan(4 * unit);
  });
});
