/**
 * One command for every exit code that can occur, and what the user reads with it. (75, 130, 143 and their resumptions:
 * same-bits.test.ts. 6, incomplete, has no command yet.)
 */

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exitCodes } from '../../src/errors.js';
import { executable, outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const config = `{
  data: { source: 'bars-and-stripes', height: 2, width: 2 },
  model: { hiddenUnits: 3 },
  training: { algorithm: 'cd', updates: 20 },
}`;

const folder = temporaryFolder();
afterAll(folder.remove);

const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path });

/** A message for users: the label once, at the start of a line; no stack trace. */
function expectMessage(stderr: string, text: RegExp): void {
  expect(stderr.match(/^rbm-train: /gm)).toHaveLength(1);
  expect(stderr).toMatch(text);
  expect(stderr).not.toMatch(/^ {4}at |internal error|NaN|undefined|\[object/m);
}

let ok: RunOutcome;

beforeAll(async () => {
  writeFileSync(join(folder.path, 'tiny.json'), config);
  writeFileSync(join(folder.path, 'file'), 'not a folder');
  ok = await cli('--config', 'tiny.json', '--output', 'ok');
});

test('0: ok', () => {
  expect(ok).toMatchObject({ code: exitCodes.ok });
});

describe('1: runtime', () => {
  test('the output lies below a file', async () => {
    const outcome = await cli('--config', 'tiny.json', '--output', 'file/below/run');
    expect(outcome).toMatchObject({ code: exitCodes.runtime, stdout: '' });
    expectMessage(outcome.stderr, /file\/below\/run/);
  });

  // Not the user's mistake, and nothing wrong with the data. The first bytes of a process's memory can't be read, by nobody.
  const unreadable = '/proc/self/mem';
  const readers = existsSync(unreadable) ? [['--config', unreadable], ['evaluate', unreadable], ['data', unreadable]] : [];
  test.each(readers)('the device fails: %s %s', async (...args) => {
    const outcome = await cli(...args);
    expect(outcome).toMatchObject({ code: exitCodes.runtime, stdout: '' });
    expectMessage(outcome.stderr, /\/proc\/self\/mem: the device failed\nCheck the disk/);
  });

  test('the export lies below a file', async () => {
    const outcome = await cli('export', 'ok', '--npz', 'file/model.npz');
    expect(outcome).toMatchObject({ code: exitCodes.runtime, stdout: '' });
    expectMessage(outcome.stderr, /file: can't be made a folder/);
  });

  test('a folder stands where a file should be written', async () => {
    mkdirSync(join(folder.path, 'blocked', 'result.json'), { recursive: true });
    const outcome = await cli('--config', 'tiny.json', '--output', 'blocked', '--resume-or-start');
    expect(outcome.code).not.toBe(exitCodes.ok);
    expectMessage(outcome.stderr, /blocked\/result\.json/);
  });
});

// oxlint-disable-next-line jest/no-disabled-tests, jest/valid-title -- the rules are for tests; this makes them
(existsSync('/dev/full') ? describe : describe.skip)('1: runtime, where stdout is a file on a full disk', () => {
  test('a message says so', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [executable, 'help', 'config'], { cwd: folder.path, stdio: ['ignore', full, 'pipe'] });
    const { code, stderr } = await outcomeOf(child);
    closeSync(full);
    expect(code).toBe(exitCodes.runtime);
    expectMessage(stderr, /space/);
  });
});

describe('2: usage', () => {
  test('a wrong value in the config', async () => {
    writeFileSync(join(folder.path, 'wrong.json'), config.replace('hiddenUnits: 3', 'hiddenUnits: 0'));
    const outcome = await cli('--config', 'wrong.json');
    expect(outcome).toMatchObject({ code: exitCodes.usage, stdout: '' });
    expectMessage(outcome.stderr, /wrong\.json:3:\d+: .*hiddenUnits/);
  });

  test('no arguments at all', async () => {
    const outcome = await cli();
    expect(outcome).toMatchObject({ code: exitCodes.usage, stdout: '' });
    expectMessage(outcome.stderr, /--config/);
  });
});

test('3: data', async () => {
  writeFileSync(join(folder.path, 'rows.txt'), '0 1\n0 1\n0 x\n');
  const outcome = await cli('data', 'rows.txt');
  expect(outcome).toMatchObject({ code: exitCodes.data, stdout: '' });
  expectMessage(outcome.stderr, /rows\.txt:3:3: /);
});

test('4: diverged, with the last good checkpoint, which can be used', async () => {
  const outcome = await cli('--config', 'tiny.json', '--output', 'diverged', '--set', 'training.learningRate=1e308', '--set', 'checkpoint.every.updates=1');
  expect(outcome).toMatchObject({ code: exitCodes.diverged, stdout: '' });
  expectMessage(outcome.stderr.replace(/^update .*\n/gm, ''), /diverged at update \d+.*\n.*learningRate/s);
  const [, good] = /last good checkpoint is (\S+\.safetensors)/.exec(outcome.stderr) ?? [];
  expect(await cli('inspect', good)).toMatchObject({ code: 0 });
  const { sessions } = JSON.parse(readFileSync(join(folder.path, 'diverged', 'execution.json'), 'utf8')) as { sessions: object[] };
  expect(sessions).toMatchObject([{ ended: 'diverged' }]);
});

test('5: digest mismatch', async () => {
  const outcome = await cli('--config', 'tiny.json', '--output', 'unexpected', '--quiet', '--expect', '0'.repeat(64));
  expect(outcome.code).toBe(exitCodes.digestMismatch);
  expectMessage(outcome.stderr, /--expect 0{64}, trained [0-9a-f]{64}/);
});

test.each([
  ['SIGUSR2', exitCodes.stoppedByScheduler],
  ['SIGINT', exitCodes.interrupted],
  ['SIGTERM', exitCodes.terminated],
] as const)('%s: %d', async (signal, code) => {
  const args = ['--config', 'tiny.json', '--output', signal, '--set', 'training.updates=100000000', '--set', 'log.every.updates=100'];
  const child = startCli(args, { cwd: folder.path });
  const ended = outcomeOf(child);
  child.stderr?.once('data', () => child.kill(signal));
  expect(await ended).toMatchObject({ code, signal: null, stdout: '', stderr: expect.stringMatching(/to continue:\n {2}rbm-train --resume /) });
});

test('SIGHUP does not end who holds no terminal: nohup asks for that, and Node.js undoes it', async () => {
  const args = ['--config', 'tiny.json', '--output', 'nohup', '--set', 'training.updates=100000000', '--set', 'log.every.updates=100'];
  const child = startCli(args, { cwd: folder.path });
  const ended = outcomeOf(child);
  let lines = 0;
  child.stderr?.on('data', () => {
    lines++;
    if (lines === 1) child.kill('SIGHUP');
    if (lines === 20) child.kill('SIGTERM');
  });
  expect(await ended).toMatchObject({ code: exitCodes.terminated, stderr: expect.stringContaining('stopped by SIGTERM') });
});

test('a terminal that is closed: the run is saved, and ends as a hang-up does', async () => {
  // `script` makes a terminal; it is not everywhere.
  if (spawnSync('script', ['--version']).status !== 0) return;
  const status = join(folder.path, 'hang-up-status');
  const training = `'${process.execPath}' '${executable}' --config tiny.json --output hang-up --set training.updates=100000000`;
  // As shells do: it hands the hang-up on. It outlives its terminal, to tell how the training ended.
  const shell = `trap 'kill -HUP $!' HUP; ${training} & wait $!; wait $!; echo $? > '${status}'`;
  const terminal = spawn('script', ['-qfec', shell, '/dev/null'], { cwd: folder.path });
  terminal.stdout.once('data', () => setTimeout(() => terminal.kill('SIGKILL'), 500));
  for (let wait = 0; wait < 150 && !existsSync(status); wait++) await sleep(100);
  await sleep(50);
  expect(readFileSync(status, 'utf8')).toBe(`${exitCodes.hungUp}\n`);
  expect(readFileSync(join(folder.path, 'hang-up', 'execution.json'), 'utf8')).toContain('"ended": "stopped"');
}, 30_000);

test('the reader of a pipe may go away', async () => {
  const child = startCli(['sample', 'ok', '--count', '100000', '--steps', '0'], { cwd: folder.path });
  child.stdout?.once('data', () => child.stdout?.destroy());
  let stderr = '';
  child.stderr?.on('data', (text: string) => (stderr += String(text)));
  const code = await new Promise((resolve) => {
    child.on('exit', resolve);
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
