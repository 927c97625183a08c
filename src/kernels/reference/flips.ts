/**
 * Rows with one binary unit flipped: how likely they are, and their statistics.
 *
 * With the unit i the input x of a hidden unit changes by ±w. What it contributes to p̃ is multiplied by
 *
 *     (1 + e^(x ± w)) / (1 + e^x) = sigmoid(−x) + sigmoid(x)·e^±w
 *
 * and its mean becomes the second term divided by both. So there is no exponential of a row, a visible and a hidden unit,
 * but those of rows and hidden units, and of weights.
 */

import { getUnit, type BinaryMatrix } from '../binary-matrix.js';
import { canonicalSum } from '../canonical-sum.js';
import { exp, log, sigmoid, softplus } from '../elementary.js';
import type { Matrix, Model } from '../kernels.js';
import { valuesOf } from './memory.js';

const { abs, floor, min } = Math;

/** Where a weight is larger, exponentials of sums are taken, not products of exponentials. */
const largestWeight = 75;

/** Every hidden unit changes the logarithm of p̃ by at most |w|: by at most 600 between logarithms. At most 512 units. */
function unitsPerLogarithm(largest: number): number {
  return 8 * min(64, floor(largestWeight / largest));
}

/** sigmoid(−x), sigmoid(x) of hidden inputs; e^w, e^−w of weights. */
interface FlipTables {
  readonly off: Float64Array;
  readonly on: Float64Array;
  readonly rising: Float64Array;
  readonly falling: Float64Array;
}

function tablesOf(weights: Float64Array, inputs: Float64Array): FlipTables {
  return {
    off: inputs.map((x) => sigmoid(-x)),
    on: inputs.map((x) => sigmoid(x)),
    rising: weights.map((w) => exp(w)),
    falling: weights.map((w) => exp(-w)),
  };
}

/** The largest magnitude. */
function largestOf(values: Float64Array): number {
  return values.reduce((largest, value) => (abs(value) > largest ? abs(value) : largest), 0);
}

/** The product of 8 lanes, in the order of a canonical sum. */
function productOfLanes([p0, p1, p2, p3, p4, p5, p6, p7]: Float64Array): number {
  return p0 * p1 * (p2 * p3) * (p4 * p5 * (p6 * p7));
}

/** See `Kernels.flipLogRatios`. */
export function flipLogRatios(model: Model, visible: BinaryMatrix, rows: number, inputs: Matrix, ratios: Matrix): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
  const weights = valuesOf(model.weights);
  const x = valuesOf(inputs);
  const target = valuesOf(ratios);
  const largest = largestOf(weights);
  const units = unitsPerLogarithm(largest);
  const { off, on, rising, falling } = tablesOf(weights, x);
  const lanes = new Float64Array(8);

  /** log Π of the hidden units' factors. */
  function fromFactors(row: number, i: number, exponentials: Float64Array): number {
    let sum = 0;
    for (let first = 0; first < m; first += units) {
      lanes.fill(1);
      for (let j = first; j < first + units && j < m; j++) lanes[j & 7] *= off[row * m + j] + on[row * m + j] * exponentials[i * m + j];
      sum += log(productOfLanes(lanes));
    }
    return sum;
  }

  /** Σ of the changes of the hidden units' cumulants. */
  function fromCumulants(row: number, i: number, direction: number): number {
    const changes = weights.subarray(i * m, (i + 1) * m).map((weight, j) => {
      const input = x[row * m + j];
      return softplus(input + direction * weight) - softplus(input);
    });
    return canonicalSum(changes);
  }

  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) {
      const direction = 1 - 2 * getUnit(visible, row, i);
      const change = largest <= largestWeight ? fromFactors(row, i, direction > 0 ? rising : falling) : fromCumulants(row, i, direction);
      target[row * n + i] = direction * visibleBias[i] + change;
    }
  }
}

/** See `Kernels.flipStatistics`. */
export function flipStatistics(
  model: Model,
  visible: BinaryMatrix,
  rows: number,
  inputs: Matrix,
  coefficients: Matrix,
  hidden: Matrix,
  products: Matrix,
): void {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const weights = valuesOf(model.weights);
  const x = valuesOf(inputs);
  const c = valuesOf(coefficients);
  const sums = valuesOf(hidden).fill(0, 0, rows * m);
  const totals = valuesOf(products).fill(0);
  const isModerate = largestOf(weights) <= largestWeight;
  const { off, on, rising, falling } = tablesOf(weights, x);

  function meanOf(input: number, weight: number, direction: number): number {
    if (!isModerate) return sigmoid(x[input] + direction * weights[weight]);
    const ofOn = on[input] * (direction > 0 ? rising : falling)[weight];
    return ofOn / (off[input] + ofOn);
  }

  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) {
      const direction = 1 - 2 * getUnit(visible, row, i);
      const coefficient = c[row * n + i];
      for (let j = 0; j < m; j++) {
        const term = coefficient * meanOf(row * m + j, i * m + j, direction);
        sums[row * m + j] += term;
        totals[i * m + j] += direction * term;
      }
    }
  }
}
