/** Objects whose keys are the user's own, values that may be anything: their places, paths, faults and documentation. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { documentKeys, jsonSchema, mapPath, type SchemaKey } from '../../src/config/index.js';
import { errorOf, parse } from './helpers.js';

const table: readonly SchemaKey[] = [
  { name: 'set', meaning: 'values', type: { kind: 'map', of: { kind: 'any' } } },
  { name: 'numbers', meaning: 'lists', type: { kind: 'map', of: { kind: 'list', of: { kind: 'integer' }, minimumLength: 1 }, checkKey: (key) => (key.startsWith('x') ? 'starts with x' : undefined) } },
  { name: 'draw', meaning: 'ends', type: { kind: 'map', of: { kind: 'object', keys: [{ name: 'low', meaning: 'the lowest', type: { kind: 'number' }, required: true }] } } },
];

describe('a map', () => {
  const text = '{\n  "set": {"training.k": 5, "a": {"b": [1, {"c": null}]}, "d[0]": "x"},\n  "numbers": {"a.b": [1, 22], "a": [3]},\n  "draw": {"q\\"": {"low": 1}}\n}';
  const loaded = parse(text, [], 'a.json', table);

  test('keeps its keys, values and their order', () => {
    expect(loaded.config).toEqual({ set: { 'training.k': 5, a: { b: [1, { c: null }] }, 'd[0]': 'x' }, numbers: { 'a.b': [1, 22], a: [3] }, draw: { 'q"': { low: 1 } } });
    expect(Object.keys(loaded.config.set as object)).toEqual(['training.k', 'a', 'd[0]']);
  });

  test.each([
    ['set["training.k"]', '2:25'],
    // An object is pointed at by its key.
    ['set["a"]', '2:28'],
    ['set["a"]["b"]', '2:39'],
    ['set["a"]["b"][1]', '2:43'],
    ['set["d[0]"]', '2:66'],
    ['numbers["a.b"]', '3:22'],
    ['numbers["a.b"][1]', '3:26'],
    ['numbers["a"][0]', '3:37'],
    ['draw["q\\""]', '4:12'],
    ['draw["q\\""].low', '4:27'],
  ])('%s stands at %s', (path, position) => {
    expect(loaded.locate(path)).toBe(`a.json:${position}`);
    expect(loaded.place(path)).toMatchObject({ source: { name: 'a.json' } });
  });

  test('has nothing at the paths of keys that are not there', () => {
    for (const path of ['set.training.k', 'set["training"]', 'numbers.a', 'numbers["a.b"][2]']) expect(loaded.place(path)).toBeUndefined();
  });

  test('is the same from YAML', () => {
    const yaml = parse('set: {training.k: 5}\nnumbers:\n  a.b: [1,\n    22]\n', [], 'a.yaml', table);
    expect(yaml.config).toEqual({ set: { 'training.k': 5 }, numbers: { 'a.b': [1, 22] } });
    expect(yaml.locate(`${mapPath('numbers', 'a.b')}[1]`)).toBe('a.yaml:4:5');
  });
});

test('whatever JSON holds comes back as it was, with a place of its own for every key', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false }), { maxKeys: 5 }), (set) => {
      // −0 is read as 0.
      const value = JSON.parse(JSON.stringify(set)) as Record<string, unknown>;
      const loaded = parse(JSON.stringify({ set: value }), [], 'a.json', table);
      expect(JSON.stringify(loaded.config.set)).toBe(JSON.stringify(value));
      const places = Object.keys(value).map((key) => loaded.place(mapPath('set', key)));
      expect(places).not.toContain(undefined);
      expect(new Set(places.map((place) => place?.start)).size).toBe(places.length);
    }),
    { seed: 8, numRuns: 300 },
  );
});

test.each([
  ['{"set": 5}', 'a.json:1:9: set: expected an object; found 5'],
  ['{"set": {"a": 1,\n "a": 2}}', 'a.json:2:2: set["a"]: duplicate key; it stands already at a.json:1:10; keep one'],
  ['{"set": {"a": {"b": 1, "b": 2}}}', 'a.json:1:24: set["a"]["b"]: duplicate key; it stands already at a.json:1:16; keep one'],
  ['{"numbers": 5}', 'a.json:1:13: numbers: expected an object, each value a list of length ≥ 1, each an integer; found 5'],
  ['{"numbers": {"a.b": []}}', 'a.json:1:21: numbers["a.b"]: expected a list of length ≥ 1, each an integer; found a list of length 0'],
  ['{"numbers": {"a.b": [1, "2"]}}', 'a.json:1:25: numbers["a.b"][1]: expected an integer; found the string "2"; remove the quotes'],
  ['{"numbers": {"x": [1]}}', 'a.json:1:14: numbers["x"]: starts with x'],
  ['{"draw": {"a": {}}}', 'a.json:1:11: draw["a"].low: missing (the lowest); expected a number'],
  ['{"draw": {"a": {"lo": 1, "low": 1}}}', 'a.json:1:17: draw["a"].lo: unknown key; did you mean "low"?'],
  ['{"numbers": {"\\u202e": 5}}', 'a.json:1:24: numbers["\\u202e"]: expected a list of length ≥ 1, each an integer; found 5'],
])('%j is refused', (text, message) => {
  expect(errorOf(() => parse(text, [], 'a.json', table)).message).toBe(message);
});

test('a map is set as a whole, not by key', () => {
  expect(parse('{}', ['set={"a.b": 5}'], 'a.json', table).config).toEqual({ set: { 'a.b': 5 } });
  expect(errorOf(() => parse('{}', ['draw.low=5'], 'a.json', table)).message).toContain('draw has no keys of its own');
});

test('documentation and JSON Schema say what a map holds', () => {
  const text = documentKeys(table, { relevance: false });
  expect(text).toBe(
    [
      'set\n    an object; optional\n    values',
      'numbers\n    an object, each value a list of length ≥ 1, each an integer; optional\n    lists',
      'draw\n    an object, each value an object; optional\n    ends',
      'draw.*.low\n    a number; required\n    the lowest',
    ].join('\n\n'),
  );
  expect(documentKeys(table, { markdown: true, relevance: false }).split('\n').slice(0, 3)).toEqual(['| key | value | default | meaning |', '| --- | --- | --- | --- |', '| `set` | an object | optional | values |']);
  expect(jsonSchema(table, { title: 'x' })).toMatchObject({
    properties: {
      set: { type: 'object', additionalProperties: {} },
      numbers: { type: 'object', additionalProperties: { type: 'array', items: { type: 'integer' }, minItems: 1 } },
    },
  });
});
