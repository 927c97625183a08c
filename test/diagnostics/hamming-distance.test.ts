/** Distances from the nearest example, against a direct comparison of every state with every example. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { packBinaryMatrix } from '../../src/kernels/index.js';
import { countOnes, distancesOfAllStates, nearestDistances } from '../../src/diagnostics/hamming-distance.js';
import { integers } from '../reference/numbers.js';

const { min } = Math;

/** The smallest number of places in which `state` and an example differ. */
function distanceByDefinition(state: readonly number[], examples: readonly (readonly number[])[]): number {
  return min(...examples.map((example) => state.filter((value, unit) => value !== example[unit]).length));
}

/** Rows of bits. */
function bits(rows: number, columns: number): fc.Arbitrary<number[][]> {
  const row = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: columns, maxLength: columns });
  return fc.array(row, { minLength: rows, maxLength: rows });
}

const examples = fc
  .tuple(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 12 }))
  .chain(([columns, rows]) => bits(rows, columns));

describe('distances from the nearest example', () => {
  test('of all states are those of a direct comparison', async () => {
    await fc.assert(
      fc.asyncProperty(examples, async (rows) => {
        const n = rows[0].length;
        const distances = await distancesOfAllStates(packBinaryMatrix(Uint8Array.from(rows.flat()), rows.length, n));
        const expected = Array.from({ length: 2 ** n }, (_, state) =>
          distanceByDefinition(Array.from({ length: n }, (__, unit) => (state >> unit) & 1), rows));
        expect([...distances]).toEqual(expected);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('of some states are those of a direct comparison, over several words', async () => {
    const problem = fc
      .tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
      .chain(([columns, states, others]) => fc.tuple(bits(states, columns), bits(others, columns)));
    await fc.assert(
      fc.asyncProperty(problem, async ([states, others]) => {
        const pack = (rows: number[][]) => packBinaryMatrix(Uint8Array.from(rows.flat()), rows.length, rows[0].length);
        const distances = await nearestDistances(pack(states), pack(others));
        expect([...distances]).toEqual(states.map((state) => distanceByDefinition(state, others)));
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  test('one example: a state is as far as it has units on; its complement is farthest', async () => {
    const distances = await distancesOfAllStates(packBinaryMatrix(new Uint8Array(16), 1, 16));
    expect(distances.every((distance, state) => distance === state.toString(2).replaceAll('0', '').length)).toBe(true);
    expect(distances[2 ** 16 - 1]).toBe(16);
  });

  test('gives way while it works', async () => {
    let pauses = 0;
    const pause = () => {
      pauses += 1;
      return Promise.resolve();
    };
    await distancesOfAllStates(packBinaryMatrix(new Uint8Array(5), 1, 5), { pause });
    expect(pauses).toBe(5);
    const stop = () => Promise.reject(new Error('stopped'));
    await expect(distancesOfAllStates(packBinaryMatrix(new Uint8Array(5), 1, 5), { pause: stop })).rejects.toThrow('stopped');
  });

  test('ones are counted', () => {
    for (const word of [0, 1, 0xffffffff, 0x80000000, 0x55555555, ...integers(200, 3)]) {
      expect(countOnes(word)).toBe(word.toString(2).replaceAll('0', '').length);
    }
  });
});
