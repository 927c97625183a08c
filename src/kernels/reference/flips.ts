/**
 * Rows with one binary unit flipped: how likely they are, and their statistics.
 *
 * An input changes from x to y = x + d·w. Both kernels need e^−|y| of every row, visible and hidden unit; it is the smaller
 * one of e^x·e^(d·w) and its inverse, two products of exponentials that are made once for every input and every weight.
 */

import { getUnit, type BinaryMatrix } from '../binary-matrix.js';
import { canonicalSum } from '../canonical-sum.js';
import { exp, log } from '../elementary.js';
import type { Matrix, Model } from '../kernels.js';
import { valuesOf } from './memory.js';

const { abs } = Math;

/** Units between logarithms: the product of 1,000 factors is at most 2^1000. */
const unitsPerLogarithm = 1000;

/** Beyond, inputs count as this: with the weights below, |y| is above 100 then, and 1 + e^−|y| is 1. */
const largestInput = 400;

/** The exponentials of larger weights are not used: their products could overflow. */
const largestWeight = 300;

/** 1 + exp(−|y|) is 1 from here on. */
const smallestExponent = -690;

/** e^value and e^−value. */
interface Exponentials {
  readonly rising: Float64Array;
  readonly falling: Float64Array;
}

/** The exponentials of values within ±limit. */
function exponentialsOf(values: Float64Array, limit: number): Exponentials {
  const rising = values.map((value) => exp(value > limit ? limit : value < -limit ? -limit : value));
  return { rising, falling: rising.map((value) => 1 / value) };
}

/** What the flips of a model's units make of hidden inputs. */
class FlippedInputs {
  readonly #weights: Float64Array;
  readonly #inputs: Float64Array;
  readonly #ofWeights: Exponentials;
  readonly #ofInputs: Exponentials;

  constructor(model: Model, inputs: Matrix) {
    this.#weights = valuesOf(model.weights);
    this.#inputs = valuesOf(inputs);
    this.#ofWeights = exponentialsOf(this.#weights, largestWeight);
    this.#ofInputs = exponentialsOf(this.#inputs, largestInput);
  }

  /** e^−|x| of an input. */
  exponentialBefore(input: number): number {
    const { rising, falling } = this.#ofInputs;
    return falling[input] < rising[input] ? falling[input] : rising[input];
  }

  /** y of an input where a weight is added (direction 1) or subtracted (−1). */
  flipped(input: number, weight: number, direction: number): number {
    return this.#inputs[input] + direction * this.#weights[weight];
  }

  /** e^−|y|. */
  exponential(input: number, weight: number, direction: number): number {
    if (!(abs(this.#weights[weight]) <= largestWeight)) {
      const exponent = -abs(this.flipped(input, weight, direction));
      return exp(exponent < smallestExponent ? smallestExponent : exponent);
    }
    const [same, opposite] = direction > 0 ? [this.#ofWeights.rising, this.#ofWeights.falling] : [this.#ofWeights.falling, this.#ofWeights.rising];
    const rising = this.#ofInputs.rising[input] * same[weight];
    const falling = this.#ofInputs.falling[input] * opposite[weight];
    return falling < rising ? falling : rising;
  }
}

/** The product of 8 lanes, in the order of a canonical sum. */
function productOfLanes(lanes: Float64Array): number {
  const [p0, p1, p2, p3, p4, p5, p6, p7] = lanes;
  return p0 * p1 * (p2 * p3) * (p4 * p5 * (p6 * p7));
}

/** See `Kernels.flipLogRatios`. */
export function flipLogRatios(model: Model, visible: BinaryMatrix, rows: number, inputs: Matrix, ratios: Matrix): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
  const flips = new FlippedInputs(model, inputs);
  const x = valuesOf(inputs);
  const target = valuesOf(ratios);
  const sums = new Float64Array(8);
  const before = new Float64Array(8);
  const after = new Float64Array(8);
  for (let row = 0; row < rows; row++) {
    const start = row * m;
    for (let i = 0; i < n; i++) {
      const direction = 1 - 2 * getUnit(visible, row, i);
      let logarithms = 0;
      sums.fill(0);
      for (let first = 0; first < m; first += unitsPerLogarithm) {
        const end = first + unitsPerLogarithm < m ? first + unitsPerLogarithm : m;
        before.fill(1);
        after.fill(1);
        for (let j = first; j < end; j++) {
          const y = flips.flipped(start + j, i * m + j, direction);
          sums[j & 7] += (y > 0 ? y : 0) - (x[start + j] > 0 ? x[start + j] : 0);
          before[j & 7] *= 1 + flips.exponentialBefore(start + j);
          after[j & 7] *= 1 + flips.exponential(start + j, i * m + j, direction);
        }
        logarithms += log(productOfLanes(after) / productOfLanes(before));
      }
      target[row * n + i] = direction * visibleBias[i] + canonicalSum(sums) + logarithms;
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
  const flips = new FlippedInputs(model, inputs);
  const c = valuesOf(coefficients);
  const sums = valuesOf(hidden).fill(0, 0, rows * m);
  const totals = valuesOf(products).fill(0);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) {
      const direction = 1 - 2 * getUnit(visible, row, i);
      const coefficient = c[row * n + i];
      for (let j = 0; j < m; j++) {
        const e = flips.exponential(row * m + j, i * m + j, direction);
        const term = coefficient * ((flips.flipped(row * m + j, i * m + j, direction) >= 0 ? 1 : e) / (1 + e));
        sums[row * m + j] += term;
        totals[i * m + j] += direction * term;
      }
    }
  }
}
