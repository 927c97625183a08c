/** Philox4x32-10 against Random123's known-answer vectors and against an implementation from the definition. */

import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { philox4x32 } from '../../src/kernels/philox.js';
import * as reference from '../reference/philox.js';

const word = fc.nat(0xffffffff);

function block(counter: readonly number[], key: readonly number[]): number[] {
  const words = new Uint32Array(4);
  philox4x32(counter[0], counter[1], counter[2], counter[3], key[0], key[1], words);
  return [...words];
}

const all = 0xffffffff;

test.each([
  [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [[all, all, all, all], [all, all], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])('known answer for counter %p, key %p', (counter, key, expected) => {
  expect(block(counter, key)).toEqual(expected);
});

test('equals the definition on random counters and keys', () => {
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
      expect(block(counter, key)).toEqual(reference.philox4x32(counter, key));
    }),
    { numRuns: 2000 },
  );
});

test('signed words (as bit operations leave them) mean the same as unsigned ones', () => {
  expect(block([-1, -1, -1, -1], [-1, -1])).toEqual(block([all, all, all, all], [all, all]));
});
