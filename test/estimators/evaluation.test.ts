/**
 * Likelihoods, pseudo-likelihoods, reconstruction errors and their means on small models, against their definitions by
 * enumeration of all states in extended precision.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { evaluateModel, type EvaluationRequest } from '../../src/estimators/evaluation.js';
import { freeEnergiesOf } from '../../src/estimators/free-energies.js';
import { exactEstimator } from '../../src/estimators/log-partition-function.js';
import { meanWithError } from '../../src/estimators/mean.js';
import { logPseudoLikelihoods } from '../../src/estimators/pseudo-likelihood.js';
import { reconstructionErrors } from '../../src/estimators/reconstruction-error.js';
import {
  backends,
  loadKernels,
  packBinaryMatrix,
  type BinaryMatrix,
  type Kernels,
  type Model,
  type ModelParameters,
} from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { unpackStates } from '../reference/gibbs.js';
import { normals, uniforms } from '../reference/numbers.js';

const n = 6;
const m = 4;

const parameters: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, 1, 1.5)),
  visibleBias: Float64Array.from(normals(n, 2)),
  hiddenBias: Float64Array.from(normals(m, 3)),
};
const states = bruteForce.enumerate(parameters);
const probabilities = states.visibleTotals.map((value) => ep.divide(value, states.partitionFunction));

/** More rows than are unpacked at a time. */
const data = uniforms(250, 4).map((u) => Math.floor(64 * u));
const validation = [3, 3, 60, 17, 42];

function pack(visible: readonly number[]): BinaryMatrix {
  return packBinaryMatrix(unpackStates(visible, n), visible.length, n);
}

/** Largest |actual − exact| over the rows. */
function largestError(actual: Float64Array, rows: readonly number[], exact: (state: number) => ep.Extended): number {
  expect(actual.length).toBe(rows.length);
  return Math.max(
    ...rows.map((state, row) => Math.abs(ep.toNumber(ep.subtract(ep.fromNumber(actual[row]), exact(state))))),
  );
}

/** Σ_i log p(v_i | the other units), by the definition of a conditional probability. */
function logPseudoLikelihood(visible: number): ep.Extended {
  const terms = Array.from({ length: n }, (_, i) => {
    const both = ep.add(probabilities[visible], probabilities[visible ^ (1 << i)]);
    return ep.log(ep.divide(probabilities[visible], both));
  });
  return ep.total(terms);
}

function energy(visible: number): ep.Extended {
  return bruteForce.freeEnergy(states, visible);
}

function meanOf(rows: readonly number[], figure: (state: number) => ep.Extended): number {
  return ep.toNumber(ep.divide(ep.total(rows.map(figure)), ep.fromNumber(rows.length)));
}

function logistic(input: number): number {
  return 1 / (1 + Math.exp(-input));
}

/** Σ_i (v_i − E[v_i | h = E[h | v]])². */
function reconstructionError(visible: number): ep.Extended {
  const hidden = Array.from({ length: m }, (_, j) => ep.toNumber(bruteForce.hiddenMeanGivenVisible(states, visible, j)));
  const squares = Array.from({ length: n }, (_, i) => {
    const input = hidden.reduce((sum, mean, j) => sum + mean * parameters.weights[i * m + j], parameters.visibleBias[i]);
    return (bruteForce.unit(visible, i) - logistic(input)) ** 2;
  });
  return ep.total(squares.map(ep.fromNumber));
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  let model: Model;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
    model = createModel(kernels, parameters);
  });
  afterAll(() => kernels.close());

  test('free energies of every row, whatever the number of rows', async () => {
    for (const count of [1, 99, 100, 101, 250]) {
      const rows = data.slice(0, count);
      const energies = await freeEnergiesOf(kernels, model, pack(rows));
      expect(largestError(energies, rows, energy)).toBeLessThan(1e-13);
    }
  });

  test('pseudo-likelihoods of every row', async () => {
    const actual = await logPseudoLikelihoods(kernels, model, pack(data));
    expect(largestError(actual, data, logPseudoLikelihood)).toBeLessThan(1e-13);
  });

  // Up to weights of 80 by a product of factors, beyond by differences of softplus.
  test.each([
    ['weights of 30 and more', (weight: number) => 30 * weight],
    ['weights at the edge of the product form', (weight: number) => (weight > 0 ? 80 : -80)],
    ['weights beyond it', (weight: number) => 400 * weight],
  ])('pseudo-likelihoods where a unit is all but certain keep their digits: %s', async (_case, change) => {
    const steep = { ...parameters, weights: parameters.weights.map(change) };
    const enumeration = bruteForce.enumerate(steep);
    const actual = await logPseudoLikelihoods(kernels, createModel(kernels, steep), pack(data));
    const exact = (visible: number) =>
      ep.total(
        Array.from({ length: n }, (_, i) => {
          const ratio = ep.divide(enumeration.visibleTotals[visible ^ (1 << i)], enumeration.visibleTotals[visible]);
          return ep.negate(ep.log1p(ratio));
        }),
      );
    // Relative to the size of the figures themselves, which reach thousands of nats.
    const largest = Math.max(1, ...data.map((state) => Math.abs(ep.toNumber(exact(state)))));
    expect(largestError(actual, data, exact)).toBeLessThan(1e-13 * largest);
  });

  test('reconstruction errors of every row', async () => {
    const actual = await reconstructionErrors(kernels, model, pack(data));
    expect(largestError(actual, data, reconstructionError)).toBeLessThan(1e-13);
  });

  test('an exact estimate of log Z says so, with an interval of no width', async () => {
    const { logZ, interval, exact } = await exactEstimator.estimate(model, { kernels });
    expect(Math.abs(ep.toNumber(ep.subtract(ep.fromNumber(logZ), ep.log(states.partitionFunction))))).toBeLessThan(1e-13);
    expect([interval, exact]).toEqual([[logZ, logZ], true]);
    expect(exactEstimator.cost(model)).toBe(16 * 6);
  });

  describe('evaluateModel', () => {
    const splits = { train: pack(data), validation: pack(validation) };
    const request: EvaluationRequest = {
      logPartitionFunction: (own, cooperation) => exactEstimator.estimate(own, { kernels, ...cooperation }),
      pseudoLikelihoodExamples: 20,
    };

    test('mean log-likelihoods of the splits with their standard errors', async () => {
      const figures = await evaluateModel(kernels, model, splits, request);
      for (const [name, rows] of [['train', data], ['validation', validation]] as const) {
        const { meanLogLikelihood, standardError, exact, examples } = figures.splits[name];
        expect([examples, exact]).toEqual([rows.length, true]);
        expect(meanLogLikelihood).toBeCloseTo(ep.toNumber(bruteForce.meanLogLikelihood(states, rows)), 12);
        const logs = rows.map((state) => ep.toNumber(ep.log(probabilities[state])));
        const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
        const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (logs.length - 1);
        expect(standardError).toBeCloseTo(Math.sqrt(variance / logs.length), 12);
      }
    });

    test('cheap figures are of the first examples, the free-energy gap of equally many', async () => {
      const figures = await evaluateModel(kernels, model, splits, request);
      const { train, validation: held } = figures.splits;
      const firstRows = data.slice(0, 20);
      expect([train.pseudoLikelihoodExamples, held.pseudoLikelihoodExamples]).toEqual([20, 5]);
      expect(train.meanLogPseudoLikelihood).toBeCloseTo(meanOf(firstRows, logPseudoLikelihood), 12);
      expect(train.meanReconstructionError).toBeCloseTo(meanOf(firstRows, reconstructionError), 12);
      expect(train.meanFreeEnergy).toBeCloseTo(meanOf(data, energy), 12);
      expect(held.meanLogPseudoLikelihood).toBeCloseTo(meanOf(validation, logPseudoLikelihood), 12);
      expect(figures.freeEnergyGap).toBeCloseTo(meanOf(validation, energy) - meanOf(data.slice(0, 5), energy), 12);
    });

    test('without log Z there is no likelihood, and no gap without a validation set', async () => {
      const { train } = splits;
      const figures = await evaluateModel(kernels, model, { train }, { ...request, logPartitionFunction: undefined });
      expect(figures.logPartitionFunction).toBeUndefined();
      expect(figures.freeEnergyGap).toBeUndefined();
      expect(figures.splits.train).not.toHaveProperty('meanLogLikelihood');
      expect(figures.splits.train).not.toHaveProperty('standardError');
    });
  });
});

describe('meanWithError', () => {
  test('of known values', () => {
    const { mean, standardError } = meanWithError(Float64Array.from([1, 2, 3, 4]));
    expect(mean).toBe(2.5);
    expect(standardError).toBeCloseTo(Math.sqrt(5 / 3 / 4), 15);
  });

  test('far from zero the deviation keeps its digits', () => {
    const { standardError } = meanWithError(Float64Array.from([1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4]));
    expect(standardError).toBeCloseTo(Math.sqrt(5 / 3 / 4), 12);
  });

  test('one example has no standard error', () => {
    expect(meanWithError(Float64Array.from([7]))).toEqual({ mean: 7, standardError: undefined });
  });
});
