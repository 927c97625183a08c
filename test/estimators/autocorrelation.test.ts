/**
 * Autocorrelation times against processes whose own are known in closed form, within the Monte Carlo error of Sokal's formula; R-hat
 * against the textbook's formulas, written down once more, and against what it is for.
 */

import { describe, expect, test } from '@jest/globals';

import { integratedAutocorrelationTime, rHat, sampleVariance, type Traces } from '../../src/estimators/autocorrelation.js';
import { normals } from '../reference/numbers.js';

const { sqrt, abs } = Math;

/** Chains of x_t = ρ·x_{t−1} + noise, from their stationary distribution of variance 1. */
function autoregressive(chains: number, length: number, correlation: number, seed: number): Traces {
  const noise = normals(chains * length, seed);
  const values = new Float64Array(chains * length);
  const scale = sqrt(1 - correlation * correlation);
  for (let chain = 0; chain < chains; chain++) {
    for (let t = 0; t < length; t++) {
      const index = chain * length + t;
      values[index] = t === 0 ? noise[index] : correlation * values[index - 1] + scale * noise[index];
    }
  }
  return { chains, length, values };
}

/** Every chain's own number added. */
function shifted({ chains, length, values }: Traces, shift: (chain: number) => number): Traces {
  return { chains, length, values: values.map((value, index) => value + shift(Math.floor(index / length))) };
}

describe('integratedAutocorrelationTime', () => {
  test.each([
    { correlation: 0, chains: 4 },
    { correlation: 0.5, chains: 1 },
    { correlation: 0.5, chains: 4 },
    { correlation: 0.9, chains: 4 },
    { correlation: 0.95, chains: 8 },
    { correlation: -0.5, chains: 4 },
  ])('AR(1) with correlation $correlation, $chains chains: (1 + ρ)/(1 − ρ)', ({ correlation, chains }) => {
    const length = 24_000 / chains;
    const known = (1 + correlation) / (1 - correlation);
    const time = integratedAutocorrelationTime(autoregressive(chains, length, correlation, 11));
    // Sokal (1996), eq. 3.19: relative variance 2·(2M + 1)/N where the sum ends at lag M; 5 standard errors. By lag 6·τ correlations are below e^−12.
    const lags = 6 * Math.max(1, known);
    const error = 5 * sqrt((2 * (2 * lags + 1)) / (chains * length));
    expect(abs((time as number) / known - 1)).toBeLessThan(error);
  });

  test('chains that stay apart are correlated over their whole length', () => {
    const traces = autoregressive(4, 400, 0.5, 3);
    expect(integratedAutocorrelationTime(traces)).toBeLessThan(6);
    expect(integratedAutocorrelationTime(shifted(traces, (chain) => 10 * chain))).toBeGreaterThan(300);
  });

  test('nothing to say of what does not vary, or of three steps', () => {
    expect(integratedAutocorrelationTime({ chains: 2, length: 8, values: new Float64Array(16).fill(3) })).toBeUndefined();
    expect(integratedAutocorrelationTime({ chains: 2, length: 3, values: Float64Array.of(1, 2, 3, 4, 5, 6) })).toBeUndefined();
    expect(rHat({ chains: 2, length: 8, values: new Float64Array(16).fill(3) })).toBeUndefined();
    expect(rHat({ chains: 2, length: 3, values: Float64Array.of(1, 2, 3, 4, 5, 6) })).toBeUndefined();
  });
});

/** √((N − 1)/N + B/(N·W)) as in Gelman et al. (2013), eqs. 11.1–11.4, with sums written out. */
function textbookRHat(sequences: readonly (readonly number[])[]): number {
  const n = sequences[0].length;
  const m = sequences.length;
  const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const means = sequences.map(mean);
  const grand = mean(means);
  const between = (n / (m - 1)) * means.reduce((sum, value) => sum + (value - grand) * (value - grand), 0);
  const variances = sequences.map((sequence, j) => sequence.reduce((sum, value) => sum + (value - means[j]) * (value - means[j]), 0) / (n - 1));
  const within = mean(variances);
  return sqrt((((n - 1) / n) * within + between / n) / within);
}

describe('rHat', () => {
  test.each([4, 10, 11, 257])('the textbook’s formula, of the halves of 3 chains of %d steps', (length) => {
    const traces = shifted(autoregressive(3, length, 0.6, length), (chain) => chain / 2);
    const half = Math.floor(length / 2);
    const halves = [0, 1, 2].flatMap((chain) => {
      const own = Array.from(traces.values.subarray(chain * length, (chain + 1) * length));
      return [own.slice(0, half), own.slice(length - half)];
    });
    expect(rHat(traces)).toBeCloseTo(textbookRHat(halves), 12);
  });

  test('about 1 of chains with one distribution, larger where they differ or drift, none of a single chain', () => {
    const traces = autoregressive(8, 5000, 0.5, 5);
    expect(abs((rHat(traces) as number) - 1)).toBeLessThan(0.005);
    expect(rHat(shifted(traces, (chain) => chain))).toBeGreaterThan(2);
    // A drift by 5: halves whose means are ±1.25 apart, and that drift by 2.5 each.
    const drifting = rHat({ ...traces, values: traces.values.map((value, index) => value + (index % 5000) / 1000) }) as number;
    const [within, between] = [1 + (2.5 * 2.5) / 12, (1.25 * 1.25 * 16) / 15];
    expect(abs(drifting - sqrt((within + between) / within))).toBeLessThan(0.02);
    expect(rHat({ chains: 1, length: 100, values: traces.values.slice(0, 100) })).toBeUndefined();
  });
});

test('sampleVariance', () => {
  expect(sampleVariance(Float64Array.of(1, 2, 3, 6))).toBeCloseTo(14 / 3, 14);
  expect(sampleVariance(Float64Array.of(1, 2, 3, 6), 3)).toBeCloseTo(1, 14);
  expect(sampleVariance(Float64Array.of(5))).toBe(0);
});
