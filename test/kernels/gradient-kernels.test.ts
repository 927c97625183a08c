/**
 * Gradients of both phases: against naive sums within rounding, and the same bits from every backend. `updateParameters`
 * is the step along the gradient that `accumulateGradient` gives.
 *
 * A sum of N terms in float64, in whatever order, is within N·2^−53·Σ|term| of the exact one (Higham 2002, eq. 4.4); the
 * tolerances allow for two more roundings of every term.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { backends, loadKernels, type Kernels, type Model, type Phase } from '../../src/kernels/index.js';
import { loadWasm, sameBits, tensorsOf } from './agreement.js';
import { caseParameters, layerCases, phaseOf, phases, seeds, sizes, stateBytes, valuesOfKind, Workspace, type PhaseCase, type ValueKind } from './cases.js';
import { firstDifference, paddingOf } from './support.js';

const { abs, floor } = Math;

/** A phase, or none. */
const optionalPhases = fc.option(phases, { nil: undefined });

const sums = fc.record({ scale: fc.constantFrom(1, -1, 0.1, 0, 1e-300, 1e300), decay: fc.constantFrom(0, 0, 1, 0.9, 0.5, -1) });

function optionalPhaseOf(workspace: Workspace, chosen: PhaseCase | undefined, n: number, m: number): Phase | undefined {
  return chosen === undefined ? undefined : phaseOf(workspace, chosen, n, m);
}

describe.each([1, 2, 3])('wasm with %i threads gives the bits of the reference', (threads) => {
  let kernels: Kernels;
  let reference: Kernels;
  beforeAll(async () => {
    kernels = await loadWasm(threads);
    reference = await loadKernels('reference');
  });
  afterAll(() => kernels.close());

  const cases = fc.record({
    layers: layerCases(),
    positive: optionalPhases,
    negative: optionalPhases,
    sum: sums,
    count: fc.integer({ min: 1, max: 2 }),
  });

  test('accumulateGradient, once or twice', async () => {
    const agree = sameBits(kernels, reference, 500, cases, (workspace, backend, { layers, positive, negative, sum, count }) => {
      const { n, m } = layers;
      const target = workspace.model(caseParameters(layers));
      const p = optionalPhaseOf(workspace, positive, n, m);
      const q = optionalPhaseOf(workspace, negative, n, m);
      for (let time = 0; time < count; time++) backend.accumulateGradient(target, p, q, sum);
      return () => tensorsOf(target);
    });
    await expect(agree).resolves.toBeUndefined();
  });

  test('places beyond a gradient stay 0', async () => {
    const property = fc.asyncProperty(cases, async ({ layers, positive, negative, sum }) => {
      const workspace = new Workspace(kernels);
      const target = workspace.model(caseParameters(layers));
      const [p, q] = [positive, negative].map((phase) => optionalPhaseOf(workspace, phase, layers.n, layers.m));
      kernels.accumulateGradient(target, p, q, sum);
      await kernels.finish();
      expect(paddingOf(target).every((value) => value === 0)).toBe(true);
      workspace.release();
    });
    await expect(fc.assert(property, { numRuns: 100, includeErrorInReport: true })).resolves.toBeUndefined();
  });

  test('with decay 0 the target is not read', async () => {
    const chosen = fc.record({ n: sizes, m: sizes, positive: phases, seed: seeds });
    const agree = sameBits(kernels, reference, 100, chosen, (workspace, backend, { n, m, positive }) => {
      const nans = (count: number) => new Float64Array(count).fill(NaN);
      const target = workspace.model({ visibleUnits: n, hiddenUnits: m, weights: nans(n * m), visibleBias: nans(n), hiddenBias: nans(m) });
      backend.accumulateGradient(target, phaseOf(workspace, { ...positive, means: 'means', states: 'small' }, n, m), undefined, { scale: 1, decay: 0 });
      return () => {
        const tensors = tensorsOf(target);
        expect(tensors.every((values) => values.every((value) => !Number.isNaN(value)))).toBe(true);
        return tensors;
      };
    });
    await expect(agree).resolves.toBeUndefined();
  });
});

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  /** A phase, and the terms of its means of v (n), h (m) and v hᵀ (n × m): of sign +. */
  interface OpenPhase {
    readonly phase: Phase;
    readonly terms: readonly ((index: number) => number[])[];
  }

  function openPhase(kind: PhaseCase['kind'], rows: number, n: number, m: number, seed: number): OpenPhase {
    const means = valuesOfKind('means', rows * m, seed);
    if (kind === 'expectation') {
      const moments = {
        visible: valuesOfKind('small', n, seed + 1),
        hidden: valuesOfKind('means', m, seed + 2),
        products: valuesOfKind('small', n * m, seed + 3),
      };
      return { phase: { kind, moments }, terms: [moments.products, moments.visible, moments.hidden].map((values) => (index) => [values[index]]) };
    }
    const bytes = stateBytes('half', rows, n, seed + 1);
    const states = kind === 'real samples' ? valuesOfKind('sixty', rows * n, seed + 1) : Float64Array.from(bytes);
    const workspace = new Workspace(kernels);
    const overRows = (term: (row: number) => number) => Array.from({ length: rows }, (_, row) => term(row) / rows);
    return {
      phase: {
        kind: 'samples',
        visible: kind === 'real samples' ? workspace.realStates('own', states, rows, n) : workspace.states('own', bytes, rows, n),
        hiddenMeans: workspace.matrix(rows, m, means),
        rows,
      },
      terms: [
        (index) => overRows((row) => states[row * n + floor(index / m)] * means[row * m + (index % m)]),
        (index) => overRows((row) => states[row * n + index]),
        (index) => overRows((row) => means[row * m + index]),
      ],
    };
  }

  const kinds = ['samples', 'real samples', 'expectation', undefined] as const;
  const pairs = kinds.flatMap((positive) => kinds.map((negative) => [positive, negative] as const));
  const sum = (terms: readonly number[]): number => terms.reduce((total, term) => total + term, 0);

  test.each(pairs)('accumulateGradient of %s against %s: naive sums', async (positiveKind, negativeKind) => {
    for (const [rows, n, m] of [[1, 1, 1], [3, 7, 5], [6, 9, 17], [13, 33, 8]]) {
      const p = positiveKind === undefined ? undefined : openPhase(positiveKind, rows, n, m, 10);
      const q = negativeKind === undefined ? undefined : openPhase(negativeKind, rows + 2, n, m, 20);
      for (const { scale, decay } of [{ scale: 1, decay: 0 }, { scale: -0.3, decay: 0.9 }]) {
        const before = { visibleUnits: n, hiddenUnits: m, weights: valuesOfKind('small', n * m, 1), visibleBias: valuesOfKind('small', n, 2), hiddenBias: valuesOfKind('small', m, 3) };
        const target = new Workspace(kernels).model(before);
        kernels.accumulateGradient(target, p?.phase, q?.phase, { scale, decay });
        await kernels.finish();
        for (const [tensor, values] of tensorsOf(target).entries()) {
          const old = [before.weights, before.visibleBias, before.hiddenBias][tensor];
          for (const [index, value] of values.entries()) {
            const terms = [
              decay * old[index],
              ...(p?.terms[tensor](index) ?? []).map((term) => scale * term),
              ...(q?.terms[tensor](index) ?? []).map((term) => -scale * term),
            ];
            const tolerance = 2 * (terms.length + 3) * 2 ** -53 * sum(terms.map((term) => abs(term)));
            expect(abs(value - sum(terms))).toBeLessThanOrEqual(tolerance);
          }
        }
      }
    }
  });

  /** A copy of a model. */
  function copyOf(workspace: Workspace, model: Model): Model {
    const [weights, visibleBias, hiddenBias] = tensorsOf(model);
    return workspace.model({ visibleUnits: model.visibleUnits, hiddenUnits: model.hiddenUnits, weights, visibleBias, hiddenBias });
  }

  const steps = fc.record({
    layers: layerCases(),
    velocity: fc.option(fc.constantFrom<ValueKind>('zero', 'zeros', 'negativeZero', 'small', 'subnormal', 'huge'), { nil: undefined }),
    positive: phases,
    negative: phases,
    learningRate: fc.constantFrom(0.1, 1, 1e-300, 1e300),
    momentum: fc.constantFrom(0, 0.5, 0.9),
    l1: fc.constantFrom(0, 0, 1e-3),
    l2: fc.constantFrom(0, 0, 1e-4),
  });

  test('stepParameters after accumulateGradient is updateParameters, bit for bit', async () => {
    const property = fc.asyncProperty(steps, async ({ layers, velocity: kind, positive, negative, learningRate, momentum, l1, l2 }) => {
      const { n, m, seed } = layers;
      const workspace = new Workspace(kernels);
      const model = workspace.model(caseParameters(layers));
      const velocity =
        kind === undefined ? undefined : workspace.model(caseParameters({ ...layers, weights: kind, biases: kind, seed: seed + 100 }));
      const [other, first] = [copyOf(workspace, model), velocity === undefined ? undefined : copyOf(workspace, velocity)];
      const [p, q] = [phaseOf(workspace, positive, n, m), phaseOf(workspace, negative, n, m)];
      const gradient = workspace.model(caseParameters(layers));
      const fused = kernels.updateParameters(model, velocity, p, q, { learningRate, momentum, l1, l2 });
      kernels.accumulateGradient(gradient, p, q, { scale: 1, decay: 0 });
      const general = kernels.stepParameters(other, gradient, { first }, { rule: 'momentum', learningRate, momentum, l1, l2 });
      await kernels.finish();
      // A line without entries stays as it is, where a step of 0 turns −0 into 0.
      const skips = kind === undefined && l1 === 0 && l2 === 0;
      const withoutSign = (values: Float64Array) => values.map((value) => (value === 0 ? 0 : value));
      for (const [tensor, values] of tensorsOf(model).entries()) {
        const [actual, expected] = [tensorsOf(other)[tensor], values].map((all) => (skips && tensor === 0 ? withoutSign(all) : all));
        expect(firstDifference(actual, expected)).toBeUndefined();
      }
      expect(tensorsOf(first).map((values, tensor) => firstDifference(values, tensorsOf(velocity)[tensor]))).toEqual(tensorsOf(first).map(() => undefined));
      expect(general.finite).toBe(fused.finite);
      workspace.release();
    });
    await expect(fc.assert(property, { numRuns: 300, includeErrorInReport: true })).resolves.toBeUndefined();
  });
});
