/**
 * Training in declared units: a step of the exact gradient with learning rate 1 is the gradient of the log-likelihood by its
 * definition (central differences over sums of states and quadrature; the rows of Gaussian units times σ²), for every unit
 * type and both backends; and the kernels' model follows.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import { backends, hostMatrixOf, loadKernels, packBinaryMatrix, type Kernels, type VisibleStates } from '../../src/kernels/index.js';
import { getParameters } from '../../src/model/parameters.js';
import { standardParameters, type DeclaredParameters } from '../../src/model/units/index.js';
import { Trainer } from '../../src/training/trainer.js';
import { firstDifference } from '../kernels/support.js';
import { unitCases, type UnitCase } from '../model/unit-models.js';
import * as byDefinition from '../reference/declared-units.js';

const { abs, exp, max } = Math;

const config: TrainingConfig = {
  algorithm: 'exact',
  batchSize: 'full',
  order: 'stored',
  epochs: 1,
  learningRate: 1,
  momentum: 0,
  weightDecay: { l1: 0, l2: 0 },
};

/** The examples as a dataset has them: of ±1 units the {0,1} behind them, real values as they are. */
function dataOf({ declared, reference, examples }: UnitCase): VisibleStates {
  const values = examples.flat();
  if (reference.visible === 'gaussian') return hostMatrixOf(Float64Array.from(values), examples.length, declared.visibleUnits);
  return packBinaryMatrix(Uint8Array.from(values, (value) => (value > 0 ? 1 : 0)), examples.length, declared.visibleUnits);
}

/** A case whose variances are learned. */
function learned(unitCase: UnitCase): UnitCase {
  const { declared, reference } = unitCase;
  const visibleLogVariance = declared.visibleLogVariance ?? new Float64Array(declared.visibleUnits);
  return {
    ...unitCase,
    name: `${unitCase.name}, learned`,
    reference: { ...reference, visibleLogVariance },
    declared: { ...declared, visibleLogVariance, units: { visible: 'gaussian', hidden: reference.hidden, variance: 'learned' } },
  };
}

const cases = [...unitCases, ...unitCases.filter(({ reference }) => reference.visible === 'gaussian').map(learned)];

/** The declared parameters of a trainer, in ordinary arrays. */
function declaredOf(trainer: Trainer): DeclaredParameters {
  const { units, visibleLogVariance } = trainer.declared;
  return { ...getParameters(trainer.declared), units, visibleLogVariance: visibleLogVariance && Float64Array.from(visibleLogVariance) };
}

function createTrainer(kernels: Kernels, unitCase: UnitCase, changes: Partial<TrainingConfig> = {}): Promise<Trainer> {
  return Trainer.create(kernels, { ...config, ...changes }, unitCase.declared, { states: dataOf(unitCase) }, 'seed');
}

describe.each(backends.map(({ name }) => name))('%s', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend);
  });
  afterAll(() => kernels.close());

  test.each(cases)('$name: a step of the exact gradient is the gradient by definition', async (unitCase) => {
    const { reference, declared, examples } = unitCase;
    const trainer = await createTrainer(kernels, unitCase);
    expect(await trainer.step()).toBe(true);
    const after = declaredOf(trainer);
    const before = byDefinition.flatten(reference);
    const expected = byDefinition.centralDifferences(reference, (moved) => byDefinition.meanLogLikelihood(moved, examples));
    const moved = byDefinition.flatten({ ...reference, ...after });
    // The direction is the gradient, the rows of Gaussian units times σ².
    const { visibleUnits: n, hiddenUnits: m } = declared;
    const variances = Array.from({ length: n }, (_, unit) => exp(reference.visibleLogVariance?.[unit] ?? 0));
    const scales = [...variances.flatMap((value) => Array.from({ length: m }, () => value)), ...variances];
    const isLearned = declared.units?.variance === 'learned';
    const variancesFrom = reference.visible === 'gaussian' && !isLearned ? before.length - declared.visibleUnits : before.length;
    // The error of central differences: the third derivative times step²/6, and rounding of log p over the step.
    const errors = before.map((value, index) => abs(moved[index] - value - (scales[index] ?? 1) * expected[index]));
    expect(max(...errors.slice(0, variancesFrom))).toBeLessThan(1e-7);
    // Variances that are not learned stay.
    expect(moved.slice(variancesFrom)).toEqual(before.slice(variancesFrom));
  });

  test.each(cases)('$name: the kernels’ model is the standard model of the declared parameters, after steps and after a restart', async (unitCase) => {
    const changes: Partial<TrainingConfig> = { algorithm: 'cd', k: 1, learningRate: 0.1, batchSize: 2, momentum: 0.5, averaging: { from: { updates: 2 } } };
    const whole = await createTrainer(kernels, unitCase, changes);
    for (let update = 0; update < 4; update++) expect(await whole.step()).toBe(true);
    const followed = standardParameters(declaredOf(whole));
    const kernelsOwn = getParameters(whole.model);
    const { result, velocity } = whole;
    const saved = { ...getParameters(result), visibleLogVariance: result.visibleLogVariance && Float64Array.from(result.visibleLogVariance) };
    const continued = await createTrainer(kernels, unitCase, changes);
    const asMap = <T>(tensors: Record<string, T>): Map<string, T> => new Map(Object.entries(tensors));
    continued.restore(4, saved, velocity && getParameters(velocity), asMap(whole.gradientTensors()), asMap(whole.updateTensors()));
    for (const trainer of [whole, continued]) for (let update = 0; update < 3; update++) await trainer.step();
    for (const tensor of ['weights', 'visibleBias', 'hiddenBias'] as const) {
      expect(firstDifference(kernelsOwn[tensor], followed[tensor])).toBeUndefined();
      expect(firstDifference(getParameters(continued.result)[tensor], getParameters(whole.result)[tensor])).toBeUndefined();
      expect(firstDifference(getParameters(continued.model)[tensor], getParameters(whole.model)[tensor])).toBeUndefined();
    }
    expect(continued.result.visibleLogVariance).toEqual(whole.result.visibleLogVariance);
    expect(continued.declared.visibleLogVariance).toEqual(whole.declared.visibleLogVariance);
  });

  test.each(cases)('$name: the standard model of the average is that of its parameters', async (unitCase) => {
    const trainer = await createTrainer(kernels, unitCase, { learningRate: 0.1, averaging: {} });
    for (let update = 0; update < 3; update++) await trainer.step();
    const { average } = trainer;
    if (average === undefined) throw new Error('there is no average');
    const { units, visibleLogVariance } = average;
    const expected = standardParameters({ ...getParameters(average), units, visibleLogVariance });
    const standard = await trainer.standardOf(average);
    const actual = getParameters(standard);
    for (const tensor of ['weights', 'visibleBias', 'hiddenBias'] as const) expect(firstDifference(actual[tensor], expected[tensor])).toBeUndefined();
  });
});

test('a unit that is the same in all examples ends at the limit of its variance, not in an infinite density', async () => {
  const kernels = await loadKernels('reference');
  const parameters: DeclaredParameters = {
    visibleUnits: 1,
    hiddenUnits: 1,
    visibleLayer: { kind: 'gaussian' },
    weights: Float64Array.of(0),
    visibleBias: Float64Array.of(2),
    hiddenBias: Float64Array.of(0),
    units: { visible: 'gaussian', hidden: 'binary', variance: 'learned' },
    visibleLogVariance: Float64Array.of(1),
  };
  const trainer = await Trainer.create(kernels, config, parameters, { states: hostMatrixOf(Float64Array.of(2, 2), 2, 1) }, 'seed');
  for (let update = 0; update < 40; update++) expect(await trainer.step()).toBe(true);
  expect(Array.from(trainer.declared.visibleLogVariance ?? [])).toEqual([-9]);
});
