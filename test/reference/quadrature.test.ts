/** Quadrature against integrals that are known. */

import { expect, test } from '@jest/globals';

import { integrate } from './quadrature.js';

const { exp, PI, sqrt } = Math;

test('moments of a Gaussian of variance 1, wherever it is on the grid', () => {
  for (const mean of [0, 0.1, 0.125, -2.34]) {
    const density = (x: number): number => exp(-0.5 * (x - mean) ** 2) / sqrt(2 * PI);
    const moment = (power: number): number => integrate(([x]) => x ** power * density(x), [[-20, 20]]);
    expect(moment(0)).toBeCloseTo(1, 14);
    expect(moment(1)).toBeCloseTo(mean, 14);
    expect(moment(2)).toBeCloseTo(1 + mean * mean, 13);
  }
});

test('a product of two in the plane', () => {
  const f = ([x, y]: readonly number[]): number => exp(-0.5 * ((x - 0.3) ** 2 + (y + 1.7) ** 2)) * x * y;
  expect(integrate(f, [[-15, 15], [-17, 14]])).toBeCloseTo(2 * PI * 0.3 * -1.7, 12);
});
