/**
 * Gibbs chains against exact distributions: started from exact samples of p(v) they must stay there, and from a given
 * state they must be where the exact transition matrix says. Seeds are fixed and nothing is retried; the bounds fail a
 * right sampler with a probability of 1e-9 (see test/reference/gibbs.ts), and wrong samplers are shown to break them.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, loadKernels, packBinaryMatrix, uniform, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import {
  createChains,
  fillWithExamples,
  fillWithNoise,
  gibbsSteps,
  layerAddress,
  startUpdate,
  type Chains,
  type GibbsAddress,
} from '../../src/sampling/gibbs.js';
import { binary, bytesOf, firstDifference, statesOf, valuesOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import * as gibbs from '../reference/gibbs.js';
import { normals, uniforms } from '../reference/numbers.js';

const chainCount = 50_000;
const key = { k0: 0x12345678, k1: 0x9abcdef0 };

function randomModel(n: number, m: number, seed: number): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, 1.5)),
    visibleBias: Float64Array.from(normals(n, seed + 1, 0.7)),
    hiddenBias: Float64Array.from(normals(m, seed + 2, 0.7)),
  };
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  /** Runs chains from the visible states given; returns the chains. */
  async function run(parameters: ModelParameters, start: readonly number[], steps: number, address: Partial<GibbsAddress> = {}) {
    const chains = createChains(kernels, parameters, start.length);
    const n = parameters.visibleUnits;
    binary(chains.visible).words.set(packBinaryMatrix(gibbs.unpackStates(start, n), start.length, n).words);
    await proceed(parameters, chains, steps, address);
    return chains;
  }

  async function proceed(parameters: ModelParameters, chains: Chains, steps: number, address: Partial<GibbsAddress>): Promise<void> {
    const model = createModel(kernels, parameters);
    gibbsSteps(kernels, model, chains, chains.visible.rows, steps, { key, update: 0, step: 0, row: 0, ...address });
    await kernels.finish();
    kernels.release(model);
  }

  async function visibleStates(parameters: ModelParameters, start: readonly number[], steps: number): Promise<number[]> {
    return gibbs.packStates(bytesOf((await run(parameters, start, steps)).visible), parameters.visibleUnits);
  }

  test('E[h | v] is the exact conditional mean', async () => {
    const parameters = randomModel(6, 5, 1);
    const states = bruteForce.enumerate(parameters);
    const all = Array.from({ length: 64 }, (_, state) => state);
    const means = kernels.createMatrix(64, 5);
    const visible = packBinaryMatrix(gibbs.unpackStates(all, 6), 64, 6);
    kernels.hiddenMeans(createModel(kernels, parameters), [{ visible, rows: 64, means }]);
    await kernels.finish();
    valuesOf(means).forEach((mean, index) => {
      const exact = bruteForce.hiddenMeanGivenVisible(states, Math.floor(index / 5), index % 5);
      expect(Math.abs(ep.toNumber(ep.subtract(ep.fromNumber(mean), exact)))).toBeLessThan(1e-15);
    });
  });

  describe('chains started from p(v)', () => {
    const model = randomModel(6, 4, 10);
    const distribution = bruteForce.visibleProbabilities(bruteForce.enumerate(model));
    const bound = gibbs.totalVariationBound(distribution, chainCount);
    const start = gibbs.sampleDistribution(distribution, uniforms(chainCount, 3));

    test('the exact samples themselves are within the bound', () => {
      expect(gibbs.totalVariation(start, distribution)).toBeLessThan(bound);
    });

    test.each([1, 10])('stay there for %i steps', async (steps) => {
      expect(gibbs.totalVariation(await visibleStates(model, start, steps), distribution)).toBeLessThan(bound);
    });

    test('a wrong sampler leaves: weights a tenth too large, a bias forgotten, one weight’s sign wrong', async () => {
      const { weights, hiddenBias, visibleBias } = model;
      const wrong: Partial<ModelParameters>[] = [
        { weights: weights.map((weight) => 1.1 * weight) },
        { hiddenBias: new Float64Array(hiddenBias.length) },
        { visibleBias: new Float64Array(visibleBias.length) },
        { weights: weights.map((weight, index) => (index === 5 ? -weight : weight)) },
      ];
      for (const change of wrong) {
        const samples = await visibleStates({ ...model, ...change }, start, 10);
        expect(gibbs.totalVariation(samples, distribution)).toBeGreaterThan(bound);
      }
    });

    test('the pairs (v, h) of the last step have the joint distribution', async () => {
      const small = randomModel(4, 3, 20);
      const states = bruteForce.enumerate(small);
      const joint = states.joint.flat().map((value) => ep.toNumber(ep.divide(value, states.partitionFunction)));
      const exact = bruteForce.visibleProbabilities(states);
      const chains = await run(small, gibbs.sampleDistribution(exact, uniforms(chainCount, 4)), 3);
      const hidden = gibbs.packStates(bytesOf(chains.hidden), 3);
      const pairs = gibbs.packStates(bytesOf(chains.visible), 4).map((visible, row) => 8 * visible + hidden[row]);
      expect(gibbs.totalVariation(pairs, joint)).toBeLessThan(gibbs.totalVariationBound(joint, chainCount));
    });
  });

  test.each([1, 2, 3])('from one state, k = %i steps have the distribution of the k-th power of the kernel', async (steps) => {
    // Would show random numbers shared between steps, layers or rows, which stationarity alone can miss.
    const model = randomModel(5, 3, 30);
    const transition = gibbs.transitionMatrix(bruteForce.enumerate(model));
    for (const state of [0, 19, 31]) {
      const start = Array.from({ length: chainCount }, () => state);
      const exact = gibbs.afterSteps(transition, transition.map((_, index) => (index === state ? 1 : 0)), steps);
      const distance = gibbs.totalVariation(await visibleStates(model, start, steps), exact);
      expect(distance).toBeLessThan(gibbs.totalVariationBound(exact, chainCount));
    }
  });

  describe('addresses', () => {
    const model = randomModel(7, 5, 40);
    const start = uniforms(20, 5).map((u) => Math.floor(128 * u));
    const first = { update: 3 };

    test('steps taken in two runs are the steps taken in one', async () => {
      const together = await run(model, start, 5, first);
      const apart = await run(model, start, 2, first);
      await proceed(model, apart, 3, { ...first, step: 2 });
      expect(bytesOf(apart.visible)).toEqual(bytesOf(together.visible));
      expect(bytesOf(apart.hidden)).toEqual(bytesOf(together.hidden));
    });

    test('a chain takes the same path alone as among others', async () => {
      const together = await run(model, start, 4, first);
      for (const row of [0, 7, 19]) {
        const alone = await run(model, [start[row]], 4, { ...first, row });
        expect(bytesOf(alone.visible)).toEqual(bytesOf(together.visible).slice(7 * row, 7 * (row + 1)));
        expect(bytesOf(alone.hidden)).toEqual(bytesOf(together.hidden).slice(5 * row, 5 * (row + 1)));
      }
    });

    test('another update, step, row or stream gives other states', async () => {
      const many = uniforms(200, 6).map((u) => Math.floor(128 * u));
      const others = [{}, { update: 4 }, { step: 1 }, { row: 1 }, { key: { k0: key.k0, k1: key.k1 + 1 } }];
      const results = new Set<string>();
      for (const change of others) results.add(bytesOf((await run(model, many, 1, { ...first, ...change })).visible).join(''));
      expect(results.size).toBe(others.length);
    });

    test('no steps leave the states alone', async () => {
      expect(await visibleStates(model, start, 0)).toEqual(start);
    });
  });

  describe('where chains start', () => {
    // More rows than are drawn at a time.
    test.each([1, 256, 300])('noise: the uniforms of the start’s address below ½, %i chains', async (count) => {
      const visible = statesOf(kernels, new Uint8Array(count * 37).fill(1), count, 37);
      await fillWithNoise(kernels, kernels.createModel(37, 2), visible, key);
      const address = layerAddress({ key, update: startUpdate, step: 0, row: 0 }, 'visible');
      const expected = Uint8Array.from({ length: count * 37 }, (_, index) =>
        uniform(address, Math.floor(index / 37), index % 37) < 0.5 ? 1 : 0,
      );
      expect(firstDifference(visible.words, packBinaryMatrix(expected, count, 37).words)).toBeUndefined();
    });

    test.each([1, 3, 8])('examples: the first ones, over again where there are more chains: %i chains', (count) => {
      const examples = Uint8Array.from(uniforms(3 * 40, 8), (u) => (u < 0.5 ? 1 : 0));
      const visible = kernels.createStates(count, 40);
      fillWithExamples(visible, packBinaryMatrix(examples, 3, 40));
      const expected = Uint8Array.from({ length: count * 40 }, (_, index) => examples[index % examples.length]);
      expect(firstDifference(bytesOf(visible), expected)).toBeUndefined();
    });
  });
});
