/**
 * log Z by mean field against the exact one: the errors shrink as the expansion says, the first order is a lower bound, and
 * what is said of the result.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { meanFieldLogPartitionFunction } from '../../src/estimators/mean-field.js';
import { backends, loadKernels, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import type { MeanFieldOrder } from '../../src/model/mean-field.js';
import { createModel } from '../../src/model/parameters.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { normals } from '../reference/numbers.js';

const { abs, log } = Math;

const orders: readonly MeanFieldOrder[] = [1, 2, 3];

function randomModel(n: number, m: number, size: number, seed = 1): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, size)),
    visibleBias: Float64Array.from(normals(n, seed + 1)),
    hiddenBias: Float64Array.from(normals(m, seed + 2)),
  };
}

/** Two modes, all units on and all units off; log of the ratio of their weights is six times `preference`. */
function twoModes(size: number, preference = 0): ModelParameters {
  const [n, m] = [6, 4];
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: new Float64Array(n * m).fill(size),
    visibleBias: new Float64Array(n).fill((-m * size) / 2 + preference),
    hiddenBias: new Float64Array(m).fill((-n * size) / 2),
  };
}

const exactLogZ = (model: ModelParameters): number => ep.toNumber(bruteForce.logPartitionFunction(model));

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  // A base rate off the middle, which is the saddle between two equal modes.
  const estimate = (model: ModelParameters, order: MeanFieldOrder) =>
    meanFieldLogPartitionFunction(kernels, createModel(kernels, model), order, { baseVisibleBias: new Float64Array(model.visibleUnits).fill(1), seed: 'test' });

  test.each([1, 2, 3])('seed %i: the errors are of the second, third and fourth power of the weights', async (seed) => {
    const errorsAt = async (size: number): Promise<number[]> => {
      const model = randomModel(5, 4, size, seed);
      const exact = exactLogZ(model);
      return Promise.all(orders.map(async (order) => abs((await estimate(model, order)).logZ - exact)));
    };
    const [large, small] = [await errorsAt(0.02), await errorsAt(0.01)];
    orders.forEach((order, index) => {
      // Half the weights: 2^(order + 1) times smaller, but for terms of the next power.
      const power = log(large[index] / small[index]) / log(2);
      expect(abs(power - (order + 1))).toBeLessThan(0.2);
    });
    expect(small[2]).toBeLessThan(small[1]);
    expect(small[1]).toBeLessThan(small[0]);
  });

  test.each([0.1, 1, 3, 10])('weights of size %p: the first order is a lower bound', async (size) => {
    for (const seed of [1, 2, 3]) {
      const model = randomModel(6, 4, size, seed);
      const result = await estimate(model, 1);
      expect(result.logZ).toBeLessThan(exactLogZ(model) + 1e-10);
      expect(result).toMatchObject({ bound: 'lower', exact: false, verdict: { status: 'approximation' } });
      expect(result.interval).toBeUndefined();
    }
  });

  test('independent units: every order is exact', async () => {
    const model = randomModel(6, 4, 0);
    for (const order of orders) expect(abs((await estimate(model, order)).logZ - exactLogZ(model))).toBeLessThan(1e-12);
  });

  test('two modes are two fixed points, of which one counts: log 2 is missing', async () => {
    const model = twoModes(4);
    const { logZ, evidence, verdict } = await estimate(model, 2);
    // Starts near the border between the modes may run in circles.
    expect(evidence.converged).toBeGreaterThan(90);
    expect(evidence.fixedPoints).toBe(2);
    expect(abs(exactLogZ(model) - log(2) - logZ)).toBeLessThan(1e-3);
    expect(verdict.status).toBe('approximation');
  });

  test.each([-1.5, 1.5])('of two modes the heavier one counts, preference %p', async (preference) => {
    const model = twoModes(4, preference);
    const { logZ, evidence } = await estimate(model, 2);
    expect(evidence.fixedPoints).toBe(2);
    expect(abs(exactLogZ(model) - logZ)).toBeLessThan(1e-2);
  });

  test('no start that converges is not to be trusted', async () => {
    const model = randomModel(8, 6, 12);
    const { evidence, verdict } = await estimate(model, 3);
    expect(evidence.converged).toBe(0);
    expect(verdict.status).toBe('not to be trusted');
    expect(verdict.reasons[0]).toContain('converged');
  });
});
