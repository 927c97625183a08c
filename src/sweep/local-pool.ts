/**
 * The engine of one machine: so many processes at a time, each of which does one task as `sweep task` does it anywhere else.
 *
 * It knows no terminal and prints nothing: it reports what happens. What a task is worth is decided from its files alone, so
 * a pool that is killed loses nothing: its processes notice, save and end.
 */

import { fork, type ChildProcess } from 'node:child_process';
import { printable } from '../errors.js';
import type { StopRequest } from '../run/stop-request.js';
import { isSettled, stateOf, writeFailure, type Sweep, type TaskFailure } from './sweep.js';
import type { TaskMessage } from './task-messages.js';

/** What happens in a pool; `worker` counts the tasks that run at a time, from 0. */
export type PoolEvent = { readonly worker: number } & ({ readonly type: 'start'; readonly index: number } | TaskMessage);

/** What a pool is to do. */
export interface PoolRequest {
  readonly sweep: Sweep;
  /** The tasks, in the order in which they are begun. */
  readonly indices: readonly number[];
  /** Tasks at a time. */
  readonly jobs: number;
  /** Threads of each. */
  readonly threads: number;
  /** Path of the script that `rbm-train` starts. */
  readonly executable: string;
  /** Once it is set, nothing is begun any more, and what runs is told to save and stop. */
  readonly stop: StopRequest;
  /** Receives the events; every task that was started has one `end`. */
  readonly report: (event: PoolEvent) => void;
}

/** Milliseconds between two looks at the stop request: a child takes a second signal for the first one's echo for 300. */
const lookInterval = 25;

/** Characters of a child's stderr that are kept. */
const keptText = 2000;

/** Lines of a child's stderr that are told where it ended without a word of its own. */
const toldLines = 4;

/** Why a process ended that has not said it itself. */
function failureOfProcess(code: number | null, signal: NodeJS.Signals | null, stderr: string): TaskFailure {
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}${signal === 'SIGKILL' ? ', as the system does where memory runs out' : ''}`;
  const lines = stderr.split('\n').filter((line) => line.trim() !== '').slice(-toldLines);
  return { code: 'runtime', message: [`its process ${how}`, ...lines.map((line) => printable(line.trim()))].join(': ') };
}

/** Does one task in a process of its own; resolves when that has ended. */
async function runInProcess({ sweep, threads, executable, stop, report }: PoolRequest, worker: number, index: number, children: Set<ChildProcess>): Promise<void> {
  report({ worker, type: 'start', index });
  const args = ['sweep', 'task', sweep.directory, '--index', String(index), '--threads', String(threads)];
  const child = fork(executable, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  children.add(child);
  let stderr = '';
  let hasEnded = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-keptText)));
  child.on('message', (message: TaskMessage) => {
    hasEnded ||= message.type === 'end';
    report({ worker, ...message });
  });
  const failure = await new Promise<TaskFailure>((resolve) => {
    child.on('close', (code, signal) => resolve(failureOfProcess(code, signal, stderr)));
    // Where there could not be a process, nothing is closed either.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: 'runtime', message: `its process can't be started: ${printable(error.message)}` });
    });
  });
  children.delete(child);
  if (hasEnded) return;
  if (isSettled(stateOf(sweep, index))) report({ worker, type: 'end', index, outcome: 'done' });
  else if (stop.signal !== undefined) report({ worker, type: 'end', index, outcome: 'stopped' });
  else {
    writeFailure(sweep, index, failure);
    report({ worker, type: 'end', index, outcome: 'failed', failure });
  }
}

/**
 * Does tasks; one that fails does not keep the others from being done. Resolves when no process is left.
 *
 * Whatever the signal, children are told SIGTERM: they have no terminal whose hang-up they would heed, and queueing again
 * after SIGUSR2 is for whoever started the pool.
 */
export async function runPool(request: PoolRequest): Promise<void> {
  const { indices, jobs, stop } = request;
  const children = new Set<ChildProcess>();
  const watch = setInterval(() => {
    if (stop.signal === undefined) return;
    clearInterval(watch);
    for (const child of children) child.kill('SIGTERM');
  }, lookInterval);
  const left = indices.values();
  const work = async (worker: number): Promise<void> => {
    for (const index of left) {
      if (stop.signal !== undefined) return;
      await runInProcess(request, worker, index, children);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, indices.length) }, (_, worker) => work(worker)));
  } finally {
    clearInterval(watch);
  }
}
