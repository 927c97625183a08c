/** `.npy`, of all versions, types and byte orders. */

import { readNpy } from '../../../dist/formats/npy.js';
import { faultOfArray, hostileName } from './checks.js';
import { columnMajor, countOf, encode, integer, numbersOf, numberTypes } from './numbers.js';

/** An `.npy` file of these numbers. @param {import('../draw.js').Draw} draw @param {readonly number[]} shape @param {readonly number[]} values */
export function npyOf(draw, shape, values, type = draw.pick(['f8', 'f4', 'i8', 'i4', 'i2', 'i1'])) {
  const little = draw.chance(0.6);
  const fortran = shape.length === 2 && draw.chance(0.5);
  const python2 = draw.chance(0.2) ? 'L' : '';
  const sizes = draw.list(shape).map((size) => draw.lie(String(size), ['-1', '4294967296', '9007199254740993', '1152921504606846976', '99999999999999999999', '1e3', '0x4', '', '1.5']));
  const descr = draw.lie(`${type[1] === '1' ? draw.pick(['|', '<']) : little ? '<' : '>'}${type}`, ['|O', '<O8', '<f16', '<c16', '<U4', '|S3', '|V8', '<M8[ns]', '=f8', 'f8', '|b1', '<f2', '>u8', '\u001b[31m', '']);
  const entries = draw.list([
    `'descr': ${draw.lie(`'${descr}'`, ["[('a', '<f8')]", "''", 'None', `'${'x'.repeat(3000)}'`])}`,
    `'fortran_order': ${draw.lie(fortran ? 'True' : 'False', ['true', '1', 'None'])}`,
    `'shape': ${draw.lie(`(${sizes.map((size) => `${size}${python2}, `).join('')})`, ['()', '(', '((2,2),)', '[2, 2]', '(,)', `(${'1,'.repeat(100)})`])}`,
  ]);
  const version = draw.pick([1, 2, 3]);
  const text = Buffer.from(`{${entries.join(', ')}, }`.padEnd(draw.integer(0, 120)).concat('\n'), 'latin1');
  const length = integer(draw.lie(BigInt(text.length)), version === 1 ? 2 : 4);
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, draw.lie(version, [0, 4, 255]), draw.lie(0, [1])]);
  const content = encode(type, fortran ? columnMajor(values, shape) : values, little);
  return Buffer.concat([start, length, text, content]);
}

/** An `.npy` file and what it holds. @param {import('../draw.js').Draw} draw */
export function npyFile(draw) {
  const shape = Array.from({ length: draw.integer(0, 4) }, () => draw.integer(0, 4));
  const type = draw.pick(numberTypes);
  const values = numbersOf(draw, type, countOf(shape));
  return { bytes: npyOf(draw, shape, values, type), expected: { shape, values } };
}

/** @type {import('./index.js').Target} */
export const npy = {
  name: 'npy',
  generate: npyFile,
  run: (bytes) => readNpy(bytes, hostileName),
  check: (array, _bytes, expected) => faultOfArray(array, expected),
};
