/**
 * `rbm-train sweep run` on this machine: what is not settled yet is done by a pool of processes. What is told at the end is
 * read from the tasks' files: another pool may have done some of them.
 */

import { availableParallelism } from 'node:os';
import { exitCodes, RbmError } from '../../errors.js';
import { runPool, type PoolEvent } from '../../sweep/local-pool.js';
import { namedRanges, rangesText } from '../../sweep/ranges.js';
import { openSweep, openTasks, stateOf, taskName, type Sweep, type TaskFailure } from '../../sweep/sweep.js';
import { jsonText } from '../json-output.js';
import { wholeNumber } from '../numbers.js';
import { shellWord, shortPath } from '../paths.js';
import { stopSignals } from '../stop-signals.js';
import type { Terminal } from '../terminal.js';
import { failureLines, type Told } from './failure-lines.js';
import { poolDisplay } from './pool-display.js';
import type { RunOptions } from './run.js';

const executable = new URL('../../../bin/rbm-train.js', import.meta.url);

/** Options that say nothing where no Slurm is asked for. */
const slurmOptions = { chunk: '--chunk', time: '--time', partition: '--partition', account: '--account', maxParallel: '--max-parallel', warn: '--warn', maxRequeues: '--max-requeues', sbatchArg: '--sbatch-arg', wait: '--wait' } as const;

/** How tasks are shared out. */
interface Shares {
  readonly jobs: number;
  readonly threads: number;
}

function sharesOf(options: RunOptions, tasks: number): Shares {
  const wanted = options.jobs === undefined ? availableParallelism() : wholeNumber('--jobs', options.jobs, 1, 4096);
  const given = options.threads === undefined ? undefined : wholeNumber('--threads', options.threads, 1, 256);
  const jobs = Math.max(1, Math.min(wanted, tasks));
  return { jobs, threads: given ?? Math.max(1, Math.floor(availableParallelism() / jobs)) };
}

/** Where the sweep stands, as the summary tells it. */
interface Standing {
  readonly done: number;
  readonly diverged: readonly Told[];
  readonly failed: readonly Told[];
  /** Neither settled nor failed in this run. */
  readonly left: readonly number[];
}

function standingOf(sweep: Sweep, failures: ReadonlyMap<number, TaskFailure>): Standing {
  const diverged: Told[] = [];
  const failed: Told[] = [];
  const left: number[] = [];
  for (let index = 0; index < sweep.length; index++) {
    const state = stateOf(sweep, index);
    const failure = failures.get(index);
    if (state.status === 'diverged') diverged.push({ index, ...state.failure });
    else if (state.status !== 'done' && failure !== undefined) failed.push({ index, ...failure });
    else if (state.status !== 'done') left.push(index);
  }
  return { done: sweep.length - diverged.length - failed.length - left.length, diverged, failed, left };
}

function summary(sweep: Sweep, { done, diverged, failed, left }: Standing): string {
  const parts = [`${done} of ${sweep.length} done`];
  if (diverged.length > 0) parts.push(`${diverged.length} diverged`);
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  if (left.length > 0) parts.push(`${left.length} not done`);
  return parts.join(', ');
}

function tellStanding(sweep: Sweep, standing: Standing, options: RunOptions, terminal: Terminal): void {
  const { done, diverged, failed, left } = standing;
  if (options.json) terminal.out(`${jsonText({ tasks: sweep.length, done, diverged, failed, left })}\n`);
  else terminal.out(`${summary(sweep, standing)}\n`);
  // That a training diverges is a result; those of this run have been told in any case.
  const lines = [...(options.quiet ? [] : failureLines(sweep, 'diverged', diverged)), ...failureLines(sweep, 'failed', failed)];
  if (lines.length > 0) terminal.err(`${lines.join('\n')}\n`);
  if (failed.length + left.length > 0 && !options.quiet) {
    terminal.err(`to go on with what is not done:\n  rbm-train sweep run ${shellWord(shortPath(sweep.directory, terminal.workingDirectory))}\n`);
  }
}

function checkOptions(options: RunOptions): void {
  const names = (Object.keys(slurmOptions) as (keyof typeof slurmOptions)[]).filter((key) => options[key] !== undefined).map((key) => slurmOptions[key]);
  if (names.length === 0) return;
  throw new RbmError('usage', `${names.join(', ')}: for Slurm only`, { hint: 'Add --engine slurm, or leave it out.' });
}

/** Tells which tasks would be done. */
function tellPlan(sweep: Sweep, indices: readonly number[], { jobs, threads }: Shares, options: RunOptions, terminal: Terminal): number {
  if (options.json) terminal.out(`${jsonText({ tasks: sweep.length, indices, jobs, threads })}\n`);
  else if (indices.length === 0) terminal.out('nothing to do\n');
  else terminal.out(`would do ${indices.length} of ${sweep.length} tasks: ${rangesText(indices, namedRanges)}; ${jobs} at a time, ${threads === 1 ? '1 thread' : `${threads} threads`} each\n`);
  return exitCodes.ok;
}

/** Does what is not settled; returns the exit code. */
export async function runLocally(path: string, options: RunOptions, terminal: Terminal): Promise<number> {
  checkOptions(options);
  const sweep = openSweep(path, terminal.workingDirectory);
  const indices = openTasks(sweep);
  const shares = sharesOf(options, indices.length);
  if (options.dryRun) return tellPlan(sweep, indices, shares, options, terminal);
  const failures = new Map<number, TaskFailure>();
  const stop = terminal.listenForStop();
  if (indices.length === 0) {
    if (!options.quiet) terminal.err('nothing to do\n');
  } else {
    const display = await poolDisplay({ tasks: indices.length, jobs: shares.jobs, nameOf: (index) => taskName(sweep, index) }, terminal, options.quiet === true);
    const report = (event: PoolEvent): void => {
      if (event.type === 'end' && event.outcome === 'failed') failures.set(event.index, event.failure);
      display.report(event);
    };
    try {
      await runPool({ sweep, indices, ...shares, executable, stop, report });
    } finally {
      display.end();
    }
  }
  const standing = standingOf(sweep, failures);
  tellStanding(sweep, standing, options, terminal);
  if (standing.failed.length + standing.left.length === 0) return exitCodes.ok;
  if (stop.signal === undefined) return exitCodes.incomplete;
  terminal.err(`rbm-train: stopped by ${stop.signal}\n`);
  return stopSignals[stop.signal];
}
