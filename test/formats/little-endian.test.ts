import { expect, test } from '@jest/globals';

import { littleEndianBytes } from '../../src/formats/little-endian.js';

test('the bytes are little-endian', () => {
  expect([...littleEndianBytes(Uint32Array.of(0x04030201, 5))]).toEqual([1, 2, 3, 4, 5, 0, 0, 0]);
  expect([...littleEndianBytes(Float64Array.of(1))]).toEqual([0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
});

test('on a big-endian host every element is turned around', () => {
  const stored = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  expect([...littleEndianBytes(new Uint32Array(stored.buffer), false)]).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
  expect([...littleEndianBytes(new Float64Array(stored.buffer), false)]).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  expect([...littleEndianBytes(stored, false)]).toEqual([...stored]);
});
