/** The manifest: what is written is read again, is the same bytes for the same sweep, and is never replaced by another. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { numericsVersion } from '../../src/kernels/index.js';
import { hasManifest, manifestPath, placeOf, portablePath, readManifest, taskId, trainingManifest, writeManifest, type TrainingManifest } from '../../src/sweep/manifest.js';
import { temporaryFolder } from '../cli/support/run-cli.js';

const folder = temporaryFolder();
afterAll(folder.remove);
let count = 0;
const newDirectory = (): string => join(folder.path, String(count++));

const id = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 24, maxLength: 24 }).map((digits) => digits.join(''));
// A key that JSON.parse and assignment treat alike.
const key = fc.oneof(fc.string(), fc.constantFrom('tasks', 'varied', ',"varied":', 'training.k')).filter((text) => text !== '__proto__');
// JSON has no -0.
const value = fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0), fc.array(fc.integer(), { maxLength: 3 }));
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('],"varied":[', '\n', '"'));
const manifests = fc
  .record({
    bases: fc.array(fc.record({ name: text, folder: text, text }), { minLength: 1, maxLength: 3 }),
    varied: fc.array(fc.oneof(text, key), { maxLength: 3 }),
    results: text,
    tasks: fc.array(fc.record({ id, base: fc.constant(0), values: fc.dictionary(key, value, { maxKeys: 4 }), updates: fc.nat(), figures: text }), { maxLength: 5 }),
  })
  .map(trainingManifest);

test('what is written is read again; a second time changes nothing', () => {
  fc.assert(
    fc.property(manifests, (manifest) => {
      const directory = newDirectory();
      expect(hasManifest(directory)).toBe(false);
      expect(writeManifest(directory, manifest)).toBe(true);
      expect(hasManifest(directory)).toBe(true);
      // Dictionaries of fast-check have no prototype.
      expect(readManifest(directory)).toEqual(JSON.parse(JSON.stringify(manifest)));
      const lines = readFileSync(manifestPath(directory), 'utf8').split('\n');
      expect(lines).toHaveLength(manifest.tasks.length === 0 ? 4 : manifest.tasks.length + 3);
      for (const [index, task] of manifest.tasks.entries()) expect(JSON.parse(lines[index + 1].replace(/,$/, ''))).toEqual(JSON.parse(JSON.stringify(task)));
      expect(writeManifest(directory, manifest)).toBe(false);
    }),
    { seed: 1, numRuns: 60 },
  );
});

const one: TrainingManifest = trainingManifest({
  bases: [{ name: 'a.json', folder: '..', text: '{}' }],
  varied: ['training.k'],
  results: 'tasks',
  tasks: [1, 2].map((k) => ({ id: String(k).repeat(24), base: 0, values: { 'training.k': k, seed: 'a' }, updates: 10, figures: 'f' })),
});

test('its bytes: keys in order, one task to a line, no spaces', () => {
  const directory = newDirectory();
  writeManifest(directory, one);
  expect(readFileSync(manifestPath(directory), 'utf8')).toBe(
    `{"bases":[{"folder":"..","name":"a.json","text":"{}"}],"format":"rbm-train sweep 1","kind":"training","numericsVersion":${numericsVersion},"results":"tasks","tasks":[\n` +
      `{"base":0,"figures":"f","id":"${'1'.repeat(24)}","updates":10,"values":{"seed":"a","training.k":1}},\n` +
      `{"base":0,"figures":"f","id":"${'2'.repeat(24)}","updates":10,"values":{"seed":"a","training.k":2}}\n` +
      '],"varied":["training.k"]}\n',
  );
});

test('another sweep is refused the directory, and told how the two differ', () => {
  const directory = newDirectory();
  writeManifest(directory, one);
  const before = readFileSync(manifestPath(directory));
  const third = { ...one.tasks[0], id: '3'.repeat(24) };
  const refusal = (manifest: TrainingManifest): unknown => {
    try {
      return writeManifest(directory, manifest);
    } catch (error) {
      return error;
    }
  };
  expect(refusal({ ...one, tasks: [one.tasks[1], third, one.tasks[0]] })).toMatchObject({ code: 'usage', message: `${manifestPath(directory)}: is of another sweep: 2 tasks, of which 2 are among these 3`, hint: expect.stringContaining('--results') });
  expect(refusal({ ...one, numericsVersion: 0 })).toMatchObject({ code: 'usage', message: expect.stringContaining(`was planned with numerics version ${numericsVersion}; this is 0`) });
  expect(refusal({ ...one, results: '../shared' })).toMatchObject({ message: expect.stringContaining("has the same tasks, but other --results: tasks, not ../shared") });
  expect(refusal({ ...one, bases: [{ ...one.bases[0], text: '{ }' }] })).toMatchObject({ message: expect.stringContaining('has the same tasks, but the config files have changed, or lie elsewhere') });
  expect(readFileSync(manifestPath(directory))).toEqual(before);
  for (const damaged of [before.subarray(0, 100), '', 'null', '[]', JSON.stringify({ ...one, tasks: [null] })]) {
    writeFileSync(manifestPath(directory), damaged);
    expect(refusal(one)).toMatchObject({ code: 'usage', message: expect.stringContaining('is there, but damaged: ') });
  }
});

describe('one that can’t be used is refused with what is wrong', () => {
  const valid = JSON.stringify(one);
  test.each([
    ['cut short', valid.slice(0, 200), 'data', /: not a manifest: .*JSON/],
    ['empty', '', 'data', /not a manifest/],
    ['a list', '[]', 'data', /not an object/],
    ['of another format', valid.replace('sweep 1', 'sweep 2'), 'data', /its format is "rbm-train sweep 2", not rbm-train sweep 1/],
    ['of no format', '{}', 'data', /its format is not given/],
    ['of an unknown kind', valid.replace('"training"', '"other"'), 'data', /no kind that is known/],
    ['with a base that is none', valid.replace('"folder"', '"place"'), 'data', /its bases are damaged/],
    ['with an id that leads elsewhere', valid.replace('2'.repeat(24), '../'.repeat(8)), 'data', /task 1 is damaged/],
    ['with a task of no base', valid.replace('"base":0', '"base":1'), 'data', /task 0 is damaged/],
    ['without tasks', valid.replace('"tasks":', '"others":'), 'data', /no tasks/],
    ['of other numerics', valid.replace(`"numericsVersion":${numericsVersion}`, '"numericsVersion":99'), 'usage', /planned with numerics version 99; this is version \d+, which gives other bits/],
  ])('%s', (_name, content, code, message) => {
    const directory = newDirectory();
    mkdirSync(directory);
    writeFileSync(manifestPath(directory), content);
    expect(() => readManifest(directory)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message), hint: expect.stringMatching(/\w\.$/) }));
  });

  test('none at all', () => {
    expect(() => readManifest(newDirectory())).toThrow(expect.objectContaining({ code: 'usage', hint: 'Name the directory of a sweep; rbm-train sweep plan makes one.' }));
  });
});

test('the id of a task is a hash of all that decides its bytes', () => {
  const identity = { configHash: 'a', dataFingerprint: 'b', numericsVersion: 1, updates: 2, figures: 'c' };
  const canonical = '{"configHash":"a","dataFingerprint":"b","figures":"c","numericsVersion":1,"updates":2}';
  expect(taskId(identity)).toBe(createHash('sha256').update(canonical).digest('hex').slice(0, 24));
  const others = [{ configHash: 'x' }, { dataFingerprint: 'x' }, { numericsVersion: 2 }, { updates: 3 }, { figures: 'x' }].map((change) => taskId({ ...identity, ...change }));
  expect(new Set([taskId(identity), ...others]).size).toBe(6);
});

test('paths in it are relative to the directory, and come back', () => {
  expect(portablePath('/a/b', '/a/c/d')).toBe('../c/d');
  expect(portablePath('/a/b', '/a/b')).toBe('.');
  for (const path of ['/a/c/d', '/a/b', '/a/b/tasks', '/elsewhere']) expect(placeOf('/a/b', portablePath('/a/b', path))).toBe(path);
});
