/**
 * Threads as a user meets them: the options, long updates and signals, threads that die.
 *
 * A module that Node.js loads before the tool, in the process and in every thread of it, slows a thread down or ends it
 * at a given update; the tool itself knows nothing of it.
 */

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { executable, outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

/** How long a slowed-down update takes, and how long at most the process may take to notice what happens, in ms. */
const slow = 2000;
const prompt = 2000;
const updates = 30;

/**
 * MEDDLE_UPDATE: from this update on (0: from its start) thread 1 does as MEDDLE_HOW says, once. MEDDLE_STARTS: a file that
 * gets a line for every thread. When the process ends, it tells the longest time for which it served nothing.
 */
const meddle = `
const { isMainThread, workerData } = require('node:worker_threads');
const { appendFileSync, existsSync, writeFileSync, writeSync } = require('node:fs');
const { MEDDLE_UPDATE: update, MEDDLE_HOW: how, MEDDLE_STARTS: starts, MEDDLE_NOW: now } = process.env;

function sleep(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function act() {
  if (how === 'throw') throw new Error('killed by the test');
  if (how.startsWith('exit')) process.exit(Number(how.slice(5)));
  writeSync(2, 'waiting\\n');
  sleep(Number(how.slice(5)));
}

if (isMainThread && update) {
  let last;
  let longest = 0;
  const look = () => {
    const time = performance.now();
    longest = Math.max(longest, time - (last ?? time));
    last = time;
  };
  const write = process.stderr.write;
  process.stderr.write = function (text, ...others) {
    if (String(text).startsWith('update ' + update + '/')) {
      writeFileSync(now, '');
      last = performance.now();
      setInterval(look, 5).unref();
    }
    return write.call(this, text, ...others);
  };
  process.on('exit', () => {
    if (last === undefined) return;
    look();
    writeSync(2, 'longest pause ' + longest.toFixed(0) + ' ms\\n');
  });
}

if (!isMainThread && starts) appendFileSync(starts, 'thread ' + workerData.thread + '\\n');

if (!isMainThread && update && workerData.thread === 1) {
  if (update === '0') act();
  const { Instance } = WebAssembly;
  let done = false;
  const meddled = (call) => (...values) => {
    if (!done && existsSync(now)) {
      done = true;
      act();
    }
    return call(...values);
  };
  WebAssembly.Instance = function (module, imports) {
    const entries = Object.entries(new Instance(module, imports).exports);
    return { exports: Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'function' ? meddled(value) : value])) };
  };
}
`;

const config = `{
  seed: 'threads',
  data: { source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 4 } },
  model: { hiddenUnits: 4 },
  training: { algorithm: 'cd', k: 2, batchSize: 5, updates: ${updates}, learningRate: 0.1, momentum: 0.5 },
  evaluation: { every: { updates: 10 } },
  checkpoint: { every: { updates: 5 }, keep: 2 },
  log: { every: { updates: 1 } },
}`;

const folder = temporaryFolder();
afterAll(folder.remove);

const inFolder = (...names: string[]): string => join(folder.path, ...names);
const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path });
const contentOf = (...names: string[]): string => readFileSync(inFolder(...names), 'latin1');
const checkpointName = (update: number): string => `update-${String(update).padStart(13, '0')}.safetensors`;

function sessionsOf(run: string): Record<string, unknown>[] {
  return (JSON.parse(contentOf(run, 'execution.json')) as { sessions: Record<string, unknown>[] }).sessions;
}

function expectSameFiles(run: string): void {
  for (const file of ['result.json', 'metrics.jsonl', 'best.safetensors', `checkpoints/${checkpointName(updates)}`]) {
    expect({ file, same: contentOf(run, file) === contentOf('whole', file) }).toEqual({ file, same: true });
  }
}

/** What is meddled with; files of a name of their own tell when, and which threads were started. */
function meddling(id: string, { update, how }: { update?: number; how?: string } = {}): Record<string, string> {
  const now = inFolder(`${id}.now`);
  rmSync(now, { force: true });
  return {
    NODE_OPTIONS: `--require ${JSON.stringify(inFolder('meddle.cjs'))}`,
    MEDDLE_STARTS: inFolder(`${id}.starts`),
    MEDDLE_NOW: now,
    ...(how !== undefined && { MEDDLE_UPDATE: String(update), MEDDLE_HOW: how }),
  };
}

/** Number of threads that a meddled-with command has started. */
function startsOf(id: string): number {
  const file = inFolder(`${id}.starts`);
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').length : 0;
}

/** What is left of stderr without progress and what the meddling module tells. */
function messagesOf({ stderr }: RunOutcome): string {
  return stderr.replace(/^(update \d+\/|waiting$|longest pause).*\n/gm, '');
}

beforeAll(async () => {
  writeFileSync(inFolder('meddle.cjs'), meddle);
  writeFileSync(inFolder('run.json'), config);
  await cli('--config', 'run.json', '--output', 'whole', '--backend', 'reference', '--quiet');
});

describe('the options', () => {
  test.each([
    ['--threads', '0', 'execution.threads: expected an integer ≥ 1 and ≤ 256; found 0'],
    ['--threads', '-2', 'execution.threads: expected an integer ≥ 1 and ≤ 256; found -2'],
    ['--threads', '257', 'execution.threads: expected an integer ≥ 1 and ≤ 256; found 257'],
    ['--threads', '1.5', 'execution.threads: expected an integer ≥ 1 and ≤ 256; found 1.5'],
    ['--threads', 'x', 'execution.threads: expected an integer ≥ 1 and ≤ 256 or "auto"; found the string "x"'],
    ['--threads', '', '--threads has an empty value'],
    ['--backend', 'nonsense', 'execution.backend: expected "wasm" or "reference"; found the string "nonsense"'],
    ['--backend', '', '--backend has an empty value'],
  ])('%s %j is refused', async (option, value, message) => {
    const outcome = await cli('--config', 'run.json', '--output', 'refused', option, value);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toMatch(/^rbm-train: /);
    expect(outcome.stderr).toContain(message);
    expect(outcome.stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(inFolder('refused'))).toBe(false);
  });

  test.each([
    [['--threads', '3'], { backend: 'wasm', threads: 3 }, 3],
    [['--threads', '1'], { backend: 'wasm', threads: 1 }, 0],
    [['--threads', 'auto'], { backend: 'wasm', threads: 1 }, 0],
    [[], { backend: 'wasm', threads: 1 }, 0],
    [['--backend', 'reference', '--threads', '3'], { backend: 'reference', threads: 1 }, 0],
  ])('%j are used, and execution.json says so', async (options, used, starts) => {
    const run = `used${options.join('')}`;
    const outcome = await runCli(['--config', 'run.json', '--output', run, '--quiet', ...options], { cwd: folder.path, env: meddling(run) });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(sessionsOf(run)).toMatchObject([used]);
    expect(startsOf(run)).toBe(starts);
    expectSameFiles(run);
  });

  test('--dry-run starts no thread', async () => {
    const outcome = await runCli(['--config', 'run.json', '--output', 'dry', '--threads', '2', '--dry-run'], { cwd: folder.path, env: meddling('dry') });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(startsOf('dry')).toBe(0);
  });
});

describe('a command ends at once', () => {
  beforeAll(async () => {
    await cli('--config', 'run.json', '--output', 'two', '--threads', '2', '--quiet');
  });

  test.each([
    ['training', ['--config', 'run.json', '--output', 'leaves-nothing', '--threads', '2', '--quiet'], 2],
    ['verify', ['verify', 'two', '--quiet'], 2],
    ['evaluate', ['evaluate', 'two', '--quiet'], 0],
    ['sample', ['sample', 'two', '--count', '2', '--steps', '3', '--quiet'], 0],
    ['transform', ['transform', 'two', '--quiet'], 0],
  ])('when its result is there, and leaves no process behind: %s', async (id, args, starts) => {
    // A process group of its own: whatever it starts belongs to it.
    const child = spawn(process.execPath, [executable, ...args], {
      cwd: folder.path,
      env: { ...process.env, ...meddling(id) },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = 0;
    child.stdout.on('data', () => (printed = performance.now()));
    const outcome = await outcomeOf(child);
    expect(performance.now() - printed).toBeLessThan(prompt);
    expect(outcome).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(outcome.stdout).not.toBe('');
    expect(() => process.kill(-(child.pid as number), 0)).toThrow('ESRCH');
    expect(startsOf(id)).toBe(starts);
  });
});

describe('an update that takes long', () => {
  test('does not keep the process from serving others, and a stop waits for its end', async () => {
    const child = startCli(['--config', 'run.json', '--output', 'slow', '--threads', '2'], {
      cwd: folder.path,
      env: meddling('slow', { update: 12, how: `wait ${slow}` }),
    });
    const ended = outcomeOf(child);
    let asked = 0;
    child.stderr?.on('data', (text: string) => {
      if (asked > 0 || !/^waiting$/m.test(text)) return;
      asked = performance.now();
      child.kill('SIGTERM');
    });
    const outcome = await ended;
    expect(asked).toBeGreaterThan(0);
    expect(outcome).toMatchObject({ code: 143, signal: null, stdout: '' });
    expect(performance.now() - asked).toBeLessThan(slow + prompt);
    expect(messagesOf(outcome)).toBe('stopped by SIGTERM after update 13; to continue:\n  rbm-train --resume slow\n');
    expect(Number(/^longest pause (\d+) ms$/m.exec(outcome.stderr)?.[1])).toBeLessThan(slow / 2);
    expect(await cli('--resume', 'slow', '--threads', '3', '--quiet')).toMatchObject({ code: 0, stderr: '' });
    expectSameFiles('slow');
  });

  test('or for ever, ends at a second signal', async () => {
    const child = startCli(['--config', 'run.json', '--output', 'hanging', '--threads', '2'], {
      cwd: folder.path,
      env: meddling('hanging', { update: 12, how: 'wait 1000000' }),
    });
    const ended = outcomeOf(child);
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: string) => {
        if (/^waiting$/m.test(text)) resolve();
      });
    });
    child.kill('SIGTERM');
    // Sooner, it would count as the same signal.
    await sleep(400);
    const asked = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 143, signal: null, stdout: '' });
    expect(performance.now() - asked).toBeLessThan(prompt);
    expect(await cli('--resume', 'hanging', '--threads', '2', '--quiet')).toMatchObject({ code: 0, stderr: '' });
    expectSameFiles('hanging');
  });
});

describe('a thread that dies', () => {
  /** The evaluation after update 10 comes before its checkpoint. */
  test.each([
    { what: 'throws in a kernel', how: 'throw', update: 12, saved: [5, 10], says: 'a compute thread died: killed by the test' },
    { what: 'exits with 7', how: 'exit 7', update: 12, saved: [5, 10], says: 'a compute thread died with exit code 7' },
    { what: 'exits with 0', how: 'exit 0', update: 12, saved: [5, 10], says: 'a compute thread died with exit code 0' },
    { what: 'throws in an evaluation', how: 'throw', update: 10, saved: [0, 5], says: 'a compute thread died: killed by the test' },
    { what: 'throws when it starts', how: 'throw', update: 0, saved: [0], says: 'a compute thread died: killed by the test' },
    { what: 'exits when it starts', how: 'exit 3', update: 0, saved: [0], says: 'a compute thread died with exit code 3' },
  ])('ends the run, which can be continued: $what', async ({ how, update, saved, says }) => {
    const run = `died-${how.replace(' ', '-')}-${update}`;
    const started = performance.now();
    const outcome = await runCli(['--config', 'run.json', '--output', run, '--threads', '3'], { cwd: folder.path, env: meddling(run, { update, how }) });
    expect(performance.now() - started).toBeLessThan(10 * prompt);
    expect(outcome).toMatchObject({ code: 1, signal: null, stdout: '' });
    expect(messagesOf(outcome)).toBe(
      `rbm-train: ${says}, in update ${update}\n` +
        `Run it again: a training goes on from its last checkpoint (update ${saved.at(-1)}) with --resume. If it fails again, use --threads 1.\n`,
    );
    expect(readdirSync(inFolder(run, 'checkpoints')).toSorted()).toEqual(saved.map(checkpointName));
    expect(existsSync(inFolder(run, 'result.json'))).toBe(false);
    expect(sessionsOf(run)).toMatchObject([{ ended: 'failed', backend: 'wasm', threads: 3 }]);
    expect(await cli('--resume', run, '--threads', '2', '--quiet')).toMatchObject({ code: 0, stderr: '' });
    expect(sessionsOf(run)).toMatchObject([{ ended: 'failed' }, { ended: 'finished', fromUpdate: saved.at(-1), threads: 2 }]);
    expectSameFiles(run);
  });
});
