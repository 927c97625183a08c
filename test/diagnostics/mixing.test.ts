/**
 * Mixing: its figures against sums written down once more, over scripted chains and models; its warning on bars and stripes, where
 * SML fails at a large step and does not at a small one, beside the exact likelihood; what it carries through an interruption.
 */

import { describe, expect, test } from '@jest/globals';

import type { DiagnosticContext, DiagnosticWarning, Findings, RunningDiagnostic } from '../../src/diagnostics/index.js';
import { mixing } from '../../src/diagnostics/mixing.js';
import { exactLogPartitionFunction } from '../../src/estimators/exact-log-partition-function.js';
import { freeEnergiesOf } from '../../src/estimators/free-energies.js';
import { backends, createHostMatrix, loadKernels, packBinaryMatrix, type Kernels, type ModelParameters, type VisibleStates } from '../../src/kernels/index.js';
import { createModel, getParameters } from '../../src/model/parameters.js';
import { splitStates } from '../../src/run/prepare.js';
import { restoreTensors, saveTensors, type SavedTensor } from '../../src/sampling/saved-states.js';
import { Trainer } from '../../src/training/trainer.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { integers, normals } from '../reference/numbers.js';
import { prepare } from '../run/small-run.js';

const { sqrt } = Math;

const [n, m, chains, observed] = [6, 3, 40, 32];

const parameters: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, 1)),
  visibleBias: Float64Array.from(normals(n, 2)),
  hiddenBias: Float64Array.from(normals(m, 3)),
};

/** States as bytes, rows × n. */
const randomBytes = (rows: number, seed: number): Uint8Array => Uint8Array.from(integers(rows * n, seed), (word) => (word >>> 7) & 1);
const numberOf = (bytes: Uint8Array, row: number): number => bytes.subarray(row * n, (row + 1) * n).reduce((sum, bit, i) => sum + bit * 2 ** i, 0);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) * (value - centre), 0) / (values.length - 1);
};

/** Chains and a model that go where the test says. */
async function scripted(options: { persistentChains?: number; learningRate?: number } = {}) {
  const kernels = await loadKernels('reference');
  const model = createModel(kernels, parameters);
  const data = randomBytes(20, 4);
  let update = 0;
  const count = options.persistentChains ?? chains;
  const context = {
    kernels,
    model,
    training: { persistentChains: count },
    splits: { train: packBinaryMatrix(data, 20, n) },
    update: () => update,
    learningRate: () => options.learningRate ?? 0.1,
  } as unknown as DiagnosticContext;
  const running = await mixing.start(context);
  const hiddenMeans = createHostMatrix(count, m);
  const positive = { kind: 'samples' as const, visible: packBinaryMatrix(data, 20, n), hiddenMeans: createHostMatrix(20, m), rows: 20 };
  return {
    kernels,
    model,
    data,
    running,
    /** One update: the model's visible biases go by `step`, the chains stand where `bytes` say. */
    observe: async (bytes: Uint8Array, step: readonly number[] = []): Promise<DiagnosticWarning | undefined> => {
      update++;
      step.forEach((value, unit) => (model.visibleBias[unit] += value));
      return running.observe?.({ positive, negative: { kind: 'samples', visible: packBinaryMatrix(bytes, count, n), hiddenMeans, rows: count } });
    },
    measure: (): Promise<Findings> => running.measure({}),
  };
}

/** F(v) of rows, by enumeration. */
function freeEnergies(model: ModelParameters, bytes: Uint8Array, rows: number): number[] {
  const states = bruteForce.enumerate(model);
  return Array.from({ length: rows }, (_, row) => ep.toNumber(bruteForce.freeEnergy(states, numberOf(bytes, row))));
}

describe('figures', () => {
  test('of chains that stand still while the model moves on: drift, spread, gap', async () => {
    const { model, data, observe, measure, running } = await scripted();
    const bytes = randomBytes(chains, 5);
    const step = [0.01, -0.02, 0.005, 0, 0.03, -0.01];
    const before = freeEnergies({ ...parameters, visibleBias: parameters.visibleBias.map((bias, i) => bias + step[i]) }, bytes, observed);
    for (let update = 1; update <= 58; update++) await observe(bytes, step);
    const found = await measure();
    // The last look was 57 updates after the first: 25, 38, 57.
    const now = freeEnergies(getParameters(model), bytes, observed);
    const changes = now.map((energy, row) => energy - before[row]);
    expect(found.mixingTime).toBe(57);
    expect(found.driftPerMixingTime).toBeCloseTo(sqrt(variance(changes)), 10);
    expect(found.parameterDrift).toBeCloseTo(sqrt(variance(changes)) / 57, 10);
    expect(found.freeEnergySpread).toBeCloseTo(sqrt(variance(before)), 10);
    expect(found.driftRatio).toBeCloseTo(variance(changes) / variance(before), 10);
    expect(found.flipsPerStep).toBe(0);
    const ofData = freeEnergies(getParameters(model), data, 20);
    expect(found.freeEnergyGap).toBeCloseTo(mean(now) - mean(ofData), 10);
    expect(found.freeEnergyGapStandardError).toBeCloseTo(sqrt(variance(now) / observed + variance(ofData) / 20), 10);
    // Nothing has moved within any chain: no word of autocorrelation or R-hat rather than 0/0.
    expect(found).not.toHaveProperty('rHat');
    expect(found).not.toHaveProperty('integratedAutocorrelationTime');
    expect(Object.values(running.tensors).length).toBeGreaterThan(3);
  });

  test('of independent states: they are forgotten after one update, and flips are those counted', async () => {
    const { observe, measure } = await scripted();
    let flips = 0;
    let previous: Uint8Array | undefined;
    for (let update = 1; update <= 41; update++) {
      const bytes = randomBytes(chains, 100 + update);
      if (previous !== undefined) for (let bit = 0; bit < observed * n; bit++) flips += bytes[bit] ^ previous[bit];
      previous = bytes;
      await observe(bytes);
    }
    const found = await measure();
    expect(found.flipsPerStep).toBeCloseTo(flips / 40 / (observed * n), 12);
    expect(found.mixingTime).toBeLessThanOrEqual(2);
    expect(found.integratedAutocorrelationTime).toBeLessThan(2.5);
    expect(found.rHat).toBeLessThan(1.25);
  });

  test('the traces are thinned out where the chains are slow, and tell a time beyond their first length', async () => {
    const { observe, measure } = await scripted({ persistentChains: 8 });
    const bytes = randomBytes(8, 7);
    // Every chain is drawn anew with probability 1/200: τ = 2·200 − 1.
    const words = integers(12_000 * 8 * 2, 9);
    for (let update = 0; update < 12_000; update++) {
      for (let chain = 0; chain < 8; chain++) {
        const index = 2 * (update * 8 + chain);
        if ((words[index] >>> 5) % 200 !== 0) continue;
        for (let unit = 0; unit < n; unit++) bytes[chain * n + unit] = (words[index + 1] >>> (10 + unit)) & 1;
      }
      await observe(bytes);
    }
    const found = await measure();
    // 8 chains × some 15 to 30 times: a standard error of about a quarter.
    expect(found.integratedAutocorrelationTime).toBeGreaterThan(200);
    expect(found.integratedAutocorrelationTime).toBeLessThan(700);
    expect(found.mixingTime).toBeGreaterThan(100);
    expect(found.mixingTime).toBeLessThan(400);
    expect(found.rHat).toBeLessThan(1.3);
  });

  test('a single chain has no R-hat, and all figures are finite', async () => {
    const { observe, measure } = await scripted({ persistentChains: 1 });
    for (let update = 1; update <= 600; update++) await observe(randomBytes(1, 50 + update), [0.001]);
    const found = await measure();
    expect(found).not.toHaveProperty('rHat');
    expect(found).not.toHaveProperty('freeEnergyGapStandardError');
    expect(found.driftPerMixingTime).toBeGreaterThan(0);
    expect(Object.values(found).filter((value) => typeof value === 'number' && !Number.isFinite(value))).toEqual([]);
  });
});

describe('the warning', () => {
  test('once, and again only after the chains have caught up', async () => {
    const { observe, measure } = await scripted({ learningRate: 0.4 });
    const bytes = randomBytes(chains, 5);
    const warnings: DiagnosticWarning[] = [];
    const go = async (updates: number, next: (update: number) => Uint8Array, step: readonly number[]) => {
      for (let update = 0; update < updates; update++) {
        const warning = await observe(next(update), step);
        if (warning !== undefined) warnings.push(warning);
      }
    };
    const step = [0.02, -0.02, 0.02, -0.02, 0.02, -0.02];
    await go(200, () => bytes, step);
    expect(warnings).toHaveLength(1);
    const [{ message, evidence }] = warnings;
    expect(message).toContain('the chains no longer follow the model: lower the learning rate below');
    expect(message).toContain('raise k, or use tempering');
    expect(message).not.toMatch(/NaN|Infinity|undefined|\n/);
    expect(evidence.chainsFollow).toBe(false);
    expect(evidence.driftRatio).toBeGreaterThan(0.2);
    expect(evidence.learningRateLimit).toBeLessThan(0.4);
    expect((await measure()).chainsFollow).toBe(false);
    await go(1000, (update) => randomBytes(chains, 100 + update), [0]);
    expect((await measure()).chainsFollow).toBe(true);
    expect(warnings).toHaveLength(1);
    await go(1500, () => bytes, step);
    expect(warnings).toHaveLength(2);
  });

  test('none of chains that stand still where the model does, as at the end of a schedule', async () => {
    const { observe } = await scripted();
    const bytes = randomBytes(chains, 5);
    for (let update = 0; update < 500; update++) expect(await observe(bytes)).toBeUndefined();
  });
});

test.each([
  [{ algorithm: 'cd' }, true],
  [{ algorithm: 'exact' }, true],
  [{ algorithm: 'mean-field', persistentChains: 10 }, true],
  [{ algorithm: 'sml', persistentChains: 10 }, false],
  [{ algorithm: 'tempered-sml', persistentChains: 1 }, false],
  [{ algorithm: 'fast-sml', persistentChains: 10 }, false],
])('%j refused: %j', (training, refused) => {
  expect(mixing.refuse?.(training as never, {}) !== undefined).toBe(refused);
});

/** Bars and stripes 4 × 4, 16 hidden units. */
function barsAndStripes(training: object): object {
  return {
    seed: '1',
    data: { source: 'bars-and-stripes', height: 4, width: 4, duplicates: 'remove' },
    model: { hiddenUnits: 16, weights: { distribution: 'normal', standardDeviation: 0.1 } },
    training: { algorithm: 'sml', k: 1, chains: 32, updates: 100_000, batchSize: 'full', ...training },
  };
}

interface Watched {
  readonly kernels: Kernels;
  readonly trainer: Trainer;
  readonly running: RunningDiagnostic;
  readonly examples: VisibleStates;
}

/** A training with the diagnostic beside it. */
async function watch(config: object, set: readonly string[] = []): Promise<Watched> {
  const { kernels, config: resolved, parameters: initial, dataset, diagnostics } = await prepare(config, set);
  const { seed, training } = resolved;
  const trainer = await Trainer.create(kernels, training, initial, dataset.splits.train, seed);
  const splits = splitStates(dataset, trainer.declared);
  const running = await mixing.start({
    kernels,
    model: trainer.model,
    training: diagnostics.training,
    splits,
    seed,
    settings: {},
    update: () => trainer.update,
    learningRate: () => trainer.stepSizes.learningRate,
    drawPhases: (examples, replica) => trainer.drawPhases(examples, replica),
  });
  return { kernels, trainer, running, examples: splits.train };
}

interface Course {
  /** Updates with a warning. */
  readonly warnings: { readonly update: number; readonly warning: DiagnosticWarning }[];
  /** Exact mean log-likelihoods, nats. */
  readonly likelihoods: { readonly update: number; readonly value: number }[];
}

async function run({ kernels, trainer, running, examples }: Watched, updates: number, every = Infinity): Promise<Course> {
  const course: Course = { warnings: [], likelihoods: [] };
  for (let done = 0; done < updates; done++) {
    await trainer.step();
    const { update, phases } = trainer;
    const warning = phases && (await running.observe?.(phases));
    if (warning !== undefined) course.warnings.push({ update, warning });
    if (update % every !== 0) continue;
    const energies = await freeEnergiesOf(kernels, trainer.model, examples);
    const logZ = await exactLogPartitionFunction(kernels, getParameters(trainer.model));
    course.likelihoods.push({ update, value: -mean(Array.from(energies)) - logZ });
  }
  return course;
}

describe('bars and stripes 4×4', () => {
  test.each([1, 2, 3, 4, 5])('SML with too large a step, seed %d: the warning comes before the likelihood falls', async (seed) => {
    const watched = await watch(barsAndStripes({ learningRate: 0.2 }), [`seed="${seed}"`]);
    const { warnings, likelihoods } = await run(watched, 2200, 50);
    const best = likelihoods.reduce((a, b) => (b.value > a.value ? b : a));
    const fallen = likelihoods.find(({ update, value }) => update > best.update && value < best.value - 1.5);
    // It does fail: otherwise there would be nothing to warn of.
    expect(fallen).toBeDefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0].update).toBeLessThan((fallen as { update: number }).update);
    expect(likelihoods.at(-1)?.value).toBeLessThan(best.value - 1);
  });

  test('SML that works is not warned of: more chains and steps, a falling learning rate', async () => {
    const learningRate = { schedule: 'linear', initial: 0.1, final: 0, horizon: { updates: 2500 } };
    const watched = await watch(barsAndStripes({ learningRate, k: 5, chains: 128, chainStart: 'noise' }));
    const { warnings, likelihoods } = await run(watched, 2500, 500);
    expect(warnings).toEqual([]);
    // −log 30 = −3.40 would be perfect; it has no time for that.
    expect(likelihoods.at(-1)?.value).toBeGreaterThan(-5);
  });
});

/** As a checkpoint keeps it. */
const saved = (running: RunningDiagnostic): ReadonlyMap<string, SavedTensor> => new Map(Object.entries(saveTensors(running.tensors)));

const contentOf = (running: RunningDiagnostic): string =>
  [...saved(running)].map(([name, { values }]) => `${name} ${Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')}`).join('\n');

test.each([
  ['sml', { chains: 32 }],
  ['one chain', { chains: 1, batchSize: 1 }],
  ['tempered SML', { algorithm: 'tempered-sml', chains: 20, rungs: 4 }],
  ['fast SML', { algorithm: 'fast-sml' }],
])('%s: interrupted in the middle of a window, it says the same; measuring changes nothing', async (_name, training) => {
  const config = barsAndStripes({ learningRate: 0.2, ...training });
  const whole = await watch(config);
  const first = await watch(config);
  await run(whole, 610);
  await run(first, 610);
  await whole.running.measure({});
  const second = await watch(config);
  const { trainer } = first;
  second.trainer.restore(trainer.update, getParameters(trainer.model) as never, undefined, new Map(Object.entries(trainer.gradientTensors())));
  restoreTensors(second.running.tensors, saved(first.running));
  const [a, b] = [await run(whole, 700), await run(second, 700)];
  expect(b.warnings).toEqual(a.warnings);
  expect(contentOf(second.running)).toBe(contentOf(whole.running));
  expect(await second.running.measure({})).toEqual(await whole.running.measure({}));
});

test('the same bits with every backend', async () => {
  const contents = [];
  for (const { name } of backends) {
    const watched = await watch(barsAndStripes({ learningRate: 0.2, chains: 40 }), [`execution.backend=${name}`, 'execution.threads=1']);
    expect(watched.kernels.name).toBe(name);
    await run(watched, 400);
    contents.push(`${JSON.stringify(await watched.running.measure({}))} ${contentOf(watched.running)}`);
  }
  expect(new Set(contents).size).toBe(1);
});

test('Gaussian visible units', async () => {
  const config = {
    seed: '1',
    data: { source: 'mixture-of-gaussians', values: 'real', components: 4, separation: 8, examples: 200, standardize: 'columns' },
    model: { hiddenUnits: 4, visible: { units: 'gaussian', variance: 'learned' }, weights: { distribution: 'normal', standardDeviation: 0.1 } },
    training: { algorithm: 'sml', k: 1, chains: 20, updates: 1000, batchSize: 10, learningRate: 0.01 },
  };
  const watched = await watch(config);
  await run(watched, 300);
  const found = await watched.running.measure({});
  expect(found.mixingTime).toBeGreaterThan(0);
  expect(Object.values(found).filter((value) => typeof value === 'number' && !Number.isFinite(value))).toEqual([]);
});
