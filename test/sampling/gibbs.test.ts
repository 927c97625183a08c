/**
 * Gibbs chains against exact distributions: started from exact samples of p(v) they must stay there, and from a given
 * state they must be where the exact transition matrix says. Seeds are fixed and nothing is retried; the bounds fail a
 * right sampler with a probability of 1e-9 (see test/reference/gibbs.ts), and wrong samplers are shown to break them.
 */

import { beforeAll, describe, expect, test } from '@jest/globals';

import { backends, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createChains, gibbsSteps, hiddenMeansGivenVisible } from '../../src/sampling/gibbs.js';
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
    kernels = await backend.load();
  });

  /** Runs chains from the visible states given; returns the chains. */
  function run(model: ModelParameters, start: readonly number[], steps: number, update = 0) {
    const chains = createChains(model, start.length, gibbs.unpackStates(start, model.visibleUnits));
    hiddenMeansGivenVisible(kernels, model, chains.visible, start.length, chains.hiddenMeans);
    gibbsSteps(kernels, model, chains, start.length, steps, { key, update, step: 0, row: 0 });
    return chains;
  }

  function visibleStates(model: ModelParameters, start: readonly number[], steps: number): number[] {
    return gibbs.packStates(run(model, start, steps).visible, model.visibleUnits);
  }

  test('E[h | v] is the exact conditional mean', () => {
    const model = randomModel(6, 5, 1);
    const states = bruteForce.enumerate(model);
    const all = Array.from({ length: 64 }, (_, state) => state);
    const means = new Float64Array(64 * 5);
    hiddenMeansGivenVisible(kernels, model, gibbs.unpackStates(all, 6), 64, means);
    means.forEach((mean, index) => {
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

    test.each([1, 10])('stay there for %i steps', (steps) => {
      expect(gibbs.totalVariation(visibleStates(model, start, steps), distribution)).toBeLessThan(bound);
    });

    test('a wrong sampler leaves: weights a tenth too large, a bias forgotten, one weight’s sign wrong', () => {
      const { weights, hiddenBias, visibleBias } = model;
      const wrong: Partial<ModelParameters>[] = [
        { weights: weights.map((weight) => 1.1 * weight) },
        { hiddenBias: new Float64Array(hiddenBias.length) },
        { visibleBias: new Float64Array(visibleBias.length) },
        { weights: weights.map((weight, index) => (index === 5 ? -weight : weight)) },
      ];
      for (const change of wrong) {
        const samples = visibleStates({ ...model, ...change }, start, 10);
        expect(gibbs.totalVariation(samples, distribution)).toBeGreaterThan(bound);
      }
    });

    test('the pairs (v, h) of the last step have the joint distribution', () => {
      const small = randomModel(4, 3, 20);
      const states = bruteForce.enumerate(small);
      const joint = states.joint.flat().map((value) => ep.toNumber(ep.divide(value, states.partitionFunction)));
      const exact = bruteForce.visibleProbabilities(states);
      const chains = run(small, gibbs.sampleDistribution(exact, uniforms(chainCount, 4)), 3);
      const hidden = gibbs.packStates(chains.hidden, 3);
      const pairs = gibbs.packStates(chains.visible, 4).map((visible, row) => 8 * visible + hidden[row]);
      expect(gibbs.totalVariation(pairs, joint)).toBeLessThan(gibbs.totalVariationBound(joint, chainCount));
    });
  });

  test.each([1, 2, 3])('from one state, k = %i steps have the distribution of the k-th power of the kernel', (steps) => {
    // Would show random numbers shared between steps, layers or rows, which stationarity alone can miss.
    const model = randomModel(5, 3, 30);
    const transition = gibbs.transitionMatrix(bruteForce.enumerate(model));
    for (const state of [0, 19, 31]) {
      const start = Array.from({ length: chainCount }, () => state);
      const exact = gibbs.afterSteps(transition, transition.map((_, index) => (index === state ? 1 : 0)), steps);
      const distance = gibbs.totalVariation(visibleStates(model, start, steps), exact);
      expect(distance).toBeLessThan(gibbs.totalVariationBound(exact, chainCount));
    }
  });

  describe('addresses', () => {
    const model = randomModel(7, 5, 40);
    const start = uniforms(20, 5).map((u) => Math.floor(128 * u));
    const first = { key, update: 3, step: 0, row: 0 };

    test('steps taken in two runs are the steps taken in one', () => {
      const together = run(model, start, 5, 3);
      const apart = run(model, start, 2, 3);
      gibbsSteps(kernels, model, apart, start.length, 3, { ...first, step: 2 });
      expect(apart).toEqual(together);
    });

    test('a chain takes the same path alone as among others', () => {
      const together = run(model, start, 4, 3);
      for (const row of [0, 7, 19]) {
        const alone = createChains(model, 1, gibbs.unpackStates([start[row]], 7));
        hiddenMeansGivenVisible(kernels, model, alone.visible, 1, alone.hiddenMeans);
        gibbsSteps(kernels, model, alone, 1, 4, { ...first, row });
        expect(alone.visible).toEqual(together.visible.slice(7 * row, 7 * (row + 1)));
      }
    });

    test('another update, step, row or stream gives other states', () => {
      const many = uniforms(200, 6).map((u) => Math.floor(128 * u));
      const visibleWith = (change: object) => {
        const chains = createChains(model, many.length, gibbs.unpackStates(many, 7));
        hiddenMeansGivenVisible(kernels, model, chains.visible, many.length, chains.hiddenMeans);
        gibbsSteps(kernels, model, chains, many.length, 1, { ...first, ...change });
        return chains.visible.join('');
      };
      const others = [{}, { update: 4 }, { step: 1 }, { row: 1 }, { key: { k0: key.k0, k1: key.k1 + 1 } }];
      expect(new Set(others.map(visibleWith)).size).toBe(others.length);
    });

    test('no steps leave the states alone', () => {
      expect(visibleStates(model, start, 0)).toEqual(start);
    });
  });
});
