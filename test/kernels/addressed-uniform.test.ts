/**
 * Bernoulli draws and uniforms at addresses, against an independent Philox and exact integer comparisons, with
 * probabilities as close to the boundary of their decision as float64 allows.
 */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { sampleBernoulliRow, uniform } from '../../src/kernels/addressed-uniform.js';
import { createBinaryMatrix, packBinaryMatrix, type BinaryMatrix } from '../../src/kernels/binary-matrix.js';
import * as ep from '../reference/extended-precision.js';
import { addressedWord, type Address } from '../reference/philox.js';
import { bytesOf } from './support.js';

const addresses = fc.record({
  key: fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)),
  update: fc.integer({ min: 0, max: 2 ** 40 - 1 }),
  step: fc.nat(65535),
  layer: fc.nat(7),
  temperature: fc.nat(4095),
  row: fc.nat(0xffffffff),
});

/** States that are all on, so that what is not drawn shows. */
function fullStates(rows: number, units: number): BinaryMatrix {
  return packBinaryMatrix(new Uint8Array(rows * units).fill(1), rows, units);
}

function sample(address: Address, probabilities: number[]): number[] {
  const states = fullStates(1, probabilities.length);
  const { row, key, ...rest } = address;
  const named = { ...rest, key: { k0: key[0], k1: key[1] } };
  sampleBernoulliRow(named, row, probabilities.length, Float64Array.from(probabilities), 0, states, 0);
  return [...bytesOf(states)];
}

/** The documented rule, exactly: u = (r + (r' + ½)·2^-32)·2^-32 < p, as integers scaled by 2^65 (and p's own bits). */
function expectedState(address: Address, unit: number, probability: number): number {
  const uniformValue = ep.extended(2n * addressedWord(address, unit) + 1n, -65);
  return ep.compare(uniformValue, ep.fromNumber(probability)) < 0 ? 1 : 0;
}

test('draws are u < p for the uniform at the address', () => {
  const probabilities = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(addresses, probabilities, (address, p) => {
      expect(sample(address, p)).toEqual(p.map((value, unit) => expectedState(address, unit, value)));
    }),
    { numRuns: 500 },
  );
});

test('draws are right where the first word leaves the comparison open, down to the last bit of p', () => {
  fc.assert(
    fc.property(addresses, fc.nat(6), (address, unit) => {
      const word = addressedWord(address, unit);
      const edge = ep.toNumber(ep.extended(2n * word + 1n, -65));
      const boundary = Number(word >> 32n) * 2 ** -32;
      const step = edge * 2 ** -52;
      for (const p of [edge - step, edge, edge + step, boundary, boundary - step, boundary + step, boundary + 2 ** -32]) {
        const probabilities = Array.from({ length: unit + 1 }, () => 0.5);
        probabilities[unit] = Math.min(Math.max(p, 0), 1);
        expect(sample(address, probabilities)[unit]).toBe(expectedState(address, unit, probabilities[unit]));
      }
    }),
    { numRuns: 500 },
  );
});

describe('certain events', () => {
  test('p = 0 never happens and p = 1 always does', () => {
    fc.assert(
      fc.property(addresses, (address) => {
        expect(sample(address, [0, -0, 1, 0, 1, 1])).toEqual([0, 0, 1, 0, 1, 1]);
      }),
      { numRuns: 1000 },
    );
  });

  test('the largest p below 1 fails only for the top word, the smallest above 0 holds for none', () => {
    fc.assert(
      fc.property(addresses, (address) => {
        expect(sample(address, [1 - 2 ** -53, 5e-324])).toEqual([expectedState(address, 0, 1 - 2 ** -53), 0]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('where the states go', () => {
  const address = { key: { k0: 3, k1: 4 }, update: 5, step: 6, layer: 1, temperature: 0 };

  test('probabilities may start anywhere, states go to the row named, and nothing outside it is written', () => {
    const probabilities = Float64Array.from([1, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1]);
    const states = packBinaryMatrix(Uint8Array.from([1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1]), 3, 5);
    sampleBernoulliRow(address, 0, 5, probabilities, 3, states, 1);
    expect([...bytesOf(states)]).toEqual([1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1]);
  });

  test.each([1, 4, 31, 32, 33, 64, 65, 100])('%i units: their bits, in all words of the row; unused bits stay 0', (units) => {
    const probabilities = new Float64Array(2 * units).map((_, index) => (index % 3 === 0 ? 1 : 0));
    const states = fullStates(3, units);
    sampleBernoulliRow(address, 9, units, probabilities, units, states, 1);
    const expected = new Uint8Array(3 * units).fill(1);
    expected.set(Uint8Array.from(probabilities.subarray(units)), units);
    expect(states).toEqual(packBinaryMatrix(expected, 3, units));
  });

  test('a unit has its draw whatever the number of units in its row', () => {
    const probabilities = new Float64Array(100).fill(0.5);
    const whole = createBinaryMatrix(1, 100);
    sampleBernoulliRow(address, 17, 100, probabilities, 0, whole, 0);
    for (const units of [1, 2, 3, 4, 5, 31, 32, 33, 99]) {
      const states = createBinaryMatrix(1, units);
      sampleBernoulliRow(address, 17, units, probabilities, 0, states, 0);
      expect([...bytesOf(states)]).toEqual([...bytesOf(whole).subarray(0, units)]);
    }
  });
});

test('overflowing addresses are refused', () => {
  const address = { key: { k0: 3, k1: 4 }, update: 2 ** 40, step: 0, layer: 0, temperature: 0 };
  expect(() => sampleBernoulliRow(address, 0, 1, new Float64Array(1), 0, createBinaryMatrix(1, 1), 0)).toThrow(RangeError);
  expect(() => uniform({ ...address, update: 0 }, 2 ** 32, 0)).toThrow(RangeError);
  expect(() => uniform({ ...address, update: 0 }, 0, 2 ** 26)).toThrow(RangeError);
});

test('a uniform is the top 52 bits of the two words, in the middle of its interval, never 0 or 1', () => {
  fc.assert(
    fc.property(addresses, fc.nat(2 ** 26 - 1), (address, unit) => {
      const { row, key, ...rest } = address;
      const value = uniform({ ...rest, key: { k0: key[0], k1: key[1] } }, row, unit);
      const expected = ep.extended(2n * (addressedWord(address, unit) >> 12n) + 1n, -53);
      expect(value).toBe(ep.toNumber(expected));
      expect(value > 0 && value < 1).toBe(true);
    }),
    { numRuns: 500 },
  );
});
