/**
 * Tempered chains against exact distributions: on a model of two modes that Gibbs chains do not leave. Seeds are fixed, and
 * nothing is retried; bounds of independent samples fail with a probability of 1e-9 (see test/reference/gibbs.ts).
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { loadKernels, packBinaryMatrix, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import { streamKey } from '../../src/random/index.js';
import { createChains, gibbsSteps } from '../../src/sampling/gibbs.js';
import { evenLadder, evenlyRejectingLadder, geometricLadder, TemperedChains } from '../../src/sampling/tempered-chains.js';
import { makeLadder, temperedSamples, temperedSamplesCost } from '../../src/sampling/tempered-samples.js';
import { binary, bytesOf, firstDifference } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as gibbs from '../reference/gibbs.js';
import { normals } from '../reference/numbers.js';

/** Threads start from the built files. */
const built = new URL('../../dist/kernels/index.js', import.meta.url).href;

const [n, m] = [6, 3];

/**
 * All units on, or all off: weights of 8, biases that balance both, and noise that makes states differ. The energy of
 * v, h has its maximum half way: chains do not get there.
 */
const twoModes: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, 1, 0.2), (value) => 4 + value),
  visibleBias: Float64Array.from(normals(n, 2, 0.3), (value) => value - (4 * m) / 2),
  hiddenBias: Float64Array.from(normals(m, 3, 0.3), (value) => value - (4 * n) / 2),
};
const distribution = bruteForce.visibleProbabilities(bruteForce.enumerate(twoModes));
const base = Float64Array.from(normals(n, 4, 0.3));
const full = 2 ** n - 1;

/** Chains run side by side: independent, so that their last states are independent samples. */
const ensembles = 4000;
const bound = gibbs.totalVariationBound(distribution, ensembles);
const ladder = evenLadder(8);

async function statesAfter(kernels: Kernels, steps: number, key = streamKey('1', 'chains'), count = ensembles): Promise<{ states: number[]; chains: TemperedChains }> {
  const chains = new TemperedChains(kernels, createModel(kernels, twoModes), base, ladder, count, key);
  for (let step = 0; step < steps; step++) await chains.step();
  return { states: gibbs.packStates(bytesOf(chains.states), n), chains };
}

let kernels: Kernels;
beforeAll(async () => {
  kernels = await loadKernels();
});
afterAll(() => kernels.close());

test('the model has two modes of comparable mass', () => {
  const both = distribution[0] + distribution[full];
  expect(distribution[0]).toBeGreaterThan(0.1);
  expect(distribution[full]).toBeGreaterThan(0.1);
  expect(both).toBeGreaterThan(0.6);
});

describe('stationarity', () => {
  const steps = 120;

  test('tempered chains from the base rate have the distribution p(v) at inverse temperature 1', async () => {
    const { states, chains } = await statesAfter(kernels, steps);
    expect(gibbs.totalVariation(states, distribution)).toBeLessThan(bound);
    expect([...chains.swapRates].every((rate) => rate > 0 && rate <= 1)).toBe(true);
    expect(chains.roundTrips).toBeGreaterThan(ensembles);
    // And stay there, after swaps of even and of odd neighbours.
    for (let more = 0; more < 2; more++) {
      await chains.step();
      expect(gibbs.totalVariation(gibbs.packStates(bytesOf(chains.states), n), distribution)).toBeLessThan(bound);
    }
    chains.release();
  });

  test.each([0, full])('Gibbs chains from state %i stay in its mode for as many steps', async (start) => {
    const chains = createChains(kernels, twoModes, ensembles);
    binary(chains.visible).words.set(packBinaryMatrix(gibbs.unpackStates(Array.from({ length: ensembles }, () => start), n), ensembles, n).words);
    await gibbsSteps(kernels, createModel(kernels, twoModes), chains, ensembles, steps, { key: streamKey('1', 'gibbs'), update: 0, step: 0, row: 0 });
    await kernels.finish();
    const distance = gibbs.totalVariation(gibbs.packStates(bytesOf(chains.visible), n), distribution);
    expect(distance).toBeGreaterThan(bound);
  });
});

describe('the same states', () => {
  test('in both backends, and with 1 to 3 threads', async () => {
    const { states, chains } = await statesAfter(kernels, 20, undefined, 50);
    const { loadKernels: loadBuilt } = (await import(built)) as { loadKernels: typeof loadKernels };
    for (const [name, threads] of [['reference', 1], ['wasm', 2], ['wasm', 3]] as const) {
      const other = await loadBuilt(name, { threads });
      const run = await statesAfter(other, 20, undefined, 50);
      expect(run.states).toEqual(states);
      expect(firstDifference(run.chains.swapRates, chains.swapRates)).toBeUndefined();
      expect(run.chains.roundTrips).toBe(chains.roundTrips);
      await other.close();
    }
    const another = await statesAfter(kernels, 20, streamKey('3', 'chains'), 50);
    expect(another.states).not.toEqual(states);
  });
});

describe('ladders', () => {
  /** First 0, last 1, each above the one before. */
  const isLadder = (rungs: Float64Array): boolean => rungs[0] === 0 && rungs[rungs.length - 1] === 1 && rungs.every((value, rung) => rung === 0 || value > rungs[rung - 1]);

  test('go from 0 to 1, ascending, whatever their number of rungs', () => {
    for (let rungs = 2; rungs < 100; rungs++) {
      for (const made of [evenLadder(rungs), geometricLadder(rungs)]) expect([made.length, isLadder(made)]).toEqual([rungs, true]);
    }
  });

  test('geometric: from 1/100 to 1 in equal ratios', () => {
    const made = geometricLadder(6);
    [0, 1e-2, 10 ** -1.5, 1e-1, 10 ** -0.5, 1].forEach((value, rung) => expect(Math.abs(made[rung] - value)).toBeLessThan(1e-15));
  });

  test('evenly rejecting: ascending for all swap rates, and the rungs that reject share their rejections', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 1, maxLength: 60 }), (rates) => {
        const made = evenlyRejectingLadder(evenLadder(rates.length + 1), Float64Array.from(rates));
        expect([made.length, isLadder(made)]).toEqual([rates.length + 1, true]);
      }),
      { seed: 1, numRuns: 300 },
    );
    // Equal rates leave a ladder alone; all rejections in the first quarter draw the rungs there.
    const even = evenlyRejectingLadder(evenLadder(5), new Float64Array(4).fill(0.4));
    [0, 0.25, 0.5, 0.75, 1].forEach((value, rung) => expect(Math.abs(even[rung] - value)).toBeLessThan(1e-15));
    // A barrier of .9 and three of .1: 1.2 in all, so that rungs lie at .3, .6 and .9 of it.
    const drawn = evenlyRejectingLadder(evenLadder(5), Float64Array.of(0.1, 0.9, 0.9, 0.9));
    [0, 0.25 / 3, 0.5 / 3, 0.25, 1].forEach((value, rung) => expect(Math.abs(drawn[rung] - value)).toBeLessThan(1e-12));
  });

  test('an adaptive one evens out the swap rates of the even ladder', async () => {
    const steep = { ...twoModes, weights: twoModes.weights.map((weight) => 3 * weight), visibleBias: twoModes.visibleBias.map((bias) => 3 * bias), hiddenBias: twoModes.hiddenBias.map((bias) => 3 * bias) };
    const model = createModel(kernels, steep);
    const smallestRate = async (rungs: Float64Array): Promise<number> => {
      const chains = new TemperedChains(kernels, model, base, rungs, 100, streamKey('4', 'rates'));
      for (let step = 0; step < 200; step++) await chains.step();
      const rates = chains.swapRates;
      chains.release();
      return Math.min(...rates);
    };
    const adapted = await makeLadder(kernels, model, base, { ladder: 'adaptive', rungs: 8, ensembles: 20, stepsBetween: 1 }, '1');
    const [even, better] = [await smallestRate(evenLadder(8)), await smallestRate(adapted)];
    expect(isLadder(adapted)).toBe(true);
    expect(better).toBeGreaterThan(even);
  });
});

describe('temperedSamples', () => {
  const sampling = { ladder: 'adaptive', rungs: 6, ensembles: 7, stepsBetween: 5 } as const;

  test('as many as asked for, the same again, whatever the backend', async () => {
    const model = createModel(kernels, twoModes);
    for (const count of [1, 6, 7, 8, 100]) {
      const { states, ladder: rungs, swapRates, roundTrips } = await temperedSamples(kernels, model, base, count, sampling, '1');
      expect([states.rows, states.columns, rungs.length, swapRates.length]).toEqual([count, n, 6, 5]);
      expect(swapRates.every((rate) => rate >= 0 && rate <= 1)).toBe(true);
      const other = await loadKernels('reference');
      const again = await temperedSamples(other, createModel(other, twoModes), base, count, sampling, '1');
      expect(firstDifference(binary(again.states).words, binary(states).words)).toBeUndefined();
      expect([firstDifference(again.ladder, rungs), again.roundTrips]).toEqual([undefined, roundTrips]);
    }
  });

  test('cost: rungs × ensembles × steps of the ladder’s trials, the burn-in and the samples', () => {
    // 350 steps of trials, 20 samples’ worth of burn-in, 15 samples of 7 ensembles.
    expect(temperedSamplesCost(100, sampling)).toBe(6 * 7 * (350 + (20 + 15) * 5));
    expect(temperedSamplesCost(100, { ...sampling, ladder: 'geometric' })).toBe(6 * 7 * (20 + 15) * 5);
  });

  test('many of them have the distribution p(v)', async () => {
    // One sample of each of many ensembles: independent ones.
    const { states } = await temperedSamples(kernels, createModel(kernels, twoModes), base, 4000, { ladder: 'geometric', rungs: 8, ensembles: 4000, stepsBetween: 15 }, '2');
    const distance = gibbs.totalVariation(gibbs.packStates(bytesOf(states), n), distribution);
    expect(distance).toBeLessThan(bound);
  });
});
