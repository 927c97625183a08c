/**
 * Shards of an estimate in files: together they have the bits of the estimate made in one go, whoever computed them and however
 * often he was stopped; what is damaged or of something else counts as missing.
 */

import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { writePieces } from '../../src/checkpoint/finished-work.js';
import { defaultAnnealing, type AnnealingSettings } from '../../src/estimators/annealing-settings.js';
import { logPartitionFunctionEstimator } from '../../src/estimators/log-partition-function.js';
import { loadKernels, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import {
  combineShards,
  computeShard,
  estimateDifference,
  estimateIdentity,
  isShardDone,
  modelCopyName,
  planShards,
  readShard,
  writeShardPlan,
  type ShardPlan,
} from '../../src/sweep/evaluation-shards.js';
import { readManifest } from '../../src/sweep/manifest.js';
import { temporaryFolder } from '../cli/support/run-cli.js';
import { firstDifference } from '../kernels/support.js';
import { normals } from '../reference/numbers.js';

const float64 = Float64Array;
const folder = temporaryFolder();
const [n, m] = [14, 12];
const parameters: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: float64.from(normals(n * m, 1, 0.4)),
  visibleBias: float64.from(normals(n, 2)),
  hiddenBias: float64.from(normals(m, 3)),
};
const annealing: AnnealingSettings = { ...defaultAnnealing, baseVisibleBias: float64.from(normals(n, 4, 0.5)), seed: '5', chains: 530, temperatures: 20 };
const modelFile = join(folder.path, 'weights.safetensors');
const pause = (): Promise<void> => Promise.resolve();

let kernels: Kernels;
beforeAll(async () => {
  kernels = await loadKernels();
  const tensors = [['weights', [n, m], parameters.weights], ['visibleBias', [n], parameters.visibleBias], ['hiddenBias', [m], parameters.hiddenBias]] as const;
  let end = 0;
  const header = JSON.stringify(Object.fromEntries(tensors.map(([name, shape, { byteLength }]) => [name, { dtype: 'F64', shape, data_offsets: [end, (end += byteLength)] }])));
  const padded = header.padEnd(8 * Math.ceil(header.length / 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  writeFileSync(modelFile, Buffer.concat([length, Buffer.from(padded), ...tensors.map(([, , values]) => Buffer.from(values.buffer))]));
});
afterAll(async () => {
  await kernels.close();
  folder.remove();
});

let directories = 0;

/** A new directory with a plan. */
async function planned(estimator: 'exact' | 'ais', count: number): Promise<{ directory: string; plan: ShardPlan }> {
  const directory = join(folder.path, `shards-${directories++}`);
  const plan = await planShards(parameters, estimateIdentity(parameters, estimator, annealing), { model: 'model.safetensors', modelOptions: {} }, count);
  writeShardPlan(directory, modelFile, plan);
  return { directory, plan };
}

/** The estimate in one go. */
const whole = (estimator: string): Promise<unknown> => logPartitionFunctionEstimator(estimator).estimate(createModel(kernels, parameters), { kernels, annealing });

const shardFile = (directory: string, { shards }: ShardPlan, index: number): string => join(directory, 'shards', `${shards[index].id}.bin`);

describe.each(['exact', 'ais'] as const)('%s', (estimator) => {
  test.each([1, 3, 8])('of %i shards, from the manifest as it was written, in any order: the estimate in one go', async (count) => {
    const { directory } = await planned(estimator, count);
    const manifest = readManifest(directory);
    if (manifest.kind !== 'evaluation') throw new Error(manifest.kind);
    const plan = manifest.evaluation;
    expect(plan.shards).toHaveLength(count);
    for (const index of plan.shards.keys()) await computeShard(directory, plan, count - 1 - index, { pause });
    expect(JSON.stringify(await combineShards(directory, plan))).toBe(JSON.stringify(await whole(estimator)));
    expect(readdirSync(join(directory, 'shards')).toSorted()).toEqual(plan.shards.map(({ id }) => `${id}.bin`).toSorted());
  });

  test('shards are an even cut of the units, and no more than these', async () => {
    const { plan } = await planned(estimator, 7);
    let next = 0;
    for (const { first, count } of plan.shards) {
      expect(first).toBe(next);
      expect(Math.abs(count - plan.units / 7)).toBeLessThan(1);
      next += count;
    }
    expect(next).toBe(plan.units);
    expect((await planned(estimator, 100_000)).plan.shards.map(({ count }) => count)).toEqual(Array.from({ length: plan.units }, () => 1));
  });

  test('a shard that is stopped keeps what is finished, and goes on to the same bytes', async () => {
    const { directory, plan } = await planned(estimator, 2);
    const index = 1;
    let all = 0;
    await computeShard(directory, plan, index, { pause: () => Promise.resolve(void all++) });
    const bytes = readFileSync(shardFile(directory, plan, index));
    rmSync(shardFile(directory, plan, index));
    const partial = join(directory, 'shards', `${plan.shards[index].id}.partial`);
    let left = all - 1;
    const stop = (): Promise<void> => (left-- === 0 ? Promise.reject(new Error('stop')) : Promise.resolve());
    await expect(computeShard(directory, plan, index, { pause: stop })).rejects.toThrow('stop');
    expect(isShardDone(directory, plan, index)).toBe(false);
    // The 265 chains of the shard are two batches, of which the first was finished; the blocks were finished before the pause.
    expect(existsSync(partial)).toBe(true);
    let after = 0;
    await computeShard(directory, plan, index, { pause: () => Promise.resolve(void after++) });
    expect(after).toBeLessThan(all);
    expect(readFileSync(shardFile(directory, plan, index)).equals(bytes)).toBe(true);
    expect(existsSync(partial)).toBe(false);
  });

  test('a finished shard is not computed again', async () => {
    const { directory, plan } = await planned(estimator, 2);
    await computeShard(directory, plan, 0, { pause, threads: 1 });
    const file = shardFile(directory, plan, 0);
    const { mtimeMs, ino } = statSync(file);
    await computeShard(directory, plan, 0, { pause: () => Promise.reject(new Error('computes')) });
    expect([statSync(file).mtimeMs, statSync(file).ino]).toEqual([mtimeMs, ino]);
  });

  test('two writers of one shard at once end in the same bytes', async () => {
    const { directory, plan } = await planned(estimator, 2);
    const breathe = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
    await Promise.all([computeShard(directory, plan, 0, { pause: breathe }), computeShard(directory, plan, 0, { pause: breathe })]);
    const both = readFileSync(shardFile(directory, plan, 0));
    const alone = await planned(estimator, 2);
    await computeShard(alone.directory, alone.plan, 0, { pause });
    expect(readFileSync(shardFile(alone.directory, alone.plan, 0)).equals(both)).toBe(true);
    expect(readdirSync(join(directory, 'shards'))).toEqual([`${plan.shards[0].id}.bin`]);
  });
});

test('any damage makes a shard missing, with a warning; computed again it is whole', async () => {
  const { directory, plan } = await planned('exact', 3);
  await computeShard(directory, plan, 1, { pause });
  const file = shardFile(directory, plan, 1);
  const bytes = readFileSync(file);
  const values = readShard(directory, plan, 1);
  expect(values).toBeDefined();
  const isMissing = (): void => {
    const warnings: string[] = [];
    expect(readShard(directory, plan, 1, (message) => warnings.push(message))).toBeUndefined();
    expect(warnings).toEqual([`${file}: damaged, or not of this estimate: counts as missing`]);
    expect(isShardDone(directory, plan, 1)).toBe(false);
  };
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (place, flip, cut) => {
      const damaged = Buffer.from(cut ? bytes.subarray(0, place) : bytes);
      if (!cut) damaged[place] ^= flip;
      writeFileSync(file, damaged);
      isMissing();
    }),
    { numRuns: 200, seed: 4 },
  );
  writeFileSync(file, bytes);
  appendFileSync(file, '\n');
  isMissing();
  rmSync(file);
  mkdirSync(file);
  isMissing();
  rmSync(file, { recursive: true });
  await computeShard(directory, plan, 1, { pause });
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(firstDifference(readShard(directory, plan, 1)!, values!)).toBeUndefined();
});

test('a whole file of another range, another estimate, or of work under way counts as missing', async () => {
  const [one, two, ais] = [await planned('exact', 3), await planned('exact', 2), await planned('ais', 3)];
  const file = shardFile(one.directory, one.plan, 0);
  mkdirSync(join(one.directory, 'shards'));
  for (const [{ directory, plan }, index] of [[one, 1], [two, 0], [ais, 0]] as const) {
    await computeShard(directory, plan, index, { pause });
    copyFileSync(shardFile(directory, plan, index), file);
    expect(readShard(one.directory, one.plan, 0)).toBeUndefined();
  }
  rmSync(file);
  let pauses = 0;
  await expect(computeShard(one.directory, one.plan, 0, { pause: () => (pauses++ === 0 ? Promise.reject(new Error('stop')) : Promise.resolve()) })).rejects.toThrow('stop');
  copyFileSync(file.replace('.bin', '.partial'), file);
  expect(readShard(one.directory, one.plan, 0)).toBeUndefined();
});

test('a damaged file of work under way counts for nothing: the shard starts again', async () => {
  const { directory, plan } = await planned('exact', 3);
  await computeShard(directory, plan, 0, { pause });
  const bytes = readFileSync(shardFile(directory, plan, 0));
  rmSync(shardFile(directory, plan, 0));
  writeFileSync(shardFile(directory, plan, 0).replace('.bin', '.partial'), bytes.subarray(0, 100));
  await computeShard(directory, plan, 0, { pause });
  expect(readFileSync(shardFile(directory, plan, 0)).equals(bytes)).toBe(true);
});

test('missing shards are named as ranges', async () => {
  const { directory, plan } = await planned('exact', 8);
  const missing = async (): Promise<unknown> => combineShards(directory, plan, { name: 'D' }).catch((error: unknown) => error);
  expect(await missing()).toMatchObject({ code: 'incomplete', message: 'D: shards 0-7 of 8 are missing', hint: 'Compute what is missing: rbm-train sweep run D' });
  for (const index of [3, 4, 6, 7]) await computeShard(directory, plan, index, { pause });
  expect(await missing()).toMatchObject({ code: 'incomplete', message: 'D: shards 0-2,5 of 8 are missing' });
  for (const index of [0, 1, 2]) await computeShard(directory, plan, index, { pause });
  expect(await missing()).toMatchObject({ code: 'incomplete', message: 'D: shard 5 of 8 is missing' });
});

test('a copy of the model that is another one, or gone, is told', async () => {
  const { directory, plan } = await planned('exact', 3);
  const copy = join(directory, plan.model);
  const bytes = readFileSync(copy);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(copy, bytes);
  await expect(computeShard(directory, plan, 0, { pause })).rejects.toMatchObject({ code: 'data', message: `${copy}: is not the model that the shards were planned for` });
  rmSync(copy);
  await expect(computeShard(directory, plan, 0, { pause })).rejects.toMatchObject({ code: 'data' });
});

test('a plan that was cut short, and a shard with other than its values, are told, though every checksum is right', async () => {
  const { directory, plan } = await planned('ais', 3);
  const biases = { ...plan, annealing: { ...annealing, baseVisibleBias: [0] } };
  for (const other of [{ ...plan, shards: plan.shards.slice(0, 2), units: plan.units - plan.shards[2].count }, biases]) {
    const refusal = { code: 'data', message: `${directory}: what its manifest says of the estimate does not fit the model` };
    await expect(computeShard(directory, other, 0, { pause })).rejects.toMatchObject(refusal);
  }
  for (const index of plan.shards.keys()) await computeShard(directory, plan, index, { pause });
  await expect(combineShards(directory, { ...plan, shards: plan.shards.slice(0, 2), units: plan.units - plan.shards[2].count })).rejects.toMatchObject({ code: 'data' });
  const file = shardFile(directory, plan, 1);
  writePieces(file, `shard ${plan.shards[1].id} of a log Z`, new Map([['values', new float64(5)]]));
  await expect(combineShards(directory, plan, { name: 'D' })).rejects.toMatchObject({ code: 'data', message: `${file}: has 5 values, where its shard has 177`, hint: 'Remove it, then: rbm-train sweep run D' });
});

test('ids say which estimate and which range: they are the same for the same only', async () => {
  const ids = async (change: Partial<ModelParameters>, estimator: string, settings: Partial<AnnealingSettings>, count: number): Promise<string[]> => {
    const model = { ...parameters, ...change };
    const plan = await planShards(model, estimateIdentity(model, estimator, { ...annealing, ...settings }), { model: 'model', modelOptions: {} }, count);
    return plan.shards.map(({ id }) => id);
  };
  const all = await Promise.all([
    ids({}, 'exact', {}, 3),
    ids({}, 'ais', {}, 3),
    ids({}, 'ais', { seed: '6' }, 3),
    ids({}, 'ais', { temperatures: 21 }, 3),
    ids({}, 'ais', { schedule: 'uniform' }, 3),
    ids({}, 'ais', { baseVisibleBias: annealing.baseVisibleBias.map((value) => value + 1e-15) }, 3),
    ids({ hiddenBias: parameters.hiddenBias.with(0, 0) }, 'exact', {}, 3),
    // The same numbers, other units.
    ids({ visibleLayer: { kind: 'categorical', groups: Uint32Array.of(0, 5, n) } }, 'exact', {}, 3),
    ids({ visibleLayer: { kind: 'categorical', groups: Uint32Array.of(0, 6, n) } }, 'exact', {}, 3),
  ]);
  expect(new Set(all.flat()).size).toBe(27);
  for (const id of all.flat()) expect(id).toMatch(/^[0-9a-f]{24}$/);
  // Settings that no forward chain depends on.
  expect(await ids({}, 'ais', { budget: 1, tolerance: 9, reverseStart: 'exact' }, 3)).toEqual(all[1]);
  expect(await ids({}, 'exact', { seed: '6' }, 3)).toEqual(all[0]);
  // −0 and 0 are one bias.
  const zeros = (zero: number): Promise<string[]> => ids({}, 'ais', { baseVisibleBias: new float64(n).fill(zero) }, 3);
  expect(await zeros(-0)).toEqual(await zeros(0));
});

test('what two estimates differ in is named', () => {
  const own = estimateIdentity(parameters, 'ais', annealing);
  expect(estimateDifference(own, estimateIdentity(parameters, 'ais', { ...annealing }))).toBeUndefined();
  expect(estimateDifference(own, estimateIdentity(parameters, 'exact', annealing))).toBe('the estimator (ais, not exact)');
  expect(estimateDifference(own, estimateIdentity(parameters, 'ais', { ...annealing, seed: 'x', chains: 9, baseVisibleBias: new float64(n) }))).toBe('the base rate, --chains, --seed');
  const other = { ...parameters, hiddenBias: new float64(m) };
  expect(estimateDifference(own, estimateIdentity(other, 'ais', annealing))).toMatch(/^the model \(digest [0-9a-f]{12}… 14x12 binary, not [0-9a-f]{12}… 14x12 binary\)$/);
});

test('a directory that holds something else is refused, one that planning was stopped in is not', async () => {
  const { plan, directory } = await planned('exact', 3);
  const place = (name: string): string => join(folder.path, name);
  mkdirSync(place('full'));
  writeFileSync(place('full/notes.txt'), '');
  writeFileSync(place('file'), '');
  for (const [name, message] of [['full', 'holds something else already (notes.txt)'], ['file', 'is a file, not a directory']]) {
    expect(() => writeShardPlan(place(name), modelFile, plan)).toThrow(expect.objectContaining({ code: 'usage', message: `${place(name)}: ${message}` }));
  }
  expect(readdirSync(place('full'))).toEqual(['notes.txt']);
  mkdirSync(place('begun'));
  copyFileSync(modelFile, place('begun/model.safetensors'));
  writeFileSync(place('begun/.manifest.json.host.1.2.tmp'), 'half');
  writeShardPlan(place('begun'), modelFile, plan);
  expect(readFileSync(place('begun/manifest.json')).equals(readFileSync(join(directory, 'manifest.json')))).toBe(true);
  // Somebody's own model, which happens to have the name of the copy.
  mkdirSync(place('own'));
  writeFileSync(place('own/model.safetensors'), 'own');
  expect(() => writeShardPlan(place('own'), modelFile, plan)).toThrow(expect.objectContaining({ code: 'usage', message: `${place('own')}: holds something else already (model.safetensors)` }));
  expect(readFileSync(place('own/model.safetensors'), 'utf8')).toBe('own');
  // A model that has changed since it was read.
  const bytes = readFileSync(modelFile);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(place('changed.safetensors'), bytes);
  expect(() => writeShardPlan(place('new'), place('changed.safetensors'), plan)).toThrow(expect.objectContaining({ code: 'data' }));
  expect(existsSync(place('new/manifest.json'))).toBe(false);
});

test('the copy has the ending of the model, where that is one of a model', () => {
  expect(['/a/update-1.safetensors', 'x.NPZ', 'm.mat', 'weights', 'a.bin', 'b.safetensors/..'].map(modelCopyName)).toEqual(['model.safetensors', 'model.npz', 'model.mat', 'model', 'model', 'model']);
});
