/**
 * The centred gradient against what it is meant to be: steepest ascent of a centred RBM (central differences of its own
 * log-likelihood, by enumeration of its own energy), the enhanced gradient, and a direction that does not depend on which
 * value of a unit is called 1.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../../src/config/run-config.js';
import { backends, loadKernels, packBinaryMatrix, type Kernels, type ModelParameters } from '../../../src/kernels/index.js';
import { getParameters } from '../../../src/model/parameters.js';
import { phaseStatistics } from '../../../src/model/phase-statistics.js';
import { Trainer } from '../../../src/training/trainer.js';
import { bytesOf } from '../../kernels/support.js';
import { advance, gradientOf, largestDifference, numbersOf, randomParameters, randomRows, sml, trainerOf, trainingConfig } from './support.js';

const { exp, log } = Math;

const n = 5;
const m = 3;

interface Plain {
  weights: number[];
  visibleBias: number[];
  hiddenBias: number[];
}

function plain({ weights, visibleBias, hiddenBias }: ModelParameters): Plain {
  return { weights: [...weights], visibleBias: [...visibleBias], hiddenBias: [...hiddenBias] };
}

const bits = (state: number, count: number): number[] => Array.from({ length: count }, (_, index) => (state >> index) & 1);

/** log p of every visible state of the RBM with E(v,h) = −(v − μ)ᵀa − (h − λ)ᵀb − (v − μ)ᵀW(h − λ), by the definition. */
function logProbabilities({ weights, visibleBias, hiddenBias }: Plain, mu: readonly number[], lambda: readonly number[]): number[] {
  const totals = Array.from({ length: 2 ** n }, (_, state) => {
    const v = bits(state, n).map((value, i) => value - mu[i]);
    let total = 0;
    for (let hidden = 0; hidden < 2 ** m; hidden++) {
      const h = bits(hidden, m).map((value, j) => value - lambda[j]);
      let energy = 0;
      for (let i = 0; i < n; i++) energy -= v[i] * visibleBias[i];
      for (let j = 0; j < m; j++) energy -= h[j] * hiddenBias[j];
      for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) energy -= v[i] * weights[i * m + j] * h[j];
      total += exp(-energy);
    }
    return total;
  });
  const z = totals.reduce((sum, total) => sum + total);
  return totals.map((total) => log(total / z));
}

/** a' = a + W·λ, b' = b + Wᵀ·μ: the centred RBM that is the ordinary one. */
function centred({ weights, visibleBias, hiddenBias }: Plain, mu: readonly number[], lambda: readonly number[]): Plain {
  return {
    weights,
    visibleBias: visibleBias.map((value, i) => lambda.reduce((sum, offset, j) => sum + weights[i * m + j] * offset, value)),
    hiddenBias: hiddenBias.map((value, j) => mu.reduce((sum, offset, i) => sum + weights[i * m + j] * offset, value)),
  };
}

/** How ordinary parameters change where centred ones do: a = a' − W·λ, b = b' − Wᵀ·μ. */
function ordinary({ weights, visibleBias, hiddenBias }: Plain, mu: readonly number[], lambda: readonly number[]): number[] {
  const minus = (values: readonly number[]): number[] => values.map((value) => -value);
  const { visibleBias: a, hiddenBias: b } = centred({ weights, visibleBias, hiddenBias }, minus(mu), minus(lambda));
  return [...weights, ...a, ...b];
}

/** Offsets that the trainer has after its last update. */
function offsetsOf(trainer: Trainer): { mu: number[]; lambda: number[] } {
  const tensors = trainer.updateTensors();
  return { mu: [...tensors['centring.visible'].values], lambda: [...tensors['centring.hidden'].values] };
}

/** ⟨v⟩, ⟨h⟩ and ⟨v hᵀ⟩ of both phases of the last update. */
function phaseMeansOf(trainer: Trainer, visibleUnits = n, hiddenUnits = m) {
  if (trainer.phases === undefined) throw new Error('there was no update');
  const { positive, negative } = trainer.phases;
  return [positive, negative].map((phase) => {
    const { count, visible, hidden, products } = phaseStatistics(phase, visibleUnits, hiddenUnits);
    return { visible: [...visible].map((sum) => sum / count), hidden: [...hidden].map((sum) => sum / count), products: [...products].map((sum) => sum / count) };
  });
}

const exactFull: Partial<TrainingConfig> = { algorithm: 'exact', batchSize: 'full' };

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  test.each(['data', 'model', 'both'] as const)('is steepest ascent of the centred RBM, of the same distribution: offsets of %s', async (offsets) => {
    const trainer = await trainerOf(kernels, { ...exactFull, centring: { offsets, slidingFactor: 0.3 } });
    await advance(trainer, 2);
    const before = plain(getParameters(trainer.model));
    await advance(trainer, 1);
    const { mu, lambda } = offsetsOf(trainer);
    const start = centred(before, mu, lambda);
    const zeros = (length: number): number[] => Array.from({ length }, () => 0);
    expect(largestDifference(logProbabilities(start, mu, lambda), logProbabilities(before, zeros(n), zeros(m)))).toBeLessThan(1e-12);
    const states = bytesOf(randomRows(10, n));
    const examples = Array.from({ length: 10 }, (_, row) => bits(0, n).reduce((state, __, i) => state + states[row * n + i] * 2 ** i, 0));
    const meanLogLikelihood = (parameters: Plain): number => {
      const logs = logProbabilities(parameters, mu, lambda);
      return examples.reduce((sum, state) => sum + logs[state] / examples.length, 0);
    };
    // Central differences: errors of h² and of 1e-16/h, about 1e-10 both.
    const h = 1e-5;
    const derivatives = (tensor: keyof Plain): number[] =>
      start[tensor].map((value, index) => {
        const at = (moved: number): number => meanLogLikelihood({ ...start, [tensor]: start[tensor].with(index, moved) });
        return (at(value + h) - at(value - h)) / (2 * h);
      });
    const ascent = { weights: derivatives('weights'), visibleBias: derivatives('visibleBias'), hiddenBias: derivatives('hiddenBias') };
    expect(largestDifference(gradientOf(trainer), ordinary(ascent, mu, lambda))).toBeLessThan(1e-8);
    // The ordinary gradient is another.
    const ordinaryTrainer = await trainerOf(kernels, { ...exactFull, clipNorm: Number.MAX_VALUE });
    await advance(ordinaryTrainer, 1);
    const first = await advance(await trainerOf(kernels, { ...exactFull, centring: { offsets, slidingFactor: 0.3 } }), 1);
    expect(largestDifference(gradientOf(first), gradientOf(ordinaryTrainer))).toBeGreaterThan(1e-2);
  });

  test.each<[string, Partial<TrainingConfig>]>([['SML', { ...sml, chains: 7 }], ['CD', {}], ['exact', exactFull]])(
    'with both means of the mini-batch alone it is the enhanced gradient of Cho, Raiko & Ilin: %s',
    async (_, config) => {
      const trainer = await trainerOf(kernels, { ...config, centring: { offsets: 'both', slidingFactor: 1 } });
      for (let update = 0; update < 4; update++) {
        await advance(trainer, 1);
        const [data, model] = phaseMeansOf(trainer);
        const covariance = ({ visible, hidden, products }: typeof data): number[] =>
          products.map((product, index) => product - visible[Math.floor(index / m)] * hidden[index % m]);
        const modelCovariance = covariance(model);
        const weights = covariance(data).map((value, index) => value - modelCovariance[index]);
        const middle = (layer: 'visible' | 'hidden'): number[] => data[layer].map((value, unit) => (value + model[layer][unit]) / 2);
        const visible = data.visible.map((value, i) => middle('hidden').reduce((sum, mean, j) => sum - mean * weights[i * m + j], value - model.visible[i]));
        const hidden = data.hidden.map((value, j) => middle('visible').reduce((sum, mean, i) => sum - mean * weights[i * m + j], value - model.hidden[j]));
        expect(largestDifference(gradientOf(trainer), [...weights, ...visible, ...hidden])).toBeLessThan(1e-14);
      }
    },
  );

  test.each(['data', 'model', 'both'] as const)('offsets start at the mean of the data and ½, and slide to the means of %s', async (offsets) => {
    const rows = randomRows(10, n);
    const trainer = await trainerOf(kernels, { ...sml, centring: { offsets, slidingFactor: 0.25 } });
    const states = bytesOf(rows);
    let mu = bits(0, n).map((_, i) => [...states].filter((__, index) => index % n === i).reduce((sum, value) => sum + value / 10, 0));
    let lambda = [0.5, 0.5, 0.5];
    expect(largestDifference(offsetsOf(trainer).mu, mu)).toBeLessThan(1e-15);
    expect(offsetsOf(trainer).lambda).toEqual(lambda);
    for (let update = 0; update < 5; update++) {
      await advance(trainer, 1);
      const [data, model] = phaseMeansOf(trainer);
      const means = (layer: 'visible' | 'hidden'): number[] =>
        ({ data: data[layer], model: model[layer], both: data[layer].map((value, unit) => (value + model[layer][unit]) / 2) })[offsets];
      mu = mu.map((value, i) => 0.75 * value + 0.25 * means('visible')[i]);
      lambda = lambda.map((value, j) => 0.75 * value + 0.25 * means('hidden')[j]);
      expect(largestDifference(offsetsOf(trainer).mu, mu)).toBeLessThan(1e-14);
      expect(largestDifference(offsetsOf(trainer).lambda, lambda)).toBeLessThan(1e-14);
    }
  });

  describe('which value of a unit is called 1', () => {
    const flippedVisible = [true, false, true, true, false];
    const flippedHidden = [false, true, true];

    /** The model of the same distribution over states of which some units are flipped: a linear map of the parameters. */
    function flip({ visibleUnits, hiddenUnits, weights, visibleBias, hiddenBias }: ModelParameters): ModelParameters {
      const [u, w] = [flippedVisible, flippedHidden].map((flags) => flags.map((flag) => (flag ? -1 : 1)));
      const at = (i: number, j: number): number => weights[i * m + j];
      return {
        visibleUnits,
        hiddenUnits,
        weights: weights.map((value, index) => u[Math.floor(index / m)] * w[index % m] * value),
        visibleBias: visibleBias.map((bias, i) => u[i] * flippedHidden.reduce((sum, flag, j) => sum + (flag ? at(i, j) : 0), bias)),
        hiddenBias: hiddenBias.map((bias, j) => w[j] * flippedVisible.reduce((sum, flag, i) => sum + (flag ? at(i, j) : 0), bias)),
      };
    }

    /** Trains 12 updates with the exact gradient from the model or its flipped twin, on the data that belongs to it. */
    async function trained(config: Partial<TrainingConfig>, isFlipped: boolean): Promise<ModelParameters> {
      const states = bytesOf(randomRows(10, n)).map((value, index) => (isFlipped && flippedVisible[index % n] ? 1 - value : value));
      const start = randomParameters(n, m);
      const whole = trainingConfig({ algorithm: 'exact', momentum: 0.5, learningRate: 0.5, ...config });
      const trainer = await Trainer.create(kernels, whole, isFlipped ? flip(start) : start, { states: packBinaryMatrix(states, 10, n) }, 's');
      return getParameters((await advance(trainer, 12)).model);
    }

    test('a flipped model has the flipped distribution', () => {
      const zeros = [0, 0, 0, 0, 0];
      const original = logProbabilities(plain(randomParameters(n, m)), zeros, zeros);
      const twin = logProbabilities(plain(flip(randomParameters(n, m))), zeros, zeros);
      const mask = flippedVisible.reduce((sum, flag, i) => sum + (flag ? 2 ** i : 0), 0);
      expect(largestDifference(original.map((_, state) => twin[state ^ mask]), original)).toBeLessThan(1e-13);
    });

    test.each(['data', 'model', 'both'] as const)('does not matter with offsets of %s', async (offsets) => {
      for (const slidingFactor of [0.01, 1]) {
        const centring = { offsets, slidingFactor };
        const expected = flip(await trained({ centring }, false));
        expect(largestDifference(numbersOf(await trained({ centring }, true)), numbersOf(expected))).toBeLessThan(1e-11);
      }
    });

    test('matters without centring', async () => {
      const expected = flip(await trained({}, false));
      expect(largestDifference(numbersOf(await trained({}, true)), numbersOf(expected))).toBeGreaterThan(0.05);
    });
  });
});
