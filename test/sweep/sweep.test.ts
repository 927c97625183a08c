/** A sweep's directory: what is read of it, and that nothing in it can lead anywhere else. */

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { RbmError } from '../../src/errors.js';
import { trainingManifest, writeManifest } from '../../src/sweep/manifest.js';
import { configOfTask, failureFrom, isSettled, isTrainingSweep, openSweep, removeFailure, shardPlanOf, stateOf, writeFailure, type TrainingSweep } from '../../src/sweep/sweep.js';
import { temporaryFolder } from '../cli/support/run-cli.js';
import { tinyConfig } from '../cli/support/sweeps.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const ids = ['a', 'b'].map((digit) => digit.repeat(24));
const training = trainingManifest({
  bases: [{ name: 'base.json', folder: '..', text: JSON.stringify({ ...tinyConfig, output: 'elsewhere', execution: { threads: 5, backend: 'reference' } }) }],
  varied: ['training.chains'],
  results: '../results',
  tasks: ids.map((id, index) => ({ id, base: 0, values: { seed: String(index), 'training.chains': 6 + index }, updates: 60, figures: '' })),
});
writeManifest(join(folder.path, 'sweep'), training);
const sweep = openSweep('sweep', folder.path) as TrainingSweep;
const failureFile = join(folder.path, 'results', ids[0], 'failure.json');

test('its tasks have their own configs, and run directories where the results go', () => {
  expect({ directory: sweep.directory, length: sweep.length, isTraining: isTrainingSweep(sweep) }).toEqual({ directory: join(folder.path, 'sweep'), length: 2, isTraining: true });
  expect(configOfTask(sweep, 1, 3).config).toMatchObject({ seed: '1', training: { chains: 7, updates: 60 }, output: join(folder.path, 'results', ids[1]), execution: { threads: 3, backend: 'reference' } });
  expect(configOfTask(sweep, 0).config).toMatchObject({ seed: '0', training: { chains: 6 }, output: join(folder.path, 'results', ids[0]), execution: { threads: 5 } });
  expect(existsSync(join(folder.path, 'results'))).toBe(false);
  expect(() => shardPlanOf(sweep)).toThrow(RangeError);
});

test('why a task failed is kept until it is done, and only what is one of our reasons counts', () => {
  expect(stateOf(sweep, 0)).toEqual({ status: 'missing' });
  const failure = { code: 'data', message: 'a "message"\nof two lines' } as const;
  writeFailure(sweep, 0, failure);
  expect(stateOf(sweep, 0)).toEqual({ status: 'missing', failure });
  expect(stateOf(sweep, 1)).toEqual({ status: 'missing' });
  writeFailure(sweep, 0, { code: 'diverged', message: 'm' });
  expect(stateOf(sweep, 0)).toEqual({ status: 'diverged', failure: { code: 'diverged', message: 'm' } });
  for (const text of ['', 'null', '[]', '{"code":"data"}', '{"code":"constructor","message":"m"}', '{"code":4,"message":"m"}']) {
    writeFileSync(failureFile, text);
    expect(stateOf(sweep, 0)).toEqual({ status: 'missing' });
  }
  removeFailure(sweep, 0);
  removeFailure(sweep, 0);
  expect(existsSync(failureFile)).toBe(false);
  // A folder that can't be written is no second failure.
  mkdirSync(failureFile);
  expect(() => writeFailure(sweep, 0, failure)).not.toThrow();
  expect(stateOf(sweep, 0)).toEqual({ status: 'missing' });
});

test('a result that may hold anything, at any depth, is none; neither is one of which nothing but the hashes is right', () => {
  const hash = 'a'.repeat(64);
  const deep = `${'['.repeat(100_000)}1${']'.repeat(100_000)}`;
  const whole = { digest: `"${hash}"`, configHash: `"${hash}"`, dataFingerprint: `"${hash}"`, numericsVersion: '1', updates: '60' };
  const run = join(folder.path, 'results', ids[1]);
  mkdirSync(run, { recursive: true });
  const change = fc.record({ key: fc.constantFrom(...(Object.keys(whole) as (keyof typeof whole)[])), value: fc.oneof(fc.constantFrom(deep, `["${hash}"]`, '1e999', '{"toString":1,"toJSON":2}'), fc.json()) });
  fc.assert(
    fc.property(change, ({ key, value }) => {
      const members = Object.entries({ ...whole, [key]: value }).map(([name, text]) => `"${name}":${text}`);
      writeFileSync(join(run, 'result.json'), `{${members.join()}}`);
      expect(stateOf(sweep, 1)).toEqual({ status: 'missing' });
    }),
    { seed: 8, numRuns: 200 },
  );
});

test('a task whose folder cannot be read is missing for that reason, and keeps nobody from the others', () => {
  const checkpoints = join(folder.path, 'results', ids[1], 'checkpoints');
  symlinkSync('checkpoints', checkpoints);
  const { status, failure } = stateOf(sweep, 1) as { status: string; failure: { code: string; message: string } };
  expect({ status, code: failure.code }).toEqual({ status: 'missing', code: 'runtime' });
  expect(failure.message).toContain(checkpoints);
});

test('what is settled, and what a failure is', () => {
  expect((['done', 'diverged', 'missing'] as const).map((status) => isSettled(status === 'diverged' ? { status, failure: { code: status, message: '' } } : { status }))).toEqual([true, true, false]);
  expect(isSettled({ status: 'started', update: 3 })).toBe(false);
  expect(failureFrom(new RbmError('data', 'm', { hint: 'h.' }))).toEqual({ code: 'data', message: 'm' });
  expect(failureFrom(new Error('m'))).toEqual({ code: 'runtime', message: 'm' });
});
