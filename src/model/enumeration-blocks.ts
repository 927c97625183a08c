/**
 * Walking through the blocks of an enumeration, giving way between batches of them.
 */

import type { EnumerationPlan, Kernels } from '../kernels/index.js';

const { max, min } = Math;

/** State-units asked of the kernels at a time: some tens of milliseconds of the reference kernels in product form. */
const batchStateUnits = 33_554_432;

/**
 * Totals of the blocks firstBlock … firstBlock + blocks − 1; see `Kernels.enumerationBlocks`.
 *
 * @param mantissas receives `blocks` numbers
 * @param exponents receives `blocks` numbers
 * @param afterBatch called after every batch with the number of blocks done so far; what it throws ends the walk
 */
export async function enumerateBlocks(
  kernels: Kernels,
  plan: EnumerationPlan,
  firstBlock: number,
  blocks: number,
  mantissas: Float64Array,
  exponents: Float64Array,
  afterBatch: (done: number) => Promise<void> | undefined,
): Promise<void> {
  const blockStateUnits = plan.blockStates * plan.view.innerUnits;
  // A block of the other forms takes hundreds of times as long.
  const batch = plan.form !== 'product' ? 1 : max(1, min(blocks, batchStateUnits / blockStateUnits) >>> 0);
  for (let index = 0; index < blocks; index += batch) {
    const end = min(blocks, index + batch);
    kernels.enumerationBlocks(plan, firstBlock + index, end - index, mantissas.subarray(index, end), exponents.subarray(index, end));
    const pending = kernels.finish();
    if (pending !== undefined) await pending;
    await afterBatch(end);
  }
}
