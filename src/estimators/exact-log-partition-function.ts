/**
 * log Z exactly, by enumerating the smaller layer; the larger one is summed out in closed form.
 *
 * Blocks are fixed by the model's shape and combined in block order (chunk by chunk), so the result has the same bits
 * however the blocks are shared out. No table of all states is kept. Relative error of Z below 1e-11 (tests, against extended precision).
 */

import { logScaled, planEnumeration, scaledSum, type Kernels, type ModelParameters } from '../kernels/index.js';
import { enumerateBlocks } from '../model/enumeration-blocks.js';
import { enumerationView } from '../model/enumeration-view.js';
import type { Cooperation } from '../model/cooperation.js';

const { min } = Math;

/** Blocks are added up in chunks of this many, so that memory does not grow with the number of states. */
const chunkBlocks = 1024;

/**
 * log Z in nats, giving way now and then.
 *
 * @returns log Z; not finite where the parameters are so large that a log-probability overflows
 * @throws whatever `cooperation.pause` throws
 */
export async function exactLogPartitionFunction(
  kernels: Kernels,
  parameters: ModelParameters,
  cooperation: Cooperation = {},
): Promise<number> {
  const plan = planEnumeration(enumerationView(parameters));
  const chunks = Math.ceil(plan.blocks / chunkBlocks);
  const totals = { mantissas: new Float64Array(chunks), exponents: new Float64Array(chunks) };
  const mantissas = new Float64Array(chunkBlocks);
  const exponents = new Float64Array(chunkBlocks);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = chunk * chunkBlocks;
    const length = min(chunkBlocks, plan.blocks - first);
    await enumerateBlocks(kernels, plan, first, length, mantissas, exponents, (done) => {
      cooperation.progress?.((first + done) / plan.blocks);
      return cooperation.pause?.();
    });
    const total = scaledSum(mantissas, exponents, length);
    totals.mantissas[chunk] = total.mantissa;
    totals.exponents[chunk] = total.exponent;
  }
  return logScaled(scaledSum(totals.mantissas, totals.exponents, chunks));
}
