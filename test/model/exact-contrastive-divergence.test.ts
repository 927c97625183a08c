/**
 * The exact expectation of CD-k: against an explicit transition matrix from extended precision, against the average of many
 * sampled gradients of the algorithm itself, and against what Gibbs sampling must do (stay where it is in equilibrium, and come there).
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { loadKernels, packBinaryMatrix, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { plainLogPartitionFunction } from '../../src/estimators/exact-log-partition-function.js';
import {
  afterGibbsSteps,
  contrastiveDivergenceMoments,
  empiricalDistribution,
  momentsUnder,
  propagationCost,
  visibleDistribution,
} from '../../src/model/exact-contrastive-divergence.js';
import { exactMoments } from '../../src/model/exact-moments.js';
import { createModel } from '../../src/model/parameters.js';
import { momentsOf } from '../../src/model/phase-statistics.js';
import { streamKey } from '../../src/random/index.js';
import { gradientEstimator, type GradientContext } from '../../src/training/gradients/index.js';
import { statesOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as gibbs from '../reference/gibbs.js';
import { normals, uniforms } from '../reference/numbers.js';

const { abs, sqrt, floor, log, max } = Math;

function randomModel(n: number, m: number, size = 1): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 11 + n, size)),
    visibleBias: Float64Array.from(normals(n, 12 + m, size)),
    hiddenBias: Float64Array.from(normals(m, 13, size)),
  };
}

/** Some states of n units, with repetitions. */
function someStates(n: number, count: number): number[] {
  return uniforms(count, 40 + n).map((u) => floor(u * u * 2 ** n));
}

function distributionOf(states: readonly number[], n: number): Float64Array {
  return empiricalDistribution(packBinaryMatrix(gibbs.unpackStates(states, n), states.length, n));
}

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let index = 0; index < actual.length; index++) largest = max(largest, abs(actual[index] - expected[index]));
  return largest;
}

const statistics = ['products', 'visible', 'hidden'] as const;

test('the distribution of examples: bit i of a state is unit i', () => {
  const shares = distributionOf([5, 1, 5, 0], 3);
  expect([...shares]).toEqual([0.25, 0.25, 0, 0, 0, 0.5, 0, 0]);
});

describe('against an explicit transition matrix', () => {
  test.each([
    [3, 2, 1, 1],
    [1, 1, 3, 2],
    [4, 5, 2, 1],
    [5, 1, 4, 1],
    [6, 5, 2, 1],
    [4, 3, 3, 12],
  ])('%i × %i, k = %i, parameters of size %i', async (n, m, k, size) => {
    const model = randomModel(n, m, size);
    const states = bruteForce.enumerate(model);
    const data = distributionOf(someStates(n, 6), n);
    const expected = gibbs.afterSteps(gibbs.transitionMatrix(states), [...data], k);
    expect(largestDifference(await afterGibbsSteps(model, data, k), expected)).toBeLessThan(1e-14);
    const moments = await contrastiveDivergenceMoments(model, data, k);
    const expectedMoments = gibbs.expectationsUnder(model, states, expected);
    for (const statistic of statistics) expect(largestDifference(moments[statistic], expectedMoments[statistic])).toBeLessThan(1e-13);
  });
});

describe('equilibrium', () => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels('reference');
  });
  afterAll(() => kernels.close());

  test.each([
    [7, 5],
    [5, 7],
    [12, 4],
  ])('%i × %i: the model’s distribution stays, with the moments of the exact gradient; others come to it', async (n, m) => {
    const model = randomModel(n, m, 0.7);
    const logPartitionFunction = await plainLogPartitionFunction(kernels, model);
    const stationary = await visibleDistribution(model, logPartitionFunction);
    expect(abs(stationary.reduce((sum, p) => sum + p, 0) - 1)).toBeLessThan(1e-12);
    expect(largestDifference(await afterGibbsSteps(model, stationary, 3), stationary)).toBeLessThan(1e-14);
    const exact = await exactMoments(kernels, model, logPartitionFunction);
    const [atRest, afterFew, afterMany] = [
      await momentsUnder(model, stationary),
      await contrastiveDivergenceMoments(model, distributionOf([0, 3], n), 2),
      await contrastiveDivergenceMoments(model, distributionOf([0, 3], n), 300),
    ];
    for (const statistic of statistics) {
      expect(largestDifference(atRest[statistic], exact[statistic])).toBeLessThan(1e-12);
      expect(largestDifference(afterMany[statistic], exact[statistic])).toBeLessThan(1e-11);
    }
    expect(largestDifference(afterFew.products, exact.products)).toBeGreaterThan(1e-3);
  });

  test('it gives way to others, and what they throw ends it', async () => {
    const model = randomModel(12, 11);
    const data = new Float64Array(4096).fill(1 / 4096);
    let pauses = 0;
    const pause = async (): Promise<void> => {
      pauses++;
      if (pauses > 2) throw new Error('enough');
    };
    await expect(contrastiveDivergenceMoments(model, data, 1, { pause })).rejects.toThrow('enough');
  });

  test('what it costs: nothing is promised of other units or of large layers', () => {
    expect(propagationCost({ visibleUnits: 9, hiddenUnits: 8 }, 1)).toBeLessThan(2 ** 20);
    expect(propagationCost({ visibleUnits: 9, hiddenUnits: 8 }, 2)).toBeGreaterThan(propagationCost({ visibleUnits: 9, hiddenUnits: 8 }, 1));
    expect(propagationCost({ visibleUnits: 784, hiddenUnits: 8 }, 1)).toBe(Infinity);
    expect(propagationCost({ visibleUnits: 8, hiddenUnits: 500 }, 1)).toBe(Infinity);
    expect(propagationCost({ visibleUnits: 4, hiddenUnits: 3, visibleLayer: { kind: 'gaussian' } }, 1)).toBe(Infinity);
  });
});

describe('the average of many sampled CD-k gradients', () => {
  /** Independent updates of every case, each of so many chains for every example. */
  const updates = 100;
  const copies = 40;
  /** z² of every component of every case. */
  const squares: number[] = [];
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels();
  });
  afterAll(() => kernels.close());

  /** Means and standard errors of the gradient's components over independent updates of the real algorithm. */
  async function sampledGradient(model: ModelParameters, data: readonly number[], k: number) {
    const { visibleUnits: n, hiddenUnits: m } = model;
    const rows = data.length * copies;
    const bytes = gibbs.unpackStates(Array.from({ length: rows }, (_, row) => data[row % data.length]), n);
    const context: GradientContext = {
      kernels,
      model: createModel(kernels, model),
      config: { algorithm: 'cd', k, batchSize: rows, order: 'stored', learningRate: 1, momentum: 0, weightDecay: { l1: 0, l2: 0 } },
      examples: packBinaryMatrix(bytes, rows, n),
      key: streamKey('exact-cd', `${n} ${m} ${k}`),
      batch: { visible: statesOf(kernels, bytes, rows, n), hiddenMeans: kernels.createMatrix(rows, m) },
    };
    const estimator = gradientEstimator('cd');
    const state = await estimator.start(context);
    const gradient = kernels.createModel(n, m);
    const size = n * m + n + m;
    const [sum, sumOfSquares] = [new Float64Array(size), new Float64Array(size)];
    for (let update = 0; update < updates; update++) {
      const { positive, negative } = await estimator.estimate(context, state, rows, update);
      kernels.accumulateGradient(gradient, positive, negative, { scale: 1, decay: 0 });
      await kernels.finish();
      const moments = momentsOf(gradient);
      let index = 0;
      for (const statistic of statistics) {
        for (const value of moments[statistic]) {
          sum[index] += value;
          sumOfSquares[index++] += value * value;
        }
      }
    }
    const mean = sum.map((value) => value / updates);
    return { mean, error: sumOfSquares.map((square, index) => sqrt((square / updates - mean[index] * mean[index]) / (updates - 1))) };
  }

  test.each([
    [3, 2, 1, 0],
    [3, 2, 2, 1],
    [3, 2, 5, 1],
    [6, 5, 1, 0],
    [6, 5, 2, 1],
    [6, 5, 5, 2],
    [12, 4, 1, 0],
    [12, 4, 2, 1],
    [12, 4, 5, 2],
  ])('%i × %i, k = %i: within Monte Carlo error, which tells it from k = %i', async (n, m, k, other) => {
    // Of much larger weights some component changes in rare events only, and its error would not be told by its sample variance.
    const model = randomModel(n, m);
    const data = someStates(n, 8);
    const distribution = distributionOf(data, n);
    const positive = await momentsUnder(model, distribution);
    const negative = await contrastiveDivergenceMoments(model, distribution, k);
    const expected = statistics.flatMap((statistic) => Array.from(positive[statistic], (value, index) => value - negative[statistic][index]));
    const { mean, error } = await sampledGradient(model, data, k);
    const scores = expected.map((value, index) => (mean[index] - value) / error[index]);
    squares.push(...scores.map((z) => z * z));
    // Bonferroni, normal: P(|z| > x) ≤ exp(−x²/2), and 1e-6 for all components; Student's t of 99 degrees asks for some 15 % more.
    const bound = 1.15 * sqrt(2 * log(scores.length / 1e-6));
    expect(max(...scores.map(abs))).toBeLessThan(bound);
    const fewer = await contrastiveDivergenceMoments(model, distribution, other);
    const others = statistics.flatMap((statistic) => Array.from(positive[statistic], (value, index) => value - fewer[statistic][index]));
    expect(max(...others.map((value, index) => abs(mean[index] - value) / error[index]))).toBeGreaterThan(bound);
  });

  test('errors are as large as their standard errors say, no smaller and no larger', () => {
    // Components of one case depend on each other: nine cases of at least three independent directions each, E z² = 1, var z² = 2.
    expect(squares.length).toBe(3 * (3 * 2 + 3 + 2 + 6 * 5 + 6 + 5 + 12 * 4 + 12 + 4));
    const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
    expect(abs(mean - 1)).toBeLessThan(4 * sqrt(2 / 27));
  });
});
