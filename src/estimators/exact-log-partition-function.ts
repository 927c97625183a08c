/**
 * log Z exactly, by enumerating the smaller layer; the larger one is summed out in closed form.
 *
 * Blocks are fixed by the model's shape and combined in block order (chunk by chunk), so the result has the same bits
 * however the blocks are shared out. No table of all states is kept. Relative error of Z below 1e-11 (tests, against extended precision).
 */

import { logScaled, planEnumeration, powerOfTwo, scaledSum, type Kernels, type ModelParameters } from '../kernels/index.js';
import { enumerationView } from '../model/enumeration-view.js';
import type { Cooperation } from '../sampling/cooperation.js';

const { max, min } = Math;

/** Blocks are added up in chunks of this many, so that memory does not grow with the number of states. */
const chunkBlocks = 1024;

/** State-units asked of the kernels at a time: some tens of milliseconds of the reference kernels in product form. */
const batchStateUnits = 33_554_432;

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
  const blockStateUnits = powerOfTwo(plan.blockBits) * plan.view.innerUnits;
  // A streamed block takes hundreds of times as long.
  const batchBlocks = plan.form === 'streamed' ? 1 : max(1, min(chunkBlocks, batchStateUnits / blockStateUnits) >>> 0);
  const chunks = Math.ceil(plan.blocks / chunkBlocks);
  const totals = { mantissas: new Float64Array(chunks), exponents: new Float64Array(chunks) };
  const mantissas = new Float64Array(chunkBlocks);
  const exponents = new Float64Array(chunkBlocks);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = chunk * chunkBlocks;
    const length = min(chunkBlocks, plan.blocks - first);
    for (let index = 0; index < length; index += batchBlocks) {
      const end = min(length, index + batchBlocks);
      kernels.enumerationBlocks(plan, first + index, end - index, mantissas.subarray(index, end), exponents.subarray(index, end));
      const pending = kernels.finish();
      if (pending !== undefined) await pending;
      cooperation.progress?.((first + end) / plan.blocks);
      await cooperation.pause?.();
    }
    const total = scaledSum(mantissas, exponents, length);
    totals.mantissas[chunk] = total.mantissa;
    totals.exponents[chunk] = total.exponent;
  }
  return logScaled(scaledSum(totals.mantissas, totals.exponents, chunks));
}
