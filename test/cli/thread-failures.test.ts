/** What a user is told when a compute thread dies outside the updates of a training. */

import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ownSuffix, processSpace } from '../../src/checkpoint/atomic-write.js';
import { executable, outcomeOf, runCli, startCli, temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const inFolder = (...names: string[]): string => join(folder.path, ...names);

/** Thread 1 throws in its n-th kernel. */
const preload = `
const { isMainThread, workerData } = require('node:worker_threads');
if (!isMainThread && process.env.DIE_CALL && workerData.thread === 1) {
  const { Instance } = WebAssembly;
  let calls = 0;
  const mortal = (kernel) => (...values) => {
    if (++calls === Number(process.env.DIE_CALL)) throw new Error('two\\nlines');
    return kernel(...values);
  };
  WebAssembly.Instance = function (module, imports) {
    const entries = Object.entries(new Instance(module, imports).exports);
    return { exports: Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'function' ? mortal(value) : value])) };
  };
}
`;
const dying = { NODE_OPTIONS: `--require ${JSON.stringify(inFolder('preload.cjs'))}` };

const config = (training: string): string => `{
  data: { source: 'bars-and-stripes', height: 3, width: 3 }, model: { hiddenUnits: 4 },
  training: { ${training}, updates: 10, batchSize: 5 }, evaluation: { every: 'never' },
}`;

beforeAll(() => {
  writeFileSync(inFolder('preload.cjs'), preload);
  writeFileSync(inFolder('cd.json'), config("algorithm: 'cd'"));
  writeFileSync(inFolder('sml.json'), config("algorithm: 'sml', chains: 5"));
});

test.each(['cd', 'sml'])('k in the hundreds with threads: %s', async (algorithm) => {
  const args = ['--config', `${algorithm}.json`, '--quiet', '--set', 'training.k=300', '--set', 'training.updates=2'];
  expect(await runCli([...args, '--threads', '2', '--output', `${algorithm}-k`], { cwd: folder.path })).toMatchObject({ code: 0, stderr: '' });
});

test('a thread that dies before the first update (sml draws its chains) is no internal error', async () => {
  const outcome = await runCli(['--config', 'sml.json', '--threads', '2', '--output', 'start'], { cwd: folder.path, env: { ...dying, DIE_CALL: '1' } });
  expect(outcome).toMatchObject({ code: 1, stdout: '' });
  expect(outcome.stderr).toContain('a compute thread died');
  expect(outcome.stderr).not.toContain('internal error');
});

test('a thread that dies in verify does not send the user to a folder that is gone', async () => {
  expect(await runCli(['--config', 'cd.json', '--threads', '2', '--output', 'two', '--quiet'], { cwd: folder.path })).toMatchObject({ code: 0 });
  const outcome = await runCli(['verify', 'two'], { cwd: folder.path, env: { ...dying, DIE_CALL: '20' } });
  expect(outcome).toMatchObject({ code: 1, stdout: '' });
  expect(outcome.stderr).toContain('a compute thread died');
  expect(outcome.stderr).not.toContain('rbm-train-verify');
});

test('verify removes what a verification that was killed has left, and leaves what another works on', async () => {
  const places = inFolder('places');
  const name = (mark: string): string => join(places, `.rbm-train-verify.${mark}AbCdEf`);
  const [dead, living] = [name(`${processSpace}.4194305.1.tmp`), name(ownSuffix)];
  for (const place of [dead, living]) mkdirSync(join(place, 'run', 'checkpoints'), { recursive: true });
  expect(await runCli(['--config', 'cd.json', '--output', 'verified', '--quiet'], { cwd: folder.path })).toMatchObject({ code: 0 });
  expect(await runCli(['verify', 'verified'], { cwd: folder.path, env: { TMPDIR: places } })).toMatchObject({ code: 0 });
  expect(readdirSync(places)).toEqual([basename(living)]);
});

test('a thread that never comes back: the first signal is told to be in vain, the second ends the process', async () => {
  writeFileSync(inFolder('hang.cjs'), preload.replace("throw new Error('two\\nlines')", 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'));
  const env = { DIE_CALL: '40', NODE_OPTIONS: `--require ${JSON.stringify(inFolder('hang.cjs'))}` };
  const args = ['--config', 'cd.json', '--threads', '2', '--output', 'hanging', '--set', 'log.every.updates=1'];
  const child = startCli(args, { cwd: folder.path, env });
  const ended = outcomeOf(child);
  let hasAsked = false;
  child.stderr?.on('data', (text: string) => {
    if (!hasAsked) setTimeout(() => child.kill('SIGTERM'), 500);
    hasAsked = true;
    if (text.includes('once more ends it at once')) child.kill('SIGTERM');
  });
  expect(await ended).toMatchObject({ code: 143, stderr: expect.stringContaining('SIGTERM has come') });
  expect(await runCli(['--resume', 'hanging', '--quiet'], { cwd: folder.path })).toMatchObject({ code: 0, stderr: '' });
});

test('what a thread says when it dies is printed on one line', async () => {
  const outcome = await runCli(['--config', 'cd.json', '--threads', '2', '--output', 'lines'], { cwd: folder.path, env: { ...dying, DIE_CALL: '20' } });
  expect(outcome.stderr).not.toContain('two\nlines');
});

test.each(['wasm', 'reference'])('with 8 GB of address space (ulimit -v, as batch systems set it): backend %s', async (backend) => {
  const command = `ulimit -v 8000000; exec "$0" "$1" --config cd.json --output "limited-$2" --backend "$2" --quiet`;
  const limited = promisify(execFile)('sh', ['-c', command, process.execPath, executable, backend], { cwd: folder.path });
  await expect(limited).resolves.toMatchObject({ stderr: '' });
});

test('a thread that the system does not grant ends the run with one message', async () => {
  writeFileSync(
    inFolder('no-threads.cjs'),
    `const threads = require('node:worker_threads');
     let started = 0;
     threads.Worker = class extends threads.Worker {
       constructor(...values) { if (++started > 1) throw new Error('EAGAIN'); super(...values); }
     };
     require('node:module').syncBuiltinESMExports();`,
  );
  const env = { NODE_OPTIONS: `--require ${JSON.stringify(inFolder('no-threads.cjs'))}` };
  const outcome = await runCli(['--config', 'cd.json', '--threads', '3', '--output', 'ungranted'], { cwd: folder.path, env });
  expect(outcome).toMatchObject({ code: 1, stdout: '' });
  expect(outcome.stderr).toMatch(/^rbm-train: a compute thread could not be started: Error: EAGAIN, in update 0\n/m);
  expect(outcome.stderr).toContain('--threads 1');
  expect(outcome.stderr).not.toContain('internal error');
});
