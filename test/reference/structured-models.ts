/**
 * Small models with structure: sparse, in components, with units without weights, with duplicates on either layer, or with
 * all of it. For tests of whatever makes use of structure; checks nothing itself.
 */

import * as fc from 'fast-check';

import { uniforms } from './numbers.js';

/** Parameters: weights n × m row-major. */
export interface StructuredModel {
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  readonly weights: Float64Array;
  readonly visibleBias: Float64Array;
  readonly hiddenBias: Float64Array;
}

/** What a model is like. */
export interface Structure {
  readonly n: number;
  readonly m: number;
  /** Units meet only within their component: unit k is of component k mod components. */
  readonly components: number;
  /** Share of the weights that are not zero. */
  readonly density: number;
  /** Share of each layer's units that have the weights of an earlier one. */
  readonly duplicates: number;
  /** Largest weight and bias. */
  readonly size: number;
  readonly seed: number;
}

/** A model of a structure; biases differ also where weights are the same. */
export function structuredModel({ n, m, components, density, duplicates, size, seed }: Structure): StructuredModel {
  const values = (count: number, stream: number): number[] => uniforms(count, 7 * seed + stream);
  const biases = (count: number, stream: number): Float64Array => Float64Array.from(values(count, stream), (u) => size * (2 * u - 1));
  /** Which unit each unit's weights are those of. */
  const sources = (count: number, stream: number): number[] => {
    const choices = values(2 * count, stream);
    return Array.from({ length: count }, (_, unit) => (unit > 0 && choices[unit] < duplicates ? Math.floor(unit * choices[count + unit]) : unit));
  };
  const [isThere, sizes, rowOf, columnOf] = [values(n * m, 0), values(n * m, 1), sources(n, 2), sources(m, 3)];
  const weights = Float64Array.from({ length: n * m }, (_, index) => {
    const [i, j] = [rowOf[Math.floor(index / m)], columnOf[index % m]];
    const place = i * m + j;
    if (i % components !== j % components || isThere[place] >= density) return index % 2 === 0 ? 0 : -0;
    return size * (2 * sizes[place] - 1);
  });
  return { visibleUnits: n, hiddenUnits: m, weights, visibleBias: biases(n, 4), hiddenBias: biases(m, 5) };
}

/** Models with up to `units` units in each layer. */
export function structuredModels(units: number): fc.Arbitrary<StructuredModel> {
  return fc
    .record({
      n: fc.integer({ min: 1, max: units }),
      m: fc.integer({ min: 1, max: units }),
      components: fc.constantFrom(1, 1, 2, 3),
      density: fc.constantFrom(0, 0.2, 0.5, 1, 1),
      duplicates: fc.constantFrom(0, 0.3, 0.7, 1),
      size: fc.constantFrom(0.5, 3, 40, 400),
      seed: fc.nat(1e6),
    })
    .map(structuredModel);
}
