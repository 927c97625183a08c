/**
 * log Z and the moments of models whose visible layer is not binary: categorical ones against sums over all one-hot states
 * in extended precision, Gaussian ones against quadrature; and the gradient of log Z, of every kind, against central
 * differences.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { exactLogPartitionFunction, plainLogPartitionFunction } from '../../src/estimators/exact-log-partition-function.js';
import { backends, loadKernels, planEnumeration, type Kernels, type ModelParameters, type VisibleLayer } from '../../src/kernels/index.js';
import { enumerationStructure } from '../../src/model/enumeration-structure.js';
import { enumeratedLayer, enumerationCost, enumerationView } from '../../src/model/enumeration-view.js';
import { exactMoments } from '../../src/model/exact-moments.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { normals } from '../reference/numbers.js';
import { integrate } from '../reference/quadrature.js';

const { abs, exp, log, log1p, max } = Math;

const gaussian: VisibleLayer = { kind: 'gaussian' };

function groupsOf(...sizes: number[]): VisibleLayer {
  const groups = [0];
  for (const size of sizes) groups.push(groups[groups.length - 1] + size);
  return { kind: 'categorical', groups: Uint32Array.from(groups) };
}

function randomModel(visibleLayer: VisibleLayer, n: number, m: number, size: number, seed = 1): ModelParameters {
  return {
    visibleLayer,
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, size)),
    visibleBias: Float64Array.from(normals(n, seed + 1, size)),
    hiddenBias: Float64Array.from(normals(m, seed + 2, size)),
  };
}

/** log p̃(v) of real v by its definition. */
function logDensity({ hiddenUnits: m, weights, visibleBias, hiddenBias }: ModelParameters, v: readonly number[]): number {
  let sum = 0;
  v.forEach((value, i) => {
    sum -= 0.5 * (value - visibleBias[i]) ** 2;
  });
  for (let j = 0; j < m; j++) sum += softplus(hiddenBias[j] + v.reduce((total, value, i) => total + value * weights[i * m + j], 0));
  return sum;
}

const softplus = (x: number): number => max(x, 0) + log1p(exp(-abs(x)));
const logistic = (x: number): number => 1 / (1 + exp(-x));

/** Where p(v) is not negligible: means of v_i lie between a_i plus the negative weights and a_i plus the positive ones. */
function rangesOf({ visibleUnits: n, hiddenUnits: m, weights, visibleBias }: ModelParameters): [number, number][] {
  return Array.from({ length: n }, (_, i) => {
    const own = [...weights.subarray(i * m, (i + 1) * m)];
    const sum = (sign: number): number => own.reduce((total, weight) => total + (weight * sign > 0 ? weight : 0), visibleBias[i]);
    return [sum(-1) - 12, sum(1) + 12];
  });
}

/** E[f(v)] and log Z of a Gaussian layer by quadrature. */
function gaussianOracle(model: ModelParameters) {
  const ranges = rangesOf(model);
  const { hiddenUnits: m, weights, hiddenBias } = model;
  // Within the range of float64 whatever log Z is.
  let largest = -Infinity;
  integrate((v) => ((largest = max(largest, logDensity(model, v))), 0), ranges);
  const integral = (f: (v: readonly number[]) => number): number => integrate((v) => f(v) * exp(logDensity(model, v) - largest), ranges);
  const total = integral(() => 1);
  const expectation = (f: (v: readonly number[]) => number): number => integral(f) / total;
  const hiddenMean = (v: readonly number[], j: number): number => logistic(v.reduce((sum, value, i) => sum + value * weights[i * m + j], hiddenBias[j]));
  return { logZ: log(total) + largest, expectation, hiddenMean };
}

/** log Z and moments of a categorical layer: of the binary model of the same parameters, the one-hot states only. */
function categoricalOracle(model: ModelParameters, groups: Uint32Array) {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const { joint } = bruteForce.enumerate(model);
  const isOneHot = (state: number): boolean =>
    groups.subarray(1).every((end, group) => {
      let on = 0;
      for (let unit = groups[group]; unit < end; unit++) on += bruteForce.unit(state, unit);
      return on === 1;
    });
  const sum = (weight: (visible: number, hidden: number) => number): ep.Extended => {
    let total = ep.zero;
    joint.forEach((row, visible) => {
      if (!isOneHot(visible)) return;
      row.forEach((value, hidden) => {
        if (weight(visible, hidden) === 1) total = ep.add(total, value);
      });
    });
    return total;
  };
  const z = sum(() => 1);
  const expectation = (weight: (visible: number, hidden: number) => number): number => ep.toNumber(ep.divide(sum(weight), z));
  return {
    logZ: ep.toNumber(ep.log(z)),
    visible: Array.from({ length: n }, (_, i) => expectation((v) => bruteForce.unit(v, i))),
    hidden: Array.from({ length: m }, (_, j) => expectation((_v, h) => bruteForce.unit(h, j))),
    products: Array.from({ length: n * m }, (_, index) =>
      expectation((v, h) => bruteForce.unit(v, Math.floor(index / m)) * bruteForce.unit(h, index % m)),
    ),
  };
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, index) => expect(abs(actual[index] - value)).toBeLessThan(tolerance));
}

test('of visible units that are not binary the hidden layer is enumerated, whatever the sizes and weights', () => {
  const categorical = groupsOf(1, 2);
  for (const visibleLayer of [gaussian, categorical]) {
    // Two equal hidden units, one hidden unit and one visible unit alone.
    const model = { ...randomModel(visibleLayer, 3, 5, 1), weights: Float64Array.from([1, 1, 2, 0, 3, 4, 4, 5, 0, 6, 0, 0, 0, 0, 0]) };
    expect(enumeratedLayer(model)).toBe('hidden');
    const { cost, ...shape } = enumerationCost(model);
    expect(shape).toEqual({ outerUnits: 5, innerUnits: 3, states: 32, stateUnits: 96 });
    // Neither is done by the binary layers' product form, and a state of Gaussian units costs the same whatever their number.
    expect(cost).toBeGreaterThan(10 * 96);
    expect(cost / enumerationCost({ ...model, visibleUnits: 6 }).cost).toBe(visibleLayer.kind === 'gaussian' ? 1 : 0.5);
    expect(enumerationView(model).innerLayer).toBe(visibleLayer);
    const { parts, loneVisible, loneHidden, cost: costOfParts } = enumerationStructure(model);
    expect(costOfParts).toBe(cost);
    expect(parts.map(({ layer, outer, inner }) => [layer, outer.map((units) => [...units]), [...inner]])).toEqual([
      ['hidden', [[0], [1], [2], [3], [4]], [0, 1, 2]],
    ]);
    expect([loneVisible.length, loneHidden.length]).toEqual([0, 0]);
  }
});

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  async function exactly(model: ModelParameters) {
    const logZ = await exactLogPartitionFunction(kernels, model);
    // One way to enumerate, one result.
    expect(await plainLogPartitionFunction(kernels, model)).toBe(logZ);
    return { logZ, moments: await exactMoments(kernels, model, logZ) };
  }

  test.each([
    [1, 1, 1],
    [1, 4, 2],
    [1, 3, 8],
    [2, 1, 1],
    [2, 3, 1],
    [2, 5, 2],
  ])('Gaussian, %i × %i, parameters of size %i: quadrature gives log Z and moments', async (n, m, size) => {
    const model = randomModel(gaussian, n, m, size, 10 * n + m);
    const { logZ, moments } = await exactly(model);
    const oracle = gaussianOracle(model);
    // A difference of log Z is a relative error of Z.
    expect(abs(logZ - oracle.logZ)).toBeLessThan(1e-11);
    const scale = max(...rangesOf(model).flat().map(abs)) ** 2;
    const units = Array.from({ length: n }, (_, i) => i);
    const hiddenUnits = Array.from({ length: m }, (_, j) => j);
    expectClose(moments.visible, units.map((i) => oracle.expectation((v) => v[i])), 1e-12 * scale);
    expectClose(moments.visibleSquares ?? [], units.map((i) => oracle.expectation((v) => v[i] * v[i])), 1e-12 * scale);
    expectClose(moments.hidden, hiddenUnits.map((j) => oracle.expectation((v) => oracle.hiddenMean(v, j))), 1e-12);
    const products = units.flatMap((i) => hiddenUnits.map((j) => oracle.expectation((v) => v[i] * oracle.hiddenMean(v, j))));
    expectClose(moments.products, products, 1e-12 * scale);
  });

  test.each([
    [[1], 2, 1],
    [[2], 1, 1],
    [[4], 3, 2],
    [[1, 2, 3], 4, 1],
    [[3, 3], 5, 20],
    [[2, 2, 2], 6, 300],
  ])('categorical, groups of %j × %i, parameters of size %i: sums over one-hot states give log Z and moments', async (sizes, m, size) => {
    const layer = groupsOf(...sizes);
    const model = randomModel(layer, sizes.reduce((sum, each) => sum + each), m, size, 30 + m);
    const { logZ, moments } = await exactly(model);
    const oracle = categoricalOracle(model, (layer as { groups: Uint32Array }).groups);
    // Inputs of several hundreds have a last place of 1e-13.
    const tolerance = 1e-13 * max(1, size);
    expect(abs(logZ - oracle.logZ)).toBeLessThan(tolerance);
    expectClose(moments.visible, oracle.visible, tolerance);
    expectClose(moments.hidden, oracle.hidden, tolerance);
    expectClose(moments.products, oracle.products, tolerance);
    expect(moments.visibleSquares).toBeUndefined();
  });

  test.each([[1, 1, 1], [40, 9, 0.5], [3, 11, 1], [200, 6, 2]])(
    'Gaussian, %i × %i, parameters of size %p: the quadratic form and the cumulant give the same p̃ of every state',
    async (n, m, size) => {
      const view = enumerationView(randomModel(gaussian, n, m, size, n + m));
      const [logs, others] = (['quadratic', 'cumulant'] as const).map((form) => {
        const plan = planEnumeration(view, form);
        const [mantissas, exponents] = [new Float64Array(plan.blockStates), new Float64Array(plan.blockStates)];
        return Array.from({ length: plan.blocks }, (_, block) => {
          kernels.enumerationStates(plan, block, mantissas, exponents);
          return Array.from(mantissas, (mantissa, state) => log(mantissa) + exponents[state] * Math.LN2);
        }).flat();
      });
      expect(logs).toHaveLength(2 ** m);
      expect(planEnumeration(view).form).toBe('quadratic');
      // Terms of size n·m²·size², each rounded.
      const tolerance = 1e-15 * n * m * m * max(1, size * size);
      logs.forEach((value, state) => expect(abs(value - others[state])).toBeLessThan(tolerance + 1e-14));
      await kernels.finish();
    },
  );

  test.each([
    ['binary', { kind: 'binary' } as const],
    ['categorical', groupsOf(3, 1, 2)],
    ['Gaussian', gaussian],
  ])('∇ log Z is the expectation of ∇ log p̃: %s', async (_, visibleLayer) => {
    const [n, m] = [6, 4];
    const model = randomModel(visibleLayer, n, m, 0.7, 50);
    const { moments } = await exactly(model);
    const isGaussian = visibleLayer.kind === 'gaussian';
    const gradient = {
      weights: moments.products,
      visibleBias: moments.visible.map((mean, i) => (isGaussian ? mean - model.visibleBias[i] : mean)),
      hiddenBias: moments.hidden,
    };
    const step = 2 ** -10;
    for (const name of ['weights', 'visibleBias', 'hiddenBias'] as const) {
      for (let index = 0; index < model[name].length; index++) {
        const logZ = (change: number): Promise<number> =>
          exactLogPartitionFunction(kernels, { ...model, [name]: model[name].with(index, model[name][index] + change) });
        const near = (await logZ(step)) - (await logZ(-step));
        const far = (await logZ(2 * step)) - (await logZ(-2 * step));
        // The error is step⁴/30 of a fifth derivative, 1e-13, and a last place of log Z over the step, 1e-12.
        expect(abs((8 * near - far) / (12 * step) - gradient[name][index])).toBeLessThan(1e-10);
      }
    }
  });
});
