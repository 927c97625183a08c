import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { looksLikeIdx, readIdx } from '../../src/formats/idx.js';
import { codeOf, readableTruncations, sameBits, unnoticedChanges } from './damage.js';

/** A file as LeCun's page describes it. */
function file(type: number, lengths: readonly number[], data: readonly number[] | Uint8Array): Uint8Array {
  const bytes = [0, 0, type, lengths.length];
  for (const length of lengths) bytes.push((length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  return Uint8Array.from([...bytes, ...data]);
}

test.each([
  [0x08, [7, 255], [7, 255]],
  [0x09, [127, 128], [127, -128]],
  [0x0b, [1, 2, 255, 254], [258, -2]],
  [0x0c, [255, 255, 255, 254, 0, 0, 1, 0], [-2, 256]],
  [0x0d, [63, 128, 0, 0, 191, 0, 0, 0], [1, -0.5]],
  [0x0e, [63, 240, 0, 0, 0, 0, 0, 0, 192, 0, 0, 0, 0, 0, 0, 0], [1, -2]],
])('type %i is big-endian', (type, data, expected) => {
  const { shape, values } = readIdx(file(type, [1, 2], data), 'x');
  expect(shape).toEqual([1, 2]);
  expect([...values]).toEqual(expected);
});

test('images of any size round trip', () => {
  fc.assert(
    fc.property(fc.nat(4), fc.nat(4), fc.nat(4), fc.infiniteStream(fc.nat(255)), (rows, height, width, stream) => {
      const data = Uint8Array.from(stream.take(rows * height * width));
      const { shape, values } = readIdx(file(8, [rows, height, width], data), 'x');
      expect(shape).toEqual([rows, height, width]);
      expect(sameBits(values, data)).toBe(true);
    }),
  );
});

describe('bad files', () => {
  test.each([
    ['labels', file(8, [2], [1, 2]), /labels/],
    ['another magic', file(7, [1, 1], [1]), /not an IDX/],
    ['a pipe of zeros', new Uint8Array(64), /not an IDX/],
    ['huge lengths', file(8, [0xffffffff, 0xffffffff, 0xffffffff], [1]), /4294967295 × .* but 1 bytes/],
    ['surplus bytes', file(8, [1, 1], [1, 2]), /1 bytes, but 2 bytes/],
  ])('%s', (_, bytes, message) => {
    expect(() => readIdx(bytes, 'bad')).toThrow(message);
    expect(codeOf(() => readIdx(bytes, 'bad'))).toBe('data');
  });

  test('cut short anywhere it is refused; only pixels and the sign of their type may change unnoticed', () => {
    const bytes = file(8, [2, 3, 3], Array(18).fill(9));
    expect(readableTruncations(bytes, (cut) => readIdx(cut, 'x'))).toEqual([]);
    expect(unnoticedChanges(bytes, (damaged) => readIdx(damaged, 'x'))).toEqual([2, ...Array.from({ length: 18 }, (_, i) => 16 + i)]);
    expect(looksLikeIdx(bytes)).toBe(true);
  });
});
