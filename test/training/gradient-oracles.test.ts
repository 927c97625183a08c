/**
 * The gradient estimators against exact gradients: the exact one against the definition and against central differences
 * of the exact log-likelihood (both in extended precision); CD-k and SML against the exact expectation of their
 * samples, within bounds that fail a right estimator with a probability of 1e-9. Fixed seeds, nothing retried.
 */

import { beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import {
  backends,
  packBinaryMatrix,
  type Kernels,
  type ModelParameters,
  type PhaseStatistics,
} from '../../src/kernels/index.js';
import { createPhaseStatistics } from '../../src/model/phase-statistics.js';
import { createChains } from '../../src/sampling/gibbs.js';
import { gradientEstimator, type GradientContext } from '../../src/training/gradients/index.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import * as gibbs from '../reference/gibbs.js';
import { normals, uniforms } from '../reference/numbers.js';

function randomModel(n: number, m: number, size = 1): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1, size)),
    visibleBias: Float64Array.from(normals(n, 2, size)),
    hiddenBias: Float64Array.from(normals(m, 3, size)),
  };
}

function createContext(
  kernels: Kernels,
  parameters: ModelParameters,
  data: readonly number[],
  config: Partial<TrainingConfig>,
): GradientContext {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const visible = gibbs.unpackStates(data, n);
  return {
    kernels,
    parameters,
    config: {
      algorithm: 'cd',
      batchSize: data.length,
      order: 'stored',
      learningRate: 1,
      momentum: 0,
      weightDecay: { l1: 0, l2: 0 },
      ...config,
    },
    examples: packBinaryMatrix(visible, data.length, n),
    key: { k0: 77, k1: 88 },
    batch: createChains(parameters, data.length, visible.slice()),
    positive: createPhaseStatistics(n, m),
    negative: createPhaseStatistics(n, m),
  };
}

const tensors = [
  ['products', 'weights'],
  ['visible', 'visibleBias'],
  ['hidden', 'hiddenBias'],
] as const;

/** Largest difference between the statistics' means and expectations. */
function largestError(
  statistics: PhaseStatistics,
  expected: { products: readonly number[]; visible: readonly number[]; hidden: readonly number[] },
): number {
  const errors = tensors.flatMap(([name]) =>
    Array.from(statistics[name], (value, index) => Math.abs(value / statistics.count - expected[name][index])),
  );
  expect(errors.length).toBe(expected.products.length + expected.visible.length + expected.hidden.length);
  return Math.max(...errors);
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await backend.load();
  });

  describe('exact gradient', () => {
    test.each([
      [3, 2, 1],
      [2, 3, 1],
      [1, 1, 2],
      [3, 3, 0.01],
      [3, 2, 15],
    ])('%i × %i, parameters of size %p: definition and central differences', (n, m, size) => {
      const model = randomModel(n, m, size);
      const data = uniforms(7, 4).map((u) => Math.floor(u * 2 ** n));
      const context = createContext(kernels, model, data, { algorithm: 'exact' });
      const estimator = gradientEstimator('exact');
      estimator.estimate(context, estimator.start(context), data.length, 0);

      const byDefinition = bruteForce.gradient(model, data);
      const byDifferences = bruteForce.gradientByCentralDifferences(model, data);
      const { positive, negative } = context;
      for (const [statistic, tensor] of tensors) {
        expect(byDifferences[tensor].length).toBe(positive[statistic].length);
        positive[statistic].forEach((sum, index) => {
          const gradient = sum / positive.count - negative[statistic][index] / negative.count;
          expect(Math.abs(gradient - ep.toNumber(byDefinition[tensor][index]))).toBeLessThan(1e-12);
          expect(Math.abs(gradient - ep.toNumber(byDifferences[tensor][index]))).toBeLessThan(1e-12);
        });
      }
    });

    test('a smaller batch in a larger buffer: only its rows count', () => {
      const model = randomModel(3, 2);
      const estimator = gradientEstimator('exact');
      const whole = createContext(kernels, model, [1, 5, 7, 2, 2, 6], { algorithm: 'exact' });
      const part = createContext(kernels, model, [1, 5, 7, 2], { algorithm: 'exact' });
      estimator.estimate(whole, estimator.start(whole), 4, 0);
      estimator.estimate(part, estimator.start(part), 4, 0);
      expect(whole.positive).toEqual(part.positive);
      expect(whole.negative).toEqual(part.negative);
    });
  });

  describe('sampling estimators', () => {
    const model = randomModel(5, 4);
    const states = bruteForce.enumerate(model);
    const transition = gibbs.transitionMatrix(states);
    const modelDistribution = bruteForce.visibleProbabilities(states);
    const count = 20_000;
    const bound = gibbs.meanBound(5 * 4 + 5 + 4, count);
    /** Data unlike the model: three patterns. */
    const dataDistribution = modelDistribution.map((_, state) => (state === 3 ? 0.5 : state === 12 || state === 31 ? 0.25 : 0));
    const data = gibbs.sampleDistribution(dataDistribution, uniforms(count, 5));
    const empirical = dataDistribution.map((_, state) => data.filter((value) => value === state).length / count);

    test.each([1, 2, 5])('CD-%i: positive phase of the data, negative phase k steps from it', (k) => {
      const context = createContext(kernels, model, data, { algorithm: 'cd', k });
      const estimator = gradientEstimator('cd');
      estimator.estimate(context, estimator.start(context), count, 4);
      expect(largestError(context.positive, gibbs.expectationsUnder(model, states, empirical))).toBeLessThan(1e-11);
      const expectation = (steps: number) =>
        gibbs.expectationsUnder(model, states, gibbs.afterSteps(transition, empirical, steps));
      expect(largestError(context.negative, expectation(k))).toBeLessThan(bound);
      // The bound has power: it tells k steps from none, and two or more from one.
      expect(largestError(context.negative, expectation(Math.min(k - 1, 1)))).toBeGreaterThan(bound);
    });

    test('SML: chains that start at p(v) give the gradient of the log-likelihood without bias', () => {
      const few = data.slice(0, 50);
      const context = createContext(kernels, model, few, { algorithm: 'sml', k: 3, chains: count, chainStart: 'noise' });
      const equilibrium = gibbs.sampleDistribution(modelDistribution, uniforms(count, 6));
      const estimator = gradientEstimator('sml');
      const state = estimator.start(context);
      state.tensors.chains.values.set(gibbs.unpackStates(equilibrium, 5));
      const expected = gibbs.expectationsUnder(model, states, modelDistribution);
      for (let update = 0; update < 3; update++) {
        context.batch.visible.set(gibbs.unpackStates(few, 5));
        estimator.estimate(context, state, few.length, update);
        expect([context.positive.count, context.negative.count]).toEqual([few.length, count]);
        expect(largestError(context.negative, expected)).toBeLessThan(bound);
      }
    });

    test('SML: chains go on from where they stood, update after update', () => {
      const config = { algorithm: 'sml', k: 1, chains: count, chainStart: 'data' };
      const context = createContext(kernels, model, data, config);
      const estimator = gradientEstimator('sml');
      const state = estimator.start(context);
      for (let update = 0; update < 3; update++) {
        context.batch.visible.set(gibbs.unpackStates(data, 5));
        estimator.estimate(context, state, count, update);
        const distribution = gibbs.afterSteps(transition, empirical, update + 1);
        expect(largestError(context.negative, gibbs.expectationsUnder(model, states, distribution))).toBeLessThan(bound);
        const chains = gibbs.packStates(state.tensors.chains.values as Uint8Array, 5);
        // The starts are the data themselves, so only the steps are random; the bound for random starts holds all the more.
        expect(gibbs.totalVariation(chains, distribution)).toBeLessThan(gibbs.totalVariationBound(distribution, count));
      }
    });

    test('SML: chains that start from noise are uniform, those from data the first examples, repeated', () => {
      const estimator = gradientEstimator('sml');
      const noise = createContext(kernels, model, data, { algorithm: 'sml', k: 1, chains: count, chainStart: 'noise' });
      const uniform = modelDistribution.map(() => 1 / 32);
      const chains = (context: GradientContext) =>
        gibbs.packStates(estimator.start(context).tensors.chains.values as Uint8Array, 5);
      expect(gibbs.totalVariation(chains(noise), uniform)).toBeLessThan(gibbs.totalVariationBound(uniform, count));
      const fromData = createContext(kernels, model, [4, 9, 30], { algorithm: 'sml', k: 1, chains: 7, chainStart: 'data' });
      expect(chains(fromData)).toEqual([4, 9, 30, 4, 9, 30, 4]);
    });

    test('SML: a state that was stored and read back continues with the same bits', () => {
      const config = { algorithm: 'sml', k: 2, chains: 30, chainStart: 'noise' };
      const few = data.slice(0, 10);
      const estimator = gradientEstimator('sml');
      const straight = createContext(kernels, model, few, config);
      const state = estimator.start(straight);
      estimator.estimate(straight, state, 10, 0);
      const stored = state.tensors.chains.values.slice();
      const resumed = createContext(kernels, model, few, config);
      const restored = estimator.start(resumed);
      restored.tensors.chains.values.set(stored);
      straight.batch.visible.set(gibbs.unpackStates(few, 5));
      estimator.estimate(straight, state, 10, 1);
      estimator.estimate(resumed, restored, 10, 1);
      expect(resumed.negative).toEqual(straight.negative);
      expect(restored.tensors).toEqual(state.tensors);
    });
  });
});
