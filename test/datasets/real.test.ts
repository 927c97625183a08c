import { createHash } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import type { DataConfig } from '../../src/config/run-config.js';
import { describeDataset, loadDataset, type Examples } from '../../src/datasets/index.js';
import { isBinaryMatrix } from '../../src/kernels/binary-matrix.js';
import { dataConfig } from './config.js';
import { dataFiles, missingRowsOf, rowsOf } from './files.js';

const { write, writeRows, load } = dataFiles();
const real: Partial<DataConfig> = { values: 'real' };

/** Mean and deviation of what is known, by plain sums of numbers that are small enough for them. */
function plainMoments(values: readonly number[]): { mean: number; deviation: number } {
  const known = values.filter((value) => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length;
  return { mean, deviation: Math.sqrt(variance) };
}

const columnOf = (rows: readonly (readonly number[])[], column: number) => rows.map((row) => row[column]);

describe('reading', () => {
  test('numbers are kept to the bit, whatever the file, as states of Gaussian units', async () => {
    const rows = [[0.1, -2.5e-300], [1e300, 3]];
    const paths = [
      writeRows('bits.npy', rows),
      write('bits.csv', '0.1,-2.5e-300\n1e300,3\n'),
      write('bits.libsvm', '1 1:0.1 2:-2.5e-300\n1 1:1e300 2:3\n'),
    ];
    const datasets = await Promise.all(paths.map((path) => load({ ...real, path })));
    for (const { splits, layer, columns, standardization, categories } of datasets) {
      expect(isBinaryMatrix(splits.train.states)).toBe(false);
      expect({ layer, columns, standardization, categories }).toEqual({ layer: { kind: 'gaussian' }, columns: 2 });
      expect(rowsOf(splits.train)).toEqual(rows);
      expect(splits.train.missing).toBeUndefined();
    }
    expect(new Set(datasets.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  });

  test('bytes of pictures are divided by their scale', async () => {
    const path = write('grey-idx', Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 255, 0, 51));
    const { splits, shape } = await load({ ...real, path });
    expect(rowsOf(splits.train)).toEqual([[1, 0, 51 / 255]]);
    expect(shape).toEqual([1, 3]);
    expect(rowsOf((await load({ ...real, path, scale: 2 })).splits.train)).toEqual([[127.5, 0, 25.5]]);
  });

  test.each<[string, string, Partial<DataConfig>, RegExp]>([
    ['infinity', 'inf', {}, /inf\.npy: row 2, column 1: the value -Infinity is not a finite number/],
    ['NaN', 'nan', {}, /nan\.npy: row 1, column 2: the value NaN is not a finite number/],
    ['infinity where values may be missing', 'inf', { missing: 'nan' }, /row 2, column 1: the value -Infinity is not a finite number/],
    ['an overflow by the scale', 'large', { scale: 1e-200 }, /large\.npy: row 1, column 1: the value 1e\+200 is not finite once scaled/],
    ['sums that overflow', 'huge', { standardize: 'columns' }, /huge\.npy: the values of column 2 are too large to be standardized/],
  ])('%s is refused', async (_, name, config, message) => {
    const contents: Record<string, number[][]> = {
      inf: [[1, 2], [-Infinity, 3]],
      nan: [[1, NaN], [2, 3]],
      large: [[1e200, 1]],
      huge: [[1, 1.7e308], [2, 1.6e308]],
    };
    await expect(load({ ...real, path: writeRows(`${name}.npy`, contents[name]), ...config })).rejects.toMatchObject({ code: 'data', message: expect.stringMatching(message) });
  });

  test.each<[Partial<DataConfig>, string]>([
    [{ binarize: 'threshold' }, 'data.binarize'],
    [{ binarize: 'signs' }, 'data.binarize'],
    [{ invert: true }, 'data.invert'],
    [{ shape: [2, 2] }, 'data.shape'],
  ])('%j does not go with real values', async (config, key) => {
    const keys: string[] = [];
    const fail = (failing: string, message: string) => {
      keys.push(failing);
      return new Error(message);
    };
    const whole = dataConfig({ source: 'file', path: writeRows('any.npy', [[1, 2]]), ...real, ...config });
    await expect(loadDataset(whole, { fail })).rejects.toThrow(Error);
    expect(keys).toEqual([key]);
  });
});

describe('standardizing', () => {
  const numbers = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 8);
  const cell = fc.oneof({ arbitrary: numbers, weight: 6 }, { arbitrary: fc.constant(NaN), weight: 1 });
  const table = fc.integer({ min: 1, max: 4 }).chain((columns) =>
    fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 3, maxLength: 12 }),
  );
  const close = (value: number, expected: number) => expect(Math.abs(value - expected)).toBeLessThan(1e-11 * (1 + Math.abs(expected)));

  test.each(['columns', 'global'] as const)('%s: by the known values of the training rows, applied to all splits', async (standardize) => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(table, async (training) => {
        const held = training[0].map(() => 0.5);
        fc.pre(training[0].every((_, column) => columnOf(training, column).some((value) => !Number.isNaN(value))));
        const path = writeRows(`table-${standardize}-${++count}.npy`, [...training, held]);
        const { splits, standardization } = await load({ ...real, path, standardize, missing: 'nan', shuffle: false, test: { count: 1 } });
        const found = rowsOf(splits.train);
        const mask = missingRowsOf(splits.train);
        for (let column = 0; column < held.length; column++) {
          const { mean, deviation } = plainMoments(standardize === 'global' ? training.flat() : columnOf(training, column));
          const by = deviation < 1e-9 ? 1 : deviation;
          close(standardization?.means[column] as number, mean);
          close(standardization?.deviations[column] as number, by);
          training.forEach((row, index) => {
            expect(mask[index]?.[column] ?? 0).toBe(Number.isNaN(row[column]) ? 1 : 0);
            close(found[index][column], Number.isNaN(row[column]) ? 0 : (row[column] - mean) / by);
          });
          close(rowsOf(splits.test)[0][column], (0.5 - mean) / by);
        }
        expect(mask.length > 0).toBe(training.flat().some(Number.isNaN));
      }),
      { numRuns: 60 },
    );
  });

  test('constant columns become exactly 0, with a note, even where sums of their value round', async () => {
    const rows = Array.from({ length: 10 }, (_, row) => [0.1, row, 7.3]);
    const { splits, standardization, notes } = await load({ ...real, path: writeRows('constant.npy', rows), standardize: 'columns' });
    for (const [first, , last] of rowsOf(splits.train)) expect([first, last]).toEqual([0, 0]);
    expect([standardization?.means[0], standardization?.deviations[0]]).toEqual([0.1, 1]);
    expect(notes.join()).toMatch(/2 columns are constant \(1, 3\) in the training rows/);
    const whole = await load({ ...real, path: writeRows('all-equal.npy', [[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]]), standardize: 'global' });
    expect(rowsOf(whole.splits.train).flat()).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('numbers whose squares overflow or vanish', async () => {
    const rows = [[1e200, 1e-200], [-1e200, -1e-200], [1e200, 1e-200], [-1e200, -1e-200]];
    const { splits } = await load({ ...real, path: writeRows('extreme.npy', rows), standardize: 'columns' });
    expect(rowsOf(splits.train)).toEqual([[1, 1], [-1, -1], [1, 1], [-1, -1]]);
  });

  test('a held-out set of its own is standardized by the training rows', async () => {
    const path = writeRows('own-train.npy', [[1], [3]]);
    const { splits } = await load({ ...real, path, standardize: 'columns', test: { path: writeRows('own-test.npy', [[4], [2]]) } });
    expect([rowsOf(splits.train), rowsOf(splits.test)]).toEqual([[[-1], [1]], [[2], [0]]]);
  });

  test('none is what is meant where nothing is said', async () => {
    const path = writeRows('none.npy', [[1], [3]]);
    const [silent, none] = [await load({ ...real, path }), await load({ ...real, path, standardize: 'none' })];
    expect(none.fingerprint).toBe(silent.fingerprint);
    expect(none.standardization).toBeUndefined();
  });
});

describe('fingerprint', () => {
  test('is SHA-256 of kind, names, sizes and float64 as documented', async () => {
    const { fingerprint } = await load({ ...real, path: writeRows('hash.npy', [[1.5, -2], [0.25, 1e-3], [7, 8]]), shuffle: false, test: { count: 1 } });
    const bytes = (...values: number[]) => {
      const view = new DataView(new ArrayBuffer(8 * values.length));
      values.forEach((value, index) => view.setFloat64(8 * index, value, true));
      return new Uint8Array(view.buffer);
    };
    const hash = createHash('sha256').update('rbm-train data 1\ngaussian\n');
    hash.update('train 2 2\n').update(bytes(1.5, -2, 0.25, 1e-3)).update('test 1 2\n').update(bytes(7, 8));
    expect(fingerprint).toBe(hash.digest('hex'));
  });

  test('tells kinds, the last bit, standardization and missing values apart', async () => {
    const path = writeRows('apart.npy', [[0, 1], [1, 0]]);
    const variants: Partial<DataConfig>[] = [
      { path },
      { path, values: 'real' },
      { path, values: 'categorical' },
      { path, values: 'real', standardize: 'columns' },
      { path: writeRows('bit.npy', [[0, 1], [1 + 2 ** -52, 0]]), values: 'real' },
      { path: writeRows('gap.npy', [[0, 1], [1, NaN]]), values: 'real', missing: 'nan' },
      { path: writeRows('gap.npy', [[0, 1], [1, NaN]]), missing: 'nan' },
      { path: writeRows('gap.npy', [[0, 1], [1, NaN]]), values: 'categorical', missing: 'nan' },
    ];
    const prints = await Promise.all(variants.map(async (config) => (await load(config)).fingerprint));
    expect(new Set(prints).size).toBe(variants.length);
  });
});

test('figures of a split and of the columns', async () => {
  const rows = [[1, 10], [2, NaN], [6, 10], [3, 30]];
  const dataset = await load({ ...real, path: writeRows('figures.npy', rows), missing: 'nan' });
  const { kind, splits, columnFigures } = describeDataset(dataset);
  const all = plainMoments(rows.flat());
  expect(kind).toBe('real');
  expect(splits).toEqual([
    { name: 'train', rows: 4, distinctRows: 4, missing: 1, minimum: 1, maximum: 30, mean: expect.closeTo(all.mean, 12), deviation: expect.closeTo(all.deviation, 12) },
  ]);
  const second = plainMoments(columnOf(rows, 1));
  expect(columnFigures?.[1]).toEqual({ minimum: 10, maximum: 30, mean: expect.closeTo(second.mean, 12), deviation: expect.closeTo(second.deviation, 12) });
});

test('rows of the splits are those of the source, each once', async () => {
  const rows = Array.from({ length: 200 }, (_, row) => [row + 0.5, -row]);
  const { splits } = await load({ ...real, path: writeRows('rows.npy', rows), validation: { count: 30 }, test: { fraction: 0.2 } });
  const all = [splits.train, splits.validation, splits.test].flatMap((examples) => rowsOf(examples as Examples));
  expect(all.toSorted((one, other) => one[0] - other[0])).toEqual(rows);
});
