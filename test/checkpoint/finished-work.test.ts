/** Finished work in the cache folder: it comes back bit for bit, or not at all. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { openFinishedWork } from '../../src/checkpoint/finished-work.js';
import { temporaryFolder } from '../cli/support/run-cli.js';
import { firstDifference } from '../kernels/support.js';

const folder = temporaryFolder();
const cache = join(folder.path, 'rbm-train');
const folderBefore = process.env.XDG_CACHE_HOME;
beforeAll(() => {
  process.env.XDG_CACHE_HOME = folder.path;
});
afterAll(() => {
  if (folderBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = folderBefore;
  folder.remove();
});
beforeEach(() => rmSync(cache, { recursive: true, force: true }));

const values = Float64Array.from([1, -0, 5e-324, -1e308, NaN, Infinity, 0.1]);

/** Keeps some work; returns its file. */
function keep(key: string): string {
  const work = openFinishedWork(key);
  expect(work.isContinued).toBe(false);
  work.set('a', values.subarray(2, 4));
  work.set('first', values);
  work.set('a', values.subarray(1));
  work.set('none', new Float64Array(0));
  const before = existsSync(cache) ? readdirSync(cache) : [];
  work.save();
  const [file, ...others] = readdirSync(cache).filter((name) => !before.includes(name));
  expect(others).toEqual([]);
  return join(cache, file);
}

test('comes back bit for bit, and is gone once removed', () => {
  const file = keep('one');
  const work = openFinishedWork('one');
  expect(work.isContinued).toBe(true);
  expect(firstDifference(work.get('first')!, values)).toBeUndefined();
  expect(firstDifference(work.get('a')!, values.subarray(1))).toBeUndefined();
  expect(work.get('none')).toEqual(new Float64Array(0));
  expect(work.get('other')).toBeUndefined();
  work.remove();
  work.remove();
  expect(existsSync(file)).toBe(false);
  expect(openFinishedWork('one').isContinued).toBe(false);
});

test('of another computation counts for nothing, also under the name of this one', () => {
  const [one, two] = [keep('one'), keep('two')];
  expect(one).not.toBe(two);
  const files = readdirSync(cache).map((name) => readFileSync(join(cache, name)));
  for (const [index, name] of readdirSync(cache).entries()) writeFileSync(join(cache, name), files[1 - index]);
  expect(openFinishedWork('one').isContinued).toBe(false);
  expect(openFinishedWork('two').isContinued).toBe(false);
});

test('damaged in any way counts for nothing', () => {
  const file = keep('one');
  const whole = readFileSync(file);
  const isContinuedWith = (bytes: Uint8Array): boolean => {
    writeFileSync(file, bytes);
    return openFinishedWork('one').isContinued;
  };
  expect(isContinuedWith(whole)).toBe(true);
  for (let byte = 0; byte < whole.length; byte++) {
    const damaged = Buffer.from(whole);
    damaged[byte] ^= 0x10;
    expect([byte, isContinuedWith(damaged)]).toEqual([byte, false]);
  }
  for (const length of [0, 1, 31, 32, 33, whole.length - 8, whole.length - 1]) expect(isContinuedWith(whole.subarray(0, length))).toBe(false);
  expect(isContinuedWith(Buffer.concat([whole, Buffer.alloc(8)]))).toBe(false);
  rmSync(file);
  mkdirSync(file);
  expect(openFinishedWork('one').isContinued).toBe(false);
});

test('is written by itself where the last time is long ago', () => {
  const work = openFinishedWork('one', 0);
  work.set('a', values);
  expect(firstDifference(openFinishedWork('one').get('a')!, values)).toBeUndefined();
});

test('a folder that can’t be written is nobody’s trouble', () => {
  writeFileSync(cache, 'not a folder');
  const work = openFinishedWork('one', 0);
  work.set('a', values);
  work.remove();
  expect(work.get('a')).toBe(values);
  expect(openFinishedWork('one').isContinued).toBe(false);
});

test('that nobody has gone on with for a month is removed when other work is opened', () => {
  const [old, recent] = [keep('one'), keep('two')];
  const other = join(cache, 'mnist.bin');
  writeFileSync(other, '');
  const days = (count: number): number => Date.now() / 1000 - 86_400 * count;
  utimesSync(old, days(31), days(31));
  utimesSync(other, days(31), days(31));
  utimesSync(recent, days(29), days(29));
  openFinishedWork('three');
  expect([old, recent, other].map((file) => existsSync(file))).toEqual([false, true, true]);
});
