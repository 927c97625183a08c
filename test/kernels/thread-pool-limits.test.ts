/** Limits and ends of kernels with threads: several at once, many commands, exhausted memory, death. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { errorText } from '../../src/cli/main.js';
import type { Kernels, loadKernels } from '../../src/kernels/index.js';
import { referenceKernels } from '../../src/kernels/reference/index.js';
import { KernelMemory } from '../../src/kernels/wasm/memory.js';
import { createChains, fillWithNoise, gibbsSteps } from '../../src/sampling/gibbs.js';
import { binary, firstDifference } from './support.js';

const built = new URL('../../dist/kernels/index.js', import.meta.url).href;

async function load(threads: number): Promise<Kernels> {
  const { loadKernels: loadBuilt } = (await import(built)) as { loadKernels: typeof loadKernels };
  return loadBuilt('wasm', { threads });
}

async function chainsAfter(kernels: Kernels, steps: number): Promise<Uint32Array> {
  const model = kernels.createModel(13, 5);
  model.weights.writeRows(0, Float64Array.from({ length: 65 }, (_, index) => ((index * 37) % 101) / 50 - 1));
  const chains = createChains(kernels, model, 3);
  await gibbsSteps(kernels, model, chains, 3, steps, { key: { k0: 1, k1: 2 }, update: 0, step: 0, row: 0 });
  await kernels.finish();
  return binary(chains.visible).words.slice();
}

test('a memory knows its own views after another memory has grown', () => {
  const first = new KernelMemory();
  const second = new KernelMemory();
  second.allocate(1_000_000);
  expect(first.holds(first.uint32(first.allocate(64), 16))).toBe(true);
});

test('two pools at a time give the right states', async () => {
  const expected = await chainsAfter(referenceKernels, 5);
  const pools = [await load(2), await load(3)];
  try {
    for (const kernels of pools) expect(firstDifference(await chainsAfter(kernels, 5), expected)).toBeUndefined();
  } finally {
    await Promise.all(pools.map((kernels) => kernels.close()));
  }
});

test('a batch may have any number of commands', async () => {
  const expected = await chainsAfter(referenceKernels, 1000);
  const kernels = await load(2);
  try {
    expect(firstDifference(await chainsAfter(kernels, 1000), expected)).toBeUndefined();
  } finally {
    await kernels.close();
  }
});

test('after the end, every kernel is refused with the same code, and finish alone is, too', async () => {
  const kernels = await load(2);
  const matrix = kernels.createMatrix(1, 1);
  await kernels.close();
  await expect(Promise.resolve(kernels.finish())).rejects.toMatchObject({ code: 'ERR_COMPUTE_THREAD' });
  for (let call = 0; call < 2000; call++) {
    kernels.bernoulliMeans(matrix, 1);
    await expect(kernels.finish()).rejects.toMatchObject({ code: 'ERR_COMPUTE_THREAD' });
  }
});

test('noise for any number of chains', async () => {
  const kernels = await load(2);
  try {
    const states = kernels.createStates(200_000, 4);
    await fillWithNoise(kernels, kernels.createModel(4, 1), states, { k0: 1, k1: 2 });
    const expected = referenceKernels.createStates(200_000, 4);
    await fillWithNoise(referenceKernels, referenceKernels.createModel(4, 1), expected, { k0: 1, k1: 2 });
    expect(Buffer.compare(Buffer.from(states.words.slice().buffer), Buffer.from(expected.words.buffer))).toBe(0);
  } finally {
    await kernels.close();
  }
});

test('exhausted kernel memory is no internal error', () => {
  let error: unknown;
  try {
    new KernelMemory().allocateUnset(2 ** 33);
  } catch (thrown) {
    error = thrown;
  }
  expect(errorText(error, false, false)).toMatch(/^rbm-train: .*memory/);
  expect(errorText(error, false, false)).not.toContain('internal error');
});

test('threads start in a process that runs code from its command line', async () => {
  const code = `
    import { loadKernels } from ${JSON.stringify(built)};
    const kernels = await loadKernels('wasm', { threads: 2 });
    kernels.bernoulliMeans(kernels.createMatrix(1, 1), 1);
    await kernels.finish();
    await kernels.close();
  `;
  await expect(promisify(execFile)(process.execPath, ['--input-type=module', '-e', code])).resolves.toMatchObject({ stderr: '' });
});
