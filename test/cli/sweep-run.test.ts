/** `rbm-train sweep run` on this machine: every task is what `rbm-train --config` alone makes of the same config, whatever happens. */

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { startCliServer, type CliServer } from './support/cli-server.js';
import { executable, outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';
import { checkpointsOf, damage, lastingFiles, sessionsOf, taskFolder, tasksOf, tinyConfig, writeSweep } from './support/sweeps.js';

const folder = temporaryFolder();
const inFolder = (...names: string[]): string => join(folder.path, ...names);
let server: CliServer;
/** For commands that end at once. */
const cli = (...args: string[]): Promise<RunOutcome> => server.run(args, { cwd: folder.path });
const sweepRun = (directory: string, ...args: string[]): Promise<RunOutcome> => runCli(['sweep', 'run', directory, ...args], { cwd: folder.path });

const rates = [0.1, 0.2, 0.3, 0.4];
const seeds = ['a', 'b'];
/** By learning rate and seed: the lasting files of the same training alone. */
const alone = new Map<string, Record<string, string>>();
/** How the sweep of 8 tasks was done, one at a time. */
let oneByOne: RunOutcome;

/** Plans a sweep in a new directory. */
async function plan(name: string, directory: string, ...args: string[]): Promise<void> {
  expect(await cli('sweep', 'plan', `${name}.json`, '--dir', directory, ...args)).toMatchObject({ code: 0 });
}

/** Whether every task of a sweep has left what the same training alone has. */
function expectAsAlone(directory: string, results?: string): void {
  const tasks = tasksOf(inFolder(directory));
  const found = tasks.map((_, index) => lastingFiles(taskFolder(inFolder(directory), index, results)));
  expect(found).toEqual(tasks.map(({ values }) => alone.get(`${values['training.learningRate']} ${values.seed}`)));
}

/** Waits until something holds that another process brings about. */
async function until(holds: () => boolean): Promise<void> {
  for (let time = 0; time < 600 && !holds(); time++) await sleep(50);
  expect(holds()).toBe(true);
}

beforeAll(async () => {
  server = startCliServer();
  writeSweep(folder.path, 'eight', { grid: { 'training.learningRate': rates }, seeds });
  writeSweep(folder.path, 'few', { grid: { 'training.learningRate': [0.1, 0.2] }, seeds });
  // More than a test waits for.
  writeSweep(folder.path, 'endless', { seeds: ['a', 'b', 'c'], config: { ...tinyConfig, training: { ...tinyConfig.training, updates: 1e9 }, evaluation: { every: { updates: 1e9 } }, checkpoint: { every: { updates: 1000 } } } });
  for (const rate of rates) {
    for (const seed of seeds) {
      const run = `alone-${alone.size}`;
      const { code, stderr } = await cli('--config', 'eight-base.json', '--set', `training.learningRate=${rate}`, '--seed', seed, '--output', run, '--threads', '1', '--quiet');
      if (code !== 0) throw new Error(stderr);
      alone.set(`${rate} ${seed}`, lastingFiles(inFolder(run)));
    }
  }
  await cli('sweep', 'plan', 'eight.json', '--dir', 'done');
  oneByOne = await sweepRun('done', '-j', '1');
});
afterAll(() => {
  server.stop();
  folder.remove();
});

test('one task at a time, and three at a time with more threads: the bytes of every task alone', async () => {
  expect(oneByOne).toMatchObject({ code: 0, stdout: '8 of 8 done\n' });
  expect(oneByOne.stderr).toMatch(/^task 0 learningRate=0.1 seed=a: done \(1 of 8\)\n/);
  expect(oneByOne.stderr).toMatch(/^task 7 learningRate=0.4 seed=b: done \(8 of 8\)\n$/m);
  expect(new Set([...alone.values()].map((files) => files['result.json'])).size).toBe(8);
  expectAsAlone('done');
  await plan('eight', 'three');
  expect(await sweepRun('three', '-j', '3', '--threads', '2', '--quiet')).toEqual({ code: 0, signal: null, stdout: '8 of 8 done\n', stderr: '' });
  expectAsAlone('three');
});

test('what is done is not done again, and two can share the folder of their results', async () => {
  const executions = (): string[] => tasksOf(inFolder('done')).map((_, index) => readFileSync(join(taskFolder(inFolder('done'), index), 'execution.json'), 'utf8'));
  const before = executions();
  expect(await cli('sweep', 'run', 'done')).toMatchObject({ code: 0, stdout: '8 of 8 done\n', stderr: 'nothing to do\n' });
  expect(await cli('sweep', 'run', 'done', '--dry-run')).toMatchObject({ code: 0, stdout: 'nothing to do\n' });
  expect(executions()).toEqual(before);

  writeSweep(folder.path, 'wider', { grid: { 'training.learningRate': [0.5, 0.4, 0.1] }, seeds });
  await plan('wider', 'wider', '--results', join('done', 'tasks'));
  const planned = await cli('sweep', 'run', 'wider', '--dry-run', '--json', '-j', '7');
  expect(JSON.parse(planned.stdout)).toMatchObject({ tasks: 6, indices: [0, 1], jobs: 2 });
  expect(await sweepRun('wider', '-q')).toEqual({ code: 0, signal: null, stdout: '6 of 6 done\n', stderr: '' });
  expect(executions()).toEqual(before);
});

test('one that diverges and one that fails: the others are done, both are told, and running again does what can be done', async () => {
  writeSweep(folder.path, 'bad', { grid: { 'training.learningRate': [0.1, 0.2, 1e300] }, seeds: ['a'] });
  await plan('bad', 'bad');
  const [good, blocked, wild] = [0, 1, 2].map((index) => taskFolder(inFolder('bad'), index));
  mkdirSync(join(blocked, 'result.json'), { recursive: true });
  const first = await sweepRun('bad', '-j', '2');
  expect({ code: first.code, stdout: first.stdout }).toEqual({ code: 6, stdout: '1 of 3 done, 1 diverged, 1 failed\n' });
  expect(first.stderr).toMatch(/^task 1 learningRate=0.2 seed=a failed: .*result\.json.* \(\d of 3\)$/m);
  expect(first.stderr).toMatch(/^task 2 learningRate=1e\+300 seed=a diverged: .* \(\d of 3\)$/m);
  expect(first.stderr).toMatch(/\ndiverged:\n {2}task 2 learningRate=1e\+300 seed=a: .*\nfailed:\n {2}task 1 learningRate=0.2 seed=a: .*result\.json.*\nto go on with what is not done:\n {2}rbm-train sweep run bad\n$/);
  expect(first.stderr).not.toMatch(/^\s+at /m);
  const failure = (run: string): unknown => JSON.parse(readFileSync(join(run, 'failure.json'), 'utf8'));
  expect(failure(blocked)).toEqual({ code: expect.stringMatching(/^(runtime|data)$/), message: expect.stringContaining('result.json') });
  expect(failure(wild)).toEqual({ code: 'diverged', message: expect.any(String) });

  const second = await sweepRun('bad', '--json', '--quiet');
  expect(second.code).toBe(6);
  expect(JSON.parse(second.stdout)).toEqual({ tasks: 3, done: 1, diverged: [{ index: 2, ...(failure(wild) as object) }], failed: [{ index: 1, ...(failure(blocked) as object) }], left: [] });
  expect(second.stderr).toMatch(/^task 1 .* failed: .*\nfailed:\n {2}task 1 .*\n$/);

  const before = [good, wild].map((run) => readFileSync(join(run, 'execution.json'), 'utf8'));
  rmdirSync(join(blocked, 'result.json'));
  const third = await sweepRun('bad');
  expect(third).toMatchObject({ code: 0, stdout: '2 of 3 done, 1 diverged\n', stderr: expect.stringMatching(/^task 1 .*: done \(1 of 1\)\ndiverged:\n {2}task 2 .*\n$/) });
  expect([good, wild].map((run) => readFileSync(join(run, 'execution.json'), 'utf8'))).toEqual(before);
  expect([good, blocked].map(lastingFiles)).toEqual([alone.get('0.1 a'), alone.get('0.2 a')]);
  expect(existsSync(join(blocked, 'failure.json'))).toBe(false);
});

test('damaged files: what is left is used, else the task is done anew, and the bytes are the same', async () => {
  cpSync(inFolder('done'), inFolder('damaged'), { recursive: true });
  const runs = tasksOf(inFolder('damaged')).map((_, index) => taskFolder(inFolder('damaged'), index));
  // 0: the newest checkpoint; 1: all of them; 2: the result; 3: the result is another task's; 4: the last checkpoint has gone.
  rmSync(join(runs[0], 'result.json'));
  damage(checkpointsOf(runs[0]).at(-1) ?? '');
  rmSync(join(runs[1], 'result.json'));
  checkpointsOf(runs[1]).forEach(damage);
  writeFileSync(join(runs[2], 'result.json'), readFileSync(join(runs[2], 'result.json')).subarray(0, 100));
  cpSync(join(runs[4], 'result.json'), join(runs[3], 'result.json'));
  rmSync(checkpointsOf(runs[4]).at(-1) ?? '');
  expect(JSON.parse((await cli('sweep', 'run', 'damaged', '--dry-run', '--json')).stdout)).toMatchObject({ indices: [0, 1, 2, 3, 4] });
  const { code, stdout, stderr } = await sweepRun('damaged', '-j', '2');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '8 of 8 done\n' });
  expect(stderr).toMatch(/^warning: task 0 learningRate=0.1 seed=a: .*update-0*60\.safetensors.*/m);
  expect(stderr).toMatch(/^warning: task 1 learningRate=0.1 seed=b: .*the training starts again$/m);
  expect(stderr).not.toMatch(/^warning: task [2-9]/m);
  expectAsAlone('damaged');
});

test('two pools in the same directory at once: both come to the same end', async () => {
  await plan('few', 'twice');
  const both = await Promise.all([sweepRun('twice', '-j', '2'), sweepRun('twice', '-j', '2')]);
  expect(both.map(({ code, stdout }) => ({ code, stdout }))).toEqual([0, 0].map((code) => ({ code, stdout: '4 of 4 done\n' })));
  expectAsAlone('twice');
});

test.each([['SIGTERM', 143], ['SIGINT', 130], ['SIGUSR2', 75]] as const)('%s: nothing more is begun, exit code %i, and running again goes on', async (signal, exitCode) => {
  await plan('few', signal);
  const child = startCli(['sweep', 'run', signal, '-j', '1'], { cwd: folder.path });
  const ended = outcomeOf(child);
  let text = '';
  child.stderr?.on('data', (more: string) => {
    if (/\(1 of 4\)/.test(text) || !/\(1 of 4\)/.test((text += more))) return;
    child.kill(signal);
  });
  const { code, stdout, stderr } = await ended;
  expect(code).toBe(exitCode);
  expect(stdout).toMatch(/^[1-3] of 4 done, \d not done\n$/);
  expect(stderr).toMatch(new RegExp(`to go on with what is not done:\\n  rbm-train sweep run ${signal}\\nrbm-train: stopped by ${signal}\\n$`));
  expect(stderr).not.toContain('failed');
  expect(await sweepRun(signal, '-q')).toMatchObject({ code: 0, stdout: '4 of 4 done\n' });
  expectAsAlone(signal);
});

test('the pool is killed: its processes notice, save and end', async () => {
  await plan('endless', 'killed');
  const child = startCli(['sweep', 'run', 'killed', '-j', '2'], { cwd: folder.path });
  const ended = outcomeOf(child);
  const runs = [0, 1].map((index) => taskFolder(inFolder('killed'), index));
  const updateOf = (run: string): number => Number(/update-(\d+)/.exec(existsSync(join(run, 'checkpoints')) ? checkpointsOf(run).at(-1) ?? '' : '')?.[1] ?? 0);
  await until(() => runs.every((run) => updateOf(run) > 0));
  child.kill('SIGKILL');
  expect(await ended).toMatchObject({ signal: 'SIGKILL' });
  await until(() => runs.every((run) => sessionsOf(run).every((session) => session.ended === 'stopped')));
  const isRunning = (processId: number): boolean => existsSync(`/proc/${processId}`);
  if (process.platform === 'linux') await until(() => !runs.some((run) => isRunning(sessionsOf(run)[0].processId)));
  expect(runs.map(updateOf)).toEqual(runs.map((run) => sessionsOf(run)[0].toUpdate));
  expect(readdirSync(inFolder('killed', 'tasks'))).toHaveLength(2);
});

test('a second signal ends the pool at once, whatever its processes do', async () => {
  await plan('endless', 'impatient');
  const child = startCli(['sweep', 'run', 'impatient', '-j', '1'], { cwd: folder.path });
  const ended = outcomeOf(child);
  const run = taskFolder(inFolder('impatient'), 0);
  await until(() => existsSync(join(run, 'execution.json')) && sessionsOf(run).length > 0);
  const { processId } = sessionsOf(run)[0];
  // It hears nothing, as one that hangs.
  process.kill(processId, 'SIGSTOP');
  child.kill('SIGTERM');
  // Within 0.3 s, it would count as an echo of the first.
  await sleep(600);
  expect(child.exitCode).toBeNull();
  child.kill('SIGTERM');
  // The process holds the pipe for its messages.
  process.kill(processId, 'SIGCONT');
  expect(await ended).toMatchObject({ code: 143, stdout: '' });
  await until(() => sessionsOf(run)[0].ended === 'stopped');
});

test('a task that is killed fails with its signal; the next one is begun', async () => {
  await plan('endless', 'shot');
  const child = startCli(['sweep', 'run', 'shot', '-j', '1'], { cwd: folder.path });
  const ended = outcomeOf(child);
  const [first, second] = [0, 1].map((index) => taskFolder(inFolder('shot'), index));
  await until(() => existsSync(join(first, 'execution.json')));
  process.kill(sessionsOf(first)[0].processId, 'SIGKILL');
  await until(() => existsSync(join(second, 'config.json')));
  child.kill('SIGTERM');
  const { code, stdout, stderr } = await ended;
  expect({ code, stdout }).toEqual({ code: 143, stdout: '0 of 3 done, 1 failed, 2 not done\n' });
  expect(stderr).toMatch(/^task 0 seed=a failed: its process was ended by SIGKILL, as the system does where memory runs out \(1 of 3\)$/m);
  expect(JSON.parse(readFileSync(join(first, 'failure.json'), 'utf8'))).toMatchObject({ code: 'runtime' });
  expect(sessionsOf(second)).toMatchObject([{ ended: 'stopped' }]);
});

test('options that can do nothing here, or are no numbers', async () => {
  const slurm = ['--time', '1:00', '--partition', 'p', '--account', 'a', '--max-parallel', '2', '--warn', '60', '--max-requeues', '3', '--sbatch-arg=--mem=1G', '--wait', '--chunk', '2'];
  expect(await cli('sweep', 'run', 'done', ...slurm)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'rbm-train: --chunk, --time, --partition, --account, --max-parallel, --warn, --max-requeues, --sbatch-arg, --wait: for Slurm only\nAdd --engine slurm, or leave it out.\n',
  });
  expect(await cli('sweep', 'run', 'done', '-j', '0')).toMatchObject({ code: 2, stderr: expect.stringContaining('--jobs 0: not a whole number from 1 to') });
  expect(await cli('sweep', 'run', 'done', '--threads', 'x')).toMatchObject({ code: 2, stderr: expect.stringContaining('--threads x: not a whole number') });
  expect(await cli('sweep', 'run', 'nowhere')).toMatchObject({ code: 2, stderr: expect.stringContaining('Name the directory of a sweep') });
  await plan('eight', 'planned');
  expect(await cli('sweep', 'run', 'planned', '--dry-run', '-j', '2', '--threads', '3')).toMatchObject({ code: 0, stdout: 'would do 8 of 8 tasks: 0-7; 2 at a time, 3 threads each\n', stderr: '' });
  expect(existsSync(inFolder('planned', 'tasks'))).toBe(false);
});

const hasScript = (spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '').includes('util-linux');

/** Runs a sweep in a pseudo-terminal; `act`, which can type, is called once the screen shows `after`. */
function inTerminal(args: string[], { columns = 100, after = '', act = undefined as ((type: (text: string) => void) => unknown) | undefined } = {}): Promise<{ code: number | null; screen: string }> {
  const command = [`stty cols ${columns} rows 20; exec`, ...[process.execPath, executable, 'sweep', 'run', ...args].map((word) => `'${word}'`)].join(' ');
  const { NO_COLOR: _no, ...environment } = process.env;
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder.path, env: { ...environment, TERM: 'xterm', LC_ALL: 'C.UTF-8', SHELL: '/bin/sh' } });
  let screen = '';
  let hasActed = act === undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (hasActed || !screen.includes(after)) return;
    hasActed = true;
    act?.((typed) => void child.stdin.write(typed));
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, screen }));
  });
}

// The rules are for tests; this makes them.
// oxlint-disable-next-line jest/no-disabled-tests, jest/valid-title
(hasScript ? describe : describe.skip)(`at a terminal${hasScript ? '' : ' (SKIPPED: no script of util-linux)'}`, () => {
  const isTidy = (screen: string): boolean => screen.lastIndexOf('\u001b[?25h') > screen.lastIndexOf('\u001b[?25l') && screen.lastIndexOf('\u001b[?7h') > screen.lastIndexOf('\u001b[?7l');

  test('a bar for every worker and one for the whole; failures stand above; the terminal is left tidy', async () => {
    writeSweep(folder.path, 'shown', { grid: { 'training.learningRate': [0.1, 1e300] }, seeds });
    await plan('shown', 'shown');
    const { code, screen } = await inTerminal(['shown', '-j', '2']);
    expect(code).toBe(0);
    expect(screen).toContain('░');
    expect(screen).toMatch(/\d+% {2}task 0 learningRate=0.1 seed=a/);
    expect(screen).toMatch(/100% {2}task 3 learningRate=1e\+300 seed=b {2}diverged/);
    expect(screen).toMatch(/\d+% {2}[1-4] of 4 tasks, [12] diverged {2}\S+ left/);
    expect(screen).toMatch(/task 2 learningRate=1e\+300 seed=a diverged: /);
    expect(screen).not.toContain('(1 of 4)');
    expect(isTidy(screen)).toBe(true);
    // After the bars, on clean lines.
    expect(screen.slice(screen.lastIndexOf('\u001b[?7h'))).toMatch(/2 of 4 done, 2 diverged\r\ndiverged:\r\n {2}task 2 .*\r\n {2}task 3 .*\r\n$/);
  });

  test('short bars where there is little room, none with --quiet', async () => {
    await plan('eight', 'narrow');
    cpSync(inFolder('done', 'tasks'), inFolder('narrow', 'tasks'), { recursive: true });
    for (const index of [0, 1]) rmSync(join(taskFolder(inFolder('narrow'), index), 'result.json'));
    const { code, screen } = await inTerminal(['narrow', '-j', '1'], { columns: 40 });
    expect(code).toBe(0);
    expect(screen).toMatch(/[█░]{8}/);
    expect(screen).not.toMatch(/[█░]{9}/);
    rmSync(join(taskFolder(inFolder('narrow'), 0), 'result.json'));
    expect(await inTerminal(['narrow', '--quiet'])).toEqual({ code: 0, screen: '8 of 8 done\r\n' });
  });

  test('Ctrl-C, which the tasks see as well, saves, and leaves the terminal tidy', async () => {
    await plan('endless', 'interrupted');
    const once = await inTerminal(['interrupted', '-j', '2'], { after: 'task 1 seed=b  log-likelihood validation -', act: (type) => type('\u0003') });
    expect(once.code).toBe(130);
    expect(isTidy(once.screen)).toBe(true);
    expect(once.screen).toMatch(/0 of 3 done, 3 not done\r\nto go on with what is not done:\r\n {2}rbm-train sweep run interrupted\r\nrbm-train: stopped by SIGINT\r\n$/);
    for (const index of [0, 1]) expect(sessionsOf(taskFolder(inFolder('interrupted'), index))).toMatchObject([{ ended: 'stopped' }]);
  });

  test('a second Ctrl-C ends at once, and leaves the terminal tidy as well', async () => {
    await plan('endless', 'impatient-there');
    const run = taskFolder(inFolder('impatient-there'), 0);
    const act = async (type: (text: string) => void): Promise<void> => {
      // It hears nothing, as one that hangs.
      process.kill(sessionsOf(run)[0].processId, 'SIGSTOP');
      type('\u0003');
      // Within 0.3 s, it would count as an echo of the first.
      await sleep(600);
      type('\u0003');
    };
    const { code, screen } = await inTerminal(['impatient-there', '-j', '1'], { after: 'task 0 seed=a  log-likelihood validation -', act });
    // As the process is stopped, and its terminal closed, the system may let it go on by itself.
    process.kill(sessionsOf(run)[0].processId, 'SIGCONT');
    expect({ code, isTidy: isTidy(screen) }).toEqual({ code: 130, isTidy: true });
    expect(screen).not.toContain('of 3 done');
    await until(() => sessionsOf(run)[0].ended === 'stopped');
  });
});
