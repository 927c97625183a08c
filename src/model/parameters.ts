/**
 * The RBM's parameters: making, copying, walking through them.
 *
 * Kernels know models of standard units (`VisibleLayer`; hidden ones {0,1}); how those of declared units become such ones is
 * in `units/`.
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
  readonly name: 'weights' | 'visibleBias' | 'hiddenBias' | 'visibleLogVariance';
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** What declared parameters may have beside the tensors of every model: log σ² of Gaussian visible units, n. */
export interface WithVariances {
  readonly visibleLogVariance?: Float64Array;
}

/**
 * The tensors in the order that digests and files use: weights (n × m), visibleBias (n), hiddenBias (m), and
 * visibleLogVariance (n) where there is one.
 */
export function parameterTensors(parameters: ModelParameters & WithVariances): readonly NamedTensor[] {
  const { visibleUnits: n, hiddenUnits: m, visibleLogVariance } = parameters;
  return [
    { name: 'weights', shape: [n, m], values: parameters.weights },
    { name: 'visibleBias', shape: [n], values: parameters.visibleBias },
    { name: 'hiddenBias', shape: [m], values: parameters.hiddenBias },
    ...(visibleLogVariance === undefined ? [] : [{ name: 'visibleLogVariance' as const, shape: [n], values: visibleLogVariance }]),
  ];
}

/** The same tensors, to be read piece by piece. */
export function tensorSources(model: (Model | ModelParameters) & WithVariances): readonly TensorSource[] {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias, visibleLogVariance } = model;
  return [
    { name: 'weights', shape: [n, m], pieces: () => ('readRows' in weights ? weightPieces(model as Model) : [weights]) },
    { name: 'visibleBias', shape: [n], pieces: () => [visibleBias] },
    { name: 'hiddenBias', shape: [m], pieces: () => [hiddenBias] },
    ...(visibleLogVariance === undefined ? [] : [{ name: 'visibleLogVariance', shape: [n], pieces: () => [visibleLogVariance] }]),
  ];
}

/** Number of parameters: n·m + n + m, and n more where variances are among them. */
export function parameterCount(parameters: ModelParameters & WithVariances): number {
  const { visibleUnits: n, hiddenUnits: m, visibleLogVariance } = parameters;
  return n * m + n + m + (visibleLogVariance?.length ?? 0);
}

/** Whether every parameter is finite. */
export function areParametersFinite(parameters: ModelParameters & WithVariances): boolean {
  return parameterTensors(parameters).every(({ values }) => values.every((value) => Number.isFinite(value)));
}
