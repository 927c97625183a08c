/**
 * Tempered SML: the gradient against the exact one, the ladder, what is saved, what is shown. The chains themselves are
 * checked in test/sampling/tempered-training.test.ts.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import { backends, loadKernels, packBinaryMatrix, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { logOdds } from '../../src/model/marginal-bias.js';
import { createModel, createParameters, getParameters } from '../../src/model/parameters.js';
import { phaseStatistics } from '../../src/model/phase-statistics.js';
import { temperedStochasticMaximumLikelihood as estimator } from '../../src/training/gradients/tempered-stochastic-maximum-likelihood.js';
import type { GradientContext } from '../../src/training/gradients/index.js';
import { gradientDemand } from '../../src/run/memory.js';
import { Trainer } from '../../src/training/trainer.js';
import { statesOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as gibbs from '../reference/gibbs.js';
import { integers, normals } from '../reference/numbers.js';

/** Threads start from the built files. */
const built = new URL('../../dist/kernels/index.js', import.meta.url).href;

const [n, m] = [6, 3];

/** All units on, or all off, with hardly anything between: Gibbs chains do not cross. */
const twoModes: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, 1, 0.2), (value) => 4 + value),
  visibleBias: Float64Array.from(normals(n, 2, 0.3), (value) => value - (4 * m) / 2),
  hiddenBias: Float64Array.from(normals(m, 3, 0.3), (value) => value - (4 * n) / 2),
};

const small: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, 4)),
  visibleBias: Float64Array.from(normals(n, 5)),
  hiddenBias: Float64Array.from(normals(m, 6)),
};

const examples = packBinaryMatrix(Uint8Array.from(integers(10 * n, 7), (value) => value & 1), 10, n);

function trainingConfig(config: Partial<TrainingConfig> = {}): TrainingConfig {
  return {
    algorithm: 'tempered-sml',
    k: 1,
    chains: 5,
    chainStart: 'data',
    rungs: 6,
    ladder: 'even',
    baseRate: 'uniform',
    batchSize: 4,
    order: 'shuffled',
    learningRate: 0.1,
    momentum: 0.5,
    weightDecay: { l1: 0, l2: 0 },
    ...config,
  };
}

function createContext(kernels: Kernels, parameters: ModelParameters, config: Partial<TrainingConfig>): GradientContext {
  return {
    kernels,
    model: createModel(kernels, parameters),
    config: trainingConfig(config),
    examples,
    key: { k0: 77, k1: 88 },
    batch: { visible: statesOf(kernels, new Uint8Array(4 * n), 4, n), hiddenMeans: kernels.createMatrix(4, m) },
  };
}

async function trained(kernels: Kernels, config: Partial<TrainingConfig>, updates: number, parameters = small): Promise<Trainer> {
  const trainer = await Trainer.create(kernels, trainingConfig(config), parameters, { states: examples }, 'seed');
  for (let update = 0; update < updates; update++) await trainer.step();
  return trainer;
}

/** Everything that a checkpoint has of a trainer. */
function stateOf(trainer: Trainer) {
  return { parameters: getParameters(trainer.model), velocity: trainer.velocity && getParameters(trainer.velocity), tensors: trainer.gradientTensors() };
}

const ladderOf = (trainer: Trainer): number[] => [...trainer.gradientTensors().ladder.values];

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  test.each([['uniform', 'noise'], ['data', 'data']])('base rate %s: the gradient of two modes is unbiased once the chains, from %s, have mixed', async (baseRate, chainStart) => {
    const chains = 1000;
    const context = createContext(kernels, twoModes, { chains, rungs: 8, baseRate, chainStart });
    const states = bruteForce.enumerate(twoModes);
    const expected = gibbs.expectationsUnder(twoModes, states, bruteForce.visibleProbabilities(states));
    const state = await estimator.start(context);
    const errorAfter = async (update: number): Promise<number> => {
      const { negative } = await estimator.estimate(context, state, 4, update);
      await kernels.finish();
      const statistics = phaseStatistics(negative, n, m);
      expect(statistics.count).toBe(chains);
      return Math.max(
        ...(['visible', 'hidden', 'products'] as const).flatMap((part) => Array.from(statistics[part], (sum, index) => Math.abs(sum / chains - expected[part][index]))),
      );
    };
    const bound = gibbs.meanBound(n + m + n * m, chains);
    // Not from the start: the bound tells chains that have mixed from others.
    expect(await errorAfter(0)).toBeGreaterThan(bound);
    for (let update = 1; update < 60; update++) await errorAfter(update);
    // After swaps of even and of odd neighbours.
    expect(await errorAfter(60)).toBeLessThan(bound);
    expect(await errorAfter(61)).toBeLessThan(bound);
  });

  test.each(['even', 'adaptive'])('ladder %s: a run that was interrupted is the same as one that was not', async (ladder) => {
    const config = { ladder, chains: 3 };
    const whole = await trained(kernels, config, 998);
    const saved: (ReturnType<typeof stateOf> & { at: number })[] = [];
    while (whole.update < 1010) {
      await whole.step();
      saved.push({ at: whole.update, ...stateOf(whole) });
    }
    // Before and after the ladder is laid anew, which is due at update 1000.
    for (const { at, parameters, velocity, tensors } of saved.slice(0, 3)) {
      const resumed = await trained(kernels, config, 0);
      resumed.restore(at, parameters, velocity, new Map(Object.entries(tensors)));
      while (resumed.update < 1010) await resumed.step();
      expect({ at: resumed.update, ...stateOf(resumed) }).toEqual(saved.at(-1));
    }
    const even = [0, 0.2, 0.4, 3 / 5, 0.8, 1];
    expect(saved.map(({ at, tensors }) => [at, [...tensors.ladder.values].every((beta, rung) => beta === even[rung])])).toEqual(
      saved.map(({ at }) => [at, ladder === 'even' || at <= 1000]),
    );
  });

  test('ladders: an adaptive one is laid anew after every 1000 updates, and rejects more evenly', async () => {
    const config = { rungs: 5, chains: 8, learningRate: 0 };
    const even = [0, 0.25, 0.5, 0.75, 1];
    expect(ladderOf(await trained(kernels, config, 3, twoModes))).toEqual(even);
    const geometric = ladderOf(await trained(kernels, { ...config, ladder: 'geometric' }, 3, twoModes));
    [0, 1e-2, 10 ** (-4 / 3), 10 ** (-2 / 3), 1].forEach((value, rung) => expect(geometric[rung]).toBeCloseTo(value, 14));

    const trainer = await trained(kernels, { ...config, ladder: 'adaptive' }, 1000, twoModes);
    expect(ladderOf(trainer)).toEqual(even);
    const spreadOf = (): number => {
      const { swapsTried, swapsAccepted } = trainer.gradientTensors();
      const rates = Array.from(swapsAccepted.values, (accepted, pair) => accepted / swapsTried.values[pair]);
      return Math.max(...rates) - Math.min(...rates);
    };
    const before = spreadOf();
    await trainer.step();
    const laid = ladderOf(trainer);
    expect(laid).not.toEqual(even);
    expect([laid[0], laid[4], laid.every((beta, rung) => rung === 0 || beta > laid[rung - 1])]).toEqual([0, 1, true]);
    while (trainer.update < 2000) await trainer.step();
    expect(ladderOf(trainer)).toEqual(laid);
    expect(spreadOf()).toBeLessThan(before / 2);
  });
});

describe('whatever computes them', () => {
  test('the same bits in both backends, and with 1 to 3 threads', async () => {
    const config = { k: 2, chains: 9 };
    // The first states as well: where threads are still at work when chains are made, nothing may overtake them.
    const runs = [0, 1, 20];
    const statesIn = async (kernels: Kernels) => {
      const states = [];
      for (const updates of runs) states.push(stateOf(await trained(kernels, config, updates)));
      return states;
    };
    const expected = await statesIn(await loadKernels('reference'));
    const { loadKernels: loadBuilt } = (await import(built)) as { loadKernels: typeof loadKernels };
    for (const threads of [1, 2, 3]) {
      const kernels = await loadBuilt('wasm', { threads });
      expect(await statesIn(kernels)).toEqual(expected);
      await kernels.close();
    }
  });
});

describe('figures and demands', () => {
  test('inverse temperatures, swap rates of all pairs, and round trips, as the state has them', async () => {
    const kernels = await loadKernels('reference');
    const context = createContext(kernels, small, { rungs: 4 });
    const state = await estimator.start(context);
    expect(state.figures?.()).toEqual({ inverseTemperatures: [0, 1 / 3, 2 / 3, 1], swapRates: [NaN, NaN, NaN], roundTrips: 0 });
    for (let update = 0; update < 50; update++) await estimator.estimate(context, state, 4, update);
    const { swapRates, roundTrips } = state.figures?.() as { swapRates: number[]; roundTrips: number };
    expect([swapRates.length, swapRates.every((rate) => rate > 0 && rate <= 1)]).toEqual([3, true]);
    expect(roundTrips).toBeGreaterThan(0);
    expect([...(state.tensors.roundTrips as Float64Array)]).toEqual([roundTrips]);
  });

  test('a base rate of the data is that of its marginals, else there is none', async () => {
    // At inverse temperature 0, means of many fresh draws are those of the base rate.
    const kernels = await loadKernels('wasm');
    const chains = 8000;
    for (const [baseRate, bias] of [['data', logOdds(examples, 1)], ['uniform', new Float64Array(n)]] as const) {
      const context = createContext(kernels, createParameters(n, m), { rungs: 2, chains, baseRate });
      context.model.visibleBias.fill(9);
      const state = await estimator.start(context);
      await estimator.estimate(context, state, 4, 1);
      await kernels.finish();
      const states = state.tensors.visibleChains as ReturnType<Kernels['createStates']>;
      const lowest = phaseStatistics({ kind: 'samples', visible: states, hiddenMeans: kernels.createMatrix(2 * chains, m), rows: chains }, n, m);
      lowest.visible.forEach((sum, i) => expect(Math.abs(sum / chains - 1 / (1 + Math.exp(-bias[i])))).toBeLessThan(gibbs.meanBound(2 * n, chains)));
    }
    await kernels.close();
  });

  test('every rung has its chains', () => {
    expect(gradientDemand(trainingConfig({ chains: 7, rungs: 9 }))).toEqual({ chainRows: 63, models: 0, savedModels: 0 });
  });
});
