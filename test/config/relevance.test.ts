/** What the config hash sees, and what it does not. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalHash, canonicalJson, relevantConfig } from '../../src/config/index.js';
import { config, good, keys } from './helpers.js';

function hash(text: string, set: readonly string[] = [], file = 'run.json'): string {
  return canonicalHash(relevantConfig(keys, config(text, set, file), ['result']));
}

describe('canonical JSON', () => {
  test('sorts keys, at every depth, and nothing else', () => {
    expect(canonicalJson({ b: [2, 1, { d: null, c: -0 }], a: 'é"', B: undefined })).toBe('{"a":"é\\"","b":[2,1,{"c":0,"d":null}]}');
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError);
  });

  test('is the same for any order of keys, and is JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('relevance', () => {
  test('is inherited, unless a key says otherwise', () => {
    const resolved = config(good, ['output=x', 'data.shape=[2, 2]']);
    expect(relevantConfig(keys, resolved, ['result'])).toEqual({
      seed: '1',
      training: { algorithm: 'cd', k: 1, batchSize: 100, learningRate: 0.05, weightDecay: { l2: 0 } },
    });
    expect(relevantConfig(keys, resolved, ['length'])).toEqual({ training: { epochs: 3 } });
    expect(relevantConfig(keys, resolved, ['data'])).toEqual({ data: { source: 'bars', width: 4, shape: [2, 2] } });
    expect(relevantConfig(keys, resolved, ['execution'])).toEqual({ output: '/work/x', checkpoint: { every: { seconds: 30 }, best: true } });
    expect(relevantConfig(keys, resolved, ['result', 'data', 'length', 'execution'])).toEqual(resolved);
  });

  test('the hash is that of the result part alone', () => {
    const reference = hash(good);
    expect(reference).toMatch(/^[0-9a-f]{64}$/);
    const same: [string, string[]][] = [
      ['{training: {epochs: 3, algorithm: "cd"}, data: {source: "bars"}} # the same', []],
      ['{seed: 1, training: {k: 1.0, epochs: 3, algorithm: "cd", learningRate: 5e-2}, data: {source: "bars"}}', []],
      [good, ['output=elsewhere']],
      [good, ['checkpoint.best=false', 'checkpoint.every.epochs=1']],
      [good, ['training.epochs=50']],
      [good, ['training.updates=50']],
      [good, ['data.width=9']],
    ];
    for (const [text, set] of same) expect(hash(text, set)).toBe(reference);
    for (const set of ['seed=2', 'training.k=2', 'training.learningRate=.1', 'training.algorithm=exact', 'training.weightDecay.l2=1']) {
      expect(hash(good, [set])).not.toBe(reference);
    }
    expect(hash('data:\n  source: bars\ntraining:\n  algorithm: cd\n  epochs: 3\n', [], 'run.yaml')).toBe(reference);
  });
});
