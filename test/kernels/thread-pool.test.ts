/**
 * The pool of threads: work in step, memory that grows under it, threads that die, and its end.
 *
 * Threads start from the built files (`npm run build`). Threads die in processes of their own, where a module that Node.js
 * loads into every thread ends one of them.
 */

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Kernels, loadKernels } from '../../src/kernels/index.js';
import { referenceKernels } from '../../src/kernels/reference/index.js';
import { createChains, gibbsSteps } from '../../src/sampling/gibbs.js';
import { temporaryFolder } from '../cli/support/run-cli.js';
import { binary, firstDifference, matrixOf, valuesOf } from './support.js';

const built = new URL('../../dist/kernels/index.js', import.meta.url).href;
const failure = 'ERR_COMPUTE_THREAD';
/** No process here has work for longer, in milliseconds. */
const timeLimit = 20_000;

async function load(threads: number): Promise<Kernels> {
  const { loadKernels: loadBuilt } = (await import(built)) as { loadKernels: typeof loadKernels };
  return loadBuilt('wasm', { threads });
}

/** Numbers from −1 to 1. */
function numbers(length: number): Float64Array {
  return Float64Array.from({ length }, (_, index) => ((index * 37) % 101) / 50 - 1);
}

/** Visible states of Gibbs chains. Every state depends on all of the other layer's: a thread that runs ahead changes them. */
async function chainsAfter(kernels: Kernels, batches: readonly number[], rows: number, n: number, m: number): Promise<Uint32Array> {
  const model = kernels.createModel(n, m);
  model.weights.writeRows(0, numbers(n * m));
  const chains = createChains(kernels, model, rows);
  for (const [update, steps] of batches.entries()) {
    gibbsSteps(kernels, model, chains, rows, steps, { key: { k0: 1, k1: 2 }, update, step: 0, row: 0 });
    await kernels.finish();
  }
  const states = binary(chains.visible).words.slice();
  kernels.release(model, chains.visible, chains.hidden);
  return states;
}

/** What a piece of work comes to: undefined, or the code of its error. */
async function codeOf(work: Promise<unknown> | undefined): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe.each([1, 2, 3, 5])('%i threads in step', (threads) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await load(threads);
  });
  afterAll(() => kernels.close());

  test('are as many as were asked for', () => {
    expect(kernels).toMatchObject({ threads, name: 'wasm' });
  });

  test('see the whole of what the command before made, however many there are to a batch', async () => {
    const steps = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
    const units = fc.integer({ min: 1, max: 40 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 20 }), units, units, async (batches, rows, n, m) => {
        const expected = await chainsAfter(referenceKernels, batches, rows, n, m);
        expect(firstDifference(await chainsAfter(kernels, batches, rows, n, m), expected)).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });

  test('work on memory that grows after they have started', async () => {
    const [rows, columns] = [60_000, 40];
    const early = matrixOf(kernels, 1, columns, numbers(columns));
    kernels.bernoulliMeans(early, 1);
    await kernels.finish();
    const matrix = kernels.createMatrix(rows, columns);
    matrix.writeRows(rows - 1, numbers(columns));
    kernels.bernoulliMeans(matrix, rows);
    await kernels.finish();
    const row = new Float64Array(columns);
    matrix.readRows(rows - 1, row);
    expect(firstDifference(row, valuesOf(early))).toBeUndefined();
    matrix.readRows(rows - 2, row);
    expect(firstDifference(row, new Float64Array(columns).fill(0.5))).toBeUndefined();
    kernels.release(early, matrix);
  });
});

test('threads wake up after a long sleep', async () => {
  const kernels = await load(3);
  for (let round = 0; round < 2; round++) {
    const matrix = matrixOf(kernels, 20, 20, new Float64Array(400));
    kernels.bernoulliMeans(matrix, 20);
    await kernels.finish();
    expect(firstDifference(valuesOf(matrix), new Float64Array(400).fill(0.5))).toBeUndefined();
    // Longer than they sleep without looking around.
    if (round === 0) await sleep(1100);
  }
  await kernels.close();
});

describe('the end', () => {
  test('may come before any work, and twice', async () => {
    const kernels = await load(3);
    expect(kernels.finish()).toBeUndefined();
    await Promise.all([kernels.close(), kernels.close()]);
    await kernels.close();
  });

  test('is the end: kernels asked for afterwards are refused, each time', async () => {
    for (const work of [false, true]) {
      const kernels = await load(2);
      const matrix = matrixOf(kernels, 2, 2, numbers(4));
      if (work) {
        kernels.bernoulliMeans(matrix, 2);
        await kernels.finish();
      }
      await kernels.close();
      for (let call = 0; call < 3; call++) {
        kernels.bernoulliMeans(matrix, 2);
        expect(await codeOf(kernels.finish())).toBe(failure);
      }
    }
  });

  test('while threads are at work does not hang', async () => {
    const kernels = await load(2);
    const matrix = kernels.createMatrix(20_000, 40);
    for (let index = 0; index < 30; index++) kernels.bernoulliMeans(matrix, 20_000);
    const pending = codeOf(kernels.finish());
    await kernels.close();
    expect([undefined, failure]).toContain(await pending);
  });

  test('of one pool is not that of another', async () => {
    const [first, second] = await Promise.all([load(2), load(2)]);
    const [left, right] = [first, second].map((kernels) => matrixOf(kernels, 1, 1, new Float64Array(1)));
    first.bernoulliMeans(left, 1);
    second.bernoulliMeans(right, 1);
    await Promise.all([first.finish(), second.finish()]);
    expect([valuesOf(left)[0], valuesOf(right)[0]]).toEqual([0.5, 0.5]);
    await first.close();
    right.writeRows(0, new Float64Array(1));
    second.bernoulliMeans(right, 1);
    await second.finish();
    expect(valuesOf(right)[0]).toBe(0.5);
    await second.close();
  });
});

/** Thread 1 of 3 ends as DIE_HOW says: when it starts (call 0), or in its n-th kernel. */
const preload = `
const { isMainThread, workerData } = require('node:worker_threads');
const { DIE_HOW: how, DIE_CALL: call } = process.env;
function die() {
  if (how === 'exit') process.exit(0);
  throw how === 'no error' ? 'a text' : new Error('killed by the test');
}
if (!isMainThread && how && workerData.thread === 1) {
  if (call === '0') die();
  const { Instance } = WebAssembly;
  let calls = 0;
  const mortal = (kernel) => (...values) => (++calls === Number(call) ? die() : kernel(...values));
  WebAssembly.Instance = function (module, imports) {
    const entries = Object.entries(new Instance(module, imports).exports);
    return { exports: Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'function' ? mortal(value) : value])) };
  };
}
`;

/** Asks for one kernel at a time, and prints how each ended. */
const script = `
import { loadKernels } from ${JSON.stringify(built)};
const kernels = await loadKernels('wasm', { threads: 3 });
const matrix = kernels.createMatrix(50, 30);
const outcomes = [];
for (let call = 0; call < 4; call++) {
  kernels.bernoulliMeans(matrix, 50);
  try {
    await kernels.finish();
    outcomes.push('done');
  } catch (error) {
    outcomes.push(error.code);
    outcomes.message ??= error.message;
  }
}
console.log(JSON.stringify({ outcomes, message: outcomes.message }));
if (process.env.CLOSE) await Promise.all([kernels.close(), kernels.close()]);
`;

/** Measures what idle threads cost, in milliseconds of CPU time over 600. */
const idleScript = `
import { loadKernels } from ${JSON.stringify(built)};
const kernels = await loadKernels('wasm', { threads: 3 });
const matrix = kernels.createMatrix(50, 30);
kernels.bernoulliMeans(matrix, 50);
await kernels.finish();
await new Promise((resolve) => setTimeout(resolve, 100));
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, 600));
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1000);
await kernels.close();
`;

describe('in a process of their own, threads', () => {
  const folder = temporaryFolder();
  afterAll(folder.remove);
  const files = { preload: join(folder.path, 'preload.cjs'), script: join(folder.path, 'script.mjs'), idle: join(folder.path, 'idle.mjs') };
  beforeAll(() => {
    writeFileSync(files.preload, preload);
    writeFileSync(files.script, script);
    writeFileSync(files.idle, idleScript);
  });

  /** What a script prints; fails where it does not end with 0, or prints errors. */
  async function run(file: string, env: Record<string, string> = {}, flags: readonly string[] = []): Promise<string> {
    const loadPreload = `--require ${JSON.stringify(files.preload)}`;
    const options = { env: { ...process.env, NODE_OPTIONS: loadPreload, ...env }, timeout: timeLimit };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, file], options);
    expect(stderr).toBe('');
    return stdout;
  }

  test.each([
    { how: 'throw', call: 0, done: 0, message: 'a compute thread died: killed by the test' },
    { how: 'exit', call: 0, done: 0, message: 'a compute thread died with exit code 0' },
    { how: 'throw', call: 1, done: 0, message: 'a compute thread died: killed by the test' },
    { how: 'exit', call: 3, done: 2, message: 'a compute thread died with exit code 0' },
    { how: 'no error', call: 3, done: 2, message: 'a compute thread died: a text' },
  ])('that die ($how in kernel $call) make this and every later finish fail', async ({ how, call, done, message }) => {
    for (const close of ['', 'yes']) {
      const outcome = JSON.parse(await run(files.script, { DIE_HOW: how, DIE_CALL: String(call), CLOSE: close })) as object;
      expect(outcome).toEqual({ outcomes: Array.from({ length: 4 }, (_, index) => (index < done ? 'done' : failure)), message });
    }
  });

  test('don’t keep the process alive, closed or not', async () => {
    for (const close of ['', 'yes']) {
      expect(JSON.parse(await run(files.script, { CLOSE: close }))).toEqual({ outcomes: Array.from({ length: 4 }, () => 'done') });
    }
  });

  test('work where memory accesses are checked one by one, too', async () => {
    expect(JSON.parse(await run(files.script, {}, ['--wasm-enforce-bounds-checks']))).toMatchObject({ outcomes: ['done', 'done', 'done', 'done'] });
  });

  test('without work take no time', async () => {
    expect(Number(await run(files.idle))).toBeLessThan(200);
  });
});
