/** Is the oracle right? Random123's published known-answer vectors (tests/kat_vectors), for 7 and 10 rounds. */

import { expect, test } from '@jest/globals';

import { philox4x32 } from './philox.js';

const all = 0xffffffff;
const piCounter = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
const piKey = [0xa4093822, 0x299f31d0];

test.each([
  [7, [0, 0, 0, 0], [0, 0], [0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48]],
  [7, [all, all, all, all], [all, all], [0x5207ddc2, 0x45165e59, 0x4d8ee751, 0x8c52f662]],
  [7, piCounter, piKey, [0x4dfccaba, 0x190a87f0, 0xc47362ba, 0xb6b5242a]],
  [10, [0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [10, [all, all, all, all], [all, all], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [10, piCounter, piKey, [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
])('philox4x32, %i rounds, counter %p, key %p', (rounds, counter, key, expected) => {
  expect(philox4x32(counter, key, rounds)).toEqual(expected);
});
