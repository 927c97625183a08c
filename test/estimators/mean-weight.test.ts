/**
 * Means of weights known by their logarithms, and the intervals made of them, against plain formulas and figures worked out
 * by hand.
 */

import { describe, expect, test } from '@jest/globals';

import { comparePaired, logLikelihoodInterval } from '../../src/estimators/likelihood-interval.js';
import { histogram, logMeanExp, meanWeight, studentQuantile } from '../../src/estimators/mean-weight.js';
import type { LogPartitionFunctionEstimate } from '../../src/estimators/verdict.js';
import { normals } from '../reference/numbers.js';

const { abs, exp, log, sqrt } = Math;

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

describe('studentQuantile', () => {
  // W. Gosset's table as in any textbook, to three places: half a unit of the last one beside the error stated.
  test.each([
    [1, 12.706], [2, 4.303], [3, 3.182], [4, 2.776], [5, 2.571], [6, 2.447], [7, 2.365],
    [8, 2.306], [9, 2.262], [10, 2.228], [15, 2.131], [20, 2.086], [30, 2.042], [60, 2.0], [120, 1.98], [199, 1.972],
  ])('%i degrees of freedom: %f', (degrees, quantile) => {
    expect(abs(studentQuantile(degrees) - quantile)).toBeLessThan(0.002 + 0.0005);
  });

  test('falls with the degrees of freedom, to that of the normal distribution', () => {
    for (let degrees = 1; degrees < 300; degrees++) expect(studentQuantile(degrees + 1)).toBeLessThan(studentQuantile(degrees));
    expect(abs(studentQuantile(1e12) - 1.959963984540054)).toBeLessThan(1e-11);
  });
});

describe('meanWeight', () => {
  const logWeights = Float64Array.from(normals(200, 1, 0.8), (value) => value + 2);
  const plain = Array.from(logWeights, (value) => exp(value));
  const mean = sumOf(plain) / 200;
  const error = sqrt(sumOf(plain.map((weight) => (weight - mean) ** 2)) / 199 / 200);

  test('mean, effective sample size, three sigma and log-normal interval by their formulas', () => {
    const { logMean, effectiveSampleSize, threeSigma, logNormalInterval } = meanWeight(logWeights, '1');
    expect(logMean).toBeCloseTo(log(mean), 12);
    expect(logMeanExp(logWeights)).toBeCloseTo(log(mean), 12);
    expect(effectiveSampleSize).toBeCloseTo(sumOf(plain) ** 2 / sumOf(plain.map((weight) => weight * weight)), 9);
    expect(threeSigma[0]).toBeCloseTo(log(mean - 3 * error), 12);
    expect(threeSigma[1]).toBeCloseTo(log(mean + 3 * error), 12);
    // Cox: mean + variance/2 ± t·√(variance/n + variance²/(2(n − 1))); t is 1.972.
    const logs = sumOf([...logWeights]) / 200;
    const variance = sumOf(Array.from(logWeights, (value) => (value - logs) ** 2)) / 199;
    const half = 1.972 * sqrt(variance / 200 + variance ** 2 / 398);
    expect(abs(logNormalInterval[0] - (logs + variance / 2 - half))).toBeLessThan(0.0025 * half);
    expect(abs(logNormalInterval[1] - (logs + variance / 2 + half))).toBeLessThan(0.0025 * half);
  });

  test('the bootstrap’s interval: that of a normal mean where there are many weights', () => {
    // Percentiles of 2,000 resamples have a standard error of √(.025·.975/2000)/φ(1.96) = .06 deviations; 5 of these. Many
    // weights of little spread: skewness, 1/√2,000, hardly shows.
    const many = Float64Array.from(normals(2000, 2, 0.1));
    const weights = Array.from(many, (value) => exp(value));
    const centre = sumOf(weights) / 2000;
    const deviation = sqrt(sumOf(weights.map((weight) => (weight - centre) ** 2)) / 1999 / 2000);
    const { bootstrapInterval } = meanWeight(many, '1');
    expect(abs(exp(bootstrapInterval[0]) - (centre - 1.96 * deviation))).toBeLessThan(0.3 * deviation);
    expect(abs(exp(bootstrapInterval[1]) - (centre + 1.96 * deviation))).toBeLessThan(0.3 * deviation);
  });

  test('the interval is the hull of both, repeats with its seed, and holds the mean', () => {
    const { logMean, interval, bootstrapInterval, logNormalInterval } = meanWeight(logWeights, '1');
    expect(interval).toEqual([Math.min(bootstrapInterval[0], logNormalInterval[0]), Math.max(bootstrapInterval[1], logNormalInterval[1])]);
    expect(interval[0] < logMean && logMean < interval[1]).toBe(true);
    expect(meanWeight(logWeights, '1')).toEqual(meanWeight(logWeights, '1'));
    expect(meanWeight(logWeights, '2').bootstrapInterval).not.toEqual(bootstrapInterval);
  });

  test.each([-5000, 5000])('weights times exp(%i): all figures move by that, out of the range of float64', (shift) => {
    const before = meanWeight(logWeights, '1');
    const after = meanWeight(logWeights.map((value) => value + shift), '1');
    for (const name of ['interval', 'bootstrapInterval', 'logNormalInterval', 'threeSigma'] as const) {
      before[name].forEach((bound, index) => expect(after[name][index] - shift).toBeCloseTo(bound, 8));
    }
    expect(after.logMean - shift).toBeCloseTo(before.logMean, 8);
    expect(after.effectiveSampleSize).toBeCloseTo(before.effectiveSampleSize, 6);
  });

  test('equal weights: no width, every chain counts', () => {
    const { logMean, interval, threeSigma, effectiveSampleSize } = meanWeight(new Float64Array(16).fill(-7), '1');
    expect([logMean, ...interval, ...threeSigma, effectiveSampleSize]).toEqual([-7, -7, -7, -7, -7, 16]);
  });

  test('one weight that outweighs all: three standard errors reach below 0, and one chain counts', () => {
    const { logMean, threeSigma, effectiveSampleSize } = meanWeight(Float64Array.from({ length: 10 }, (_, chain) => (chain === 3 ? 0 : -400)), '1');
    expect(logMean).toBeCloseTo(-log(10), 14);
    // Mean .1, standard error √((.81 + 9·.01)/9/10) = .1.
    expect(threeSigma[0]).toBe(-Infinity);
    expect(threeSigma[1]).toBeCloseTo(log(0.4), 12);
    expect(effectiveSampleSize).toBeCloseTo(1, 12);
  });
});

test('logMeanExp of no finite values', () => {
  expect(logMeanExp(Float64Array.of(-Infinity, -Infinity))).toBe(-Infinity);
  expect(logMeanExp(Float64Array.of(0, Infinity))).toBe(Infinity);
  expect(logMeanExp(Float64Array.of(log(2), -Infinity))).toBeCloseTo(0, 15);
});

describe('histogram', () => {
  test('of known values: every value in its bin, the largest in the last one', () => {
    expect(histogram(Float64Array.of(0, 0.5, 1, 1.5, 2, 2, 4), 4)).toEqual({ edges: [0, 1, 2, 3, 4], counts: [2, 2, 2, 1] });
  });

  test('of equal values', () => {
    const { edges, counts } = histogram(Float64Array.of(3, 3, 3), 2);
    expect([edges, counts]).toEqual([[3, 3, 3], [3, 0]]);
  });
});

describe('intervals of likelihoods', () => {
  const estimateOf = (logZ: number, interval: readonly [number, number]): LogPartitionFunctionEstimate => ({
    estimator: 'by hand', logZ, interval, exact: false, verdict: { status: 'one-sided', reasons: [], advice: [] }, evidence: {},
  });
  /** The ends of an interval that there must be. */
  const endsOf = (interval: readonly [number, number] | undefined): readonly [number, number] => interval ?? [NaN, NaN];
  // Nine examples: 8 degrees of freedom, t = 2.306 (to .002: relative 1e-3).
  const t = 2.306004;

  test('both errors in quadrature, on their own sides: a larger log Z makes the likelihood smaller', () => {
    // Sampling: 2.306 · 1/2.306 = 1. log Z = 10 with .75 below and 2.4 above.
    const [low, high] = endsOf(logLikelihoodInterval(-7, 1 / t, 9, estimateOf(10, [9.25, 12.4])));
    expect(abs(low - (-3 - sqrt(1 + 2.4 ** 2)))).toBeLessThan(1e-3);
    expect(abs(high - (-3 + sqrt(1 + 0.75 ** 2)))).toBeLessThan(1e-3);
  });

  test('an exact log Z adds nothing; one example has no sampling error that is known', () => {
    const [low, high] = endsOf(logLikelihoodInterval(5, 1 / t, 9, estimateOf(10, [10, 10])));
    expect(abs(low + 16)).toBeLessThan(1e-3);
    expect(abs(high + 14)).toBeLessThan(1e-3);
    expect(logLikelihoodInterval(5, undefined, 1, estimateOf(10, [9, 12]))).toEqual([-17, -14]);
  });

  test('paired: the error is that of the differences', () => {
    // Own free energies 1 … 9 on top of −(other's): log p − log p' = (F' − F) − log Z + log Z'.
    const other = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    const own = other.map((energy, row) => energy - (row % 2 === 0 ? 2 : 1));
    // Differences: five of 2, four of 1: mean 14/9, variance (5·(4/9)² + 4·(5/9)²)/8 = 180/81/8 = 5/18.
    const { difference, standardError, interval } = comparePaired(own, estimateOf(3, [2.7, 3.4]), other, estimateOf(4, [3.9, 4.2]));
    expect(difference).toBeCloseTo(14 / 9 + 1, 12);
    expect(standardError).toBeCloseTo(sqrt(5 / 18 / 9), 12);
    const sampling = t * sqrt(5 / 18 / 9);
    // Below: own log Z larger by .4, the other's smaller by .1. Above: own smaller by .3, the other's larger by .2.
    const [low, high] = endsOf(interval);
    expect(abs(low - (23 / 9 - sqrt(sampling ** 2 + 0.4 ** 2 + 0.1 ** 2)))).toBeLessThan(1e-3);
    expect(abs(high - (23 / 9 + sqrt(sampling ** 2 + 0.3 ** 2 + 0.2 ** 2)))).toBeLessThan(1e-3);
  });

  test('where nothing is known of the error of a log Z, there is no interval', () => {
    const { interval: _interval, ...unknown } = estimateOf(3, [3, 3]);
    const energies = Float64Array.of(1, 5, 2);
    expect(logLikelihoodInterval(5, 1 / t, 9, unknown)).toBeUndefined();
    for (const pair of [[unknown, estimateOf(4, [4, 4])], [estimateOf(4, [4, 4]), unknown]] as const) {
      const comparison = comparePaired(energies, pair[0], energies, pair[1]);
      expect(comparison).toEqual({ difference: pair[1].logZ - pair[0].logZ, standardError: 0 });
    }
  });

  test('paired with itself: 0, and no error but log Z’s', () => {
    const energies = Float64Array.of(1, 5, 2);
    const estimate = estimateOf(3, [3, 3]);
    expect(comparePaired(energies, estimate, energies, estimate)).toEqual({ difference: 0, standardError: 0, interval: [0, 0] });
    expect(comparePaired(Float64Array.of(2), estimate, Float64Array.of(1), estimate)).toEqual({ difference: -1, interval: [-1, -1] });
  });
});
