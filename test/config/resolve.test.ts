/** Validation, defaults, and reports of every problem in one go. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { configKeys } from '../../src/run/config-schema.js';
import type { SchemaKey } from '../../src/config/schema.js';
import { config, errorOf, good, keys, messageOf, outcomeOf, parse } from './helpers.js';

describe('defaults', () => {
  test('are filled in, one row of a shared name, objects that need no key included', () => {
    expect(config(good)).toEqual({
      seed: '1',
      data: { source: 'bars', width: 4 },
      training: { algorithm: 'cd', k: 1, epochs: 3, batchSize: 100, learningRate: 0.05, weightDecay: { l2: 0 } },
      checkpoint: { every: { seconds: 30 }, best: true },
    });
    expect(config('{data: {source: "shifter"}, training: {algorithm: "exact", updates: 0}}')).toMatchObject({ data: { source: 'shifter', width: 8 } });
  });

  test('a key whose condition does not hold gets none', () => {
    expect(config('{data: {source: "bars"}, training: {algorithm: "exact", epochs: 1}}').training).not.toHaveProperty('k');
  });

  test('a key that applies also where its controlling key is left out gets one there, and not with other values', () => {
    const table: SchemaKey[] = [
      { name: 'rule', meaning: 'x', type: { kind: 'choice', values: ['a', 'b', 'c'] } },
      { name: 'size', meaning: 'x', type: { kind: 'number' }, default: 1, onlyWith: { key: 'rule', values: ['a', 'b'], orAbsent: true } },
    ];
    const of = (text: string) => parse(text, [], 'a.json', table).config;
    expect(of('{}')).toEqual({ size: 1 });
    expect(of('{size: 2}')).toEqual({ size: 2 });
    expect(of('{rule: "b"}')).toEqual({ rule: 'b', size: 1 });
    expect(of('{rule: "c"}')).toEqual({ rule: 'c' });
    expect(errorOf(() => of('{rule: "c", size: 2}')).message).toContain('applies only with rule "a" or "b"; here rule is "c"');
  });

  test('an object that is given keeps what is given, however little', () => {
    expect(config('{data: {source: "bars", validation: {}}, training: {algorithm: "cd", epochs: 1}}')).toHaveProperty('data.validation', {});
  });

  test('an optional object that needs a key stays absent', () => {
    const table: SchemaKey[] = [
      { name: 'one', meaning: 'x', type: { kind: 'object', keys: [{ name: 'a', meaning: 'a', type: { kind: 'string' }, required: true }, { name: 'b', meaning: 'b', type: { kind: 'boolean' }, default: true }] } },
      { name: 'two', meaning: 'x', type: { kind: 'object', exactlyOneOf: ['a', 'b'], keys: [{ name: 'a', meaning: 'a', type: { kind: 'string' } }, { name: 'b', meaning: 'b', type: { kind: 'boolean' } }] } },
      { name: 'three', meaning: 'x', type: { kind: 'object', exactlyOneOf: ['a', 'b'], keys: [{ name: 'a', meaning: 'a', type: { kind: 'string' }, default: 'x' }, { name: 'b', meaning: 'b', type: { kind: 'boolean' } }] } },
    ];
    expect(parse('{}', [], 'a.json', table).config).toEqual({ three: { a: 'x' } });
    expect(parse('{three: {b: false}}', [], 'a.json', table).config).toEqual({ three: { b: false } });
  });

  test('of the real table all hold: a resolved config resolves to itself', () => {
    for (const algorithm of ['cd', 'exact']) {
      const text = JSON.stringify({ data: { source: 'mnist' }, model: { hiddenUnits: 20 }, training: { algorithm, epochs: 2 } });
      const resolved = parse(text, [], 'run.json', configKeys).config;
      expect(parse(JSON.stringify(resolved), [], 'run.json', configKeys).config).toEqual(resolved);
    }
  });
});

describe('values', () => {
  test('paths are relative to the folder of the file', () => {
    const text = '{output: "../runs/x", data: {source: "file", path: "d.npy"}, training: {algorithm: "cd", epochs: 1}}';
    expect(config(text)).toMatchObject({ output: '/runs/x', data: { path: '/configs/d.npy' } });
    expect(config(text.replace('d.npy', '/abs/d.npy'))).toHaveProperty('data.path', '/abs/d.npy');
  });

  test('a seed is a string, and $schema is dropped', () => {
    expect(config(good.replace('{', '{"seed": 42, "$schema": "x.json", '))).toMatchObject({ seed: '42' });
    expect(config(good.replace('{', '{"seed": "042", "$schema": "x.json", '))).toMatchObject({ seed: '042' });
    expect(config(good.replace('{', '{"$schema": "x.json", '))).not.toHaveProperty('$schema');
  });

  test('a byte order mark is no part of the config', () => {
    expect(config(`\uFEFF${good}`)).toEqual(config(good));
  });
});

/** The good config with a piece added to its training section. */
function training(piece: string): string {
  return `{data: {source: "bars"}, training: {algorithm: "cd", epochs: 3, ${piece}}}`;
}

describe('one problem', () => {
  test.each<[string, string]>([
    [training('learningRat: 1'), 'run.json:1:65: training.learningRat: unknown key; did you mean "learningRate"?'],
    [training('learning_rate: 1'), 'did you mean "learningRate"?'],
    [training('Batch-Size: 1'), 'unknown key; did you mean "batchSize"?'],
    [training('zzz: 1'), 'training.zzz: unknown key; valid here: algorithm, k, epochs, updates, batchSize, learningRate, weightDecay'],
    [training('__proto__: {}'), 'training.__proto__: unknown key; valid here'],
    [training('constructor: 1'), 'training.constructor: unknown key; valid here'],
    [training('"\\u001b[31m": 1'), 'training."\\u001b[31m": unknown key'],
    [`{epochs: 3, ${good.slice(1)}`, 'run.json:1:2: epochs: unknown key here; did you mean "training.epochs"?'],
    [`{batch_size: 3, ${good.slice(1)}`, 'did you mean "training.batchSize"?'],
    [`{training.k: 3, ${good.slice(1)}`, 'unknown key here; did you mean "training.k"?'],
    [training('k: 1, k: 2'), 'run.json:1:71: training.k: duplicate key; it stands already at run.json:1:65'],
    [training('k: 0'), 'run.json:1:68: training.k: expected an integer ≥ 1; found 0'],
    [training('k: 1.5'), 'expected an integer ≥ 1; found 1.5'],
    [training('k: 1e300'), 'beyond 2^53'],
    [training('k: "5"'), 'found the string "5"; remove the quotes'],
    [training('k: true'), 'found true'],
    [training('k: {}'), 'found an object'],
    [training('k: [1]'), 'found a list'],
    [training('k: null'), 'training.k: has no value (null); leave the key out'],
    [training('batchSize: 0'), 'training.batchSize: expected an integer ≥ 1; found 0'],
    [training('batchSize: "ful"'), 'expected "full"; found the string "ful"; did you mean "full"?'],
    [training('batchSize: true'), 'expected an integer ≥ 1 or "full"; found true'],
    [training('learningRate: -1'), 'expected a number ≥ 0; found -1'],
    [training('learningRate: {schedule: "linear", initial: 1, final: 0, horizon: {}}'), 'training.learningRate.horizon: exactly one of "epochs" and "updates" is needed; none is given'],
    [training('learningRate: {schedule: "linear", initial: 1, horizon: {epochs: 1}}'), 'training.learningRate.final: missing (last value); expected a number ≥ 0'],
    [training('learningRate: {schedule: "inverse", initial: 1, final: 0, horizon: {epochs: 1}}'), 'training.learningRate.final: applies only with training.learningRate.schedule "linear"; here schedule is "inverse"; remove the key'],
    [training('updates: 3'), 'training.updates: exactly one of "epochs" and "updates" can be given; "epochs" is given, too'],
    [training('chains: 3'), 'training.chains: applies only with training.algorithm "sml"; here algorithm is "cd"; remove the key'],
    [training('weightDecay: 3'), 'expected an object with the keys l2; found 3'],
    ['{data: {source: "bars"}, training: {algorithm: "cd"}}', 'run.json:1:26: training: exactly one of "epochs" and "updates" is needed'],
    ['{data: {source: "bars"}, training: {algorithm: "sm", epochs: 1}}', 'expected "cd", "sml" or "exact"; found the string "sm"; did you mean "sml"?'],
    ['{data: {source: "bars"}, training: {epochs: 1, k: 2, chains: 3}}', 'training.algorithm: missing (negative phase); expected "cd", "sml" or "exact"'],
    ['{data: {source: "file", path: ""}, training: {algorithm: "cd", epochs: 1}}', 'expected a path; found the string ""'],
    ['{data: {source: "file", path: "a\\u0000b"}, training: {algorithm: "cd", epochs: 1}}', 'a path has no NUL characters; found "a\\u0000b"'],
    ['{data: {source: "bars", shape: [1]}, training: {algorithm: "cd", epochs: 1}}', 'expected a list of length 2, each an integer ≥ 1; found a list of length 1'],
    ['{data: {source: "bars", shape: [1, 0]}, training: {algorithm: "cd", epochs: 1}}', 'run.json:1:36: data.shape[1]: expected an integer ≥ 1; found 0'],
    ['{data: {source: "bars", validation: {count: 1, fraction: .5}}, training: {algorithm: "cd", epochs: 1}}', 'at most one of "count" and "fraction" can be given'],
    ['{data: {source: "shifter", width: 10}, training: {algorithm: "cd", epochs: 1}}', 'data.width: expected an integer ≤ 9; found 10'],
    ['{data: {source: "file", path: "x", width: 1}, training: {algorithm: "cd", epochs: 1}}', 'data.width: applies only with data.source "bars" or "shifter"; here source is "file"'],
    [`{seed: 12345678901234567890, ${good.slice(1)}`, 'put it in quotes'],
    [`{seed: 1.5, ${good.slice(1)}`, 'seed: expected an integer; found 1.5'],
    [`{checkpoint: {best: 1}, ${good.slice(1)}`, 'expected true or false; found 1'],
    ['{training: {algorithm: "cd", epochs: 1}}', 'run.json:1:1: data: missing (the examples); expected an object'],
    ['{data: null, training: {algorithm: "cd", epochs: 1}}', 'data: has no value (null); expected an object'],
    ['[1]', 'run.json:1:1: expected an object with the keys'],
    ['', 'run.json:1:1: the file is empty'],
    [' \n ', 'the file is empty'],
  ])('%j', (text, message) => {
    const error = errorOf(() => parse(text));
    expect(error.code).toBe('usage');
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('problems');
    expect(error.message).not.toContain('\n');
    expect(error.frame).toContain('^');
  });
});

describe('several problems', () => {
  test('are reported together, in the order of the file, each with its frame, and counted', () => {
    const text = `{
  data: {source: "bars", widht: 2},
  training: {
    learningRat: 0.05,
    algorithm: "cd", chains: 2,
    epochs: -1,
  },
}`;
    expect(messageOf(text)).toBe(`run.json:2:26: data.widht: unknown key; did you mean "width"?
  2 |   data: {source: "bars", widht: 2},
    |                          ^^^^^
run.json:4:5: training.learningRat: unknown key; did you mean "learningRate"?
  4 |     learningRat: 0.05,
    |     ^^^^^^^^^^^
run.json:5:22: training.chains: applies only with training.algorithm "sml"; here algorithm is "cd"; remove the key
  5 |     algorithm: "cd", chains: 2,
    |                      ^^^^^^
run.json:6:13: training.epochs: expected an integer ≥ 0; found -1
  6 |     epochs: -1,
    |             ^^
4 problems`);
  });

  test('beyond a screenful are counted only', () => {
    const members = Array.from({ length: 5000 }, (_, index) => `zz${index}: 1`).join(',\n');
    const message = messageOf(`{${members}, ${good.slice(1)}`);
    expect(message).toContain('5000 problems (4970 of them not shown)');
    expect(message.split('\n').length).toBeLessThan(100);
  });

  test('a megabyte of duplicates is reported in time that does not grow with its square: that would be many minutes', () => {
    const start = process.cpuUsage();
    expect(messageOf(`{${'a:1,'.repeat(200_000)}}`)).toContain('200002 problems (199972 of them not shown)');
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(30);
  });

  test('a wrong key draws no complaints about what depends on it', () => {
    expect(messageOf('{data: {source: "brs", path: "x", width: 3}, training: {algorithm: 5, chains: 2, epochs: 1}}')).toMatch(/\n2 problems$/);
  });
});

test('any JSON is a config or an RbmError that names the file', () => {
  const names = keys.flatMap((key) => [key.name, ...(key.type.kind === 'object' ? key.type.keys.map((inner) => inner.name) : [])]);
  const scalar = fc.oneof(fc.constantFrom<unknown>('cd', 'bars', 'file', 1, 0.5, -1, null, true, [], {}), fc.jsonValue());
  const section = fc.dictionary(fc.constantFrom(...names), scalar);
  const whole = fc.dictionary(fc.constantFrom(...names), fc.oneof(section, scalar));
  fc.assert(
    fc.property(whole, (value) => {
      expect(outcomeOf(() => parse(JSON.stringify(value)))).toMatch(/^ok$|^RbmError run\.json:\d+:\d+: /);
    }),
    { numRuns: 1000 },
  );
});
