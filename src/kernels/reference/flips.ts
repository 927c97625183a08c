/**
 * Rows with one binary unit flipped: how likely they are, and their statistics.
 */

import { getUnit, type BinaryMatrix } from '../binary-matrix.js';
import { canonicalSum } from '../canonical-sum.js';
import { exp, log, sigmoid } from '../elementary.js';
import type { Matrix, Model } from '../kernels.js';
import { valuesOf } from './memory.js';

const { abs } = Math;

/** Units between logarithms: a lane's product of 512 factors stays within 2^±512. */
const unitsPerLogarithm = 4096;

/** 1 + exp(−|y|) is 1 from here on. */
const smallestExponent = -690;

/** 1 + exp(−|y|). */
function factorOf(y: number): number {
  const exponent = -abs(y);
  return 1 + exp(exponent < smallestExponent ? smallestExponent : exponent);
}

/** See `Kernels.flipLogRatios`. */
export function flipLogRatios(model: Model, visible: BinaryMatrix, rows: number, inputs: Matrix, ratios: Matrix): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
  const weights = valuesOf(model.weights);
  const x = valuesOf(inputs);
  const target = valuesOf(ratios);
  const factors = new Float64Array(m);
  const sums = new Float64Array(8);
  const products = new Float64Array(8);
  for (let row = 0; row < rows; row++) {
    const start = row * m;
    for (let j = 0; j < m; j++) factors[j] = factorOf(x[start + j]);
    for (let i = 0; i < n; i++) {
      const direction = 1 - 2 * getUnit(visible, row, i);
      sums.fill(0);
      products.fill(1);
      for (let first = 0; first < m; first += unitsPerLogarithm) {
        const end = first + unitsPerLogarithm < m ? first + unitsPerLogarithm : m;
        for (let j = first; j < end; j++) {
          const before = x[start + j];
          const after = before + direction * weights[i * m + j];
          sums[j & 7] += (after > 0 ? after : 0) - (before > 0 ? before : 0);
          products[j & 7] *= factorOf(after) / factors[j];
        }
        for (let lane = 0; lane < 8; lane++) {
          sums[lane] += log(products[lane]);
          products[lane] = 1;
        }
      }
      target[row * n + i] = direction * visibleBias[i] + canonicalSum(sums);
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
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) {
      const direction = 1 - 2 * getUnit(visible, row, i);
      const coefficient = c[row * n + i];
      for (let j = 0; j < m; j++) {
        const term = coefficient * sigmoid(x[row * m + j] + direction * weights[i * m + j]);
        sums[row * m + j] += term;
        totals[i * m + j] += direction * term;
      }
    }
  }
}
