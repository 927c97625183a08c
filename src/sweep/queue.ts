/**
 * What Slurm's queue adds to what the files of a sweep say: which of the tasks that are not done it has. No other decision
 * rests on it.
 */

import { isRbmError } from '../errors.js';
import { askQueue, submittedJobs, tasksOf, type QueuedElement } from './slurm-jobs.js';
import type { Sweep } from './sweep.js';

/** What the queue says of tasks that it has. */
export interface QueueState {
  /** Ascending. */
  readonly queued: readonly number[];
  /** Ascending; none is among `queued`. */
  readonly running: readonly number[];
}

/**
 * The tasks of elements, ascending.
 *
 * @param isWanted tasks that are left out are not
 */
export function queuedTasks(elements: readonly QueuedElement[], length: number, isWanted: (index: number) => boolean): QueueState {
  const running = new Set<number>();
  const queued = new Set<number>();
  for (const element of elements) for (const index of tasksOf(element, length)) (element.isRunning ? running : queued).add(index);
  const ascending = (numbers: Iterable<number>): number[] => [...numbers].filter(isWanted).toSorted((first, second) => first - second);
  return { queued: ascending([...queued].filter((index) => !running.has(index))), running: ascending(running) };
}

/**
 * Which tasks the queue has.
 *
 * @param isWanted tasks that are left out are not
 * @param warn told where Slurm can't be asked
 * @returns undefined where nothing was submitted to Slurm, or it can't be asked
 */
export async function queueState(sweep: Sweep, isWanted: (index: number) => boolean, warn: (message: string) => void): Promise<QueueState | undefined> {
  const jobs = submittedJobs(sweep.directory, warn);
  if (jobs.length === 0) return undefined;
  try {
    return queuedTasks(await askQueue(jobs), sweep.length, isWanted);
  } catch (error) {
    if (!isRbmError(error)) throw error;
    warn(`what is queued and running is not known: ${error.message}`);
    return undefined;
  }
}
