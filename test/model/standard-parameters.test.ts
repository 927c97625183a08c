/**
 * Declared units against the standard model: energies, partition functions, likelihoods and gradients by definition (sums
 * over states, quadrature, central differences) against the translated ones.
 */

import { describe, expect, test } from '@jest/globals';

import { hostMatrixOf, loadKernels, packBinaryMatrix, type Kernels, type VisibleStates } from '../../src/kernels/index.js';
import { createModel, getParameters } from '../../src/model/parameters.js';
import {
  areStandard,
  declaredHiddenValues,
  declaredShift,
  declaredVisibleValues,
  logVarianceGradient,
  pullBackGradient,
  refreshStandardModel,
  standardParameters,
  standardStates,
} from '../../src/model/units/index.js';
import { firstDifference } from '../kernels/support.js';
import * as byDefinition from '../reference/declared-units.js';
import { unitCases, type UnitCase } from './unit-models.js';

const { abs } = Math;

/** The examples as the standard model has them. */
function statesOf({ declared, examples }: UnitCase): VisibleStates {
  const { visible } = declared.units ?? { visible: 'binary' };
  const values = examples.flat();
  if (visible === 'gaussian') return standardStates(hostMatrixOf(Float64Array.from(values), examples.length, declared.visibleUnits), declared);
  return packBinaryMatrix(Uint8Array.from(values, (value) => (value > 0 ? 1 : 0)), examples.length, declared.visibleUnits);
}

/** The standard model as the reference sees it. */
function standardReference({ declared, reference }: UnitCase): byDefinition.DeclaredReference {
  return { ...reference, ...standardParameters(declared), visibleLogVariance: undefined, visible: reference.visible === 'ising' ? 'binary' : reference.visible, hidden: 'binary' };
}

async function freeEnergies(kernels: Kernels, unitCase: UnitCase): Promise<Float64Array> {
  const energies = new Float64Array(unitCase.examples.length);
  kernels.freeEnergies(createModel(kernels, standardParameters(unitCase.declared)), statesOf(unitCase), energies.length, energies);
  await kernels.finish();
  return energies;
}

describe.each(unitCases)('$name', (unitCase) => {
  const { declared, reference, examples } = unitCase;

  test('free energies, log Z and likelihoods are those of the definition', async () => {
    const kernels = await loadKernels('reference');
    const { energy, logVolume } = declaredShift(declared);
    const energies = await freeEnergies(kernels, unitCase);
    const logZ = byDefinition.logPartitionFunction(reference);
    const standardLogZ = byDefinition.logPartitionFunction(standardReference(unitCase));
    expect(standardLogZ + logVolume - energy).toBeCloseTo(logZ, 10);
    examples.forEach((v, row) => {
      expect(energies[row] + energy).toBeCloseTo(-byDefinition.logUnnormalised(reference, v), 10);
      expect(-energies[row] - standardLogZ - logVolume).toBeCloseTo(byDefinition.meanLogLikelihood(reference, [v]), 10);
    });
  });

  test('the gradient of the standard model, pulled back, is that of the log-likelihood by central differences', async () => {
    const kernels = await loadKernels('reference');
    const { visibleUnits: n, hiddenUnits: m, visibleLayer } = declared;
    const standard = createModel(kernels, standardParameters(declared));
    const visible = statesOf(unitCase);
    const hiddenMeans = kernels.createMatrix(examples.length, m);
    kernels.hiddenMeans(standard, [{ visible, rows: examples.length, means: hiddenMeans }]);
    const moments = byDefinition.moments(standardReference(unitCase));
    const gradient = kernels.createModel(n, m, visibleLayer);
    kernels.accumulateGradient(
      gradient,
      { kind: 'samples', visible, hiddenMeans, rows: examples.length },
      { kind: 'expectation', moments },
      { scale: 1, decay: 0 },
    );
    const rows = Array.from({ length: examples.length }, (_, row) => declaredRow(visible, row));
    const squares = moments.visibleSquares.map((square, i) => rows.reduce((sum, row) => sum + row[i] * row[i], 0) / rows.length - square);
    const ofVariances = reference.visible === 'gaussian' ? logVarianceGradient(standard, gradient, squares) : [];
    pullBackGradient(kernels, declared, gradient);
    const { weights, visibleBias, hiddenBias } = getParameters(gradient);
    const expected = byDefinition.centralDifferences(reference, (moved) => byDefinition.meanLogLikelihood(moved, examples));
    [...weights, ...visibleBias, ...hiddenBias, ...ofVariances].forEach((value, index) => {
      // The third derivative times step²/6, and rounding of log p over the step.
      expect(abs(value - expected[index])).toBeLessThan(1e-7);
    });
  });

  test('the standard model in the kernels’ memory has the same bits', async () => {
    const kernels = await loadKernels('reference');
    const standard = kernels.createModel(declared.visibleUnits, declared.hiddenUnits, declared.visibleLayer);
    const { units, visibleLogVariance } = declared;
    refreshStandardModel(kernels, { ...createModel(kernels, declared), units, visibleLogVariance }, standard);
    const expected = standardParameters(declared);
    const actual = getParameters(standard);
    for (const tensor of ['weights', 'visibleBias', 'hiddenBias'] as const) expect(firstDifference(actual[tensor], expected[tensor])).toBeUndefined();
  });

  test('values in declared units are those that the standard states were made from', () => {
    const states = statesOf(unitCase);
    examples.forEach((v, row) => {
      const values = declaredVisibleValues(declaredRow(states, row), declared);
      v.forEach((value, unit) => expect(values[unit]).toBeCloseTo(value, 12));
    });
    const isIsing = reference.hidden === 'ising';
    expect(Array.from(declaredHiddenValues(Float64Array.of(0, 0.25, 1), declared))).toEqual(isIsing ? [-1, -0.5, 1] : [0, 0.25, 1]);
  });

  test('says whether it is its own standard model', () => {
    expect(areStandard(declared)).toBe(standardParameters(declared) === declared);
    expect(areStandard(declared)).toBe(!unitCase.name.includes('ising') && declared.visibleLogVariance === undefined);
  });
});

/** A row of states as numbers. */
function declaredRow(states: VisibleStates, row: number): Float64Array {
  const values = new Float64Array(states.columns);
  if ('words' in states) values.forEach((_, unit) => (values[unit] = (states.words[row * states.wordsPerRow + (unit >>> 5)] >>> (unit & 31)) & 1));
  else states.readRows(row, values);
  return values;
}
