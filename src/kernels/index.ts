/**
 * Registry of kernel backends, and the numeric foundations that are the same in all of them.
 *
 * To add a backend: one folder that implements `Kernels`, and one row in `backends`.
 */

import type { Kernels } from './kernels.js';
import { referenceKernels } from './reference/index.js';
import { createWasmKernels } from './wasm/index.js';
import { isSupported } from './wasm/instance.js';

/** One row of the registry. */
export interface Backend {
  readonly name: string;
  readonly summary: string;
  /** Makes the backend ready for use. */
  load(threads: number): Kernels;
}

/** All backends, by the names that a config may give. */
export const backends: readonly Backend[] = [
  {
    name: 'wasm',
    summary: 'WebAssembly with SIMD and threads; where a machine cannot run it, reference',
    load(threads) {
      if (!isSupported()) return referenceKernels;
      try {
        return createWasmKernels(threads);
      } catch (error) {
        // The address space is limited (ulimit -v): a WebAssembly memory reserves several gigabytes of it.
        if (error instanceof RangeError) return referenceKernels;
        throw error;
      }
    },
  },
  { name: 'reference', summary: 'plain TypeScript on one thread, written to be read', load: () => referenceKernels },
];

/** The backend where none is asked for. */
export const defaultBackend = 'wasm';

/**
 * Version of the numerics: changed whenever the same config and data would give other bits.
 */
export const numericsVersion = 2;

/**
 * The kernels of a backend, with a memory of their own; `close` ends their threads.
 *
 * @param threads how many threads share the work; results don't depend on it
 * @throws RangeError where there is no such backend (the config loader has refused it before), or no memory
 */
export function loadKernels(name: string = defaultBackend, { threads = 1 }: { threads?: number } = {}): Promise<Kernels> {
  const backend = backends.find((candidate) => candidate.name === name);
  if (backend === undefined) return Promise.reject(new RangeError(`no kernel backend ${JSON.stringify(name)}`));
  return Promise.resolve(backend.load(threads));
}

export { sampleBernoulliRow, uniform } from './addressed-uniform.js';
export {
  copyRows,
  createBinaryMatrix,
  getUnit,
  isBinaryMatrix,
  packBinaryMatrix,
  rowsOf,
  selectRows,
  setUnit,
  unpackBinaryMatrix,
  type BinaryMatrix,
} from './binary-matrix.js';
export { canonicalSum } from './canonical-sum.js';
export { binaryExponent, exp, expScaled, ln2, log, log1p, powerOfTwo, sigmoid, softplus } from './elementary.js';
export { planEnumeration } from './enumeration-plan.js';
export { inverseNormalCumulative } from './inverse-normal.js';
export type {
  EnumeratedMoments,
  EnumerationPlan,
  EnumerationView,
  HiddenMeansRequest,
  Kernels,
  Matrix,
  Model,
  ModelMoments,
  ModelParameters,
  Phase,
  ScaledNumber,
  StepRule,
  StepState,
  Tempering,
  UpdateSettings,
  VisibleStates,
  WeightTransformation,
} from './kernels.js';
export { addressLimits, layers, type RandomAddress } from './random-address.js';
export { logScaled, scaledSum } from './scaled-sum.js';
export { binaryLayer, halfLogTwoPi, layerCumulant, layerMeans, type VisibleLayer } from './visible-layer.js';
export { copyVisibleRows, copyVisibleStates, readVisibleRow, selectVisibleRows, stateBytes, statesAsNumbers, swapVisibleRows, visibleRowsOf } from './visible-states.js';
export { createMatrix as createHostMatrix, createVisibleStates as createHostStates, matrixOf as hostMatrixOf } from './reference/memory.js';
export { largestKernelMemory } from './wasm/memory.js';
