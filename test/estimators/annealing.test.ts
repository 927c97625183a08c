/**
 * Annealing forward and back, Bennett's acceptance ratio and RAISE on models so small that log Z is known by enumeration in
 * extended precision. Seeds are fixed; means may be off by 5 of their standard errors, which a right estimator exceeds in one
 * of 1.7 million cases.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { importanceSampling, shardedAnnealing } from '../../src/estimators/annealed-importance-sampling.js';
import { estimateWhole } from '../../src/estimators/sharded-estimation.js';
import { defaultAnnealing, type AnnealingSettings } from '../../src/estimators/annealing-settings.js';
import { bennettAcceptanceRatio } from '../../src/estimators/bennett-acceptance-ratio.js';
import { raise } from '../../src/estimators/raise.js';
import { reverseAnnealedImportanceSampling } from '../../src/estimators/reverse-annealed-importance-sampling.js';
import { twoSided } from '../../src/estimators/two-sided.js';
import { binaryLayer, backends, loadKernels, packBinaryMatrix, type Kernels, type Model, type ModelParameters } from '../../src/kernels/index.js';
import { baseLogPartitionFunction, baseVisibleBias } from '../../src/model/base-rate.js';
import { createModel } from '../../src/model/parameters.js';
import { streamKey } from '../../src/random/index.js';
import { annealForward, annealReverse, type AnnealingPath } from '../../src/sampling/annealed-chains.js';
import { sampleExactly } from '../../src/sampling/exact-samples.js';
import { firstDifference } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import * as gibbs from '../reference/gibbs.js';
import { normals } from '../reference/numbers.js';

const { abs, exp, log, log1p, sqrt } = Math;
const float64 = Float64Array;

function randomModel(n: number, m: number, seed: number, size: number): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: float64.from(normals(n * m, seed, size)),
    visibleBias: float64.from(normals(n, seed + 1, 0.7)),
    hiddenBias: float64.from(normals(m, seed + 2, 0.7)),
  };
}

function exactLogZ(parameters: ModelParameters): number {
  return ep.toNumber(bruteForce.logPartitionFunction(parameters));
}

/** log Z of independent visible units and `m` hidden units without bias, by its definition. */
function exactBaseLogZ(base: Float64Array, m: number): number {
  return base.reduce((sum, bias) => sum + log1p(exp(bias)), m * log(2));
}

/** Mean and its standard error. */
function meanOf(values: ArrayLike<number>): { mean: number; error: number } {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (all.length - 1);
  return { mean, error: sqrt(variance / all.length) };
}

/** The model at inverse temperature β, by its definition. */
function tempered({ weights, visibleBias, hiddenBias, ...shape }: ModelParameters, base: Float64Array, beta: number): ModelParameters {
  return {
    ...shape,
    weights: weights.map((weight) => beta * weight),
    visibleBias: visibleBias.map((bias, i) => (1 - beta) * base[i] + beta * bias),
    hiddenBias: hiddenBias.map((bias) => beta * bias),
  };
}

/** The bounds that a count of successes of `tries` at probability p exceeds with a probability of at most `risk` on each side. */
function binomialBounds(tries: number, p: number, risk: number): [number, number] {
  const probabilities = [(1 - p) ** tries];
  for (let k = 1; k <= tries; k++) probabilities.push((probabilities[k - 1] * (tries - k + 1) * p) / (k * (1 - p)));
  let low = 0;
  for (let sum = probabilities[0]; sum <= risk; sum += probabilities[++low]);
  let high = tries;
  for (let sum = probabilities[tries]; sum <= risk; sum += probabilities[--high]);
  return [low, high];
}

const small = randomModel(6, 4, 100, 1);
const smallBase = float64.from(normals(6, 110, 0.5));
const smallLogZ = exactLogZ(small);
const smallLogRatio = smallLogZ - exactBaseLogZ(smallBase, 4);
const fewTemperatures = float64.of(0, 0.3, 0.7, 1);

let kernels: Kernels;
beforeAll(async () => {
  kernels = await loadKernels();
});
afterAll(() => kernels.close());

const modelOf = (parameters: ModelParameters): Model => createModel(kernels, parameters);

function settingsOf(baseBias: Float64Array, change: Partial<AnnealingSettings> = {}): AnnealingSettings {
  return { ...defaultAnnealing, schedule: 'uniform', reverseStart: 'exact', baseVisibleBias: baseBias, seed: '1', ...change };
}

/** Log-weights of both directions, the reverse ones from exact samples. */
async function bothWays(parameters: ModelParameters, path: AnnealingPath, chains: number, seed: string) {
  const model = modelOf(parameters);
  const forward = await annealForward(kernels, model, path, chains, streamKey(seed, 'forward'));
  const start = await sampleExactly(kernels, parameters, chains, streamKey(seed, 'start'));
  const reverse = await annealReverse(kernels, model, path, start, streamKey(seed, 'reverse'));
  kernels.release(model);
  return { forward, reverse };
}

describe('the base-rate model', () => {
  test('log Z by its definition, and by enumeration of the model at β = 0', () => {
    const logZ = baseLogPartitionFunction(smallBase, { hiddenUnits: 4, visibleLayer: binaryLayer });
    expect(abs(logZ - exactBaseLogZ(smallBase, 4))).toBeLessThan(1e-13);
    expect(abs(logZ - exactLogZ(tempered(small, smallBase, 0)))).toBeLessThan(1e-13);
  });

  test('from data: log-odds with one pseudo-count more of on and of off; uniform: 0', () => {
    const examples = packBinaryMatrix(Uint8Array.of(1, 0, 1, 1, 0, 0, 1, 0, 1), 3, 3);
    // On in 3, 0 and 2 of 3 rows.
    const bias = baseVisibleBias('data', examples, binaryLayer);
    [[3, 0], [0, 3], [2, 1]].forEach(([on, off], i) => expect(abs(bias[i] - log((on + 1) / (off + 1)))).toBeLessThan(1e-14));
    expect([...baseVisibleBias('uniform', examples, binaryLayer)]).toEqual([0, 0, 0]);
  });
});

describe('log-weights', () => {
  const path = { baseVisibleBias: smallBase, schedule: fewTemperatures };
  const chains = 40_000;

  test('forward: the mean weight is Z / Z_base; back from exact samples: Z_base / Z', async () => {
    const { forward, reverse } = await bothWays(small, path, chains, 'unbiased');
    for (const relative of [forward.map((value) => exp(value - smallLogRatio)), reverse.map((value) => exp(value + smallLogRatio))]) {
      const { mean, error } = meanOf(relative);
      // Weights that spread, but whose mean is known to 2 %.
      expect(error).toBeGreaterThan(1e-3);
      expect(error).toBeLessThan(0.02);
      expect(abs(mean - 1)).toBeLessThan(5 * error);
    }
  });

  test('of one step: those of states of the base rate, with their exact mean and variance', async () => {
    const oneStep = { baseVisibleBias: smallBase, schedule: float64.of(0, 1) };
    const forward = await annealForward(kernels, modelOf(small), oneStep, chains, streamKey('one', 'forward'));
    const [at0, at1] = [0, 1].map((beta) => bruteForce.enumerate(tempered(small, smallBase, beta)));
    const probabilities = bruteForce.visibleProbabilities(at0);
    const gains = at1.visibleTotals.map((value, state) => ep.toNumber(ep.log(ep.divide(value, at0.visibleTotals[state]))));
    const moment = (power: number) => probabilities.reduce((sum, p, state) => sum + p * gains[state] ** power, 0);
    const { mean } = meanOf(forward);
    expect(abs(mean - moment(1))).toBeLessThan(5 * sqrt((moment(2) - moment(1) ** 2) / chains));
    const squares = forward.map((value) => value * value);
    expect(abs(meanOf(squares).mean - moment(2))).toBeLessThan(5 * sqrt((moment(4) - moment(2) ** 2) / chains));
  });

  test('a chain’s are the same whatever the number of chains, and in both backends', async () => {
    const all = await bothWays(small, path, 600, 'same');
    const few = await bothWays(small, path, 70, 'same');
    expect(firstDifference(few.forward, all.forward.slice(0, 70))).toBeUndefined();
    expect(firstDifference(few.reverse, all.reverse.slice(0, 70))).toBeUndefined();
    for (const { name } of backends) {
      const other = await loadKernels(name);
      const forward = await annealForward(other, createModel(other, small), path, 600, streamKey('same', 'forward'));
      expect(firstDifference(forward, all.forward)).toBeUndefined();
      await other.close();
    }
    const another = await bothWays(small, path, 70, 'another');
    expect(firstDifference(another.forward, few.forward)).toBeDefined();
    expect(firstDifference(another.reverse, few.reverse)).toBeDefined();
  });
});

describe('estimates of few chains and temperatures', () => {
  const steep = randomModel(7, 5, 130, 4);
  const base = float64.from(normals(7, 140, 0.5));
  const logZ = exactLogZ(steep);

  test('are low forward, high back from exact samples: in the mean over 200 seeds, by far more than its error', async () => {
    const forward: number[] = [];
    const reverse: number[] = [];
    for (let seed = 0; seed < 200; seed++) {
      const settings = settingsOf(base, { chains: 10, temperatures: 3, seed: String(seed) });
      forward.push((await estimateWhole(shardedAnnealing(kernels, modelOf(steep), settings), {})).logZ);
      reverse.push((await reverseAnnealedImportanceSampling(kernels, modelOf(steep), settings, {})).logZ);
    }
    const [low, high] = [meanOf(forward), meanOf(reverse)];
    expect(low.mean).toBeLessThan(logZ - 5 * low.error);
    expect(high.mean).toBeGreaterThan(logZ + 5 * high.error);
  });

  test('come together, in that order, as temperatures grow', async () => {
    const gapOf = async (temperatures: number): Promise<number> => {
      const settings = settingsOf(base, { chains: 400, temperatures });
      const forward = await estimateWhole(shardedAnnealing(kernels, modelOf(steep), settings), {});
      const reverse = await reverseAnnealedImportanceSampling(kernels, modelOf(steep), settings, {});
      expect([forward.bound, reverse.bound]).toEqual(['lower', 'upper']);
      return reverse.logZ - forward.logZ;
    };
    const [few, many] = [await gapOf(2), await gapOf(200)];
    expect(few).toBeGreaterThan(0.5);
    expect(abs(many)).toBeLessThan(0.1);
  });

  test('importance sampling is AIS with one temperature', async () => {
    const settings = settingsOf(base, { chains: 50, temperatures: 1 });
    const importance = await importanceSampling(kernels, modelOf(steep), settings, {});
    const ais = await estimateWhole(shardedAnnealing(kernels, modelOf(steep), settings), {});
    expect(importance).toEqual({ ...ais, estimator: 'importance' });
  });
});

describe('Bennett’s acceptance ratio', () => {
  const path = { baseVisibleBias: smallBase, schedule: fewTemperatures };

  test('is within 5 of its standard errors of log Z / Z_base; so with other numbers of chains in the two directions', async () => {
    const { forward, reverse } = await bothWays(small, path, 4000, 'bennett');
    for (const [more, less] of [[4000, 4000], [4000, 500], [500, 4000]]) {
      const { logRatio, standardError, overlap } = bennettAcceptanceRatio(forward.slice(0, more), reverse.slice(0, less));
      expect(standardError).toBeGreaterThan(0);
      expect(standardError).toBeLessThan(0.05);
      expect(abs(logRatio - smallLogRatio)).toBeLessThan(5 * standardError);
      expect(overlap > 0 && overlap <= 1).toBe(true);
    }
  });

  test('weights all equal: log Z / Z_base is that weight, without an error', () => {
    const { logRatio, standardError, overlap } = bennettAcceptanceRatio(new float64(40).fill(3.25), new float64(60).fill(-3.25));
    expect(abs(logRatio - 3.25)).toBeLessThan(1e-14);
    expect(standardError).toBeLessThan(1e-7);
    expect(overlap).toBeCloseTo(1, 12);
  });

  test('solves its own equation, and turns its sign as the directions are exchanged', async () => {
    const { forward, reverse } = await bothWays(small, path, 300, 'equation');
    const few = reverse.slice(0, 200);
    const { logRatio, standardError } = bennettAcceptanceRatio(forward, few);
    // Bennett 1976, eq. 12: Σ f(log(n_F/n_R) − w + c) over forward = Σ f(−w' − …) over reverse, f the Fermi function.
    const fermi = (x: number): number => 1 / (1 + exp(x));
    const shift = log(300 / 200);
    const left = forward.reduce((sum, w) => sum + fermi(shift - w + logRatio), 0);
    const right = few.reduce((sum, w) => sum + fermi(-shift - w - logRatio), 0);
    expect(abs(left - right)).toBeLessThan(1e-9);
    const turned = bennettAcceptanceRatio(few, forward);
    expect(turned.logRatio).toBeCloseTo(-logRatio, 10);
    expect(turned.standardError).toBeCloseTo(standardError, 10);
  });

  test('its 95 % interval holds log Z that often, over 200 seeds', async () => {
    const coarse = { baseVisibleBias: smallBase, schedule: float64.of(0, 0.5, 1) };
    let covered = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { forward, reverse } = await bothWays(small, coarse, 60, `coverage ${seed}`);
      const [low, high] = bennettAcceptanceRatio(forward, reverse).interval;
      if (low <= smallLogRatio && smallLogRatio <= high) covered++;
    }
    const [least, most] = binomialBounds(200, 0.95, 1e-3);
    expect(covered).toBeGreaterThanOrEqual(least);
    expect(covered).toBeLessThanOrEqual(most);
  });

  test('two-sided holds log Z in its interval, and says that it is consistent', async () => {
    for (const reverseStart of ['exact', 'tempered'] as const) {
      const tempering = { ladder: 'adaptive', rungs: 6, ensembles: 4 } as const;
      const settings = settingsOf(smallBase, { reverseStart, temperatures: 50, tempering });
      const { logZ, interval, verdict, exact } = await twoSided(kernels, modelOf(small), settings, {});
      expect([exact, verdict.status, verdict.reasons]).toEqual([false, 'consistent', []]);
      const half = (interval[1] - interval[0]) / 2;
      // 5 standard errors are 2.6 half-widths.
      expect(half).toBeLessThan(0.1);
      expect(abs(logZ - smallLogZ)).toBeLessThan(2.6 * half);
    }
  });
});

describe('RAISE', () => {
  // Chains back from v weigh exp(−F(v)) / Z_base · Π f_(k−1)(v_k) / f_k(v_k). Gibbs steps are reversible:
  // f_k(v) T_k(v → v') = f_k(v') T_k(v' → v). So their expectation is Σ p_0(v_0) T_1(v_0 → v_1) … T_K(v_(K−1) → v): the
  // probability that a chain of the annealing model ends in v, by a product of matrices.
  const tiny = randomModel(3, 2, 150, 2);
  const base = float64.of(0.8, -0.5, 0.3);
  const chains = 8000;

  /** What chains end in after their step at the last temperature, and E[weight], E[weight²] of RAISE from every state. */
  function annealingModel(temperatures: number) {
    const levels = Array.from({ length: temperatures + 1 }, (_, k) => bruteForce.enumerate(tempered(tiny, base, k / temperatures)));
    const steps = levels.map((states) => gibbs.transitionMatrix(states));
    const totals = levels.map(({ visibleTotals }) => visibleTotals.map((value) => ep.toNumber(value)));
    const start = bruteForce.visibleProbabilities(levels[0]);
    let ends = start;
    for (let k = 1; k <= temperatures; k++) ends = gibbs.afterSteps(steps[k], ends, 1);
    // Second moments have no such short cut: from the last step of a way back to its first.
    const momentOf = (power: number): number[] => {
      let moments = start.map(() => 1);
      for (let k = 1; k <= temperatures; k++) {
        const next = moments.map((value, state) => value * (totals[k - 1][state] / totals[k][state]) ** power);
        moments = steps[k].map((row) => row.reduce((sum, p, state) => sum + p * next[state], 0));
      }
      const partition = ep.toNumber(levels[0].partitionFunction);
      return moments.map((value, state) => value * (totals[temperatures][state] / partition) ** power);
    };
    return { ends, first: momentOf(1), second: momentOf(2), model: bruteForce.visibleProbabilities(levels[temperatures]) };
  }

  test.each([1, 2, 3])('has the annealing model’s probability in expectation: %i temperatures', async (temperatures) => {
    const { ends, first, second, model } = annealingModel(temperatures);
    let farFromModel = 0;
    for (let state = 0; state < 8; state++) {
      expect(abs(first[state] - ends[state])).toBeLessThan(1e-12);
      const example = packBinaryMatrix(gibbs.unpackStates([state], 3), 1, 3);
      const { mean } = await raise(kernels, modelOf(tiny), example, chains, settingsOf(base, { temperatures, seed: `raise ${state}` }));
      const error = sqrt((second[state] - first[state] ** 2) / chains);
      expect(abs(exp(mean) - ends[state])).toBeLessThan(5 * error + 1e-12);
      if (abs(exp(mean) - model[state]) > 5 * error) farFromModel++;
    }
    // That it is not the RBM's own probability shows.
    expect(farFromModel).toBeGreaterThan(0);
  });

  test('of several examples: the mean of their own, low in expectation with few chains', async () => {
    const { ends } = annealingModel(2);
    const examples = Array.from({ length: 4000 }, (_, row) => row % 8);
    const rows = packBinaryMatrix(gibbs.unpackStates(examples, 3), examples.length, 3);
    const meanLog = examples.reduce((sum, state) => sum + log(ends[state]), 0) / examples.length;
    const results = [];
    for (const each of [1, 20]) results.push(await raise(kernels, modelOf(tiny), rows, each, settingsOf(base, { temperatures: 2 })));
    const [one, twenty] = results;
    // Examples' own differences do not count: every state comes equally often, so errors are those of the chains at most.
    expect(one.mean).toBeLessThan(twenty.mean);
    expect(twenty.mean).toBeLessThan(meanLog + 5 * (twenty.standardError ?? NaN));
    expect(abs(twenty.mean - meanLog)).toBeLessThan(0.1);
  });
});
