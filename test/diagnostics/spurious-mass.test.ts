/**
 * Spurious mass against sums by definition over all states (test/reference/brute-force.ts, in extended precision), and tempered
 * samples against them. Seeds are fixed and nothing is retried.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, loadKernels, packBinaryMatrix, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { climbToLocalMaxima } from '../../src/diagnostics/local-maxima.js';
import { enumerateMass } from '../../src/diagnostics/enumerated-mass.js';
import { distancesOfAllStates } from '../../src/diagnostics/hamming-distance.js';
import type { DiagnosedTraining, DiagnosticContext, Findings } from '../../src/diagnostics/index.js';
import { meanOverEnsembles, shareOverEnsembles } from '../../src/diagnostics/sampled-mass.js';
import { spuriousMass } from '../../src/diagnostics/spurious-mass.js';
import { createModel } from '../../src/model/parameters.js';
import { bytesOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import { integers, normals, uniforms } from '../reference/numbers.js';

const { abs, exp, log1p, max, min, sqrt } = Math;

/** Threads start from the built files. */
const built = new URL('../../dist/kernels/index.js', import.meta.url).href;

function randomModel(n: number, m: number, seed: number, size = 1.5): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, size)),
    visibleBias: Float64Array.from(normals(n, seed + 1, 0.7)),
    hiddenBias: Float64Array.from(normals(m, seed + 2, 0.7)),
  };
}

/** Units that differ. */
function distance(left: number, right: number): number {
  let count = 0;
  for (let rest = left ^ right; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** Examples as bytes, from numbers of states. */
function bytesOfStates(states: readonly number[], n: number): Uint8Array {
  return Uint8Array.from(states.flatMap((state) => Array.from({ length: n }, (_, unit) => (state >> unit) & 1)));
}

/** The state that a word of 0 and 1 means. */
function stateOf(text: string): number {
  return [...text].reduce((state, digit, unit) => state + (digit === '1' ? 2 ** unit : 0), 0);
}

/** Spurious mass by definition, from probabilities of all states. */
function byDefinition(probabilities: readonly number[], examples: readonly number[], beyond: number) {
  const n = Math.log2(probabilities.length);
  const distances = probabilities.map((_, state) => min(...examples.map((example) => distance(state, example))));
  const masses = Array.from({ length: max(...distances) + 1 }, () => 0);
  probabilities.forEach((p, state) => (masses[distances[state]] += p));
  const shareOf = (state: number): number => examples.filter((example) => example === state).length / examples.length;
  const imbalance = [...new Set(examples)].reduce((sum, state) => sum + shareOf(state) * Math.log((shareOf(state) * masses[0]) / probabilities[state]), 0);
  const maxima = probabilities
    .map((probability, state) => ({ probability, state, distance: distances[state] }))
    .filter(({ state, probability }) => distances[state] > beyond && Array.from({ length: n }, (_, i) => probabilities[state ^ (1 << i)]).every((p) => p <= probability))
    .toSorted((left, right) => right.probability - left.probability);
  return { masses, maxima, imbalance };
}

/** p(v) of every state in ordinary arithmetic, for models too large for the oracle. */
function probabilitiesOf({ visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias }: ModelParameters): number[] {
  const logs = Array.from({ length: 2 ** n }, (_, state) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (state >> i) & 1 ? visibleBias[i] : 0;
    for (let j = 0; j < m; j++) {
      let input = hiddenBias[j];
      for (let i = 0; i < n; i++) input += (state >> i) & 1 ? weights[i * m + j] : 0;
      sum += max(input, 0) + log1p(exp(-abs(input)));
    }
    return sum;
  });
  const largest = logs.reduce((left, right) => max(left, right));
  const weightsOfStates = logs.map((value) => exp(value - largest));
  const total = weightsOfStates.reduce((sum, value) => sum + value, 0);
  return weightsOfStates.map((value) => value / total);
}

const training: DiagnosedTraining = {
  visibleUnits: 4,
  hiddenUnits: 4,
  visibleLayer: { kind: 'binary' },
  algorithm: 'cd',
  examples: 10,
  batchRows: 10,
  updatesPerEpoch: 1,
  splits: ['train'],
  isEnumerable: true,
};
const defaults = Object.fromEntries(spuriousMass.keys.map((key) => [key.name, key.default]));

interface Problem {
  readonly parameters: ModelParameters;
  readonly examples: readonly number[];
  readonly others?: Readonly<Record<string, readonly number[]>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly isEnumerable?: boolean;
}

/** What the diagnostic says. */
async function measure(kernels: Kernels, { parameters, examples, others = {}, settings, isEnumerable = true }: Problem): Promise<Findings> {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const model = createModel(kernels, parameters);
  const pack = (states: readonly number[]) => packBinaryMatrix(bytesOfStates(states, n), states.length, n);
  const splits = Object.fromEntries(Object.entries({ train: examples, ...others }).map(([split, states]) => [split, pack(states)]));
  const context: DiagnosticContext = {
    kernels,
    model,
    training: { ...training, visibleUnits: n, hiddenUnits: m, splits: Object.keys(splits), isEnumerable },
    splits,
    seed: '1',
    settings: { ...defaults, ...settings },
    update: () => 7,
    learningRate: () => 0.1,
    drawPhases: () => Promise.reject(new Error('not asked for')),
  };
  const running = await spuriousMass.start(context);
  const findings = await running.measure({});
  expect(running.tensors).toEqual({});
  kernels.release(model);
  return findings;
}

interface Worst {
  readonly state: string;
  readonly probability: number;
  readonly distance: number;
  readonly share: number;
  readonly logProbability?: number;
  readonly logRatioToDataModes: number;
}

interface Measured {
  readonly method: string;
  readonly distances: number[];
  readonly model: number[];
  readonly heldOut?: number[];
  readonly standardErrors: number[];
  readonly beyond: { distance: number; model: number; heldOut?: number; standardError: number };
  readonly meanDistance: number;
  readonly imbalance: number;
  readonly meanDistanceStandardError: number;
  readonly worst: Worst[];
}

/** A model whose states are as probable as their complements: it has at least two modes. */
function symmetricModel(n: number, m: number, seed: number, size: number): ModelParameters {
  const { weights } = randomModel(n, m, seed, size);
  const sumOf = (count: number, weightAt: (k: number) => number): number => Array.from({ length: count }, (_, k) => weightAt(k)).reduce((sum, weight) => sum + weight, 0);
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights,
    visibleBias: Float64Array.from({ length: n }, (_, i) => -sumOf(m, (j) => weights[i * m + j]) / 2 + 0.01 * i),
    hiddenBias: Float64Array.from({ length: m }, (_, j) => -sumOf(n, (i) => weights[i * m + j]) / 2),
  };
}

/** Random examples, some of them more than once. */
function randomExamples(n: number, count: number, seed: number): number[] {
  const states = integers(count, seed).map((value) => value % 2 ** n);
  return [...states, ...states.slice(0, count / 2)];
}

/** Small enough for sums in extended precision. */
const small = [
  { name: 'visible layer the larger', parameters: randomModel(8, 4, 10), count: 5, beyond: 0 },
  { name: 'hidden layer the larger', parameters: randomModel(5, 7, 20), count: 3, beyond: 1 },
  { name: 'many modes', parameters: randomModel(8, 5, 30, 4), count: 4, beyond: 0 },
  { name: 'one visible unit', parameters: randomModel(1, 2, 40), count: 1, beyond: 0 },
  { name: 'one example', parameters: randomModel(7, 3, 50), count: 1, beyond: 2 },
].map(({ name, parameters, count, beyond }) => {
  const examples = randomExamples(parameters.visibleUnits, count, 5);
  const probabilities = bruteForce.visibleProbabilities(bruteForce.enumerate(parameters));
  return { name, parameters, examples, beyond, expected: byDefinition(probabilities, examples, beyond) };
});

/** Modes whose neighbours are in other blocks; and many hidden units. */
const severalBlocks = [
  { name: 'many states', parameters: symmetricModel(15, 4, 60, 2) },
  { name: 'many hidden units', parameters: symmetricModel(12, 256, 70, 0.5) },
].map(({ name, parameters }) => {
  const examples = randomExamples(parameters.visibleUnits, 6, 9);
  return { name, parameters, examples, expected: byDefinition(probabilitiesOf(parameters), examples, 1) };
});

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  test.each(small)('masses, totals and modes are those of the definition: $name', async ({ parameters, examples, beyond, expected }) => {
    const n = parameters.visibleUnits;
    const found = (await measure(kernels, { parameters, examples, settings: { beyond, modes: 100 } })) as unknown as Measured;
    expect(found.method).toBe('exact');
    expect(found.distances).toEqual(expected.masses.map((__, index) => index));
    found.model.forEach((mass, index) => expect(abs(mass - expected.masses[index])).toBeLessThan(1e-12));
    expect(abs(found.model.reduce((sum, mass) => sum + mass, 0) - 1)).toBeLessThan(1e-12);
    const far = expected.masses.slice(beyond + 1).reduce((sum, mass) => sum + mass, 0);
    expect(abs(found.beyond.model - far)).toBeLessThan(1e-12);
    expect(found.beyond.distance).toBe(beyond);
    expect(abs(found.meanDistance - expected.masses.reduce((sum, mass, index) => sum + mass * index, 0))).toBeLessThan(1e-12);
    expect(found.imbalance).toBeCloseTo(expected.imbalance, 11);
    expect(found.worst.map(({ state, distance: far_ }) => [stateOf(state), far_])).toEqual(expected.maxima.map((mode) => [mode.state, mode.distance]));
    found.worst.forEach(({ probability }, index) => expect(abs(probability - expected.maxima[index].probability)).toBeLessThan(1e-12));
    expect(found.worst.every(({ state }) => state.length === n)).toBe(true);
    expect(found).not.toHaveProperty('heldOut');
  });

  test.each(severalBlocks)('over several blocks, masses and the most probable maxima are those of the definition: $name', async ({ parameters, examples, expected }) => {
    expect(expected.maxima.length).toBeGreaterThan(0);
    const found = (await measure(kernels, { parameters, examples, settings: { beyond: 1 } })) as unknown as Measured;
    found.model.forEach((mass, index) => expect(abs(mass - expected.masses[index])).toBeLessThan(1e-12));
    expect(found.worst.map(({ state }) => stateOf(state))).toEqual(expected.maxima.slice(0, 5).map(({ state }) => state));
  });

  test('equally probable states are modes each, by number of the state', async () => {
    const parameters = { ...randomModel(6, 3, 1), weights: new Float64Array(18), visibleBias: new Float64Array(6) };
    const found = (await measure(kernels, { parameters, examples: [0] })) as unknown as Measured;
    expect(found.worst.map(({ state, probability }) => [stateOf(state), probability])).toEqual([1, 2, 3, 4, 5].map((state) => [state, expect.closeTo(1 / 64, 14)]));
  });

  test('held-out examples have their curve, and say beyond what mass is totalled', async () => {
    const parameters = randomModel(6, 3, 80);
    const validation = [...Array.from({ length: 57 }, () => 0b000001), 0b000011, 0b000111, 0b001111];
    const found = (await measure(kernels, { parameters, examples: [0], others: { validation, test: [63] } })) as unknown as Measured;
    expect(found.heldOut).toEqual([0, 57 / 60, 1 / 60, 1 / 60, 1 / 60, 0, 0]);
    // 3 of 60 lie farther than 1: exactly 5 %.
    expect(found.beyond).toMatchObject({ distance: 1, heldOut: 3 / 60 });
    const ofTest = (await measure(kernels, { parameters, examples: [0], others: { test: [63] }, settings: { beyond: 2 } })) as unknown as Measured;
    expect(ofTest.heldOut).toEqual([0, 0, 0, 0, 0, 0, 1]);
    expect(ofTest.beyond).toMatchObject({ distance: 2, heldOut: 1 });
  });

  test('climbing states arrive at local maxima, and none becomes less probable', async () => {
    for (const parameters of [randomModel(8, 5, 30, 4), randomModel(9, 9, 31, 1), randomModel(3, 1, 32, 8)]) {
      const n = parameters.visibleUnits;
      const probabilities = probabilitiesOf(parameters);
      const starts = Array.from({ length: 2 ** n }, (_, state) => state);
      const model = createModel(kernels, parameters);
      const { states, arrived } = await climbToLocalMaxima(kernels, model, packBinaryMatrix(bytesOfStates(starts, n), starts.length, n));
      const bytes = bytesOf(states);
      expect(arrived.every((value) => value === 1)).toBe(true);
      for (const start of starts) {
        const end = stateOf(bytes.subarray(start * n, (start + 1) * n).join(''));
        expect(probabilities[end]).toBeGreaterThanOrEqual(probabilities[start] * (1 - 1e-12));
        for (let unit = 0; unit < n; unit++) expect(probabilities[end ^ (1 << unit)]).toBeLessThanOrEqual(probabilities[end] * (1 + 1e-8));
      }
      kernels.release(model);
    }
  });
});

describe('tempered samples', () => {
  const parameters = randomModel(12, 6, 100, 1.2);
  const examples = randomExamples(12, 6, 11);
  const exact = byDefinition(probabilitiesOf(parameters), examples, 1);
  const settings = { method: 'tempered', beyond: 1, samples: 2000, rungs: 8 };
  let kernels: Kernels;
  let found: Measured;
  beforeAll(async () => {
    kernels = await loadKernels('wasm');
    found = (await measure(kernels, { parameters, examples, settings })) as unknown as Measured;
  });
  afterAll(() => kernels.close());

  test('have the masses of the definition within their standard errors', () => {
    // Student's t of 19 degrees of freedom is above 5 with a probability of 8e-5.
    const { masses } = exact;
    expect(found.method).toBe('tempered');
    expect(found.model.length).toBeGreaterThan(3);
    found.model.forEach((mass, index) => expect(abs(mass - masses[index])).toBeLessThan(5 * found.standardErrors[index]));
    const far = masses.slice(2).reduce((sum, mass) => sum + mass, 0);
    expect(abs(found.beyond.model - far)).toBeLessThan(5 * found.beyond.standardError);
    const mean = masses.reduce((sum, mass, index) => sum + mass * index, 0);
    expect(abs(found.meanDistance - mean)).toBeLessThan(5 * found.meanDistanceStandardError);
    // Errors are of the size that they should be: within a factor of 3 of those of independent samples.
    const independent = sqrt((far * (1 - far)) / 2000);
    expect(found.beyond.standardError).toBeGreaterThan(independent / 3);
    expect(found.beyond.standardError).toBeLessThan(3 * independent);
    expect(abs(found.model.reduce((sum, mass) => sum + mass, 0) - 1)).toBeLessThan(1e-12);
  });

  test('lead to local maxima of the definition, with their probabilities', async () => {
    expect(found.worst.length).toBeGreaterThan(0);
    const probabilities = probabilitiesOf(parameters);
    const model = createModel(kernels, parameters);
    const { states: ofData } = await climbToLocalMaxima(kernels, model, packBinaryMatrix(bytesOfStates(examples, 12), examples.length, 12));
    kernels.release(model);
    const ofDataModes = [...ofData.words].reduce((sum, state) => sum + Math.log(probabilities[state]), 0) / examples.length;
    for (const { state, probability, distance: far, share, logProbability, logRatioToDataModes } of found.worst) {
      const mode = exact.maxima.find((maximum) => maximum.state === stateOf(state));
      expect(mode).toMatchObject({ distance: far, probability: expect.closeTo(probability, 12) });
      expect(exp(logProbability ?? 0)).toBeCloseTo(probability, 12);
      expect(logRatioToDataModes).toBeCloseTo(Math.log(probability) - ofDataModes, 9);
      expect(share).toBeGreaterThan(0);
    }
    const ordered = found.worst.map(({ probability }) => probability);
    expect(ordered).toEqual(ordered.toSorted((left, right) => right - left));
    // The most probable spurious mode of all is not missed.
    expect(stateOf(found.worst[0].state)).toBe(exact.maxima[0].state);
  });

  test('of a model whose log Z is out of reach have no probability', async () => {
    const few = (await measure(kernels, { parameters, examples, isEnumerable: false, settings: { ...settings, samples: 100 } })) as unknown as Measured;
    expect(few.worst.length).toBeGreaterThan(0);
    for (const mode of few.worst) {
      expect(mode).not.toHaveProperty('probability');
      expect(mode).not.toHaveProperty('logProbability');
    }
  });

  test('the same bits for every backend and number of threads, exact and tempered', async () => {
    const { loadKernels: loadBuilt } = (await import(built)) as { loadKernels: typeof loadKernels };
    const model = randomModel(13, 5, 200);
    const problem = { parameters: model, examples: randomExamples(13, 6, 12), others: { test: randomExamples(13, 9, 13) } };
    const all: string[] = [];
    for (const [name, threads] of [['reference', 1], ['wasm', 1], ['wasm', 3]] as const) {
      const these = await loadBuilt(name, { threads });
      const said = [];
      for (const method of ['exact', 'tempered']) {
        said.push(await measure(these, { ...problem, settings: { method, beyond: 1, samples: 40, rungs: 3 } }));
      }
      all.push(JSON.stringify(said));
      await these.close();
    }
    expect(all[1]).toBe(all[0]);
    expect(all[2]).toBe(all[0]);
  });
});

test.each([1e3, 1e8, 1e200, 1e308])('weights of %p: every number is one', async (size) => {
  const kernels = await loadKernels('wasm');
  const parameters = { ...randomModel(6, 3, 90), weights: Float64Array.from(normals(18, 90, 1), (value) => max(min(value, 1), -1) * size) };
  const problem = { parameters, examples: [0, 5], others: { test: [1] } };
  const exactly = await measure(kernels, problem);
  const sampled = await measure(kernels, { ...problem, settings: { method: 'tempered', samples: 40, rungs: 3 } });
  expect(JSON.stringify([exactly, sampled])).not.toMatch(/null|NaN|Infinity/u);
  // Of states whose probability is beyond what float64 can tell there is nothing to say; up to there the masses are a whole.
  const masses = (exactly.model ?? [1]) as number[];
  expect(abs(masses.reduce((sum, mass) => sum + mass, 0) - 1)).toBeLessThan(1e-9);
  await kernels.close();
});

describe('standard errors over ensembles', () => {
  test('cover the mean as often as they should', () => {
    // 200 problems of 100 values, sample r in ensemble r mod 20, each ensemble with a shift of its own.
    let outside = 0;
    for (let problem = 0; problem < 200; problem++) {
      const shifts = normals(20, 1000 + problem);
      const values = normals(100, 5000 + problem).map((value, row) => value + shifts[row % 20]);
      const { mean, standardError } = meanOverEnsembles(values);
      if (abs(mean) > 2.093 * standardError) outside += 1;
    }
    // 5 % of 200 is 10, with a standard deviation of 3.1.
    expect(outside).toBeGreaterThan(0);
    expect(outside).toBeLessThan(24);
  });

  test('are not 0 where nothing was seen', () => {
    const { mean, standardError } = shareOverEnsembles(new Uint8Array(1000));
    expect(mean).toBe(0);
    expect(standardError).toBeCloseTo(1 / 1000, 4);
    expect(shareOverEnsembles(uniforms(1000, 1).map((u) => (u < 0.5 ? 1 : 0))).standardError).toBeGreaterThan(0.008);
  });
});

describe('what it refuses', () => {
  const refuse = (changes: Partial<DiagnosedTraining>, settings: Record<string, unknown> = {}) =>
    spuriousMass.refuse?.({ ...training, ...changes }, { ...defaults, ...settings });

  test('visible units that are not binary', () => {
    expect(refuse({ visibleLayer: { kind: 'gaussian' } })?.message).toMatch(/gaussian/u);
    expect(refuse({})).toBeUndefined();
  });

  test('the exact method where there are too many states, which is then not chosen', () => {
    const large = { visibleUnits: 784, hiddenUnits: 500 };
    expect(refuse(large, { method: 'exact' })?.hint).toMatch(/tempered/u);
    expect(refuse({ visibleUnits: 24, hiddenUnits: 65 }, { method: 'exact' })).toBeDefined();
    expect(refuse({ visibleUnits: 24, hiddenUnits: 64 }, { method: 'exact' })).toBeUndefined();
    expect(refuse(large)).toBeUndefined();
  });

  test('more chain steps than the limit', () => {
    const found = refuse({ visibleUnits: 784, hiddenUnits: 500 }, { samples: 1_000_000, rungs: 100 });
    expect(found?.message).toMatch(/1000000 samples and 100 rungs/u);
  });
});

test('enumeration gives way, and what its pause throws ends it', async () => {
  const kernels = await loadKernels('reference');
  const distances = await distancesOfAllStates(packBinaryMatrix(new Uint8Array(6), 1, 6));
  const stop = { pause: () => Promise.reject(new Error('stopped')) };
  await expect(enumerateMass(kernels, randomModel(6, 3, 1), distances, new Map([[0, 1]]), { beyond: 0, modeCount: 5 }, stop)).rejects.toThrow('stopped');
  await kernels.close();
});
