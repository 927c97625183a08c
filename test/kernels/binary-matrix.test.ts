/** Packed binary matrices: packing, unpacking, single units and row selection agree; unused bits stay 0. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import {
  createBinaryMatrix,
  getUnit,
  packBinaryMatrix,
  selectRows,
  setUnit,
  unpackBinaryMatrix,
} from '../../src/kernels/binary-matrix.js';

const matrices = fc.record({ rows: fc.nat(7), columns: fc.integer({ min: 1, max: 70 }) }).chain(({ rows, columns }) =>
  fc.record({
    rows: fc.constant(rows),
    columns: fc.constant(columns),
    states: fc.uint8Array({ minLength: rows * columns, maxLength: rows * columns, max: 1 }),
  }),
);

test('unpacking gives back what was packed', () => {
  fc.assert(
    fc.property(matrices, ({ rows, columns, states }) => {
      const unpacked = new Uint8Array(rows * columns).fill(9);
      unpackBinaryMatrix(packBinaryMatrix(states, rows, columns), unpacked);
      expect(unpacked).toEqual(states);
    }),
  );
});

test('units set one by one give the packed matrix, and read back', () => {
  fc.assert(
    fc.property(matrices, ({ rows, columns, states }) => {
      const matrix = createBinaryMatrix(rows, columns);
      states.forEach((state, index) => {
        if (state === 1) setUnit(matrix, Math.floor(index / columns), index % columns);
      });
      expect(matrix).toEqual(packBinaryMatrix(states, rows, columns));
      const read = states.map((_, index) => getUnit(matrix, Math.floor(index / columns), index % columns));
      expect(read).toEqual(states);
    }),
  );
});

test('selected rows, in any order and repeated, as a matrix or unpacked', () => {
  fc.assert(
    fc.property(matrices, fc.array(fc.nat(1000), { maxLength: 9 }), ({ rows, columns, states }, choice) => {
      const indices = rows === 0 ? [] : choice.map((index) => index % rows);
      const expected = Uint8Array.from(
        indices.flatMap((row) => Array.from(states.subarray(row * columns, (row + 1) * columns))),
      );
      const matrix = packBinaryMatrix(states, rows, columns);
      expect(selectRows(matrix, indices)).toEqual(packBinaryMatrix(expected, indices.length, columns));
      const unpacked = new Uint8Array(expected.length);
      unpackBinaryMatrix(matrix, unpacked, indices);
      expect(unpacked).toEqual(expected);
    }),
  );
});

describe('layout', () => {
  test.each([[1, 1], [31, 1], [32, 1], [33, 2], [64, 2], [65, 3]])('%i columns take %i words; unused bits are 0', (columns, words) => {
    const matrix = packBinaryMatrix(new Uint8Array(2 * columns).fill(1), 2, columns);
    expect(matrix.wordsPerRow).toBe(words);
    const bits = [...matrix.words].map((word) => [...word.toString(2)].filter((digit) => digit === '1').length);
    expect(bits.reduce((sum, count) => sum + count, 0)).toBe(2 * columns);
  });

  test('unit i is bit i & 31 of word i >>> 5; any non-zero byte is 1', () => {
    const states = new Uint8Array(40);
    states[0] = 255;
    states[31] = 2;
    states[33] = 1;
    expect([...packBinaryMatrix(states, 1, 40).words]).toEqual([0x80000001, 2]);
  });
});
