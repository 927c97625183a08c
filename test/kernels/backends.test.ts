/**
 * The kernels of every backend against naive loops in the order that the interface documents, bit for bit: odd sizes,
 * empty and full rows, extreme values.
 */

import { beforeAll, describe, expect, test } from '@jest/globals';

import {
  backends,
  sigmoid,
  softplus,
  type Kernels,
  type ModelParameters,
  type PhaseStatistics,
} from '../../src/kernels/index.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { normals, uniforms } from '../reference/numbers.js';
import { addressedWord } from '../reference/philox.js';

const { abs } = Math;

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

/** Values that lose, absorb or cancel digits when they are added in another order. */
const extremes = [1e300, -1e300, 1e-300, 5e-324, -5e-324, -0, 0, 1, -1, 2 ** 53, -(2 ** 53), 1e16, 1 / 3];

function values(count: number, seed: number, extreme: boolean): Float64Array {
  if (!extreme) return Float64Array.from(normals(count, seed));
  return Float64Array.from(uniforms(count, seed), (u) => extremes[Math.floor(u * extremes.length)]);
}

function model(n: number, m: number, extreme = false): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: values(n * m, 1, extreme),
    visibleBias: values(n, 2, extreme),
    hiddenBias: values(m, 3, extreme),
  };
}

/** Random states; row 0 is empty, row 1 full. */
function states(rows: number, units: number, seed: number): Uint8Array {
  const random = uniforms(rows * units, seed);
  return Uint8Array.from(random, (u, index) => (index < units ? 0 : index < 2 * units ? 1 : u < 0.3 ? 1 : 0));
}

function bytes(array: Float64Array | Uint8Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** The first place at which the bits differ, for a readable failure; undefined where none do. */
function firstDifference<T extends Float64Array | Uint8Array>(actual: T, expected: T): string | undefined {
  if (actual.length !== expected.length) return `${actual.length} elements instead of ${expected.length}`;
  if (bytes(actual).equals(bytes(expected))) return undefined;
  const index = actual.findIndex((value, position) => !Object.is(value, expected[position]));
  return `element ${index} is ${actual[index]} instead of ${expected[index]}`;
}

/** Every element of a rows × columns matrix. */
function matrix(rows: number, columns: number, element: (row: number, column: number) => number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, index) =>
    element(Math.floor(index / columns), index % columns),
  );
}

function inRowOrder(start: number, count: number, term: (index: number) => number | undefined): number {
  let sum = start;
  for (let index = 0; index < count; index++) {
    const value = term(index);
    if (value !== undefined) sum += value;
  }
  return sum;
}

function naiveHiddenInputs({ visibleUnits: n, hiddenUnits: m, weights, hiddenBias }: ModelParameters, visible: Uint8Array, rows: number) {
  return matrix(rows, m, (row, j) =>
    inRowOrder(hiddenBias[j], n, (i) => (visible[row * n + i] ? weights[i * m + j] : undefined)),
  );
}

/** The canonical order: eight lanes, then pairs. */
function naiveCanonicalSum(terms: Float64Array): number {
  const lane = (index: number) => inRowOrder(0, terms.length, (k) => (k % 8 === index ? terms[k] : undefined));
  return lane(0) + lane(1) + (lane(2) + lane(3)) + (lane(4) + lane(5) + (lane(6) + lane(7)));
}

function emptyStatistics(n: number, m: number): PhaseStatistics {
  // Not zero: the kernel sets them, it does not add to what was there.
  return {
    count: 99,
    visible: new Float64Array(n).fill(7),
    hidden: new Float64Array(m).fill(7),
    products: new Float64Array(n * m).fill(7),
  };
}

/** Statistics of a model of one unit each. */
function phase(value: number): PhaseStatistics {
  const tensor = () => Float64Array.from([value]);
  return { count: 1, visible: tensor(), hidden: tensor(), products: tensor() };
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await backend.load();
  });

  test('calls itself by its name', () => {
    expect(kernels.name).toBe(backend.name);
  });

  describe.each(shapes)('B = %i, n = %i, m = %i', (rows, n, m) => {
    test.each([false, true])('hiddenInputs (extreme values: %p)', (extreme) => {
      const parameters = model(n, m, extreme);
      const visible = states(rows, n, 4);
      const inputs = new Float64Array(rows * m);
      kernels.hiddenInputs(parameters, visible, rows, inputs);
      expect(firstDifference(inputs, naiveHiddenInputs(parameters, visible, rows))).toBeUndefined();
    });

    test.each([false, true])('visibleInputs (extreme values: %p)', (extreme) => {
      const parameters = model(n, m, extreme);
      const { weights, visibleBias } = parameters;
      const hidden = states(rows, m, 5);
      const inputs = new Float64Array(rows * n);
      kernels.visibleInputs(parameters, hidden, rows, inputs);
      const expected = matrix(rows, n, (row, i) =>
        inRowOrder(visibleBias[i], m, (j) => (hidden[row * m + j] ? weights[i * m + j] : undefined)),
      );
      expect(firstDifference(inputs, expected)).toBeUndefined();
    });

    test.each([false, true])('visibleInputsFromMeans (extreme values: %p)', (extreme) => {
      const parameters = model(n, m, extreme);
      const { weights, visibleBias } = parameters;
      const hidden = Float64Array.from(uniforms(rows * m, 6));
      const inputs = new Float64Array(rows * n);
      kernels.visibleInputsFromMeans(parameters, hidden, rows, inputs);
      const expected = matrix(rows, n, (row, i) =>
        inRowOrder(visibleBias[i], m, (j) => hidden[row * m + j] * weights[i * m + j]),
      );
      expect(firstDifference(inputs, expected)).toBeUndefined();
    });

    test('sampleBernoulli', () => {
      const key = { k0: 0xdeadbeef, k1: 12345 };
      const place = { update: 2 ** 32 + 3, step: 2, layer: 1, temperature: 5 };
      const firstRow = 1000;
      // Probabilities far from the uniform at the address and next to it.
      const uniformAt = (row: number, unit: number) =>
        addressedWord({ ...place, key: [key.k0, key.k1], row: firstRow + row }, unit);
      const means = matrix(rows, m, (row, unit) => {
        const near = Number(uniformAt(row, unit)) / 2 ** 64;
        return [0, 1, 0.5, near, near * (1 - 1e-12), near * (1 - 2 ** -53)][(row + unit) % 6];
      });
      const actual = new Uint8Array(rows * m).fill(9);
      kernels.sampleBernoulli({ ...place, key }, firstRow, rows, m, means, actual);
      const expected = matrix(rows, m, (row, unit) => {
        const value = ep.extended(2n * uniformAt(row, unit) + 1n, -65);
        return ep.compare(value, ep.fromNumber(means[row * m + unit])) < 0 ? 1 : 0;
      });
      expect(firstDifference(actual, Uint8Array.from(expected))).toBeUndefined();
    });

    test('collectStatistics', () => {
      const visible = states(rows, n, 7);
      const means = Float64Array.from(uniforms(rows * m, 8));
      const statistics = emptyStatistics(n, m);
      kernels.collectStatistics(model(n, m), visible, means, rows, statistics);
      const on = (row: number, i: number) => visible[row * n + i] === 1;
      expect(statistics.count).toBe(rows);
      expect(firstDifference(statistics.visible, matrix(1, n, (_, i) => inRowOrder(0, rows, (row) => (on(row, i) ? 1 : 0))))).toBeUndefined();
      expect(firstDifference(statistics.hidden, matrix(1, m, (_, j) => inRowOrder(0, rows, (row) => means[row * m + j])))).toBeUndefined();
      const products = matrix(n, m, (i, j) => inRowOrder(0, rows, (row) => (on(row, i) ? means[row * m + j] : undefined)));
      expect(firstDifference(statistics.products, products)).toBeUndefined();
    });

    test('freeEnergies', () => {
      const parameters = model(n, m);
      const visible = states(rows, n, 9);
      const energies = new Float64Array(rows);
      kernels.freeEnergies(parameters, visible, rows, energies);
      const inputs = naiveHiddenInputs(parameters, visible, rows);
      const expected = Float64Array.from({ length: rows }, (_, row) => {
        const biases = parameters.visibleBias.map((bias, i) => (visible[row * n + i] ? bias : 0));
        return -naiveCanonicalSum(biases) - naiveCanonicalSum(inputs.subarray(row * m, (row + 1) * m).map(softplus));
      });
      expect(firstDifference(energies, expected)).toBeUndefined();
    });

    test('updateParameters', () => {
      const randomPhase = (seed: number, count: number): PhaseStatistics => ({
        count,
        visible: Float64Array.from(uniforms(n, seed)),
        hidden: Float64Array.from(uniforms(m, seed + 1)),
        products: Float64Array.from(uniforms(n * m, seed + 2)),
      });
      const [positive, negative] = [randomPhase(10, 7), randomPhase(20, 3)];
      const settings = { learningRate: 0.1, momentum: 0.9, l1: 1e-3, l2: 1e-2 };
      const parameters = model(n, m);
      parameters.weights[0] = 0;
      const before = structuredClone(parameters);
      const velocity = model(n, m);
      const velocityBefore = structuredClone(velocity);
      expect(kernels.updateParameters(parameters, velocity, positive, negative, settings)).toBe(true);

      const tensors = [
        ['weights', 'products', settings.l1, settings.l2],
        ['visibleBias', 'visible', 0, 0],
        ['hiddenBias', 'hidden', 0, 0],
      ] as const;
      for (const [tensor, statistic, l1, l2] of tensors) {
        const step = before[tensor].map((theta, index) => {
          const difference = positive[statistic][index] * (1 / 7) - negative[statistic][index] * (1 / 3);
          const gradient = difference - l2 * theta - l1 * Math.sign(theta);
          return 0.9 * velocityBefore[tensor][index] + 0.1 * gradient;
        });
        expect(firstDifference(velocity[tensor], step)).toBeUndefined();
        expect(firstDifference(parameters[tensor], before[tensor].map((theta, index) => theta + step[index]))).toBeUndefined();
      }
    });
  });

  test('bernoulliMeans: the logistic function, also in place, no further than told', () => {
    const inputs = Float64Array.from([...normals(2001, 11, 10), 0, -0, 1e308, -1e308, Infinity, -Infinity, 5e-324, -745.2]);
    const expected = inputs.map(sigmoid);
    const means = new Float64Array(inputs.length);
    kernels.bernoulliMeans(inputs, inputs.length, means);
    expect(firstDifference(means, expected)).toBeUndefined();
    const inPlace = inputs.slice();
    kernels.bernoulliMeans(inPlace, 57, inPlace);
    expect(firstDifference(inPlace, Float64Array.from([...expected.subarray(0, 57), ...inputs.subarray(57)]))).toBeUndefined();
  });

  test('freeEnergies: against the definition, in extended precision', () => {
    const small = model(6, 5);
    const enumeration = bruteForce.enumerate(small);
    const visible = Uint8Array.from({ length: 64 * 6 }, (_, index) => bruteForce.unit(Math.floor(index / 6), index % 6));
    const energies = new Float64Array(64);
    kernels.freeEnergies(small, visible, 64, energies);
    energies.forEach((energy, state) => {
      const error = ep.subtract(ep.fromNumber(energy), bruteForce.freeEnergy(enumeration, state));
      expect(abs(ep.toNumber(error))).toBeLessThan(1e-14);
    });
  });

  describe('updateParameters', () => {
    const still = { learningRate: 1, momentum: 0, l1: 0, l2: 0 };

    test('says whether all parameters are finite, whichever tensor is not', () => {
      expect(kernels.updateParameters(model(1, 1), model(1, 1), phase(1), phase(0), still)).toBe(true);
      for (const bad of [Infinity, -Infinity, NaN]) {
        for (const name of ['visible', 'hidden', 'products'] as const) {
          const positive = { ...phase(1), [name]: Float64Array.from([bad]) };
          expect(kernels.updateParameters(model(1, 1), model(1, 1), positive, phase(0), still)).toBe(false);
        }
      }
      const overflowing = { ...still, learningRate: 1e308 };
      expect(kernels.updateParameters(model(1, 1), model(1, 1), phase(10), phase(0), overflowing)).toBe(false);
    });

    test('flushes momentum below 2^-960 to +0 and keeps what is not below', () => {
      const limit = 2 ** -960;
      const largestBelow = limit * (1 - 2 ** -53);
      for (const [before, after] of [[limit, limit], [-limit, -limit], [largestBelow, 0], [-largestBelow, 0], [5e-324, 0]]) {
        const velocity = model(1, 1);
        velocity.weights[0] = before;
        kernels.updateParameters(model(1, 1), velocity, phase(0), phase(0), { ...still, momentum: 1 });
        expect(Object.is(velocity.weights[0], after)).toBe(true);
      }
    });

    test('each phase is divided by its own count', () => {
      const parameters = { ...model(1, 1), weights: new Float64Array(1) };
      kernels.updateParameters(parameters, model(1, 1), { ...phase(6), count: 2 }, { ...phase(5), count: 5 }, still);
      expect(parameters.weights[0]).toBe(2);
    });
  });

  test('results do not depend on the rows beside them', () => {
    const parameters = model(33, 17);
    const visible = states(9, 33, 12);
    const together = new Float64Array(9 * 17);
    kernels.hiddenInputs(parameters, visible, 9, together);
    const alone = new Float64Array(17);
    for (let row = 0; row < 9; row++) {
      kernels.hiddenInputs(parameters, visible.slice(row * 33, (row + 1) * 33), 1, alone);
      expect(firstDifference(alone, together.slice(row * 17, (row + 1) * 17))).toBeUndefined();
    }
  });
});
