/**
 * Stub until the branch with Slurm is merged.
 */

import type { Sweep } from './sweep.js';

/** What the queue says of tasks that it has. */
export interface QueueState {
  readonly queued: readonly number[];
  readonly running: readonly number[];
}

/** Stub: undefined where nothing was submitted. */
export function queueState(_sweep: Sweep, _warn: (message: string) => void): Promise<QueueState | undefined> {
  return Promise.resolve(undefined);
}
