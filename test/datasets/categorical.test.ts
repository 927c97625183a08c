import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import type { DataConfig } from '../../src/config/run-config.js';
import { describeDataset, loadDataset, type Dataset, type Examples } from '../../src/datasets/index.js';
import { dataConfig } from './config.js';
import { dataFiles, missingRowsOf, rowsOf } from './files.js';

const { write, writeRows, load } = dataFiles();
const categorical: Partial<DataConfig> = { values: 'categorical' };

/** First units of the groups, and the number of units. */
function groupsOf({ layer }: Dataset): number[] {
  return layer.kind === 'categorical' ? [...layer.groups] : [];
}

/** The values that the states stand for; `?` where no unit of a group is on. */
function decoded(dataset: Dataset, examples: Examples | undefined): string[][] {
  const groups = groupsOf(dataset);
  return rowsOf(examples).map((row) =>
    (dataset.categories ?? []).map(({ values }, group) => {
      const units = row.slice(groups[group], groups[group + 1]);
      expect(units.reduce((sum, unit) => sum + unit, 0)).toBeLessThanOrEqual(1);
      return values[units.indexOf(1)] ?? '?';
    }),
  );
}

describe('units', () => {
  test('one a value: numbers ascending, then words in code-point order', async () => {
    // U+FF21 has the smaller code point, but the larger UTF-16 code unit, than U+1F600.
    const path = write('order.csv', 'v,w\nb,10\na,9\n7,-1\n-3,9\n\u{1f600},10\n\uff21,9\nB,9\n');
    const dataset = await load({ ...categorical, path });
    expect(dataset.categories).toEqual([
      { column: 'v', values: ['-3', '7', 'B', 'a', 'b', '\uff21', '\u{1f600}'] },
      { column: 'w', values: ['-1', '9', '10'] },
    ]);
    expect(groupsOf(dataset)).toEqual([0, 7, 10]);
    expect(dataset.columns).toBe(10);
    expect(rowsOf(dataset.splits.train).slice(0, 3)).toEqual([
      [0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
      [0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
      [0, 1, 0, 0, 0, 0, 0, 1, 0, 0],
    ]);
  });

  test('any table comes back from its states; a missing value leaves its group empty and marked', async () => {
    const cell = fc.oneof(fc.constantFrom('red', 'blue', '"a, b"'), fc.integer({ min: -3, max: 40 }).map(String), fc.constant('?'));
    const table = fc.integer({ min: 1, max: 5 }).chain((columns) =>
      fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 10 }),
    );
    let count = 0;
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        fc.pre(rows[0].every((_, column) => rows.some((row) => row[column] !== '?')));
        const path = write(`table${++count}.csv`, rows.map((row) => row.join(',')).join('\n'));
        const dataset = await load({ ...categorical, path, missing: 'nan', header: false });
        const { train } = dataset.splits;
        expect(decoded(dataset, train)).toEqual(rows.map((row) => row.map((value) => value.replaceAll('"', ''))));
        const groups = groupsOf(dataset);
        missingRowsOf(train).forEach((mask, index) => {
          const expected = rows[index].flatMap((value, column) => Array.from({ length: groups[column + 1] - groups[column] }, () => (value === '?' ? 1 : 0)));
          expect(mask).toEqual(expected);
        });
        expect(train.missing !== undefined).toBe(rows.flat().includes('?'));
      }),
      { numRuns: 100 },
    );
  });

  test('do not depend on how the rows are divided', async () => {
    const path = write('divided.txt', Array.from({ length: 50 }, (_, row) => `${row % 7} ${'abcde'[row % 5]}`).join('\n'));
    const whole = await load({ ...categorical, path });
    const divided = await load({ ...categorical, path, train: { count: 1 }, test: { count: 20 } });
    expect([divided.categories, groupsOf(divided)]).toEqual([whole.categories, groupsOf(whole)]);
    expect(divided.categories?.map(({ column }) => column)).toEqual([1, 2]);
  });

  test('codes of other formats: bytes of pictures are not scaled, a column of one value is noted', async () => {
    const path = write('codes-idx', Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 3, 200, 5, 200));
    const dataset = await load({ ...categorical, path });
    expect(dataset.categories).toEqual([{ column: 1, values: ['3', '5'] }, { column: 2, values: ['200'] }]);
    expect(rowsOf(dataset.splits.train)).toEqual([[1, 0, 1], [0, 1, 1]]);
    expect(dataset.notes.join()).toMatch(/One value only.*in column 2/);
    // −0 is 0.
    expect((await load({ ...categorical, path: writeRows('zero.npy', [[0], [-0]]) })).categories).toEqual([{ column: 1, values: ['0'] }]);
  });
});

describe('a set of its own', () => {
  const path = write('train.csv', 'color,size\nred,1\nblue,2\ngreen,2\n');

  test('has the same units', async () => {
    const dataset = await load({ ...categorical, path, test: { path: write('test.csv', 'color,size\nblue,1\n') } });
    expect(rowsOf(dataset.splits.test)).toEqual([[1, 0, 0, 1, 0]]);
  });

  test.each([
    ['a word', 'color,size\nblue,1\npink,2\n', /other\.csv:3: row 2, column 1: the value 'pink' does not occur in the training file/, /column color are: blue, green, red/],
    ['a number', 'color,size\nblue,3\n', /other\.csv:2: row 1, column 2: the value '3' does not occur/, /column size are: 1, 2/],
  ])('with a value of its own is refused: %s', async (_, content, message, hint) => {
    const error = (await load({ ...categorical, path, validation: { path: write('other.csv', content) } }).catch((reason: unknown) => reason)) as { code: string; message: string; hint: string };
    expect(error.code).toBe('data');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

describe('refused', () => {
  test.each<[string, string, RegExp]>([
    ['a quantity', '1 2\n1 2.5\n', /:2: row 2, column 2: the value 2\.5 is not a whole number/],
    ['a missing value', 'a 1\nNA 2\n', /:2:1: 'NA' is a missing value/],
  ])('%s', async (_, content, message) => {
    await expect(load({ ...categorical, path: write('refused.txt', content) })).rejects.toMatchObject({ code: 'data', message: expect.stringMatching(message) });
  });

  test.each<[Partial<DataConfig>, string]>([
    [{ binarize: 'stochastic' }, 'data.binarize'],
    [{ invert: true }, 'data.invert'],
    [{ scale: 2 }, 'data.scale'],
    [{ shape: [1, 2] }, 'data.shape'],
    // Words in every column: the first line may be either.
    [{}, 'data.header'],
  ])('%j', async (config, key) => {
    const keys: string[] = [];
    const fail = (failing: string, message: string) => {
      keys.push(failing);
      return new Error(message);
    };
    const path = write('words.csv', 'color,size\nred,big\n');
    await expect(loadDataset(dataConfig({ source: 'file', path, ...categorical, ...config }), { fail })).rejects.toThrow(Error);
    expect(keys).toEqual([key]);
  });

  test('a header that is told is believed', async () => {
    const path = write('told.csv', 'color,size\nred,big\n');
    const rows = async (header: boolean) => (await load({ ...categorical, path, header })).splits.train.rows;
    expect([await rows(true), await rows(false)]).toEqual([1, 2]);
  });
});

test('figures: how often each value stands in the training rows', async () => {
  const dataset = await load({ ...categorical, path: write('counts.csv', 'v,w\na,1\nb,1\na,?\na,2\n'), missing: 'nan' });
  const { kind, splits, categories } = describeDataset(dataset);
  expect(kind).toBe('categorical');
  expect(splits).toEqual([{ name: 'train', rows: 4, distinctRows: 4, missing: 1 }]);
  expect(categories).toEqual([
    { column: 'v', values: ['a', 'b'], trainingCounts: [3, 1] },
    { column: 'w', values: ['1', '2'], trainingCounts: [2, 1] },
  ]);
});
