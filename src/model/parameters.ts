/**
 * The RBM's parameters: making, copying, walking through them.
 *
 * Binary visible units v ∈ {0,1}^n and hidden units h ∈ {0,1}^m with energy E(v,h) = −aᵀv − bᵀh − vᵀWh.
 */

import { binaryLayer, type Kernels, type Model, type ModelParameters, type VisibleLayer } from '../kernels/index.js';

export type { Model, ModelParameters } from '../kernels/index.js';

/** Parameters of shape n × m, all zero; the visible layer is binary where left out. */
export function createParameters(visibleUnits: number, hiddenUnits: number, visibleLayer: VisibleLayer = binaryLayer): ModelParameters {
  return {
    visibleLayer,
    visibleUnits,
    hiddenUnits,
    weights: new Float64Array(visibleUnits * hiddenUnits),
    visibleBias: new Float64Array(visibleUnits),
    hiddenBias: new Float64Array(hiddenUnits),
  };
}

/** Weights copied at a time between kernels and ordinary arrays: 1 MiB of them. */
const chunkWeights = 131_072;

/** Rows of W to copy at a time. */
function chunkRows(hiddenUnits: number): number {
  return Math.max(1, Math.floor(chunkWeights / hiddenUnits));
}

/** Copies parameters into a model of the same shape. */
export function setParameters(model: Model, parameters: ModelParameters): void {
  model.weights.writeRows(0, parameters.weights);
  model.visibleBias.set(parameters.visibleBias);
  model.hiddenBias.set(parameters.hiddenBias);
}

/** A model with these parameters in the kernels' memory. */
export function createModel(kernels: Kernels, parameters: ModelParameters): Model {
  const model = kernels.createModel(parameters.visibleUnits, parameters.hiddenUnits, parameters.visibleLayer);
  setParameters(model, parameters);
  return model;
}

/** The parameters of a model as ordinary arrays: a copy. */
export function getParameters(model: Model): ModelParameters {
  const parameters = createParameters(model.visibleUnits, model.hiddenUnits, model.visibleLayer);
  model.weights.readRows(0, parameters.weights);
  parameters.visibleBias.set(model.visibleBias);
  parameters.hiddenBias.set(model.hiddenBias);
  return parameters;
}

/** W piece by piece, row-major: whole rows, in memory that the next piece reuses. */
function* weightPieces({ visibleUnits: n, hiddenUnits: m, weights }: Model): Generator<Float64Array> {
  const rows = Math.min(n, chunkRows(m));
  const buffer = new Float64Array(rows * m);
  for (let first = 0; first < n; first += rows) {
    const piece = buffer.subarray(0, Math.min(rows, n - first) * m);
    weights.readRows(first, piece);
    yield piece;
  }
}

/** A named tensor that is read piece by piece, so that no second copy of a large model is needed. */
export interface TensorSource {
  readonly name: string;
  readonly shape: readonly number[];
  /** The values in row-major order; each piece is valid until the next is asked for. */
  pieces(): Iterable<Float64Array>;
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

/** The same tensors, to be read piece by piece. */
export function tensorSources(model: Model | ModelParameters): readonly TensorSource[] {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias } = model;
  return [
    { name: 'weights', shape: [n, m], pieces: () => ('readRows' in weights ? weightPieces(model as Model) : [weights]) },
    { name: 'visibleBias', shape: [n], pieces: () => [visibleBias] },
    { name: 'hiddenBias', shape: [m], pieces: () => [hiddenBias] },
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
