/**
 * Tempered models against their definition, in plain Math: free energies number by number, draws by their frequencies. Seeds
 * are fixed; frequencies of N draws may be off by 5 standard errors √(p(1 − p)/N), which a right sampler exceeds in one of
 * 1.7 million cases. That the backends give the same bits is tested elsewhere.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, loadKernels, type Kernels, type ModelParameters, type Tempering } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import { normals, uniforms } from '../reference/numbers.js';
import { bytesOf, statesOf } from './support.js';

const { abs, exp, floor, log1p, max, sqrt } = Math;

function randomModel(n: number, m: number, seed: number, size = 1): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, size)),
    visibleBias: Float64Array.from(normals(n, seed + 1, size)),
    hiddenBias: Float64Array.from(normals(m, seed + 2, size)),
  };
}

const logistic = (x: number): number => 1 / (1 + exp(-x));
const softplus = (x: number): number => max(x, 0) + log1p(exp(-abs(x)));

/** x_j = b_j + Σ_i v_i W_ij. */
function hiddenInput({ hiddenUnits: m, weights, hiddenBias }: ModelParameters, visible: Uint8Array, j: number): number {
  return visible.reduce((sum, on, i) => sum + on * weights[i * m + j], hiddenBias[j]);
}

/** a_i + Σ_j h_j W_ij. */
function visibleInput({ hiddenUnits: m, weights, visibleBias }: ModelParameters, hidden: Uint8Array, i: number): number {
  return hidden.reduce((sum, on, j) => sum + on * weights[i * m + j], visibleBias[i]);
}

/** F_β(v), and the sum of the absolute values that it is made of: what rounding errors are relative to. */
function freeEnergy(model: ModelParameters, visible: Uint8Array, beta: number, base: Float64Array): { energy: number; scale: number } {
  let energy = 0;
  let scale = 0;
  const subtract = (term: number): void => {
    energy -= term;
    scale += abs(term);
  };
  visible.forEach((on, i) => {
    subtract(on * (1 - beta) * base[i]);
    subtract(on * beta * model.visibleBias[i]);
  });
  for (let j = 0; j < model.hiddenUnits; j++) subtract(softplus(beta * hiddenInput(model, visible, j)));
  return { energy, scale };
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  describe('temperedFreeEnergies', () => {
    // 33,000 hidden units are more than 4,096 in each of eight lanes.
    test.each([
      [1, 1, 3, 1],
      [7, 5, 4, 1],
      [33, 17, 9, 3],
      [6, 40, 5, 60],
      [3, 4100, 2, 1],
      [2, 33_000, 2, 2],
    ])('by the definition: n = %i, m = %i, %i rows, parameters of %i', async (n, m, rows, size) => {
      const model = randomModel(n, m, 10 * n + m, size);
      const base = Float64Array.from(normals(n, 5, 2));
      const bytes = Uint8Array.from(uniforms(rows * n, 6), (u) => (u < 0.5 ? 1 : 0));
      // Several models of every row, of other temperatures each; both ends are among them.
      const perRow = [0, 1, 1e-3, 0.25, 0.5, 0.999, 1 / 3];
      const inverseTemperatures = Float64Array.from({ length: perRow.length * rows }, (_, index) => perRow[(floor(index / rows) + (index % rows)) % perRow.length]);
      const energies = new Float64Array(inverseTemperatures.length);
      kernels.temperedFreeEnergies(createModel(kernels, model), statesOf(kernels, bytes, rows, n), rows, { inverseTemperatures, baseVisibleBias: base }, energies);
      await kernels.finish();
      energies.forEach((actual, index) => {
        const row = index % rows;
        const { energy, scale } = freeEnergy(model, bytes.subarray(row * n, (row + 1) * n), inverseTemperatures[index], base);
        expect(abs(actual - energy)).toBeLessThanOrEqual(1e-12 * scale);
      });
    });

    test('at 1 they are the free energies of the model, at 0 those of the base rate', async () => {
      const [n, m, rows] = [20, 30, 16];
      const model = randomModel(n, m, 70, 2);
      const base = Float64Array.from(normals(n, 71));
      const bytes = Uint8Array.from(uniforms(rows * n, 72), (u) => (u < 0.5 ? 1 : 0));
      const states = statesOf(kernels, bytes, rows, n);
      const inverseTemperatures = new Float64Array(2 * rows).fill(1, 0, rows);
      const energies = new Float64Array(2 * rows);
      const plain = new Float64Array(rows);
      kernels.temperedFreeEnergies(createModel(kernels, model), states, rows, { inverseTemperatures, baseVisibleBias: base }, energies);
      kernels.freeEnergies(createModel(kernels, model), states, rows, plain);
      await kernels.finish();
      for (let row = 0; row < rows; row++) {
        expect(abs(energies[row] - plain[row])).toBeLessThan(1e-10);
        const product = base.reduce((sum, bias, i) => sum + bias * bytes[row * n + i], 0);
        expect(abs(energies[rows + row] + product + m * Math.LN2)).toBeLessThan(1e-12);
      }
    });
  });

  describe('draws', () => {
    const [n, m] = [9, 6];
    const model = randomModel(n, m, 80, 1.5);
    const base = Float64Array.from(normals(n, 81));
    const temperatures = [0, 0.1, 0.5, 0.9, 1];
    const each = 20_000;
    const rows = temperatures.length * each;
    // By turns, so that every group of rows has several temperatures.
    const tempering: Tempering = { inverseTemperatures: Float64Array.from({ length: rows }, (_, row) => temperatures[row % temperatures.length]), baseVisibleBias: base };
    const address = { key: { k0: 0x600dcafe, k1: 99 }, update: 3, step: 1, layer: 0, temperature: 0 };

    /** How often each unit was on at temperature number `index`. */
    function frequencies(bytes: Uint8Array, units: number, index: number): number[] {
      const counts = Array.from({ length: units }, () => 0);
      for (let row = index; row < rows; row += temperatures.length) {
        for (let unit = 0; unit < units; unit++) counts[unit] += bytes[row * units + unit];
      }
      return counts.map((count) => count / each);
    }

    /** Largest deviation of a unit's frequency from its probability, in standard errors. */
    function largestDeviation(bytes: Uint8Array, units: number, probability: (unit: number, beta: number) => number): number {
      const deviations = temperatures.flatMap((beta, index) =>
        frequencies(bytes, units, index).map((frequency, unit) => {
          const p = probability(unit, beta);
          return abs(frequency - p) / sqrt((p * (1 - p)) / each);
        }),
      );
      return max(...deviations);
    }

    test('h: on with probability sigmoid(β·x), ½ at β = 0', async () => {
      const visible = Uint8Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 0 : 1));
      const states = statesOf(kernels, Uint8Array.from({ length: rows * n }, (_, index) => visible[index % n]), rows, n);
      const hidden = kernels.createStates(rows, m);
      kernels.sampleHidden(createModel(kernels, model), states, rows, address, 0, hidden, tempering);
      await kernels.finish();
      const deviation = largestDeviation(bytesOf(hidden), m, (j, beta) => (beta === 0 ? 0.5 : logistic(beta * hiddenInput(model, visible, j))));
      expect(deviation).toBeLessThan(5);
    });

    test('v: on with probability sigmoid((1 − β)·base + β·x), sigmoid(base) at β = 0', async () => {
      const hidden = Uint8Array.from({ length: m }, (_, j) => (j % 2 === 0 ? 1 : 0));
      const states = statesOf(kernels, Uint8Array.from({ length: rows * m }, (_, index) => hidden[index % m]), rows, m);
      const visible = kernels.createStates(rows, n);
      kernels.sampleVisible(createModel(kernels, model), states, rows, address, 0, visible, tempering);
      await kernels.finish();
      const deviation = largestDeviation(bytesOf(visible), n, (i, beta) =>
        beta === 0 ? logistic(base[i]) : logistic((1 - beta) * base[i] + beta * visibleInput(model, hidden, i)),
      );
      expect(deviation).toBeLessThan(5);
    });
  });
});
