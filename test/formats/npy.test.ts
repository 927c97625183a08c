import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { looksLikeNpy, readNpy, writeNpy } from '../../src/formats/npy.js';
import { codeOf, readableTruncations, sameBits, unnoticedChanges } from './damage.js';
import { describeWithNumpy, runPython } from './numpy.js';

/** A file as the format's specification describes it, put together by hand. */
function file(dictionary: string, data: readonly number[], version = 1): Uint8Array {
  const header = Buffer.from(`${dictionary}\n`, version === 3 ? 'utf8' : 'latin1');
  const length = version === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, header.length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...Buffer.from('NUMPY'), version, 0, ...length, ...header, ...data]);
}

const plain = (descr: string, shape: string, fortran = 'False') => `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

const folder = mkdtempSync(join(tmpdir(), 'rbm-npy-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('reading', () => {
  test.each([1, 2, 3])('version %i', (version) => {
    const { shape, dtype, values } = readNpy(file(plain('<i2', '(2, 2)'), [1, 0, 255, 255, 0, 1, 0, 128], version), 'x');
    expect(shape).toEqual([2, 2]);
    expect(dtype).toBe('<i2');
    expect([...values]).toEqual([1, -1, 256, -32768]);
  });

  test.each([
    ['|u1', [7, 255], [7, 255]],
    ['|b1', [0, 1], [0, 1]],
    ['|i1', [127, 128], [127, -128]],
    ['<u2', [1, 2, 255, 255], [513, 65535]],
    ['>u2', [1, 2, 255, 255], [258, 65535]],
    ['>i4', [255, 255, 255, 254, 0, 0, 1, 0], [-2, 256]],
    ['<u4', [255, 255, 255, 255, 1, 0, 0, 0], [4294967295, 1]],
    ['<i8', [255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 1, 0, 0, 0], [-1, 4294967296]],
    ['<f4', [0, 0, 128, 63, 0, 0, 0, 63], [1, 0.5]],
    ['>f8', [63, 240, 0, 0, 0, 0, 0, 0, 192, 0, 0, 0, 0, 0, 0, 0], [1, -2]],
    ['<f2', [0, 0x3c, 1, 0], [1, 2 ** -24]],
    ['<f2', [0xff, 0x7b, 0, 0xfc], [65504, -Infinity]],
  ])('type %s', (descr, data, expected) => {
    expect([...readNpy(file(plain(descr, '(2,)'), data), 'x').values]).toEqual(expected);
  });

  test('Fortran order is turned into C order', () => {
    expect([...readNpy(file(plain('|u1', '(2, 3)', 'True'), [1, 4, 2, 5, 3, 6]), 'x').values]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('keys in another order, double quotes, long integers of Python 2, a single number', () => {
    const other = '{"shape": (1L, 2L), "descr": "|u1", "fortran_order": False}';
    expect(readNpy(file(other, [3, 4]), 'x').shape).toEqual([1, 2]);
    expect(readNpy(file(plain('|u1', '()'), [9]), 'x')).toMatchObject({ shape: [] });
  });

  describeWithNumpy('numpy', () => {
    test('every type, order and shape as numpy writes it', () => {
      const script = `
import numpy as np, json
random = np.random.default_rng(1)
cases = []
for kind in ['f2','f4','f8','i1','i2','i4','i8','u1','u2','u4','u8','b1']:
    for endian in '<>':
        for shape in [(), (0,), (5,), (3, 4), (2, 3, 4), (0, 7)]:
            for order in 'CF':
                a = (random.random(shape) * 200 - (0 if kind[0] in 'ub' else 100)).astype(endian + kind)
                if kind == 'b1': a = random.random(shape) < .5
                name = f'{len(cases)}'
                np.save(name + '.npy', np.array(a, order=order))
                np.asarray(a, dtype='<f8').tofile(name + '.f8')
                cases.append(list(shape))
print(json.dumps(cases))`;
      const shapes = JSON.parse(runPython(script, folder)) as number[][];
      expect(shapes.length).toBe(288);
      shapes.forEach((shape, index) => {
        const array = readNpy(readFileSync(join(folder, `${index}.npy`)), `${index}`);
        const expected = readFileSync(join(folder, `${index}.f8`));
        expect(array.shape).toEqual(shape);
        expect(sameBits(Float64Array.from(array.values), new Float64Array(new Uint8Array(expected).buffer))).toBe(true);
      });
    });
  });
});

describe('writing', () => {
  test('round trip keeps every bit', () => {
    const arrays = fc.oneof(fc.float64Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(arrays, fc.boolean(), (values, isFlat) => {
        const shape = isFlat ? [values.length] : [1, values.length, 1];
        const bytes = writeNpy(values, shape);
        const array = readNpy(bytes, 'x');
        expect((bytes.length - values.byteLength) % 64).toBe(0);
        expect(array.shape).toEqual(shape);
        expect(sameBits(array.values, values)).toBe(true);
      }),
    );
  });

  describeWithNumpy('numpy', () => {
    test('numpy reads it', () => {
      writeFileSync(join(folder, 'a.npy'), writeNpy(Float64Array.of(0.1, -0, 1e300, 2, 3, 4), [2, 3]));
      writeFileSync(join(folder, 'b.npy'), writeNpy(Uint8Array.of(1, 2, 255), [3]));
      const script = `
import numpy as np
a, b = np.load('a.npy'), np.load('b.npy')
print(a.dtype.str, a.tolist(), b.dtype.str, b.tolist())`;
      expect(runPython(script, folder)).toBe('<f8 [[0.1, -0.0, 1e+300], [2.0, 3.0, 4.0]] |u1 [1, 2, 255]\n');
    });
  });

  test('a shape that does not fit is a mistake of the caller', () => {
    expect(() => writeNpy(Float64Array.of(1, 2), [3])).toThrow(/does not hold 2/);
  });
});

describe('bad files', () => {
  test.each([
    ['objects', plain('|O', '(1,)'), [1], /objects.*running code/],
    ['records', "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", [1], /structured/],
    ['text', plain('<U3', '(1,)'), [1], /type '<U3'/],
    ['complex', plain('<c16', '(1,)'), [1], /type '<c16'/],
    ['no order at all', plain('f8', '(1,)'), [1], /type 'f8'/],
    ['huge shape', plain('<f8', '(1152921504606846, 4)'), [1], /claims shape .* but 1 bytes/],
    ['shape beyond float64', plain('|u1', `(${Array(60).fill('999999999999999').join(', ')})`), [1], /claims shape/],
    ['absurd beside a size of 0', plain('<f8', '(0, 1152921504606846976)'), [], /claims shape \(0, 1152921504606846976\)/],
    ['a product of ∞·0', plain('|u1', `(${Array(60).fill('999999999999999').join(', ')}, 0)`), [], /claims shape .* Infinity bytes/],
    ['too many dimensions', plain('|u1', `(${Array(65).fill('1').join(', ')})`), [1], /65 dimensions/],
    ['negative shape', plain('<f8', '(-1,)'), [1], /'shape'/],
    ['shape of something else', plain('<f8', "('a',)"), [1], /'shape'/],
    ['no descr', "{'fortran_order': False, 'shape': (1,), }", [1], /'descr'/],
    ['no order key', "{'descr': '|u1', 'shape': (1,), }", [1], /'fortran_order'/],
    ['surplus bytes', plain('|u1', '(1,)'), [1, 2], /1 bytes, but 2 bytes/],
    ['integers beyond 2^53', plain('<u8', '(1,)'), [0, 0, 0, 0, 0, 0, 0, 255], /element 0/],
    ['terminal escapes in the type', plain('\u001b[31m', '(1,)'), [1], /\\u001b/],
  ])('%s', (_, dictionary, data, message) => {
    expect(() => readNpy(file(dictionary, data), 'bad.npy')).toThrow(message);
    expect(codeOf(() => readNpy(file(dictionary, data), 'bad.npy'))).toBe('data');
  });

  test('a header that claims 4 GiB', () => {
    const bytes = file(plain('|u1', '(1,)'), [1], 2);
    bytes.set([255, 255, 255, 255], 8);
    expect(() => readNpy(bytes, 'x')).toThrow(/claims a header of 4294967295/);
  });

  test('version 9', () => expect(() => readNpy(file(plain('|u1', '(1,)'), [1], 9), 'x')).toThrow(/version 9/));

  test('cut short anywhere it is refused, with any byte changed nothing worse happens', () => {
    const bytes = writeNpy(Float64Array.of(1, 2, 3), [3]);
    expect(readableTruncations(bytes, (cut) => readNpy(cut, 'x'))).toEqual([]);
    const unnoticed = unnoticedChanges(bytes, (damaged) => readNpy(damaged, 'x'));
    expect(unnoticed.filter((position) => position < 6)).toEqual([]);
  });

  test('arbitrary bytes after the magic', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (rest) => {
        const bytes = Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 60, 0, ...rest]);
        expect(looksLikeNpy(bytes)).toBe(true);
        expect(codeOf(() => readNpy(bytes, 'x'))).toBe('data');
      }),
    );
  });
});
