import { describe, expect, test } from '@jest/globals';

import { loadDataset, type Examples } from '../../src/datasets/index.js';
import { mnistSource } from '../../src/datasets/mnist.js';
import { statesAsNumbers } from '../../src/kernels/visible-states.js';
import { codeOf } from '../formats/damage.js';
import { bytesOf } from '../kernels/support.js';
import { dataConfig } from './config.js';

/** The rows as strings of 0 and 1. */
function rowsOf({ rows, columns, states }: Examples): string[] {
  const bytes = bytesOf(states);
  return Array.from({ length: rows }, (_, row) => bytes.subarray(row * columns, (row + 1) * columns).join(''));
}

async function trainingRows(config: Parameters<typeof dataConfig>[0]): Promise<string[]> {
  const { splits } = await loadDataset(dataConfig(config));
  return rowsOf(splits.train);
}

/** −Σ log p over all rows, p the share of each distinct row: the best summed negative log-likelihood. */
function bestNegativeLogLikelihood(rows: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
  return rows.reduce((sum, row) => sum - Math.log((counts.get(row) ?? 0) / rows.length), 0);
}

describe('bars-and-stripes', () => {
  const source = 'bars-and-stripes';

  // Table P4 of the project's collection of published figures; the last is not in it: six distinct patterns.
  test.each([
    [4, 'keep', 32, 108.131],
    [4, 'remove', 30, 102.036],
    [3, 'keep', 16, 41.589],
    [3, 'remove', 14, 36.947],
    [2, 'keep', 8, 13.863],
    [2, 'remove', 6, 6 * Math.log(6)],
  ])('side %i, duplicates: %s', async (side, duplicates, count, best) => {
    const rows = await trainingRows({ source, height: side, width: side, duplicates });
    expect(rows.length).toBe(count);
    expect(new Set(rows).size).toBe(2 ** side * 2 - 2);
    expect(bestNegativeLogLikelihood(rows)).toBeCloseTo(best, 3);
  });

  test.each([[1, 1], [1, 5], [3, 2], [2, 6]])('%i × %i: exactly the pictures with equal rows or equal columns', async (height, width) => {
    const all = Array.from({ length: 2 ** (height * width) }, (_, picture) => picture.toString(2).padStart(height * width, '0'));
    const isStripes = (picture: string) => [...picture].every((pixel, i) => pixel === picture[i - (i % width)]);
    const isBars = (picture: string) => [...picture].every((pixel, i) => pixel === picture[i % width]);
    const expected = all.filter((picture) => isStripes(picture) || isBars(picture));
    const removed = await trainingRows({ source, height, width, duplicates: 'remove' });
    expect(removed.toSorted()).toEqual(expected.toSorted());
    const kept = await trainingRows({ source, height, width, duplicates: 'keep' });
    expect(kept.toSorted()).toEqual([...all.filter(isStripes), ...all.filter(isBars)].toSorted());
  });

  test('too large a picture is refused before it is made', async () => {
    const keys: string[] = [];
    const fail = (key: string, message: string) => {
      keys.push(key);
      return new Error(message);
    };
    const config = dataConfig({ source, height: 24, width: 24, duplicates: 'keep' });
    await expect(loadDataset(config, { fail })).rejects.toThrow(/too many/);
    expect(keys).toEqual(['data.width']);
  });
});

describe('labelled-shifter', () => {
  test.each([1, 3, 8])('width %i: every pattern with each of its shifts', async (width) => {
    const rows = await trainingRows({ source: 'labelled-shifter', width });
    const expected: string[] = [];
    for (let pattern = 0; pattern < 2 ** width; pattern++) {
      const units = pattern.toString(2).padStart(width, '0');
      expected.push(`${units}${units.slice(1)}${units[0]}100`, `${units}${units}010`, `${units}${units.at(-1)}${units.slice(0, -1)}001`);
    }
    expect(rows.toSorted()).toEqual(expected.toSorted());
    expect(rows.length).toBe(3 * 2 ** width);
  });

  test('best log-likelihood per row of table P4', async () => {
    const rows = await trainingRows({ source: 'labelled-shifter', width: 8 });
    expect(rows[0].length).toBe(19);
    expect(-bestNegativeLogLikelihood(rows) / rows.length).toBeCloseTo(-6.6438, 4);
  });
});

describe('four-modes', () => {
  const source = 'four-modes';
  const modes = ['0000'.repeat(4), '1111'.repeat(4), '1100'.repeat(4), '0011'.repeat(4)];

  test('without flips: the modes', async () => {
    const rows = await trainingRows({ source, examplesPerMode: 2, flipProbability: 0 });
    expect(rows).toEqual(modes.flatMap((mode) => [mode, mode]));
  });

  test.each([0.001, 0.01, 0.1])('flips have probability %d in every pixel and mode', async (flipProbability) => {
    const examplesPerMode = 2500;
    const rows = await trainingRows({ source, examplesPerMode, flipProbability });
    const flips = rows.map((row, i) => [...row].map((pixel, j) => (pixel === modes[Math.floor(i / examplesPerMode)][j] ? 0 : 1) as number));
    const count = flips.flat().reduce((sum, flip) => sum + flip, 0);
    const cells = rows.length * 16;
    const deviation = Math.sqrt(cells * flipProbability * (1 - flipProbability));
    expect(Math.abs(count - cells * flipProbability)).toBeLessThan(4.5 * deviation);
    const columnDeviation = Math.sqrt(rows.length * flipProbability * (1 - flipProbability));
    for (let column = 0; column < 16; column++) {
      const inColumn = flips.reduce((sum, row) => sum + row[column], 0);
      expect(Math.abs(inColumn - rows.length * flipProbability)).toBeLessThan(5 * columnDeviation);
    }
  });

  test('the seed decides the flips', async () => {
    const config = { source, examplesPerMode: 50, flipProbability: 0.1 };
    const first = await trainingRows(config);
    expect(await trainingRows(config)).toEqual(first);
    expect(await trainingRows({ ...config, seed: 'other' })).not.toEqual(first);
  });
});

describe('mixture-of-gaussians', () => {
  const source = 'mixture-of-gaussians';
  const keys = { components: 2, dimensions: 2, separation: 6, deviation: 1, examples: 1000 };
  const valuesOf = async (config: object): Promise<number[][]> => {
    const { splits } = await loadDataset(dataConfig({ source, values: 'real', ...keys, ...config }));
    const { columns, states } = splits.train;
    const values = statesAsNumbers(states);
    return Array.from({ length: states.rows }, (_, row) => [...values.subarray(row * columns, (row + 1) * columns)]);
  };
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test('without noise the rows are the centres, all equally likely', async () => {
    const examples = 3000;
    const rows = (await valuesOf({ components: 5, deviation: 0, examples })).map((row) => row.join());
    const counts = [...new Set(rows)].map((centre) => rows.filter((row) => row === centre).length);
    expect(counts.length).toBe(5);
    for (const count of counts) expect(Math.abs(count - examples / 5)).toBeLessThan(4.5 * Math.sqrt(examples * 0.2 * 0.8));
  });

  test('centres are `separation` apart, as a root mean square', async () => {
    const [components, dimensions, separation] = [400, 5, 3];
    const rows = await valuesOf({ components, dimensions, separation, deviation: 0, examples: 20_000 });
    const centres = [...new Set(rows.map((row) => row.join()))].map((row) => row.split(',').map(Number));
    expect(centres.length).toBe(components);
    // Of independent centres with coordinates of variance σ² the mean squared distance is 2·dimensions·σ².
    const mean = centres[0].map((_, column) => meanOf(centres.map((centre) => centre[column])));
    const squares = centres.map((centre) => centre.reduce((sum, value, column) => sum + (value - mean[column]) ** 2, 0));
    const squaredDistance = (2 * squares.reduce((sum, value) => sum + value, 0)) / (components - 1);
    expect(Math.abs(squaredDistance / separation ** 2 - 1)).toBeLessThan(4.5 * Math.sqrt(2 / (components * dimensions)));
  });

  test('noise is normal, with the deviation asked for, independent between the columns', async () => {
    const examples = 20_000;
    const rows = await valuesOf({ components: 1, deviation: 2, separation: 0, examples });
    const columns = [0, 1].map((column) => rows.map((row) => row[column] / 2));
    for (const values of columns) {
      // Mean, variance and fourth moment of N(0, 1): 0, 1 and 3, with variances 1, 2 and 96 of one value's.
      for (const [power, expected, variance] of [[1, 0, 1], [2, 1, 2], [4, 3, 96]]) {
        const moment = meanOf(values.map((value) => value ** power));
        expect(Math.abs(moment - expected)).toBeLessThan(4.5 * Math.sqrt(variance / examples));
      }
    }
    expect(Math.abs(meanOf(columns[0].map((value, row) => value * columns[1][row])))).toBeLessThan(4.5 / Math.sqrt(examples));
  });

  test('the seed decides everything; more examples begin with the same rows', async () => {
    const rows = await valuesOf({ examples: 50 });
    expect((await valuesOf({ examples: 80 })).slice(0, 50)).toEqual(rows);
    const other = await valuesOf({ examples: 50, seed: 'other' });
    expect(other.filter((row, index) => row[0] === rows[index][0])).toEqual([]);
  });

  test('has real values only, and not more than can be held', async () => {
    const config = dataConfig({ source, ...keys });
    await expect(loadDataset(config)).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/are real, not binary/) });
    const huge = dataConfig({ source, values: 'real', ...keys, dimensions: 1_000_000 });
    await expect(loadDataset(huge)).rejects.toMatchObject({ message: expect.stringMatching(/data\.examples: .* too many values/) });
  });
});

describe('mnist-patches', () => {
  test('every patch is cut from its digit; digits in stored order, evenly', async () => {
    const [size, examples] = [11, 500];
    const digits = (await mnistSource.load(dataConfig({ source: 'mnist' }), {})).values;
    const { splits, shape } = await loadDataset(dataConfig({ source: 'mnist-patches', values: 'real', size, examples }));
    expect([shape, splits.train.rows, splits.train.columns]).toEqual([[size, size], examples, size * size]);
    const values = statesAsNumbers(splits.train.states);
    const places = new Set<string>();
    for (let row = 0; row < examples; row++) {
      const image = Math.floor((row * 10_000) / examples) * 784;
      const found: string[] = [];
      for (let top = 0; top <= 28 - size; top++) {
        for (let left = 0; left <= 28 - size; left++) {
          let isEqual = true;
          for (let pixel = 0; pixel < size * size && isEqual; pixel++) {
            const grey = digits[image + (top + Math.floor(pixel / size)) * 28 + left + (pixel % size)];
            isEqual = values[row * size * size + pixel] === grey / 255;
          }
          if (isEqual) found.push(`${top},${left}`);
        }
      }
      expect(found.length).toBeGreaterThan(0);
      if (found.length === 1) places.add(found[0]);
    }
    // Of 324 places about 250 are drawn in 500 times, more than half of them with something to be told by.
    expect(places.size).toBeGreaterThan(100);
  });

  test('as large as a digit it is the digit; it can be binary, too', async () => {
    const whole = await loadDataset(dataConfig({ source: 'mnist-patches', size: 28, examples: 10_000, binarize: 'threshold' }));
    const digits = await loadDataset(dataConfig({ source: 'mnist', binarize: 'threshold' }));
    expect(whole.fingerprint).toBe(digits.fingerprint);
    const seeds = await Promise.all(['a', 'b'].map((seed) => loadDataset(dataConfig({ source: 'mnist-patches', values: 'real', size: 20, examples: 20, seed }))));
    expect(seeds[0].fingerprint).not.toBe(seeds[1].fingerprint);
  });

  test('too many pixels are refused before they are made', async () => {
    const config = dataConfig({ source: 'mnist-patches', values: 'real', size: 28, examples: 1_000_000 });
    await expect(loadDataset(config)).rejects.toMatchObject({ message: expect.stringMatching(/data\.examples: .* too many/) });
  });
});

test('a source that does not exist', async () => {
  const error = await loadDataset(dataConfig({ source: 'cifar' })).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'usage', message: "data.source: there is no source 'cifar'" });
  expect(codeOf(() => { throw error; })).toBe('usage');
});
