/** The normal quantile function against Newton's iteration on the series of Φ in extended precision. */

import { expect, test } from '@jest/globals';

import { inverseNormalCumulative } from '../../src/kernels/inverse-normal.js';
import * as ep from '../reference/extended-precision.js';
import { inverseCumulative } from '../reference/normal.js';
import { uniforms } from '../reference/numbers.js';

/** |actual − exact| / |exact|. */
function relativeError(p: number): number {
  const actual = inverseNormalCumulative(p);
  const exact = inverseCumulative(p, actual);
  return Math.abs(ep.toNumber(ep.divide(ep.subtract(ep.fromNumber(actual), exact), exact)));
}

test('the oracle knows the published quantiles', () => {
  expect(ep.toDecimal(inverseCumulative(0.75, 0.67), 19)).toBe('0.6744897501960817432');
  // p = 0.975 is not a float64; the quantile of its neighbour agrees to 15 digits.
  expect(ep.toNumber(inverseCumulative(0.975, 1.96))).toBeCloseTo(1.959963984540054, 14);
});

test('relative error below 2e-15 over the whole range, tails down to 2^-60', () => {
  const inputs = uniforms(300, 1);
  for (let k = 4; k <= 60; k++) inputs.push(2 ** -k, 1.5 * 2 ** -k);
  for (let k = 4; k <= 53; k++) inputs.push(1 - 2 ** -k);
  // The borders of the three rational approximations: |p − ½| = 0.425, and −log(p) = 25.
  for (const border of [0.075, 0.925, 1.3887943864964021e-11]) inputs.push(border * (1 - 1e-12), border, border * (1 + 1e-12));
  for (const offset of [1e-3, 1e-8, 1e-15]) inputs.push(0.5 - offset, 0.5 + offset);
  const bad = inputs.filter((p) => !(relativeError(p) < 2e-15));
  expect(bad).toEqual([]);
});

test('odd about one half, which it maps to 0', () => {
  expect(inverseNormalCumulative(0.5)).toBe(0);
  for (const u of uniforms(2000, 2)) {
    // A multiple of 2^-53 in the lower half, so that 1 − p is exact.
    const p = (Math.floor(u * 2 ** 52) + 1) * 2 ** -53;
    expect(inverseNormalCumulative(1 - p)).toBe(-inverseNormalCumulative(p) + 0);
  }
});

test('rises from tail to tail', () => {
  const ascending = uniforms(4000, 3).toSorted((left, right) => left - right);
  const values = ascending.map(inverseNormalCumulative);
  expect(values.slice(1).filter((value, index) => value < values[index])).toEqual([]);
});

test('NaN outside (0, 1)', () => {
  expect([0, 1, -0.5, 1.5, NaN, Infinity].map(inverseNormalCumulative)).toEqual([NaN, NaN, NaN, NaN, NaN, NaN]);
});
