/** Random search: in range, the same everywhere, and distributed as it says. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Distribution, drawValues } from '../../src/sweep/draw-values.js';

const { log, sqrt } = Math;
const count = 20_000;

/** How many standard errors the mean of `values` is from `mean`, for a distribution with that standard deviation. */
function standardErrors(values: readonly number[], mean: number, deviation: number): number {
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  return (average - mean) / (deviation / sqrt(values.length));
}

describe('what is drawn', () => {
  test('has the mean of its distribution, in the right scale', () => {
    // Uniform on [a, b]: mean (a + b) / 2, variance (b − a)² / 12; the logarithm of a log-uniform is uniform.
    const uniform = drawValues({ distribution: 'uniform', low: -2, high: 6 }, count, 's', 'a');
    expect(Math.abs(standardErrors(uniform, 2, 8 / sqrt(12)))).toBeLessThan(4);
    const logs = drawValues({ distribution: 'logUniform', low: 0.001, high: 0.1 }, count, 's', 'b').map(log);
    expect(Math.abs(standardErrors(logs, (log(0.001) + log(0.1)) / 2, (log(0.1) - log(0.001)) / sqrt(12)))).toBeLessThan(4);
    // The square of the deviation, too: a point mass in the middle would have the mean.
    const middle = (log(0.001) + log(0.1)) / 2;
    const squares = logs.map((value) => (value - middle) ** 2);
    const half = (log(0.1) - log(0.001)) / 2;
    expect(Math.abs(standardErrors(squares, half ** 2 / 3, half ** 2 * sqrt(1 / 5 - 1 / 9)))).toBeLessThan(4);
  });

  test.each<[Distribution, number, number]>([
    [{ distribution: 'integer', low: 8, high: 12 }, 8, 5],
    [{ distribution: 'integer', low: -1, high: 1 }, -1, 3],
    [{ distribution: 'choice', values: ['a', 'b', 'c', 'd'] }, 0, 4],
  ])('%j: all equally often, both ends included', (from, low, kinds) => {
    const drawn = drawValues(from, count, 's', 'c');
    for (let kind = 0; kind < kinds; kind++) {
      const share = drawn.map((value) => (value === low + kind ? 1 : 0));
      expect(Math.abs(standardErrors(share, 1 / kinds, sqrt((1 / kinds) * (1 - 1 / kinds))))).toBeLessThan(4);
    }
  });

  test('is in range, with at most 6 significant digits or the very end', () => {
    const finite = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
    fc.assert(
      fc.property(finite, finite, fc.constantFrom('uniform' as const, 'logUniform' as const), fc.string(), (first, second, distribution, key) => {
        const [low, high] = [Math.min(first, second), Math.max(first, second)];
        for (const value of drawValues({ distribution, low, high }, 20, '1', key)) {
          expect(value).toBeGreaterThanOrEqual(low);
          expect(value).toBeLessThanOrEqual(high);
          expect(value === low || value === high || value === Number(value.toPrecision(6))).toBe(true);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('is in range where the range is as wide as numbers go, or a single number', () => {
    for (const value of drawValues({ distribution: 'uniform', low: -1.7e308, high: 1.7e308 }, 100, '1', 'k')) expect(Number.isFinite(value)).toBe(true);
    expect(drawValues({ distribution: 'uniform', low: 0.123456789, high: 0.123456789 }, 2, '1', 'k')).toEqual([0.123456789, 0.123456789]);
    const { MAX_SAFE_INTEGER: high, MIN_SAFE_INTEGER: low } = Number;
    for (const value of drawValues({ distribution: 'integer', low, high }, 100, '1', 'k')) expect(Number.isSafeInteger(value)).toBe(true);
  });
});

describe('the same values', () => {
  const rate: Distribution = { distribution: 'logUniform', low: 0.001, high: 0.1 };

  test('on every machine: these', () => {
    expect(drawValues(rate, 3, '1', 'training.learningRate')).toEqual([0.00247273, 0.00694726, 0.0762496]);
    expect(drawValues({ distribution: 'integer', low: 8, high: 64 }, 3, '1', 'model.hiddenUnits')).toEqual([41, 24, 28]);
  });

  test('whatever the number of samples; others with another seed or key', () => {
    const drawn = drawValues(rate, 10, '1', 'k');
    expect(drawValues(rate, 100, '1', 'k').slice(0, 10)).toEqual(drawn);
    expect(drawValues(rate, 10, '2', 'k')).not.toEqual(drawn);
    expect(drawValues(rate, 10, '1', 'l')).not.toEqual(drawn);
  });
});
