/**
 * Mean field as a training algorithm: its negative phase is the slope of its own log Z at a fixed point, and nears the exact
 * expectation for small weights as its order says; where magnetisations start, and that they persist.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import { meanFieldLogPartitionFunction } from '../../src/estimators/mean-field.js';
import { backends, loadKernels, packBinaryMatrix, type Kernels, type Matrix, type ModelParameters } from '../../src/kernels/index.js';
import type { MeanFieldOrder } from '../../src/model/mean-field.js';
import { createModel } from '../../src/model/parameters.js';
import { phaseStatistics, type PhaseStatistics } from '../../src/model/phase-statistics.js';
import { restoreTensors, saveTensors } from '../../src/sampling/saved-states.js';
import { gradientEstimator, type GradientContext, type GradientState } from '../../src/training/gradients/index.js';
import { statesOf, valuesOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as gibbs from '../reference/gibbs.js';
import { normals } from '../reference/numbers.js';

const { abs, exp, floor, log2, max } = Math;

const [n, m] = [5, 4];
const orders: readonly MeanFieldOrder[] = [1, 2, 3];
const data = [3, 17, 17, 30, 8];
const estimator = gradientEstimator('mean-field');

function randomModel(size: number): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1, size)),
    visibleBias: Float64Array.from(normals(n, 2)),
    hiddenBias: Float64Array.from(normals(m, 3)),
  };
}

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  function contextOf(parameters: ModelParameters, config: Partial<TrainingConfig>): GradientContext {
    const bytes = gibbs.unpackStates(data, n);
    return {
      kernels,
      model: createModel(kernels, parameters),
      config: { algorithm: 'mean-field', expansionOrder: 2, iterations: 3, damping: 0.5, chains: 7, chainStart: 'data', ...config } as TrainingConfig,
      examples: packBinaryMatrix(bytes, data.length, n),
      key: { k0: 77, k1: 88 },
      batch: { visible: statesOf(kernels, bytes, data.length, n), hiddenMeans: kernels.createMatrix(data.length, m) },
    };
  }

  async function estimate(context: GradientContext, state: GradientState, rows = data.length): Promise<{ positive: PhaseStatistics; negative: PhaseStatistics }> {
    const { positive, negative } = await estimator.estimate(context, state, rows, 0);
    await kernels.finish();
    return { positive: phaseStatistics(positive, n, m), negative: phaseStatistics(negative, n, m) };
  }

  /** After so many iterations that the magnetisations stand still. */
  async function converged(parameters: ModelParameters, expansionOrder: MeanFieldOrder): Promise<PhaseStatistics> {
    const context = contextOf(parameters, { expansionOrder, iterations: 100 });
    return (await estimate(context, await estimator.start(context))).negative;
  }

  test.each(orders)('order %i: at a fixed point, the negative phase is the slope of the estimated log Z', async (order) => {
    const parameters = randomModel(0.5);
    const logZ = async (changed: ModelParameters): Promise<number> =>
      (await meanFieldLogPartitionFunction(kernels, createModel(kernels, changed), order, { baseVisibleBias: new Float64Array(n), seed: 'x' })).logZ;
    const { count, products, visible, hidden } = await converged(parameters, order);
    const step = 1e-4;
    for (const [sums, tensor] of [[products, 'weights'], [visible, 'visibleBias'], [hidden, 'hiddenBias']] as const) {
      for (let index = 0; index < sums.length; index += 3) {
        const at = (change: number): Promise<number> =>
          logZ({ ...parameters, [tensor]: parameters[tensor].with(index, parameters[tensor][index] + change) });
        // Of second order in the step: an error below 1e-8.
        expect(abs(sums[index] / count - ((await at(step)) - (await at(-step))) / (2 * step))).toBeLessThan(1e-7);
      }
    }
  });

  test('half the weights: each order nears the exact expectation of v hᵀ by its own power of them', async () => {
    const errorsAt = async (size: number): Promise<number[]> => {
      const parameters = randomModel(size);
      const states = bruteForce.enumerate(parameters);
      const exact = gibbs.expectationsUnder(parameters, states, bruteForce.visibleProbabilities(states));
      return Promise.all(
        orders.map(async (order) => {
          const { count, products } = await converged(parameters, order);
          return max(...exact.products.map((value, index) => abs(products[index] / count - value)));
        }),
      );
    };
    const [large, small] = [await errorsAt(0.02), await errorsAt(0.01)];
    // The error of log Z is of the power order + 1, its slope in a weight of one less.
    orders.forEach((order, index) => expect(abs(log2(large[index] / small[index]) - order)).toBeLessThan(0.2));
  });

  test('the positive phase is the data; a smaller batch in a larger buffer: only its rows count', async () => {
    const context = contextOf(randomModel(1), {});
    const states = bruteForce.enumerate(randomModel(1));
    const few = data.slice(0, 3);
    const expected = gibbs.expectationsUnder(randomModel(1), states, Array.from({ length: 32 }, (_, v) => few.filter((value) => value === v).length / 3));
    const { positive } = await estimate(context, await estimator.start(context), 3);
    for (const statistic of ['products', 'visible', 'hidden'] as const) {
      expected[statistic].forEach((value, index) => expect(abs(positive[statistic][index] / positive.count - value)).toBeLessThan(1e-12));
    }
  });

  /** The starting magnetisations, the hidden ones checked to be E[h | v]. */
  async function startsOf(config: Partial<TrainingConfig>): Promise<Float64Array> {
    const { weights, hiddenBias, ...rest } = randomModel(1);
    const { tensors } = await estimator.start(contextOf({ weights, hiddenBias, ...rest }, config));
    expect(Object.keys(tensors)).toEqual(['visibleMagnetisations', 'hiddenMagnetisations']);
    const visible = valuesOf(tensors.visibleMagnetisations as Matrix);
    valuesOf(tensors.hiddenMagnetisations as Matrix).forEach((value, index) => {
      const [chain, j] = [floor(index / m), index % m];
      let input = hiddenBias[j];
      for (let i = 0; i < n; i++) input += visible[chain * n + i] * weights[i * m + j];
      expect(abs(value - 1 / (1 + exp(-input)))).toBeLessThan(1e-14);
    });
    return visible;
  }

  test('magnetisations start from the data, over again where there are more of them', async () => {
    expect(await startsOf({ chainStart: 'data' })).toEqual(Float64Array.from(gibbs.unpackStates([...data, 3, 17], n)));
  });

  test('magnetisations start from noise: every one 0 or 1', async () => {
    const visible = await startsOf({ chainStart: 'noise', chains: 2000 });
    expect(new Set(visible)).toEqual(new Set([0, 1]));
    // Six standard deviations of 10,000 fair coins.
    expect(abs(visible.filter((value) => value === 1).length / visible.length - 0.5)).toBeLessThan(0.03);
  });

  test.each(orders)('order %i: two updates of two iterations are one of four, also where the state was saved between them', async (expansionOrder) => {
    const once = contextOf(randomModel(1), { expansionOrder, iterations: 4 });
    const expected = await estimate(once, await estimator.start(once));
    const twice = contextOf(randomModel(1), { expansionOrder, iterations: 2 });
    const state = await estimator.start(twice);
    await estimate(twice, state);
    const saved = new Map(Object.entries(saveTensors(state.tensors)));
    expect(await estimate(twice, state)).toEqual(expected);
    const resumed = contextOf(randomModel(1), { expansionOrder, iterations: 2 });
    const restored = await estimator.start(resumed);
    restoreTensors(restored.tensors, saved);
    expect(await estimate(resumed, restored)).toEqual(expected);
  });
});
