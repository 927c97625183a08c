/**
 * How a job of Slurm queues itself again. Nothing that matters may come after it: Slurm then kills the job.
 */

import { isRbmError } from '../errors.js';
import { runSlurm } from './slurm-commands.js';

/** What a process knows of the job that it is, and whether that may be queued again. */
export type OwnJob =
  /** `times`: how often it was started again before, by whomever. */
  | { readonly job: string; readonly times: number }
  | { readonly job: string; readonly refusal: string };

/**
 * The job that this process is.
 *
 * @param environment the process's variables
 * @param most times that it may be started again
 * @returns undefined outside of Slurm
 */
export function ownJob(environment: Readonly<Record<string, string | undefined>>, most: number): OwnJob | undefined {
  const { SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: element, SLURM_JOB_ID: single, SLURM_RESTART_COUNT: restarts } = environment;
  const job = array && element ? `${array}_${element}` : single;
  if (!job) return undefined;
  const times = Number(restarts || 0);
  return times >= most ? { job, refusal: `it was started again ${times} times, of ${most} (--max-requeues)` } : { job, times };
}

/** Milliseconds between tries where the controller does not answer, as while it is started again: all is saved, and the job has time left. */
const delays = [1000, 2000, 4000, 8000, 16_000];

/** What scontrol says then. */
const noAnswer = /unable to contact|unable to connect|connection refused|timed? ?out|zero bytes|communication/i;

/**
 * Queues a job again.
 *
 * @returns why that failed, undefined where it did not
 */
export async function requeue(job: string): Promise<string | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      await runSlurm('scontrol', ['requeue', job]);
      return undefined;
    } catch (error) {
      if (!isRbmError(error)) throw error;
      if (tries === delays.length || !noAnswer.test(error.message)) return error.message;
      await new Promise<void>((resolve) => {
        setTimeout(resolve, delays[tries]);
      });
    }
  }
}
