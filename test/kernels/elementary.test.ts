/**
 * exp, log, log1p, softplus, sigmoid against extended precision: largest error in ulp over samples of the whole range,
 * edge cases, monotonicity; and the bits of Math.sqrt, which the design relies on.
 */

import { describe, expect, test } from '@jest/globals';

import { exp, expScaled, log, log1p, powerOfTwo, sigmoid, softplus } from '../../src/kernels/elementary.js';
import * as ep from '../reference/extended-precision.js';
import { integers, uniforms } from '../reference/numbers.js';

const { sqrt, abs } = Math;
const view = new DataView(new ArrayBuffer(8));

/** The float64 with these upper and lower words. */
function fromWords(upper: number, lower: number): number {
  view.setUint32(0, upper);
  view.setUint32(4, lower);
  return view.getFloat64(0);
}

function nextUp(value: number): number {
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  view.setBigInt64(0, bits + (value > 0 ? 1n : -1n));
  return view.getFloat64(0);
}

/** The input with the largest error, and that error in ulp. */
function worst(inputs: Iterable<number>, actual: (x: number) => number, exact: (x: ep.Extended) => ep.Extended) {
  let largest = { input: 0, error: 0 };
  for (const input of inputs) {
    const error = ep.ulpDifference(actual(input), exact(ep.fromNumber(input)));
    if (!(error <= largest.error)) largest = { input, error };
  }
  return largest;
}

/** Random positive float64 with exponents from `low` to `high`. */
function logarithmic(count: number, low: number, high: number, seed: number): number[] {
  const exponents = uniforms(count, seed);
  const mantissas = uniforms(count, seed + 1);
  return exponents.map((u, index) => powerOfTwoExact(low + (u * (high - low + 1) | 0)) * (1 + mantissas[index]));
}

function powerOfTwoExact(k: number): number {
  return ep.toNumber({ mantissa: 1n, exponent: k });
}

const between = (count: number, low: number, high: number, seed: number) =>
  uniforms(count, seed).map((u) => low + (high - low) * u);

const softplusExact = (x: ep.Extended) => ep.log1p(ep.exp(x));
const sigmoidExact = (x: ep.Extended) => ep.divide(ep.one, ep.add(ep.one, ep.exp(ep.negate(x))));

test('2^k is exact', () => {
  for (let k = -1074; k <= 1023; k++) expect(powerOfTwo(k)).toBe(powerOfTwoExact(k));
});

describe('error bounds', () => {
  test('exp: below 1 ulp where the result is normal', () => {
    const inputs = [
      ...between(6000, -708.39, 709.78, 1),
      ...between(6000, -1, 1, 2),
      ...logarithmic(1500, -60, 2, 3),
      ...logarithmic(1500, -60, 2, 4).map((x) => -x),
      // Halfway between multiples of ln 2 the reduced argument is largest.
      ...Array.from({ length: 2000 }, (_, k) => (k - 1000 + 0.5) * 0.6931471805599453),
    ];
    expect(worst(inputs, exp, ep.exp).error).toBeLessThan(1);
  });

  test('exp: below 1 ulp (of the least subnormal) where the result is subnormal', () => {
    expect(worst(between(4000, -745.13, -708.4, 5), exp, ep.exp).error).toBeLessThan(1);
  });

  test('exp: mantissa and exponent beyond the range of float64', () => {
    const result = new Float64Array(2);
    for (const x of [...between(1000, -(2 ** 19), 2 ** 19, 6), ...between(200, -(2 ** 30), 2 ** 30, 7), 0, 2 ** 30, -(2 ** 30)]) {
      // The correction is worth up to half an ulp of x.
      for (const correction of [0, x * 2 ** -54, -x * 2 ** -54]) {
        expScaled(x, correction, result);
        const [mantissa, exponent] = result;
        expect(mantissa).toBeGreaterThan(0.7);
        expect(mantissa).toBeLessThan(1.42);
        const exact = ep.exp(ep.add(ep.fromNumber(x), ep.fromNumber(correction)));
        const error = ep.ulpDifference(mantissa, { mantissa: exact.mantissa, exponent: exact.exponent - exponent });
        // Up to 2^19 the error is that of exp; beyond, it is less than that of one rounding of the argument.
        expect(error).toBeLessThan(abs(x) < 2 ** 19 ? 1 : 2 * abs(x));
      }
    }
  });

  test('log: below 1 ulp', () => {
    const inputs = [
      ...logarithmic(4000, -1074, 1022, 8),
      ...between(4000, 0.5, 2, 9),
      ...logarithmic(2000, -53, -2, 10).map((x) => 1 + x),
      ...logarithmic(2000, -53, -2, 11).map((x) => 1 - x),
      ...between(1000, 0.7, 0.72, 12),
      ...between(1000, 1.41, 1.42, 13),
    ];
    expect(worst(inputs, log, ep.log).error).toBeLessThan(1);
  });

  test('log1p: below 1 ulp', () => {
    const inputs = [
      ...logarithmic(2500, -1074, 1022, 14),
      ...logarithmic(2500, -70, -1, 15),
      ...logarithmic(2500, -70, -2, 16).map((x) => -x),
      ...between(3000, -0.99, 5, 17),
      ...logarithmic(1000, -53, -2, 18).map((x) => x - 1),
      ...between(500, 0.40, 0.42, 19),
      ...between(500, -0.30, -0.28, 20),
      ...logarithmic(500, 50, 55, 21),
    ];
    expect(worst(inputs, log1p, ep.log1p).error).toBeLessThan(1);
  });

  test('softplus: below 2 ulp; sigmoid: below 2.5 ulp', () => {
    const inputs = [...between(3000, -40, 40, 22), ...between(1000, -700, 700, 23), ...between(2000, -1, 1, 24)];
    expect(worst(inputs, softplus, softplusExact).error).toBeLessThan(2);
    expect(worst(inputs, sigmoid, sigmoidExact).error).toBeLessThan(2.5);
  });
});

describe('edge cases', () => {
  test('exp', () => {
    expect([0, -0, -Infinity, Infinity, NaN, 1e300, -1e300, 5e-324].map(exp)).toEqual([
      1, 1, 0, Infinity, NaN, Infinity, 0, 1,
    ]);
    // Largest argument without overflow, smallest with a result above 0, and their neighbours.
    for (const x of [709.782712893384, 709.7827128933841, -745.1332191019411, -745.1332191019412, -745.1332191019413]) {
      const exact = ep.exp(ep.fromNumber(x));
      expect(ep.ulpDifference(exp(x), exact)).toBeLessThan(1);
    }
    expect(exp(709.782712893384)).toBeLessThan(Infinity);
    expect(exp(709.7827128933841)).toBe(Infinity);
    expect(exp(-745.1332191019411)).toBe(5e-324);
    expect(exp(-745.1332191019413)).toBe(0);
  });

  test('log', () => {
    expect([1, 0, -0, Infinity, -Infinity, -5e-324, NaN].map(log)).toEqual([
      0, -Infinity, -Infinity, Infinity, NaN, NaN, NaN,
    ]);
    for (const x of [5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308]) {
      expect(ep.ulpDifference(log(x), ep.log(ep.fromNumber(x)))).toBeLessThan(1);
    }
    for (let k = -1074; k <= 1023; k += 1) {
      const exact = ep.multiply(ep.fromNumber(k), ep.ln2);
      expect(ep.ulpDifference(log(powerOfTwoExact(k)), exact)).toBeLessThan(1);
    }
  });

  test('log1p', () => {
    expect([-1, Infinity, -Infinity, -1.0000000000000002, NaN].map(log1p)).toEqual([
      -Infinity, Infinity, NaN, NaN, NaN,
    ]);
    expect([0, -0, 5e-324, -5e-324, 1e-20, -1e-300].map((x) => Object.is(log1p(x), x))).not.toContain(false);
  });

  test('softplus and sigmoid stay finite and saturate', () => {
    expect([-Infinity, -1e4, 1e4, Infinity].map(softplus)).toEqual([0, 0, 1e4, Infinity]);
    expect([-Infinity, -1e4, 0, 1e4, Infinity].map(sigmoid)).toEqual([0, 0, 0.5, 1, 1]);
    expect(softplus(NaN)).toBeNaN();
    expect(sigmoid(NaN)).toBeNaN();
  });
});

function ascending(left: number, right: number): number {
  return left - right;
}

/** Neighbouring inputs between which f falls. */
function falls(inputs: readonly number[], f: (x: number) => number): number[] {
  return inputs.slice(1).filter((x, index) => f(x) < f(inputs[index]));
}

test('exp and log rise along ladders of near and of distant numbers', () => {
  for (const start of [-700.1, -0.34657359027997264, 0.34657359027997264, 1, 0.6931471805599453 * 7.5, 500]) {
    const ladder = [start - abs(start) * 1e-13];
    for (let k = 0; k < 2000; k++) ladder.push(nextUp(ladder[k]));
    // Eight float64 apart the results differ by more than twice the error bound, so they must not swap.
    expect(falls(ladder.filter((_, k) => k % 8 === 0), exp)).toEqual([]);
  }
  expect(falls(logarithmic(4000, -1074, 1022, 25).toSorted(ascending), log)).toEqual([]);
  expect(falls(between(4000, -745, 709, 26).toSorted(ascending), exp)).toEqual([]);
});

function nextDown(value: number): number {
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) - 1n);
  return view.getFloat64(0);
}

test('Math.sqrt is correctly rounded (its bits are part of our results)', () => {
  const words = integers(2 * 4000, 27);
  const inputs = Array.from({ length: 4000 }, (_, index) => fromWords(words[2 * index] & 0x7fefffff, words[2 * index + 1]));
  // Squares of 27-bit numbers and their neighbours lie on or next to exact roots and halfway points.
  for (let k = 0; k < 500; k++) {
    const root = 67108865 + 134217 * k;
    inputs.push(root * root, nextUp(root * root), nextDown(root * root));
  }
  inputs.push(5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1, 2, 4);
  const wrong = inputs.filter((x) => sqrt(x) !== ep.toNumber(ep.squareRoot(ep.fromNumber(x))));
  expect(wrong).toEqual([]);
  expect([Object.is(sqrt(-0), -0), Object.is(sqrt(0), 0), sqrt(Infinity)]).toEqual([true, true, Infinity]);
  expect(sqrt(-1)).toBeNaN();
});
