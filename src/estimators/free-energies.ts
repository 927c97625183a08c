/**
 * Free energies of a whole dataset. log p(v) = −F(v) − log Z.
 */

import type { Kernels, Model, VisibleStates } from '../kernels/index.js';
import { forEachChunk } from './chunks.js';
import type { Cooperation } from '../model/cooperation.js';

/**
 * F(v) of every row, in nats.
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function freeEnergiesOf(
  kernels: Kernels,
  model: Model,
  examples: VisibleStates,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const energies = new Float64Array(examples.rows);
  await forEachChunk(examples, cooperation, async (chunk, first) => {
    kernels.freeEnergies(model, chunk, chunk.rows, energies.subarray(first, first + chunk.rows));
    await kernels.finish();
  });
  return energies;
}
