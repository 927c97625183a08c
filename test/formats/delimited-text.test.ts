import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { readDelimitedText } from '../../src/formats/delimited-text.js';
import { codeOf } from './damage.js';

const read = (text: string, header = false) => readDelimitedText(new Uint8Array(Buffer.from(text)), 'data.csv', { header });
const rowsOf = (text: string, header = false) => {
  const { rows, columns, values } = read(text, header);
  return Array.from({ length: rows }, (_, row) => [...values.subarray(row * columns, (row + 1) * columns)]);
};

describe('reading', () => {
  test.each([
    ['blanks', '0 1 0\n1  1\t0 \n'],
    ['blanks before', '   0 1 0\n\t1 1 0'],
    ['commas', '0,1,0\n1,1,0\n'],
    ['commas and blanks', '0, 1 ,0\n 1,1, 0\n'],
    ['semicolons', '0;1;0\n1;1;0\n'],
    ['CRLF', '0,1,0\r\n1,1,0\r\n'],
    ['CR alone', '0,1,0\r1,1,0'],
    ['comments and blank lines', '# title\n\n0,1,0 # first\n   \n#\n1,1,0\n\n'],
    ['a byte order mark', '\ufeff0,1,0\n1,1,0'],
    ['decimals', '0.0 1.000e+00 -0\n+1 01 .0'],
  ])('%s', (_, text) => {
    expect(rowsOf(text).map((row) => row.map(Math.abs))).toEqual([[0, 1, 0], [1, 1, 0]]);
  });

  test('a header is skipped where it is allowed', () => {
    expect(rowsOf('"a b",c,\n0,1,0\n', true)).toEqual([[0, 1, 0]]);
    expect(() => rowsOf('a,b,c\n0,1,0\n')).toThrow(/data\.csv:1:1: 'a' is not a number/);
  });

  test('whole numbers to 255 are bytes; anything else makes all of it float64, exactly', () => {
    expect(read('0 255\n7 9').values.BYTES_PER_ELEMENT).toBe(1);
    for (const other of ['256', '0.1', '-1', '1e-300']) {
      const { values } = read(`0 255\n7 ${other}`);
      expect(values.BYTES_PER_ELEMENT).toBe(8);
      expect([...values]).toEqual([0, 255, 7, Number(other)]);
    }
  });

  test('any table, written with any separator, is what splitting the lines gives', () => {
    const value = fc.oneof(fc.nat(1), fc.nat(999), fc.double({ noNaN: true, noDefaultInfinity: true }));
    const table = fc.integer({ min: 1, max: 6 }).chain((columns) =>
      fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 6 }),
    );
    fc.assert(
      fc.property(table, fc.constantFrom(' ', '\t', ',', ';', ' , '), fc.constantFrom('\n', '\r\n', '\n\n'), (rows, separator, lineBreak) => {
        const text = rows.map((row) => row.join(separator)).join(lineBreak);
        expect(rowsOf(text)).toEqual(rows.map((row) => row.map((number) => (Object.is(number, -0) ? 0 : number))));
      }),
    );
  });

  test('rows know their lines', () => {
    const table = read('# x\n0 1\n\n1 1\n');
    expect([table.lineOfRow(0), table.lineOfRow(1)]).toEqual([2, 4]);
  });
});

describe('bad files', () => {
  test.each([
    ['0,1\n0,1,1\n', /data\.csv:2:5: row 2 has more than the 2 values/],
    ['0,1,1\n0,1\n', /data\.csv:2:4: row 2 has 2 values where the rows before it have 3/],
    ['0,1\n0,x\n', /data\.csv:2:3: 'x' is not a number/],
    ['0,,1\n', /data\.csv:1:3: a value is missing/],
    ['0,1,\n', /data\.csv:1:5: a value is missing/],
    ['0 1\n0,1\n', /data\.csv:2:1: '0,1' is not a number/],
    ['0;1\n0,5;1\n', /data\.csv:2:1: '0,5' is not a number/],
    ['0,1\n1 1\n', /data\.csv:2:3: expected ','/],
    ['0 nan\n', /data\.csv:1:3: 'nan' is a missing value/],
    ['0 -Infinity\n', /data\.csv:1:3: '-Infinity' is not finite/],
    ['0 1e999\n', /data\.csv:1:3: '1e999' is not finite/],
    ['0 0x10\n', /data\.csv:1:3: '0x10' is not a number/],
    ['\r\n\r\n0 a', /data\.csv:3:3: 'a'/],
    ['# nothing\n\n', /data\.csv: holds no row/],
    ['', /data\.csv: holds no row/],
    ['a,b\nc,d\n', /data\.csv:2:1: 'c' is not a number/],
    ['0 \u001b[31m', /\\u001b/],
  ])('%j', (text, message) => {
    expect(() => read(text, true)).toThrow(message);
    expect(codeOf(() => read(text, true))).toBe('data');
  });

  test('a field of a million characters is not repeated in the message', () => {
    expect(() => read('x'.repeat(1_000_000))).toThrow(/^.{1,120}$/);
    expect(() => read('0'.repeat(1_000_000))).toThrow(/^data\.csv:1:1: .{1,100}$/);
  });

  test('arbitrary bytes give a table or a located error', () => {
    const bytes = fc.array(fc.oneof(fc.constantFrom(...Buffer.from('01 ,;\n\r#.e-')), fc.nat(255)), { maxLength: 40 });
    fc.assert(
      fc.property(bytes, fc.boolean(), (list, header) => {
        const code = codeOf(() => readDelimitedText(Uint8Array.from(list), 'x', { header }));
        expect([undefined, 'data']).toContain(code);
      }),
      { numRuns: 2000 },
    );
  });
});
