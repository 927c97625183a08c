/**
 * The mean-field free energy against its formula written out, and its slopes and fixed-point steps against central
 * differences of that formula.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, loadKernels, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { MeanField, type MeanFieldOrder } from '../../src/model/mean-field.js';
import { createModel } from '../../src/model/parameters.js';
import { valuesOf } from '../kernels/support.js';
import { normals, uniforms } from '../reference/numbers.js';

const { abs, exp, log } = Math;

const n = 5;
const m = 3;
const orders: readonly MeanFieldOrder[] = [1, 2, 3];

const parameters: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, 1)),
  visibleBias: Float64Array.from(normals(n, 2)),
  hiddenBias: Float64Array.from(normals(m, 3)),
};

/** Σ −E and the corrections of the higher orders, as in the paper: what −Γ is beside the entropies. */
function interactions(order: number, { weights, visibleBias, hiddenBias }: ModelParameters, visible: readonly number[], hidden: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += visibleBias[i] * visible[i];
  for (let j = 0; j < m; j++) sum += hiddenBias[j] * hidden[j];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      const [w, v, h] = [weights[i * m + j], visible[i], hidden[j]];
      sum += w * v * h;
      if (order >= 2) sum += (1 / 2) * w * w * (v - v * v) * (h - h * h);
      if (order >= 3) sum += (2 / 3) * w * w * w * (v - v * v) * (1 / 2 - v) * (h - h * h) * (1 / 2 - h);
    }
  }
  return sum;
}

function entropies(magnetisations: readonly number[]): number {
  return magnetisations.reduce((sum, x) => sum - (x > 0 ? x * log(x) : 0) - (x < 1 ? (1 - x) * log(1 - x) : 0), 0);
}

/** Of second order in the step: for these functions, errors below 1e-8. */
const step = 1e-4;
const tolerance = 1e-7;

/** The derivatives of `f` by every entry of `values`. */
function derivatives(values: ArrayLike<number>, f: (changed: number[]) => number): number[] {
  const all = Array.from(values);
  return all.map((value, index) => (f(all.with(index, value + step)) - f(all.with(index, value - step))) / (2 * step));
}

/** Magnetisations of three sets: inner ones, and one with both ends of the range. */
const sets = [0, 1, 2].map((row) => ({
  visible: uniforms(n, 10 + row).map((u, i) => (row === 2 && i < 2 ? i : u)),
  hidden: uniforms(m, 20 + row).map((u, j) => (row === 2 && j < 2 ? j : u)),
}));

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  function fieldOf(order: MeanFieldOrder): MeanField {
    const field = new MeanField(kernels, createModel(kernels, parameters), order, sets.length);
    field.magnetisations.visible.writeRows(0, Float64Array.from(sets.flatMap(({ visible }) => visible)));
    field.magnetisations.hidden.writeRows(0, Float64Array.from(sets.flatMap(({ hidden }) => hidden)));
    field.refresh();
    return field;
  }

  describe.each(orders)('order %i', (order) => {
    test('the free energy is that of the formula', async () => {
      const values = await fieldOf(order).negativeFreeEnergies();
      sets.forEach(({ visible, hidden }, row) => {
        const expected = entropies(visible) + entropies(hidden) + interactions(order, parameters, visible, hidden);
        expect(abs(values[row] - expected)).toBeLessThan(1e-12);
      });
    });

    test('the moments are its slopes in the parameters, in the mean over the sets', async () => {
      const { visible, hidden, products } = await fieldOf(order).moments();
      const mean = (of: Partial<ModelParameters>): number =>
        sets.reduce((sum, set) => sum + interactions(order, { ...parameters, ...of }, set.visible, set.hidden) / sets.length, 0);
      const expected = {
        visible: derivatives(parameters.visibleBias, (changed) => mean({ visibleBias: Float64Array.from(changed) })),
        hidden: derivatives(parameters.hiddenBias, (changed) => mean({ hiddenBias: Float64Array.from(changed) })),
        products: derivatives(parameters.weights, (changed) => mean({ weights: Float64Array.from(changed) })),
      };
      for (const [statistic, actual] of Object.entries({ visible, hidden, products })) {
        const wanted = expected[statistic as keyof typeof expected];
        expect(actual.length).toBe(wanted.length);
        actual.forEach((value, index) => expect(abs(value - wanted[index])).toBeLessThan(tolerance));
      }
    });

    test.each([0, 0.3])('a step with damping %p goes to where the slopes in the magnetisations say', async (damping) => {
      const field = fieldOf(order);
      const changes = await field.iterate(damping);
      const visible = valuesOf(field.magnetisations.visible);
      const hidden = valuesOf(field.magnetisations.hidden);
      const moved = (old: readonly number[], slopes: readonly number[]): number[] =>
        old.map((value, index) => damping * value + (1 - damping) / (1 + exp(-slopes[index])));
      sets.forEach((set, row) => {
        const newVisible = moved(set.visible, derivatives(set.visible, (changed) => interactions(order, parameters, changed, set.hidden)));
        const newHidden = moved(set.hidden, derivatives(set.hidden, (changed) => interactions(order, parameters, newVisible, changed)));
        newVisible.forEach((value, i) => expect(abs(visible[row * n + i] - value)).toBeLessThan(tolerance));
        newHidden.forEach((value, j) => expect(abs(hidden[row * m + j] - value)).toBeLessThan(tolerance));
        const differences = [...newVisible.map((value, i) => abs(value - set.visible[i])), ...newHidden.map((value, j) => abs(value - set.hidden[j]))];
        expect(abs(changes[row] - Math.max(...differences))).toBeLessThan(tolerance);
      });
    });
  });

  test('it follows weights that have changed after `refresh`', async () => {
    const model = createModel(kernels, parameters);
    const field = new MeanField(kernels, model, 3, 1);
    field.magnetisations.visible.writeRows(0, Float64Array.from(sets[0].visible));
    field.magnetisations.hidden.writeRows(0, Float64Array.from(sets[0].hidden));
    field.refresh();
    await kernels.finish();
    const weights = parameters.weights.map((weight) => weight / 2);
    model.weights.writeRows(0, weights);
    field.refresh();
    const { visible, hidden } = sets[0];
    const expected = entropies(visible) + entropies(hidden) + interactions(3, { ...parameters, weights }, visible, hidden);
    expect(abs((await field.negativeFreeEnergies())[0] - expected)).toBeLessThan(1e-12);
  });
});
