/**
 * The reference backend: plain TypeScript on one thread, written to be read. Other backends must give its bits.
 */

import { createBinaryMatrix } from '../binary-matrix.js';
import type { Kernels } from '../kernels.js';
import { enumerationBlocks, enumerationMoments, enumerationStates } from './enumeration.js';
import { freeEnergies } from './free-energy.js';
import { hiddenInputs, visibleInputs, visibleInputsFromMeans } from './inputs.js';
import { createMatrix, createModel } from './memory.js';
import { bernoulliMeans, hiddenMeans, sampleBernoulli, sampleHidden, sampleVisible } from './sampling.js';
import { updateParameters } from './update.js';

/** The reference kernels. */
export const referenceKernels: Kernels = {
  name: 'reference',
  threads: 1,
  createModel,
  createMatrix,
  createStates: createBinaryMatrix,
  release: () => undefined,
  hiddenInputs,
  hiddenMeans,
  visibleInputs,
  visibleInputsFromMeans,
  bernoulliMeans,
  sampleBernoulli,
  sampleHidden,
  sampleVisible,
  updateParameters,
  freeEnergies,
  enumerationBlocks,
  enumerationStates,
  enumerationMoments,
  finish: () => undefined,
  close: () => Promise.resolve(),
};
