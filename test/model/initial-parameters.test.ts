/** Initial parameters: their distributions, the log-odds of the data, and that streams do not touch each other. */

import { describe, expect, test } from '@jest/globals';

import type { BiasConfig, ModelConfig } from '../../src/config/run-config.js';
import { packBinaryMatrix } from '../../src/kernels/index.js';
import { initialParameters } from '../../src/model/initial-parameters.js';
import { countActive } from '../../src/model/marginal-bias.js';
import { areParametersFinite, createParameters, parameterCount, parameterTensors } from '../../src/model/parameters.js';
import * as ep from '../reference/extended-precision.js';
import { cumulative } from '../reference/normal.js';
import { uniforms } from '../reference/numbers.js';

const rows = 50;
const columns = 40;
/** Column 0 is always off, column 1 always on, the others vary. */
const bytes = Uint8Array.from(uniforms(rows * columns, 1), (u, index) => {
  const column = index % columns;
  if (column < 2) return column;
  return u < column / columns ? 1 : 0;
});
const examples = packBinaryMatrix(bytes, rows, columns);
const counts = Array.from({ length: columns }, (_, column) => {
  let count = 0;
  for (let row = 0; row < rows; row++) count += bytes[row * columns + column];
  return count;
});

function config(change: Partial<ModelConfig> = {}): ModelConfig {
  return {
    hiddenUnits: 60,
    weights: { distribution: 'normal', standardDeviation: 0.1 },
    visibleBias: { start: 'log-odds', smoothing: 1 },
    hiddenBias: { start: 'constant', value: -0.25 },
    ...change,
  };
}

/** Kolmogorov-Smirnov distance of the values from a distribution given by its cumulative function. */
function kolmogorovDistance(values: Float64Array, cumulativeAt: (value: number) => number): number {
  const sorted = values.toSorted();
  return Math.max(
    ...Array.from(sorted, (value, rank) => {
      const p = cumulativeAt(value);
      return Math.max(Math.abs(p - rank / sorted.length), Math.abs(p - (rank + 1) / sorted.length));
    }),
  );
}

/** By the Dvoretzky-Kiefer-Wolfowitz inequality P(distance > t) ≤ 2 exp(−2 N t²) = 1e-9. */
const distanceBound = (count: number) => Math.sqrt(Math.log(2e9) / (2 * count));

test('countActive counts the ones of every column', () => {
  expect([...countActive(examples)]).toEqual(counts);
});

describe('weights', () => {
  test('normal: N(0, σ²)', () => {
    const { weights } = initialParameters(config(), 'seed', examples);
    expect(weights.length).toBe(columns * 60);
    const distance = kolmogorovDistance(weights, (w) => ep.toNumber(cumulative(ep.fromNumber(w / 0.1))));
    expect(distance).toBeLessThan(distanceBound(weights.length));
  });

  test('uniform: U(−range, range)', () => {
    const { weights } = initialParameters(config({ weights: { distribution: 'uniform', range: 0.3 } }), 'seed', examples);
    expect(kolmogorovDistance(weights, (w) => (w + 0.3) / 0.6)).toBeLessThan(distanceBound(weights.length));
    expect(Math.max(...weights.map(Math.abs))).toBeLessThan(0.3);
  });

  test('σ = 0 gives zeros', () => {
    const { weights } = initialParameters(config({ weights: { distribution: 'normal', standardDeviation: 0 } }), 's', examples);
    expect(weights.every((weight) => weight === 0)).toBe(true);
  });
});

function logOdds(mean: number): number {
  return Math.log(mean / (1 - mean));
}

function visibleBias(bias: BiasConfig): Float64Array {
  return initialParameters(config({ visibleBias: bias }), 's', examples).visibleBias;
}

describe('visible bias from the data', () => {
  test.each([1, 0.5, 0.01])('smoothing %p', (smoothing) => {
    const bias = visibleBias({ start: 'log-odds', smoothing });
    bias.forEach((value, column) => {
      expect(value).toBeCloseTo(logOdds((counts[column] + smoothing) / (rows + 2 * smoothing)), 12);
    });
  });

  test('clip', () => {
    const bias = visibleBias({ start: 'log-odds', smoothing: 0, clip: 0.05 });
    bias.forEach((value, column) => {
      expect(value).toBeCloseTo(logOdds(Math.min(Math.max(counts[column] / rows, 0.05), 0.95)), 12);
    });
  });

  test('without smoothing, units that never change get infinite biases, which is seen', () => {
    const parameters = initialParameters(config({ visibleBias: { start: 'log-odds', smoothing: 0 } }), 's', examples);
    expect([parameters.visibleBias[0], parameters.visibleBias[1]]).toEqual([-Infinity, Infinity]);
    expect(areParametersFinite(parameters)).toBe(false);
  });
});

test('constant and uniform biases', () => {
  const parameters = initialParameters(config({ visibleBias: { start: 'uniform', range: 2 } }), 's', examples);
  expect(parameters.hiddenBias.every((value) => value === -0.25)).toBe(true);
  expect(new Set(parameters.visibleBias).size).toBe(columns);
  expect(Math.max(...parameters.visibleBias.map(Math.abs))).toBeLessThan(2);
});

test('the same seed gives the same parameters, another seed others; one tensor’s start does not touch another’s', () => {
  const first = initialParameters(config(), 'seed', examples);
  expect(initialParameters(config(), 'seed', examples)).toEqual(first);
  expect(initialParameters(config(), 'seed2', examples).weights).not.toEqual(first.weights);
  const both = config({ visibleBias: { start: 'uniform', range: 1 }, hiddenBias: { start: 'uniform', range: 1 } });
  const other = initialParameters(both, 'seed', examples);
  expect(other.weights).toEqual(first.weights);
  expect(other.visibleBias.slice(0, 10)).not.toEqual(other.hiddenBias.slice(0, 10));
});

test('the tensors of a model, in the order of digests and files', () => {
  const parameters = createParameters(3, 2);
  expect(parameterTensors(parameters).map(({ name, shape, values }) => [name, shape, values.length])).toEqual([
    ['weights', [3, 2], 6],
    ['visibleBias', [3], 3],
    ['hiddenBias', [2], 2],
  ]);
  expect(parameterCount(parameters)).toBe(11);
  expect(areParametersFinite(parameters)).toBe(true);
  for (const { values } of parameterTensors(parameters)) {
    values[values.length - 1] = NaN;
    expect(areParametersFinite(parameters)).toBe(false);
    values[values.length - 1] = 0;
  }
});
