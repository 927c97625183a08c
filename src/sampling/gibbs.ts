/**
 * Block Gibbs sampling: h ~ p(h | v), then v ~ p(v | h), many chains side by side.
 *
 * Used by training, estimators, diagnostics and the command `sample`. The uniforms are addressed by (update, step,
 * layer, row, unit), so a chain's path depends on nothing but its own states, the parameters and these numbers.
 */

import {
  addressLimits,
  copyVisibleRows,
  layers,
  visibleRowsOf,
  type BinaryMatrix,
  type Kernels,
  type Model,
  type RandomAddress,
  type Tempering,
  type VisibleLayer,
  type VisibleStates,
} from '../kernels/index.js';
import type { StreamKey } from '../random/index.js';

/** C chains. */
export interface Chains {
  /** v, C × n. */
  readonly visible: VisibleStates;
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
export function createChains(
  kernels: Kernels,
  model: { visibleUnits: number; hiddenUnits: number; visibleLayer?: VisibleLayer },
  count: number,
): Chains {
  return {
    visible: kernels.createVisibleStates(count, model),
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
 * Sets the states to noise: of a model without weights and biases. Binary units are on with probability ½, of each
 * categorical group every unit is as likely, Gaussian ones are standard normal.
 *
 * @param model gives the kind of units; its parameters must be finite
 * @param visible of the kernels' own memory
 */
export async function fillWithNoise(kernels: Kernels, model: Model, visible: VisibleStates, key: StreamKey): Promise<void> {
  const { rows, columns } = visible;
  const hidden = kernels.createStates(Math.min(noiseRows, rows), model.hiddenUnits);
  const tempering = { inverseTemperatures: new Float64Array(hidden.rows), baseVisibleBias: new Float64Array(columns) };
  const address = layerAddress({ key, update: startUpdate, step: 0, row: 0 }, 'visible');
  for (let first = 0; first < rows; first += noiseRows) {
    const count = Math.min(noiseRows, rows - first);
    kernels.sampleVisible(model, hidden, count, address, first, visibleRowsOf(visible, first, count), tempering);
    await kernels.finish();
  }
  kernels.release(hidden);
}

/** Sets the states to the first examples, over again where there are more chains. */
export function fillWithExamples(visible: VisibleStates, examples: VisibleStates): void {
  copyVisibleRows(examples, Uint32Array.from({ length: visible.rows }, (_, chain) => chain % examples.rows), visible);
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
