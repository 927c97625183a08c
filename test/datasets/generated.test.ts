import { describe, expect, test } from '@jest/globals';

import { loadDataset, type Examples } from '../../src/datasets/index.js';
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

test('a source that does not exist', async () => {
  const error = await loadDataset(dataConfig({ source: 'cifar' })).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'usage', message: "data.source: there is no source 'cifar'" });
  expect(codeOf(() => { throw error; })).toBe('usage');
});
