/**
 * Registry of kernel backends, and the numeric foundations that are the same in all of them.
 *
 * To add a backend: one folder that implements `Kernels`, and one row in `backends`.
 */

import type { Kernels } from './kernels.js';
import { referenceKernels } from './reference/index.js';

/** One row of the registry. */
export interface Backend {
  readonly name: string;
  readonly summary: string;
  /** Makes the backend ready for use. */
  load(): Promise<Kernels>;
}

/** All backends, by the names that a config may give. */
export const backends: readonly Backend[] = [
  { name: 'reference', summary: 'plain TypeScript, written to be read', load: () => Promise.resolve(referenceKernels) },
];

/** The backend of commands that have no config. */
export const defaultBackend = 'reference';

/**
 * Version of the numerics: changed whenever the same config and data would give other bits.
 */
export const numericsVersion = 1;

/**
 * The kernels of a backend.
 *
 * @throws RangeError where there is no such backend (the config loader has refused it before)
 */
export async function loadKernels(name: string): Promise<Kernels> {
  const backend = backends.find((candidate) => candidate.name === name);
  if (backend === undefined) throw new RangeError(`no kernel backend ${JSON.stringify(name)}`);
  return backend.load();
}

export { sampleBernoulliRow, uniform } from './addressed-uniform.js';
export {
  createBinaryMatrix,
  getUnit,
  packBinaryMatrix,
  selectRows,
  setUnit,
  unpackBinaryMatrix,
  type BinaryMatrix,
} from './binary-matrix.js';
export { canonicalSum } from './canonical-sum.js';
export { binaryExponent, exp, ln2, log, log1p, powerOfTwo, sigmoid, softplus } from './elementary.js';
export { planEnumeration } from './enumeration-plan.js';
export { inverseNormalCumulative } from './inverse-normal.js';
export type {
  EnumerationPlan,
  EnumerationView,
  Kernels,
  ModelParameters,
  PhaseStatistics,
  ScaledNumber,
  UpdateSettings,
} from './kernels.js';
export { addressLimits, layers, type RandomAddress } from './random-address.js';
export { logScaled, scaledSum } from './scaled-sum.js';
