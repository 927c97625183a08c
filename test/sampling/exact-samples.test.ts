/**
 * Exact samples against exact distributions. Seeds are fixed and nothing is retried; the bounds fail a right sampler with
 * a probability of 1e-9 (see test/reference/gibbs.ts), and samples of a slightly wrong model are shown to break them.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, loadKernels, planEnumeration, scaledSum, statesAsNumbers, visibleRowsOf, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { enumerationStructure } from '../../src/model/enumeration-structure.js';
import { enumerationView } from '../../src/model/enumeration-view.js';
import { sampleExactly } from '../../src/sampling/exact-samples.js';
import { bytesOf, contentOf, firstDifference } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import * as gibbs from '../reference/gibbs.js';
import * as normal from '../reference/normal.js';
import { normals } from '../reference/numbers.js';
import { structuredModel } from '../reference/structured-models.js';

const count = 50_000;
const key = { k0: 0x2468ace0, k1: 0x13579bdf };

function randomModel(n: number, m: number, seed: number, size = 1.5): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, size)),
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

  async function samplesOf(parameters: ModelParameters): Promise<number[]> {
    return gibbs.packStates(bytesOf(await sampleExactly(kernels, parameters, count, key)), parameters.visibleUnits);
  }

  test.each([
    ['the hidden layer enumerated', randomModel(6, 4, 10)],
    ['the visible layer enumerated', randomModel(5, 7, 20)],
    ['layers of the same size', randomModel(6, 6, 30)],
    ['a single unit each', randomModel(1, 1, 40)],
    ['weights that only the streamed form can take', randomModel(4, 4, 50, 400)],
  ])('have the distribution p(v): %s', async (_, parameters) => {
    const distribution = bruteForce.visibleProbabilities(bruteForce.enumerate(parameters));
    const bound = gibbs.totalVariationBound(distribution, count);
    expect(gibbs.totalVariation(await samplesOf(parameters), distribution)).toBeLessThan(bound);
  });

  const structure = { n: 6, m: 5, components: 1, density: 1, duplicates: 0, size: 1.5, seed: 1 };
  test.each([
    ['two components, one unit alone', structuredModel({ ...structure, components: 2, density: 0.6, seed: 8 })],
    ['duplicates', structuredModel({ ...structure, duplicates: 0.7, seed: 2 })],
    ['duplicates of the visible layer only', structuredModel({ ...structure, n: 6, m: 8, duplicates: 0.8, seed: 3 })],
    ['all of it', structuredModel({ ...structure, n: 7, m: 7, components: 3, density: 0.8, duplicates: 0.5, seed: 4 })],
    ['no weights at all', structuredModel({ ...structure, density: 0 })],
  ])('have the distribution p(v) where the model has structure: %s', async (_, parameters) => {
    const distribution = bruteForce.visibleProbabilities(bruteForce.enumerate(parameters));
    const bound = gibbs.totalVariationBound(distribution, count);
    expect(gibbs.totalVariation(await samplesOf(parameters), distribution)).toBeLessThan(bound);
  });

  test('duplicates of an enumerated visible layer are on with probabilities of their own', async () => {
    const parameters = structuredModel({ ...structure, n: 5, m: 7, duplicates: 1, seed: 6 });
    const { parts } = enumerationStructure(parameters);
    expect(parts.map(({ layer, outer }) => [layer, outer.map(({ length }) => length)])).toEqual([['visible', [2, 3]]]);
    const distribution = bruteForce.visibleProbabilities(bruteForce.enumerate(parameters));
    expect(gibbs.totalVariation(await samplesOf(parameters), distribution)).toBeLessThan(gibbs.totalVariationBound(distribution, count));
  });

  test('of a slightly wrong model they break the bound', async () => {
    const parameters = randomModel(6, 4, 10);
    const distribution = bruteForce.visibleProbabilities(bruteForce.enumerate(parameters));
    const bound = gibbs.totalVariationBound(distribution, count);
    for (const change of [{ weights: parameters.weights.map((weight) => 1.1 * weight) }, { hiddenBias: new Float64Array(4) }]) {
      expect(gibbs.totalVariation(await samplesOf({ ...parameters, ...change }), distribution)).toBeGreaterThan(bound);
    }
  });

  test('have the mean of every unit in a model of many blocks', async () => {
    // Only a pair in every ten units is joined: means and their errors are known in closed form from the pairs.
    const units = 14;
    const parameters = { ...randomModel(units, units, 60), weights: new Float64Array(units * units) };
    for (let k = 0; k < units; k++) parameters.weights[k * units + k] = 2 * Math.sin(k);
    const bytes = bytesOf(await sampleExactly(kernels, parameters, count, key));
    for (let k = 0; k < units; k++) {
      const [a, b, w] = [parameters.visibleBias[k], parameters.hiddenBias[k], parameters.weights[k * units + k]];
      const on = Math.exp(a) + Math.exp(a + b + w);
      const mean = on / (1 + Math.exp(b) + on);
      let total = 0;
      for (let row = 0; row < count; row++) total += bytes[row * units + k];
      expect(Math.abs(total / count - mean)).toBeLessThan(6.5 * Math.sqrt((mean * (1 - mean)) / count));
    }
  });

  test('the first samples are the same whatever their number, and another stream gives others', async () => {
    const parameters = randomModel(9, 5, 70);
    const all = await sampleExactly(kernels, parameters, 700, key);
    const few = await sampleExactly(kernels, parameters, 100, key);
    const others = await sampleExactly(kernels, parameters, 100, { ...key, k0: 1 });
    expect(firstDifference(bytesOf(few), bytesOf(visibleRowsOf(all, 0, 100)))).toBeUndefined();
    expect(firstDifference(bytesOf(others), bytesOf(few))).toBeDefined();
  });

  test('the same bits as the reference', async () => {
    const reference = await loadKernels('reference');
    const gaussian = { ...randomModel(17, 5, 130, 0.3), visibleLayer: { kind: 'gaussian' } as const };
    for (const parameters of [randomModel(40, 9, 80), randomModel(8, 33, 90), gaussian]) {
      const [actual, expected] = [await sampleExactly(kernels, parameters, 300, key), await sampleExactly(reference, parameters, 300, key)];
      expect(firstDifference(contentOf(actual), contentOf(expected))).toBeUndefined();
    }
  });

  test('of categorical units: the distribution over one-hot states, their joint weights those of the binary model', async () => {
    const groups = Uint32Array.of(0, 3, 4, 6);
    const parameters = { ...randomModel(6, 4, 110), visibleLayer: { kind: 'categorical', groups } as const };
    const isOneHot = (state: number): boolean => [0b111, 0b1000, 0b110000].every((mask) => [1, 2, 4, 8, 16, 32].includes(state & mask));
    const weights = bruteForce.visibleProbabilities(bruteForce.enumerate(parameters)).map((p, state) => (isOneHot(state) ? p : 0));
    const total = weights.reduce((sum, p) => sum + p);
    const distribution = weights.map((p) => p / total);
    expect(distribution.filter((p) => p > 0)).toHaveLength(6);
    const bound = gibbs.totalVariationBound(distribution, count);
    expect(gibbs.totalVariation(await samplesOf(parameters), distribution)).toBeLessThan(bound);
    const wrong = { ...parameters, weights: parameters.weights.map((weight) => 1.1 * weight) };
    expect(gibbs.totalVariation(await samplesOf(wrong), distribution)).toBeGreaterThan(bound);
  });

  test('of a Gaussian unit: the distribution function of a mixture over the hidden states', async () => {
    const [a, weights] = [0.4, Float64Array.of(4, -5)];
    // Three modes: biases that make either hidden unit alone as likely as none; both are unlikely.
    const hiddenBias = weights.map((weight) => -a * weight - 0.5 * weight * weight);
    const parameters = { visibleUnits: 1, hiddenUnits: 2, weights, visibleBias: Float64Array.of(a), hiddenBias, visibleLayer: { kind: 'gaussian' } as const };
    // p(h) ∝ exp(bᵀh + ½(x² − a²)), v | h ~ N(x, 1), x = a + W·h.
    const components = Array.from({ length: 4 }, (_, state) => {
      const sum = (values: Float64Array): number => values.reduce((total, value, j) => total + value * ((state >> j) & 1), 0);
      const mean = a + sum(weights);
      return { mean, weight: Math.exp(sum(hiddenBias) + 0.5 * (mean * mean - a * a)) };
    });
    const z = components.reduce((total, { weight }) => total + weight, 0);
    const cumulative = (x: number): number =>
      components.reduce((total, { mean, weight }) => total + (weight / z) * ep.toNumber(normal.cumulative(ep.fromNumber(x - mean))), 0);
    const samples = Float64Array.from(statesAsNumbers(await sampleExactly(kernels, parameters, count, key))).toSorted();
    // At 39 quantiles: Dvoretzky, Kiefer & Wolfowitz bound the largest deviation, 2·exp(−2·count·d²) = 1e-9.
    const bound = Math.sqrt(Math.log(2e9) / (2 * count));
    for (let quantile = 1; quantile < 40; quantile++) {
      const rank = Math.floor((quantile * count) / 40);
      expect(Math.abs(cumulative(samples[rank]) - (rank + 0.5) / count)).toBeLessThan(bound);
    }
  });

  test('progress is told, and a pause can end it', async () => {
    const shares: number[] = [];
    await sampleExactly(kernels, randomModel(7, 7, 3), 10, key, { progress: (share) => shares.push(share) });
    expect(shares.at(-1)).toBe(1);
    const pause = () => Promise.reject(new Error('stop'));
    await expect(sampleExactly(kernels, randomModel(7, 7, 3), 10, key, { pause })).rejects.toThrow('stop');
  });

  test('too many blocks and overflowing probabilities are refused', async () => {
    await expect(sampleExactly(kernels, randomModel(50, 50, 1), 1, key)).rejects.toThrow(RangeError);
    const huge = { ...randomModel(3, 3, 1), weights: new Float64Array(9).fill(1e308) };
    await expect(sampleExactly(kernels, huge, 1, key)).rejects.toThrow(RangeError);
  });

  test('the states of a block add up to the block, in both forms', async () => {
    for (const form of ['product', 'streamed'] as const) {
      const plan = planEnumeration(enumerationView(randomModel(20, 9, 100)), form);
      const states = plan.blockStates;
      const totals = { mantissas: new Float64Array(plan.blocks), exponents: new Float64Array(plan.blocks) };
      kernels.enumerationBlocks(plan, 0, plan.blocks, totals.mantissas, totals.exponents);
      await kernels.finish();
      for (let block = 0; block < plan.blocks; block++) {
        const [mantissas, exponents] = [new Float64Array(states), new Float64Array(states)];
        kernels.enumerationStates(plan, block, mantissas, exponents);
        await kernels.finish();
        const { mantissa, exponent } = scaledSum(mantissas, exponents, states);
        expect([mantissa, exponent]).toEqual([totals.mantissas[block], totals.exponents[block]]);
      }
    }
  });
});
