/** `rbm-train sweep task`, as engines and people call it, and `sweep status`: which tasks, what is told, exit codes. */

import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { TaskMessage } from '../../src/sweep/task-messages.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { executable, runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';
import { checkpointsOf, damage, taskFolder, tinyConfig, writeSweep } from './support/sweeps.js';

const folder = temporaryFolder();
const inFolder = (...names: string[]): string => join(folder.path, ...names);
let server: CliServer;
const cli = (...args: string[]): Promise<RunOutcome> => server.run(args, { cwd: folder.path });
const task = (directory: string, env: Record<string, string>, ...args: string[]): Promise<RunOutcome> => runCli(['sweep', 'task', directory, '--quiet', ...args], { cwd: folder.path, env });

async function plan(name: string, directory: string): Promise<void> {
  expect(await cli('sweep', 'plan', `${name}.json`, '--dir', directory)).toMatchObject({ code: 0 });
}

beforeAll(() => {
  server = startCliServer();
  writeSweep(folder.path, 'five', { seeds: ['a', 'b', 'c', 'd', 'e'] });
  writeSweep(folder.path, 'bad', { grid: { 'training.learningRate': [0.1, 1e300, 0.2] }, seeds: ['a'] });
});
afterAll(() => {
  server.stop();
  folder.remove();
});

test('which task: --index, else SLURM_ARRAY_TASK_ID, else JOB_COMPLETION_INDEX; with an offset, and in chunks', async () => {
  await plan('five', 'which');
  const both = { SLURM_ARRAY_TASK_ID: '2', JOB_COMPLETION_INDEX: '3' };
  const stdouts = [
    await task('which', both, '--index', '1'),
    await task('which', both),
    await task('which', { SLURM_ARRAY_TASK_ID: '', JOB_COMPLETION_INDEX: '3' }),
    await task('which', { JOB_COMPLETION_INDEX: '0' }, '--offset', '1', '--chunk', '2'),
    await task('which', { JOB_COMPLETION_INDEX: '2' }, '--chunk', '2', '--json'),
  ].map(({ code, stdout, stderr }) => ({ code, stdout, stderr }));
  const done = (stdout: string): object => ({ code: 0, stdout, stderr: '' });
  expect(stdouts).toEqual([
    done('task 1 seed=b: done\n'),
    done('task 2 seed=c: done\n'),
    done('task 3 seed=d: done\n'),
    done('task 2 seed=c: done before\ntask 3 seed=d: done before\n'),
    done('[{"index":4,"outcome":"done","code":0}]\n'),
  ]);
  expect(existsSync(taskFolder(inFolder('which'), 0))).toBe(false);
  const status = await cli('sweep', 'status', 'which');
  expect(status).toEqual({ code: 0, signal: null, stdout: 'done              4 of 5  1-4\nnot started       1 of 5  0\n', stderr: '' });
});

test('numbers that name no task', async () => {
  await plan('five', 'numbers');
  const refusal = (code: number, text: string): object => ({ code, stdout: '', stderr: expect.stringContaining(text) });
  expect(await cli('sweep', 'task', 'numbers')).toMatchObject(refusal(2, 'which task is not said\nName it with --index, or set SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX'));
  expect(await cli('sweep', 'task', 'numbers', '--index', '5')).toMatchObject(refusal(2, '--index 5: there is no task 5: the tasks are 0 to 4'));
  expect(await cli('sweep', 'task', 'numbers', '--index', '3', '--chunk', '2')).toMatchObject(refusal(2, 'there is no task 6: the chunks of 2 tasks are 0 to 2'));
  expect(await cli('sweep', 'task', 'numbers', '--index', '-1')).toMatchObject(refusal(2, '--index -1: not a whole number'));
  expect(await cli('sweep', 'task', 'numbers', '--index', '0', '--chunk', '0')).toMatchObject(refusal(2, '--chunk 0: not a whole number'));
  expect(await task('numbers', { SLURM_ARRAY_TASK_ID: '1x' })).toMatchObject(refusal(2, 'SLURM_ARRAY_TASK_ID 1x: not a whole number'));
  expect(await cli('sweep', 'task', 'nowhere', '--index', '0')).toMatchObject(refusal(2, 'Name the directory of a sweep'));
  expect(existsSync(inFolder('numbers', 'tasks'))).toBe(false);
});

test('in a chunk, one that fails keeps the others from nothing; the exit code is that of the first that failed', async () => {
  await plan('bad', 'chunk');
  mkdirSync(join(taskFolder(inFolder('chunk'), 2), 'result.json'), { recursive: true });
  const { code, stdout, stderr } = await cli('sweep', 'task', 'chunk', '--index', '0', '--chunk', '8', '--quiet');
  expect({ code, stdout }).toEqual({ code: 4, stdout: 'task 0 learningRate=0.1 seed=a: done\n' });
  expect(stderr).toMatch(/^task 1 learningRate=1e\+300 seed=a failed: training diverged .*\n.*\n?task 2 learningRate=0.2 seed=a failed: .*result\.json: can't be removed: is a folder, not a file\n/);
  const status = await cli('sweep', 'status', 'chunk');
  expect(status.stdout).toMatch(/^done +1 of 3 {2}0\ndiverged +1 of 3 {2}1\nstarted +1 of 3 {2}2\n {2}task 2 learningRate=0.2 seed=a: update 0 of 60\nlast tries that failed:\n {2}task 1 .*: training diverged at .*\n {2}task 2 .*: .*result\.json.*\n$/);
  const { isComplete, tasks } = JSON.parse((await cli('sweep', 'status', 'chunk', '--json')).stdout) as { isComplete: boolean; tasks: object[] };
  expect({ isComplete, tasks }).toMatchObject({ isComplete: false, tasks: [{ index: 0, status: 'done' }, { index: 1, status: 'diverged', failure: { code: 'diverged' } }, { index: 2, status: 'started', update: 0 }] });
  rmdirSync(join(taskFolder(inFolder('chunk'), 2), 'result.json'));
  expect(await cli('sweep', 'task', 'chunk', '--index', '2', '--quiet')).toMatchObject({ code: 0, stdout: 'task 2 learningRate=0.2 seed=a: done\n' });
  expect(JSON.parse((await cli('sweep', 'status', 'chunk', '--json')).stdout)).toMatchObject({ isComplete: true });
});

test('a damaged checkpoint is told, and a damaged manifest', async () => {
  await plan('five', 'damaged');
  expect(await cli('sweep', 'task', 'damaged', '--index', '0', '--quiet')).toMatchObject({ code: 0 });
  const run = taskFolder(inFolder('damaged'), 0);
  const result = readFileSync(join(run, 'result.json'), 'utf8');
  rmSync(join(run, 'result.json'));
  damage(checkpointsOf(run).at(-1) ?? '');
  const { code, stderr } = await cli('sweep', 'task', 'damaged', '--index', '0');
  expect({ code, isTold: /^warning: .*update-0*60\.safetensors/m.test(stderr) }).toEqual({ code: 0, isTold: true });
  expect(readFileSync(join(run, 'result.json'), 'utf8')).toBe(result);
  const manifest = inFolder('damaged', 'manifest.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').slice(0, -40));
  for (const command of [['status', 'damaged'], ['task', 'damaged', '--index', '0'], ['run', 'damaged']]) {
    expect(await cli('sweep', ...command)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/^rbm-train: .*manifest\.json: not a manifest: .*\nRemove it, and plan the sweep again as before: what is done stays\.\n$/) });
  }
});

test('data that has changed since the plan', async () => {
  const rows = '0,1,1,0\n1,1,0,0\n0,0,1,1\n1,0,1,0\n';
  writeFileSync(inFolder('rows.csv'), rows);
  writeSweep(folder.path, 'rows', { seeds: ['a'], config: { ...tinyConfig, data: { source: 'file', path: 'rows.csv' } } });
  await plan('rows', 'rows');
  writeFileSync(inFolder('rows.csv'), rows.replace('0', '1'));
  expect(await cli('sweep', 'task', 'rows', '--index', '0')).toMatchObject({
    code: 3,
    stdout: '',
    stderr: 'task 0 seed=a failed: the data, the model file that it starts from, or the manifest is not what the sweep was planned with\nRestore it, or use the rbm-train that planned the sweep; or plan it again in another directory, with the same --results.\n',
  });
});

/** What a task that has a channel to its parent says there, and how it ends. */
function talk(args: string[], onMessage: (message: TaskMessage, disconnect: () => void) => void): Promise<{ messages: TaskMessage[]; code: number | null; stderr: string }> {
  const child = fork(executable, ['sweep', 'task', ...args], { cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
  const messages: TaskMessage[] = [];
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.on('message', (message: TaskMessage) => {
    messages.push(message);
    onMessage(message, () => child.disconnect());
  });
  // Where this side has disconnected, Node.js never says 'close'.
  const hasSaidAll = new Promise((resolve) => {
    child.stderr?.on('end', resolve);
  });
  return new Promise((resolve) => {
    child.on('exit', (code) => void hasSaidAll.then(() => resolve({ messages, code, stderr })));
  });
}

test('to the process that started it, it tells how far it is, and how it ended; it ends by itself also where it is called wrongly', async () => {
  await plan('bad', 'told');
  const { messages, code } = await talk(['told', '--index', '0', '--chunk', '3'], () => {});
  expect(code).toBe(4);
  const ends = messages.filter(({ type }) => type === 'end');
  expect(ends).toEqual([{ type: 'end', index: 0, outcome: 'done' }, { type: 'end', index: 1, outcome: 'failed', failure: { code: 'diverged', message: expect.any(String) } }, { type: 'end', index: 2, outcome: 'done' }]);
  expect(messages[0]).toEqual({ type: 'progress', index: 0, share: 0, latest: '' });
  const shares = messages.flatMap((message) => (message.type === 'progress' ? [message.share] : []));
  expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
  expect(await talk(['told', '--index', '9'], () => {})).toMatchObject({ code: 2, messages: [] });
  expect(await talk(['told', '--index', '0', '--threads', '0'], () => {})).toMatchObject({ code: 2 });
});

test('where the process that started it has gone, it saves and ends', async () => {
  const { training, checkpoint } = tinyConfig;
  writeSweep(folder.path, 'endless', { seeds: ['a', 'b'], config: { ...tinyConfig, training: { ...training, updates: 1e9 }, evaluation: { every: { updates: 1e9 } }, checkpoint: { ...checkpoint, every: { updates: 1e8 } } } });
  await plan('endless', 'alone');
  let isGone = false;
  const { code, stderr } = await talk(['alone', '--index', '0', '--chunk', '2'], (message, disconnect) => {
    if (isGone || message.type !== 'progress' || message.share === 0) return;
    isGone = true;
    disconnect();
  });
  expect({ code, stderr }).toEqual({ code: 143, stderr: 'task 0 seed=a: stopped by SIGTERM; it goes on from there when it is run again\n' });
  expect(checkpointsOf(taskFolder(inFolder('alone'), 0))).toHaveLength(2);
  expect(existsSync(taskFolder(inFolder('alone'), 1))).toBe(false);
});
