/** `.mat` of level 5, in both byte orders, packed and not, and a few of the levels that are refused by name. */

import { readMat } from '../../../dist/formats/mat.js';
import { faultOfArray, hostileName } from './checks.js';
import { deflate } from './deflate.js';
import { columnMajor, countOf, encode, integer, numbersOf } from './numbers.js';

const storage = { i1: 1, u1: 2, i2: 3, u2: 4, i4: 5, u4: 6, f4: 7, f8: 9, i8: 12 };
const elementTypes = [0, 1, 2, 5, 6, 9, 12, 13, 14, 15, 16, 17, 18, 255, 0x10000, 0x50001];

/** An element: tag, content, padding; small ones may stand in their tag. @param {import('../draw.js').Draw} draw */
function element(draw, type, content, little, pad = true) {
  const shownType = draw.lie(type, elementTypes);
  const length = draw.lie(BigInt(content.length));
  if (content.length >= 1 && content.length <= 4 && draw.chance(0.5)) {
    return Buffer.concat([integer(BigInt(shownType) + (BigInt.asUintN(16, length) << 16n), 4, little), content, Buffer.alloc(4 - content.length)]);
  }
  const padding = Buffer.alloc(pad ? (8 - (content.length % 8)) % 8 : 0);
  return Buffer.concat([integer(shownType, 4, little), integer(length, 4, little), content, padding]);
}

/** A `.mat` file of some arrays: shape and whole numbers by name. @param {import('../draw.js').Draw} draw */
export function matFile(draw, arrays) {
  const little = draw.chance(0.7);
  const variables = draw.list([...arrays]).map(([name, { shape, values, type }]) => {
    const content = Buffer.concat(
      draw.list([
        element(draw, 6, Buffer.concat([integer(draw.lie(6, [0, 1, 2, 3, 4, 5, 7, 9, 15, 16, 17, 18, 19, 255]) + draw.lie(0, [0x200, 0x400, 0x800, 0xff00]), 4, little), integer(draw.lie(0n), 4, little)]), little),
        element(draw, 5, Buffer.concat(draw.list(shape).map((size) => integer(draw.lie(BigInt(size)), 4, little))), little),
        element(draw, 1, Buffer.from(draw.lie(name)), little),
        element(draw, storage[type], encode(type, columnMajor(values, shape), little), little),
      ]),
    );
    const matrix = element(draw, 14, content, little);
    if (!draw.chance(0.4)) return matrix;
    const bomb = draw.lie(Buffer.alloc(0), [Buffer.alloc(1 << 10), Buffer.alloc(1 << 18)]);
    return element(draw, 15, deflate(Buffer.concat(draw.list([matrix, bomb]))), little, false);
  });
  const text = Buffer.from(draw.lie('MATLAB 5.0 MAT-file, written by a fuzzer', ['MATLAB 7.3 MAT-file', '', '\u001b[2J']).padEnd(116), 'latin1');
  const version = integer(draw.lie(0x0100, [0, 1, 0x0200, 0xffff]), 2, little);
  const order = Buffer.from(draw.lie(little ? 'IM' : 'MI', ['IM', 'MI', 'XX', '\u0089H']), 'latin1');
  return Buffer.concat([text, Buffer.alloc(8), version, order, ...variables]);
}

/** @type {import('./index.js').Target} */
export const mat = {
  name: 'mat',
  generate(draw) {
    const arrays = new Map();
    for (let left = draw.integer(1, 4); left > 0; left--) {
      const shape = Array.from({ length: draw.integer(2, 3) }, () => draw.integer(0, 4));
      const type = draw.pick(Object.keys(storage));
      const count = countOf(shape);
      // Of three dimensions all numbers are equal: their order is not what is tested here.
      const values = shape.length === 2 ? numbersOf(draw, type, count) : Array(count).fill(draw.integer(0, 8));
      arrays.set(draw.name(), { shape, values, type });
    }
    return { bytes: matFile(draw, arrays), expected: arrays };
  },
  run: (bytes) => new Map([...readMat(bytes, hostileName)].map(([name, { shape, values }]) => [name, { shape, values }])),
  check(arrays, _bytes, expected) {
    if (expected !== undefined && arrays.size !== expected.size) return `has ${arrays.size} arrays instead of ${expected.size}`;
    for (const [name, array] of arrays) {
      const fault = faultOfArray(array, expected?.get(name));
      if (fault !== undefined) return `${name} ${fault}`;
    }
    return undefined;
  },
  // As gzip; numbers of one byte become eight.
  memory: (bytes) => 3 * 1032 * bytes.length + (1 << 20),
};
