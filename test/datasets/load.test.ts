import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import type { DataConfig, SplitConfig } from '../../src/config/run-config.js';
import { describeDataset, loadDataset, type Dataset, type Examples } from '../../src/datasets/index.js';
import { writeNpy } from '../../src/formats/npy.js';
import { writeNpz } from '../../src/formats/npz-writer.js';
import type { VisibleStates } from '../../src/kernels/index.js';
import { bytesOf } from '../kernels/support.js';
import { dataConfig } from './config.js';

const folder = mkdtempSync(join(tmpdir(), 'rbm-load-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Rows of a split as numbers: each row of these tests is the number of its row in the source, in binary. */
function sourceRows(examples: Examples | undefined): number[] {
  if (examples === undefined) return [];
  const states = bytesOf(examples.states);
  return Array.from({ length: examples.rows }, (_, row) =>
    Number.parseInt(states.subarray(row * examples.columns, (row + 1) * examples.columns).join(''), 2),
  );
}

const thousand = write('thousand.txt', Array.from({ length: 1000 }, (_, row) => [...row.toString(2).padStart(10, '0')].join(' ')).join('\n'));
const load = async (config: Partial<DataConfig>): Promise<Dataset> => await loadDataset(dataConfig({ source: 'file', path: thousand, ...config }));

/** The key and message of the error that a config makes. */
async function failure(config: Partial<DataConfig>): Promise<{ key: string; message: string }> {
  const seen = { key: '', message: '' };
  const fail = (key: string, message: string) => {
    Object.assign(seen, { key, message });
    return new Error(message);
  };
  await expect(loadDataset(dataConfig({ source: 'file', path: thousand, ...config }), { fail })).rejects.toThrow(Error);
  return seen;
}

/** A split of `count` rows; none where it is 0. */
function split(count: number): SplitConfig | undefined {
  return count === 0 ? undefined : { count };
}

describe('splitting', () => {
  test('sizes, disjointness, completeness, and that nothing depends on the other splits', async () => {
    const sizes = fc.record({ train: fc.integer({ min: 1, max: 400 }), validation: fc.nat(300), test: fc.nat(300), shuffle: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ train, validation, test: held, shuffle }) => {
        const { splits } = await load({ train: { count: train }, validation: split(validation), test: split(held), shuffle });
        expect(splits.train.rows).toBe(train);
        const all = [splits.train, splits.validation, splits.test].flatMap(sourceRows);
        expect(all.length).toBe(train + validation + held);
        expect(new Set(all).size).toBe(all.length);
        const alone = await load({ test: split(held), train: { count: 1 }, shuffle });
        expect(sourceRows(alone.splits.test)).toEqual(sourceRows(splits.test));
      }),
      { numRuns: 15 },
    );
  });

  test('in stored order: training first, then validation, then test', async () => {
    const { splits } = await load({ shuffle: false, train: { count: 3 }, validation: { count: 2 }, test: { fraction: 0.1 } });
    expect(sourceRows(splits.train)).toEqual([0, 1, 2]);
    expect(sourceRows(splits.validation)).toEqual([898, 899]);
    expect(sourceRows(splits.test)).toEqual(Array.from({ length: 100 }, (_, i) => 900 + i));
  });

  test('without a division the rows stay in stored order, also with shuffle', async () => {
    const { splits } = await load({});
    expect(sourceRows(splits.train)).toEqual(Array.from({ length: 1000 }, (_, row) => row));
  });

  test('the shuffle is decided by the seed', async () => {
    const first = await load({ test: { count: 500 } });
    const again = await load({ test: { count: 500 } });
    const other = await load({ test: { count: 500 }, seed: 'other' });
    expect(sourceRows(again.splits.test)).toEqual(sourceRows(first.splits.test));
    expect(sourceRows(other.splits.test)).not.toEqual(sourceRows(first.splits.test));
    expect(again.fingerprint).toBe(first.fingerprint);
    expect(other.fingerprint).not.toBe(first.fingerprint);
  });

  test.each([
    [0.29, 290],
    [0.0019, 1],
    [0.57, 570],
    [0.9999, 999],
  ])('the fraction %d is %i rows of 1000', async (fraction, rows) => {
    const { splits } = await load({ test: { fraction } });
    expect(splits.test?.rows).toBe(rows);
    expect(splits.train.rows).toBe(1000 - rows);
  });

  test.each<[Partial<DataConfig>, string, RegExp]>([
    [{ test: { count: 1000 } }, 'data.test.count', /leave no row for training/],
    [{ validation: { count: 1001 } }, 'data.validation.count', /leave no row/],
    [{ validation: { fraction: 0.5 }, test: { fraction: 0.5 } }, 'data.test.fraction', /leave no row/],
    [{ test: { fraction: 0.0001 } }, 'data.test.fraction', /no row at all/],
    [{ train: { count: 901 }, test: { count: 100 } }, 'data.train.count', /asks for 901 rows, but 900/],
    [{ validation: {} }, 'data.validation', /is empty/],
    [{ validation: { key: 'a' } }, 'data.validation.key', /names an array of an \.npz/],
    [{ validation: { key: 'a', count: 3 } }, 'data.validation.key', /count or fraction/],
    [{ source: 'labelled-shifter', width: 3, test: { path: thousand } }, 'data.test.path', /no files of its own/],
    [{ shape: [3, 4] }, 'data.shape', /12, but a row of .* has 10/],
    [{ columns: 12 }, 'data.columns', /for libsvm files/],
  ])('%j is refused at its key', async (config, key, message) => {
    const error = await failure(config);
    expect(error.key).toBe(key);
    expect(error.message).toMatch(message);
  });
});

describe('binarization', () => {
  const grey = write('grey.npy', writeNpy(Uint8Array.of(0, 127, 128, 255, 51, 204), [2, 3]));
  const shared: Partial<DataConfig> = { path: grey, scale: 255 };
  /** Many rows of the same shares, to count draws. */
  const shares = [0, 0.02, 0.25, 0.5, 0.9, 1];
  const draws = 4000;
  const many = write('many.npy', writeNpy(Float64Array.from({ length: draws * shares.length }, (_, i) => shares[i % shares.length]), [draws, shares.length]));

  test('threshold: greater, not equal', async () => {
    for (const [threshold, expected] of [[0.5, '001101'], [0.2, '011101'], [0, '011111']] as const) {
      const { splits } = await load({ ...shared, binarize: 'threshold', threshold });
      expect(bytesOf(splits.train.states).join('')).toBe(expected);
    }
  });

  test('invert swaps afterwards', async () => {
    const { splits } = await load({ ...shared, binarize: 'threshold', threshold: 0.5, invert: true });
    expect([...bytesOf(splits.train.states)]).toEqual([1, 1, 0, 0, 1, 0]);
  });

  function checkFrequencies(matrix: VisibleStates): void {
    const states = bytesOf(matrix);
    shares.forEach((share, column) => {
      let on = 0;
      for (let row = 0; row < draws; row++) on += states[row * shares.length + column];
      const tolerance = 4.5 * Math.sqrt(draws * share * (1 - share));
      expect(Math.abs(on - draws * share)).toBeLessThanOrEqual(tolerance);
    });
  }

  test('stochastic: on with the value as probability, whatever the split', async () => {
    const { splits } = await load({ path: many, binarize: 'stochastic' });
    checkFrequencies(splits.train.states);
    const divided = await load({ path: many, binarize: 'stochastic', shuffle: false, test: { count: 1000 } });
    const whole = bytesOf(splits.train.states);
    const heldOut = divided.splits.test as Examples;
    expect(Buffer.compare(bytesOf(heldOut.states), whole.subarray(3000 * shares.length))).toBe(0);
  });

  test('dynamic: fresh every epoch, repeatable, and apart from the fixed draw', async () => {
    const { splits } = await load({ path: many, binarize: 'dynamic', test: { count: 10 } });
    const { states, statesOfEpoch } = splits.train;
    if (statesOfEpoch === undefined) throw new Error('no fresh binarization');
    expect(splits.test?.statesOfEpoch).toBeUndefined();
    const fixed = await load({ path: many, binarize: 'stochastic', test: { count: 10 } });
    expect(Buffer.compare(bytesOf(states), bytesOf(fixed.splits.train.states))).toBe(0);
    const epochs = [0, 1, 2].map((epoch) => Buffer.from(bytesOf(statesOfEpoch(epoch))));
    expect(epochs[1].equals(Buffer.from(bytesOf(statesOfEpoch(1))))).toBe(true);
    const draw = [bytesOf(states), ...epochs].map((bytes) => bytes.filter((_, i) => shares[i % shares.length] === 0.5));
    for (let i = 0; i < draw.length; i++) {
      for (let j = 0; j < i; j++) {
        const equal = draw[i].filter((state, k) => state === draw[j][k]).length;
        expect(Math.abs(equal - draw[i].length / 2)).toBeLessThan(4.5 * Math.sqrt(draw[i].length / 4));
      }
    }
  });

  test('signs: −1 becomes 0, and the other way round where inverted', async () => {
    const path = write('signs.txt', '-1 1 1\n1 -1 1\n');
    const ones = await load({ path, binarize: 'signs' });
    expect(bytesOf(ones.splits.train.states).join('')).toBe('011101');
    expect(ones.layer).toEqual({ kind: 'binary' });
    expect(bytesOf((await load({ path, binarize: 'signs', invert: true })).splits.train.states).join('')).toBe('100010');
    const numpy = write('signs.npy', writeNpy(Float64Array.of(-3, 3), [1, 2]));
    expect(bytesOf((await load({ path: numpy, binarize: 'signs', scale: 3 })).splits.train.states).join('')).toBe('01');
  });

  test.each<[string, Partial<DataConfig>, RegExp, RegExp]>([
    ['a spin of 0', { path: write('spins.txt', '-1 1\n1 0\n'), binarize: 'signs' }, /spins\.txt:2: row 2, column 2: the value 0 is neither -1 nor 1/, /signs/],
    ['spins without signs', { path: write('spin.txt', '-1 1\n1 1\n') }, /the value -1 is outside/, /data\.binarize: signs/],
    ['grey without binarization', { path: grey, scale: 255 }, /grey\.npy: row 1, column 2: the value 127\/255 is neither 0 nor 1/, /threshold.*stochastic.*dynamic/],
    ['grey without scale', { path: grey, binarize: 'threshold' }, /row 1, column 2: the value 127 is outside \[0, 1\]/, /data\.scale: 255/],
    ['negative', { path: write('negative.csv', '0,1\n0.5,-1\n'), binarize: 'stochastic' }, /negative\.csv:2: row 2, column 2: the value -1 is outside/, /Bring/],
    ['NaN', { path: write('nan.npy', writeNpy(Float64Array.of(1, NaN), [1, 2])), binarize: 'dynamic' }, /row 1, column 2: the value NaN is not a finite number/, /Remove/],
    ['infinity', { path: write('inf.npy', writeNpy(Float64Array.of(1, Infinity), [1, 2])), binarize: 'dynamic' }, /the value Infinity is not a finite number/, /Remove/],
    ['0 and 1 in bytes scaled by 255', { path: write('ones-idx3-ubyte', Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0)) }, /the value 1\/255 is neither/, /data\.scale: 1/],
  ])('%s', async (_, config, message, hint) => {
    const error = (await load(config).catch((reason: unknown) => reason)) as { code: string; message: string; hint: string };
    expect(error.code).toBe('data');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  test('data with nothing on are noted', async () => {
    const { notes } = await load({ path: grey, scale: 100_000, binarize: 'threshold', threshold: 0.5 });
    expect(notes.join()).toMatch(/No unit is on/);
  });
});

describe('sets of their own', () => {
  const arrays = new Map([
    ['a', { values: Float64Array.of(0, 1, 1, 1), shape: [2, 2] }],
    ['b', { values: Float64Array.of(1, 0), shape: [1, 2] }],
    ['c', { values: Float64Array.of(1, 0, 1), shape: [1, 3] }],
  ]);
  const archive = write('sets.npz', writeNpz(arrays));

  test('arrays of one archive, and another file', async () => {
    const other = write('other.txt', '1 1\n');
    const { splits } = await load({ path: archive, key: 'a', validation: { key: 'b' }, test: { path: other } });
    expect([splits.train, splits.validation, splits.test].map(sourceRows)).toEqual([[1, 3], [2], [3]]);
  });

  test('together with rows split off', async () => {
    const { splits } = await load({ path: archive, key: 'a', validation: { key: 'b' }, test: { count: 1 } });
    expect([splits.train.rows, splits.validation?.rows, splits.test?.rows]).toEqual([1, 1, 1]);
  });

  test('other columns are refused', async () => {
    await expect(load({ path: archive, key: 'a', validation: { key: 'c' } })).rejects.toMatchObject({
      code: 'data',
      message: expect.stringMatching(/sets\.npz\[c\]: has 3 columns, but the training data .*sets\.npz\[a\] have 2/),
    });
  });

  test('an archive of several arrays needs a key', async () => {
    const error = await failure({ path: archive });
    expect(error.key).toBe('data.key');
    expect((await failure({ path: archive, key: 'a', test: { key: 'z' } })).key).toBe('data.test.key');
  });
});

describe('fingerprint', () => {
  test('is SHA-256 of names, sizes and words as documented', async () => {
    const { fingerprint } = await load({ path: write('small.txt', '1 0 1\n0 1 1\n1 1 1\n'), shuffle: false, test: { count: 1 } });
    const hash = createHash('sha256');
    hash.update('rbm-train data 1\ntrain 2 3\n').update(Uint8Array.of(0b101, 0, 0, 0, 0b110, 0, 0, 0));
    hash.update('test 1 3\n').update(Uint8Array.of(0b111, 0, 0, 0));
    expect(fingerprint).toBe(hash.digest('hex'));
  });

  test('the kind that is meant anyway changes nothing', async () => {
    const path = write('plain.txt', '1 0 1\n0 1 1\n');
    const plain = await load({ path });
    const explicit = await load({ path, values: 'binary', missing: 'refuse' });
    const withoutAny = await load({ path, missing: 'nan' });
    expect([explicit.fingerprint, withoutAny.fingerprint]).toEqual([plain.fingerprint, plain.fingerprint]);
    expect(withoutAny.splits.train.missing).toBeUndefined();
  });

  test('depends on the data, not on the file that holds them', async () => {
    const text = await load({ path: write('same.csv', 'a,b\n1,0\n0,1\n') });
    const numpy = await load({ path: write('same.npy', writeNpy(Float64Array.of(1, 0, 0, 1), [2, 2])) });
    const sparse = await load({ path: write('same.libsvm', '1 1:1\n2 2:1\n') });
    expect([numpy.fingerprint, sparse.fingerprint]).toEqual([text.fingerprint, text.fingerprint]);
    expect([text.name, numpy.name]).toEqual(['same.csv', 'same.npy']);
  });

  test('with dynamic, depends on the grey values and the seed, even where the fixed draw does not', async () => {
    const prints = new Set<string>();
    for (const [share, config] of [[1e-9, {}], [1e-10, {}], [1e-9, { seed: 's' }], [1e-9, { invert: true }]] as const) {
      const path = write('shade.npy', writeNpy(Float64Array.of(share, 1), [1, 2]));
      prints.add((await load({ path, binarize: 'dynamic', ...config })).fingerprint);
    }
    expect(prints.size).toBe(4);
  });
});

test('figures of a dataset', async () => {
  const path = write('figures.txt', '1 0 1 0\n1 0 0 1\n1 0 1 0\n');
  const figures = describeDataset(await load({ path, shape: [2, 2] }));
  expect(figures).toMatchObject({ name: 'figures.txt', columns: 4, shape: [2, 2] });
  expect(figures.splits).toEqual([{ name: 'train', rows: 3, density: 0.5, distinctRows: 2, alwaysOff: 1, alwaysOn: 1 }]);
});
