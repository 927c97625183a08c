/**
 * What of a model need not be enumerated, against enumeration of everything in extended precision: components, lone units,
 * duplicates with biases of their own, on either layer.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { exactLogPartitionFunction, plainLogPartitionFunction } from '../../src/estimators/exact-log-partition-function.js';
import { exactEstimator } from '../../src/estimators/log-partition-function.js';
import { backends, loadKernels, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { enumerationStructure, partView, symmetricPolynomials } from '../../src/model/enumeration-structure.js';
import { enumerationView } from '../../src/model/enumeration-view.js';
import { sampleExactly } from '../../src/sampling/exact-samples.js';
import { contentOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { uniforms } from '../reference/numbers.js';
import { structuredModel, structuredModels } from '../reference/structured-models.js';

const tolerance = 1e-11;

function errorAgainst(actual: number, exact: ep.Extended): number {
  return Math.abs(ep.toNumber(ep.subtract(ep.fromNumber(actual), exact)));
}

/** A dense model without any structure. */
const dense = { components: 1, density: 1, duplicates: 0, size: 2, seed: 1 };

/** The model with the layers exchanged. */
function exchanged({ visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias }: ModelParameters): ModelParameters {
  return {
    visibleUnits: m,
    hiddenUnits: n,
    weights: Float64Array.from({ length: n * m }, (_, index) => weights[(index % n) * m + Math.floor(index / n)]),
    visibleBias: hiddenBias,
    hiddenBias: visibleBias,
  };
}

/** A dense model of so many hidden units, of which the last ones have the same weights. */
function withDuplicates(n: number, m: number, duplicates: number, seed = 3): ModelParameters {
  const model = structuredModel({ ...dense, n, m, seed });
  for (let i = 0; i < n; i++) model.weights.fill(model.weights[i * m + m - 1], i * m + m - duplicates, (i + 1) * m);
  return model;
}

describe('the structure', () => {
  test('of a dense model is the model itself: the same view as ever', () => {
    for (const [n, m] of [[1, 1], [1, 2], [2, 1], [3, 5], [5, 3], [4, 4]]) {
      const model = structuredModel({ ...dense, n, m });
      const { parts, loneVisible, loneHidden } = enumerationStructure(model);
      expect([parts.length, loneVisible.length, loneHidden.length]).toEqual([1, 0, 0]);
      expect(partView(model, parts[0])).toEqual(enumerationView(model));
    }
  });

  test('names components, lone units and duplicates', () => {
    // Hidden 0, 2 and 4 are equal and meet visible 0 and 2; hidden 1 meets visible 1 and 4; visible 3 and hidden 3 are alone.
    const weights = new Float64Array(25);
    for (const j of [0, 2, 4]) [weights[j], weights[10 + j]] = [1.5, -2];
    [weights[6], weights[21]] = [3, 4];
    const model = { visibleUnits: 5, hiddenUnits: 5, weights, visibleBias: new Float64Array(5), hiddenBias: new Float64Array(5) };
    const { parts, loneVisible, loneHidden, states, stateUnits } = enumerationStructure(model);
    expect([[...loneVisible], [...loneHidden]]).toEqual([[3], [3]]);
    expect(parts.map(({ layer, outer, inner }) => [layer, outer.map((group) => [...group]), [...inner]])).toEqual([
      ['hidden', [[0, 2, 4]], [0, 2]],
      ['hidden', [[1]], [1, 4]],
    ]);
    expect([states, stateUnits]).toEqual([4 + 2, 8 + 4]);
  });

  test('makes duplicates cheap: 40 hidden units of which 25 are the same', () => {
    const model = withDuplicates(784, 40, 25);
    expect(exactEstimator.cost(model)).toBe(2 ** 40 * 784);
    expect(exactEstimator.costOf(model)).toBe(2 ** 15 * 26 * 784);
    expect(exactEstimator.costOf(structuredModel({ ...dense, n: 50, m: 41 }))).toBe(Infinity);
  });

  test('the visible layer is enumerated where that is cheaper, also thanks to its duplicates', () => {
    const { parts } = enumerationStructure(exchanged(withDuplicates(10, 12, 9)));
    expect(parts.map(({ layer, states }) => [layer, states])).toEqual([['visible', 2 ** 3 * 10]]);
  });
});

test('elementary symmetric polynomials, against extended precision', () => {
  for (const size of [1, 30, 700, 5000]) {
    const biases = Float64Array.from(uniforms(12, 5), (u) => size * (2 * u - 1));
    let exact = [ep.fromNumber(1)];
    for (const bias of biases) {
      const factor = ep.exp(ep.fromNumber(bias));
      exact = [...exact, ep.zero].map((value, l) => (l === 0 ? value : ep.add(value, ep.multiply(factor, exact[l - 1]))));
    }
    const { mantissas, exponents } = symmetricPolynomials(biases, Uint32Array.from(biases.keys()));
    exact.forEach((value, l) => {
      const actual = ep.extended(BigInt(mantissas[12 * 13 + l] * 2 ** 52), exponents[12 * 13 + l] - 52);
      expect(Math.abs(ep.toNumber(ep.subtract(ep.divide(actual, value), ep.fromNumber(1))))).toBeLessThan(1e-14);
    });
  }
});

describe.each(backends)('log Z of backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  test('random models with any structure, against enumeration of both layers', async () => {
    const property = fc.asyncProperty(structuredModels(5), async (model) => {
      const exact = bruteForce.logPartitionFunction(model);
      expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThanOrEqual(tolerance);
    });
    await fc.assert(property, { numRuns: 150 });
  });

  test('larger models with many duplicates, against enumeration of one layer', async () => {
    for (const [n, m, duplicates] of [[30, 14, 10], [100, 9, 9], [9, 8, 2]]) {
      const model = withDuplicates(n, m, duplicates);
      const exact = bruteForce.logPartitionFunctionOverHidden(model);
      expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThanOrEqual(tolerance);
      expect(errorAgainst(await exactLogPartitionFunction(kernels, exchanged(model)), exact)).toBeLessThanOrEqual(tolerance);
    }
  });

  test('duplicates that make more states than there are of the other layer’s', async () => {
    const model = withDuplicates(12, 18, 15);
    expect(enumerationStructure(model).states).toBe(8 * 16);
    const exact = bruteForce.logPartitionFunctionOverHidden(exchanged(model));
    expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThanOrEqual(tolerance);
  });

  test('forty components', async () => {
    const model = structuredModel({ ...dense, n: 80, m: 120, components: 40 });
    const one = (component: number) => ({
      ...structuredModel({ ...dense, n: 2, m: 3 }),
      weights: Float64Array.from({ length: 6 }, (_, k) => model.weights[(component + 40 * Math.floor(k / 3)) * 120 + component + 40 * (k % 3)]),
      visibleBias: Float64Array.from({ length: 2 }, (_, k) => model.visibleBias[component + 40 * k]),
      hiddenBias: Float64Array.from({ length: 3 }, (_, k) => model.hiddenBias[component + 40 * k]),
    });
    const exact = ep.total(Array.from({ length: 40 }, (_, component) => bruteForce.logPartitionFunction(one(component))));
    expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThanOrEqual(tolerance);
  });

  test('without structure: the bits of the plain enumeration', async () => {
    for (const [n, m] of [[9, 7], [7, 9], [20, 5], [1, 2]]) {
      const model = structuredModel({ ...dense, n, m });
      expect(await exactLogPartitionFunction(kernels, model)).toBe(await plainLogPartitionFunction(kernels, model));
    }
  });

  test('progress goes from part to part up to 1', async () => {
    const shares: number[] = [];
    const model = structuredModel({ ...dense, n: 9, m: 9, components: 3 });
    await exactLogPartitionFunction(kernels, model, { progress: (share) => shares.push(share) });
    expect(shares.length).toBeGreaterThan(3);
    expect(shares.toSorted((left, right) => left - right)).toEqual(shares);
    expect(shares.at(-1)).toBe(1);
  });
});

describe('threads', () => {
  /** The kernels as built (`npm run build`): threads start from JavaScript files. */
  async function loadBuiltKernels(threads: number): Promise<Kernels> {
    const built = (await import(new URL('../../dist/kernels/index.js', import.meta.url).href)) as { loadKernels: typeof loadKernels };
    return built.loadKernels('wasm', { threads });
  }

  const models = [
    structuredModel({ ...dense, n: 40, m: 11 }),
    structuredModel({ ...dense, n: 31, m: 33, components: 3, duplicates: 0.5 }),
    structuredModel({ ...dense, n: 12, m: 12, components: 2, duplicates: 0.7, size: 400 }),
    withDuplicates(17, 20, 14),
  ];

  test.each([1, 2, 3])('with %i: the bits of the reference, of log Z and of exact samples', async (threads) => {
    const [kernels, reference] = [await loadBuiltKernels(threads), await loadKernels('reference')];
    const key = { k0: 1, k1: 2 };
    for (const model of models) {
      expect(await exactLogPartitionFunction(kernels, model)).toBe(await exactLogPartitionFunction(reference, model));
      const samples = await sampleExactly(kernels, model, 300, key);
      expect(contentOf(samples)).toEqual(contentOf(await sampleExactly(reference, model, 300, key)));
    }
    await kernels.close();
  });
});
