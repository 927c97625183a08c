/**
 * How many threads pay for a training.
 */

import { availableParallelism } from 'node:os';
import type { TrainingConfig } from '../config/run-config.js';
import { batchRows } from '../training/trainer.js';

/** Below so many weights × rows per update, threads spend more on meeting than they gain (bench: threads). */
const smallestWork = 8_000_000;

/** More threads than this share the work of one update badly. */
const mostThreads = 16;

/**
 * One thread per core where an update is large enough, else one.
 *
 * @param rows training examples
 */
export function automaticThreads(training: TrainingConfig, model: { visibleUnits: number; hiddenUnits: number }, rows: number): number {
  const batch = batchRows(training, rows);
  const chains = typeof training.chains === 'number' ? training.chains : batch;
  const work = model.visibleUnits * model.hiddenUnits * (batch + chains * (training.k ?? 1));
  return work < smallestWork ? 1 : Math.min(availableParallelism(), mostThreads);
}
