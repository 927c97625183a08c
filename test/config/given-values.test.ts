/** Values put over a config with a place of their own: as `--set` puts them, reported where they stand. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { keyProblem, type LoadedConfig, namedPlace, parseConfig, type Place } from '../../src/config/index.js';
import { errorOf, good, keys, outcomeOf, parse } from './helpers.js';

type Values = Readonly<Record<string, unknown>>;

/** The config with values put over it; relative paths are resolved against the folder of the config. */
function over(text: string, values: Values, place: Place = namedPlace('task 3')): LoadedConfig {
  const set = Object.entries(values).map(([key, value]) => ({ key, value, place }));
  return parseConfig(keys, { text, file: 'run.json', directory: '/configs', workingDirectory: '/configs', set });
}

/** A place in another file, as one that was loaded has it: the text of line 2, columns 7 to 8. */
const elsewhere: Place = { source: { kind: 'file', name: 'sweep.json', text: '{\n "k": 50\n}', folder: '/sweeps', order: 0 }, start: 8, end: 10 };

describe('a value', () => {
  test.each<[string, unknown]>([
    ['training.epochs', 5],
    ['training.batchSize', 'full'],
    ['training.learningRate', { schedule: 'inverse', initial: 1, horizon: { epochs: 2 } }],
    ['checkpoint.every.updates', 5],
    ['data.shape', [2, 3]],
    ['checkpoint.best', false],
    ['seed', 'a=b'],
  ])('%s: %j', (key, value) => {
    expect(over(good, { [key]: value }).config).toHaveProperty(key, value);
  });

  test('is where it says; a text is a text, and a path is relative to the working folder', () => {
    const loaded = over(good, { 'training.k': 50, output: '[1', seed: '5' }, elsewhere);
    expect(loaded.config).toMatchObject({ output: '/configs/[1', seed: '5', training: { k: 50 } });
    expect(loaded.locate('training.k')).toBe('sweep.json:2:7');
    expect(loaded.frame('training.k')).toBe('  2 |  "k": 50\n    |       ^^');
    expect(loaded.locate('training.epochs')).toMatch(/^run\.json:1:/);
    expect(over(good, { 'training.k': 2 }).locate('training.k')).toBe('task 3');
    expect(over(good, { 'training.k': 2 }).frame('training.k')).toBeUndefined();
  });

  test('drops its rivals and what it makes inapplicable, as --set does', () => {
    const sml = '{data: {source: "bars"}, training: {algorithm: "sml", k: 5, chains: 100, epochs: 3}}';
    const values = { 'training.algorithm': 'exact', 'training.updates': 7 };
    for (const place of [namedPlace('task'), elsewhere]) {
      expect(over(sml, values, place).config).toEqual(parse(sml, ['training.algorithm=exact', 'training.updates=7']).config);
    }
  });

  test('goes together with --set; the later one of a key wins', () => {
    const set = ['training.k=2', { key: 'training.k', value: 3, place: elsewhere }, 'training.batchSize=4'];
    const loaded = parseConfig(keys, { text: good, file: 'run.json', directory: '/', workingDirectory: '/', set });
    expect(loaded.config.training).toMatchObject({ k: 3, batchSize: 4 });
  });
});

describe('what is wrong is reported at its place', () => {
  test.each<[string, unknown, string]>([
    ['training.k', 0, 'sweep.json:2:7: training.k: expected an integer ≥ 1; found 0'],
    ['training.k', '5', 'sweep.json:2:7: training.k: expected an integer ≥ 1; found the string "5"; remove the quotes'],
    ['training.k', null, 'sweep.json:2:7: training.k: has no value (null); leave the key out'],
    ['training.kk', 5, 'sweep.json:2:7: training.kk: unknown key; valid here: algorithm, k, chains, epochs, updates, batchSize, learningRate, weightDecay'],
    ['k', 5, 'sweep.json:2:7: k: unknown key here; did you mean "training.k"?'],
    ['training.k.x', 5, 'sweep.json:2:7: training.k has no keys of its own; it is an integer ≥ 1'],
    ['training.chains', 5, 'sweep.json:2:7: training.chains: applies only with training.algorithm "sml"; here algorithm is "cd"; remove the key'],
    ['', 5, 'sweep.json:2:7: "": unknown key; valid here: $schema, seed, output, data, training, checkpoint'],
    ['seed', 2 ** 60, `sweep.json:2:7: seed: ${2 ** 60} can't be told from its neighbours as a number; put it in quotes`],
    ['data.shape', [1, 0], 'sweep.json:2:7: data.shape[1]: expected an integer ≥ 1; found 0'],
  ])('%s: %j', (key, value, message) => {
    const error = errorOf(() => over(good, { [key]: value }, elsewhere));
    expect(error).toMatchObject({ code: 'usage', message, frame: '  2 |  "k": 50\n    |       ^^' });
    // A place without a text is a name.
    expect(errorOf(() => over(good, { [key]: value })).message).toBe(message.replace('sweep.json:2:7', 'task 3'));
  });

  test('after the problems of the config itself', () => {
    const message = errorOf(() => over(good.replace('3', '-3'), { 'training.k': 0 }, elsewhere)).message;
    expect(message.split('\n').filter((line) => /^\S/.test(line)).map((line) => line.slice(0, 10))).toEqual(['run.json:1', 'sweep.json', '2 problems']);
  });

  test('without what steers a terminal', () => {
    expect(errorOf(() => over(good, { 'training.k': 0 }, namedPlace('\u001b[31mtask'))).message).toMatch(/^\\u001b\[31mtask: training\.k: /);
  });
});

test('the same config as with the value in the file', () => {
  const value = fc.oneof(
    fc.integer({ min: -1, max: 5 }),
    fc.constantFrom<unknown>('full', 'a/b', true, null, [2, 3], [1], {}, { l2: 1 }, { l1: 1 }, { epochs: 1 }, { updates: 2, epochs: 1 }, { seconds: 2 }, { count: 3 }, { schedule: 'inverse', initial: 1, horizon: { epochs: 2 } }),
  );
  const key = fc.constantFrom('seed', 'output', 'data.shape', 'data.width', 'data.validation', 'training.k', 'training.batchSize', 'training.learningRate', 'training.weightDecay', 'checkpoint.every', 'checkpoint.best', 'training.chains', 'training.unknown');
  let valid = 0;
  fc.assert(
    fc.property(key, value, (name, given) => {
      const written = JSON.parse(good) as Record<string, Record<string, unknown>>;
      const [section, inner] = name.split('.');
      if (inner === undefined) (written as Values & Record<string, unknown>)[section] = given;
      else written[section] = { ...written[section], [inner]: given };
      const outcome = (action: () => LoadedConfig): string => {
        let text = '';
        const failure = outcomeOf(() => (text = JSON.stringify(action().config)));
        return failure === 'ok' ? text : 'refused';
      };
      const expected = outcome(() => parse(JSON.stringify(written)));
      if (expected !== 'refused') valid++;
      expect(outcome(() => over(good, { [name]: given }))).toBe(expected);
      expect(outcome(() => over(good, { [name]: given }, elsewhere))).toBe(expected);
    }),
    { seed: 3, numRuns: 500 },
  );
  expect(valid).toBeGreaterThan(50);
});

test('whether a key exists', () => {
  expect(keyProblem(keys, 'training.k')).toBeUndefined();
  expect(keyProblem(keys, 'training')).toBeUndefined();
  expect(keyProblem(keys, 'trainig.k')).toBe('trainig: unknown key; did you mean "training"?');
});
