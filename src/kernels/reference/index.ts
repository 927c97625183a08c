/**
 * The reference backend: plain TypeScript, written to be read. Other backends must give its bits.
 */

import { sampleBernoulliRow } from '../addressed-uniform.js';
import { sigmoid } from '../elementary.js';
import type { Kernels } from '../kernels.js';
import type { RandomAddress } from '../random-address.js';
import { enumerationBlock, enumerationMoments } from './enumeration.js';
import { freeEnergies } from './free-energy.js';
import { hiddenInputs, visibleInputs, visibleInputsFromMeans } from './inputs.js';
import { collectStatistics } from './statistics.js';
import { updateParameters } from './update.js';

function bernoulliMeans(inputs: Float64Array, length: number, means: Float64Array): void {
  for (let i = 0; i < length; i++) means[i] = sigmoid(inputs[i]);
}

function sampleBernoulli(
  address: RandomAddress,
  firstRow: number,
  rows: number,
  units: number,
  means: Float64Array,
  states: Uint8Array,
): void {
  for (let row = 0; row < rows; row++) {
    sampleBernoulliRow(address, firstRow + row, units, means, states, row * units);
  }
}

/** The reference kernels. */
export const referenceKernels: Kernels = {
  name: 'reference',
  hiddenInputs,
  visibleInputs,
  visibleInputsFromMeans,
  bernoulliMeans,
  sampleBernoulli,
  collectStatistics,
  updateParameters,
  freeEnergies,
  enumerationBlock,
  enumerationMoments,
};
