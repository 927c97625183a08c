/**
 * The kernels of every backend against naive loops in the order that the interface documents, bit for bit: odd sizes,
 * empty and full rows, extreme values. And every other backend against the reference, bit for bit, on random work.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import {
  backends,
  createBinaryMatrix,
  loadKernels,
  packBinaryMatrix,
  rowsOf,
  sigmoid,
  softplus,
  type Kernels,
  type Matrix,
  type Model,
  type ModelMoments,
  type ModelParameters,
  type Phase,
} from '../../src/kernels/index.js';
import { createModel, getParameters, parameterTensors } from '../../src/model/parameters.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { normals, uniforms } from '../reference/numbers.js';
import { addressedWord } from '../reference/philox.js';
import { loadBuiltKernels } from './agreement.js';
import {
  addresses,
  caseParameters,
  caseStates,
  extremes,
  layerCases,
  parameterKinds,
  places,
  rowCounts,
  seeds,
  sizes,
  stateBytes,
  valuesOfKind,
  withUnitsOff,
  Workspace,
  type OffPattern,
  type ValueKind,
} from './cases.js';
import { describeSameBits } from './same-bits.js';
import { bytesOf, firstDifference, matrixOf, statesOf, valuesOf } from './support.js';

const { abs, floor } = Math;

/** [rows, visible units, hidden units]. */
const shapes: [number, number, number][] = [
  [0, 5, 4],
  [1, 1, 1],
  [3, 7, 5],
  [4, 8, 16],
  [5, 33, 17],
  [2, 64, 3],
  [7, 3, 65],
  [11, 31, 32],
];

function values(count: number, seed: number, extreme: boolean): Float64Array {
  if (!extreme) return Float64Array.from(normals(count, seed));
  return Float64Array.from(uniforms(count, seed), (u) => extremes[floor(u * extremes.length)]);
}

function randomParameters(n: number, m: number, extreme = false, seed = 0): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: values(n * m, seed + 1, extreme),
    visibleBias: values(n, seed + 2, extreme),
    hiddenBias: values(m, seed + 3, extreme),
  };
}

/** Random states; row 0 is empty, row 1 full. */
function randomBytes(rows: number, units: number, seed: number): Uint8Array {
  const random = uniforms(rows * units, seed);
  return Uint8Array.from(random, (u, index) => (index < units ? 0 : index < 2 * units ? 1 : u < 0.3 ? 1 : 0));
}

/** Every element of a rows × columns matrix. */
function elements(rows: number, columns: number, element: (row: number, column: number) => number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, index) => element(floor(index / columns), index % columns));
}

function inOrder(start: number, count: number, term: (index: number) => number): number {
  let sum = start;
  for (let index = 0; index < count; index++) sum += term(index);
  return sum;
}

/** The order of sums over units and rows: groups of four, without the terms (and groups) that are left out. */
function inGroups(start: number, count: number, term: (index: number) => number | undefined): number {
  let total = start;
  for (let group = 0; group < count; group += 4) {
    const terms: number[] = [];
    for (let index = group; index < count && index < group + 4; index++) {
      const value = term(index);
      if (value !== undefined) terms.push(value);
    }
    if (terms.length > 0) total += terms.reduce((sum, value) => sum + value);
  }
  return total;
}

function naiveHiddenInputs({ visibleUnits: n, hiddenUnits: m, weights, hiddenBias }: ModelParameters, visible: Uint8Array, rows: number) {
  return elements(rows, m, (row, j) =>
    inGroups(hiddenBias[j], n, (i) => (visible[row * n + i] ? weights[i * m + j] : undefined)),
  );
}

function naiveVisibleInputs({ visibleUnits: n, hiddenUnits: m, weights, visibleBias }: ModelParameters, hidden: Uint8Array, rows: number) {
  return elements(rows, n, (row, i) =>
    inGroups(visibleBias[i], m, (j) => (hidden[row * m + j] ? weights[i * m + j] : undefined)),
  );
}

/** The canonical order: eight lanes, then pairs. */
function naiveCanonicalSum(terms: Float64Array): number {
  const lane = (index: number) => inOrder(0, Math.ceil((terms.length - index) / 8), (k) => terms[8 * k + index]);
  return lane(0) + lane(1) + (lane(2) + lane(3)) + (lane(4) + lane(5) + (lane(6) + lane(7)));
}

const key = { k0: 0xdeadbeef, k1: 12345 };
const place = { update: 2 ** 32 + 3, step: 2, layer: 1, temperature: 5 };
const firstRow = 1000;

/** The 64 bits of the uniform at (key, place, firstRow + row, unit). */
function uniformAt(row: number, unit: number): bigint {
  return addressedWord({ ...place, key: [key.k0, key.k1], row: firstRow + row }, unit);
}

/** u < p for every unit, exactly. */
function naiveStates(rows: number, units: number, means: Float64Array): Uint8Array {
  const states = elements(rows, units, (row, unit) => {
    const value = ep.extended(2n * uniformAt(row, unit) + 1n, -65);
    return ep.compare(value, ep.fromNumber(means[row * units + unit])) < 0 ? 1 : 0;
  });
  return Uint8Array.from(states);
}

/** The moments of a model of one unit each. */
function expectation(value: number): Phase & { moments: ModelMoments } {
  const tensor = () => Float64Array.from([value]);
  return { kind: 'expectation', moments: { visible: tensor(), hidden: tensor(), products: tensor() } };
}

/** The numbers of all tensors of a model. */
function tensorsOf(model: Model): number[][] {
  return parameterTensors(getParameters(model)).map(({ values: numbers }) => [...numbers]);
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  function modelOf(n: number, m: number, parameters: Partial<ModelParameters> = {}): Model {
    return createModel(kernels, { ...randomParameters(n, m), ...parameters });
  }

  /** Full of what should be overwritten. */
  function resultsOf(rows: number, columns: number): Matrix {
    return matrixOf(kernels, rows, columns, new Float64Array(rows * columns).fill(7));
  }

  test('calls itself by its name, and has at least one thread', () => {
    expect(kernels.name).toBe(backend.name);
    expect(Number.isInteger(kernels.threads) && kernels.threads >= 1).toBe(true);
  });

  describe.each(shapes)('B = %i, n = %i, m = %i', (rows, n, m) => {
    test.each([false, true])('hiddenInputs (extreme values: %p)', async (extreme) => {
      const parameters = randomParameters(n, m, extreme);
      const visible = randomBytes(rows, n, 4);
      const inputs = resultsOf(rows, m);
      kernels.hiddenInputs(createModel(kernels, parameters), statesOf(kernels, visible, rows, n), rows, inputs);
      await kernels.finish();
      expect(firstDifference(valuesOf(inputs), naiveHiddenInputs(parameters, visible, rows))).toBeUndefined();
    });

    test('hiddenMeans of several sets of rows', async () => {
      const parameters = randomParameters(n, m);
      const sets = [rows, 1, 6].map((count, index) => ({ count, visible: randomBytes(count, n, 30 + index) }));
      const requests = sets.map(({ count, visible }) => ({
        visible: statesOf(kernels, visible, count, n),
        rows: count,
        means: resultsOf(count, m),
      }));
      kernels.hiddenMeans(createModel(kernels, parameters), requests);
      await kernels.finish();
      sets.forEach(({ count, visible }, index) => {
        const expected = naiveHiddenInputs(parameters, visible, count).map(sigmoid);
        expect(firstDifference(valuesOf(requests[index].means), expected)).toBeUndefined();
      });
    });

    test.each([false, true])('visibleInputs (extreme values: %p)', async (extreme) => {
      const parameters = randomParameters(n, m, extreme);
      const hidden = randomBytes(rows, m, 5);
      const inputs = resultsOf(rows, n);
      kernels.visibleInputs(createModel(kernels, parameters), statesOf(kernels, hidden, rows, m), rows, inputs);
      await kernels.finish();
      expect(firstDifference(valuesOf(inputs), naiveVisibleInputs(parameters, hidden, rows))).toBeUndefined();
    });

    test.each([false, true])('visibleInputsFromMeans (extreme values: %p)', async (extreme) => {
      const parameters = randomParameters(n, m, extreme);
      const { weights, visibleBias } = parameters;
      const hidden = Float64Array.from(uniforms(rows * m, 6));
      const inputs = resultsOf(rows, n);
      kernels.visibleInputsFromMeans(createModel(kernels, parameters), matrixOf(kernels, rows, m, hidden), rows, inputs);
      await kernels.finish();
      const expected = elements(rows, n, (row, i) =>
        inGroups(visibleBias[i], m, (j) => hidden[row * m + j] * weights[i * m + j]),
      );
      expect(firstDifference(valuesOf(inputs), expected)).toBeUndefined();
    });

    test('sampleBernoulli', async () => {
      // Probabilities far from the uniform at the address and next to it.
      const means = elements(rows, m, (row, unit) => {
        const near = Number(uniformAt(row, unit)) / 2 ** 64;
        return [0, 1, 0.5, near, near * (1 - 1e-12), near * (1 - 2 ** -53)][(row + unit) % 6];
      });
      const actual = statesOf(kernels, new Uint8Array(rows * m).fill(1), rows, m);
      kernels.sampleBernoulli({ ...place, key }, firstRow, rows, matrixOf(kernels, rows, m, means), actual);
      await kernels.finish();
      expect(firstDifference(actual.words, packBinaryMatrix(naiveStates(rows, m, means), rows, m).words)).toBeUndefined();
    });

    test('sampleHidden and sampleVisible', async () => {
      const parameters = randomParameters(n, m);
      const model = createModel(kernels, parameters);
      const visible = randomBytes(rows, n, 7);
      const hidden = randomBytes(rows, m, 8);
      const drawnHidden = kernels.createStates(rows, m);
      const drawnVisible = kernels.createStates(rows, n);
      kernels.sampleHidden(model, statesOf(kernels, visible, rows, n), rows, { ...place, key }, firstRow, drawnHidden);
      kernels.sampleVisible(model, statesOf(kernels, hidden, rows, m), rows, { ...place, key }, firstRow, drawnVisible);
      await kernels.finish();
      const hiddenMeans = naiveHiddenInputs(parameters, visible, rows).map(sigmoid);
      const visibleMeans = naiveVisibleInputs(parameters, hidden, rows).map(sigmoid);
      expect(firstDifference(bytesOf(drawnHidden), naiveStates(rows, m, hiddenMeans))).toBeUndefined();
      expect(firstDifference(bytesOf(drawnVisible), naiveStates(rows, n, visibleMeans))).toBeUndefined();
    });

    test('freeEnergies', async () => {
      const parameters = randomParameters(n, m);
      const visible = randomBytes(rows, n, 9);
      const energies = new Float64Array(rows);
      kernels.freeEnergies(createModel(kernels, parameters), statesOf(kernels, visible, rows, n), rows, energies);
      await kernels.finish();
      const inputs = naiveHiddenInputs(parameters, visible, rows);
      const expected = Float64Array.from({ length: rows }, (_, row) => {
        const biases = parameters.visibleBias.map((bias, i) => (visible[row * n + i] ? bias : 0));
        return -naiveCanonicalSum(biases) - naiveCanonicalSum(inputs.subarray(row * m, (row + 1) * m).map(softplus));
      });
      expect(firstDifference(energies, expected)).toBeUndefined();
    });

    /**
     * A phase and what it does to gradients by the definition, one number at a time; `sign` is 1 for the positive phase, −1
     * for the negative one. Samples have the units of `off` off.
     */
    function randomPhase(kind: Phase['kind'], sign: 1 | -1, count: number, off: OffPattern, seed: number) {
      if (kind === 'expectation') {
        const moments = {
          visible: Float64Array.from(uniforms(n, seed)),
          hidden: Float64Array.from(uniforms(m, seed + 1)),
          products: Float64Array.from(uniforms(n * m, seed + 2)),
        };
        return {
          phase: { kind, moments } satisfies Phase,
          visibleMean: (i: number) => moments.visible[i],
          addHidden: (sum: number, j: number) => sum + sign * moments.hidden[j],
          addProduct: (sum: number, i: number, j: number) => sum + sign * moments.products[i * m + j],
          isOff: () => false,
        };
      }
      const visible = withUnitsOff(randomBytes(count, n, seed), count, n, off);
      const means = Float64Array.from(uniforms(count * m, seed + 1));
      const isOn = (row: number, i: number) => visible[row * n + i] === 1;
      const activeRows = (i: number) => inOrder(0, count, (row) => (isOn(row, i) ? 1 : 0));
      const term = (row: number, j: number) => means[row * m + j] * (sign / count);
      return {
        phase: {
          kind,
          visible: statesOf(kernels, visible, count, n),
          hiddenMeans: matrixOf(kernels, count, m, means),
          rows: count,
        } satisfies Phase,
        visibleMean: (i: number) => activeRows(i) * (1 / count),
        addHidden: (sum: number, j: number) => inGroups(sum, count, (row) => term(row, j)),
        addProduct: (sum: number, i: number, j: number) => inGroups(sum, count, (row) => (isOn(row, i) ? term(row, j) : undefined)),
        isOff: (i: number) => activeRows(i) === 0,
      };
    }

    const decays = [[0, 0], [1e-3, 0], [0, 1e-2], [1e-3, 1e-2]];
    const updates = [0.9, 0, undefined].flatMap((momentum) => decays.map(([l1, l2]) => ({ momentum, l1, l2 })));

    describe.each([
      ['samples', 'samples'],
      ['samples', 'expectation'],
      ['expectation', 'samples'],
      ['expectation', 'expectation'],
    ] as const)('updateParameters from %s against %s', (positiveKind, negativeKind) => {
      test.each(updates)('momentum $momentum, l1 $l1, l2 $l2', async ({ momentum, l1, l2 }) => {
        // Units 0, 1, 2, 3 are on in both phases, in none, in the positive one only, in the negative one only; and so on.
        const p = randomPhase(positiveKind, 1, rows + 1, 'odd', 10);
        const q = randomPhase(negativeKind, -1, 2 * rows + 3, 'thirds', 20);
        const before = randomParameters(n, m);
        before.weights.forEach((_, index) => {
          if (index % 4 === 0) before.weights[index] = index % 8 === 0 ? -0 : 0;
        });
        const hasVelocity = momentum !== undefined;
        const velocityBefore = randomParameters(n, m, false, 50);
        const model = createModel(kernels, before);
        const velocity = hasVelocity ? createModel(kernels, velocityBefore) : undefined;
        const settings = { learningRate: 0.1, momentum: momentum ?? 0, l1, l2 };
        const outcome = kernels.updateParameters(model, velocity, p.phase, q.phase, settings);
        await kernels.finish();
        expect(outcome.finite).toBe(true);

        const gradients = {
          weights: elements(n, m, (i, j) => {
            const theta = before.weights[i * m + j];
            let gradient = q.addProduct(p.addProduct(0, i, j), i, j);
            if (l2 !== 0) gradient -= l2 * theta;
            if (l1 !== 0) gradient -= l1 * Math.sign(theta);
            return gradient;
          }),
          visibleBias: elements(1, n, (_, i) => p.visibleMean(i) - q.visibleMean(i)),
          hiddenBias: elements(1, m, (_, j) => q.addHidden(p.addHidden(0, j), j)),
        };
        const maySkip = !hasVelocity && l1 === 0 && l2 === 0;
        const isLeftAlone = (tensor: string, index: number) =>
          maySkip && tensor === 'weights' && p.isOff(floor(index / m)) && q.isOff(floor(index / m));
        const parameters = getParameters(model);
        for (const tensor of ['weights', 'visibleBias', 'hiddenBias'] as const) {
          const step = gradients[tensor].map((gradient, index) =>
            hasVelocity ? momentum * velocityBefore[tensor][index] + 0.1 * gradient : 0.1 * gradient,
          );
          const after = before[tensor].map((theta, index) => (isLeftAlone(tensor, index) ? theta : theta + step[index]));
          expect(firstDifference(parameters[tensor], after)).toBeUndefined();
          const velocityAfter = velocity === undefined ? step : getParameters(velocity)[tensor];
          expect(firstDifference(velocityAfter, step)).toBeUndefined();
        }
      });
    });
  });

  test('bernoulliMeans: the logistic function, no further than told', async () => {
    const inputs = Float64Array.from([...normals(2002, 11, 10), 0, -0, 1e308, -1e308, Infinity, -Infinity, 5e-324]);
    const expected = inputs.map(sigmoid);
    const matrix = matrixOf(kernels, 287, 7, inputs);
    kernels.bernoulliMeans(matrix, 11);
    await kernels.finish();
    expect(firstDifference(valuesOf(matrix), Float64Array.from([...expected.subarray(0, 77), ...inputs.subarray(77)]))).toBeUndefined();
    matrix.writeRows(0, inputs);
    kernels.bernoulliMeans(matrix, 287);
    await kernels.finish();
    expect(firstDifference(valuesOf(matrix), expected)).toBeUndefined();
  });

  test('freeEnergies: against the definition, in extended precision', async () => {
    const small = randomParameters(6, 5);
    const enumeration = bruteForce.enumerate(small);
    const visible = Uint8Array.from({ length: 64 * 6 }, (_, index) => bruteForce.unit(floor(index / 6), index % 6));
    const energies = new Float64Array(64);
    kernels.freeEnergies(createModel(kernels, small), statesOf(kernels, visible, 64, 6), 64, energies);
    await kernels.finish();
    energies.forEach((energy, state) => {
      const error = ep.subtract(ep.fromNumber(energy), bruteForce.freeEnergy(enumeration, state));
      expect(abs(ep.toNumber(error))).toBeLessThan(1e-14);
    });
  });

  describe('updateParameters', () => {
    const still = { learningRate: 1, momentum: 0, l1: 0, l2: 0 };

    async function isFinite(model: Model, velocity: Model | undefined, positive: Phase, settings = still): Promise<boolean> {
      const { visibleUnits: n, hiddenUnits: m } = model;
      const moments = { visible: new Float64Array(n), hidden: new Float64Array(m), products: new Float64Array(n * m) };
      const outcome = kernels.updateParameters(model, velocity, positive, { kind: 'expectation', moments }, settings);
      await kernels.finish();
      return outcome.finite;
    }

    test.each(['with', 'without'])('%s a velocity: says whether all parameters are finite, whichever tensor is not', async (mode) => {
      const velocity = () => (mode === 'with' ? modelOf(1, 1) : undefined);
      expect(await isFinite(modelOf(1, 1), velocity(), expectation(1))).toBe(true);
      for (const bad of [Infinity, -Infinity, NaN]) {
        for (const name of ['visible', 'hidden', 'products'] as const) {
          const moments = { ...expectation(1).moments, [name]: Float64Array.from([bad]) };
          expect(await isFinite(modelOf(1, 1), velocity(), { kind: 'expectation', moments })).toBe(false);
        }
      }
      expect(await isFinite(modelOf(1, 1), velocity(), expectation(10), { ...still, learningRate: 1e308 })).toBe(false);
    });

    test('one parameter that overflows is noticed wherever it is', async () => {
      const settings = { learningRate: 0.1, momentum: 1, l1: 0, l2: 0 };
      await fc.assert(
        fc.asyncProperty(sizes, sizes, fc.nat(5000), fc.boolean(), async (n, m, choice, overflows) => {
          const parameters = randomParameters(n, m);
          const velocity = randomParameters(n, m);
          const count = n * m + n + m;
          let index = choice % count;
          for (const [tensor, { values: at }] of parameterTensors(parameters).entries()) {
            if (index >= 0 && index < at.length) {
              at[index] = 1.5e308;
              parameterTensors(velocity)[tensor].values[index] = overflows ? 1.5e308 : 1e307;
            }
            index -= at.length;
          }
          const moments = { visible: new Float64Array(n), hidden: new Float64Array(m), products: new Float64Array(n * m) };
          const [model, steps] = [createModel(kernels, parameters), createModel(kernels, velocity)];
          const nothing: Phase = { kind: 'expectation', moments };
          const outcome = kernels.updateParameters(model, steps, nothing, nothing, settings);
          await kernels.finish();
          expect(outcome.finite).toBe(!overflows);
          kernels.release(model, steps);
        }),
        { numRuns: 100 },
      );
    });

    test('without a velocity, too, where other units are off', async () => {
      const cases = fc.record({ n: sizes, m: sizes, visible: fc.nat(64), hidden: fc.nat(64), rows: fc.integer({ min: 1, max: 9 }) });
      const tensors = fc.constantFrom('weights', 'visibleBias', 'hiddenBias');
      await fc.assert(
        fc.asyncProperty(cases, tensors, fc.boolean(), async ({ n, m, visible, hidden, rows }, tensor, overflows) => {
          const [i, j] = [visible % n, hidden % m];
          const parameters = randomParameters(n, m);
          if (tensor === 'weights') parameters.weights[i * m + j] = 1.5e308;
          if (tensor === 'visibleBias') parameters.visibleBias[i] = 1.5e308;
          if (tensor === 'hiddenBias') parameters.hiddenBias[j] = 1.5e308;
          // In the positive phase units i and j are on in every row, so that their gradients are 1; all others are 0.
          const workspace = new Workspace(kernels);
          const phase = (activity: number): Phase => ({
            kind: 'samples',
            visible: workspace.states('own', Uint8Array.from({ length: rows * n }, (_, index) => (index % n === i ? activity : 0)), rows, n),
            hiddenMeans: workspace.matrix(rows, m, Float64Array.from({ length: rows * m }, (_, index) => (index % m === j ? activity : 0))),
            rows,
          });
          const settings = { ...still, learningRate: overflows ? 1.5e308 : 1e307 };
          const outcome = kernels.updateParameters(workspace.model(parameters), undefined, phase(1), phase(0), settings);
          await kernels.finish();
          expect(outcome.finite).toBe(!overflows);
          workspace.release();
        }),
        { numRuns: 100 },
      );
    });

    test('flushes momentum below 2^-960 to +0 and keeps what is not below', async () => {
      const limit = 2 ** -960;
      const largestBelow = limit * (1 - 2 ** -53);
      for (const [before, after] of [[limit, limit], [-limit, -limit], [largestBelow, 0], [-largestBelow, 0], [5e-324, 0]]) {
        const velocity = modelOf(1, 1, { weights: Float64Array.from([before]) });
        await isFinite(modelOf(1, 1), velocity, expectation(0), { ...still, momentum: 1 });
        expect(firstDifference(valuesOf(velocity.weights), Float64Array.from([after]))).toBeUndefined();
      }
    });

    test('flushes nothing but momentum: without a velocity the smallest step is made', async () => {
      for (const smallest of [5e-324, -5e-324, 2 ** -1000]) {
        const model = modelOf(1, 1, { weights: new Float64Array(1), visibleBias: new Float64Array(1), hiddenBias: new Float64Array(1) });
        await isFinite(model, undefined, expectation(smallest));
        expect(tensorsOf(model)).toEqual([[smallest], [smallest], [smallest]]);
        // Nor the parameters of training with momentum.
        const parameters = { weights: Float64Array.of(smallest), visibleBias: Float64Array.of(smallest), hiddenBias: Float64Array.of(smallest) };
        const resting = modelOf(1, 1, parameters);
        await isFinite(resting, kernels.createModel(1, 1), expectation(0));
        expect(tensorsOf(resting)).toEqual([[smallest], [smallest], [smallest]]);
      }
    });

    describe('of weights of −0 and phases of zeros', () => {
      // Units: on in both phases, in the positive one, in the negative one, in none; the spare rows are all on.
      const [n, m, rows] = [4, 3, 5];
      const phase = (active: number[]): Phase => ({
        kind: 'samples',
        visible: statesOf(kernels, Uint8Array.from({ length: (rows + 2) * n }, (_, index) => Number(index >= rows * n || (index >= n && active.includes(index % n)))), rows + 2, n),
        hiddenMeans: matrixOf(kernels, rows + 2, m, new Float64Array((rows + 2) * m)),
        rows,
      });
      const zeros: Phase = {
        kind: 'expectation',
        moments: { visible: new Float64Array(n), hidden: new Float64Array(m), products: new Float64Array(n * m) },
      };

      /** The visible units whose weights are −0 after an update. */
      async function negativeAfter(hasVelocity: boolean, positive: Phase, negative: Phase, settings = still): Promise<number[]> {
        const model = modelOf(n, m, { weights: new Float64Array(n * m).fill(-0) });
        kernels.updateParameters(model, hasVelocity ? kernels.createModel(n, m) : undefined, positive, negative, settings);
        await kernels.finish();
        const weights = valuesOf(model.weights);
        expect(weights.every((weight) => weight === 0)).toBe(true);
        return [0, 1, 2, 3].filter((i) => weights.subarray(i * m, (i + 1) * m).every((weight) => Object.is(weight, -0)));
      }

      test('without momentum and decay, those of a unit that is off in all rows of both stay −0', async () => {
        expect(await negativeAfter(false, phase([0, 1]), phase([0, 2]))).toEqual([3]);
        expect(await negativeAfter(false, phase([0, 1]), phase([0, 1]))).toEqual([2, 3]);
        expect(await negativeAfter(false, phase([]), phase([]))).toEqual([0, 1, 2, 3]);
      });

      test('with an expectation, with momentum, or with decay, all become 0', async () => {
        expect(await negativeAfter(false, zeros, phase([0, 2]))).toEqual([]);
        expect(await negativeAfter(false, phase([0, 1]), zeros)).toEqual([]);
        expect(await negativeAfter(false, zeros, zeros)).toEqual([]);
        expect(await negativeAfter(true, phase([0, 1]), phase([0, 2]))).toEqual([]);
        expect(await negativeAfter(false, phase([0, 1]), phase([0, 2]), { ...still, l1: 0.5 })).toEqual([]);
        expect(await negativeAfter(false, phase([0, 1]), phase([0, 2]), { ...still, l2: 0.5 })).toEqual([]);
      });
    });

    test('each phase is divided by its own number of rows', async () => {
      const phase = (rows: number, mean: number): Phase => ({
        kind: 'samples',
        visible: statesOf(kernels, new Uint8Array(rows).fill(1), rows, 1),
        hiddenMeans: matrixOf(kernels, rows, 1, new Float64Array(rows).fill(mean)),
        rows,
      });
      const model = modelOf(1, 1, { weights: new Float64Array(1) });
      kernels.updateParameters(model, modelOf(1, 1), phase(2, 3), phase(5, 1), still);
      await kernels.finish();
      expect(valuesOf(model.weights)[0]).toBe(2);
    });
  });

  test('results do not depend on the rows beside them', async () => {
    const model = modelOf(33, 17);
    const visible = statesOf(kernels, randomBytes(9, 33, 12), 9, 33);
    const together = resultsOf(9, 17);
    kernels.hiddenInputs(model, visible, 9, together);
    const alone = Array.from({ length: 9 }, () => resultsOf(1, 17));
    alone.forEach((inputs, row) => kernels.hiddenInputs(model, rowsOf(visible, row, 1), 1, inputs));
    await kernels.finish();
    alone.forEach((inputs, row) => {
      expect(firstDifference(valuesOf(inputs), valuesOf(together).slice(row * 17, (row + 1) * 17))).toBeUndefined();
    });
  });

  describe('memory', () => {
    test('a matrix is written and read in pieces of any number of rows', () => {
      const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 40, maxLength: 40 });
      fc.assert(
        fc.property(fc.nat(40), sizes, pieces, pieces, fc.constantFrom(...parameterKinds), seeds, (rows, columns, writes, reads, kind, seed) => {
          const matrix = kernels.createMatrix(rows, columns);
          const content = valuesOfKind(kind, rows * columns, seed);
          const read = new Float64Array(rows * columns).fill(7);
          const visit = (counts: number[], work: (first: number, from: number, to: number) => void) => {
            let first = 0;
            for (let index = 0; first < rows; index++) {
              const next = Math.min(rows, first + counts[index]);
              work(first, first * columns, next * columns);
              first = next;
            }
          };
          visit(writes, (first, from, to) => matrix.writeRows(first, content.subarray(from, to)));
          visit(reads, (first, from, to) => matrix.readRows(first, read.subarray(from, to)));
          expect(firstDifference(read, content)).toBeUndefined();
          expect([matrix.rows, matrix.columns]).toEqual([rows, columns]);
          kernels.release(matrix);
        }),
      );
    });

    test('what is released and made again is all zero, and does not touch what lives', async () => {
      await fc.assert(
        fc.asyncProperty(rowCounts, sizes, sizes, seeds, async (rows, n, m, seed) => {
          const parameters = randomParameters(n, m, false, seed);
          const kept = createModel(kernels, parameters);
          for (let round = 0; round < 3; round++) {
            const model = kernels.createModel(n, m);
            const matrix = kernels.createMatrix(rows, m);
            const states = kernels.createStates(rows, n);
            for (const { values: at } of parameterTensors(getParameters(model))) {
              expect(firstDifference(at, new Float64Array(at.length))).toBeUndefined();
            }
            expect(firstDifference(valuesOf(matrix), new Float64Array(rows * m))).toBeUndefined();
            expect(firstDifference(states.words, createBinaryMatrix(rows, n).words)).toBeUndefined();
            model.weights.writeRows(0, parameters.weights);
            model.visibleBias.set(parameters.visibleBias);
            model.hiddenBias.set(parameters.hiddenBias);
            matrix.writeRows(0, new Float64Array(rows * m).fill(-1));
            states.words.fill(0xffffffff);
            kernels.release(model, matrix, states);
          }
          parameterTensors(getParameters(kept)).forEach(({ values: at }, index) => {
            expect(firstDifference(at, parameterTensors(parameters)[index].values)).toBeUndefined();
          });
          kernels.release(kept);
        }),
        { numRuns: 50 },
      );
    });

    test('states are taken from the host’s memory as from the kernels’ own, whole or as rows of more', async () => {
      const kinds: readonly ValueKind[] = ['small', 'extreme'];
      await fc.assert(
        fc.asyncProperty(layerCases(kinds), places, places, addresses, async (layers, left, right, at) => {
          const { n, m, rows } = layers;
          const results = async (from: string): Promise<(Float64Array | Uint32Array)[]> => {
            const workspace = new Workspace(kernels);
            const model = workspace.model(caseParameters(layers));
            const visible = caseStates(workspace, { ...layers, place: from }, n);
            const hidden = caseStates(workspace, { ...layers, place: from }, m);
            const [hiddenInputs, visibleInputs] = [workspace.results(rows, m), workspace.results(rows, n)];
            const drawn = workspace.drawnStates(rows, m);
            const energies = new Float64Array(rows);
            kernels.hiddenInputs(model, visible, rows, hiddenInputs);
            kernels.visibleInputs(model, hidden, rows, visibleInputs);
            kernels.sampleHidden(model, visible, rows, at.address, at.firstRow, drawn.states);
            kernels.freeEnergies(model, visible, rows, energies);
            if (rows > 0) {
              const phase: Phase = { kind: 'samples', visible, hiddenMeans: hiddenInputs, rows };
              const velocity = workspace.model(caseParameters(layers));
              kernels.updateParameters(model, velocity, phase, phase, { learningRate: 0.1, momentum: 0.5, l1: 0, l2: 0 });
            }
            await kernels.finish();
            const updated = getParameters(model);
            const all = [valuesOf(hiddenInputs), valuesOf(visibleInputs), drawn.whole.words.slice(), energies, updated.weights];
            workspace.release();
            return all;
          };
          const expected = await results(left);
          (await results(right)).forEach((result, index) => {
            expect(firstDifference(result, expected[index])).toBeUndefined();
          });
        }),
        { numRuns: 40 },
      );
    });
  });

  test('visibleInputsFromMeans of zeros and ones are visibleInputs, up to the sign of zero', async () => {
    await fc.assert(
      fc.asyncProperty(layerCases(), async (layers) => {
        const { n, m, rows, density, seed } = layers;
        const workspace = new Workspace(kernels);
        const model = workspace.model(caseParameters(layers));
        const bytes = stateBytes(density, rows, m, seed + 5);
        const fromMeans = workspace.results(rows, n);
        const fromStates = workspace.results(rows, n);
        kernels.visibleInputsFromMeans(model, workspace.matrix(rows, m, Float64Array.from(bytes)), rows, fromMeans);
        kernels.visibleInputs(model, workspace.states('own', bytes, rows, m), rows, fromStates);
        await kernels.finish();
        const positiveZeros = (matrix: Matrix) => valuesOf(matrix).map((value) => value + 0);
        expect(firstDifference(positiveZeros(fromMeans), positiveZeros(fromStates))).toBeUndefined();
        workspace.release();
      }),
      { numRuns: 60 },
    );
  });
});

for (const { name } of backends.filter((backend) => backend.name !== 'reference')) {
  describe(`backend ${name} gives the bits of the reference`, () => {
    describeSameBits(() => loadKernels(name), 1);
  });
  describe.each([2, 3])(`backend ${name} gives the bits of the reference with %i threads`, (threads) => {
    describeSameBits(() => loadBuiltKernels(name, threads), threads);
  });
}
