/** What is made from the table: JSON Schema, documentation, starting config. */

import { describe, expect, test } from '@jest/globals';
import { documentKeys, jsonSchema, type SchemaKey, startingConfig } from '../../src/config/index.js';
import { configKeys } from '../../src/run/config-schema.js';
import { keys, outcomeOf, parse } from './helpers.js';

type Json = Record<string, unknown>;

/** A validator for the few keywords that our schemas use; anything else is an error of the test. */
function validates(schema: unknown, value: unknown): boolean {
  if (typeof schema === 'boolean') return schema;
  const rules = schema as Json;
  const object = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  const number = typeof value === 'number' ? value : undefined;
  return Object.entries(rules).every(([keyword, rule]) => {
    const list = rule as readonly unknown[];
    switch (keyword) {
      case '$schema': case '$id': case 'title': case 'description': case 'default': case 'enumDescriptions': case 'additionalProperties': case 'then': case 'else':
        return true;
      case 'type':
        if (rule === 'integer') return Number.isInteger(value);
        if (rule === 'array') return Array.isArray(value);
        if (rule === 'object') return object !== undefined && (rules.additionalProperties !== false || Object.keys(object).every((name) => name in (rules.properties as Json))
          && (typeof rules.additionalProperties !== 'object' || Object.values(object).every((inner) => validates(rules.additionalProperties, inner))));
        return typeof value === rule;
      case 'enum': return list.includes(value);
      case 'minimum': return number === undefined || number >= Number(rule);
      case 'exclusiveMinimum': return number === undefined || number > Number(rule);
      case 'maximum': return number === undefined || number <= Number(rule);
      case 'exclusiveMaximum': return number === undefined || number < Number(rule);
      case 'minLength': return typeof value !== 'string' || value.length >= Number(rule);
      case 'minItems': return !Array.isArray(value) || value.length >= Number(rule);
      case 'maxItems': return !Array.isArray(value) || value.length <= Number(rule);
      case 'items': return !Array.isArray(value) || value.every((item) => validates(rule, item));
      case 'properties': return object === undefined || Object.entries(rule as Json).every(([name, inner]) => !(name in object) || validates(inner, object[name]));
      case 'required': return object === undefined || list.every((name) => String(name) in object);
      case 'anyOf': return list.some((inner) => validates(inner, value));
      case 'allOf': return list.every((inner) => validates(inner, value));
      case 'oneOf': return list.filter((inner) => validates(inner, value)).length === 1;
      case 'not': return !validates(rule, value);
      case 'if': return validates((validates(rule, value) ? rules.then : rules.else) ?? true, value);
      default: throw new Error(`unknown keyword ${keyword}`);
    }
  });
}

describe('JSON Schema', () => {
  const schema = jsonSchema(keys, { id: 'https://example.org/schema.json', title: 'config' });
  const bars = { source: 'bars' };
  const cd = { algorithm: 'cd', epochs: 3 };

  test('is draft-07, with descriptions, defaults and choices', () => {
    expect(schema).toMatchObject({ $schema: 'http://json-schema.org/draft-07/schema#', $id: 'https://example.org/schema.json', title: 'config', required: ['data', 'training'], additionalProperties: false });
    expect(schema).toHaveProperty('properties.seed', { description: 'seed of training', anyOf: [{ type: 'string' }, { type: 'integer' }], default: '1' });
    expect(schema).toHaveProperty('properties.training.properties.algorithm', { description: 'negative phase', type: 'string', enum: ['cd', 'sml', 'exact'], enumDescriptions: ['contrastive divergence', 'persistent | chains', 'by enumeration'] });
  });

  const linear = { schedule: 'linear', initial: 1, final: 0, horizon: { epochs: 5 } };
  test.each<[boolean, unknown]>([
    [true, { data: bars, training: cd }],
    [true, { $schema: 'x', seed: 5, data: { ...bars, width: 3, shape: [2, 2] }, training: { ...cd, k: 2 } }],
    [true, { data: { source: 'file', path: 'x' }, training: { algorithm: 'sml', chains: 4, updates: 1 } }],
    [true, { data: { source: 'shifter', width: 8, validation: { count: 3 } }, training: { ...cd, learningRate: linear, batchSize: 'full' } }],
    [false, { data: bars }],
    [false, { data: bars, training: cd, more: 1 }],
    [false, { data: bars, training: { algorithm: 'cd' } }],
    [false, { data: bars, training: { ...cd, updates: 3 } }],
    [false, { data: bars, training: { ...cd, algorithm: 'cdd' } }],
    [false, { data: bars, training: { ...cd, chains: 3 } }],
    [false, { data: bars, training: { algorithm: 'sml', epochs: 3 } }],
    [false, { data: bars, training: { ...cd, k: 0 } }],
    [false, { data: bars, training: { ...cd, learningRate: { ...linear, schedule: 'inverse' } } }],
    [false, { data: { source: 'file' }, training: cd }],
    [false, { data: { source: 'file', path: 'x', width: 3 }, training: cd }],
    [false, { data: { ...bars, shape: [2] }, training: cd }],
    [false, { data: { ...bars, validation: { count: 3, fraction: 0.5 } }, training: cd }],
    [false, { data: { ...bars, validation: { fraction: 1 } }, training: cd }],
  ])('agrees with the loader: %s for %j', (isValid, value) => {
    expect(validates(schema, value)).toBe(isValid);
    expect(outcomeOf(() => parse(JSON.stringify(value)))).toMatch(isValid ? /^ok$/ : /^RbmError/);
  });

  test('of the real table accepts what the loader resolves', () => {
    const text = JSON.stringify({ data: { source: 'mnist' }, model: { hiddenUnits: 20 }, training: { algorithm: 'cd', epochs: 2 } });
    expect(validates(jsonSchema(configKeys, { title: 'config' }), parse(text, [], 'run.json', configKeys).config)).toBe(true);
  });
});

describe('documentation', () => {
  test('has every key with its facts, within the width', () => {
    const text = documentKeys(keys, { width: 60 });
    expect(text).toContain('training.k\n    an integer ≥ 1; default 1; only with training.algorithm\n    "cd" or "sml"; result\n    Gibbs steps\n');
    expect(text).toContain('    - cd: contrastive divergence');
    expect(text).toContain('training.epochs\n    an integer ≥ 0; exactly one of "epochs" and "updates";\n    length');
    expect(text).not.toContain('checkpoint.every.seconds');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(64);
  });

  test('as markdown is a table of five columns', () => {
    const rows = documentKeys(configKeys, { markdown: true }).trimEnd().split('\n');
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(7);
    expect(documentKeys(keys, { markdown: true })).toContain('`sml`: persistent \\| chains');
  });
});

describe('starting config', () => {
  test.each<[string, readonly SchemaKey[], Json]>([
    ['cd', keys, { data: { source: 'bars' }, training: { algorithm: 'cd', epochs: 3 } }],
    ['sml', keys, { $schema: 'x', seed: 'a "b"', data: { source: 'file', path: './d.npy', validation: {} }, training: { algorithm: 'sml', chains: 4, updates: 3, learningRate: { schedule: 'linear', initial: 1, final: 0, horizon: { epochs: 5 } } } }],
    ['real', configKeys, { data: { source: 'mnist', binarize: 'threshold' }, model: { hiddenUnits: 20, weights: { standardDeviation: 0.1 } }, training: { algorithm: 'cd', epochs: 3 } }],
  ])('resolves to the same as its values: %s', (_, table, values) => {
    expect(parse(startingConfig(table, values), [], 'a.json', table).config).toEqual(parse(JSON.stringify(values), [], 'a.json', table).config);
  });

  test('shows the other keys as comments, with their meaning', () => {
    const text = startingConfig(keys, { data: { source: 'bars' }, training: { algorithm: 'cd', epochs: 3 } });
    expect(text).toContain('  // seed of training\n  // "seed": "1",\n');
    expect(text).toContain('    // Gibbs steps\n    // "k": 1,\n');
    expect(text).toContain('    // passes\n    "epochs": 3,\n');
    expect(text).toContain('    // "updates": an integer ≥ 0 (instead of epochs)\n');
    expect(text).toContain('    // negative phase\n    // - cd: contrastive divergence\n');
    expect(text).toContain('  "checkpoint": {\n    // how often\n    // "every": { "seconds": 30 },\n');
    expect(text).not.toContain('chains"');
  });
});
