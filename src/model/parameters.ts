/**
 * The RBM's parameters: making, copying, walking through them.
 *
 * Binary visible units v ∈ {0,1}^n and hidden units h ∈ {0,1}^m with energy E(v,h) = −aᵀv − bᵀh − vᵀWh.
 */

import type { ModelParameters } from '../kernels/index.js';

export type { ModelParameters } from '../kernels/index.js';

/** Parameters of shape n × m, all zero. */
export function createParameters(visibleUnits: number, hiddenUnits: number): ModelParameters {
  return {
    visibleUnits,
    hiddenUnits,
    weights: new Float64Array(visibleUnits * hiddenUnits),
    visibleBias: new Float64Array(visibleUnits),
    hiddenBias: new Float64Array(hiddenUnits),
  };
}

/** One named tensor of a model. */
export interface NamedTensor {
  readonly name: 'weights' | 'visibleBias' | 'hiddenBias';
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The tensors in the order that digests and files use: weights (n × m), visibleBias (n), hiddenBias (m). */
export function parameterTensors(parameters: ModelParameters): readonly NamedTensor[] {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  return [
    { name: 'weights', shape: [n, m], values: parameters.weights },
    { name: 'visibleBias', shape: [n], values: parameters.visibleBias },
    { name: 'hiddenBias', shape: [m], values: parameters.hiddenBias },
  ];
}

/** Number of parameters: n·m + n + m. */
export function parameterCount(parameters: ModelParameters): number {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  return n * m + n + m;
}

/** Whether every parameter is finite. */
export function areParametersFinite(parameters: ModelParameters): boolean {
  return parameterTensors(parameters).every(({ values }) => values.every((value) => Number.isFinite(value)));
}
