import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { readDelimitedText, type NumberTable, type TextOptions, type Words } from '../../src/formats/delimited-text.js';
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

describe('words and missing values', () => {
  const readAll = (text: string, options: Partial<TextOptions> = {}) =>
    readDelimitedText(new Uint8Array(Buffer.from(text)), 'data.csv', { header: false, words: true, missing: true, ...options });
  /** The cells as they are meant: words, numbers, undefined where missing. */
  const cellsOf = (table: NumberTable) => {
    const cells = Array.from(table.values, (value, index) => {
      const code = table.words?.codes[index] ?? 0;
      return code > 0 ? (table.words as Words).list[code - 1] : Number.isNaN(value) ? undefined : value;
    });
    return Array.from({ length: table.rows }, (_, row) => cells.slice(row * table.columns, (row + 1) * table.columns));
  };

  test('any table of words, numbers and missing values comes back', () => {
    const word = fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => !/[\n\r\ufffd]/.test(text) && Number.isNaN(Number(text.trim() || 'x')));
    const awkward = fc.constantFrom('"', 'a"b', '""', 'a, b; c', '# no comment', ' ', '', 'NA', '?');
    const cell = fc.oneof(word, awkward, fc.nat(300), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(undefined));
    const table = fc.integer({ min: 1, max: 5 }).chain((columns) =>
      fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 5 }),
    );
    const mark = fc.constantFrom('nan', 'NaN', 'NA', '?', '');
    fc.assert(
      fc.property(table, fc.constantFrom(' ', ',', ';', ' , '), mark, (rows, separator, marked) => {
        // Nothing at all is no field between blanks, nor the only one of a line.
        const missing = marked === '' && (separator === ' ' || rows[0].length === 1) ? 'NA' : marked;
        const field = (value: string | number | undefined) =>
          value === undefined ? missing : typeof value === 'number' ? String(value) : `"${value.replaceAll('"', '""')}"`;
        const text = rows.map((row) => row.map(field).join(separator)).join('\n');
        // −0 is written as 0.
        expect(cellsOf(readAll(text))).toEqual(rows.map((row) => row.map((value) => (typeof value === 'number' ? value + 0 : value))));
      }),
      { numRuns: 500 },
    );
  });

  test('words without quotes: blanks within, not around; numbers in quotes are numbers', () => {
    expect(cellsOf(readAll(' light blue ,"2",NA \nred,\t x#y\n'.replace('x#y', 'x,1 # y')))).toEqual([['light blue', 2, undefined], ['red', 'x', 1]]);
    expect(cellsOf(readAll('red "a b" 1\nblue "NA" ?\n'))).toEqual([['red', 'a b', 1], ['blue', 'NA', undefined]]);
  });

  test('a table of numbers only has no words, and keeps its bytes', () => {
    const table = readAll('1,2\n3,4\n');
    expect(table.words).toBeUndefined();
    expect(table.values.BYTES_PER_ELEMENT).toBe(1);
  });

  test('names of columns: guessed, told, or not as many as the columns', () => {
    expect(readAll('a,"b, c"\n1,x\n', { header: true })).toMatchObject({ rows: 1, columnNames: ['a', 'b, c'], hasGuessedHeader: true });
    expect(readAll('1,2\n3,4\n', { header: 'always' })).toMatchObject({ rows: 1, columnNames: ['1', '2'], hasGuessedHeader: false });
    expect(readAll('first  second\n3 4\n', { header: 'always' }).columnNames).toEqual(['first', 'second']);
    expect(readAll('title\n3,4\n', { header: 'always' }).columnNames).toBeUndefined();
    // Marks of missing values are no names.
    expect(readAll('NA,?\n3,4\n', { header: true }).rows).toBe(2);
    expect(readAll(',\n3,4\n', { header: true }).rows).toBe(2);
  });

  test.each<[string, Partial<TextOptions>, RegExp]>([
    ['a,?\n', { missing: false }, /data\.csv:1:3: '\?' is a missing value/],
    ['a,,b\n', { missing: false }, /data\.csv:1:3: a value is missing/],
    ['a,"b\n', {}, /data\.csv:1:3: the quote is not closed/],
    ['"a"b c\n', {}, /data\.csv:1:4: a value goes on after its closing quote/],
    [`1,${'x'.repeat(2000)}\n`, {}, /data\.csv:1:3: 'x+…?/],
    [`1,"${'x'.repeat(2000)}"\n`, {}, /data\.csv:1:3: this word has more than 1000/],
    ['1,a\n', { words: false }, /data\.csv:1:3: 'a' is not a number/],
    ['1,inf,\n', { words: false }, /data\.csv:1:3: 'inf' is not finite/],
  ])('%#: %j', (text, options, message) => {
    expect(() => readAll(text, options)).toThrow(message);
    expect(codeOf(() => readAll(text, options))).toBe('data');
  });

  test('words that are not UTF-8 are refused', () => {
    expect(() => readDelimitedText(Uint8Array.of(0x31, 0x2c, 0xe9, 0x0a), 'x', { header: false, words: true })).toThrow(/x:1:3: this word is not text in UTF-8/);
  });

  test('arbitrary bytes give a table or a located error', () => {
    const bytes = fc.array(fc.oneof(fc.constantFrom(...Buffer.from('01 ,;\n\r#"a?')), fc.nat(255)), { maxLength: 40 });
    const header = fc.constantFrom(true, false, 'always' as const);
    fc.assert(
      fc.property(bytes, fc.boolean(), fc.boolean(), header, (list, words, missing, first) => {
        const decode = () => {
          const table = readDelimitedText(Uint8Array.from(list), 'x', { header: first, words, missing });
          expect(table.values.length).toBe(table.rows * table.columns);
          expect(missing || !table.values.some(Number.isNaN)).toBe(true);
          expect(words || table.words === undefined).toBe(true);
        };
        expect([undefined, 'data']).toContain(codeOf(decode));
      }),
      { numRuns: 3000 },
    );
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
