/**
 * How the sum over all states of one layer is computed: in which form, and in which blocks.
 *
 * Split the N enumerated units into lower and upper ones. For a pair of half-states (s, t) the input of inner unit j is
 * the sum of a part from s (with the bias) and a part from t, so with A = exp(part from s), B = exp(part from t)
 *
 *     p̃(s, t) = w_s · w_t · Π_j (1 + A[s][j]·B[t][j])
 *
 * needs two multiplications and one addition per unit and state, no exp and no log. Where the other layer is not binary, its
 * cumulant is computed for every state; that of Gaussian units is a quadratic form of the state. Everything here is decided from the
 * shape and values of the model only, so every backend and any number of threads adds the same numbers in the same order.
 */

import { softplus } from './elementary.js';
import type { EnumerationPlan, EnumerationView } from './kernels.js';
import { binaryLayer } from './visible-layer.js';

const { floor, max } = Math;

/** A and B stay within e^±300, so that A·B neither overflows nor loses digits to underflow. */
const largestExponent = 300;

/** The product is brought back to [1, 2) before its bound passes e^640. */
const largestGroup = 640;

/** Entries of the table that backends make of the A[s][j]: 8 MB, so that it stays in the last-level cache. */
const tableEntries = 1_048_576;

/** A sum kept as upper + lower, exact to about 106 bits (Knuth's two-sum). */
export interface ExactSum {
  upper: number;
  lower: number;
}

/** Adds x to the sum. */
export function addExactly(sum: ExactSum, x: number): void {
  const { upper } = sum;
  const total = upper + x;
  const shifted = total - upper;
  sum.lower += upper - (total - shifted) + (x - shifted);
  sum.upper = total;
}

/** Makes `upper` the sum rounded to float64, and `lower` what that lacks. */
function renormalise(sum: ExactSum): void {
  const upper = sum.upper + sum.lower;
  sum.lower = sum.upper - upper + sum.lower;
  sum.upper = upper;
}

/** What the number of a state means. */
type Numbering = Pick<EnumerationPlan, 'view' | 'levels' | 'levelOffsets'>;

/**
 * The input of inner unit j from the units of `state` whose numbers start at `firstUnit`, into `sum`, exact to about
 * 106 bits: an error of one ulp in a large input would be one of many ulp in its exponential.
 */
export function exactInput(
  { view, levels }: Numbering,
  state: number,
  firstUnit: number,
  unit: number,
  bias: number,
  sum: ExactSum,
): void {
  sum.upper = bias;
  sum.lower = 0;
  let rest = state;
  for (let k = firstUnit; rest > 0; k++) {
    const radix = levels[k] + 1;
    const weight = view.weights[k * view.innerUnits + unit];
    for (let level = rest % radix; level > 0; level--) addExactly(sum, weight);
    rest = floor(rest / radix);
  }
  renormalise(sum);
}

/** The bias term of the units of `state` whose numbers start at `firstUnit`, into `sum`, as {@link exactInput}. */
export function exactBias({ view, levels, levelOffsets }: Numbering, state: number, firstUnit: number, sum: ExactSum): void {
  sum.upper = 0;
  sum.lower = 0;
  let rest = state;
  for (let k = firstUnit; rest > 0; k++) {
    const radix = levels[k] + 1;
    const level = rest % radix;
    if (level > 0) addExactly(sum, view.outerBias[levelOffsets[k] + level - 1]);
    rest = floor(rest / radix);
  }
  renormalise(sum);
}

/** Smallest and largest input of an inner unit over the states of the units first … last − 1, from `bias`. */
function inputRange({ view, levels }: Numbering, unit: number, bias: number, first: number, last: number): [number, number] {
  let smallest = bias;
  let largest = bias;
  for (let k = first; k < last; k++) {
    const weight = levels[k] * view.weights[k * view.innerUnits + unit];
    if (weight > 0) largest += weight;
    else smallest += weight;
  }
  return [smallest, largest];
}

/** Π (levels + 1) of the units first … last − 1; a running product is exact below 2^53. */
function statesOf(levels: Uint32Array, first: number, last: number): number {
  let states = 1;
  for (let k = first; k < last; k++) states *= levels[k] + 1;
  return states;
}

/**
 * Plans the enumeration of the outer layer of `view`.
 *
 * @param form forces a form, for tests; by default the product form wherever nothing can overflow. Of Gaussian inner units it is
 *   `quadratic`, their outer units must have no levels
 */
export function planEnumeration(view: EnumerationView, form?: EnumerationPlan['form']): EnumerationPlan {
  const { outerUnits, innerUnits, innerBias } = view;
  const levels = view.levels ?? new Uint32Array(outerUnits).fill(1);
  const levelOffsets = new Uint32Array(outerUnits);
  for (let k = 1; k < outerUnits; k++) levelOffsets[k] = levelOffsets[k - 1] + levels[k - 1];
  const numbering = { view, levels, levelOffsets };
  // Half of the units, or where the states of both parts are about as many.
  let blockUnits = 0;
  while (statesOf(levels, 0, blockUnits) < statesOf(levels, blockUnits, outerUnits)) blockUnits++;
  while (blockUnits > 1 && statesOf(levels, 0, blockUnits) * innerUnits > tableEntries) blockUnits--;

  let productPossible = true;
  const groupEnds: number[] = [];
  let bound = 0;
  for (let j = 0; j < innerUnits; j++) {
    const [lowSmallest, lowLargest] = inputRange(numbering, j, 0, 0, blockUnits);
    const [highSmallest, highLargest] = inputRange(numbering, j, innerBias[j], blockUnits, outerUnits);
    const extreme = max(-lowSmallest, lowLargest, -highSmallest, highLargest);
    if (!(extreme <= largestExponent)) productPossible = false;
    const factor = softplus(lowLargest + highLargest);
    if (bound + factor > largestGroup && j > 0) {
      groupEnds.push(j);
      bound = 0;
    }
    bound += factor;
  }
  groupEnds.push(innerUnits);

  const { kind } = view.innerLayer ?? binaryLayer;
  const ofBinary = productPossible ? 'product' : 'streamed';
  return {
    form: form ?? ({ binary: ofBinary, categorical: 'cumulant', gaussian: 'quadratic' } as const)[kind],
    ...numbering,
    blockUnits,
    blockStates: statesOf(levels, 0, blockUnits),
    blocks: statesOf(levels, blockUnits, outerUnits),
    groupEnds,
  };
}
