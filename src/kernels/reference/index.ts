/**
 * The reference backend: plain TypeScript on one thread, written to be read. Other backends must give its bits.
 */

import { createBinaryMatrix } from '../binary-matrix.js';
import type { Kernels } from '../kernels.js';
import { enumerationBlocks, enumerationMoments, enumerationStates } from './enumeration.js';
import { flipLogRatios, flipStatistics } from './flips.js';
import { freeEnergies, temperedFreeEnergies } from './free-energy.js';
import { hiddenInputs, visibleInputs, visibleInputsFromMeans } from './inputs.js';
import { createMatrix, createModel, createVisibleStates } from './memory.js';
import { bernoulliMeans, hiddenMeans, sampleBernoulli, sampleHidden, sampleVisible, visibleMeans } from './sampling.js';
import { accumulateGradient, combineModels, multiplyElements, stepParameters, transformWeights, updateParameters } from './update.js';

/** The reference kernels. */
export const referenceKernels: Kernels = {
  name: 'reference',
  threads: 1,
  createModel,
  createMatrix,
  createStates: createBinaryMatrix,
  createVisibleStates,
  release: () => undefined,
  hiddenInputs,
  hiddenMeans,
  visibleInputs,
  visibleInputsFromMeans,
  bernoulliMeans,
  visibleMeans,
  sampleBernoulli,
  sampleHidden,
  sampleVisible,
  updateParameters,
  accumulateGradient,
  transformWeights,
  multiplyElements,
  combineModels,
  stepParameters,
  flipLogRatios,
  flipStatistics,
  freeEnergies,
  temperedFreeEnergies,
  enumerationBlocks,
  enumerationStates,
  enumerationMoments,
  finish: () => undefined,
  close: () => Promise.resolve(),
};
