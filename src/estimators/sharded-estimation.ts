/**
 * An estimate in units that different processes may compute, in any order.
 *
 * The unit is fixed by the model and the settings, never the shard: whatever ranges the units are cut into, the combined
 * estimate has the same bits. An estimator that can be cut has no other way to its estimate than all units and `combine`.
 */

import type { ContinuedCooperation } from './finished-work.js';
import type { LogPartitionFunctionEstimate } from './verdict.js';

/** Units first … first + count − 1. */
export interface UnitRange {
  readonly first: number;
  readonly count: number;
}

/** A range with what {@link ShardedEstimation.compute} gave for it. */
export interface ComputedRange extends UnitRange {
  readonly values: Float64Array;
}

/** An estimate in units. */
export interface ShardedEstimation<Estimate extends LogPartitionFunctionEstimate = LogPartitionFunctionEstimate> {
  /** What a unit is called. */
  readonly unit: 'block' | 'chain';
  /** How many there are; fixed by the model and the settings. */
  readonly units: number;
  /**
   * The values of a range. Continues from the finished pieces in `cooperation.finished`, which are of this very range, and
   * keeps its own there.
   *
   * @throws RangeError for a range that is not within the units; whatever `cooperation.pause` throws
   */
  compute(range: UnitRange, cooperation: ContinuedCooperation): Promise<Float64Array>;
  /** How many values a range has. */
  valuesOf(range: UnitRange): number;
  /**
   * The estimate.
   *
   * @param ranges consecutive ones that cover all units
   * @throws RangeError where they are not, or have not as many values as they should
   */
  combine(ranges: readonly ComputedRange[]): Estimate;
}

/**
 * Refuses a range that is not within so many units.
 *
 * @throws RangeError
 */
export function checkRange({ first, count }: UnitRange, units: number): void {
  if (Number.isSafeInteger(first) && Number.isSafeInteger(count) && first >= 0 && count >= 0 && first + count <= units) return;
  throw new RangeError(`units ${first} … ${first + count - 1} of ${units}`);
}

/**
 * Refuses ranges that do not cover all units one after the other, or whose values are not as many as they should be.
 *
 * @throws RangeError
 */
export function checkRanges(ranges: readonly ComputedRange[], { units, valuesOf }: Pick<ShardedEstimation, 'units' | 'valuesOf'>): void {
  let next = 0;
  for (const range of ranges) {
    checkRange(range, units);
    if (range.first !== next) throw new RangeError(`a range starts at unit ${range.first}, not ${next}`);
    if (range.values.length !== valuesOf(range)) throw new RangeError(`${range.values.length} values of a range that has ${valuesOf(range)}`);
    next += range.count;
  }
  if (next !== units) throw new RangeError(`the ranges end at unit ${next} of ${units}`);
}

/** An estimate in one go: all units, combined. */
export async function estimateWhole<Estimate extends LogPartitionFunctionEstimate>(
  estimation: ShardedEstimation<Estimate>,
  cooperation: ContinuedCooperation,
): Promise<Estimate> {
  const all = { first: 0, count: estimation.units };
  return estimation.combine([{ ...all, values: await estimation.compute(all, cooperation) }]);
}
