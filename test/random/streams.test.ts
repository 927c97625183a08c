/** Named random streams: functions of seed and name only, unrelated to each other; permutations that are uniform. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { hostRandom, permutation, streamKey, type StreamKey } from '../../src/random/index.js';

function firstNumbers(seed: string, stream: string, count: number): number[] {
  const random = hostRandom(seed, stream);
  return Array.from({ length: count }, () => random.double());
}

test('a stream depends on its seed and name, and on nothing drawn elsewhere', () => {
  const expected = firstNumbers('seed', 'a', 10);
  const a = hostRandom('seed', 'a');
  const b = hostRandom('seed', 'b');
  const interleaved = expected.map(() => {
    b.double();
    return a.double();
  });
  expect(interleaved).toEqual(expected);
  expect(streamKey('seed', 'a')).toEqual(streamKey('seed', 'a'));
});

test('pairs of seed and name that run together in writing are different streams', () => {
  const pairs: [string, string][] = [
    ['a', 'bc'], ['ab', 'c'], ['abc', ''], ['', 'abc'], ['a"', 'b'], ['a', '"b'], ['a","b', 'c'], ['a', 'b","c'],
    ['1', ''], ['01', ''], ['1.0', ''], ['\u0000', ''], ['', '\u0000'], ['é', ''], ['e\u0301', ''],
  ];
  const keys = pairs.map(([seed, stream]) => JSON.stringify(streamKey(seed, stream)));
  expect(new Set(keys).size).toBe(pairs.length);
});

function bits({ k0, k1 }: StreamKey): string {
  return k0.toString(2).padStart(32, '0') + k1.toString(2).padStart(32, '0');
}

test('neighbouring seeds and names give keys that differ in about half of their bits', () => {
  let differing = 0;
  for (let seed = 0; seed < 500; seed++) {
    const left = bits(streamKey(String(seed), 'chains'));
    const right = bits(streamKey(String(seed + 1), 'chains'));
    for (let bit = 0; bit < 64; bit++) differing += left[bit] === right[bit] ? 0 : 1;
  }
  // Binomial(32000, ½): six standard deviations are 537.
  expect(Math.abs(differing - 16000)).toBeLessThan(537);
});

test('key words are unsigned 32-bit integers; numbers lie strictly between 0 and 1', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (seed, stream) => {
      const { k0, k1 } = streamKey(seed, stream);
      expect([k0 >>> 0, k1 >>> 0]).toEqual([k0, k1]);
      expect(firstNumbers(seed, stream, 20).every((value) => value > 0 && value < 1)).toBe(true);
    }),
  );
});

describe('permutation', () => {
  test('contains every index once, at every size', () => {
    for (const count of [0, 1, 2, 3, 10, 1000]) {
      const sorted = permutation('seed', 'order', count).toSorted();
      expect([...sorted]).toEqual(Array.from({ length: count }, (_, index) => index));
    }
  });

  test('all permutations of four are equally likely', () => {
    const draws = 12_000;
    const counts = new Map<string, number>();
    for (let draw = 0; draw < draws; draw++) {
      const order = permutation('seed', `order ${draw}`, 4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const expected = draws / 24;
    let chiSquare = 0;
    for (const count of counts.values()) chiSquare += (count - expected) ** 2 / expected;
    expect(counts.size).toBe(24);
    // χ² with 23 degrees of freedom exceeds 91 with a probability below 1e-9.
    expect(chiSquare).toBeLessThan(91);
  });
});
