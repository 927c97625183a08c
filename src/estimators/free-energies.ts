/**
 * Free energies of a whole dataset. log p(v) = −F(v) − log Z.
 */

import type { BinaryMatrix, Kernels, ModelParameters } from '../kernels/index.js';
import { forEachChunk } from './chunks.js';
import type { Cooperation } from './cooperation.js';

/**
 * F(v) of every row, in nats.
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function freeEnergiesOf(
  kernels: Kernels,
  parameters: ModelParameters,
  examples: BinaryMatrix,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const energies = new Float64Array(examples.rows);
  await forEachChunk(examples, cooperation, (states, first, rows) => {
    kernels.freeEnergies(parameters, states, rows, energies.subarray(first, first + rows));
  });
  return energies;
}
