/**
 * Estimates in units: whatever ranges the units are cut into, on either backend, on any number of threads, stopped anywhere and
 * continued, the combined estimate has the bits of the whole. What the whole is: for exact log Z the sum over blocks written
 * out here (and, for small models, enumeration in extended precision); for AIS the chains of one walk and their mean weight.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { shardedAnnealing } from '../../src/estimators/annealed-importance-sampling.js';
import { defaultAnnealing, type AnnealingSettings } from '../../src/estimators/annealing-settings.js';
import { exactLogPartitionFunction, shardedExact } from '../../src/estimators/exact-log-partition-function.js';
import type { FinishedWork } from '../../src/estimators/finished-work.js';
import { logPartitionFunctionEstimators } from '../../src/estimators/log-partition-function.js';
import { meanWeight } from '../../src/estimators/mean-weight.js';
import type { ComputedRange, ShardedEstimation, UnitRange } from '../../src/estimators/sharded-estimation.js';
import { backends, canonicalSum, loadKernels, logScaled, planEnumeration, scaledSum, type Kernels, type ModelParameters, type VisibleLayer } from '../../src/kernels/index.js';
import { baseLogPartitionFunction } from '../../src/model/base-rate.js';
import { enumerationStructure, loneTerms, partView } from '../../src/model/enumeration-structure.js';
import { createModel } from '../../src/model/parameters.js';
import { streamKey } from '../../src/random/index.js';
import { annealForward } from '../../src/sampling/annealed-chains.js';
import { loadWasm } from '../kernels/agreement.js';
import { firstDifference } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { normals } from '../reference/numbers.js';
import { structuredModel, structuredModels } from '../reference/structured-models.js';

const { min } = Math;
const float64 = Float64Array;

function randomModel(n: number, m: number, size: number, seed: number, visibleLayer?: VisibleLayer): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: float64.from(normals(n * m, seed, size)),
    visibleBias: float64.from(normals(n, seed + 1, size)),
    hiddenBias: float64.from(normals(m, seed + 2, size)),
    ...(visibleLayer && { visibleLayer }),
  };
}

/** 2^12 · 3^7 states in 2187 blocks: two chunks and a part of one. Its hidden units 12 … 18 are there twice. */
function chunkModel(): ModelParameters {
  const [n, m] = [23, 26];
  const model = randomModel(n, m, 0.7, 5);
  for (let i = 0; i < n; i++) for (let j = 19; j < m; j++) model.weights[i * m + j] = model.weights[i * m + j - 7];
  return model;
}

/** log Z by the definition of its bits: blocks are added up in chunks of 1024, chunks to parts, parts and lone units to log Z. */
async function definition(kernels: Kernels, parameters: ModelParameters): Promise<number> {
  const structure = enumerationStructure(parameters);
  const terms: number[] = [];
  for (const part of structure.parts) {
    const plan = planEnumeration(partView(parameters, part));
    const [mantissas, exponents] = [new float64(plan.blocks), new float64(plan.blocks)];
    kernels.enumerationBlocks(plan, 0, plan.blocks, mantissas, exponents);
    await kernels.finish();
    const totals = [];
    for (let first = 0; first < plan.blocks; first += 1024) {
      const length = min(1024, plan.blocks - first);
      totals.push(scaledSum(mantissas.slice(first, first + length), exponents.slice(first, first + length), length));
    }
    terms.push(logScaled(scaledSum(float64.from(totals, ({ mantissa }) => mantissa), float64.from(totals, ({ exponent }) => exponent), totals.length)));
  }
  return canonicalSum(float64.from([...terms, ...loneTerms(parameters, structure)]));
}

/** Ranges between the places where units are cut. */
function rangesOf(units: number, cuts: readonly number[]): UnitRange[] {
  const ends = [...new Set([...cuts.map((cut) => min(cut, units)), units])].toSorted((a, b) => a - b);
  return ends.map((end, index) => ({ first: index === 0 ? 0 : ends[index - 1], count: end - (index === 0 ? 0 : ends[index - 1]) }));
}

async function computeAll(estimation: ShardedEstimation, ranges: readonly UnitRange[]): Promise<ComputedRange[]> {
  const computed: ComputedRange[] = [];
  // Backwards: no range may lean on one before it.
  for (const range of ranges.toReversed()) {
    const values = await estimation.compute(range, {});
    expect(values.length).toBe(estimation.valuesOf(range));
    computed.unshift({ ...range, values });
  }
  return computed;
}

/** A store that copies, as a file does. */
function storeOf(kept = new Map<string, Float64Array>()): FinishedWork & { copy(): Map<string, Float64Array> } {
  return {
    get: (name) => kept.get(name),
    set: (name, values) => void kept.set(name, values.slice()),
    copy: () => new Map([...kept].map(([name, values]) => [name, values.slice()] as const)),
  };
}

/** The values of a range with the work stopped at its pause number `at` (from 0) and continued; and how many pauses came after that. */
async function stoppedAt(estimation: ShardedEstimation, range: UnitRange, at: number): Promise<{ values: Float64Array; after: number }> {
  const store = storeOf();
  let pauses = 0;
  const stop = (): Promise<void> => (pauses++ === at ? Promise.reject(new Error('stop')) : Promise.resolve());
  await expect(estimation.compute(range, { finished: store, pause: stop })).rejects.toThrow('stop');
  let after = 0;
  const values = await estimation.compute(range, { finished: storeOf(store.copy()), pause: () => Promise.resolve(void after++) });
  return { values, after };
}

async function pausesOf(estimation: ShardedEstimation, range: UnitRange): Promise<number> {
  let pauses = 0;
  await estimation.compute(range, { pause: () => Promise.resolve(void pauses++) });
  return pauses;
}

/** Values as bytes: also NaN and −0 are told apart. */
const bytesOf = (value: number): string => Buffer.from(float64.of(value).buffer).toString('hex');

const forms: [string, ModelParameters][] = [
  ['product', randomModel(9, 11, 1, 20)],
  ['streamed', randomModel(8, 8, 400, 23)],
  ['cumulant', randomModel(7, 9, 1, 26, { kind: 'categorical', groups: Uint32Array.of(0, 3, 5, 7) })],
  ['quadratic', randomModel(5, 9, 0.5, 29, { kind: 'gaussian' })],
];

describe.each(backends)('exact log Z in blocks, backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  test('any cut of any small model, with parts, duplicates and lone units, has the bits of the whole', async () => {
    await fc.assert(
      fc.asyncProperty(structuredModels(7), fc.array(fc.nat(40), { maxLength: 6 }), async (model, cuts) => {
        const estimation = shardedExact(kernels, model);
        const whole = await exactLogPartitionFunction(kernels, model);
        expect(bytesOf(whole)).toBe(bytesOf(await definition(kernels, model)));
        const units = rangesOf(estimation.units, Array.from({ length: estimation.units }, (_, unit) => unit));
        for (const ranges of [rangesOf(estimation.units, cuts), units]) {
          expect(bytesOf(estimation.combine(await computeAll(estimation, ranges)).logZ)).toBe(bytesOf(whole));
        }
        const exact = bruteForce.logPartitionFunction(model);
        const error = Math.abs(ep.toNumber(ep.subtract(ep.fromNumber(whole), exact)));
        expect(error).toBeLessThanOrEqual(1e-11 * Math.max(1, Math.abs(ep.toNumber(exact)) / 100));
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test('a model whose units all stand alone has no blocks, and the log Z of its biases', async () => {
    const model = { ...randomModel(3, 2, 1, 4), weights: new float64(6) };
    const estimation = shardedExact(kernels, model);
    expect(estimation.units).toBe(0);
    expect(estimation.combine([]).logZ).toBe(await definition(kernels, model));
    expect(estimation.combine([{ first: 0, count: 0, values: await estimation.compute({ first: 0, count: 0 }, {}) }]).logZ).toBe(await definition(kernels, model));
  });

  test.each(forms)('the %s form: any cut', async (form, model) => {
    const { parts } = enumerationStructure(model);
    expect(parts.map((part) => planEnumeration(partView(model, part)).form)).toEqual([form]);
    const estimation = shardedExact(kernels, model);
    const whole = await definition(kernels, model);
    expect(estimation.units).toBeGreaterThan(4);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(estimation.units), { maxLength: 5 }), async (cuts) => {
        expect(bytesOf(estimation.combine(await computeAll(estimation, rangesOf(estimation.units, cuts))).logZ)).toBe(bytesOf(whole));
      }),
      { numRuns: 8, seed: 2 },
    );
  });

  test('cuts in and between chunks, whose sums are all that is kept of them', async () => {
    const model = chunkModel();
    const estimation = shardedExact(kernels, model);
    expect(estimation.units).toBe(2187);
    const whole = await definition(kernels, model);
    expect(await exactLogPartitionFunction(kernels, model)).toBe(whole);
    for (const cuts of [[1024], [1023, 1025], [1, 2, 2186], [700, 1024, 1500, 2048, 2100], [300, 400, 500, 600], [2048]]) {
      expect([cuts, estimation.combine(await computeAll(estimation, rangesOf(2187, cuts))).logZ]).toEqual([cuts, whole]);
    }
    expect(estimation.valuesOf({ first: 0, count: 2187 })).toBe(6);
    expect(estimation.valuesOf({ first: 1023, count: 1026 })).toBe(2 * (1 + 1 + 1));
    expect(estimation.valuesOf({ first: 2048, count: 139 })).toBe(2);
    expect(estimation.valuesOf({ first: 2048, count: 138 })).toBe(276);
  }, 60_000);

  test('stopped at every pause and continued: the same values, and no batch is done twice', async () => {
    const several = structuredModel({ n: 20, m: 20, components: 3, density: 1, duplicates: 0.3, size: 400, seed: 3 });
    const cases: [ModelParameters, UnitRange][] = [
      [forms[1][1], { first: 3, count: 11 }],
      [several, { first: 1, count: shardedExact(kernels, several).units - 2 }],
      [chunkModel(), { first: 1000, count: 1100 }],
    ];
    for (const [model, range] of cases) {
      const estimation = shardedExact(kernels, model);
      const values = await estimation.compute(range, {});
      const pauses = await pausesOf(estimation, range);
      expect(pauses).toBeGreaterThan(2);
      for (let at = 0; at < pauses; at++) {
        const stopped = await stoppedAt(estimation, range, at);
        expect([at, firstDifference(stopped.values, values), stopped.after]).toEqual([at, undefined, pauses - 1 - at]);
      }
    }
  }, 60_000);

  test('pieces of another range of the same blocks don’t change the values', async () => {
    const estimation = shardedExact(kernels, forms[1][1]);
    const values = await estimation.compute({ first: 3, count: 4 }, {});
    for (const name of ['part 0 chunks', 'part 0 blocks']) {
      for (const kept of [new float64(9), new float64(500), float64.of(4, 0, 7, 7)]) {
        const pieces = name === 'part 0 chunks' && kept.length === 4 ? new Map<string, Float64Array>() : new Map([[name, kept]]);
        expect(firstDifference(await estimation.compute({ first: 3, count: 4 }, { finished: storeOf(pieces) }), values)).toBeUndefined();
      }
    }
  });

  test('tells the share that is done of a range', async () => {
    const model = structuredModel({ n: 20, m: 20, components: 3, density: 1, duplicates: 0, size: 1, seed: 3 });
    const estimation = shardedExact(kernels, model);
    const shares: number[] = [];
    await estimation.compute({ first: 2, count: estimation.units - 3 }, { progress: (share) => shares.push(share) });
    expect(shares.toSorted((a, b) => a - b)).toEqual(shares);
    expect(shares[0]).toBeGreaterThan(0);
    expect(shares.at(-1)).toBe(1);
  });

  test('ranges that don’t fit are refused', async () => {
    const estimation = shardedExact(kernels, forms[0][1]);
    const [head, tail] = await computeAll(estimation, rangesOf(estimation.units, [5]));
    for (const ranges of [[], [head], [tail], [tail, head], [head, head, tail], [head, { ...tail, values: tail.values.subarray(2) }], [head, { ...tail, count: tail.count - 1 }]]) {
      expect(() => estimation.combine(ranges)).toThrow(RangeError);
    }
    for (const range of [{ first: -1, count: 2 }, { first: 0, count: estimation.units + 1 }, { first: 0.5, count: 1 }]) {
      await expect(estimation.compute(range, {})).rejects.toThrow('units');
    }
  });
});

describe('AIS in chains', () => {
  const model = randomModel(7, 5, 1, 40);
  const settings: AnnealingSettings = { ...defaultAnnealing, baseVisibleBias: float64.from(normals(7, 44, 0.5)), seed: '3', chains: 620, temperatures: 17 };

  const estimationWith = (kernels: Kernels, change: Partial<AnnealingSettings> = {}): ShardedEstimation =>
    shardedAnnealing(kernels, createModel(kernels, model), { ...settings, ...change });

  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels();
  });
  afterAll(() => kernels.close());

  test('the chains are those of one walk, and log Z is that of their mean weight', async () => {
    const own = createModel(kernels, model);
    const schedule = float64.from({ length: 18 }, (_, index) => index / 17);
    const walked = await annealForward(kernels, own, { baseVisibleBias: settings.baseVisibleBias, schedule }, 620, streamKey('3', 'estimation/forward/0'));
    const estimation = estimationWith(kernels, { schedule: 'uniform' });
    const values = await estimation.compute({ first: 0, count: 620 }, {});
    expect(firstDifference(values, walked)).toBeUndefined();
    const { logZ, evidence } = estimation.combine([{ first: 0, count: 620, values }]);
    expect(logZ).toBe(baseLogPartitionFunction(settings.baseVisibleBias, own) + meanWeight(walked, '3').logMean);
    expect(evidence).toMatchObject({ temperatures: 17, steps: 620 * 17 });
  });

  test.each(backends)('any cut has the bits of the whole, with an adaptive schedule, backend $name', async ({ name }) => {
    const own = await loadKernels(name);
    const estimation = estimationWith(own);
    const row = logPartitionFunctionEstimators.find((each) => each.name === 'ais');
    const whole = JSON.stringify(await row?.estimate(createModel(own, model), { kernels: own, annealing: settings }));
    const cuts = fc.array(fc.oneof(fc.nat(620), fc.constantFrom(1, 249, 250, 251, 500, 619)), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        expect(JSON.stringify(estimation.combine(await computeAll(estimation, rangesOf(620, places))))).toBe(whole);
      }),
      { numRuns: 5, seed: 3, examples: [[[1, 2, 3]], [[249, 251, 499]]] },
    );
    await own.close();
  });

  test('stopped at every pause and continued: the same values, and finished chains are not walked again', async () => {
    const estimation = estimationWith(kernels);
    const range = { first: 13, count: 590 };
    const values = await estimation.compute(range, {});
    // 17 temperatures are walked 8 at a time: the pilot and every batch of 250 chains take three walks.
    expect(await pausesOf(estimation, range)).toBe(12);
    for (let at = 0; at < 12; at++) {
      const stopped = await stoppedAt(estimation, range, at);
      const batches = Math.max(0, Math.floor((at - 3) / 3));
      expect([at, firstDifference(stopped.values, values), stopped.after]).toEqual([at, undefined, 12 - 3 * batches]);
    }
  });

  const layers: [string, VisibleLayer][] = [
    ['binary', { kind: 'binary' }],
    ['categorical', { kind: 'categorical', groups: Uint32Array.of(0, 3, 5, 7) }],
    ['Gaussian', { kind: 'gaussian' }],
  ];

  /** Of so many temperatures, which are walked 8 at a time: pauses of the pilot (200) and of one batch. */
  const [pilotPauses, batchPauses] = [25, 50];

  test.each(layers)('stopped within a batch and continued, %s units: the same values, and the last 128 steps at most are walked again', async (_, layer) => {
    const estimation = shardedAnnealing(kernels, createModel(kernels, randomModel(7, 5, 0.5, 41, layer)), { ...settings, temperatures: 8 * batchPauses });
    const range = { first: 13, count: 9 };
    const values = await estimation.compute(range, {});
    expect(await pausesOf(estimation, range)).toBe(pilotPauses + batchPauses);
    for (const at of [0, pilotPauses + 14, pilotPauses + 15, pilotPauses + 16, pilotPauses + 46, pilotPauses + 47, pilotPauses + 49]) {
      const stopped = await stoppedAt(estimation, range, at);
      // 128 steps are 16 pauses; what is kept at one is kept before it. At the end of a batch it is the batch that is.
      const kept = Math.min(Math.max(0, 16 * Math.floor((at - pilotPauses + 1) / 16)), 48);
      expect([at, firstDifference(stopped.values, values), stopped.after]).toEqual([at, undefined, pilotPauses + batchPauses - kept]);
    }
  });

  test('a kept walk of other chains, another length, or with what no unit has, is ignored', async () => {
    const estimation = estimationWith(kernels, { temperatures: 400 });
    const range = { first: 5, count: 20 };
    const kept = new Map<string, Float64Array>();
    const values = await estimation.compute(range, { finished: storeOf(kept) });
    const walk = kept.get('walk') as Float64Array;
    expect(walk).toHaveLength(2 + 20 + 20 * 7);
    expect([walk[0], walk[1]]).toEqual([5, 384]);
    const on = walk.indexOf(1, 22);
    const changed = (place: number, value: number): Float64Array => walk.with(place, value);
    for (const other of [changed(0, 6), changed(1, 400), changed(1, 120), changed(1, -128), changed(1, NaN), changed(7, Infinity), changed(on, 0.5), changed(on, 2), changed(on, NaN), walk.subarray(1), new float64(0)]) {
      const again = await estimation.compute(range, { finished: storeOf(new Map([['walk', other]])) });
      expect(firstDifference(again, values)).toBeUndefined();
    }
  });

  test('kept chains that are more than the range has are ignored', async () => {
    const estimation = estimationWith(kernels);
    const values = await estimation.compute({ first: 5, count: 20 }, {});
    const kept = new Map([['chains', new float64(21)]]);
    expect(firstDifference(await estimation.compute({ first: 5, count: 20 }, { finished: storeOf(kept) }), values)).toBeUndefined();
  });

  test('ranges beyond the chains are refused', async () => {
    await expect(estimationWith(kernels).compute({ first: 600, count: 21 }, {})).rejects.toThrow('units');
  });
});

test('shards computed with 1 and 3 threads and on the other backend go together', async () => {
  const all = [await loadWasm(3), await loadKernels('reference'), await loadKernels('wasm')];
  const [exactModel, aisModel] = [forms[0][1], randomModel(40, 30, 0.3, 50)];
  const annealing: AnnealingSettings = { ...defaultAnnealing, baseVisibleBias: float64.from(normals(40, 44, 0.5)), seed: '3', chains: 300, temperatures: 10 };
  for (const estimationOf of [(kernels: Kernels) => shardedExact(kernels, exactModel), (kernels: Kernels) => shardedAnnealing(kernels, createModel(kernels, aisModel), annealing)]) {
    const estimations = all.map(estimationOf);
    const { units } = estimations[0];
    const ranges = rangesOf(units, [Math.floor(units / 3), Math.floor(units / 2)]);
    const computed = await Promise.all(ranges.map(async (range, index) => ({ ...range, values: await estimations[index].compute(range, {}) })));
    const whole = { first: 0, count: units };
    const expected = estimations[1].combine([{ ...whole, values: await estimations[1].compute(whole, {}) }]);
    expect(JSON.stringify(estimations[2].combine(computed))).toBe(JSON.stringify(expected));
  }
  for (const kernels of all) await kernels.close();
}, 60_000);

test('exact log Z and AIS have units, the others none', () => {
  expect(logPartitionFunctionEstimators.filter(({ shard }) => shard !== undefined).map(({ name }) => name)).toEqual(['exact', 'ais']);
});
