import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { writeNpz } from '../../src/formats/npz-writer.js';
import { isRbmError } from '../../src/errors.js';
import type { CheckpointIdentity } from '../../src/checkpoint/checkpoint.js';
import { checkpointToContinue, loadRunConfig, openRunDirectory } from '../../src/run/open-run.js';
import { RunDirectory } from '../../src/checkpoint/run-directory.js';
import { temporaryFolder } from '../checkpoint/sample.js';
import { prepare, smallConfig, train } from './small-run.js';

const root = temporaryFolder();
let count = 0;
function newFolder(): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  return folder;
}

async function identityOf(config: object, set: readonly string[] = [], directory?: string): Promise<CheckpointIdentity> {
  return (await prepare(config, set, directory)).identity;
}

async function refusalOf(config: object, set: readonly string[] = []): Promise<{ code: string; message: string; hint?: string }> {
  try {
    await prepare(config, set);
  } catch (error) {
    if (isRbmError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('config hash', () => {
  test.each([
    'output=/elsewhere',
    'training.updates=31',
    'evaluation.every=never',
    'evaluation.logLikelihood=never',
    'evaluation.logLikelihood=tracked',
    'evaluation.exactCostLimit=5e5',
    'evaluation.pseudoLikelihoodExamples=3',
    'checkpoint.every={seconds: 5}',
    'checkpoint.keep=7',
    'checkpoint.best=false',
    'log.every={seconds: 1}',
    'execution.backend=reference',
    'data.seed=other',
    'data.validation.count=3',
    'data.invert=true',
  ])('does not depend on %s', async (override) => {
    expect((await identityOf(smallConfig, [override])).configHash).toBe((await identityOf(smallConfig)).configHash);
  });

  test.each([
    'seed=other',
    'model.hiddenUnits=5',
    'model.weights.standardDeviation=0.02',
    'model.visibleBias.smoothing=2',
    'model.hiddenBias.value=-1',
    'training.k=3',
    'training.chains=7',
    'training.chainStart=noise',
    'training.batchSize=5',
    'training.batchSize=full',
    'training.order=stored',
    'training.learningRate=0.05',
    'training.learningRate={schedule: "linear", initial: 0.1, final: 0, horizon: {updates: 30}}',
    'training.momentum=0',
    'training.weightDecay.l1=0.1',
    'training.weightDecay.l2=0.1',
  ])('depends on %s', async (override) => {
    expect((await identityOf(smallConfig, [override])).configHash).not.toBe((await identityOf(smallConfig)).configHash);
  });

  test('is the same for defaults left out and written out, for an integer seed and its text, for keys in another order', async () => {
    const plain = await identityOf({ ...smallConfig, seed: '7' });
    const explicit = {
      training: { ...smallConfig.training, order: 'shuffled', weightDecay: { l2: 0, l1: 0 }, chainStart: 'data' },
      model: { weights: { standardDeviation: 0.01, distribution: 'normal' }, hiddenUnits: 4 },
      data: smallConfig.data,
      seed: 7,
    };
    expect((await identityOf(explicit)).configHash).toBe(plain.configHash);
  });

  test('does not depend on the length’s unit, though a schedule’s horizon counts', async () => {
    const { updates: _, ...training } = smallConfig.training;
    const inEpochs = await identityOf({ ...smallConfig, training: { ...training, epochs: 10 } });
    expect(inEpochs.configHash).toBe((await identityOf(smallConfig)).configHash);
  });

  test('data enter by content: where the file lies is no matter, what is in it is', async () => {
    const [one, two] = [newFolder(), newFolder()];
    const rows = '1 0 1\n0 1 1\n1 1 0\n';
    writeFileSync(join(one, 'a.txt'), rows);
    writeFileSync(join(two, 'b.txt'), rows);
    const config = (path: string): object => ({ data: { source: 'file', path }, model: { hiddenUnits: 2 }, training: { algorithm: 'cd', updates: 1 } });
    const first = await identityOf(config('a.txt'), [], one);
    const second = await identityOf(config('b.txt'), [], two);
    expect([second.configHash, second.dataFingerprint]).toEqual([first.configHash, first.dataFingerprint]);
    expect(JSON.stringify(first)).not.toContain(root);
    writeFileSync(join(two, 'b.txt'), '1 0 1\n0 1 1\n1 1 1\n');
    const changed = await identityOf(config('b.txt'), [], two);
    expect(changed.configHash).toBe(first.configHash);
    expect(changed.dataFingerprint).not.toBe(first.dataFingerprint);
  });

  test('model.from enters by content, not by path', async () => {
    const [one, two] = [newFolder(), newFolder()];
    const write = (folder: string, first: number): void => {
      const tensor = (shape: number[], start: number) => ({ shape, values: Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => start + k) });
      const arrays = new Map([['W', tensor([9, 4], first)], ['a', tensor([9], 0)], ['b', tensor([4], 0)]]);
      writeFileSync(join(folder, 'model.npz'), writeNpz(arrays));
    };
    write(one, 0);
    write(two, 0);
    const config = { ...smallConfig, model: { from: 'model.npz' } };
    const first = await prepare(config, [], one);
    expect(first.parameters).toMatchObject({ visibleUnits: 9, hiddenUnits: 4 });
    expect(first.parameters.weights[35]).toBe(35);
    const second = await prepare(config, [], two);
    expect(second.identity).toEqual(first.identity);
    expect(JSON.stringify(first.identity)).not.toContain(root);
    write(two, 1);
    expect((await identityOf(config, [], two)).configHash).not.toBe(first.identity.configHash);
    expect((await identityOf(smallConfig)).configHash).not.toBe(first.identity.configHash);
  });
});

describe('what a run needs', () => {
  test('lengths, costs and shapes', async () => {
    const prepared = await prepare(smallConfig);
    expect(prepared).toMatchObject({ length: 30, updatesPerEpoch: 3, logLikelihood: 'exact', exactCost: 2 ** 4 * 9 });
    expect(prepared.parameters).toMatchObject({ visibleUnits: 9, hiddenUnits: 4 });
    expect(prepared.identity.shape).toEqual([3, 3]);
  });

  test('the exact likelihood is left out where it costs too much, and refused where it was demanded', async () => {
    const limit = 'evaluation.exactCostLimit=100';
    expect(await prepare(smallConfig, [limit])).toMatchObject({ logLikelihood: 'left out' });
    expect(await prepare(smallConfig, ['evaluation.logLikelihood=never'])).toMatchObject({ logLikelihood: 'left out' });
    const refusal = await refusalOf(smallConfig, [limit, 'evaluation.logLikelihood=exact']);
    expect(refusal).toMatchObject({ code: 'usage', message: expect.stringMatching(/2\^4 states/) });
  });

  test('how log Z is tracked, in updates; keys of tracking without it are refused', async () => {
    const tracked = ['evaluation.logLikelihood=tracked'];
    const settings = { chains: 100, temperatures: 1000, seed: 's' };
    expect(await prepare(smallConfig, tracked)).toMatchObject({ logLikelihood: 'tracked', logPartitionFunction: undefined, tracking: { every: 10, settings } });
    const other = await prepare(smallConfig, [...tracked, 'evaluation.tracking={every: {epochs: 2}, chains: 20, temperatures: 5}']);
    expect(other).toMatchObject({ tracking: { every: 6, settings: { chains: 20, temperatures: 5 } } });
    expect((await prepare(smallConfig)).tracking).toBeUndefined();
    const refusal = await refusalOf(smallConfig, ['evaluation.tracking.chains=20']);
    expect(refusal).toMatchObject({ code: 'usage', message: expect.stringMatching(/evaluation\.logLikelihood/) });
  });

  test.each<[string, object, readonly string[], RegExp]>([
    ['an exponential schedule to 0', smallConfig, ['training.learningRate={schedule: "exponential", initial: 1, final: 0, horizon: {updates: 3}}'], /training\.learningRate\.final/],
    ['an exponential momentum from 0', smallConfig, ['training.momentum={schedule: "exponential", initial: 0, final: 0.5, horizon: {updates: 3}}'], /training\.momentum\.initial/],
    ['no number of hidden units', { ...smallConfig, model: {} }, [], /hiddenUnits/],
    ['log-odds of units that never change', { ...smallConfig, data: { ...smallConfig.data, validation: { count: 13 } }, model: { hiddenUnits: 2, visibleBias: { smoothing: 0 } } }, [], /model\.visibleBias/],
    ['the exact gradient of a large model', { ...smallConfig, data: { source: 'bars-and-stripes', height: 6, width: 6 }, model: { hiddenUnits: 40 }, training: { algorithm: 'exact', updates: 1 } }, [], /2\^36 states/],
  ])('refused: %s', async (_, config, set, message) => {
    const refusal = await refusalOf(config, set);
    expect(refusal.code).toBe('usage');
    expect(refusal.message).toMatch(message);
    // What would be valid stands in the message, or what to do in the hint.
    expect(`${refusal.message}\n${refusal.hint ?? ''}`).toMatch(/expected|\.$/);
  });

  test('refused: a model file that does not fit the data, or contradicts hiddenUnits', async () => {
    const folder = newFolder();
    const zeros = (shape: number[]) => ({ shape, values: new Float64Array(shape.reduce((a, b) => a * b)) });
    const path = join(folder, 'model.npz');
    writeFileSync(path, writeNpz(new Map([['W', zeros([8, 3])], ['a', zeros([8])], ['b', zeros([3])]])));
    expect(await refusalOf({ ...smallConfig, model: { from: path } })).toMatchObject({ code: 'usage', message: expect.stringMatching(/8 visible units.*9 columns/) });
    writeFileSync(path, writeNpz(new Map([['W', zeros([9, 3])], ['a', zeros([9])], ['b', zeros([3])]])));
    expect(await refusalOf({ ...smallConfig, model: { from: path, hiddenUnits: 4 } })).toMatchObject({ code: 'usage', message: expect.stringMatching(/hiddenUnits: does not go with model\.from/) });
    writeFileSync(path, 'nothing');
    expect(await refusalOf({ ...smallConfig, model: { from: path } })).toMatchObject({ code: 'data' });
  });
});

describe('continuing', () => {
  const folder = join(root, 'trained');
  const directory = new RunDirectory(folder);

  async function refusalToContinue(config: object, set: readonly string[] = []): Promise<{ code: string; message: string; hint: string }> {
    if (!existsSync(folder)) await train(await prepare(smallConfig), folder);
    try {
      checkpointToContinue(directory, await prepare(config, set), () => undefined);
    } catch (error) {
      return error as { code: string; message: string; hint: string };
    }
    throw new Error('it can be continued');
  }

  test.each<[string, object, readonly string[], RegExp]>([
    ['another algorithm', smallConfig, ['training.k=5'], /training\.k: 2 → 5/],
    ['another seed', smallConfig, ['seed=t'], /seed: "s" → "t"/],
    ['another model', smallConfig, ['model.hiddenUnits=5'], /model\.hiddenUnits: 4 → 5/],
    ['other data', smallConfig, ['data.seed=t'], /data/],
    ['fewer updates', smallConfig, ['training.updates=29'], /30 updates already.*29/],
  ])('is refused with %s', async (_, config, set, message) => {
    const { code, message: text, hint } = await refusalToContinue(config, set);
    expect(code).toBe('usage');
    expect(text).toMatch(message);
    expect(text).toContain(folder);
    expect(hint).toMatch(/\.$/);
  });

  test('is possible with more updates, other cadences, another output', async () => {
    const set = ['training.updates=40', 'evaluation.every=never', 'checkpoint.keep=9', 'output=/elsewhere'];
    const checkpoint = checkpointToContinue(directory, await prepare(smallConfig, set), () => undefined);
    expect(checkpoint?.progress.update).toBe(30);
  });

  test('by the config in the run directory, with overrides; a folder without a run is refused', async () => {
    const { config } = await loadRunConfig(openRunDirectory('trained', root), ['training.updates=40'], root);
    expect(config).toMatchObject({ seed: 's', training: { updates: 40 } });
    expect(JSON.parse(readFileSync(directory.config, 'utf8'))).toMatchObject({ training: { updates: 30 } });
    const refused = (async () => openRunDirectory(root, root))();
    await expect(refused).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/no run here/) });
  });
});
