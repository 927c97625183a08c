/**
 * What the visible units of a model are, as kernels have them, and the layer's cumulant and means.
 *
 * Units that are an affine image of these (±1, Gaussian of any variance) are made from them; see model/units. With the
 * inputs x = a + W·h:
 *
 *     binary       v ∈ {0,1}; energy term −a·v; cumulant softplus(x); mean sigmoid(x)
 *     categorical  of each group exactly one unit is 1; −a·v; log Σ exp(x); softmax(x)
 *     gaussian     v real, variance 1; ½·(v − a)²; ½·(x² − a²) + ½·log 2π; x
 *
 * The cumulant is the logarithm of Σ_v (∫ dv) exp(−energy term + v·(x − a)).
 */

import { canonicalSum } from './canonical-sum.js';
import { exp, log, sigmoid, softplus } from './elementary.js';

/** What the visible units are. */
export type VisibleLayer =
  | { readonly kind: 'binary' }
  | {
      readonly kind: 'categorical';
      /** First unit of every group, ascending, the first 0; and the number of units. */
      readonly groups: Uint32Array;
    }
  | { readonly kind: 'gaussian' };

/** A layer of {0,1} units. */
export const binaryLayer: VisibleLayer = { kind: 'binary' };

/** ½·log 2π. */
export const halfLogTwoPi = 0.9189385332046727;

/** Calls `visit` with the first unit of each group and the one after its last. */
export function forEachGroup(groups: Uint32Array, visit: (first: number, end: number) => void): void {
  for (let group = 0; group + 1 < groups.length; group++) visit(groups[group], groups[group + 1]);
}

/** The largest of the values first … end − 1. */
export function largestOf(values: Float64Array, first: number, end: number): number {
  let largest = values[first];
  for (let unit = first + 1; unit < end; unit++) largest = values[unit] > largest ? values[unit] : largest;
  return largest;
}

/**
 * The cumulant of the whole layer, in nats; a canonical sum over units (categorical: over groups, each with one ascending sum).
 *
 * @param inputs x, n
 * @param bias a, n
 * @param terms room for n numbers, for callers that ask often
 */
export function layerCumulant(layer: VisibleLayer, inputs: Float64Array, bias: Float64Array, terms = new Float64Array(inputs.length)): number {
  if (layer.kind === 'categorical') {
    let count = 0;
    forEachGroup(layer.groups, (first, end) => {
      const largest = largestOf(inputs, first, end);
      let sum = 0;
      for (let unit = first; unit < end; unit++) sum += exp(inputs[unit] - largest);
      terms[count++] = largest + log(sum);
    });
    return canonicalSum(terms, count);
  }
  const isGaussian = layer.kind === 'gaussian';
  for (let unit = 0; unit < inputs.length; unit++) {
    const x = inputs[unit];
    terms[unit] = isGaussian ? 0.5 * ((x - bias[unit]) * (x + bias[unit])) + halfLogTwoPi : softplus(x);
  }
  return canonicalSum(terms, inputs.length);
}

/** Turns the inputs of a layer into its means, in place: `values` from `start` on, as many as there are units. */
export function layerMeans(layer: VisibleLayer, values: Float64Array, start: number, units: number): void {
  if (layer.kind === 'gaussian') return;
  if (layer.kind === 'binary') {
    for (let unit = start; unit < start + units; unit++) values[unit] = sigmoid(values[unit]);
    return;
  }
  forEachGroup(layer.groups, (first, end) => {
    const largest = largestOf(values, start + first, start + end);
    let sum = 0;
    for (let unit = start + first; unit < start + end; unit++) {
      values[unit] = exp(values[unit] - largest);
      sum += values[unit];
    }
    for (let unit = start + first; unit < start + end; unit++) values[unit] /= sum;
  });
}
