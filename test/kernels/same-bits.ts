/**
 * A backend against the reference, bit for bit, on random work: every kernel, sizes around all widths, states in all
 * places of memory, extreme values. The reference itself has its oracles in backends.test.ts.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import {
  loadKernels,
  logScaled,
  planEnumeration,
  scaledSum,
  type EnumerationPlan,
  type EnumerationView,
  type Kernels,
  type Tempering,
} from '../../src/kernels/index.js';
import { resultsOf, sameBits as compareBits, tensorsOf, type Work } from './agreement.js';
import {
  addresses,
  caseParameters,
  caseRealStates,
  caseStates,
  densities,
  edgeMeans,
  layerCases,
  parameterKinds,
  phaseOf,
  phaseRows,
  phases,
  places,
  realKinds,
  rowCounts,
  seeds,
  sizes,
  valuesOfKind,
  visibleLayerOf,
  type ValueKind,
} from './cases.js';
import { contentOf, firstDifference, valuesOf } from './support.js';

const learningRates = fc.constantFrom(0.1, 0.01, 1, 0, 1e-300, 1e300);

const settings = fc.record({
  learningRate: learningRates,
  momentum: fc.constantFrom(0, 0.5, 0.9, 1, 1e-280),
  l1: fc.constantFrom(0, 0, 1e-3, 0.5),
  l2: fc.constantFrom(0, 0, 1e-4, 0.1),
});

/** Training without momentum, in half of the cases without decay. */
const plainSettings = fc.record({
  learningRate: learningRates,
  momentum: fc.constant(0),
  l1: fc.constantFrom(0, 0, 1e-3),
  l2: fc.constantFrom(0, 0, 0.1),
});

const velocityKinds = fc.constantFrom<ValueKind>('zero', 'zero', 'negativeZero', 'zeros', 'small', 'subnormal', 'huge', 'upwards');

/** Views of up to `largestOuter` units, with parameters of the kinds named. */
function views(largestOuter: number, kinds: readonly ValueKind[]): fc.Arbitrary<EnumerationView> {
  const kind = fc.constantFrom(...kinds);
  return fc
    .record({ outer: fc.integer({ min: 1, max: largestOuter }), inner: sizes, weights: kind, biases: kind, seed: seeds })
    .map(({ outer, inner, weights, biases, seed }) => ({
      outerUnits: outer,
      innerUnits: inner,
      weights: valuesOfKind(weights, outer * inner, seed),
      outerBias: valuesOfKind(biases, outer, seed + 1),
      innerBias: valuesOfKind(biases, inner, seed + 2),
    }));
}

/** Views of up to four outer units with up to `highest` levels each. */
function levelViews(highest: number, kinds: readonly ValueKind[]): fc.Arbitrary<EnumerationView> {
  const kind = fc.constantFrom(...kinds);
  const levelLists = fc.array(fc.integer({ min: 1, max: highest }), { minLength: 1, maxLength: 4 });
  return fc
    .record({ levels: levelLists, inner: sizes, weights: kind, biases: kind, seed: seeds })
    .map(({ levels, inner, weights, biases, seed }) => ({
      outerUnits: levels.length,
      innerUnits: inner,
      weights: valuesOfKind(weights, levels.length * inner, seed),
      outerBias: valuesOfKind(biases, levels.reduce((sum, level) => sum + level, 0), seed + 1),
      innerBias: valuesOfKind(biases, inner, seed + 2),
      levels: Uint32Array.from(levels),
    }));
}

/** The blocks of an enumeration: together, one by one, and from the one that `cut` names to the last. */
function enumerationWork(form?: EnumerationPlan['form']): Work<readonly [EnumerationView, number]> {
  return (_, kernels, [view, cut]) => {
    const plan = planEnumeration(view, form);
    const { blocks } = plan;
    // One more than there are blocks: nothing may be written there.
    const [mantissas, exponents, singleMantissas, singleExponents, lastMantissas, lastExponents] = Array.from({ length: 6 }, () =>
      new Float64Array(blocks + 1).fill(7),
    );
    kernels.enumerationBlocks(plan, 0, blocks, mantissas, exponents);
    for (let block = 0; block < blocks; block++) {
      kernels.enumerationBlocks(plan, block, 1, singleMantissas.subarray(block), singleExponents.subarray(block));
    }
    const first = cut % blocks;
    kernels.enumerationBlocks(plan, first, blocks - first, lastMantissas, lastExponents);
    return () => [mantissas, exponents, singleMantissas, singleExponents, lastMantissas, lastExponents];
  };
}

/** The tests of kernels with so many threads, for the body of a `describe`. */
export function describeSameBits(load: () => Promise<Kernels>, threads: number): void {
  let kernels: Kernels;
  let reference: Kernels;
  beforeAll(async () => {
    kernels = await load();
    reference = await loadKernels('reference');
  });
  afterAll(() => kernels.close());

  test('has the threads asked for', () => {
    expect(kernels.threads).toBe(threads);
  });

  /** Does the same work with both backends, for `numRuns` random cases; the promise is rejected where bits differ. */
  function sameBits<Case>(numRuns: number, cases: fc.Arbitrary<Case>, work: Work<Case>): Promise<void> {
    return compareBits(kernels, reference, numRuns, cases, work);
  }

  describe('inputs and means', () => {
    test('hiddenInputs', async () => {
      const agree = sameBits(300, layerCases(), (workspace, backend, chosen) => {
        const { n, m, rows, spare } = chosen;
        const inputs = workspace.results(rows + spare, m);
        backend.hiddenInputs(workspace.model(caseParameters(chosen)), caseStates(workspace, chosen, n), rows, inputs);
        return () => [valuesOf(inputs)];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    test('visibleInputs', async () => {
      const agree = sameBits(300, layerCases(), (workspace, backend, chosen) => {
        const { n, m, rows, spare } = chosen;
        const inputs = workspace.results(rows + spare, n);
        backend.visibleInputs(workspace.model(caseParameters(chosen)), caseStates(workspace, chosen, m), rows, inputs);
        return () => [valuesOf(inputs)];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    test('one unit on alone, and one off alone: every place in a word and in a group', async () => {
      const units = 67;
      const bytes = Uint8Array.from({ length: 2 * units * units }, (_, index) => {
        const row = Math.floor(index / units);
        return Number((row % units === index % units) === row < units);
      });
      const parameters = {
        visibleUnits: units,
        hiddenUnits: 5,
        weights: valuesOfKind('small', units * 5, 1),
        visibleBias: new Float64Array(units),
        hiddenBias: valuesOfKind('small', 5, 2),
      };
      const work: Work<string> = (workspace, backend, place) => {
        const inputs = workspace.results(2 * units, 5);
        backend.hiddenInputs(workspace.model(parameters), workspace.states(place, bytes, 2 * units, units), 2 * units, inputs);
        return () => [valuesOf(inputs)];
      };
      for (const place of ['own', 'host']) {
        const [expected] = await resultsOf(reference, work, place);
        const [actual] = await resultsOf(kernels, work, place);
        expect(firstDifference(actual, expected)).toBeUndefined();
      }
    });

    const meansKinds = fc.constantFrom<ValueKind>('means', 'certainties', 'small', 'zeros', 'subnormal', 'extreme');
    test('visibleInputsFromMeans', async () => {
      const agree = sameBits(200, fc.tuple(layerCases(), meansKinds), (workspace, backend, [chosen, kind]) => {
        const { n, m, rows, spare, seed } = chosen;
        const inputs = workspace.results(rows + spare, n);
        const means = workspace.matrix(rows + spare, m, valuesOfKind(kind, (rows + spare) * m, seed));
        backend.visibleInputsFromMeans(workspace.model(caseParameters(chosen)), means, rows, inputs);
        return () => [valuesOf(inputs)];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    const rowSets = fc.array(fc.record({ rows: rowCounts, spare: fc.nat(2), density: densities, place: places, seed: seeds }), {
      minLength: 1,
      maxLength: 4,
    });
    test('hiddenMeans of one to four sets of rows', async () => {
      const agree = sameBits(200, fc.tuple(layerCases(), rowSets), (workspace, backend, [chosen, sets]) => {
        const { n, m } = chosen;
        const requests = sets.map((set) => ({
          visible: caseStates(workspace, { ...chosen, ...set }, n),
          rows: set.rows,
          means: workspace.results(set.rows + set.spare, m),
        }));
        backend.hiddenMeans(workspace.model(caseParameters(chosen)), requests);
        return () => requests.map(({ means }) => valuesOf(means));
      });
      await expect(agree).resolves.toBeUndefined();
    });

    const edges = [Infinity, -Infinity, 0, -0, 5e-324, -5e-324, 1e308, -1e308, 36.7, -36.8, 709.78, 745.13, 745.14, -708.4, -745.2];
    const input = fc.oneof(
      fc.constantFrom(...edges),
      fc.double({ noNaN: true }),
      fc.double({ min: -800, max: 800, noNaN: true }),
    );
    const inputs = fc.record({
      values: fc.array(input, { minLength: 200, maxLength: 200 }),
      columns: sizes,
      rows: rowCounts,
      spare: fc.nat(2),
    });
    test('bernoulliMeans', async () => {
      const agree = sameBits(200, inputs, (workspace, backend, { values, columns, rows, spare }) => {
        const content = Float64Array.from({ length: (rows + spare) * columns }, (_, index) => values[index % 200]);
        const matrix = workspace.matrix(rows + spare, columns, content);
        backend.bernoulliMeans(matrix, rows);
        return () => [valuesOf(matrix)];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    test('freeEnergies', async () => {
      const agree = sameBits(200, layerCases(), (workspace, backend, chosen) => {
        const { n, rows, spare } = chosen;
        const energies = new Float64Array(rows + spare).fill(7);
        backend.freeEnergies(workspace.model(caseParameters(chosen)), caseStates(workspace, chosen, n), rows, energies);
        return () => [energies];
      });
      await expect(agree).resolves.toBeUndefined();
    });
  });

  /** Tempering of so many rows, with both ends of the path among its temperatures. */
  function temperingOf(count: number, n: number, seed: number): Tempering {
    const inverseTemperatures = valuesOfKind('means', count, seed).map((value, index) => (index % 5 === 0 ? 0 : index % 5 === 1 ? 1 : value));
    return { inverseTemperatures, baseVisibleBias: valuesOfKind('small', n, seed + 9) };
  }

  test('temperedFreeEnergies', async () => {
    const finite = parameterKinds.filter((kind) => kind !== 'overflowing' && kind !== 'extreme');
    const cases = fc.tuple(layerCases(finite), fc.integer({ min: 1, max: 3 }));
    const agree = sameBits(200, cases, (workspace, backend, [chosen, models]) => {
      const { n, rows, seed } = chosen;
      const energies = new Float64Array(models * rows).fill(7);
      const tempering = temperingOf(models * rows, n, seed);
      backend.temperedFreeEnergies(workspace.model(caseParameters(chosen)), caseStates(workspace, chosen, n), rows, tempering, energies);
      return () => [energies];
    });
    await expect(agree).resolves.toBeUndefined();
  });

  test('temperedFreeEnergies of more units than one logarithm serves', async () => {
    const agree = sameBits(1, fc.constant(9001), (workspace, backend, m) => {
      const model = workspace.model({
        visibleUnits: 3,
        hiddenUnits: m,
        weights: valuesOfKind('small', 3 * m, 1),
        visibleBias: valuesOfKind('small', 3, 2),
        hiddenBias: valuesOfKind('sixty', m, 3),
      });
      const energies = new Float64Array(4);
      const states = workspace.states('own', Uint8Array.of(0, 0, 0, 1, 0, 1), 2, 3);
      backend.temperedFreeEnergies(model, states, 2, temperingOf(4, 3, 5), energies);
      return () => [energies];
    });
    await expect(agree).resolves.toBeUndefined();
  });

  describe('draws', () => {
    const edgeCases = fc.record({ units: sizes, rows: rowCounts, at: addresses, seed: seeds });
    test('sampleBernoulli', async () => {
      const agree = sameBits(300, edgeCases, (workspace, backend, { units, rows, at: { address, firstRow }, seed }) => {
        const means = workspace.matrix(rows, units, edgeMeans(address, firstRow, rows, units, seed));
        const { whole, states } = workspace.drawnStates(rows, units);
        backend.sampleBernoulli(address, firstRow, rows, means, states);
        return () => [whole.words];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    // Weights that overflow in both directions make probabilities that are NaN, of which nothing is promised.
    const drawable = parameterKinds.filter((kind) => kind !== 'overflowing');
    const cases = fc.tuple(layerCases(drawable), addresses);

    test('sampleHidden', async () => {
      const agree = sameBits(200, cases, (workspace, backend, [chosen, { address, firstRow }]) => {
        const { n, m, rows } = chosen;
        const { whole, states } = workspace.drawnStates(rows, m);
        const model = workspace.model(caseParameters(chosen));
        backend.sampleHidden(model, caseStates(workspace, chosen, n), rows, address, firstRow, states);
        return () => [whole.words];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    test('sampleVisible', async () => {
      const agree = sameBits(200, cases, (workspace, backend, [chosen, { address, firstRow }]) => {
        const { n, m, rows } = chosen;
        const { whole, states } = workspace.drawnStates(rows, n);
        const model = workspace.model(caseParameters(chosen));
        backend.sampleVisible(model, caseStates(workspace, chosen, m), rows, address, firstRow, states);
        return () => [whole.words];
      });
      await expect(agree).resolves.toBeUndefined();
    });
  });

  describe('draws of tempered models', () => {
    const finite = parameterKinds.filter((kind) => kind !== 'overflowing' && kind !== 'extreme');
    const cases = fc.tuple(layerCases(finite), addresses);

    test.each(['hidden', 'visible'] as const)('%s', async (layer) => {
      const agree = sameBits(200, cases, (workspace, backend, [chosen, { address, firstRow }]) => {
        const { n, m, rows, seed } = chosen;
        const [given, units, kernel] = layer === 'hidden' ? ([n, m, 'sampleHidden'] as const) : ([m, n, 'sampleVisible'] as const);
        const { whole, states } = workspace.drawnStates(rows, units);
        const model = workspace.model(caseParameters(chosen));
        const tempering = temperingOf(rows + 1, n, seed);
        backend[kernel](model, caseStates(workspace, chosen, given), rows, address, firstRow, states, tempering);
        return () => [whole.words];
      });
      await expect(agree).resolves.toBeUndefined();
    });
  });

  describe('real visible states', () => {
    const cases = fc.tuple(layerCases(), realKinds);
    const gaussian = { kind: 'gaussian' } as const;

    test('hiddenInputs', async () => {
      const agree = sameBits(300, cases, (workspace, backend, [chosen, kind]) => {
        const inputs = workspace.results(chosen.rows + chosen.spare, chosen.m);
        backend.hiddenInputs(workspace.model(caseParameters(chosen)), caseRealStates(workspace, chosen, kind), chosen.rows, inputs);
        return () => [valuesOf(inputs)];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    const rowSets = fc.array(fc.record({ rows: rowCounts, spare: fc.nat(2), place: places, seed: seeds, isReal: fc.boolean() }), {
      minLength: 1,
      maxLength: 4,
    });
    test('hiddenMeans of one to four sets of rows, some of them binary', async () => {
      const agree = sameBits(200, fc.tuple(layerCases(), realKinds, rowSets), (workspace, backend, [chosen, kind, sets]) => {
        const requests = sets.map((set) => {
          const own = { ...chosen, ...set };
          return {
            visible: set.isReal ? caseRealStates(workspace, own, kind) : caseStates(workspace, own, chosen.n),
            rows: set.rows,
            means: workspace.results(set.rows + set.spare, chosen.m),
          };
        });
        backend.hiddenMeans(workspace.model(caseParameters(chosen)), requests);
        return () => requests.map(({ means }) => valuesOf(means));
      });
      await expect(agree).resolves.toBeUndefined();
    });

    test('sampleHidden, of the model and of tempered ones', async () => {
      const agree = sameBits(200, fc.tuple(cases, addresses, fc.boolean()), (workspace, backend, [[chosen, kind], { address, firstRow }, isTempered]) => {
        const { n, m, rows, seed } = chosen;
        const { whole, states } = workspace.drawnStates(rows, m);
        const model = workspace.model({ ...caseParameters(chosen), visibleLayer: gaussian });
        const visible = caseRealStates(workspace, chosen, kind);
        backend.sampleHidden(model, visible, rows, address, firstRow, states, isTempered ? temperingOf(rows + 1, n, seed) : undefined);
        return () => [whole.words];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    test('freeEnergies', async () => {
      const agree = sameBits(200, cases, (workspace, backend, [chosen, kind]) => {
        const energies = new Float64Array(chosen.rows + chosen.spare).fill(7);
        const model = workspace.model({ ...caseParameters(chosen), visibleLayer: gaussian });
        backend.freeEnergies(model, caseRealStates(workspace, chosen, kind), chosen.rows, energies);
        return () => [energies];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    test('temperedFreeEnergies', async () => {
      const finite = fc.constantFrom<ValueKind>('small', 'sixty', 'certainties', 'zeros', 'subnormal');
      const finiteCases = fc.tuple(layerCases(['zero', 'negativeZero', 'zeros', 'small', 'sixty', 'subnormal']), finite, fc.integer({ min: 1, max: 3 }));
      const agree = sameBits(200, finiteCases, (workspace, backend, [chosen, kind, models]) => {
        const { n, rows, seed } = chosen;
        const energies = new Float64Array(models * rows).fill(7);
        const model = workspace.model({ ...caseParameters(chosen), visibleLayer: gaussian });
        backend.temperedFreeEnergies(model, caseRealStates(workspace, chosen, kind), rows, temperingOf(models * rows, n, seed), energies);
        return () => [energies];
      });
      await expect(agree).resolves.toBeUndefined();
    });
  });

  describe.each(['gaussian', 'categorical', 'binary'] as const)('a %s visible layer', (kind) => {
    test('visibleMeans', async () => {
      const kinds = fc.constantFrom<ValueKind>('small', 'sixty', 'zeros', 'subnormal', 'extreme', 'huge', 'upwards', 'overflowing');
      const cases = fc.record({ n: sizes, rows: rowCounts, spare: fc.nat(2), values: kinds, seed: seeds, isPart: fc.boolean() });
      const agree = sameBits(200, cases, (workspace, backend, { n, rows, spare, values, seed, isPart }) => {
        const model = backend.createModel(n, 1, visibleLayerOf(kind, n, seed));
        const matrix = workspace.realStates('own', valuesOfKind(values, (rows + spare) * n, seed), rows + spare, n);
        backend.visibleMeans(model, isPart && spare > 0 ? matrix.rowsOf(1, spare - 1) : matrix, isPart && spare > 0 ? spare - 1 : rows);
        backend.release(model);
        return () => [valuesOf(matrix)];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    // As above: probabilities that are NaN are not asked for; inputs may overflow one way.
    const drawable = parameterKinds.filter((each) => each !== 'overflowing' && each !== 'huge' && each !== 'extreme');
    test.each([
      ['the model', drawable],
      ['tempered ones', drawable.filter((each) => each !== 'upwards' && each !== 'downwards')],
    ])('sampleVisible, of %s', async (which, kinds) => {
      const agree = sameBits(200, fc.tuple(layerCases(kinds), addresses), (workspace, backend, [chosen, { address, firstRow }]) => {
        const { n, m, rows, seed } = chosen;
        const visibleLayer = visibleLayerOf(kind, n, seed);
        const { whole, states } = workspace.drawnVisible(rows, n, visibleLayer);
        const model = workspace.model({ ...caseParameters(chosen), visibleLayer });
        const hidden = caseStates(workspace, chosen, m);
        backend.sampleVisible(model, hidden, rows, address, firstRow, states, which === 'the model' ? undefined : temperingOf(rows + 1, n, seed));
        return () => [contentOf(whole)];
      });
      await expect(agree).resolves.toBeUndefined();
    });
  });

  describe('updates', () => {
    const updates = fc.record({
      layers: layerCases(),
      velocity: velocityKinds,
      positive: phases,
      negative: phases,
      settings,
      count: fc.integer({ min: 1, max: 2 }),
    });
    test('updateParameters, once or twice', async () => {
      const agree = sameBits(500, updates, (workspace, backend, chosen) => {
        const { layers, velocity: kind, count } = chosen;
        const { n, m, seed } = layers;
        const model = workspace.model(caseParameters(layers));
        const velocity = workspace.model(caseParameters({ ...layers, weights: kind, biases: kind, seed: seed + 100 }));
        const positive = phaseOf(workspace, chosen.positive, n, m);
        const negative = phaseOf(workspace, chosen.negative, n, m);
        const outcomes = Array.from({ length: count }, () => backend.updateParameters(model, velocity, positive, negative, chosen.settings));
        return () => [Uint8Array.from(outcomes, ({ finite }) => Number(finite)), ...tensorsOf(model), ...tensorsOf(velocity)];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    const plainUpdates = fc.record({
      // Zeros of either sign in a third of the cases: of a weight that stays as it is, −0 is kept.
      layers: layerCases([...parameterKinds, 'negativeZero', 'negativeZero', 'zeros', 'zeros']),
      positive: phases,
      negative: phases,
      settings: plainSettings,
      count: fc.integer({ min: 1, max: 2 }),
    });
    test('updateParameters without momentum, with and without decay, once or twice', async () => {
      const agree = sameBits(500, plainUpdates, (workspace, backend, chosen) => {
        const { layers, count } = chosen;
        const { n, m } = layers;
        const model = workspace.model(caseParameters(layers));
        const positive = phaseOf(workspace, chosen.positive, n, m);
        const negative = phaseOf(workspace, chosen.negative, n, m);
        const outcomes = Array.from({ length: count }, () => backend.updateParameters(model, undefined, positive, negative, chosen.settings));
        return () => [Uint8Array.from(outcomes, ({ finite }) => Number(finite)), ...tensorsOf(model)];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    const trainings = fc.record({
      layers: layerCases(['zero', 'zeros', 'small', 'sixty', 'subnormal']),
      rows: phaseRows,
      chains: phaseRows,
      momentum: fc.constantFrom(0, 0.5),
      decay: fc.constantFrom({ l1: 0, l2: 0 }, { l1: 1e-4, l2: 1e-3 }),
      at: addresses,
    });
    test('three updates of training, asked for without waiting in between', async () => {
      const agree = sameBits(160, trainings, (workspace, backend, chosen) => {
        const { layers, rows, chains, momentum, decay, at } = chosen;
        const { n, m } = layers;
        const model = workspace.model(caseParameters(layers));
        const velocity = momentum === 0 ? undefined : workspace.model(caseParameters({ ...layers, weights: 'zero', biases: 'zero' }));
        const examples = caseStates(workspace, { ...layers, rows }, n);
        const exampleMeans = workspace.results(rows, m);
        const chainMeans = workspace.results(chains, m);
        const visible = workspace.drawnStates(chains, n);
        const hidden = workspace.drawnStates(chains, m);
        const outcomes = [0, 1, 2].map((update) => {
          const address = (step: number, layer: number) => ({ ...at.address, update, step, layer });
          backend.sampleVisible(model, hidden.states, chains, address(0, 0), at.firstRow, visible.states);
          backend.sampleHidden(model, visible.states, chains, address(1, 1), at.firstRow, hidden.states);
          backend.sampleVisible(model, hidden.states, chains, address(1, 0), at.firstRow, visible.states);
          backend.hiddenMeans(model, [
            { visible: examples, rows, means: exampleMeans },
            { visible: visible.states, rows: chains, means: chainMeans },
          ]);
          backend.sampleBernoulli(address(2, 1), at.firstRow, chains, chainMeans, hidden.states);
          return backend.updateParameters(
            model,
            velocity,
            { kind: 'samples', visible: examples, hiddenMeans: exampleMeans, rows },
            { kind: 'samples', visible: visible.states, hiddenMeans: chainMeans, rows: chains },
            { learningRate: 0.1, momentum, ...decay },
          );
        });
        return () => [
          Uint8Array.from(outcomes, ({ finite }) => Number(finite)),
          visible.whole.words,
          hidden.whole.words,
          valuesOf(chainMeans),
          ...tensorsOf(model),
          ...tensorsOf(velocity),
        ];
      });
      await expect(agree).resolves.toBeUndefined();
    });
  });

  describe('enumeration', () => {
    const smallKinds: readonly ValueKind[] = ['zero', 'negativeZero', 'zeros', 'small', 'subnormal', 'means'];
    test('blocks of the product form', async () => {
      await expect(sameBits(100, fc.tuple(views(11, smallKinds), fc.nat(100)), enumerationWork('product'))).resolves.toBeUndefined();
    });

    // Up to 5 weights of up to 60 in either half of the units: within ±300, as the form demands.
    const largeCases = fc.tuple(views(8, ['sixty']), fc.nat(100));
    test('blocks of the product form, rescaled often', async () => {
      await expect(sameBits(60, largeCases, enumerationWork('product'))).resolves.toBeUndefined();
    });

    test('blocks of the streamed form', async () => {
      await expect(sameBits(80, fc.tuple(views(7, parameterKinds), fc.nat(100)), enumerationWork('streamed'))).resolves.toBeUndefined();
    });

    test('blocks of units with levels, in both forms', async () => {
      const cases = fc.tuple(levelViews(6, smallKinds), fc.nat(100));
      await expect(sameBits(80, cases, enumerationWork('product'))).resolves.toBeUndefined();
      const extremeCases = fc.tuple(levelViews(3, parameterKinds), fc.nat(100));
      await expect(sameBits(40, extremeCases, enumerationWork('streamed'))).resolves.toBeUndefined();
    });

    test('blocks and moments with inner units that are not binary', async () => {
      const kinds = fc.constantFrom('gaussian' as const, 'categorical' as const);
      const cases = fc.tuple(views(6, smallKinds), kinds, fc.nat(100)).map(([view, kind, cut]) => {
        return [{ ...view, innerLayer: visibleLayerOf(kind, view.innerUnits, cut) }, cut] as const;
      });
      await expect(sameBits(30, cases, enumerationWork())).resolves.toBeUndefined();
      const agree = sameBits(30, cases, (_, backend, [view]) => {
        const { outerUnits, innerUnits } = view;
        const [outer, inner, products, innerSquares] = [outerUnits, innerUnits, outerUnits * innerUnits, innerUnits].map((length) => new Float64Array(length));
        backend.enumerationMoments(view, 3, 0, 2 ** outerUnits, { outer, inner, products, innerSquares });
        return () => [outer, inner, products, innerSquares];
      });
      await expect(agree).resolves.toBeUndefined();
    });

    test('units whose only level is 1 are binary units', async () => {
      const agree = sameBits(30, views(8, smallKinds), (_, backend, view) => {
        const plans = [view, { ...view, levels: new Uint32Array(view.outerUnits).fill(1) }].map((each) => planEnumeration(each, 'product'));
        const results = plans.map(({ blocks }) => [new Float64Array(blocks), new Float64Array(blocks)]);
        for (const [index, plan] of plans.entries()) {
          backend.enumerationBlocks(plan, 0, plan.blocks, results[index][0], results[index][1]);
        }
        return () => {
          expect(results[1]).toEqual(results[0]);
          return results.flat();
        };
      });
      await expect(agree).resolves.toBeUndefined();
    });

    const imageView: EnumerationView = {
      outerUnits: 10,
      innerUnits: 784,
      weights: valuesOfKind('small', 7840, 1),
      outerBias: valuesOfKind('small', 10, 2),
      innerBias: valuesOfKind('small', 784, 3),
    };
    test('blocks of a model of 784 units', async () => {
      await expect(sameBits(1, fc.constant([imageView, 7] as const), enumerationWork('product'))).resolves.toBeUndefined();
    });

    const momentKinds: readonly ValueKind[] = ['zero', 'negativeZero', 'zeros', 'small', 'sixty', 'subnormal', 'extreme'];
    test('moments, in two ranges of states, added to what is there', async () => {
      const agree = sameBits(80, fc.tuple(views(8, momentKinds), fc.nat(1000)), async (_, backend, [view, cut]) => {
        const { outerUnits, innerUnits } = view;
        const plan = planEnumeration(view, 'streamed');
        const [mantissas, exponents] = [new Float64Array(plan.blocks), new Float64Array(plan.blocks)];
        reference.enumerationBlocks(plan, 0, plan.blocks, mantissas, exponents);
        const logZ = logScaled(scaledSum(mantissas, exponents, plan.blocks));
        const moments = {
          outer: new Float64Array(outerUnits).fill(0.25),
          inner: new Float64Array(innerUnits).fill(-0.125),
          products: new Float64Array(outerUnits * innerUnits).fill(-0),
        };
        const states = 2 ** outerUnits;
        const first = cut % states;
        backend.enumerationMoments(view, logZ, 0, first, moments);
        await backend.finish();
        backend.enumerationMoments(view, logZ, first, states - first, moments);
        return () => [moments.outer, moments.inner, moments.products];
      });
      await expect(agree).resolves.toBeUndefined();
    });
  });
}
