/** The allocation of counter bits: distinct addresses never share a counter, and no field overflows into another. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import {
  addressLimits,
  checkRowsAndUnits,
  counterWords,
  refinementBit,
  type RandomAddress,
} from '../../src/kernels/random-address.js';

const key = { k0: 1, k1: 2 };

/** Small values, values at the limits, and everything between: collisions live at the edges of fields. */
function field(limit: number) {
  return fc.oneof(fc.nat(3), fc.integer({ min: limit - 4, max: limit - 1 }), fc.integer({ min: 0, max: limit - 1 }));
}

const place = fc.record({
  update: field(addressLimits.update),
  step: field(addressLimits.step),
  layer: field(addressLimits.layer),
  temperature: field(addressLimits.temperature),
  row: field(addressLimits.rows),
  unit: field(addressLimits.units),
  refinement: fc.nat(1),
});
type Place = typeof place extends fc.Arbitrary<infer T> ? T : never;

/** The 128-bit counter and the word of the block that belong to a place. */
function counterOf(where: Place): string {
  const [c0, c1, c2] = counterWords({ key, ...where });
  const words = [(c0 | (where.unit >>> 2)) >>> 0, where.refinement ? (c1 | refinementBit) >>> 0 : c1, c2, where.row];
  return [...words, where.unit & 3].join(' ');
}

test('two places have the same counter and word only if they are the same place', () => {
  fc.assert(
    fc.property(place, place, (left, right) => {
      expect(counterOf(left) === counterOf(right)).toBe(JSON.stringify(left) === JSON.stringify(right));
    }),
    { numRuns: 3000 },
  );
});

test('changing one field changes the counter', () => {
  const fields = ['update', 'step', 'layer', 'temperature', 'row', 'unit', 'refinement'] as const;
  fc.assert(
    fc.property(place, place, fc.constantFrom(...fields), (left, right, name) => {
      const changed = { ...left, [name]: right[name] };
      expect(counterOf(changed) === counterOf(left)).toBe(left[name] === right[name]);
    }),
    { numRuns: 3000 },
  );
});

test('the words of an address are unsigned 32-bit numbers and leave the unit and refinement bits free', () => {
  fc.assert(
    fc.property(place, (where) => {
      const [c0, c1, c2] = counterWords({ key, ...where });
      for (const word of [c0, c1, c2]) expect(word === word >>> 0).toBe(true);
      expect(c0 & 0xffffff).toBe(0);
      expect(c1 & refinementBit).toBe(0);
    }),
  );
});

describe('refuses what would overflow into a neighbouring field', () => {
  const good: RandomAddress = { key, update: 0, step: 0, layer: 0, temperature: 0 };

  test.each(['update', 'step', 'layer', 'temperature'] as const)('%s', (name) => {
    expect(() => counterWords({ ...good, [name]: addressLimits[name] - 1 })).not.toThrow();
    for (const value of [addressLimits[name], -1, 0.5, NaN, Infinity, 2 ** 53]) {
      expect(() => counterWords({ ...good, [name]: value })).toThrow(RangeError);
    }
  });

  test('rows and units', () => {
    expect(() => checkRowsAndUnits(2 ** 32 - 1, 1, 2 ** 26)).not.toThrow();
    for (const firstRow of [2 ** 32, -1, 0.5, NaN]) expect(() => checkRowsAndUnits(firstRow, 1, 4)).toThrow(RangeError);
    expect(() => checkRowsAndUnits(2 ** 32 - 1, 2, 4)).toThrow(RangeError);
    expect(() => checkRowsAndUnits(0, 1, 2 ** 26 + 1)).toThrow(RangeError);
  });
});
