/** Is the oracle right? Published digits, identities, and exactness of the conversions. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import * as ep from './extended-precision.js';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const { abs } = Math;

/** |left − right| / |right| as a power of two: below this the two agree. */
function agree(left: ep.Extended, right: ep.Extended, bits: number): boolean {
  const difference = ep.subtract(left, right);
  if (difference.mantissa === 0n) return true;
  return ep.binaryExponent(difference) <= ep.binaryExponent(right) - bits;
}

test('published digits of e, ln 2, sqrt 2, pi and e^-1, ln 10', () => {
  expect(ep.toDecimal(ep.exp(ep.one), 50)).toBe('2.71828182845904523536028747135266249775724709369995');
  expect(ep.toDecimal(ep.ln2, 50)).toBe('0.69314718055994530941723212145817656807550013436025');
  expect(ep.toDecimal(ep.squareRoot(ep.fromNumber(2)), 50)).toBe('1.41421356237309504880168872420969807856967187537694');
  expect(ep.toDecimal(ep.pi, 50)).toBe('3.14159265358979323846264338327950288419716939937510');
  expect(ep.toDecimal(ep.exp(ep.fromNumber(-1)), 50)).toBe('0.36787944117144232159552377016146086744581113103176');
  expect(ep.toDecimal(ep.log(ep.fromNumber(10)), 50)).toBe('2.30258509299404568401799145468436420760110148862877');
});

test('a float64 goes in and out unchanged', () => {
  fc.assert(
    fc.property(finite, (value) => {
      expect(ep.toNumber(ep.fromNumber(value))).toBe(value + 0);
    }),
  );
  for (const value of [5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1, -1, 2 ** 53 + 2]) {
    expect(ep.toNumber(ep.fromNumber(value))).toBe(value);
  }
});

test('rounding to float64 is IEEE rounding: sums, products, quotients and roots match the hardware', () => {
  fc.assert(
    fc.property(finite, finite, (left, right) => {
      const [x, y] = [ep.fromNumber(left), ep.fromNumber(right)];
      expect(ep.toNumber(ep.add(x, y))).toBe(left + right + 0);
      expect(abs(ep.toNumber(ep.multiply(x, y)))).toBe(abs(left * right));
      const divisor = right === 0 ? 1 : right;
      expect(abs(ep.toNumber(ep.divide(x, ep.fromNumber(divisor))))).toBe(abs(left / divisor));
      expect(ep.toNumber(ep.squareRoot(ep.absolute(x)))).toBe(Math.sqrt(abs(left)));
      expect(ep.compare(x, y)).toBe(left === right ? 0 : left < right ? -1 : 1);
    }),
    { numRuns: 1000 },
  );
});

describe('identities', () => {
  const moderate = fc.double({ min: -700, max: 700, noNaN: true });

  test('exp(x + y) = exp(x) exp(y), exp(-x) = 1 / exp(x)', () => {
    fc.assert(
      fc.property(moderate, moderate, (left, right) => {
        const [x, y] = [ep.fromNumber(left), ep.fromNumber(right)];
        expect(agree(ep.exp(ep.add(x, y)), ep.multiply(ep.exp(x), ep.exp(y)), 190)).toBe(true);
        expect(agree(ep.exp(ep.negate(x)), ep.divide(ep.one, ep.exp(x)), 190)).toBe(true);
      }),
    );
  });

  test('exp(log(x)) = x and log(x y) = log(x) + log(y)', () => {
    fc.assert(
      fc.property(fc.double({ min: 5e-324, noNaN: true, noDefaultInfinity: true }), (value) => {
        const x = ep.fromNumber(value);
        expect(agree(ep.exp(ep.log(x)), x, 190)).toBe(true);
        const square = ep.log(ep.multiply(x, x));
        expect(agree(square, ep.multiply(ep.fromNumber(2), ep.log(x)), 190)).toBe(true);
      }),
    );
  });

  test('log1p and expm1 are inverse, keep tiny arguments, and agree with log and exp', () => {
    for (let exponent = -1070; exponent <= 0; exponent += 7) {
      const x = ep.fromNumber(2 ** exponent * 0.7);
      expect(agree(ep.log1p(ep.expm1(x)), x, 190)).toBe(true);
      expect(agree(ep.expm1(ep.log1p(x)), x, 190)).toBe(true);
    }
    for (let exponent = -60; exponent <= 0; exponent++) {
      const x = ep.fromNumber(2 ** exponent * 0.7);
      expect(agree(ep.log1p(x), ep.log(ep.add(ep.one, x)), 190)).toBe(true);
      expect(agree(ep.expm1(x), ep.subtract(ep.exp(x), ep.one), 190)).toBe(true);
    }
  });
});

test('ulpDifference counts units in the last place of the exact value', () => {
  expect(ep.ulpDifference(1, ep.one)).toBe(0);
  expect(ep.ulpDifference(1 + 2 ** -52, ep.one)).toBe(1);
  expect(ep.ulpDifference(3, ep.fromNumber(3 + 2 ** -50))).toBe(2);
  expect(ep.ulpDifference(0, ep.fromNumber(5e-324))).toBe(1);
  expect(ep.ulpDifference(Infinity, ep.exp(ep.fromNumber(800)))).toBe(0);
  expect(ep.ulpDifference(Infinity, ep.one)).toBe(Infinity);
  expect(ep.ulpDifference(NaN, ep.one)).toBe(Infinity);
  expect(ep.ulpDifference(1, ep.add(ep.one, ep.fromNumber(2 ** -54)))).toBe(0.25);
});
