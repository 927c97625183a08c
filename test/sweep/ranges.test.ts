/** Sets of task numbers in words. */

import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { rangesText, runsOf } from '../../src/sweep/ranges.js';

const numbers = fc.uniqueArray(fc.nat(60)).map((list) => list.toSorted((a, b) => a - b));

/** The numbers that a text names. */
function numbersIn(text: string): number[] {
  return text === '' ? [] : text.split(',').flatMap((word) => {
    const [first, last = first] = word.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

test('what is written names the same numbers, in as few runs as can be', () => {
  fc.assert(
    fc.property(numbers, (list) => {
      expect(numbersIn(rangesText(list))).toEqual(list);
      expect(runsOf(list)).toHaveLength(list.filter((number) => !list.includes(number - 1)).length);
    }),
    { seed: 1 },
  );
});

test('as people write them', () => {
  expect(rangesText([0, 1, 2, 5, 7, 8])).toBe('0-2,5,7-8');
  expect(rangesText([3])).toBe('3');
  expect(rangesText([])).toBe('');
  expect(rangesText([0, 2, 4, 6], 2)).toBe('0,2,… (4 in all)');
  expect(rangesText([0, 1, 4], 2)).toBe('0-1,4');
});
