/**
 * Steps along a gradient, and matrices made of matrices: against their formulas number by number, and the same bits from
 * every backend.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { backends, loadKernels, type Kernels, type Matrix, type Model, type StepRule } from '../../src/kernels/index.js';
import { loadWasm, sameBits, tensorsOf, type Made } from './agreement.js';
import { caseParameters, layerCases, parameterKinds, seeds, sizes, valuesOfKind, Workspace, type LayerCase, type ValueKind } from './cases.js';
import { firstDifference, paddingOf, valuesOf } from './support.js';

const { abs, floor, sign, sqrt } = Math;

const decays = { l1: fc.constantFrom(0, 0, 1e-3, 0.5), l2: fc.constantFrom(0, 0, 1e-4, 0.1) };
const learningRates = fc.constantFrom(0.1, 1, 0, 1e-300, 1e300);

const rules: fc.Arbitrary<StepRule> = fc.oneof(
  fc.record({
    rule: fc.constantFrom('momentum' as const, 'nesterov' as const),
    learningRate: learningRates,
    momentum: fc.constantFrom(0, 0.5, 0.9, 1, 1e-280),
    ...decays,
  }),
  fc.record({
    rule: fc.constant('adaptive' as const),
    learningRate: learningRates,
    firstDecay: fc.constantFrom(0, 0.9, 1e-280),
    secondDecay: fc.constantFrom(0, 0.9, 0.999),
    firstCorrection: fc.constantFrom(1, 1 / (1 - 0.9)),
    secondCorrection: fc.constantFrom(1, 1 / (1 - 0.999)),
    epsilon: fc.constantFrom(1e-8, 1e-8, 0),
    ...decays,
  }),
);

const kinds = fc.constantFrom<ValueKind>('zero', 'zeros', 'negativeZero', 'small', 'sixty', 'subnormal', 'huge', 'extreme', 'upwards');

const steps = fc.record({
  layers: layerCases(),
  gradient: kinds,
  first: fc.option(kinds, { nil: undefined }),
  // Squares are not negative.
  second: fc.option(fc.constantFrom<ValueKind>('zero', 'zeros', 'means', 'certainties', 'upwards'), { nil: undefined }),
  rule: rules,
});

/** A model of the sizes of a case, with values of a kind. */
function modelOfKind(workspace: Workspace, layers: LayerCase, kind: ValueKind, seed: number): Model {
  return workspace.model(caseParameters({ ...layers, weights: kind, biases: kind, seed: layers.seed + seed }));
}

/** The models that a step needs. */
function stepOf(workspace: Workspace, { layers, gradient, first, second }: Made<typeof steps>) {
  return {
    model: workspace.model(caseParameters(layers)),
    gradient: modelOfKind(workspace, layers, gradient, 100),
    first: first === undefined ? undefined : modelOfKind(workspace, layers, first, 200),
    second: second === undefined ? undefined : modelOfKind(workspace, layers, second, 300),
  };
}

const transformations = fc.record({
  rows: sizes,
  columns: sizes,
  source: fc.constantFrom(...parameterKinds),
  factors: fc.constantFrom<ValueKind>('small', 'zeros', 'means', 'sixty', 'extreme'),
  hasRowFactors: fc.boolean(),
  hasColumnFactors: fc.boolean(),
  terms: fc.nat(2),
  isInPlace: fc.boolean(),
  isPart: fc.boolean(),
  seed: seeds,
});

/** A matrix, and the same or the inner rows of a larger one. */
function matrixOf(workspace: Workspace, isPart: boolean, rows: number, columns: number, values: Float64Array): Matrix {
  return workspace.realStates(isPart ? 'rows of own' : 'own', values, rows, columns);
}

function transformationOf({ rows, columns, factors, hasRowFactors, hasColumnFactors, terms, seed }: Made<typeof transformations>) {
  return {
    rowFactors: hasRowFactors ? valuesOfKind(factors, rows, seed + 1) : undefined,
    columnFactors: hasColumnFactors ? valuesOfKind(factors, columns, seed + 2) : undefined,
    terms: Array.from({ length: terms }, (_, term) => ({
      rows: valuesOfKind(factors, rows, seed + 3 + term),
      columns: valuesOfKind(factors, columns, seed + 5 + term),
    })),
  };
}

const products = fc.record({
  rows: sizes,
  columns: sizes,
  x: fc.constantFrom(...parameterKinds),
  y: fc.constantFrom(...parameterKinds),
  alias: fc.constantFrom('none', 'x', 'y', 'both'),
  isPart: fc.boolean(),
  seed: seeds,
});

const combinations = fc.record({
  layers: layerCases(),
  other: fc.constantFrom(...parameterKinds),
  alpha: fc.constantFrom(0, -0, 1, 0.999, -2, 1e-300),
  beta: fc.constantFrom(0, 1, 0.001, -1, 1e300),
  alias: fc.constantFrom('none', 'x', 'y', 'both'),
});

/** Where the result goes: to a place of its own, or to one of the operands. */
function targetOf<T>(alias: string, x: T, y: T, own: () => T): T {
  return alias === 'none' ? own() : alias === 'y' ? y : x;
}

describe.each([1, 2, 3])('wasm with %i threads gives the bits of the reference', (threads) => {
  let kernels: Kernels;
  let reference: Kernels;
  beforeAll(async () => {
    kernels = await loadWasm(threads);
    reference = await loadKernels('reference');
  });
  afterAll(() => kernels.close());

  test('stepParameters, twice', async () => {
    const agree = sameBits(kernels, reference, 600, steps, (workspace, backend, chosen) => {
      const { model, gradient, first, second } = stepOf(workspace, chosen);
      const outcomes = [0, 1].map(() => backend.stepParameters(model, gradient, { first, second }, chosen.rule));
      return () => [Uint8Array.from(outcomes, ({ finite }) => Number(finite)), ...[model, first, second].flatMap(tensorsOf)];
    });
    await expect(agree).resolves.toBeUndefined();
  });

  test('transformWeights', async () => {
    const agree = sameBits(kernels, reference, 300, transformations, (workspace, backend, chosen) => {
      const { rows, columns, source: kind, isInPlace, isPart, seed } = chosen;
      const source = matrixOf(workspace, isPart, rows, columns, valuesOfKind(kind, rows * columns, seed));
      const target = isInPlace ? source : matrixOf(workspace, !isPart, rows, columns, new Float64Array(rows * columns).fill(7));
      const transformation = transformationOf(chosen);
      backend.transformWeights(source, target, transformation);
      // They are read when the kernel is asked for.
      for (const values of [transformation.rowFactors, transformation.columnFactors, transformation.terms[0]?.rows]) values?.fill(NaN);
      return () => [valuesOf(source), valuesOf(target)];
    });
    await expect(agree).resolves.toBeUndefined();
  });

  test('multiplyElements', async () => {
    const agree = sameBits(kernels, reference, 300, products, (workspace, backend, { rows, columns, x: left, y: right, alias, isPart, seed }) => {
      const x = matrixOf(workspace, isPart, rows, columns, valuesOfKind(left, rows * columns, seed));
      const y = alias === 'both' ? x : matrixOf(workspace, false, rows, columns, valuesOfKind(right, rows * columns, seed + 1));
      const target = targetOf(alias, x, y, () => matrixOf(workspace, !isPart, rows, columns, new Float64Array(rows * columns).fill(7)));
      backend.multiplyElements(x, y, target);
      return () => [x, y, target].map(valuesOf);
    });
    await expect(agree).resolves.toBeUndefined();
  });

  test('combineModels', async () => {
    const agree = sameBits(kernels, reference, 300, combinations, (workspace, backend, { layers, other, alpha, beta, alias }) => {
      const x = workspace.model(caseParameters(layers));
      const y = alias === 'both' ? x : modelOfKind(workspace, layers, other, 100);
      const target = targetOf(alias, x, y, () => modelOfKind(workspace, layers, 'sixty', 200));
      backend.combineModels(target, alpha, x, beta, y);
      return () => [x, y, target].flatMap(tensorsOf);
    });
    await expect(agree).resolves.toBeUndefined();
  });

  test('places beyond a model stay 0, whatever the rule', async () => {
    const property = fc.asyncProperty(steps, async (chosen) => {
      const workspace = new Workspace(kernels);
      const { model, gradient, first, second } = stepOf(workspace, chosen);
      const { rows, columns } = model.weights;
      const factors = { rowFactors: valuesOfKind('sixty', rows, 1), columnFactors: valuesOfKind('sixty', columns, 2) };
      kernels.stepParameters(model, gradient, { first, second }, chosen.rule);
      kernels.combineModels(gradient, 0.5, gradient, -2, model);
      kernels.transformWeights(gradient.weights, gradient.weights, { ...factors, terms: [{ rows: factors.rowFactors, columns: factors.columnFactors }] });
      await kernels.finish();
      const places = [model, gradient, first, second].flatMap((made) => (made === undefined ? [] : paddingOf(made)));
      expect(places.every((value) => value === 0)).toBe(true);
      workspace.release();
    });
    await expect(fc.assert(property, { numRuns: 200, includeErrorInReport: true })).resolves.toBeUndefined();
  });
});

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  const flushed = (value: number): number => (abs(value) < 2 ** -960 ? 0 : value);

  /** One parameter after a step, its running means, by the formulas of `StepRule`. */
  function naiveStep(
    rule: StepRule, isWeight: boolean, theta: number, gradient: number, first?: number, second?: number,
  ): { theta: number; first?: number; second?: number } {
    const { learningRate, l1, l2 } = rule;
    let g = gradient;
    if (isWeight && l2 !== 0) g -= l2 * theta;
    // Math.sign(−0) is −0, which the kernels' sign is not.
    if (isWeight && l1 !== 0) g -= l1 * (sign(theta) + 0);
    if (rule.rule === 'adaptive') {
      const newFirst = first === undefined ? undefined : flushed(rule.firstDecay * first + (1 - rule.firstDecay) * g);
      const newSecond = flushed(rule.secondDecay * (second ?? 0) + (1 - rule.secondDecay) * (g * g));
      const dividend = learningRate * ((newFirst ?? g) * rule.firstCorrection);
      const step = dividend === 0 ? dividend : dividend / (sqrt(newSecond * rule.secondCorrection) + rule.epsilon);
      return { theta: theta + step, first: newFirst, second: newSecond };
    }
    if (first === undefined) return { theta: theta + learningRate * g };
    const newFirst = flushed(rule.momentum * first + learningRate * g);
    const step = rule.rule === 'momentum' ? newFirst : rule.momentum * newFirst + learningRate * g;
    return { theta: theta + step, first: newFirst };
  }

  test('stepParameters: the formulas, number by number', async () => {
    const property = fc.asyncProperty(steps, async (chosen) => {
      const workspace = new Workspace(kernels);
      const { model, gradient, first, second } = stepOf(workspace, chosen);
      const [thetas, gradients, firsts, seconds] = [model, gradient, first, second].map(tensorsOf);
      const outcome = kernels.stepParameters(model, gradient, { first, second }, chosen.rule);
      await kernels.finish();
      const expected = thetas.map((values, tensor) =>
        Array.from(values, (theta, index) =>
          naiveStep(chosen.rule, tensor === 0, theta, gradients[tensor][index], firsts[tensor]?.[index], seconds[tensor]?.[index]),
        ),
      );
      for (const [kept, which] of [[model, 'theta'], [first, 'first'], [second, 'second']] as const) {
        // What the rule does not use stays as it was.
        const before = { theta: thetas, first: firsts, second: seconds }[which];
        const differences = tensorsOf(kept).map((values, tensor) =>
          firstDifference(values, Float64Array.from(expected[tensor], (step, index) => step[which] ?? before[tensor][index])),
        );
        expect(differences.filter((difference) => difference !== undefined)).toEqual([]);
      }
      expect(outcome.finite).toBe(expected.flat().every(({ theta }) => Number.isFinite(theta)));
      // Read only, whatever the rule.
      expect(tensorsOf(gradient).map((values, tensor) => firstDifference(values, gradients[tensor]))).toEqual([undefined, undefined, undefined]);
      workspace.release();
    });
    await expect(fc.assert(property, { numRuns: 400, includeErrorInReport: true })).resolves.toBeUndefined();
  });

  test('an adaptive rule without epsilon leaves a parameter alone that never had a gradient', async () => {
    const workspace = new Workspace(kernels);
    const zero = () => workspace.model(caseParameters({ n: 3, m: 5, rows: 1, spare: 0, weights: 'zero', biases: 'zero', density: 'off', place: 'own', seed: 1 }));
    const [model, gradient, first, second] = [zero(), zero(), zero(), zero()];
    gradient.weights.writeRows(0, Float64Array.of(4, 0, 0, 0, 0));
    const rule = { rule: 'adaptive', learningRate: 0.5, l1: 0, l2: 0, firstDecay: 0, secondDecay: 0, firstCorrection: 1, secondCorrection: 1, epsilon: 0 } as const;
    const outcome = kernels.stepParameters(model, gradient, { first, second }, rule);
    await kernels.finish();
    expect(outcome.finite).toBe(true);
    // 0.5·4 / √16.
    expect(tensorsOf(model).map((values) => [...values])).toEqual([[0.5, ...Array.from({ length: 14 }, () => 0)], [0, 0, 0], [0, 0, 0, 0, 0]]);
  });

  test('transformWeights: the formula, number by number', async () => {
    const property = fc.asyncProperty(transformations, async (chosen) => {
      const { rows, columns, source: kind, isInPlace, seed } = chosen;
      const workspace = new Workspace(kernels);
      const values = valuesOfKind(kind, rows * columns, seed);
      const source = workspace.matrix(rows, columns, values);
      const target = isInPlace ? source : workspace.results(rows, columns);
      const { rowFactors, columnFactors, terms } = transformationOf(chosen);
      kernels.transformWeights(source, target, { rowFactors, columnFactors, terms });
      await kernels.finish();
      const expected = values.map((value, index) => {
        const [i, j] = [floor(index / columns), index % columns];
        return terms.reduce((sum, term) => sum + term.rows[i] * term.columns[j], value * (rowFactors?.[i] ?? 1) * (columnFactors?.[j] ?? 1));
      });
      expect(firstDifference(valuesOf(target), expected)).toBeUndefined();
      workspace.release();
    });
    await expect(fc.assert(property, { numRuns: 200, includeErrorInReport: true })).resolves.toBeUndefined();
  });

  test('multiplyElements and combineModels: the formulas, number by number', async () => {
    const property = fc.asyncProperty(products, combinations, async ({ rows, columns, x, y, alias, seed }, combination) => {
      const workspace = new Workspace(kernels);
      const [left, right] = [valuesOfKind(x, rows * columns, seed), valuesOfKind(alias === 'both' ? x : y, rows * columns, seed)];
      const [first, second] = [left, right].map((values) => workspace.matrix(rows, columns, values));
      const target = targetOf(alias, first, second, () => workspace.results(rows, columns));
      kernels.multiplyElements(first, second, target);
      const { layers, other, alpha, beta } = combination;
      const models = [workspace.model(caseParameters(layers)), modelOfKind(workspace, layers, other, 100)];
      const [a, b] = models.map(tensorsOf);
      const result = targetOf(combination.alias, models[0], models[1], () => modelOfKind(workspace, layers, 'sixty', 200));
      kernels.combineModels(result, alpha, models[0], beta, models[1]);
      await kernels.finish();
      expect(firstDifference(valuesOf(target), left.map((value, index) => value * right[index]))).toBeUndefined();
      for (const [tensor, values] of tensorsOf(result).entries()) {
        const expected = values.map((_, index) => alpha * a[tensor][index] + beta * b[tensor][index]);
        expect(firstDifference(values, expected)).toBeUndefined();
      }
      workspace.release();
    });
    await expect(fc.assert(property, { numRuns: 200, includeErrorInReport: true })).resolves.toBeUndefined();
  });
});
