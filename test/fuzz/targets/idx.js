/** IDX, of all types. */

import { readIdx } from '../../../dist/formats/idx.js';
import { faultOfArray, hostileName } from './checks.js';
import { countOf, encode, integer, numbersOf } from './numbers.js';

const types = { 8: 'u1', 9: 'i1', 11: 'i2', 12: 'i4', 13: 'f4', 14: 'f8' };

/** An IDX file of these numbers and what it holds. @param {import('../draw.js').Draw} draw @param {readonly number[]} shape */
export function idxFile(draw, shape, values, code) {
  const head = Buffer.from([draw.lie(0, [1, 255]), draw.lie(0, [1, 255]), draw.lie(Number(code), [0, 8, 9, 10, 13, 15, 255]), draw.lie(shape.length, [0, 1, 2, 8, 9, 255])]);
  const sizes = draw.list(shape).map((size) => integer(draw.lie(BigInt(size)), 4, draw.lie(false, [true])));
  return { bytes: Buffer.concat([head, ...sizes, encode(types[code], values, draw.lie(false, [true]))]), expected: { shape, values } };
}

/** @type {import('./index.js').Target} */
export const idx = {
  name: 'idx',
  generate(draw) {
    const shape = Array.from({ length: draw.integer(2, 4) }, () => draw.integer(0, 4));
    const code = draw.pick(Object.keys(types));
    return idxFile(draw, shape, numbersOf(draw, types[code], countOf(shape)), code);
  },
  run: (bytes) => readIdx(bytes, hostileName),
  check: (array, _bytes, expected) => faultOfArray(array, expected),
};
