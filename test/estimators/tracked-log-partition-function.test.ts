/**
 * log Z tracked along a path of parameters, against enumeration: unbiased over many seeds, close along a training, and the
 * same from saved tensors.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { exactLogPartitionFunction } from '../../src/estimators/exact-log-partition-function.js';
import { LogPartitionFunctionTracker, systematicResampling, type TrackingSettings } from '../../src/estimators/tracked-log-partition-function.js';
import { backends, loadKernels, type Kernels, type Model, type ModelParameters } from '../../src/kernels/index.js';
import { createModel, getParameters, setParameters } from '../../src/model/parameters.js';
import { Trainer } from '../../src/training/trainer.js';
import { prepare } from '../run/small-run.js';
import { normals } from '../reference/numbers.js';

const n = 5;
const m = 3;
const ends: readonly ModelParameters[] = [10, 20].map((seed) => ({
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, seed, 1.5)),
  visibleBias: Float64Array.from(normals(n, seed + 1)),
  hiddenBias: Float64Array.from(normals(m, seed + 2)),
}));

/** Parameters a share of the way from one model to a very different one. */
function between(share: number): ModelParameters {
  const [from, to] = ends;
  const mix = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, index) => (1 - share) * value + share * b[index]);
  return {
    ...from,
    weights: mix(from.weights, to.weights),
    visibleBias: mix(from.visibleBias, to.visibleBias),
    hiddenBias: mix(from.hiddenBias, to.hiddenBias),
  };
}

const settingsOf = (seed: string, chains: number, temperatures: number): TrackingSettings => ({
  baseVisibleBias: new Float64Array(n),
  schedule: 'uniform',
  temperatures,
  chains,
  seed,
});

describe('systematic resampling', () => {
  test('draws every row as often as its share of the weights says, rounded up or down', () => {
    const weights = [0.05, 0.4, 0, 0.3, 0.25];
    const logWeights = Float64Array.from(weights, (weight) => 700 + Math.log(weight + 1e-300));
    for (const position of [1e-9, 0.2, 0.5, 0.77, 1 - 1e-9]) {
      const chosen = [...systematicResampling(logWeights, position)];
      expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
      weights.forEach((weight, row) => {
        const copies = chosen.filter((other) => other === row).length;
        expect(copies).toBeGreaterThanOrEqual(Math.floor(5 * weight - 1e-6));
        expect(copies).toBeLessThanOrEqual(Math.ceil(5 * weight + 1e-6));
      });
    }
  });

  test('on average as often as that', () => {
    const logWeights = Float64Array.of(0, Math.log(2), Math.log(4));
    const counts = [0, 0, 0];
    for (let index = 0; index < 7000; index++) {
      for (const row of systematicResampling(logWeights, (index + 0.5) / 7000)) counts[row]++;
    }
    expect(counts.map((count) => Math.round(count / 1000))).toEqual([3, 6, 12]);
  });

  test('equal weights keep every row', () => {
    expect([...systematicResampling(new Float64Array(4).fill(-3), 0.4)]).toEqual([0, 1, 2, 3]);
  });
});

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  let model: Model;
  beforeAll(async () => {
    kernels = await loadKernels(name);
    model = createModel(kernels, ends[0]);
  });
  afterAll(() => kernels.close());

  /** Follows the model along the path; how often chains were drawn anew. */
  async function follow(tracker: LogPartitionFunctionTracker, steps: number, first = 1, last = steps): Promise<number> {
    let resamplings = 0;
    for (let step = first; step <= last; step++) {
      setParameters(model, between(step / steps));
      await tracker.advance(model, step);
      if (tracker.tensors().logWeights.values.every((value) => value === 0)) resamplings++;
    }
    return resamplings;
  }

  test('Z is unbiased, chains drawn anew or not', async () => {
    const logZ = await exactLogPartitionFunction(kernels, between(1));
    const runs = 400;
    const ratios: number[] = [];
    let resamplings = 0;
    for (let run = 0; run < runs; run++) {
      setParameters(model, between(0));
      const tracker = await LogPartitionFunctionTracker.start(kernels, model, settingsOf(`seed ${run}`, 12, 6), 0);
      resamplings += await follow(tracker, 8, 1, 7);
      // The last stretch without following.
      setParameters(model, between(1));
      ratios.push(Math.exp((await tracker.estimate(model)).logZ - logZ));
    }
    expect(resamplings).toBeGreaterThan(runs / 2);
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / runs;
    const variance = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / (runs - 1);
    const error = Math.sqrt(variance / runs);
    expect(error).toBeLessThan(0.05);
    // Chance of a false alarm: 1 in 16,000.
    expect(Math.abs(mean - 1)).toBeLessThan(4 * error);
  }, 60_000);

  test('from saved tensors it goes on with the same bits; looking at it changes nothing', async () => {
    const settings = settingsOf('s', 300, 20);
    setParameters(model, between(0));
    const straight = await LogPartitionFunctionTracker.start(kernels, model, settings, 0);
    const stopped = await LogPartitionFunctionTracker.start(kernels, model, settings, 0);
    await follow(straight, 10);
    const expected = await straight.estimate(model);
    await follow(stopped, 10, 1, 4);
    await stopped.estimate(model);
    const restored = LogPartitionFunctionTracker.restore(kernels, model, settings, new Map(Object.entries(stopped.tensors())));
    await follow(restored!, 10, 5, 10);
    expect(await restored!.estimate(model)).toEqual(expected);
    expect(restored!.tensors()).toEqual(straight.tensors());
    expect(expected).toMatchObject({ estimator: 'tracked', exact: false, heuristic: expect.stringContaining('errors add up') });
  });

  test('refuses damaged tensors, leaves those of another number of chains', async () => {
    const settings = settingsOf('s', 10, 5);
    const tensors = (await LogPartitionFunctionTracker.start(kernels, model, settings, 0)).tensors();
    const restore = (change: object, chains = 10) =>
      LogPartitionFunctionTracker.restore(kernels, model, { ...settings, chains }, new Map(Object.entries({ ...tensors, ...change })));
    expect(restore({})?.tensors()).toEqual(tensors);
    expect(restore({}, 20)).toBeUndefined();
    expect(() => restore({ logWeights: { shape: [10], values: new Float64Array(10).fill(NaN) } })).toThrow(/logWeights has values other than finite numbers/);
    expect(() => restore({ accumulated: { shape: [3], values: Float64Array.of(1, -1e-9, 5) } })).toThrow(/negative variance or sample size/);
    expect(() => restore({ accumulated: { shape: [3], values: Float64Array.of(1, 1, -5) } })).toThrow(/negative variance or sample size/);
    expect(() => restore({ visibleChains: { shape: [10, n], values: new Uint8Array(10 * n).fill(2) } })).toThrow(/0 and 1/);
    expect(() => restore({ visibleChains: { shape: [10, n - 1], values: new Uint8Array(10 * (n - 1)) } })).toThrow(/visibleChains of shape \[10, 5\]/);
    expect(() => restore({ energies: undefined })).toThrow(RangeError);
    expect(() => restore({ accumulated: { shape: [3], values: new Uint8Array(3) } })).toThrow(RangeError);
  });

  test('parameters too large for float64 show', async () => {
    setParameters(model, between(0));
    const tracker = await LogPartitionFunctionTracker.start(kernels, model, settingsOf('s', 10, 5), 0);
    expect(tracker.isFinite).toBe(true);
    setParameters(model, { ...ends[0], visibleBias: new Float64Array(n).fill(1e308), hiddenBias: new Float64Array(m).fill(1e308) });
    await tracker.advance(model, 1);
    expect(tracker.isFinite).toBe(false);
  });
});

describe('along 2,000 updates of stochastic maximum likelihood on bars and stripes', () => {
  test.each(['a', 'b', 'c'])('within four of its stated standard errors of the exact log Z: seed %s', async (seed) => {
    const prepared = await prepare({
      seed,
      data: { source: 'bars-and-stripes', height: 3, width: 3 },
      model: { hiddenUnits: 6 },
      training: { algorithm: 'sml', k: 1, chains: 50, batchSize: 8, updates: 2000, learningRate: 0.1 },
      evaluation: { logLikelihood: 'tracked' },
    });
    const { kernels, config, dataset, parameters, tracking } = prepared;
    const trainer = await Trainer.create(kernels, config.training, parameters, dataset.splits.train, config.seed);
    const tracker = await LogPartitionFunctionTracker.start(kernels, trainer.model, tracking!.settings, 0);
    let resamplings = 0;
    let variance = 0;
    const first = await exactLogPartitionFunction(kernels, getParameters(trainer.model));
    let last = first;
    while (trainer.update < 2000) {
      expect(await trainer.step()).toBe(true);
      if (trainer.update % tracking!.every === 0) await tracker.advance(trainer.model, trainer.update);
      const before = tracker.tensors().accumulated.values[1];
      if (before > variance) resamplings++;
      variance = before;
      if (trainer.update % 125 !== 0) continue;
      last = await exactLogPartitionFunction(kernels, getParameters(trainer.model));
      const { logZ, interval } = await tracker.estimate(trainer.model);
      // 95 % intervals are about ± 2 standard errors; the smaller half counts.
      const half = Math.min(logZ - interval[0], interval[1] - logZ);
      expect(Math.abs(logZ - last)).toBeLessThan(2 * half);
      expect(half).toBeLessThan(0.5);
    }
    expect(resamplings).toBeGreaterThanOrEqual(2);
    // It had something to follow.
    expect(Math.abs(last - first)).toBeGreaterThan(1);
    await kernels.close();
  });
});
