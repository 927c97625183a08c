/** The canonical reduction against its documented order, and against the exact sum within the analytic error bound. */

import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { canonicalSum } from '../../src/kernels/canonical-sum.js';
import * as ep from '../reference/extended-precision.js';
import { normals } from '../reference/numbers.js';

const lanes = 8;
const lengths = [...Array.from({ length: 41 }, (_, length) => length), 63, 64, 65, 783, 784, 785, 1000];

/** Lane l adds the elements l, l + 8, …; then neighbours are added pairwise until one number is left. */
function inDocumentedOrder(values: number[]): number {
  let sums = Array.from({ length: lanes }, (_, lane) =>
    values.filter((__, index) => index % lanes === lane).reduce((sum, value) => sum + value, 0),
  );
  while (sums.length > 1) sums = sums.filter((_, index) => index % 2 === 0).map((sum, pair) => sum + sums[2 * pair + 1]);
  return sums[0];
}

test('adds in the documented order, bit for bit, at every length', () => {
  for (const length of lengths) {
    const values = normals(length, length, 1e3);
    expect(canonicalSum(Float64Array.from(values))).toBe(inDocumentedOrder(values));
  }
});

test('adds in the documented order whatever the values', () => {
  fc.assert(
    fc.property(fc.array(fc.double(), { maxLength: 40 }), (values) => {
      expect(canonicalSum(Float64Array.from(values))).toBe(inDocumentedOrder(values));
    }),
  );
});

test('the order depends on the length only: start and surroundings do not matter', () => {
  for (const length of lengths) {
    const values = normals(length, 7 + length);
    const padded = Float64Array.from([...normals(5, 1), ...values, ...normals(9, 2)]);
    expect(canonicalSum(padded, length, 5)).toBe(canonicalSum(Float64Array.from(values)));
    expect(canonicalSum(padded, length, 5)).toBe(canonicalSum(padded.subarray(5, 5 + length)));
  }
});

test('the error is within γ_d Σ|x|, d = ⌈length / 8⌉ + 2 additions deep', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e15, max: 1e15, noNaN: true }), { minLength: 1, maxLength: 300 }), (values) => {
      const exact = ep.total(values.map(ep.fromNumber));
      const magnitude = ep.toNumber(ep.total(values.map((value) => ep.fromNumber(Math.abs(value)))));
      const error = Math.abs(ep.toNumber(ep.subtract(ep.fromNumber(canonicalSum(Float64Array.from(values))), exact)));
      const depth = Math.ceil(values.length / lanes) + 2;
      expect(error).toBeLessThanOrEqual((depth * 2 ** -53 * magnitude) / (1 - depth * 2 ** -53));
    }),
  );
});

test('nothing adds up to +0', () => {
  expect(Object.is(canonicalSum(new Float64Array(0)), 0)).toBe(true);
  expect(Object.is(canonicalSum(Float64Array.from([-0, -0])), 0)).toBe(true);
});
