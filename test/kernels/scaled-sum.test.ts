/** Sums of scaled numbers against exact sums. */

import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { logScaled, scaledSum } from '../../src/kernels/scaled-sum.js';
import * as ep from '../reference/extended-precision.js';

const term = fc.record({
  mantissa: fc.double({ min: 0.5, max: 4, noNaN: true }),
  exponent: fc.oneof(fc.integer({ min: -60, max: 60 }), fc.integer({ min: -100_000, max: 100_000 })),
});

/** mantissa · 2^exponent. */
function exactly({ mantissa, exponent }: { mantissa: number; exponent: number }): ep.Extended {
  const value = ep.fromNumber(mantissa);
  return { mantissa: value.mantissa, exponent: value.exponent + exponent };
}

test('the sum has a relative error below 1e-14, and its logarithm an absolute one of some ulp', () => {
  fc.assert(
    fc.property(fc.array(term, { minLength: 1, maxLength: 40 }), (terms) => {
      const mantissas = Float64Array.from(terms, ({ mantissa }) => mantissa);
      const exponents = Float64Array.from(terms, ({ exponent }) => exponent);
      const sum = scaledSum(mantissas, exponents, terms.length);
      const exact = ep.total(terms.map(exactly));
      const relative = ep.divide(ep.subtract(exactly(sum), exact), exact);
      expect(Math.abs(ep.toNumber(relative))).toBeLessThan(1e-14);
      const error = ep.toNumber(ep.subtract(ep.fromNumber(logScaled(sum)), ep.log(exact)));
      expect(Math.abs(error)).toBeLessThan(1e-14 + 2 ** -52 * Math.abs(sum.exponent));
    }),
  );
});

test('only the first `length` terms count', () => {
  const { mantissa, exponent } = scaledSum(Float64Array.from([1, 1, 3]), Float64Array.from([4, 4, 900]), 2);
  expect(mantissa * 2 ** exponent).toBe(32);
});
