/**
 * Free energies of visible states, in nats.
 */

import { getUnit, type BinaryMatrix } from '../binary-matrix.js';
import { canonicalSum } from '../canonical-sum.js';
import { exp, log, softplus } from '../elementary.js';
import type { Model, Tempering } from '../kernels.js';
import { hiddenInputsInto } from './inputs.js';

const { abs } = Math;

/** See `Kernels.freeEnergies`. */
export function freeEnergies(model: Model, visible: BinaryMatrix, rows: number, energies: Float64Array): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
  const inputs = new Float64Array(m);
  const biases = new Float64Array(n);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) biases[i] = getUnit(visible, row, i) === 0 ? 0 : visibleBias[i];
    hiddenInputsInto(model, visible, row, inputs, 0);
    for (let j = 0; j < m; j++) inputs[j] = softplus(inputs[j]);
    energies[row] = -canonicalSum(biases) - canonicalSum(inputs);
  }
}

/** Units between logarithms: a lane's product of 512 factors stays below 2^512. */
const unitsPerLogarithm = 4096;

/** 1 + exp(−|y|) is 1 from here on. */
const smallestExponent = -690;

/** Σ_j softplus(scale · inputs[j]), in the order of `Kernels.temperedFreeEnergies`. */
function temperedSoftplusSum(inputs: Float64Array, scale: number): number {
  const sums = new Float64Array(8);
  const products = new Float64Array(8).fill(1);
  for (let first = 0; first < inputs.length; first += unitsPerLogarithm) {
    const end = first + unitsPerLogarithm < inputs.length ? first + unitsPerLogarithm : inputs.length;
    for (let j = first; j < end; j++) {
      const y = scale * inputs[j];
      const exponent = -abs(y);
      sums[j & 7] += y > 0 ? y : 0;
      products[j & 7] *= 1 + exp(exponent < smallestExponent ? smallestExponent : exponent);
    }
    for (let lane = 0; lane < 8; lane++) {
      sums[lane] += log(products[lane]);
      products[lane] = 1;
    }
  }
  return canonicalSum(sums);
}

/** See `Kernels.temperedFreeEnergies`. */
export function temperedFreeEnergies(
  model: Model,
  visible: BinaryMatrix,
  rows: number,
  { inverseTemperatures, baseVisibleBias }: Tempering,
  energies: Float64Array,
): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
  const inputs = new Float64Array(m);
  const biases = new Float64Array(n);
  const base = new Float64Array(n);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) {
      const isOn = getUnit(visible, row, i) === 1;
      biases[i] = isOn ? visibleBias[i] : 0;
      base[i] = isOn ? baseVisibleBias[i] : 0;
    }
    const fromBiases = canonicalSum(biases);
    const fromBase = canonicalSum(base);
    hiddenInputsInto(model, visible, row, inputs, 0);
    for (let index = row; index < energies.length; index += rows) {
      const scale = inverseTemperatures[index];
      energies[index] = -((1 - scale) * fromBase + scale * fromBiases) - temperedSoftplusSum(inputs, scale);
    }
  }
}
