/**
 * Block Gibbs sampling: h ~ p(h | v), then v ~ p(v | h), many chains side by side.
 *
 * Used by training, estimators, diagnostics and the command `sample`. The uniforms are addressed by (update, step,
 * layer, row, unit), so a chain's path depends on nothing but its own states, the parameters and these numbers.
 */

import {
  addressLimits,
  copyRows,
  layers,
  rowsOf,
  type BinaryMatrix,
  type Kernels,
  type Model,
  type RandomAddress,
  type Tempering,
} from '../kernels/index.js';
import type { StreamKey } from '../random/index.js';

/** C chains of binary states. */
export interface Chains {
  /** v, C × n. */
  readonly visible: BinaryMatrix;
  /** h, C × m: the hidden states that `visible` was drawn from. */
  readonly hidden: BinaryMatrix;
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

/** `count` chains, all states 0. */
export function createChains(kernels: Kernels, model: { visibleUnits: number; hiddenUnits: number }, count: number): Chains {
  return {
    visible: kernels.createStates(count, model.visibleUnits),
    hidden: kernels.createStates(count, model.hiddenUnits),
  };
}

/** Update number of the draws that chains start from: the last one, which no update of a run reaches. */
export const startUpdate = addressLimits.update - 1;

/** The full address of a layer's draws in one step. */
export function layerAddress({ key, update, step }: GibbsAddress, layer: keyof typeof layers): RandomAddress {
  return { key, update, step, layer: layers[layer], temperature: 0 };
}

/** Rows of noise drawn at a time. */
const noiseRows = 256;

/**
 * Sets the states to noise: every visible unit on with probability ½.
 *
 * @param visible of the kernels' own memory
 */
export async function fillWithNoise(kernels: Kernels, visible: BinaryMatrix, key: StreamKey): Promise<void> {
  const { rows, columns } = visible;
  const half = kernels.createMatrix(Math.min(noiseRows, rows), columns);
  const row = new Float64Array(columns).fill(0.5);
  for (let index = 0; index < half.rows; index++) half.writeRows(index, row);
  const address = layerAddress({ key, update: startUpdate, step: 0, row: 0 }, 'visible');
  for (let first = 0; first < rows; first += noiseRows) {
    const count = Math.min(noiseRows, rows - first);
    kernels.sampleBernoulli(address, first, count, half, rowsOf(visible, first, count));
    await kernels.finish();
  }
  kernels.release(half);
}

/** Sets the states to the first examples, over again where there are more chains. */
export function fillWithExamples(visible: BinaryMatrix, examples: BinaryMatrix): void {
  copyRows(examples, Uint32Array.from({ length: visible.rows }, (_, chain) => chain % examples.rows), visible);
}

/** Steps asked of the kernels at a time. */
const stepsTogether = 32;

/**
 * Runs `steps` Gibbs steps on the first `rows` chains, from their visible states; `kernels.finish` waits for the last ones.
 *
 * @param tempering where given, the chains are those of tempered models
 */
export async function gibbsSteps(
  kernels: Kernels,
  model: Model,
  { visible, hidden }: Chains,
  rows: number,
  steps: number,
  address: GibbsAddress,
  tempering?: Tempering,
): Promise<void> {
  for (let index = 0; index < steps; index++) {
    const at = { ...address, step: address.step + index };
    kernels.sampleHidden(model, visible, rows, layerAddress(at, 'hidden'), address.row, hidden, tempering);
    kernels.sampleVisible(model, hidden, rows, layerAddress(at, 'visible'), address.row, visible, tempering);
    if (index % stepsTogether === stepsTogether - 1) await kernels.finish();
  }
}
