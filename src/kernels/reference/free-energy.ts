/**
 * Free energies of visible states, in nats.
 */

import { getUnit, isBinaryMatrix, type BinaryMatrix } from '../binary-matrix.js';
import { canonicalSum } from '../canonical-sum.js';
import { exp, log, softplus } from '../elementary.js';
import type { Model, Tempering, VisibleStates } from '../kernels.js';
import { hiddenInputsInto } from './inputs.js';
import { valuesOf } from './memory.js';

const { abs } = Math;

/** Σ of the values of a row's units that are on; canonical. */
function sumOfActive(values: Float64Array, visible: BinaryMatrix, row: number, terms: Float64Array): number {
  for (let i = 0; i < values.length; i++) terms[i] = getUnit(visible, row, i) === 0 ? 0 : values[i];
  return canonicalSum(terms);
}

/** The first term of F(v): −aᵀv, or ½‖v − a‖². */
function visibleTerm(bias: Float64Array, visible: VisibleStates, row: number, terms: Float64Array): number {
  const n = bias.length;
  if (isBinaryMatrix(visible)) return -sumOfActive(bias, visible, row, terms);
  const values = valuesOf(visible);
  for (let i = 0; i < n; i++) terms[i] = (values[row * n + i] - bias[i]) * (values[row * n + i] - bias[i]);
  return 0.5 * canonicalSum(terms);
}

/** See `Kernels.freeEnergies`. */
export function freeEnergies(model: Model, visible: VisibleStates, rows: number, energies: Float64Array): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
  const inputs = new Float64Array(m);
  const terms = new Float64Array(n);
  for (let row = 0; row < rows; row++) {
    const first = visibleTerm(visibleBias, visible, row, terms);
    hiddenInputsInto(model, visible, row, inputs, 0);
    for (let j = 0; j < m; j++) inputs[j] = softplus(inputs[j]);
    energies[row] = first - canonicalSum(inputs);
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

/**
 * The first term of F_β(v) of one row as a function of β.
 *
 * @param terms room for n numbers
 */
function temperedVisibleTerm(
  bias: Float64Array,
  base: Float64Array,
  visible: VisibleStates,
  row: number,
  terms: Float64Array,
): (scale: number) => number {
  const n = bias.length;
  if (isBinaryMatrix(visible)) {
    const fromBiases = sumOfActive(bias, visible, row, terms);
    const fromBase = sumOfActive(base, visible, row, terms);
    return (scale) => -((1 - scale) * fromBase + scale * fromBiases);
  }
  const values = valuesOf(visible).subarray(row * n, (row + 1) * n);
  const sumOf = (term: (distance: number, shift: number) => number): number => {
    for (let i = 0; i < n; i++) terms[i] = term(values[i] - base[i], bias[i] - base[i]);
    return canonicalSum(terms);
  };
  const s0 = sumOf((distance) => distance * distance);
  const s1 = sumOf((distance, shift) => distance * shift);
  const s2 = sumOf((_, shift) => shift * shift);
  return (scale) => 0.5 * (s0 - 2 * scale * s1 + scale * scale * s2);
}

/** See `Kernels.temperedFreeEnergies`. */
export function temperedFreeEnergies(
  model: Model,
  visible: VisibleStates,
  rows: number,
  { inverseTemperatures, baseVisibleBias }: Tempering,
  energies: Float64Array,
): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
  const inputs = new Float64Array(m);
  const terms = new Float64Array(n);
  for (let row = 0; row < rows; row++) {
    const firstTerm = temperedVisibleTerm(visibleBias, baseVisibleBias, visible, row, terms);
    hiddenInputsInto(model, visible, row, inputs, 0);
    for (let index = row; index < energies.length; index += rows) {
      const scale = inverseTemperatures[index];
      energies[index] = firstTerm(scale) - temperedSoftplusSum(inputs, scale);
    }
  }
}
