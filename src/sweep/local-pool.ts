/**
 * The engine of one machine: so many processes at a time, each of which does its task as `sweep task` does it anywhere else,
 * and several in a row where they are so short that starting the process would take most of the time.
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
  /** The tasks, ascending: they are begun in that order. */
  readonly indices: readonly number[];
  /** Tasks at a time. */
  readonly jobs: number;
  /** Threads of each. */
  readonly threads: number;
  /** The script that `rbm-train` starts. */
  readonly executable: string | URL;
  /** Once it is set, nothing is begun any more, and what runs is told to save and stop. */
  readonly stop: StopRequest;
  /** Receives the events; every task that was started has one `end`. */
  readonly report: (event: PoolEvent) => void;
}

/** Milliseconds between two looks at the stop request: a child takes a second signal for the first one's echo for 300. */
const lookInterval = 25;

/**
 * Milliseconds below which a task is short. Measured with trainings of 9 × 4 units and 60 updates: 0.15 s of CPU each where
 * one process does eight, 0.65 s where each has its own.
 */
const shortTask = 1000;

/** Tasks to a process, at most: the start of the process is a few hundredths of the time then. */
const longestChunk = 16;

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

/** What a process has come to. */
interface ProcessEnd {
  /** Those of its tasks that it did not begin. */
  readonly left: readonly number[];
  /** Milliseconds that each of the others took, without the start of the process. */
  readonly pace: number;
}

/** Does consecutive tasks, the first a multiple of their number, in a process of their own; resolves when that has ended. */
async function runInProcess({ sweep, threads, executable, stop, report }: PoolRequest, worker: number, indices: readonly number[], children: Set<ChildProcess>): Promise<ProcessEnd> {
  const left = [...indices];
  const chunk = left.length;
  report({ worker, type: 'start', index: left[0] });
  const args = ['sweep', 'task', sweep.directory, '--index', String(left[0] / chunk), '--chunk', String(chunk), '--threads', String(threads)];
  const child = fork(executable, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  children.add(child);
  let stderr = '';
  let [firstTime, lastTime] = [0, Infinity];
  let isBetweenTasks = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-keptText)));
  child.on('message', (message: TaskMessage) => {
    firstTime ||= performance.now();
    report({ worker, ...message });
    if (message.type !== 'end') return;
    lastTime = performance.now();
    left.shift();
    // One that was stopped goes on to no other.
    isBetweenTasks = message.outcome === 'stopped' || left.length === 0;
    if (!isBetweenTasks) report({ worker, type: 'start', index: left[0] });
  });
  const failure = await new Promise<TaskFailure>((resolve) => {
    child.on('close', (code, signal) => resolve(failureOfProcess(code, signal, stderr)));
    // Where there could not be a process, nothing is closed either.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: 'runtime', message: `its process can't be started: ${printable(error.message)}` });
    });
  });
  children.delete(child);
  const pace = (lastTime - firstTime) / chunk;
  if (isBetweenTasks) return { left, pace };
  const [index, ...others] = left;
  if (isSettled(stateOf(sweep, index))) report({ worker, type: 'end', index, outcome: 'done' });
  else if (stop.signal !== undefined) report({ worker, type: 'end', index, outcome: 'stopped' });
  else {
    writeFailure(sweep, index, failure);
    report({ worker, type: 'end', index, outcome: 'failed', failure });
  }
  return { left: others, pace };
}

/**
 * How many tasks, from the first on, one process does in a row: a power of two that divides its number, so that `sweep task`
 * can be told it.
 *
 * @param indices what is left, ascending
 * @param most where more would leave other workers without any
 */
export function chunkOf(indices: readonly number[], most: number): number {
  let chunk = 1;
  const fits = (size: number): boolean => size <= Math.min(most, longestChunk) && indices[0] % size === 0 && indices[size - 1] === indices[0] + size - 1;
  while (fits(2 * chunk)) chunk *= 2;
  return chunk;
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
  const waiting = [...indices];
  let areShort = false;
  const work = async (worker: number): Promise<void> => {
    while (waiting.length > 0 && stop.signal === undefined) {
      const chunk = areShort ? chunkOf(waiting, waiting.length / (2 * jobs)) : 1;
      const { left, pace } = await runInProcess(request, worker, waiting.splice(0, chunk), children);
      areShort = pace < shortTask;
      waiting.push(...left);
      waiting.sort((first, second) => first - second);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, indices.length) }, (_, worker) => work(worker)));
  } finally {
    clearInterval(watch);
  }
}
