/**
 * rbm-train as a library: the rooms' public functions.
 */

export { RbmError, exitCodes, isRbmError, type ErrorCode } from './errors.js';
export { loadConfig, parseConfig, type LoadedConfig } from './config/index.js';
export type { RunConfig } from './config/run-config.js';
export { configKeys } from './run/config-schema.js';
export { loadDataset, describeDataset, type Dataset } from './datasets/index.js';
export {
  backends,
  loadKernels,
  numericsVersion,
  packBinaryMatrix,
  unpackBinaryMatrix,
  type BinaryMatrix,
  type Kernels,
  type Matrix,
  type Model,
  type ModelParameters,
} from './kernels/index.js';
export { createModel, createParameters, getParameters, parameterTensors } from './model/parameters.js';
export { initialParameters } from './model/initial-parameters.js';
export { sampleExactly } from './sampling/exact-samples.js';
export { createChains, gibbsSteps } from './sampling/gibbs.js';
export { streamKey } from './random/index.js';
export { exactLogPartitionFunction } from './estimators/exact-log-partition-function.js';
export { freeEnergiesOf } from './estimators/free-energies.js';
export { evaluateModel, type Figures } from './estimators/evaluation.js';
export { Trainer } from './training/trainer.js';
export { gradientEstimators, type GradientEstimator } from './training/gradients/index.js';
export { parametersDigest } from './checkpoint/digest.js';
export { readModelFile } from './checkpoint/model-file.js';
export { prepareRun, type PreparedRun } from './run/prepare.js';
export { trainRun, type RunOutcome, type RunResult } from './run/train-run.js';
export { RunDirectory } from './checkpoint/run-directory.js';
