/**
 * Figures of models of every unit type, in declared units, against their definition: exact likelihoods by sums over states and
 * quadrature; estimates of log Z within five standard errors of it. Fixed seeds, nothing retried.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { AnnealingSettings } from '../../src/estimators/annealing-settings.js';
import { evaluateModel } from '../../src/estimators/evaluation.js';
import { independentUnitsLogLikelihood } from '../../src/estimators/independent-units.js';
import { logPartitionFunctionEstimator } from '../../src/estimators/log-partition-function.js';
import { shiftEstimate } from '../../src/estimators/shift-estimate.js';
import { backends, binaryLayer, createHostStates, hostMatrixOf, loadKernels, packBinaryMatrix, type Kernels, type VisibleStates } from '../../src/kernels/index.js';
import { baseVisibleBias } from '../../src/model/base-rate.js';
import { createModel } from '../../src/model/parameters.js';
import { declaredShift, standardParameters, standardStates } from '../../src/model/units/index.js';
import { unitCases, type UnitCase } from '../model/unit-models.js';
import * as byDefinition from '../reference/declared-units.js';

const { abs, log, PI } = Math;

/** The examples in standard units. */
function statesOf({ declared, reference, examples }: UnitCase): VisibleStates {
  const values = examples.flat();
  if (reference.visible === 'gaussian') return standardStates(hostMatrixOf(Float64Array.from(values), examples.length, declared.visibleUnits), declared);
  return packBinaryMatrix(Uint8Array.from(values, (value) => (value > 0 ? 1 : 0)), examples.length, declared.visibleUnits);
}

describe.each(backends.map(({ name }) => name))('%s', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend);
  });
  afterAll(() => kernels.close());

  test.each(unitCases)('$name: exact figures are those of the definition', async (unitCase) => {
    const { declared, reference, examples } = unitCase;
    const model = createModel(kernels, standardParameters(declared));
    const energies: number[] = [];
    const figures = await evaluateModel(kernels, model, { train: statesOf(unitCase) }, {
      logPartitionFunction: (standard, cooperation) => logPartitionFunctionEstimator('exact').estimate(standard, { kernels, ...cooperation }),
      pseudoLikelihoodExamples: 100,
      shift: declaredShift(declared),
      onFreeEnergies: (_, values) => energies.push(...values),
    });
    expect(figures.logPartitionFunction?.logZ).toBeCloseTo(byDefinition.logPartitionFunction(reference), 10);
    expect(figures.logPartitionFunction?.interval).toEqual([figures.logPartitionFunction?.logZ, figures.logPartitionFunction?.logZ]);
    expect(figures.splits.train.meanLogLikelihood).toBeCloseTo(byDefinition.meanLogLikelihood(reference, examples), 10);
    examples.forEach((v, row) => expect(energies[row]).toBeCloseTo(-byDefinition.logUnnormalised(reference, v), 10));
    // Pseudo-likelihoods are of units with two values.
    expect(figures.splits.train.meanLogPseudoLikelihood === undefined).toBe(reference.visible === 'gaussian' || reference.visible === 'categorical');
  });

  const estimated = unitCases.filter(({ name }) => ['ising × ising', 'gaussian × binary', 'gaussian × ising, variances', 'categorical × ising'].includes(name));
  const ways = [
    { name: 'ais', start: 'exact' },
    { name: 'two-sided', start: 'exact' },
    { name: 'two-sided', start: 'tempered' },
  ] as const;
  // The kernels of both backends give the same bits: one of them is enough here.
  const tested = backend === backends[0].name ? estimated : [];
  const runs = tested.flatMap((unitCase) => ways.map(({ name, start }) => ({ unitCase, title: unitCase.name, name, start })));
  if (runs.length === 0) return;

  test.each(runs)(
    '$title: $name ($start start) finds log Z',
    async ({ unitCase, name, start }) => {
      const { declared, reference } = unitCase;
      const standard = standardParameters(declared);
      const model = createModel(kernels, standard);
      const annealing: AnnealingSettings = {
        baseVisibleBias: baseVisibleBias('data', statesOf(unitCase), standard.visibleLayer ?? binaryLayer),
        schedule: 'uniform',
        temperatures: 50,
        chains: 100,
        seed: '1',
        reverseStart: start,
        tempering: { ladder: 'adaptive', rungs: 4, ensembles: 10 },
        tolerance: 10,
        budget: 1e9,
      };
      const { energy, logVolume } = declaredShift(declared);
      const estimate = shiftEstimate(await logPartitionFunctionEstimator(name).estimate(model, { kernels, annealing }), logVolume - energy);
      const exact = byDefinition.logPartitionFunction(reference);
      // Intervals are of 95 %, about four standard errors wide.
      const [low, high] = estimate.interval ?? [NaN, NaN];
      expect(abs(estimate.logZ - exact)).toBeLessThan((5 * (high - low)) / 3.92 + 1e-9);
      expect(high - low).toBeLessThan(2);
    },
  );
});

describe('independent units', () => {
  const rows = [
    [0, 3],
    [2, 3],
    [4, 6],
  ];
  const examples = hostMatrixOf(Float64Array.from(rows.flat()), 3, 2);
  const means = [2, 4];
  const ownVariances = [8 / 3, 2];
  const meanLogDensity = (variances: readonly number[]): number =>
    rows.reduce((sum, row) => sum + row.reduce((inner, value, i) => inner - 0.5 * log(2 * PI * variances[i]) - (value - means[i]) ** 2 / (2 * variances[i]), 0), 0) / 3;

  test('of Gaussian units: variances 1, fixed ones, their own', () => {
    const layer = { kind: 'gaussian' } as const;
    expect(independentUnitsLogLikelihood(examples, layer)).toBeCloseTo(meanLogDensity([1, 1]), 12);
    expect(independentUnitsLogLikelihood(examples, layer, Float64Array.of(log(0.5), log(3)))).toBeCloseTo(meanLogDensity([0.5, 3]), 12);
    expect(independentUnitsLogLikelihood(examples, layer, 'learned')).toBeCloseTo(meanLogDensity(ownVariances), 12);
  });

  test('of categorical units', () => {
    const groups = Uint32Array.of(0, 2, 5);
    const states = packBinaryMatrix(Uint8Array.of(1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1), 4, 5);
    const expected = (3 * log(0.75) + log(0.25)) / 4 + (log(0.25) + 2 * log(0.5) + log(0.25)) / 4;
    expect(independentUnitsLogLikelihood(states, { kind: 'categorical', groups })).toBeCloseTo(expected, 12);
  });
});

test('an estimate shifted has every log Z shifted, and nothing else', () => {
  const evidence = {
    temperatures: 10,
    forward: { logZ: 1, interval: [0, 2], threeSigma: [null, 3], effectiveSampleSize: 7 },
    bennett: { logZ: 4, interval: [3, 5], overlap: 0.5 },
    swapRates: [0.5],
  };
  const estimate = { estimator: 'x', logZ: 1, interval: [0, 2], exact: false, verdict: { status: 'one-sided', reasons: [], advice: [] }, evidence } as const;
  expect(shiftEstimate(estimate, 10)).toEqual({
    ...estimate,
    logZ: 11,
    interval: [10, 12],
    evidence: {
      temperatures: 10,
      forward: { logZ: 11, interval: [10, 12], threeSigma: [null, 13], effectiveSampleSize: 7 },
      bennett: { logZ: 14, interval: [13, 15], overlap: 0.5 },
      swapRates: [0.5],
    },
  });
  expect(shiftEstimate(estimate, 0)).toBe(estimate);
});

test('the states that scaling leaves alone are the same object', () => {
  const states = createHostStates(2, { visibleUnits: 3 });
  expect(standardStates(states, { units: { visible: 'ising', hidden: 'ising' } })).toBe(states);
});
