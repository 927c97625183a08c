import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { looksLikeLibsvm, readLibsvm } from '../../src/formats/libsvm.js';
import { codeOf } from './damage.js';

const read = (text: string, columns?: number) => readLibsvm(new Uint8Array(Buffer.from(text)), 'x.libsvm', columns);
const rowsOf = (text: string, columns?: number) => {
  const { rows, columns: width, values } = read(text, columns);
  return Array.from({ length: rows }, (_, row) => [...values.subarray(row * width, (row + 1) * width)]);
};

test('missing values, where they are allowed', () => {
  const bytes = new Uint8Array(Buffer.from('1 1:nan 3:1\n1 2:? 3:NA\n'));
  expect([...readLibsvm(bytes, 'x', undefined, true).values]).toEqual([NaN, 0, 1, 0, NaN, NaN]);
  expect(() => readLibsvm(bytes, 'x')).toThrow(/x:1:5: 'nan' is a missing value/);
});

test.each([
  ['labels', '+1 1:1 3:1\n-1 2:1\n', [[1, 0, 1], [0, 1, 0]]],
  ['no labels', '1:1 3:1\n2:1', [[1, 0, 1], [0, 1, 0]]],
  ['several labels, comments, CRLF, blank lines', '1,2 1:1 # two\r\n\r\n# none\n0.5 3:1\r\n', [[1, 0, 0], [0, 0, 1]]],
  ['a row of zeros', '1\n1 2:1\n', [[0, 0], [0, 1]]],
  ['reals', '1 1:0.25 2:-1\n', [[0.25, -1]]],
])('%s', (_, text, expected) => {
  expect(rowsOf(text)).toEqual(expected);
});

test('columns beyond the largest index', () => {
  expect(rowsOf('1 1:1\n', 3)).toEqual([[1, 0, 0]]);
});

test('any table round trips', () => {
  const table = fc.integer({ min: 1, max: 8 }).chain((columns) =>
    fc.array(fc.array(fc.nat(2), { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 8 }),
  );
  fc.assert(
    fc.property(table, (rows) => {
      const text = rows.map((row) => `7 ${row.flatMap((value, i) => (value === 0 ? [] : [`${i + 1}:${value}`])).join(' ')}`).join('\n');
      expect(rowsOf(text, rows[0].length)).toEqual(rows);
    }),
  );
});

test('recognised by its first line', () => {
  expect(looksLikeLibsvm('-1 3:1 11:0.5')).toBe(true);
  expect(looksLikeLibsvm('0 1 0 1')).toBe(false);
});

describe('bad files', () => {
  test.each([
    ['1 0:1\n', undefined, /x\.libsvm:1:3: the index is 0/],
    ['1 1:1\n1 3:1 2:1\n', undefined, /x\.libsvm:2:7: the index 2 follows 3/],
    ['1 2:1 2:1\n', undefined, /follows 2/],
    ['1 -2:1\n', undefined, /'-2' is not a whole number/],
    ['1 a:1\n', undefined, /'a' is not a whole number/],
    ['1 qid:3 1:1\n', undefined, /'qid'/],
    ['1 2:x\n', undefined, /x\.libsvm:1:5: 'x' is not a number/],
    ['1 2:\n', undefined, /'' is not a number/],
    ['1 2:nan\n', undefined, /missing value/],
    ['1 7\n', undefined, /'7' is not index:value/],
    ['cat 1:1\n', undefined, /the label 'cat' is not a number/],
    ['1 4:1\n', 3, /x\.libsvm:1:3: the index 4 is beyond the last column, 3/],
    ['1 4000000000:1\n', undefined, /1 rows × 4000000000 columns are too many/],
    ['1 9999999999:1\n', undefined, /beyond the last column/],
    ['1\n2\n', undefined, /names no index/],
    ['# nothing\n', undefined, /holds no row/],
  ])('%j', (text, columns, message) => {
    expect(() => read(text, columns)).toThrow(message);
    expect(codeOf(() => read(text, columns))).toBe('data');
  });

  test('arbitrary text gives a table or a located error', () => {
    const text = fc.string({ unit: fc.constantFrom(...'01:2 9\n#.-e,x\r'), maxLength: 40 });
    fc.assert(
      fc.property(text, (content) => {
        expect([undefined, 'data']).toContain(codeOf(() => read(content)));
      }),
      { numRuns: 2000 },
    );
  });
});
