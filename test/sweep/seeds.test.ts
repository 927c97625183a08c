/** Seeds as text: ranges and single ones. */

import { expect, test } from '@jest/globals';
import { parseSeeds } from '../../src/sweep/seeds.js';

const seedsOf = (text: string): string[] => parseSeeds(text, 1000, (what) => new Error(`seeds: ${what}`));

test.each([['1-5', '1 2 3 4 5'], ['1,2,7', '1 2 7'], ['9-10, a.b', '9 10 a.b'], ['3', '3'], ['5-5', '5'], ['007', '007']])('%s', (text, seeds) => {
  expect(seedsOf(text).join(' ')).toBe(seeds);
});

test.each([
  ['', 'not a list of seeds'],
  ['1,,2', 'not a list of seeds'],
  ['1;2', 'not a list of seeds'],
  ['-1', 'not a list of seeds'],
  ['2-1', '2 is larger than 1'],
  ['1,2,1', 'seed 1 comes twice'],
  ['1-3,2', 'seed 2 comes twice'],
  ['1-1001', 'more than 1000 seeds'],
  ['1-999999999', 'more than 1000 seeds'],
  ['0,1-1000', 'more than 1000 seeds'],
])('%j is refused', (text, what) => {
  expect(() => seedsOf(text)).toThrow(`seeds: ${what}`);
});

test('as many as are allowed', () => {
  expect(seedsOf('1-1000')).toHaveLength(1000);
});
