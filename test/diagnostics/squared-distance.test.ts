/** Squared distances of estimated vectors: unbiased, and with a standard error that is theirs. */

import { expect, test } from '@jest/globals';

import { cosineFrom, Estimates, rootOf, squaredDistance } from '../../src/diagnostics/squared-distance.js';
import { normals } from '../reference/numbers.js';

const { abs, sqrt } = Math;

const size = 6;
const repetitions = 600;

/** Estimates x_r = centre + noise, `count` of them. */
function estimates(centre: number, count: number, noise: number, seed: number): Estimates {
  const values = normals(size * count, seed, noise);
  return new Estimates(Array.from({ length: count }, (_, r) => Float64Array.from({ length: size }, (__, i) => centre + values[r * size + i])));
}

const exact = (centre: number): Estimates => new Estimates([new Float64Array(size).fill(centre)]);

function moments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, deviation: sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (values.length - 1)) };
}

test.each([
  ['one of them known', 1, 0.3, 1.2],
  ['both estimated', 8, 0.3, 1.2],
  // √2 in theory: the jackknife tells too much where there is nothing but noise.
  ['no distance at all', 8, 0, 1.6],
])('%s: without bias, and the standard error is that of repetitions', (_, count, distance, most) => {
  const found = Array.from({ length: repetitions }, (__, index) =>
    squaredDistance(estimates(distance, 10, 0.7, 2 * index), count === 1 ? exact(0) : estimates(0, count, 0.5, 2 * index + 1)),
  );
  const { mean, deviation } = moments(found.map(({ value }) => value));
  expect(abs(mean - size * distance * distance)).toBeLessThan((4 * deviation) / sqrt(repetitions));
  const told = sqrt(moments(found.map(({ standardError }) => standardError * standardError)).mean);
  expect(told / deviation).toBeGreaterThan(0.9);
  expect(told / deviation).toBeLessThan(most);
});

test('a cosine, seen from a centre: the standard error is that of repetitions', () => {
  const centre = Float64Array.from([1, -1, 1, -1, 0, 0]);
  const truth = ((0.8 * 0.5 * 6) + 4) / (sqrt(0.8 * 0.8 * 6 + 4) * sqrt(0.5 * 0.5 * 6 + 4));
  const found = Array.from({ length: repetitions }, (_, index) => cosineFrom(centre, estimates(0.8, 10, 0.4, 2 * index), estimates(0.5, 8, 0.3, 2 * index + 1)))
    .filter((one) => one !== undefined);
  expect(found.length).toBe(repetitions);
  const { mean, deviation } = moments(found.map(({ value }) => value));
  expect(abs(mean - truth)).toBeLessThan(0.4 * deviation);
  const told = sqrt(moments(found.map(({ standardError }) => standardError * standardError)).mean);
  expect(told / deviation).toBeGreaterThan(0.9);
  expect(told / deviation).toBeLessThan(1.25);
  expect(cosineFrom(centre, exact(0), exact(0))?.value).toBeCloseTo(1, 15);
  // Nothing but noise has no direction.
  const noise = Array.from({ length: repetitions }, (_, index) => cosineFrom(new Float64Array(size), estimates(0, 10, 1, index), exact(1)));
  expect(noise.filter((one) => one !== undefined).length).toBeLessThan(repetitions / 20);
  expect(cosineFrom(centre, exact(0), new Estimates([centre]))).toBeUndefined();
});

test('what is known exactly has no error', () => {
  expect(squaredDistance(exact(3), exact(1))).toEqual({ value: 4 * size, standardError: 0 });
  expect(rootOf({ value: 9, standardError: 0 })).toEqual({ value: 3, standardError: 0 });
});

test('the root of a square that came out negative is 0, and its error is what one of the square adds', () => {
  expect(rootOf({ value: -0.5, standardError: 4 })).toEqual({ value: 0, standardError: 2 });
  expect(rootOf({ value: 9, standardError: 7 })).toEqual({ value: 3, standardError: 1 });
});
