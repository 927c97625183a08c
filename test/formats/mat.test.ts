import { deflateSync } from 'node:zlib';

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { looksLikeMat, readMat } from '../../src/formats/mat.js';
import {
  mat,
  matElement,
  matFile,
  matNumbers,
  matTypes,
  matVariable,
  type MatForm,
  type MatNumberType,
  type MatVariable,
} from '../cli/support/encoders.js';
import { codeOf, readableTruncations, unnoticedChanges } from './damage.js';

interface Arrays {
  [name: string]: [shape: readonly number[], values: number[]];
}

/** Everything in a file: name → shape and values in C order. */
function contents(bytes: Uint8Array): Arrays {
  return Object.fromEntries([...readMat(bytes, 'x.mat')].map(([name, { shape, values }]) => [name, [shape, [...values]]]));
}

/** Reads a file and decodes all that is in it. */
const readAll = (bytes: Uint8Array): unknown => [...readMat(bytes, 'x.mat').values()].map(({ values }) => values);

function messageOf(bytes: Uint8Array): { message: string; hint?: string } {
  try {
    readAll(bytes);
  } catch (error) {
    return error as { message: string; hint?: string };
  }
  return { message: 'it was read' };
}

const decode = (base64: string): Uint8Array => Buffer.from(base64.replace(/\s/g, ''), 'base64');

/** Values with the last dimension fastest, from those with the first fastest, by the definition of both orders. */
function toCOrder<T>(shape: readonly number[], values: readonly T[]): T[] {
  const result: T[] = [];
  const visit = (dimension: number, offset: number, stride: number): void => {
    if (dimension === shape.length) result.push(values[offset]);
    else for (let index = 0; index < shape[dimension]; index++) visit(dimension + 1, offset + index * stride, stride * shape[dimension]);
  };
  visit(0, 0, 1);
  return result;
}

const numberTypes: readonly MatNumberType[] = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'single', 'double', 'int64', 'uint64'];

function numbersOf(type: MatNumberType): fc.Arbitrary<number> {
  if (type === 'double') return fc.oneof(fc.double(), fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 5e-324));
  if (type === 'single') return fc.float();
  const bits = Number(/\d+/.exec(type)?.[0]);
  if (bits === 64) return fc.integer({ min: type === 'int64' ? Number.MIN_SAFE_INTEGER : 0, max: Number.MAX_SAFE_INTEGER });
  return type.startsWith('u') ? fc.integer({ min: 0, max: 2 ** bits - 1 }) : fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
}

const variable = fc
  .record({
    name: fc.stringMatching(/^[A-Za-z]\w{0,8}$/),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 4 }),
    type: fc.constantFrom(...numberTypes),
    arrayClass: fc.integer({ min: 6, max: 15 }),
    flags: fc.constantFrom(0, 0x200, 0x400),
  })
  .chain((record): fc.Arbitrary<MatVariable> => {
    const length = record.shape.reduce((product, size) => product * size, 1);
    return fc.array(numbersOf(record.type), { minLength: length, maxLength: length }).map((values) => ({ ...record, values }));
  });

const variables = fc.uniqueArray(variable, { selector: ({ name }) => name, minLength: 1, maxLength: 4 });
const form: fc.Arbitrary<MatForm> = fc.record({ bigEndian: fc.boolean(), small: fc.boolean(), compress: fc.boolean() });
const allForms: MatForm[] = [false, true].flatMap((bigEndian) =>
  [false, true].flatMap((small) => [false, true].map((compress) => ({ bigEndian, small, compress }))),
);

describe('arrays that an independent encoder wrote', () => {
  test('of every class and storage type, in either byte order, packed or not, small elements or not: every bit', () => {
    fc.assert(
      fc.property(variables, form, (list, how) => {
        const file = mat(list, how);
        expect(looksLikeMat(file)).toBe(true);
        const read = readMat(file, 'x');
        expect([...read.keys()]).toEqual(list.map(({ name }) => name));
        for (const { name, shape, values } of list) {
          expect(read.get(name)?.shape).toEqual(shape);
          const found = [...(read.get(name)?.values ?? [])];
          const expected = toCOrder(shape, values as number[]);
          expect(found).toHaveLength(expected.length);
          expect(found.every((value, index) => Object.is(value, expected[index]))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each(numberTypes.flatMap((type) => allForms.map((how) => [type, how] as const)))('%s, %j', (type, how) => {
    const values = type.startsWith('u') ? [0, 1, 255, 3, 100, 127] : [0, 1, -128, 3, -100, 127];
    const read = readMat(mat([{ name: 'W', shape: [3, 2], type, values }], how), 'x').get('W');
    expect([...(read?.values ?? [])]).toEqual([0, 3, 1, 4, 2, 5].map((index) => values[index]));
  });

  test('in the middle of a larger buffer, at an odd place', () => {
    const file = mat([{ name: 'W', shape: [1, 3], values: [1, 2, 3] }]);
    const larger = Buffer.concat([Buffer.alloc(3), file, Buffer.alloc(2)]);
    expect(contents(larger.subarray(3, 3 + file.length))).toEqual({ W: [[1, 3], [1, 2, 3]] });
  });

  test('what is no full array of real numbers is passed over', () => {
    const others = [1, 2, 3, 4, 5, 16, 17, 18].map((arrayClass) => ({ name: `c${arrayClass}`, shape: [1, 1], values: [1], arrayClass }));
    const complex = { name: 'z', shape: [1, 1], values: [1], flags: 0x800 };
    const unnamed = { name: '', shape: [1, 1], values: [1] };
    const good = { name: 'W', shape: [1, 2], values: [1, 2] };
    expect(contents(mat([...others, complex, good, unnamed]))).toEqual({ W: [[1, 2], [1, 2]] });
    const { message } = messageOf(mat([...others, complex, unnamed]));
    expect(message).toBe('x.mat: has no full array of real numbers, only: cell, struct, object, char, sparse, function, opaque, complex, unnamed');
  });

  test('an array that float64 can’t hold fails when it is asked for, and no other', () => {
    const file = mat([{ name: 'big', shape: [1, 2], values: [1, 2n ** 53n], type: 'int64' }, { name: 'W', shape: [1, 1], values: [7] }]);
    const read = readMat(file, 'x.mat');
    expect([...(read.get('W')?.values ?? [])]).toEqual([7]);
    expect(() => read.get('big')?.values).toThrow(/^x\.mat\[big\]: element 1 is about/);
    expect(codeOf(() => read.get('big')?.values)).toBe('data');
  });

  test('names like those of the prototype', () => {
    const list = ['__proto__', 'toString'].map((name) => ({ name, shape: [1, 1], values: [1] }));
    expect([...readMat(mat(list), 'x').keys()]).toEqual(['__proto__', 'toString']);
  });
});

/*
 * Made by scipy 1.17.1 (numpy 2.4.6), the first file False.mat, the second True.mat:
 *
 * import numpy as np, scipy.io, scipy.sparse
 * W = np.arange(6.0).reshape(3, 2)
 * a = {'vishid': W, 'visbiases': np.float32([[100, 101.5, -102]]), 'hidbiases': np.int16([[-200], [201]]),
 *      'note': 'text', 'options': {'epochs': 5}, 'cells': np.array([W, 'x'], dtype=object),
 *      'sparse': scipy.sparse.eye(2), 'complex': W + 1j, 'flags': np.array([[True, False]]),
 *      'cube': np.arange(24, dtype='u1').reshape(2, 3, 4), 'empty': np.zeros((0, 3)), 'big': np.int64([[2**53]])}
 * for c in (False, True): scipy.io.savemat(f'{c}.mat', a, do_compression=c)
 */
const byScipy = {
  plain: `
  TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFdlZCBOb3YgMjUgMDA6MzA6MDEgMjAyNgAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0OAAAAaAAAAAYAAAAIAAAABgAAAAAAAAAFAAAACAAAAAMAAAACAAAAAQAAAAYA
  AAB2aXNoaWQAAAkAAAAwAAAAAAAAAAAAAAAAAAAAAAAAQAAAAAAAABBAAAAAAAAA8D8AAAAAAAAIQAAAAAAAABRADgAAAFAAAAAGAAAACAAAAAcAAAAA
  AAAABQAAAAgAAAABAAAAAwAAAAEAAAAJAAAAdmlzYmlhc2VzAAAAAAAAAAcAAAAMAAAAAADIQgAAy0IAAMzCAAAAAA4AAABAAAAABgAAAAgAAAAKAAAA
  AAAAAAUAAAAIAAAAAgAAAAEAAAABAAAACQAAAGhpZGJpYXNlcwAAAAAAAAADAAQAOP/JAA4AAAAwAAAABgAAAAgAAAAEAAAAAAAAAAUAAAAIAAAAAQAA
  AAQAAAABAAQAbm90ZRAABAB0ZXh0DgAAAIgAAAAGAAAACAAAAAIAAAAAAAAABQAAAAgAAAABAAAAAQAAAAEAAAAHAAAAb3B0aW9ucwAFAAQABwAAAAEA
  AAAHAAAAZXBvY2hzAAAOAAAAOAAAAAYAAAAIAAAADgAAAAAAAAAFAAAACAAAAAEAAAABAAAAAQAAAAAAAAAMAAAACAAAAAUAAAAAAAAADgAAANAAAAAG
  AAAACAAAAAEAAAAAAAAABQAAAAgAAAABAAAAAgAAAAEAAAAFAAAAY2VsbHMAAAAOAAAAYAAAAAYAAAAIAAAABgAAAAAAAAAFAAAACAAAAAMAAAACAAAA
  AQAAAAAAAAAJAAAAMAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAQQAAAAAAAAPA/AAAAAAAACEAAAAAAAAAUQA4AAAAwAAAABgAAAAgAAAAEAAAAAAAA
  AAUAAAAIAAAAAQAAAAEAAAABAAAAAAAAABAAAQB4AAAADgAAAHAAAAAGAAAACAAAAAUAAAACAAAABQAAAAgAAAACAAAAAgAAAAEAAAAGAAAAc3BhcnNl
  AAAFAAAACAAAAAAAAAABAAAABQAAAAwAAAAAAAAAAQAAAAIAAAAAAAAACQAAABAAAAAAAAAAAADwPwAAAAAAAPA/DgAAAKAAAAAGAAAACAAAAAYIAAAA
  AAAABQAAAAgAAAADAAAAAgAAAAEAAAAHAAAAY29tcGxleAAJAAAAMAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAQQAAAAAAAAPA/AAAAAAAACEAAAAAA
  AAAUQAkAAAAwAAAAAAAAAAAA8D8AAAAAAADwPwAAAAAAAPA/AAAAAAAA8D8AAAAAAADwPwAAAAAAAPA/DgAAADgAAAAGAAAACAAAAAkCAAAAAAAABQAA
  AAgAAAABAAAAAgAAAAEAAAAFAAAAZmxhZ3MAAAACAAIAAQAAAA4AAABQAAAABgAAAAgAAAAJAAAAAAAAAAUAAAAMAAAAAgAAAAMAAAAEAAAAAAAAAAEA
  BABjdWJlAgAAABgAAAAADAQQCBQBDQURCRUCDgYSChYDDwcTCxcOAAAAOAAAAAYAAAAIAAAABgAAAAAAAAAFAAAACAAAAAAAAAADAAAAAQAAAAUAAABl
  bXB0eQAAAAkAAAAAAAAADgAAADgAAAAGAAAACAAAAA4AAAAAAAAABQAAAAgAAAABAAAAAQAAAAEAAwBiaWcADAAAAAgAAAAAAAAAAAAgAA==`,
  compressed: `
  TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFdlZCBOb3YgMjUgMDA6MzA6MDEgMjAyNgAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0PAAAAPAAAAHic42NgYMgAYjYg5oDSIMAK5TMDMRMQM0LlyjKLMzJTGBg4gWwD
  BgzgAKEEoPQHewjNAeWLOAAAEY8Fvw8AAAA8AAAAeJzjY2BgCABiNiDmAGJ2BghghfIZgZgZSnMCcVlmcVJmYnFqMVQdSD0PmHXCiYHhNBCfOQTiAQDW
  YQgQDwAAADQAAAB4nONjYGBwAGI2IOYAYi4GCGCF8pmAmBGKOYE4IzMlKTOxOLUYqo6ZgYXB4v9JBgBtegY0DwAAACoAAAB4nONjYGAwAGI2IOYAYhYG
  CGCF8hmhYoxAMi+/JFUASJekVpQAAClVA/cPAAAARQAAAHic42NgYOgAYjYg5gBiJgYIYIXyGZEwOxDnF5Rk5ucVA+VZwHyYeGpBfnJGMQMDH5BtgWQe
  Hx7zQIAHKs4K5QMAUD0G7w8AAABXAAAAeJzjY2BguADEbEDMAcSMDBDAisRngtIgseTUnJxiIM0HxAlI+tjQ9DEj6QMBTiA2YMAADhBKAEp/sIfQHFC+
  iAMfVB/MHhYs7oNhsElAVgWQBgBd7QcpDwAAADsAAAB4nONjYGAoAGI2IOYAYlYgZoLSHFA2CDNC1RQXJBYVpyLkGaByID4PEp8JyuYEYgEGGPhgD6MB
  EwAF0w8AAABFAAAAeJzjY2BgWADEbEDMAaJBBBCwQvnMQMwExIxAzA7Eyfm5BTmpFQycQLYBAwZwgFACUPqDPYTmgPJFHFD1weQJ0wBVCA3EDwAAACsA
  AAB4nONjYGCwAGI2IOYAYk4mBjBghfIZgZgJSoPE0nIS04vBYkxgMQA1WwKIDwAAAEYAAAB4nONjYGAIAGI2IOYAYk4GCGAFYh4gZgJiZiBmgYozAlnJ
  pUmpIHEJkAAPiwCHCCMvqyCnKBMfmxCXGDM/uzC3OABzngNiDwAAACgAAAB4nONjYGCwAGI2IOaA0iDACuWDADMQM0LFUnMLSiqBNCdUDgA2UwKpDwAA
  ACgAAAB4nONjYGCwAGI2IOYAYj4GCGCF8hnhmJkhKTOdgQcqDgEKDAAw/wHc`,
};

/** Files of MATLAB itself, as they lie in scipy/io/matlab/tests/data (scipy 1.17.1, BSD licence). */
const byMatlab = {
  // testmatrix_6.1_SOL2.mat: most significant byte first, not packed, doubles stored as uint8.
  bigEndian: `
  TUFUTEFCIDUuMCBNQVQtZmlsZSwgUGxhdGZvcm06IFNPTDIsIENyZWF0ZWQgb246IFNhdCBBdWcgMTkgMDk6Mzc6MTkgMjAwNiAgICAgICAgICAgICAg
  ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAEATUkAAAAOAAAAUAAAAAYAAAAIAAAABgAAAAAAAAAFAAAACAAAAAMAAAAFAAAAAQAA
  AAp0ZXN0bWF0cml4AAAAAAAAAAAAAgAAAA8BAgMCAAADAAAEAAAFAAAA`,
  // test3dmatrix_7.4_GLNX86.mat
  threeDimensions: `
  TUFUTEFCIDUuMCBNQVQtZmlsZSwgUGxhdGZvcm06IEdMTlg4NiwgQ3JlYXRlZCBvbjogRnJpIEZlYiAyMCAxNToyNjo1OSAyMDA5ICAgICAgICAgICAg
  ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAABSU0PAAAATQAAAHic42NgYEgAYjYg5oDSIMAKxDxAzATEzEDMAhVnhIqXpBaXGKfk
  JpYUZVYwQNVJgOSZmFlY2dg5OLm4eXj5+AUEhYRFRMXEJQAawwbc`,
  // testbool_8_WIN64.mat
  logical: `
  TUFUTEFCIDUuMCBNQVQtZmlsZSwgUGxhdGZvcm06IFBDV0lONjQsIENyZWF0ZWQgb246IEZyaSBBcHIgMTIgMTY6MTg6NDMgMjAxMyAgICAgICAgICAg
  ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAAAAAAAAAAAAABSU0PAAAAMQAAAHic42NgYHAAYjYg5gBiTiYGMGCF8kFcRijmBOKS1OKSpPz8nGKI
  MqA8E1gOAGxmBGY=`,
  // testmulti_7.4_GLNX86.mat: two variables, packed.
  several: `
  TUFUTEFCIDUuMCBNQVQtZmlsZSwgUGxhdGZvcm06IEdMTlg4NiwgQ3JlYXRlZCBvbjogRnJpIEZlYiAyMCAxNToyNjo1OSAyMDA5ICAgICAgICAgICAg
  ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAABSU0PAAAALAAAAHic42NgYHAAYjYg5oDSIMAK5TND2YxAmAikmYCYH8RnYmYCy7JA
  5AEqWgEADwAAAFgAAAB4nONjYGBoAGI2IOaA0iDACuUzAjEnlAaJlWSkliRCxTwYEEBC1yXkt+JLewj90/6SonF9zU0mBwif0yHOIlSzKovfASIu5FC6
  fPfL3X9FofKSDgA8Uhup`,
};

describe('files of other programs', () => {
  test.each(Object.entries(byScipy))('scipy.io.savemat, %s', (_, base64) => {
    const { big: refused, ...readable } = Object.fromEntries(readMat(decode(base64), 'x.mat'));
    expect(() => refused.values).toThrow(/x\.mat\[big\]: element 0/);
    expect(Object.fromEntries(Object.entries(readable).map(([name, { shape, values }]) => [name, [shape, [...values]]]))).toEqual({
      vishid: [[3, 2], [0, 1, 2, 3, 4, 5]],
      visbiases: [[1, 3], [100, 101.5, -102]],
      hidbiases: [[2, 1], [-200, 201]],
      flags: [[1, 2], [1, 0]],
      cube: [[2, 3, 4], Array.from({ length: 24 }, (__, index) => index)],
      empty: [[0, 3], []],
    });
  });

  test('MATLAB 6 on SPARC, MATLAB 7 on Linux, MATLAB 8 on Windows', () => {
    const matrix = [1, 2, 3, 4, 5, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0];
    expect(contents(decode(byMatlab.bigEndian))).toEqual({ testmatrix: [[3, 5], matrix] });
    expect(contents(decode(byMatlab.threeDimensions))).toEqual({
      test3dmatrix: [[2, 3, 4], [1, 7, 13, 19, 3, 9, 15, 21, 5, 11, 17, 23, 2, 8, 14, 20, 4, 10, 16, 22, 6, 12, 18, 24]],
    });
    expect(contents(decode(byMatlab.logical))).toEqual({ testbools: [[2, 1], [1, 0]] });
    const theta = Array.from({ length: 9 }, (_, index) => (index * Math.PI) / 4);
    expect(contents(decode(byMatlab.several))).toEqual({ a: [[3, 5], matrix], theta: [[1, 9], theta] });
  });
});

describe('bad files', () => {
  const good: MatVariable = { name: 'W', shape: [1, 2], values: [1, 2] };
  const matrixOf = (...parts: Uint8Array[]): Uint8Array => matFile([matElement(matTypes.matrix, Buffer.concat(parts))]);
  const flags = matElement(matTypes.uint32, matNumbers('uint32', [6, 0]));
  const shape = matElement(matTypes.int32, matNumbers('int32', [1, 2]));
  const name = matElement(matTypes.int8, Buffer.from('W'));
  const numbers = matElement(matTypes.double, matNumbers('double', [1, 2]));
  const packed = (content: Uint8Array): Uint8Array => matFile([matElement(matTypes.compressed, content, { pad: false })]);
  const level4 = (type: number, littleEndian: boolean): Uint8Array =>
    Buffer.concat([matNumbers('int32', [type, 1, 1, 0, 2], !littleEndian), Buffer.from('W\0'), matNumbers('double', [1], !littleEndian)]);
  const hdf5 = Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);
  const largest = 2 ** 31 - 1;

  test('the parts by themselves are good', () => {
    expect(contents(matrixOf(flags, shape, name, numbers))).toEqual({ W: [[1, 2], [1, 2]] });
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['no variables', matFile([]), /without variables/],
    ['less than a header', matFile([]).subarray(0, 127), /127 bytes long/],
    ['no byte order', Buffer.concat([matFile([]).subarray(0, 126), Buffer.from('XX')]), /byte order, IM or MI/],
    ['another version', matFile([matVariable(good)], { version: 0x0300 }), /version 0x0300/],
    ['version 7.3', matFile([], { version: 0x0200 }), /HDF5.*-v7\.3/],
    ['version 7.3 with its HDF5 data', Buffer.concat([matFile([], { version: 0x0200 }), Buffer.alloc(384), hdf5]), /HDF5.*-v7\.3/],
    ['HDF5 by itself', Buffer.concat([hdf5, Buffer.alloc(200)]), /HDF5.*-v7\.3/],
    ['level 4, least significant byte first', level4(0, true), /level 4/],
    ['level 4, most significant byte first', level4(1000, false), /level 4/],
    ['level 4, longer than a header', Buffer.concat([level4(0, true), Buffer.alloc(200)]), /level 4/],
    ['an element that is no array', matFile([matElement(matTypes.double, matNumbers('double', [1]))]), /element type 9/],
    ['an element that claims 4 GiB', matFile([matElement(matTypes.matrix, flags, { claimedLength: 0xffffffff })]), /claims 4294967295 bytes, but 16 follow/],
    ['an array of nothing', matrixOf(), /ends before its flags/],
    ['an array without a shape', matrixOf(flags), /ends before its shape/],
    ['an array without a name', matrixOf(flags, shape), /ends before its name/],
    ['an array without numbers', matrixOf(flags, shape, name), /ends before its numbers \(W\)/],
    ['short flags', matrixOf(matElement(matTypes.uint32, matNumbers('uint32', [6])), shape, name, numbers), /4 bytes instead of 8/],
    ['flags of another type', matrixOf(matElement(matTypes.double, Buffer.alloc(8)), shape, name, numbers), /flags can't be of element type 9/],
    ['an unknown class', mat([{ ...good, arrayClass: 19 }]), /unknown class 19/],
    ['class 0', mat([{ ...good, arrayClass: 0 }]), /unknown class 0/],
    ['a shape of one dimension', mat([{ ...good, shape: [2] }]), /takes 4 bytes/],
    ['a shape without dimensions', mat([{ ...good, shape: [] }]), /takes 0 bytes/],
    ['a shape of 33 dimensions', mat([{ ...good, shape: Array<number>(33).fill(1) }]), /takes 132 bytes/],
    ['a shape of half a dimension', matrixOf(flags, matElement(matTypes.int32, Buffer.alloc(10)), name, numbers), /takes 10 bytes/],
    ['a negative size', mat([{ ...good, shape: [-1, -2] }]), /negative size: its shape is -1 × -2/],
    ['an absurd size', mat([{ ...good, shape: [largest, largest] }]), /has shape 2147483647 × 2147483647, so .* holds 16/],
    ['an absurd product', mat([{ ...good, shape: Array<number>(32).fill(largest) }]), /holds 16/],
    ['an absurd product times 0', mat([{ ...good, shape: [...Array<number>(31).fill(largest), 0] }]), /so 0 bytes of numbers, but holds 16/],
    ['more numbers than the shape', mat([{ ...good, values: [1, 2, 3] }]), /so 16 bytes of numbers, but holds 24/],
    ['numbers of a type that holds none', matrixOf(flags, shape, name, matElement(matTypes.utf8, Buffer.alloc(16))), /element type 16/],
    ['a small element of 5 bytes', matrixOf(matNumbers('uint32', [5 * 65_536 + 6, 0])), /unknown kind/],
    ['a name twice', mat([good, good]), /variable 2 .*name W of an earlier one/],
    ['packed in packed', packed(deflateSync(matElement(matTypes.compressed, deflateSync(matVariable(good))))), /element type 15/],
    ['packed nothing', packed(deflateSync(Buffer.alloc(0))), /unpacked: is cut short/],
    ['packed less than it says', packed(deflateSync(matVariable(good).subarray(0, -8))), /unpacked: .*claims/],
    ['zlib data that are none', packed(Buffer.from('no zlib data')), /zlib data are damaged/],
    ['zlib data cut short', packed(deflateSync(matVariable(good)).subarray(0, -5)), /zlib data are cut short/],
    ['a wrong checksum', packed(Buffer.concat([deflateSync(matVariable(good)).subarray(0, -1), Buffer.from([0])])), /incorrect data check/],
    ['an integer beyond 2^53', mat([{ ...good, type: 'uint64', values: [1, 2n ** 60n] }]), /element 1/],
  ])('%s', (_, bytes, pattern) => {
    const { message, hint } = messageOf(bytes);
    expect(message).toMatch(pattern);
    expect(message).toMatch(/^x\.mat(\[W\])?: /);
    expect(hint).toMatch(/\w/);
    expect(codeOf(() => readAll(bytes))).toBe('data');
  });

  test.each([matFile([], { version: 0x0200 }), hdf5, level4(0, true)])('other levels are recognised, and how to save is said (%#)', (bytes) => {
    expect(looksLikeMat(bytes)).toBe(true);
    expect(messageOf(bytes).hint).toMatch(/-v7 .*scipy\.io\.savemat/);
  });

  test('what is no .mat file is not taken for one', () => {
    const others = ['', 'MATLAB', 'PK\u0003\u0004', `${'x'.repeat(200)}`, '1 0 1\n0 1 1\n'.repeat(20), '\0'.repeat(300), '{"a": 1}'].map((text) => Buffer.from(text, 'latin1'));
    expect(others.map(looksLikeMat)).toEqual(others.map(() => false));
  });

  test('what grows without measure when unpacked is refused, also over several variables', () => {
    // 16 MiB of text in 16 KiB, again and again: no single one is too large.
    const bomb = matElement(matTypes.matrix, Buffer.concat([matElement(matTypes.uint32, matNumbers('uint32', [4, 0])), Buffer.alloc(16 << 20)]));
    const element = matElement(matTypes.compressed, deflateSync(bomb), { pad: false });
    const { message, hint } = messageOf(matFile([matVariable(good), ...Array<Buffer>(20).fill(element)]));
    expect(message).toMatch(/^x\.mat: variable 17 \(at byte \d+\): grows to more than the \d+ bytes that are left for it/);
    expect(hint).toMatch(/-v6/);
  });

  test('messages stay short and printable, whatever the name', () => {
    const { message } = messageOf(mat([{ ...good, name: `\u001b[31m${'x'.repeat(10_000)}`, shape: [3, 3] }]));
    expect(message).toContain('\\u001b[31mxxx');
    expect(message.length).toBeLessThan(400);
  });

  const sample: MatVariable[] = [
    { name: 'vishid', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
    { name: 'v', shape: [1, 3], values: [1, 2, 3], type: 'uint8' },
    { name: 'text', shape: [1, 1], values: [65], type: 'uint16', arrayClass: 4 },
    { name: 'hid', shape: [1, 2], values: [-1, 2], type: 'int16', arrayClass: 10 },
  ];

  test.each(allForms)('cut short anywhere it is refused, but behind a whole variable: %j', (how) => {
    const ends = [128];
    for (const one of sample) ends.push((ends.at(-1) ?? 0) + matVariable(one, how).length);
    const file = mat(sample, how);
    expect(file).toHaveLength(ends.at(-1) ?? 0);
    // The format has no count of variables: what ends behind one of them is a good file of fewer.
    expect(readableTruncations(file, readAll)).toEqual(ends.slice(1, -1));
  });

  test.each(allForms)('with any one byte changed it is refused or gives arrays, and never anything worse: %j', (how) => {
    const file = mat(sample, how);
    const unnoticed = unnoticedChanges(file, readAll);
    // Nobody reads the text of the header, but its end must be right, and what kind of element follows.
    expect(unnoticed.filter((position) => position < 124)).toEqual(Array.from({ length: 124 }, (_, position) => position));
    expect(unnoticed.filter((position) => position >= 124 && position < 136)).toEqual([]);
  });

  test.each(allForms.filter(({ compress }) => compress))('packed variables have a checksum: nothing else is read out of them: %j', (how) => {
    const file = mat(sample, how);
    const seen = new Set<string>();
    unnoticedChanges(file, (damaged) => seen.add(JSON.stringify(contents(damaged))));
    // Some bits of deflate data mean nothing, so not every change is refused.
    expect([...seen]).toEqual([JSON.stringify(contents(file))]);
  });

  test('with any one bit changed', () => {
    for (const how of allForms) {
      const file = mat(sample, how);
      for (let bit = 8 * 124; bit < 8 * file.length; bit++) {
        const damaged = Uint8Array.from(file);
        damaged[bit >> 3] ^= 1 << (bit & 7);
        expect([undefined, 'data']).toContain(codeOf(() => readAll(damaged)));
      }
    }
  });

  test('arbitrary bytes, by themselves, behind a header and packed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, bigEndian) => {
        expect(typeof looksLikeMat(bytes)).toBe('boolean');
        const files = [bytes, matFile([bytes], { bigEndian }), packed(deflateSync(bytes)), matFile([matElement(matTypes.matrix, bytes, { bigEndian })], { bigEndian })];
        for (const file of files) expect([undefined, 'data']).toContain(codeOf(() => readAll(file)));
      }),
      { numRuns: 300 },
    );
  });
});
