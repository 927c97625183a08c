/**
 * The gradient estimators against exact gradients: the exact one against the definition and against central differences
 * of the exact log-likelihood (both in extended precision); CD-k and SML against the exact expectation of their
 * samples, within bounds that fail a right estimator with a probability of 1e-9. Fixed seeds, nothing retried.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import {
  backends,
  loadKernels,
  packBinaryMatrix,
  type Kernels,
  type ModelParameters,
} from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import { phaseStatistics, type PhaseStatistics } from '../../src/model/phase-statistics.js';
import { gradientEstimator, type GradientContext, type GradientState } from '../../src/training/gradients/index.js';
import { binary, bytesOf, statesOf } from '../kernels/support.js';
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
    model: createModel(kernels, parameters),
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
    batch: { visible: statesOf(kernels, visible, data.length, n), hiddenMeans: kernels.createMatrix(data.length, m) },
  };
}

/** Statistics of both phases of an estimate, after the kernels have finished. */
async function estimate(
  context: GradientContext,
  state: GradientState,
  rows: number,
  update: number,
): Promise<{ positive: PhaseStatistics; negative: PhaseStatistics }> {
  const { kernels, config, model } = context;
  const phases = await gradientEstimator(config.algorithm).estimate(context, state, rows, update);
  await kernels.finish();
  const { visibleUnits: n, hiddenUnits: m } = model;
  return { positive: phaseStatistics(phases.positive, n, m), negative: phaseStatistics(phases.negative, n, m) };
}

/** The state before the first update. */
async function start(context: GradientContext): Promise<GradientState> {
  return gradientEstimator(context.config.algorithm).start(context);
}

/** Binary states as numbers, one for each row. */
function packed(states: object): number[] {
  return gibbs.packStates(bytesOf(states), binary(states).columns);
}

/** Sets binary states of the kernels to numbers, one for each row. */
function setStates(states: object, numbers: readonly number[]): void {
  const { words, rows, columns } = binary(states);
  words.set(packBinaryMatrix(gibbs.unpackStates(numbers, columns), rows, columns).words);
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

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  describe('exact gradient', () => {
    test.each([
      [3, 2, 1],
      [2, 3, 1],
      [1, 1, 2],
      [3, 3, 0.01],
      [3, 2, 15],
    ])('%i × %i, parameters of size %p: definition and central differences', async (n, m, size) => {
      const model = randomModel(n, m, size);
      const data = uniforms(7, 4).map((u) => Math.floor(u * 2 ** n));
      const context = createContext(kernels, model, data, { algorithm: 'exact' });
      const { positive, negative } = await estimate(context, await start(context), data.length, 0);

      const byDefinition = bruteForce.gradient(model, data);
      const byDifferences = bruteForce.gradientByCentralDifferences(model, data);
      for (const [statistic, tensor] of tensors) {
        expect(byDifferences[tensor].length).toBe(positive[statistic].length);
        positive[statistic].forEach((sum, index) => {
          const gradient = sum / positive.count - negative[statistic][index] / negative.count;
          expect(Math.abs(gradient - ep.toNumber(byDefinition[tensor][index]))).toBeLessThan(1e-12);
          expect(Math.abs(gradient - ep.toNumber(byDifferences[tensor][index]))).toBeLessThan(1e-12);
        });
      }
    });

    test('a smaller batch in a larger buffer: only its rows count', async () => {
      const model = randomModel(3, 2);
      const whole = createContext(kernels, model, [1, 5, 7, 2, 2, 6], { algorithm: 'exact' });
      const part = createContext(kernels, model, [1, 5, 7, 2], { algorithm: 'exact' });
      const ofWhole = await estimate(whole, await start(whole), 4, 0);
      const ofPart = await estimate(part, await start(part), 4, 0);
      expect(ofWhole.positive).toEqual(ofPart.positive);
      expect(ofWhole.negative).toEqual(ofPart.negative);
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

    /** Probabilities of the pairs 16·v + h, with v from a distribution and h from p(h | v). */
    const withHidden = (distribution: readonly number[]): number[] =>
      distribution.flatMap((p, visible) =>
        states.joint[visible].map((value) => p * ep.toNumber(ep.divide(value, states.visibleTotals[visible]))),
      );
    const pairsOf = ({ tensors: { visibleChains, hiddenChains } }: GradientState): number[] => {
      const hidden = packed(hiddenChains);
      return packed(visibleChains).map((visible, chain) => 16 * visible + hidden[chain]);
    };

    test.each([1, 2, 5])('CD-%i: positive phase of the data, negative phase k steps from it', async (k) => {
      const context = createContext(kernels, model, data, { algorithm: 'cd', k });
      const { positive, negative } = await estimate(context, await start(context), count, 4);
      expect(largestError(positive, gibbs.expectationsUnder(model, states, empirical))).toBeLessThan(1e-11);
      const expectation = (steps: number) =>
        gibbs.expectationsUnder(model, states, gibbs.afterSteps(transition, empirical, steps));
      expect(largestError(negative, expectation(k))).toBeLessThan(bound);
      // The bound has power: it tells k steps from none, and two or more from one.
      expect(largestError(negative, expectation(Math.min(k - 1, 1)))).toBeGreaterThan(bound);
    });

    test('CD: a smaller batch in a larger buffer: only its rows count', async () => {
      const whole = createContext(kernels, model, data.slice(0, 9), { algorithm: 'cd', k: 2 });
      const part = createContext(kernels, model, data.slice(0, 6), { algorithm: 'cd', k: 2 });
      expect(await estimate(whole, await start(whole), 6, 0)).toEqual(await estimate(part, await start(part), 6, 0));
    });

    test('SML: chains that start at p(h) give the gradient of the log-likelihood without bias', async () => {
      const few = data.slice(0, 50);
      const context = createContext(kernels, model, few, { algorithm: 'sml', k: 3, chains: count, chainStart: 'noise' });
      const hiddenDistribution = states.hiddenTotals.map((value) => ep.toNumber(ep.divide(value, states.partitionFunction)));
      const state = await start(context);
      setStates(state.tensors.hiddenChains, gibbs.sampleDistribution(hiddenDistribution, uniforms(count, 6)));
      const expected = gibbs.expectationsUnder(model, states, modelDistribution);
      const joint = withHidden(modelDistribution);
      for (let update = 0; update < 3; update++) {
        const { positive, negative } = await estimate(context, state, few.length, update);
        expect([positive.count, negative.count]).toEqual([few.length, count]);
        expect(largestError(negative, expected)).toBeLessThan(bound);
        expect(gibbs.totalVariation(pairsOf(state), joint)).toBeLessThan(gibbs.totalVariationBound(joint, count));
      }
    });

    test.each([1, 2])('SML: chains go on from where they stood, k = %i steps in every update', async (k) => {
      const config = { algorithm: 'sml', k, chains: count, chainStart: 'data' };
      const context = createContext(kernels, model, data, config);
      const state = await start(context);
      for (let update = 0; update < 3; update++) {
        const { positive, negative } = await estimate(context, state, count, update);
        expect(largestError(positive, gibbs.expectationsUnder(model, states, empirical))).toBeLessThan(1e-11);
        const distribution = gibbs.afterSteps(transition, empirical, k * (update + 1));
        expect(largestError(negative, gibbs.expectationsUnder(model, states, distribution))).toBeLessThan(bound);
        // The starts are the data themselves, so only the steps are random; the bound for random starts holds all the more.
        expect(gibbs.totalVariation(packed(state.tensors.visibleChains), distribution)).toBeLessThan(gibbs.totalVariationBound(distribution, count));
        const joint = withHidden(distribution);
        expect(gibbs.totalVariation(pairsOf(state), joint)).toBeLessThan(gibbs.totalVariationBound(joint, count));
      }
    });

    test('SML: chains that start from noise are uniform, those from data the first examples, repeated; h is from p(h | v)', async () => {
      const noise = createContext(kernels, model, data, { algorithm: 'sml', k: 1, chains: count, chainStart: 'noise' });
      const uniform = modelDistribution.map(() => 1 / 32);
      const fromNoise = await start(noise);
      expect(gibbs.totalVariation(packed(fromNoise.tensors.visibleChains), uniform)).toBeLessThan(gibbs.totalVariationBound(uniform, count));
      const joint = withHidden(uniform);
      expect(gibbs.totalVariation(pairsOf(fromNoise), joint)).toBeLessThan(gibbs.totalVariationBound(joint, count));

      const few = createContext(kernels, model, [4, 9, 30], { algorithm: 'sml', k: 1, chains: 7, chainStart: 'data' });
      expect(packed((await start(few)).tensors.visibleChains)).toEqual([4, 9, 30, 4, 9, 30, 4]);
      const many = createContext(kernels, model, [4, 9, 30], { algorithm: 'sml', k: 1, chains: count, chainStart: 'data' });
      const examples = modelDistribution.map((_, visible) => ([4, 9].includes(visible) ? 6667 : visible === 30 ? 6666 : 0) / count);
      const pairs = withHidden(examples);
      expect(gibbs.totalVariation(pairsOf(await start(many)), pairs)).toBeLessThan(gibbs.totalVariationBound(pairs, count));
    });

    test('SML: a state that was stored and read back continues with the same bits', async () => {
      const config = { algorithm: 'sml', k: 2, chains: 30, chainStart: 'noise' };
      const few = data.slice(0, 10);
      const straight = createContext(kernels, model, few, config);
      const state = await start(straight);
      await estimate(straight, state, 10, 0);
      const stored = Object.entries(state.tensors).map(([tensor, matrix]) => [tensor, packed(matrix)] as const);
      expect(stored.map(([tensor]) => tensor).toSorted()).toEqual(['hiddenChains', 'visibleChains']);
      const resumed = createContext(kernels, model, few, config);
      const restored = await start(resumed);
      for (const [tensor, numbers] of stored) setStates(restored.tensors[tensor], numbers);
      const expected = await estimate(straight, state, 10, 1);
      expect((await estimate(resumed, restored, 10, 1)).negative).toEqual(expected.negative);
      for (const [tensor, matrix] of Object.entries(state.tensors)) expect(packed(restored.tensors[tensor])).toEqual(packed(matrix));
    });
  });
});
