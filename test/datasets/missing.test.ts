import { describe, expect, test } from '@jest/globals';

import type { DataConfig } from '../../src/config/run-config.js';
import { describeDataset } from '../../src/datasets/index.js';
import { writeNpy } from '../../src/formats/npy.js';
import { statesAsNumbers } from '../../src/kernels/visible-states.js';
import { dataFiles, missingRowsOf, rowsOf } from './files.js';

const { write, writeRows, load } = dataFiles();
const missing: Partial<DataConfig> = { missing: 'nan' };

describe('binary values', () => {
  test('are marked, and 0, also where 0 and 1 are swapped', async () => {
    const path = write('gaps.csv', '1,,0\n0,1,NA\n1,0,1\n');
    const { splits } = await load({ path, ...missing });
    expect([rowsOf(splits.train), missingRowsOf(splits.train)]).toEqual([[[1, 0, 0], [0, 1, 0], [1, 0, 1]], [[0, 1, 0], [0, 0, 1], [0, 0, 0]]]);
    const inverted = await load({ path, ...missing, invert: true });
    expect(rowsOf(inverted.splits.train)).toEqual([[0, 0, 1], [1, 0, 0], [0, 1, 0]]);
    expect(describeDataset(inverted).splits[0].missing).toBe(2);
  });

  test('of every binarization', async () => {
    const path = writeRows('shares.npy', [[0.9, NaN], [NaN, 0.9], [0.9, 0.9]]);
    for (const binarize of ['threshold', 'stochastic', 'dynamic'] as const) {
      for (const invert of [false, true]) {
        const { train } = (await load({ path, ...missing, binarize, invert })).splits;
        expect(missingRowsOf(train)).toEqual([[0, 1], [1, 0], [0, 0]]);
        const epochs = [0, 1, 2].flatMap((epoch) => train.statesOfEpoch?.(epoch) ?? []).map(statesAsNumbers);
        for (const states of [statesAsNumbers(train.states), ...epochs]) expect([states[1], states[2]]).toEqual([0, 0]);
      }
    }
    const signs = await load({ path: write('signs.txt', '-1 nan\n1 1\n'), ...missing, binarize: 'signs' });
    expect(rowsOf(signs.splits.train)).toEqual([[0, 0], [1, 1]]);
  });

  test('the known values are drawn as if none were missing', async () => {
    const shares = Array.from({ length: 40 }, (_, row) => [0.5, row / 40]);
    const whole = await load({ path: writeRows('whole.npy', shares), binarize: 'stochastic' });
    const holes = shares.map(([first, second], row) => [row % 3 === 0 ? NaN : first, second]);
    const gaps = await load({ path: writeRows('holes.npy', holes), binarize: 'stochastic', ...missing });
    const expected = rowsOf(whole.splits.train).map(([first, second], row) => [row % 3 === 0 ? 0 : first, second]);
    expect(rowsOf(gaps.splits.train)).toEqual(expected);
  });
});

describe('held-out rows', () => {
  const path = writeRows('held.npy', [[1, 0], [0, 1], [NaN, 1], [1, 1], [1, NaN]]);

  test('are left out where they have missing values, with a note', async () => {
    const { splits, notes } = await load({ path, ...missing, shuffle: false, test: { count: 3 } });
    expect(rowsOf(splits.test)).toEqual([[1, 1]]);
    expect(splits.test?.missing).toBeUndefined();
    expect(notes.join()).toMatch(/2 of 3 test rows have missing values and are left out/);
  });

  test('of a file of their own', async () => {
    const train = write('complete.txt', '1 0\n0 1\n');
    const { splits, notes } = await load({ path: train, ...missing, test: { path } });
    expect(rowsOf(splits.test)).toEqual([[1, 0], [0, 1], [1, 1]]);
    expect(notes.join()).toMatch(/2 of 5 test rows/);
  });

  test('of which all have missing values are refused', async () => {
    await expect(load({ path, ...missing, shuffle: false, test: { count: 1 } })).rejects.toMatchObject({
      code: 'data',
      message: expect.stringMatching(/held\.npy: all 1 test rows have missing values/),
    });
  });
});

test.each<[Partial<DataConfig>]>([[{}], [{ values: 'real', standardize: 'columns' }], [{ values: 'categorical' }]])(
  'a column that no training row knows is refused: %j',
  async (config) => {
    const path = writeRows('unknown.npy', [[1, NaN], [0, NaN], [1, 1]]);
    await expect(load({ path, ...missing, ...config, shuffle: false, test: { count: 1 } })).rejects.toMatchObject({
      code: 'data',
      message: expect.stringMatching(/unknown\.npy: column 2 is missing in every training row/),
    });
  },
);

test('missing values are refused unless they are allowed, and the message says how', async () => {
  const path = writeRows('strict.npy', [[1, NaN]]);
  for (const values of ['binary', 'real', 'categorical'] as const) {
    await expect(load({ path, values })).rejects.toMatchObject({ code: 'data', hint: expect.stringMatching(/data\.missing: nan/) });
  }
});

test('the fingerprint knows which values are missing, but not which NaN stands for them', async () => {
  const bytes = writeNpy(Float64Array.of(0.5, NaN, 1, 0), [2, 2]);
  const other = Uint8Array.from(bytes);
  // The NaN is the second of four float64 at the end: another payload and sign.
  other.set([1, 2, 3, 4, 5, 6, 0xf8, 0xff], other.length - 24);
  const zero = writeNpy(Float64Array.of(0.5, 0, 1, 0), [2, 2]);
  const paths = [write('one.npy', bytes), write('other.npy', other), write('zero.npy', zero)];
  for (const config of [{ binarize: 'dynamic' }, { binarize: 'threshold' }, { values: 'real' }] as const) {
    const [one, same, different] = await Promise.all(paths.map(async (path) => (await load({ path, ...missing, ...config })).fingerprint));
    expect(same).toBe(one);
    expect(different).not.toBe(one);
  }
  // The same states, unknown in other places.
  const [upper, lower] = [writeRows('upper.npy', [[0, NaN], [0, 0]]), writeRows('lower.npy', [[0, 0], [0, NaN]])];
  expect((await load({ path: upper, ...missing })).fingerprint).not.toBe((await load({ path: lower, ...missing })).fingerprint);
});
