/** Block YAML: the same tree as JSON, and no surprises. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { config, messageOf, parse } from './helpers.js';

const yaml = `# a comment
seed: 7
data:
  source: bars
  width: 5
  shape: [5, 5]
training:
  algorithm: sml
  chains: 20
  updates: 10
  learningRate:
    schedule: linear
    initial: .1
    final: 0
    horizon: {epochs: 5}
checkpoint:
  best: false
`;

const json = `{seed: 7, data: {source: 'bars', width: 5, shape: [5, 5]}, training: {algorithm: 'sml', chains: 20, updates: 10,
  learningRate: {schedule: 'linear', initial: .1, final: 0, horizon: {epochs: 5}}}, checkpoint: {best: false}}`;

describe('YAML', () => {
  test('resolves to the same config as JSON', () => {
    expect(config(yaml, [], 'run.yaml')).toEqual(config(json));
    expect(config(yaml.replaceAll('\n', '\r\n'), [], 'run.yml')).toEqual(config(json));
    expect(config(stringify(config(json)), [], 'run.yaml')).toEqual(config(json));
  });

  test('locates its values', () => {
    const loaded = parse(yaml, [], 'run.yaml');
    expect(loaded.locate('training.chains')).toBe('run.yaml:9:11');
    expect(loaded.locate('training.learningRate.horizon')).toBe('run.yaml:15:5');
    expect(loaded.frame('data.width')).toBe('  5 |   width: 5\n    |          ^');
  });

  test('a file that starts with { is JSON', () => {
    expect(config(`# c\n${json}`, [], 'run.yaml')).toEqual(config(json));
    expect(config('{data:{source:"bars"},training:{algorithm:"cd",epochs:3}}', [], 'run.yaml')).toHaveProperty('training.epochs', 3);
  });

  test('anchors and aliases are read', () => {
    const text = 'data: {source: bars, shape: &s [2, 2]}\ntraining: {algorithm: cd, epochs: &n 3, k: *n}\n';
    expect(config(text, [], 'run.yaml')).toMatchObject({ training: { epochs: 3, k: 3 } });
  });

  test('an anchor on a key is an anchor', () => {
    expect(config('&n data: {source: bars}\nseed: *n\ntraining: {algorithm: cd, epochs: 3}\n', [], 'run.yaml')).toHaveProperty('seed', 'data');
  });

  test.each<[string, string, string]>([
    ['brackets within brackets', `seed: ${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'run.yaml:1:71: nested deeper than 64 levels'],
    ['maps within maps on a line', `seed: ${'{a: '.repeat(10_000)}`, 'nested deeper than 64 levels'],
    ['lists within lists on a line', '- '.repeat(30_000), 'run.yaml:1:501: nested deeper than 64 levels'],
    ['keys within keys', Array.from({ length: 340 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), 'nested deeper than 64 levels'],
    ['many keys', Array.from({ length: 10_000 }, (_, index) => `key${index}: 1`).join('\n'), 'at most 65536 characters; write it as JSON'],
  ])('%s are refused before they take the process or minutes', (_, text, message) => {
    expect(messageOf(text, [], 'run.yaml')).toContain(message);
  });

  test('blanks before a comment, or before nothing, are no nesting', () => {
    const blanks = ' '.repeat(400);
    const text = `data: {source: bars}\n${blanks}# far out\n${blanks}\ntraining: {algorithm: cd, epochs: 3}\n${blanks}`;
    expect(config(text, [], 'run.yaml')).toMatchObject({ training: { epochs: 3 } });
  });

  test('brackets in texts are no nesting', () => {
    const text = `data: {source: bars}\nseed: "${'['.repeat(100)}"\ntraining: # ${'['.repeat(100)}\n  {algorithm: cd, epochs: 3}\n`;
    expect(config(text, [], 'run.yaml')).toHaveProperty('seed', '['.repeat(100));
  });

  test.each<[string, string]>([
    ['data:\n\tsource: bars\n', 'run.yaml:2:1: YAML: Tabs are not allowed as indentation'],
    ['a: "x', 'YAML: Missing closing'],
    ['a: 1\n---\nb: 2\n', 'a second document starts here; a config is one'],
    ['%YAML 1.1\n---\nseed: yes\n', 'configs are YAML 1.2'],
    ['seed: !foo x', 'run.yaml:1:7: YAML: Unresolved tag: !foo'],
    ['seed: !!binary aGk=', 'run.yaml:1:16: tags such as "tag:yaml.org,2002:binary" are not accepted'],
    ['? [a, b]\n: 1\n', 'run.yaml:1:3: a key is plain text'],
    ['seed: *nowhere', 'run.yaml:1:7: no anchor &nowhere stands before this alias'],
    ['data: &a\n  x: *a\n', 'nested deeper than 64 levels'],
    ['# nothing\n', 'expected a mapping of keys to values, found no value'],
    ['- a\n- b\n', 'run.yaml:1:1: expected an object with the keys $schema, seed'],
    ['just text', 'run.yaml:1:1: expected an object'],
    ['seed: 0x1F', 'run.yaml:1:7: 0x1F is not decimal'],
    ['seed: 0o17', '0o17 is not decimal'],
    ['seed: 017', '017 has leading zeros'],
    ['seed: .inf', '.inf is not a finite number'],
    ['seed: -.inf', '-.inf is not a finite number'],
    ['seed: .nan', '.nan is not a finite number'],
    ['seed: 1e999', '1e999 is too large'],
    ['training: {epochs:5}', 'training."epochs:5": unknown key "epochs:5"; in YAML a space follows the colon'],
    ['checkpoint:\n  best: yes\n', 'run.yaml:2:9: checkpoint.best: expected true or false; found the string "yes"; write true or false, without quotes'],
    ['seed:\n', 'seed: has no value (null)'],
    ['seed: 1\nseed: 2\n', 'run.yaml:2:1: seed: duplicate key; it stands already at run.yaml:1:1'],
    ['[[[[[[[[[['.repeat(1000), 'nested deeper than 64 levels'],
  ])('%j', (text, message) => {
    expect(messageOf(text, [], 'run.yaml')).toContain(message);
  });

  test('aliases of aliases are not unfolded without end', () => {
    const lines = ['a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]'];
    for (let level = 1; level < 12; level++) {
      lines.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`);
    }
    expect(messageOf(lines.join('\n'), [], 'run.yaml')).toContain('aliases unfold to more than 100000 values');
  });

  test('any garbage is a config or an RbmError', () => {
    const token = fc.constantFrom('a', ': ', '- ', '\n', '  ', '{', '}', '[', ']', ', ', '&x ', '*x', '!', '"', "'", '|', '>', '?', '#', '%', '---\n', '\t', '1');
    fc.assert(
      fc.property(fc.array(token), (tokens) => {
        expect(messageOf(tokens.join(''), [], 'run.yaml')).toMatch(/^run\.yaml:\d+:\d+: /);
      }),
      { numRuns: 500 },
    );
  });
});
