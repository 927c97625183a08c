/**
 * Block Gibbs sampling: h ~ p(h | v), then v ~ p(v | h), many chains side by side.
 *
 * Used by training, estimators, diagnostics and the command `sample`. The uniforms are addressed by (update, step,
 * layer, row, unit), so a chain's path depends on nothing but its own states, the parameters and these numbers.
 */

import {
  addressLimits,
  layers,
  unpackBinaryMatrix,
  type BinaryMatrix,
  type Kernels,
  type ModelParameters,
} from '../kernels/index.js';
import type { StreamKey } from '../random/index.js';

/** C chains of binary states with the room that their steps need. */
export interface Chains {
  /** v, C × n bytes. */
  readonly visible: Uint8Array;
  /** h, C × m bytes. */
  readonly hidden: Uint8Array;
  /** p(v = 1 | h) of the last step, C × n. */
  readonly visibleMeans: Float64Array;
  /** p(h = 1 | v), C × m. */
  readonly hiddenMeans: Float64Array;
}

/** Where the random numbers of a run of steps come from. */
export interface GibbsAddress {
  readonly key: StreamKey;
  /** Parameter update that the steps belong to. */
  readonly update: number;
  /** Number of the first step. */
  readonly step: number;
  /** Row of the first chain. */
  readonly row: number;
}

/**
 * Room for `count` chains, all states 0.
 *
 * @param visible existing states to use, count × n bytes
 */
export function createChains(
  model: { visibleUnits: number; hiddenUnits: number },
  count: number,
  visible: Uint8Array = new Uint8Array(count * model.visibleUnits),
): Chains {
  return {
    visible,
    hidden: new Uint8Array(count * model.hiddenUnits),
    visibleMeans: new Float64Array(count * model.visibleUnits),
    hiddenMeans: new Float64Array(count * model.hiddenUnits),
  };
}

/** Update number of the draws that chains start from: the last one, which no update of a run reaches. */
const startUpdate = addressLimits.update - 1;

/**
 * Sets the states to noise: every visible unit on with probability ½.
 *
 * @param visible receives count × n bytes
 */
export function fillWithNoise(kernels: Kernels, visible: Uint8Array, count: number, visibleUnits: number, key: StreamKey): void {
  const half = new Float64Array(count * visibleUnits).fill(0.5);
  const address = { key, update: startUpdate, step: 0, layer: layers.visible, temperature: 0 };
  kernels.sampleBernoulli(address, 0, count, visibleUnits, half, visible);
}

/** Sets the states to the first examples, over again where there are more chains. */
export function fillWithExamples(visible: Uint8Array, count: number, examples: BinaryMatrix): void {
  unpackBinaryMatrix(examples, visible, Uint32Array.from({ length: count }, (_, chain) => chain % examples.rows));
}

/** Sets hiddenMeans to E[h | v] of the first `rows` rows. */
export function hiddenMeansGivenVisible(
  kernels: Kernels,
  parameters: ModelParameters,
  visible: Uint8Array,
  rows: number,
  hiddenMeans: Float64Array,
): void {
  kernels.hiddenInputs(parameters, visible, rows, hiddenMeans);
  kernels.bernoulliMeans(hiddenMeans, rows * parameters.hiddenUnits, hiddenMeans);
}

/**
 * Runs `steps` Gibbs steps on the first `rows` chains, in place.
 *
 * On entry `chains.hiddenMeans` holds E[h | v] of the states given; on return, of the new states.
 */
export function gibbsSteps(
  kernels: Kernels,
  parameters: ModelParameters,
  chains: Chains,
  rows: number,
  steps: number,
  address: GibbsAddress,
): void {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const { visible, hidden, visibleMeans, hiddenMeans } = chains;
  const { key, update, row } = address;
  for (let index = 0; index < steps; index++) {
    const step = address.step + index;
    kernels.sampleBernoulli({ key, update, step, layer: layers.hidden, temperature: 0 }, row, rows, m, hiddenMeans, hidden);
    kernels.visibleInputs(parameters, hidden, rows, visibleMeans);
    kernels.bernoulliMeans(visibleMeans, rows * n, visibleMeans);
    kernels.sampleBernoulli({ key, update, step, layer: layers.visible, temperature: 0 }, row, rows, n, visibleMeans, visible);
    hiddenMeansGivenVisible(kernels, parameters, visible, rows, hiddenMeans);
  }
}
