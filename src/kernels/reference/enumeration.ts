/**
 * Sums over the states of the smaller layer: one block of the partition function, and the moments of the model.
 */

import { canonicalSum } from '../canonical-sum.js';
import { binaryExponent, exp, expScaled, log1p, powerOfTwo } from '../elementary.js';
import { addExactly, exactBias, exactInput, type ExactSum } from '../enumeration-plan.js';
import type { EnumeratedMoments, EnumerationPlan, EnumerationView } from '../kernels.js';
import { scaledSum } from '../scaled-sum.js';
import { binaryLayer, halfLogTwoPi, layerCumulant, layerMeans } from '../visible-layer.js';

const { abs, floor } = Math;

/** What the product form needs of the lower units. */
interface Tables {
  /** blockStates × L, exp of the lower units' share of every inner unit's input. */
  readonly inputs: Float64Array;
  /** exp(log weight) of the lower units, blockStates, as mantissas and exponents. */
  readonly mantissas: Float64Array;
  readonly exponents: Float64Array;
}

const tablesOfPlans = new WeakMap<EnumerationPlan, Tables>();

/** The tables of a plan, made once. */
function tablesOf(plan: EnumerationPlan): Tables {
  const made = tablesOfPlans.get(plan);
  if (made !== undefined) return made;
  const { view, blockStates: states } = plan;
  const { innerUnits } = view;
  const inputs = new Float64Array(states * innerUnits);
  const mantissas = new Float64Array(states);
  const exponents = new Float64Array(states);
  const sum: ExactSum = { upper: 0, lower: 0 };
  const scaled = new Float64Array(2);
  for (let state = 0; state < states; state++) {
    for (let j = 0; j < innerUnits; j++) {
      exactInput(plan, state, 0, j, 0, sum);
      const value = exp(sum.upper);
      inputs[state * innerUnits + j] = value + value * sum.lower;
    }
    exactBias(plan, state, 0, sum);
    expScaled(sum.upper, sum.lower, scaled);
    mantissas[state] = scaled[0];
    exponents[state] = scaled[1];
  }
  const tables = { inputs, mantissas, exponents };
  tablesOfPlans.set(plan, tables);
  return tables;
}

/**
 * p̃ of every state of the block by the product form. Four states at a time: their products are independent chains of
 * multiplications, so the processor can overlap them; each is still taken in ascending order of the units.
 */
function productBlock(plan: EnumerationPlan, block: number, mantissas: Float64Array, exponents: Float64Array): void {
  const { view, blockUnits, blockStates: states, groupEnds } = plan;
  const { inputs: table, mantissas: stateMantissas, exponents: stateExponents } = tablesOf(plan);
  const { innerUnits, innerBias } = view;
  const sum: ExactSum = { upper: 0, lower: 0 };
  const factors = new Float64Array(innerUnits);
  for (let j = 0; j < innerUnits; j++) {
    exactInput(plan, block, blockUnits, j, innerBias[j], sum);
    const value = exp(sum.upper);
    factors[j] = value + value * sum.lower;
  }
  const blockWeight = new Float64Array(2);
  exactBias(plan, block, blockUnits, sum);
  expScaled(sum.upper, sum.lower, blockWeight);

  for (let first = 0; first < states; first += 4) {
    const t0 = first * innerUnits;
    // A block of fewer than four states repeats its last one; the repeats are not stored.
    const t1 = (first + 1 < states ? first + 1 : first) * innerUnits;
    const t2 = (first + 2 < states ? first + 2 : first) * innerUnits;
    const t3 = (first + 3 < states ? first + 3 : first) * innerUnits;
    let p0 = 1;
    let p1 = 1;
    let p2 = 1;
    let p3 = 1;
    let e0 = 0;
    let e1 = 0;
    let e2 = 0;
    let e3 = 0;
    let j = 0;
    for (let group = 0; group < groupEnds.length; group++) {
      const end = groupEnds[group];
      for (; j < end; j++) {
        const factor = factors[j];
        p0 *= 1 + factor * table[t0 + j];
        p1 *= 1 + factor * table[t1 + j];
        p2 *= 1 + factor * table[t2 + j];
        p3 *= 1 + factor * table[t3 + j];
      }
      const s0 = binaryExponent(p0);
      const s1 = binaryExponent(p1);
      const s2 = binaryExponent(p2);
      const s3 = binaryExponent(p3);
      p0 *= powerOfTwo(-s0);
      p1 *= powerOfTwo(-s1);
      p2 *= powerOfTwo(-s2);
      p3 *= powerOfTwo(-s3);
      e0 += s0;
      e1 += s1;
      e2 += s2;
      e3 += s3;
    }
    store(first, p0, e0);
    if (first + 1 < states) store(first + 1, p1, e1);
    if (first + 2 < states) store(first + 2, p2, e2);
    if (first + 3 < states) store(first + 3, p3, e3);
  }

  function store(state: number, product: number, exponent: number): void {
    mantissas[state] = product * stateMantissas[state] * blockWeight[0];
    exponents[state] = exponent + stateExponents[state] + blockWeight[1];
  }
}

/** p̃ of every state of the block from its logarithm, kept to about 106 bits; slower, but nothing can overflow. */
function streamedBlock(plan: EnumerationPlan, block: number, mantissas: Float64Array, exponents: Float64Array): void {
  const { view, blockStates: states } = plan;
  const { innerUnits, innerBias } = view;
  const input: ExactSum = { upper: 0, lower: 0 };
  const total: ExactSum = { upper: 0, lower: 0 };
  const scaled = new Float64Array(2);
  for (let local = 0; local < states; local++) {
    const state = block * states + local;
    exactBias(plan, state, 0, total);
    for (let j = 0; j < innerUnits; j++) {
      exactInput(plan, state, 0, j, innerBias[j], input);
      const { upper, lower } = input;
      if (upper > 0) {
        addExactly(total, upper);
        addExactly(total, lower);
      }
      // softplus(x) = max(x, 0) + log1p(exp(−|x|)); the large part is added exactly, the small one is at most ln 2.
      addExactly(total, log1p(exp(-abs(upper))));
    }
    expScaled(total.upper, total.lower, scaled);
    mantissas[local] = scaled[0];
    exponents[local] = scaled[1];
  }
}

/** inputs[j] += Σ over the units of `state`, whose numbers start at `firstUnit`, of their weights, ascending. */
function addInputs({ view, levels }: EnumerationPlan, state: number, firstUnit: number, inputs: Float64Array): void {
  const { weights, innerUnits } = view;
  let rest = state;
  for (let k = firstUnit; rest > 0; k++) {
    const radix = levels[k] + 1;
    for (let level = rest % radix; level > 0; level--) {
      for (let j = 0; j < innerUnits; j++) inputs[j] += weights[k * innerUnits + j];
    }
    rest = floor(rest / radix);
  }
}

/** p̃ of every state of the block from the cumulant of an inner layer that is not binary. */
function cumulantBlock(plan: EnumerationPlan, block: number, mantissas: Float64Array, exponents: Float64Array): void {
  const { view, blockStates: states, blockUnits } = plan;
  const { innerBias, innerLayer = binaryLayer } = view;
  const upper = Float64Array.from(innerBias);
  addInputs(plan, block, blockUnits, upper);
  const inputs = new Float64Array(innerBias.length);
  const terms = new Float64Array(innerBias.length);
  const bias: ExactSum = { upper: 0, lower: 0 };
  const scaled = new Float64Array(2);
  for (let local = 0; local < states; local++) {
    inputs.set(upper);
    addInputs(plan, local, 0, inputs);
    exactBias(plan, block * states + local, 0, bias);
    expScaled(bias.upper + layerCumulant(innerLayer, inputs, innerBias, terms), 0, scaled);
    mantissas[local] = scaled[0];
    exponents[local] = scaled[1];
  }
}

/** sums[s] = Σ values[k] over the first `count` units k that are on in state s, for all 2^count states. */
function subsetSums(values: Float64Array, count: number, sums: Float64Array): void {
  sums[0] = 0;
  for (let k = 0, first = 1; k < count; k++, first *= 2) {
    for (let state = 0; state < first; state++) sums[first + state] = sums[state] + values[k];
  }
}

/** What the quadratic form needs of a plan: log p̃(s) = n·½·log 2π + Σ_k s_k·θ_k + Σ_(k<l) s_k·s_l·G_kl. */
interface QuadraticForm {
  /** θ_k = b_k + aᵀW_k + ½·G_kk, N. */
  readonly linear: Float64Array;
  /** G = W·Wᵀ, N × N. */
  readonly couplings: Float64Array;
  /** Its terms among the lower units, blockStates. */
  readonly lower: Float64Array;
}

const quadraticForms = new WeakMap<EnumerationPlan, QuadraticForm>();

/** The quadratic form of a plan, made once. */
function quadraticFormOf(plan: EnumerationPlan): QuadraticForm {
  const made = quadraticForms.get(plan);
  if (made !== undefined) return made;
  const { view, blockUnits, blockStates } = plan;
  const { outerUnits, innerUnits, weights, outerBias, innerBias } = view;
  const rowOf = (k: number): Float64Array => weights.subarray(k * innerUnits, (k + 1) * innerUnits);
  const product = (x: Float64Array, y: Float64Array): number => canonicalSum(x.map((value, i) => value * y[i]));
  const couplings = new Float64Array(outerUnits * outerUnits);
  const linear = new Float64Array(outerUnits);
  for (let k = 0; k < outerUnits; k++) {
    for (let l = 0; l < outerUnits; l++) couplings[k * outerUnits + l] = product(rowOf(k), rowOf(l));
    linear[k] = outerBias[k] + product(rowOf(k), innerBias) + 0.5 * couplings[k * outerUnits + k];
  }
  const lower = new Float64Array(blockStates);
  const sums = new Float64Array(blockStates);
  for (let k = 0, first = 1; k < blockUnits; k++, first *= 2) {
    subsetSums(couplings.subarray(k * outerUnits), k, sums);
    for (let state = 0; state < first; state++) lower[first + state] = lower[state] + (linear[k] + sums[state]);
  }
  const form = { linear, couplings, lower };
  quadraticForms.set(plan, form);
  return form;
}

/** p̃ of every state of the block, of Gaussian inner units: two additions and one exp for a state, however many they are. */
function quadraticBlock(plan: EnumerationPlan, block: number, mantissas: Float64Array, exponents: Float64Array): void {
  const { view, blockUnits, blockStates: states } = plan;
  const { outerUnits } = view;
  const { linear, couplings, lower } = quadraticFormOf(plan);
  // Of the block's own units: their terms, and what they add to θ of the lower units.
  let offset = view.innerUnits * halfLogTwoPi;
  const fields = new Float64Array(blockUnits);
  for (let k = blockUnits, rest = block; rest > 0; k++, rest = floor(rest / 2)) {
    if (rest % 2 === 0) continue;
    const row = couplings.subarray(k * outerUnits, (k + 1) * outerUnits);
    offset += linear[k];
    for (let l = blockUnits, below = block; l < k; l++, below = floor(below / 2)) {
      if (below % 2 === 1) offset += row[l];
    }
    for (let l = 0; l < blockUnits; l++) fields[l] += row[l];
  }
  const sums = new Float64Array(states);
  subsetSums(fields, blockUnits, sums);
  const scaled = new Float64Array(2);
  for (let state = 0; state < states; state++) {
    expScaled(offset + (lower[state] + sums[state]), 0, scaled);
    mantissas[state] = scaled[0];
    exponents[state] = scaled[1];
  }
}

const blockForms = { product: productBlock, streamed: streamedBlock, cumulant: cumulantBlock, quadratic: quadraticBlock };

/** See `Kernels.enumerationStates`. */
export function enumerationStates(plan: EnumerationPlan, block: number, mantissas: Float64Array, exponents: Float64Array): void {
  blockForms[plan.form](plan, block, mantissas, exponents);
}

/** See `Kernels.enumerationBlocks`. */
export function enumerationBlocks(
  plan: EnumerationPlan,
  firstBlock: number,
  blocks: number,
  mantissas: Float64Array,
  exponents: Float64Array,
): void {
  const states = plan.blockStates;
  const stateMantissas = new Float64Array(states);
  const stateExponents = new Float64Array(states);
  for (let index = 0; index < blocks; index++) {
    enumerationStates(plan, firstBlock + index, stateMantissas, stateExponents);
    const sum = scaledSum(stateMantissas, stateExponents, states);
    mantissas[index] = sum.mantissa;
    exponents[index] = sum.exponent;
  }
}

/** See `Kernels.enumerationMoments`. */
export function enumerationMoments(
  view: EnumerationView,
  logPartitionFunction: number,
  firstState: number,
  states: number,
  moments: EnumeratedMoments,
): void {
  const { outerUnits, innerUnits, weights, outerBias, innerBias, innerLayer = binaryLayer } = view;
  const { outer, inner, products, innerSquares } = moments;
  const inputs = new Float64Array(innerUnits);
  const terms = new Float64Array(innerUnits);
  const biases = new Float64Array(outerUnits);
  for (let state = firstState; state < firstState + states; state++) {
    inputs.set(innerBias);
    biases.fill(0);
    for (let k = 0, rest = state; rest > 0; k++, rest = floor(rest / 2)) {
      if (rest % 2 === 0) continue;
      biases[k] = outerBias[k];
      for (let j = 0; j < innerUnits; j++) inputs[j] += weights[k * innerUnits + j];
    }
    const probability = exp(canonicalSum(biases) + layerCumulant(innerLayer, inputs, innerBias, terms) - logPartitionFunction);
    if (probability === 0) continue;
    layerMeans(innerLayer, inputs, 0, innerUnits);
    for (let j = 0; j < innerUnits; j++) {
      if (innerSquares !== undefined) innerSquares[j] += probability * (1 + inputs[j] * inputs[j]);
      inputs[j] = probability * inputs[j];
      inner[j] += inputs[j];
    }
    for (let k = 0, rest = state; rest > 0; k++, rest = floor(rest / 2)) {
      if (rest % 2 === 0) continue;
      outer[k] += probability;
      for (let j = 0; j < innerUnits; j++) products[k * innerUnits + j] += inputs[j];
    }
  }
}
