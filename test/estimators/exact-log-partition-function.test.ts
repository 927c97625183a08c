/**
 * Exact log Z of every backend against enumeration of both layers in extended precision, and for 784 × 12 against an
 * enumeration of the hidden layer in extended precision. |Δ log Z| ≤ 1e-11 is a relative error of Z of 1e-11.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { exactLogPartitionFunction, plainLogPartitionFunction } from '../../src/estimators/exact-log-partition-function.js';
import {
  backends,
  loadKernels,
  log,
  planEnumeration,
  scaledSum,
  type Kernels,
  type ModelParameters,
} from '../../src/kernels/index.js';
import type { FinishedWork } from '../../src/estimators/finished-work.js';
import { enumerationView } from '../../src/model/enumeration-view.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { normals, uniforms } from '../reference/numbers.js';
import { structuredModel } from '../reference/structured-models.js';

const tolerance = 1e-11;

function uniformModel(n: number, m: number, weight: number, bias: number, seed: number): ModelParameters {
  const values = (count: number, size: number, stream: number) =>
    Float64Array.from(uniforms(count, 3 * seed + stream), (u) => size * (2 * u - 1));
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: values(n * m, weight, 0),
    visibleBias: values(n, bias, 1),
    hiddenBias: values(m, bias, 2),
  };
}

/** As after training on images: W ~ N(0, 0.3²), visible biases around `visibleBias`. */
function imageModel(n: number, m: number, visibleBias: number): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1, 0.3)),
    visibleBias: Float64Array.from(normals(n, 2), (value) => value + visibleBias),
    hiddenBias: Float64Array.from(normals(m, 3)),
  };
}

function errorAgainst(actual: number, exact: ep.Extended): number {
  return Math.abs(ep.toNumber(ep.subtract(ep.fromNumber(actual), exact)));
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  /** log Z by the form named. */
  async function logZ(model: ModelParameters, form: 'product' | 'streamed'): Promise<number> {
    const plan = planEnumeration(enumerationView(model), form);
    const mantissas = new Float64Array(plan.blocks);
    const exponents = new Float64Array(plan.blocks);
    kernels.enumerationBlocks(plan, 0, plan.blocks, mantissas, exponents);
    await kernels.finish();
    const sum = scaledSum(mantissas, exponents, plan.blocks);
    return log(sum.mantissa) + sum.exponent * Math.LN2;
  }

  test('every shape from 1 × 1 with up to 10 units, with weights of size 0.1 to 60', async () => {
    const bad: unknown[] = [];
    for (let n = 1; n <= 8; n++) {
      for (let m = 1; m <= 8 && n + m <= 10; m++) {
        const weight = [0.1, 3, 60][(n + 2 * m) % 3];
        const model = uniformModel(n, m, weight, 4, 10 * n + m);
        const error = errorAgainst(await exactLogPartitionFunction(kernels, model), bruteForce.logPartitionFunction(model));
        if (!(error <= tolerance)) bad.push({ n, m, weight, error });
      }
    }
    expect(bad).toEqual([]);
  });

  test('8 × 8 with weights of size 60', async () => {
    const model = uniformModel(8, 8, 60, 60, 5);
    const exact = bruteForce.logPartitionFunction(model);
    expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThanOrEqual(tolerance);
  });

  test('random small models, each by both forms where the product form applies', async () => {
    const sizes = fc.constantFrom(0, 0.5, 5, 60);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), sizes, sizes, fc.nat(1000), async (n, m, weight, bias, seed) => {
        const model = uniformModel(n, m, weight, bias, seed);
        const exact = bruteForce.logPartitionFunction(model);
        expect(planEnumeration(enumerationView(model)).form).toBe('product');
        expect(errorAgainst(await logZ(model, 'product'), exact)).toBeLessThanOrEqual(tolerance);
        expect(errorAgainst(await logZ(model, 'streamed'), exact)).toBeLessThanOrEqual(tolerance);
      }),
      { numRuns: 60 },
    );
  });

  test('where a factor would overflow the product form gives way to the streamed one', async () => {
    const weights: [string, number[]][] = [
      ['exp(400)·exp(400)', [400, 400, 400, 400, -400, 400, 300, 400, 400]],
      ['exp(800)·exp(−800)', [800, -800, 800, -800, 800, -800, 800, -800, 800]],
      ['thousands', [5000, -4000, 3000, 2000, -1000, 900, 800, -700, 600]],
    ];
    for (const [, values] of weights) {
      const model = { ...uniformModel(3, 3, 1, 2, 1), weights: Float64Array.from(values) };
      expect(planEnumeration(enumerationView(model)).form).toBe('streamed');
      const exact = bruteForce.logPartitionFunction(model);
      expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThanOrEqual(tolerance);
    }
  });

  test('large biases of either sign, alone and cancelling large weights', async () => {
    for (const [weight, bias, shift] of [[1, 600, 0], [1, 3000, 0], [60, 200, -100], [700, 900, 0], [0, 0, -2000], [2, 1, 2000]]) {
      for (const [n, m] of [[4, 3], [3, 5], [1, 6], [6, 1]]) {
        const model = uniformModel(n, m, weight, bias, 7);
        for (const values of [model.visibleBias, model.hiddenBias]) {
          for (let index = 0; index < values.length; index++) values[index] += shift;
        }
        const exact = bruteForce.logPartitionFunction(model);
        expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThanOrEqual(tolerance);
      }
    }
  });

  test('biases on the side of the closed form as large as float64 resolves: error of some ulp of log Z', async () => {
    for (const size of [1e5, 1e7, 1e9]) {
      const model = uniformModel(3, 4, size, size, 11);
      const exact = bruteForce.logPartitionFunction(model);
      const actual = await exactLogPartitionFunction(kernels, model);
      expect(ep.ulpDifference(actual, exact)).toBeLessThan(4);
    }
  });

  test('astronomic parameters: log Z is right to 12 digits or not finite, never a plausible wrong number', async () => {
    for (const size of [1e12, 1e15, 1e18, 1e25, 1e100, 1e290, 1e308]) {
      const model = uniformModel(3, 4, size, size, 11);
      const exact = ep.toNumber(bruteForce.logPartitionFunctionOfLargest(model));
      const actual = await exactLogPartitionFunction(kernels, model);
      const right = Math.abs(actual - exact) <= 1e-12 * Math.abs(exact);
      expect([size, right || !Number.isFinite(actual)]).toEqual([size, true]);
    }
  });

  test.each([
    ['a realistic model, visible bias about −3', -3],
    ['as on inverted digits: log Z in the thousands', 5],
  ])('784 × 12: %s', async (_, visibleBias) => {
    const model = imageModel(784, 12, visibleBias);
    const exact = bruteForce.logPartitionFunctionOverHidden(model);
    expect(ep.toNumber(exact) > 2000).toBe(visibleBias > 0);
    expect(planEnumeration(enumerationView(model)).form).toBe('product');
    expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThanOrEqual(tolerance);
  });

  test('both forms agree on a model of 784 × 8 with log Z in the thousands', async () => {
    const model = imageModel(784, 8, 5);
    expect(Math.abs(await logZ(model, 'product') - await logZ(model, 'streamed'))).toBeLessThanOrEqual(tolerance);
  });

  test('300 × 10 with weights of size 30: the product must be rescaled often, and large inputs be exact', async () => {
    const model = uniformModel(300, 10, 30, 30, 3);
    const exact = bruteForce.logPartitionFunctionOverHidden(model);
    expect(planEnumeration(enumerationView(model)).form).toBe('product');
    expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThanOrEqual(tolerance);
  });

  // Units joined in pairs only: Z is a product over the pairs, Π_k (1 + e^a + e^b + e^(a+b+w)). 2^22 states make more
  // blocks than are added up in one chunk.
  test('22 × 22 in pairs, against the product over the pairs', async () => {
    const units = 22;
    const { visibleBias, weights: strengths } = uniformModel(units, 1, 3, 2, 5);
    const biases = Float64Array.from(uniforms(units, 99), (u) => 2 * u - 1);
    const weights = new Float64Array(units * units);
    for (let k = 0; k < units; k++) weights[k * units + k] = strengths[k];
    const exact = ep.total(
      Array.from({ length: units }, (_, k) => {
        const [a, b, w] = [visibleBias[k], biases[k], strengths[k]].map(ep.fromNumber);
        return ep.log(ep.total([ep.fromNumber(1), ep.exp(a), ep.exp(b), ep.exp(ep.total([a, b, w]))]));
      }),
    );
    const model = { visibleUnits: units, hiddenUnits: units, weights, visibleBias, hiddenBias: biases };
    expect(errorAgainst(await plainLogPartitionFunction(kernels, model), exact)).toBeLessThan(tolerance);
    expect(errorAgainst(await exactLogPartitionFunction(kernels, model), exact)).toBeLessThan(tolerance);
  });

  test('exchanging the layers changes nothing', async () => {
    for (const [n, m] of [[3, 9], [9, 3], [12, 12], [1, 10]]) {
      const model = uniformModel(n, m, 4, 2, 21);
      const exchanged: ModelParameters = {
        visibleUnits: m,
        hiddenUnits: n,
        weights: Float64Array.from({ length: n * m }, (_, index) => model.weights[(index % n) * m + Math.floor(index / n)]),
        visibleBias: model.hiddenBias,
        hiddenBias: model.visibleBias,
      };
      const difference = await exactLogPartitionFunction(kernels, model) - await exactLogPartitionFunction(kernels, exchanged);
      expect(Math.abs(difference)).toBeLessThanOrEqual(tolerance);
    }
  });

  test('the streamed form, whose blocks take long, gives way after every block', async () => {
    const model = uniformModel(8, 8, 700, 1, 5);
    const plan = planEnumeration(enumerationView(model));
    expect(plan.form).toBe('streamed');
    let pauses = 0;
    await exactLogPartitionFunction(kernels, model, { pause: () => Promise.resolve(void pauses++) });
    expect(pauses).toBe(plan.blocks);
  });

  test('the cooperative form gives the same bits, reports progress, and can be cancelled', async () => {
    const model = uniformModel(9, 7, 2, 1, 31);
    const shares: number[] = [];
    let pauses = 0;
    let pause = async () => {
      pauses += 1;
    };
    const value = await exactLogPartitionFunction(kernels, model, { pause, progress: (share) => shares.push(share) });
    expect(value).toBe(await exactLogPartitionFunction(kernels, model));
    expect(pauses).toBeGreaterThan(0);
    expect(shares.at(-1)).toBe(1);
    expect(shares.toSorted((left, right) => left - right)).toEqual(shares);
    pause = () => Promise.reject(new Error('stop'));
    await expect(exactLogPartitionFunction(kernels, model, { pause })).rejects.toThrow('stop');
  });

  /** What is finished, copied: as a file would keep it. */
  function storeOf(kept = new Map<string, Float64Array>()) {
    const store: FinishedWork = { get: (name) => kept.get(name), set: (name, values) => void kept.set(name, values) };
    return { store, copy: () => new Map([...kept].map(([name, values]) => [name, values.slice()] as const)) };
  }

  /** log Z with the work stopped again and again, each time after a number of pauses; and how many pauses there were. */
  async function interrupted(model: ModelParameters, pausesBefore: () => number): Promise<{ value: number; pauses: number; stops: number }> {
    let kept = storeOf();
    let pauses = 0;
    for (let stops = 0; ; stops++) {
      let left = pausesBefore();
      const { store, copy } = kept;
      const pause = () => {
        pauses += 1;
        return left-- === 0 ? Promise.reject(new Error('stop')) : Promise.resolve();
      };
      try {
        return { value: await exactLogPartitionFunction(kernels, model, { finished: store, pause }), pauses, stops };
      } catch (error) {
        if (!(error instanceof Error && error.message === 'stop')) throw error;
        kept = storeOf(copy());
      }
    }
  }

  test('stopped at random points and continued: the same bits, and no batch is done twice', async () => {
    const streamed = uniformModel(8, 8, 700, 1, 5);
    // 2^14 × 3000 are two batches of a chunk.
    for (const model of [streamed, uniformModel(14, 3000, 0.1, 1, 6), structuredModel({ n: 20, m: 20, components: 3, density: 1, duplicates: 0.3, size: 400, seed: 3 })]) {
      let all = 0;
      const value = await exactLogPartitionFunction(kernels, model, { pause: () => Promise.resolve(void all++) });
      const random = uniforms(200, 17);
      let next = 0;
      const outcome = await interrupted(model, () => Math.floor(random[next++] * 2));
      expect(outcome.value).toBe(value);
      expect(outcome.stops).toBeGreaterThan(0);
      expect(outcome.pauses).toBe(all);
    }
  });

  test('of more than one chunk: the same bits after a stop in the second', async () => {
    const model = uniformModel(22, 23, 2, 1, 8);
    const value = await exactLogPartitionFunction(kernels, model);
    const { store, copy } = storeOf();
    const set: FinishedWork['set'] = (name, values) => {
      store.set(name, values);
      if (name.endsWith('blocks') && values[0] > 0) throw new Error('stop');
    };
    await expect(exactLogPartitionFunction(kernels, model, { finished: { ...store, set } })).rejects.toThrow('stop');
    expect(copy().size).toBe(2);
    const shares: number[] = [];
    expect(await exactLogPartitionFunction(kernels, model, { finished: storeOf(copy()).store, progress: (share) => shares.push(share) })).toBe(value);
    expect(shares[0]).toBeGreaterThan(0.5);
  });

  test('kept values that can’t be its own are ignored', async () => {
    const model = uniformModel(9, 7, 2, 1, 31);
    const value = await exactLogPartitionFunction(kernels, model);
    for (const values of [new Float64Array(3), new Float64Array(5000), Float64Array.from([1024, 0, 1, 1])]) {
      const kept = new Map([['part 0 blocks', values], ['part 0 chunks', new Float64Array(7)]]);
      expect(await exactLogPartitionFunction(kernels, model, { finished: storeOf(kept).store })).toBe(value);
    }
  });
});
