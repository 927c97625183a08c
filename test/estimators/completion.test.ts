/**
 * Completion of partly observed rows against conditional distributions by brute force over all states.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { completeRow } from '../../src/estimators/completion.js';
import { backends, loadKernels, type Kernels, type ModelParameters, type VisibleLayer } from '../../src/kernels/index.js';
import { conditionalModel, missingUnits, type PartialRow } from '../../src/model/conditional-model.js';
import { streamKey } from '../../src/random/index.js';
import { bytesOf, valuesOf } from '../kernels/support.js';
import * as gibbs from '../reference/gibbs.js';
import { normals } from '../reference/numbers.js';

const { exp, log1p, abs, sqrt } = Math;

function randomModel(n: number, m: number, seed: number, visibleLayer?: VisibleLayer): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, 1.2)),
    visibleBias: Float64Array.from(normals(n, seed + 1, 0.6)),
    hiddenBias: Float64Array.from(normals(m, seed + 2, 0.6)),
    visibleLayer,
  };
}

/** log p̃(v) of {0,1} units, by its definition. */
function logUnnormalised({ visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias }: ModelParameters, v: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += v[i] * visibleBias[i];
  for (let j = 0; j < m; j++) {
    let input = hiddenBias[j];
    for (let i = 0; i < n; i++) input += v[i] * weights[i * m + j];
    total += input > 0 ? input + log1p(exp(-input)) : log1p(exp(input));
  }
  return total;
}

/** p(missing units | others) over the states of the missing ones, unit k being bit k; of those that `isAllowed`. */
function conditional(model: ModelParameters, row: PartialRow, isAllowed: (v: readonly number[]) => boolean = () => true): number[] {
  const units = [...missingUnits(row)];
  const weights = Array.from({ length: 2 ** units.length }, (_, state) => {
    const v = [...row.values];
    units.forEach((unit, bit) => (v[unit] = (state >> bit) & 1));
    return isAllowed(v) ? exp(logUnnormalised(model, v)) : 0;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

const row: PartialRow = { values: Float64Array.of(1, 0, 1, 0, 1, 0), missing: Uint8Array.of(0, 1, 0, 1, 1, 0) };
const count = 20_000;

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  const model = randomModel(6, 4, 1);
  const expected = conditional(model, row);
  const expectedMeans = [0, 1, 2].map((bit) => expected.reduce((sum, p, state) => sum + p * ((state >> bit) & 1), 0));
  const bound = gibbs.totalVariationBound(expected, count);

  test('enumerated: exact samples and exact conditional means', async () => {
    const { states, means, exact } = await completeRow(kernels, model, row, { count, steps: 1, exactCostLimit: 1e6, key: streamKey('1', 'row') });
    expect(exact).toBe(true);
    means.forEach((mean, unit) => expect(abs(mean - expectedMeans[unit])).toBeLessThan(1e-12));
    expect(gibbs.totalVariation(gibbs.packStates(bytesOf(states), 3), expected)).toBeLessThan(bound);
  });

  test('by chains: the same distribution, means within their Monte Carlo error', async () => {
    const { states, means, exact } = await completeRow(kernels, model, row, { count, steps: 100, exactCostLimit: 0, key: streamKey('2', 'row') });
    expect(exact).toBe(false);
    // A mean of E[v | h] over independent chains varies less than one of v.
    means.forEach((mean, unit) => expect(abs(mean - expectedMeans[unit])).toBeLessThan(4.5 * sqrt(0.25 / count)));
    expect(gibbs.totalVariation(gibbs.packStates(bytesOf(states), 3), expected)).toBeLessThan(bound);
  });

  test('all units missing: the model itself; none: refused', async () => {
    const all = { ...row, missing: new Uint8Array(6).fill(1) };
    const distribution = conditional(model, all);
    const { states } = await completeRow(kernels, model, all, { count, steps: 1, exactCostLimit: 1e6, key: streamKey('3', 'row') });
    expect(gibbs.totalVariation(gibbs.packStates(bytesOf(states), 6), distribution)).toBeLessThan(gibbs.totalVariationBound(distribution, count));
    expect(() => conditionalModel(model, { ...row, missing: new Uint8Array(6) })).toThrow('no unit is missing');
  });

  test('categorical: a group as a whole', async () => {
    const layer: VisibleLayer = { kind: 'categorical', groups: Uint32Array.of(0, 2, 5, 8) };
    const categorical = randomModel(8, 3, 20, layer);
    const partial = { values: Float64Array.of(0, 1, 0, 0, 0, 0, 0, 1), missing: Uint8Array.of(0, 0, 1, 1, 1, 0, 0, 0) };
    const distribution = conditional(categorical, partial, (v) => v[2] + v[3] + v[4] === 1);
    const { states, means } = await completeRow(kernels, categorical, partial, { count, steps: 1, exactCostLimit: 1e6, key: streamKey('4', 'row') });
    [1, 2, 4].forEach((state, unit) => expect(abs(means[unit] - distribution[state])).toBeLessThan(1e-12));
    expect(gibbs.totalVariation(gibbs.packStates(bytesOf(states), 3), distribution)).toBeLessThan(gibbs.totalVariationBound(distribution, count));
    expect(() => conditionalModel(categorical, { ...partial, missing: Uint8Array.of(0, 0, 1, 0, 1, 0, 0, 0) })).toThrow('one variable');
  });

  test('gaussian: mean and variance of a missing unit, by quadrature over it', async () => {
    const gaussian = randomModel(2, 3, 30, { kind: 'gaussian' });
    const observed = 0.7;
    const partial = { values: Float64Array.of(observed, 0), missing: Uint8Array.of(0, 1) };
    const density = (v: number): number => {
      let logDensity = -0.5 * (v - gaussian.visibleBias[1]) * (v - gaussian.visibleBias[1]);
      for (let j = 0; j < 3; j++) logDensity += log1p(exp(gaussian.hiddenBias[j] + observed * gaussian.weights[j] + v * gaussian.weights[3 + j]));
      return exp(logDensity);
    };
    const [points, step] = [4001, 0.01];
    let [total, first, second] = [0, 0, 0];
    for (let index = 0; index < points; index++) {
      const v = (index - (points - 1) / 2) * step;
      const p = density(v);
      total += p;
      first += p * v;
      second += p * v * v;
    }
    const [mean, variance] = [first / total, second / total - (first / total) * (first / total)];
    const { states, means, exact } = await completeRow(kernels, gaussian, partial, { count, steps: 1, exactCostLimit: 1e6, key: streamKey('5', 'row') });
    expect(exact).toBe(true);
    expect(abs(means[0] - mean)).toBeLessThan(1e-10);
    if ('words' in states) throw new Error('the states are not real');
    const values = valuesOf(states);
    const sampled = values.reduce((sum, value) => sum + value, 0) / count;
    expect(abs(sampled - mean)).toBeLessThan(4.5 * sqrt(variance / count));
    const spread = values.reduce((sum, value) => sum + (value - sampled) * (value - sampled), 0) / count;
    // The variance of a sample variance is about (kurtosis − 1)·σ⁴/N, with a kurtosis of at most 6 here.
    expect(abs(spread - variance)).toBeLessThan(4.5 * variance * sqrt(5 / count));
  });
});
