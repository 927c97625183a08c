/**
 * Tempered chains as training drives them (`advance`): state by state against a computation of their own, and in the exact
 * tempered distributions, which they must not leave: those of every rung, and the product of neighbours'. Fixed seeds,
 * nothing retried; bounds fail right chains with a probability of about 1e-9.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, isBinaryMatrix, loadKernels, packBinaryMatrix, type Kernels, type Model, type ModelParameters, type VisibleLayer } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import { streamKey } from '../../src/random/index.js';
import { restoreTensors, saveTensors } from '../../src/sampling/saved-states.js';
import { TemperedChains } from '../../src/sampling/tempered-chains.js';
import { bytesOf } from '../kernels/support.js';
import { unit } from '../reference/brute-force.js';
import * as gibbs from '../reference/gibbs.js';
import { normals, uniforms } from '../reference/numbers.js';
import { addressedWord } from '../reference/philox.js';

const { exp, log, min, sqrt } = Math;

/** Neighbours swap about half of the time. */
const ladder = Float64Array.of(0, 0.3, 0.6, 1);
const rungs = ladder.length;
const key = streamKey('1', 'tempered');
const m = 2;

/** Of Gaussian units, weights are small enough for the tempered distributions to overlap. */
function parametersOf(n: number, visibleLayer: VisibleLayer): ModelParameters {
  const size = visibleLayer.kind === 'gaussian' ? 1 : 2.5;
  return {
    visibleLayer,
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1, size)),
    visibleBias: Float64Array.from(normals(n, 2)),
    hiddenBias: Float64Array.from(normals(m, 3)),
  };
}

const sigmoid = (x: number): number => 1 / (1 + exp(-x));

/** Inputs of both layers at an inverse temperature, by the definition of `Tempering`. */
function inputsAt({ visibleUnits: n, weights, visibleBias, hiddenBias }: ModelParameters, base: Float64Array, beta: number) {
  return {
    hidden: (v: ArrayLike<number>, j: number): number =>
      beta * Array.from({ length: n }, (_, i) => v[i] * weights[i * m + j]).reduce((sum, x) => sum + x, hiddenBias[j]),
    visible: (h: number, i: number): number =>
      (1 - beta) * base[i] + beta * (visibleBias[i] + Array.from({ length: m }, (_, j) => unit(h, j) * weights[i * m + j]).reduce((sum, x) => sum + x)),
  };
}

/** p_β(v, h) of all states of binary or categorical units, index 2^m·v + h. */
function jointAt(parameters: ModelParameters, base: Float64Array, beta: number): number[] {
  const { visibleUnits: n, hiddenBias, visibleLayer } = parameters;
  const groups = visibleLayer?.kind === 'categorical' ? [...visibleLayer.groups] : undefined;
  const { visible } = inputsAt(parameters, base, beta);
  const isPossible = (v: number): boolean =>
    groups === undefined || groups.slice(1).every((end, g) => Array.from({ length: end - groups[g] }, (_, i) => unit(v, groups[g] + i)).filter((x) => x === 1).length === 1);
  const weights = Array.from({ length: 2 ** (n + m) }, (_, state) => {
    const [v, h] = [state >>> m, state & (2 ** m - 1)];
    if (!isPossible(v)) return 0;
    const fromHidden = Array.from({ length: m }, (__, j) => beta * unit(h, j) * hiddenBias[j]);
    return exp([...fromHidden, ...Array.from({ length: n }, (__, i) => unit(v, i) * visible(h, i))].reduce((sum, x) => sum + x));
  });
  const total = weights.reduce((sum, x) => sum + x);
  return weights.map((x) => x / total);
}

/** The distribution of v, of that of 2^m·v + h. */
function ofVisible(joint: readonly number[]): number[] {
  return Array.from({ length: joint.length >> m }, (_, v) => joint.slice(v << m, (v + 1) << m).reduce((sum, x) => sum + x));
}

/**
 * Expects counts to agree with probabilities: Pearson's χ², states that are expected fewer than 10 times taken together, is
 * below what χ² with d degrees of freedom exceeds with a probability of 1e-9: d + 2·√(d·x) + 2·x with x = ln 1e9 (B. Laurent &
 * P. Massart, Annals of Statistics 28 (2000), lemma 1).
 */
function chiSquare(samples: readonly number[], distribution: readonly number[]): { statistic: number; bound: number } {
  const counts = distribution.map(() => 0);
  for (const state of samples) counts[state]++;
  const expected = distribution.map((p) => p * samples.length);
  const cells = expected.map((value, state) => [value, counts[state]]).filter(([value]) => value >= 10);
  const [restExpected, restCount] = [samples.length - cells.reduce((sum, [value]) => sum + value, 0), samples.length - cells.reduce((sum, [, count]) => sum + count, 0)];
  // Where even the rest is expected less often, it is as good as impossible: a count of 60 and more is.
  if (restExpected >= 10 || restCount >= 60) cells.push([restExpected, restCount]);
  const statistic = cells.reduce((sum, [value, count]) => sum + (count - value) ** 2 / value, 0);
  const [d, x] = [cells.length - 1, log(1e9)];
  return { statistic, bound: d + 2 * sqrt(d * x) + 2 * x };
}

/** Chains whose hidden states are from `hiddenDistributions[rung]`. */
function startIn(kernels: Kernels, model: Model, base: Float64Array, ensembles: number, hiddenDistributions: readonly (readonly number[])[]): TemperedChains {
  const chains = new TemperedChains(kernels, model, base, ladder.slice(), ensembles, key);
  const hidden = hiddenDistributions.flatMap((distribution, rung) => gibbs.sampleDistribution(distribution, uniforms(ensembles, 10 + rung)));
  chains.chains.hidden.words.set(packBinaryMatrix(gibbs.unpackStates(hidden, m), rungs * ensembles, m).words);
  return chains;
}

/** The states 2^m·v + h of every rung. */
function statesOfRungs({ chains: { visible, hidden }, ensembles }: TemperedChains): number[][] {
  if (!isBinaryMatrix(visible)) throw new Error('only for packed states');
  const [v, h] = [gibbs.packStates(bytesOf(visible), visible.columns), gibbs.packStates(bytesOf(hidden), m)];
  return Array.from({ length: rungs }, (_, rung) =>
    Array.from({ length: ensembles }, (__, ensemble) => (v[rung * ensembles + ensemble] << m) | h[rung * ensembles + ensemble]));
}

const marginalOf = (joint: readonly number[], part: (state: number) => number, states: number): number[] => {
  const marginal = Array<number>(states).fill(0);
  for (const [state, p] of joint.entries()) marginal[part(state)] += p;
  return marginal;
};
const hiddenOf = (state: number): number => state & (2 ** m - 1);

describe.each(backends)('backend $name: binary units', ({ name }) => {
  const n = 3;
  const parameters = parametersOf(n, { kind: 'binary' });
  const base = Float64Array.from(normals(n, 4));
  let kernels: Kernels;
  let model: Model;
  beforeAll(async () => {
    kernels = await loadKernels(name);
    model = createModel(kernels, parameters);
  });
  afterAll(() => kernels.close());

  test.each([[0, 1], [1, 1], [5, 2], [6, 3]])('update %i of %i steps: every state is the one that the addressed uniforms give', async (update, steps) => {
    const ensembles = 40;
    const chains = startIn(kernels, model, base, ensembles, Array.from(ladder, () => [0.25, 0.25, 0.25, 0.25]));
    const word = (step: number, layer: number, row: number, index: number) =>
      addressedWord({ key: [key.k0, key.k1], update, step, layer, temperature: 0, row }, index);
    const draw = (step: number, layer: number, row: number, means: number[]): number =>
      means.reduce((state, mean, index) => ((Number(word(step, layer, row, index)) + 0.5) * 2 ** -64 < mean ? state | (1 << index) : state), 0);
    const at = Array.from(ladder, (beta) => inputsAt(parameters, base, beta));
    const marginals = Array.from(ladder, (beta) => ofVisible(jointAt(parameters, base, beta)));
    let h = statesOfRungs(chains).flat().map(hiddenOf);
    let v: number[] = [];
    let accepted = 0;
    for (let step = 0; step < steps; step++) {
      v = h.map((state, row) => draw(step, 0, row, Array.from({ length: n }, (_, i) => sigmoid(at[Math.floor(row / ensembles)].visible(state, i)))));
      // Even pairs, then odd ones.
      for (const rung of [0, 2, 1]) {
        for (let ensemble = 0; ensemble < ensembles; ensemble++) {
          const [lower, upper] = [rung * ensembles + ensemble, (rung + 1) * ensembles + ensemble];
          const [own, other] = [marginals[rung], marginals[rung + 1]];
          const ratio = (own[v[upper]] * other[v[lower]]) / (own[v[lower]] * other[v[upper]]);
          if ((Number(word(step, 4, lower, 0) >> 12n) + 0.5) * 2 ** -52 >= ratio) continue;
          [v[lower], v[upper]] = [v[upper], v[lower]];
          accepted++;
        }
      }
      h = v.map((state, row) => {
        const bits = Array.from({ length: n }, (_, i) => unit(state, i));
        return draw(step + 1, 1, row, Array.from({ length: m }, (_, j) => sigmoid(at[Math.floor(row / ensembles)].hidden(bits, j))));
      });
    }
    await chains.advance(update, steps);
    await kernels.finish();
    expect(statesOfRungs(chains).flat()).toEqual(v.map((state, row) => (state << m) | h[row]));
    expect(accepted).toBeGreaterThan(0);
    chains.release();
  });

  test('chains in equilibrium stay there at every rung, independent of their neighbours; swap rates are the exact ones', async () => {
    const ensembles = 8000;
    const joints = Array.from(ladder, (beta) => jointAt(parameters, base, beta));
    const marginals = joints.map(ofVisible);
    const chains = startIn(kernels, model, base, ensembles, joints.map((joint) => marginalOf(joint, hiddenOf, 2 ** m)));
    for (const [update, steps] of [[0, 1], [1, 1], [2, 3]]) {
      await chains.advance(update, steps);
      await kernels.finish();
      const states = statesOfRungs(chains);
      for (const [rung, joint] of joints.entries()) {
        const { statistic, bound } = chiSquare(states[rung], joint);
        expect(statistic).toBeLessThan(bound);
        // The test has power: it tells neighbours apart.
        const neighbour = chiSquare(states[rung], joints[rung === 0 ? 1 : rung - 1]);
        expect(neighbour.statistic).toBeGreaterThan(neighbour.bound);
        if (rung === 0) continue;
        const both = states[rung].map((state, ensemble) => ((state >>> m) << n) | (states[rung - 1][ensemble] >>> m));
        const product = marginals[rung].flatMap((p) => marginals[rung - 1].map((q) => p * q));
        const pairs = chiSquare(both, product);
        expect(pairs.statistic).toBeLessThan(pairs.bound);
      }
    }
    // Of each step, the mean over the ensembles is within the bound, and so is the average over the steps.
    const bound = gibbs.meanBound(rungs - 1, ensembles);
    for (const [pair, rate] of chains.swapRates.entries()) {
      const [own, other] = [marginals[pair], marginals[pair + 1]];
      const exact = own.flatMap((p, x) => other.map((q, y) => p * q * min(1, (own[y] * other[x]) / (own[x] * other[y])))).reduce((sum, value) => sum + value);
      expect(Math.abs(rate - exact)).toBeLessThan(bound);
      expect(rate).toBeGreaterThan(0.2);
      expect(rate).toBeLessThan(0.98);
    }
    chains.release();
  });

  test('chains that were saved and restored in others go on with the same bits, round trips and swap rates', async () => {
    const straight = new TemperedChains(kernels, model, base, ladder.slice(), 7, key, { memory: 0.9 });
    straight.drawHidden();
    for (let update = 0; update < 11; update++) await straight.advance(update, 1);
    await kernels.finish();
    const saved = new Map(Object.entries(saveTensors(straight.tensors)));
    const resumed = new TemperedChains(kernels, model, base, new Float64Array(rungs), 7, key, { memory: 0.9 });
    restoreTensors(resumed.tensors, saved);
    for (const chains of [straight, resumed]) {
      for (let update = 11; update < 30; update++) await chains.advance(update, 1);
      await kernels.finish();
    }
    expect(saveTensors(resumed.tensors)).toEqual(saveTensors(straight.tensors));
    expect([...resumed.swapRates]).toEqual([...straight.swapRates]);
    expect([resumed.roundTrips, straight.roundTrips > 0]).toEqual([straight.roundTrips, true]);
    expect(saveTensors(straight.tensors).visibleChains).not.toEqual(saved.get('visibleChains'));
  });

  test('with a memory, a swap rate weighs earlier swaps by it', async () => {
    const rates = async (memory: number, updates: number): Promise<number> => {
      const chains = new TemperedChains(kernels, model, base, ladder.slice(), 1, key, { memory });
      chains.drawHidden();
      for (let update = 0; update < updates; update++) await chains.advance(update, 1);
      return chains.swapRates[0];
    };
    // Means of one, two and three acceptances give each of them.
    const [one, two, three] = [await rates(1, 1), await rates(1, 2), await rates(1, 3)];
    const [a, b, c] = [one, 2 * two - one, 3 * three - 2 * two];
    expect(await rates(0.5, 3)).toBeCloseTo((0.25 * a + 0.5 * b + c) / 1.75, 12);
    expect(new Set([a, b, c]).size).toBeGreaterThan(1);
  });
});

describe.each(backends)('backend $name: other units', ({ name }) => {
  const ensembles = 8000;
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  test('categorical: chains in equilibrium stay there', async () => {
    const n = 5;
    const parameters = parametersOf(n, { kind: 'categorical', groups: Uint32Array.of(0, 3, 5) });
    const base = Float64Array.from(normals(n, 4));
    const joints = Array.from(ladder, (beta) => jointAt(parameters, base, beta));
    const chains = startIn(kernels, createModel(kernels, parameters), base, ensembles, joints.map((joint) => marginalOf(joint, hiddenOf, 2 ** m)));
    for (let update = 0; update < 3; update++) await chains.advance(update, 1);
    await kernels.finish();
    for (const [rung, states] of statesOfRungs(chains).entries()) {
      const { statistic, bound } = chiSquare(states, joints[rung]);
      expect(statistic).toBeLessThan(bound);
    }
    expect(Math.min(...chains.swapRates)).toBeGreaterThan(0.2);
  });

  test('Gaussian: chains in equilibrium stay there', async () => {
    const n = 2;
    const parameters = parametersOf(n, { kind: 'gaussian' });
    const base = Float64Array.from(normals(n, 4, 0.5));
    // p_β(h) ∝ exp(β·bᵀh + ½·‖μ_β(h)‖²): the Gaussian integral over v of mean μ_β(h).
    const meansAt = Array.from(ladder, (beta) =>
      Array.from({ length: 2 ** m }, (_, h) => Array.from({ length: n }, (__, i) => inputsAt(parameters, base, beta).visible(h, i))));
    const hiddenAt = Array.from(ladder, (beta, rung) => {
      const weights = meansAt[rung].map((means, h) =>
        exp(means.reduce((sum, mean) => sum + (mean * mean) / 2, Array.from({ length: m }, (_, j) => beta * unit(h, j) * parameters.hiddenBias[j]).reduce((a, b) => a + b))));
      const total = weights.reduce((sum, x) => sum + x);
      return weights.map((x) => x / total);
    });
    const chains = startIn(kernels, createModel(kernels, parameters), base, ensembles, hiddenAt);
    for (let update = 0; update < 3; update++) await chains.advance(update, 1);
    await kernels.finish();
    const { visible, hidden } = chains.chains;
    if (isBinaryMatrix(visible)) throw new Error('Gaussian states are real numbers');
    const h = gibbs.packStates(bytesOf(hidden), m);
    const values = new Float64Array(visible.rows * n);
    visible.readRows(0, values);
    for (const [rung, distribution] of hiddenAt.entries()) {
      const { statistic, bound } = chiSquare(h.slice(rung * ensembles, (rung + 1) * ensembles), distribution);
      expect(statistic).toBeLessThan(bound);
      for (let i = 0; i < n; i++) {
        const mean = distribution.reduce((sum, p, state) => sum + p * meansAt[rung][state][i], 0);
        const variance = 1 + distribution.reduce((sum, p, state) => sum + p * (meansAt[rung][state][i] - mean) ** 2, 0);
        const column = Array.from({ length: ensembles }, (_, ensemble) => values[(rung * ensembles + ensemble) * n + i]);
        const average = column.reduce((sum, x) => sum + x) / ensembles;
        // 6.1 standard errors: a probability of 1e-9.
        expect(Math.abs(average - mean)).toBeLessThan(6.1 * sqrt(variance / ensembles));
      }
    }
    expect(Math.min(...chains.swapRates)).toBeGreaterThan(0.2);
  });
});
