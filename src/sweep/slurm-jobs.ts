/**
 * Which jobs were submitted for a sweep, one file to a job in `slurm/jobs/`, and which of them the queue still has.
 */

import { join } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { isRbmError, messageOf, printable } from '../errors.js';
import { namesIn, readWholeFile } from '../read-file.js';
import { runSlurm } from './slurm-commands.js';
import { slurmFolder } from './slurm-script.js';

/** A submitted job. */
export interface SubmittedJob {
  readonly jobId: string;
  /** Its name: numbers of jobs are counted by each cluster for itself. */
  readonly name: string;
  readonly purpose: 'tasks' | 'gather';
  /** Of `tasks`: element e stands for the tasks from (e + offset) × chunk on. */
  readonly offset: number;
  readonly chunk: number;
  /** Of `tasks`: its elements, for people: `0-2,5`. */
  readonly elements: string;
}

/** What the queue says of an element of a job, or of a job that is no array. */
export interface QueuedElement {
  readonly job: SubmittedJob;
  /** Undefined of a job that is no array. */
  readonly element?: number;
  readonly isRunning: boolean;
}

/** States of squeue, in its short form, that end: whatever else there may be is on its way. */
const ended = new Set(['BF', 'CA', 'CD', 'DL', 'F', 'NF', 'OOM', 'PR', 'RV', 'TO']);

/** Those in which a job has no node. */
const waiting = new Set(['PD', 'RD', 'RF', 'RH', 'RQ', 'RS', 'SE']);

function jobsFolder(directory: string): string {
  return join(slurmFolder(directory), 'jobs');
}

/**
 * Remembers a job.
 *
 * @throws RbmError 'runtime' where the file can't be written
 */
export function rememberJob(directory: string, job: SubmittedJob): void {
  writeFileAtomically(join(jobsFolder(directory), `${job.jobId}.json`), `${JSON.stringify(job, undefined, 2)}\n`);
}

function isJob(value: unknown): value is SubmittedJob {
  const { jobId, name, purpose, offset, chunk } = (value ?? {}) as Record<string, unknown>;
  const areCounts = [offset, chunk].every((number) => Number.isSafeInteger(number) && (number as number) >= 0);
  return /^\d+$/.test(String(jobId)) && typeof name === 'string' && (purpose === 'tasks' || purpose === 'gather') && areCounts;
}

/**
 * The jobs that were submitted, in the order of their numbers.
 *
 * @param warn told of each file that can't be read: its job is left out
 * @throws RbmError 'runtime' where the folder can't be read
 */
export function submittedJobs(directory: string, warn: (message: string) => void): SubmittedJob[] {
  const folder = jobsFolder(directory);
  const files = namesIn(folder, { code: 'runtime' }).filter((name) => /^\d+\.json$/.test(name));
  return files.toSorted((first, second) => parseInt(first, 10) - parseInt(second, 10)).flatMap((name) => {
    const path = join(folder, name);
    try {
      const job: unknown = JSON.parse(Buffer.from(readWholeFile(path, { code: 'data' })).toString('utf8'));
      if (isJob(job)) return [job];
      warn(`${printable(path)}: is damaged; whether its tasks are queued is not known`);
    } catch (error) {
      warn(`${isRbmError(error) ? error.message : `${printable(path)}: ${printable(messageOf(error))}`}; whether its tasks are queued is not known`);
    }
    return [];
  });
}

/**
 * From the lines of `squeue -o '%F %K %t %j'` what is queued or running; lines of other jobs are left out.
 *
 * @param text what squeue printed
 */
export function parseQueue(text: string, jobs: readonly SubmittedJob[]): QueuedElement[] {
  const known = new Map(jobs.map((job) => [job.jobId, job]));
  return text.split('\n').flatMap((line) => {
    const [, id, element, state, name] = /^\s*(\d+)\s+(\S+)\s+([A-Z]+)\s+(.*?)\s*$/.exec(line) ?? [];
    const job = known.get(id);
    if (job === undefined || job.name !== name || ended.has(state)) return [];
    return [{ job, isRunning: !waiting.has(state), ...(/^\d+$/.test(element) && { element: Number(element) }) }];
  });
}

/**
 * What the queue has of jobs; nothing of those that it no longer knows.
 *
 * @throws RbmError as {@link runSlurm}
 */
export async function askQueue(jobs: readonly SubmittedJob[]): Promise<QueuedElement[]> {
  if (jobs.length === 0) return [];
  const args = ['--noheader', '--array', '--states=all', '--format=%F %K %t %j'];
  try {
    return parseQueue(await runSlurm('squeue', [...args, `--jobs=${jobs.map(({ jobId }) => jobId).join(',')}`]), jobs);
  } catch (error) {
    // Said of a single job that has been over for long, which is no failure.
    if (/Invalid job id/i.test(messageOf(error))) return [];
    throw error;
  }
}

/** Numbers of the tasks that an element stands for. */
export function tasksOf({ job, element }: QueuedElement, length: number): number[] {
  if (job.purpose !== 'tasks' || element === undefined) return [];
  const first = (element + job.offset) * job.chunk;
  return Array.from({ length: Math.max(0, Math.min(job.chunk, length - first)) }, (_, index) => first + index);
}
