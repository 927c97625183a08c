/**
 * `rbm-train sweep task`: what engines call, and what can be called by hand. It does its tasks one after the other; one that
 * fails does not keep the others from being done.
 */

import { exitCodes, isRbmError, messageOf, printable, RbmError } from '../../errors.js';
import type { LogConfig } from '../../config/run-config.js';
import type { RunEvent } from '../../run/events.js';
import { resultFigures } from '../../run/events.js';
import { runTask, type TaskOutcome } from '../../sweep/run-task.js';
import { ownJob, requeue } from '../../sweep/slurm-requeue.js';
import { configOfTask, failureFrom, isTrainingSweep, openSweep, stateOf, taskName, type Sweep } from '../../sweep/sweep.js';
import type { TaskMessage } from '../../sweep/task-messages.js';
import { collectGarbage } from '../collect-garbage.js';
import { briefFigures } from '../figures.js';
import { jsonText } from '../json-output.js';
import { wholeNumber } from '../numbers.js';
import type { CommonOptions } from '../options.js';
import { progressDisplay, type ProgressDisplay } from '../progress.js';
import { stopSignals } from '../stop-signals.js';
import type { Terminal } from '../terminal.js';

/** Options of the command. */
export interface TaskOptions extends CommonOptions {
  index?: string;
  offset: string;
  chunk: string;
  threads?: string;
  maxRequeues: string;
}

/** Variables of the environment that say which task this process is to do, the first that is set. */
const indexVariables = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX'];

/** Milliseconds between two messages on progress. */
const messageInterval = 200;

/** The tasks that are asked for. */
function wantedTasks(sweep: Sweep, options: TaskOptions): number[] {
  const variable = indexVariables.find((name) => (process.env[name] ?? '') !== '');
  const [name, text] = options.index !== undefined ? ['--index', options.index] : [variable, process.env[variable ?? '']];
  if (name === undefined || text === undefined) {
    throw new RbmError('usage', 'which task is not said', { hint: `Name it with --index, or set ${indexVariables.join(' or ')}, as schedulers do.` });
  }
  const number = wholeNumber(name, text, 0, 1e9) + wholeNumber('--offset', options.offset, 0, 1e9);
  const chunk = wholeNumber('--chunk', options.chunk, 1, 1e9);
  const first = number * chunk;
  if (first >= sweep.length) {
    const what = chunk === 1 ? 'tasks are' : `chunks of ${chunk} tasks are`;
    throw new RbmError('usage', `${name} ${printable(text)}: there is no task ${first}: the ${what} 0 to ${Math.ceil(sweep.length / chunk) - 1}`, { hint: 'rbm-train sweep status shows them.' });
  }
  return Array.from({ length: Math.min(chunk, sweep.length - first) }, (_, index) => first + index);
}

/** Tells the process that started this one; where that has died, nobody. */
function send(message: TaskMessage): void {
  process.send?.(message, undefined, undefined, () => {});
}

/** Passes on events of a task as messages. */
function messageDisplay(index: number): ProgressDisplay {
  // Of a shard there are no updates, only the share that is evaluated.
  let [length, share, latest, lastTime] = [0, 0, '', 0];
  const report = (event: RunEvent): void => {
    if (event.type === 'warning') send({ type: 'warning', index, message: event.message });
    if (event.type === 'evaluation') latest = briefFigures(resultFigures(event), event.figures.splits.validation === undefined ? 'train' : 'validation');
    if (event.type === 'start') ({ length } = event);
    if (event.type === 'start' || event.type === 'update') share = event.update / length;
    if (event.type === 'evaluating' && length === 0) ({ share } = event);
    if (event.type === 'warning' || event.type === 'checkpoint' || performance.now() - lastTime < messageInterval) return;
    lastTime = performance.now();
    send({ type: 'progress', index, share, latest });
  };
  return { report, end: () => {} };
}

async function displayFor(sweep: Sweep, index: number, quiet: boolean, terminal: Terminal): Promise<ProgressDisplay> {
  if (process.send !== undefined) return messageDisplay(index);
  const log: LogConfig = isTrainingSweep(sweep) ? (configOfTask(sweep, index).config.log as LogConfig) : { every: { seconds: 10 } };
  return progressDisplay(terminal, log, quiet);
}

/** What is told of a task that has come to its end. */
interface TaskEnd {
  readonly index: number;
  readonly outcome: 'done' | 'there' | 'failed' | 'stopped';
  readonly code: number;
  readonly hasAdvanced: boolean;
}

/** Does one task. */
async function doTask(sweep: Sweep, index: number, options: TaskOptions, terminal: Terminal): Promise<TaskEnd> {
  const name = taskName(sweep, index);
  const stop = terminal.listenForStop();
  const display = await displayFor(sweep, index, options.quiet === true, terminal);
  const threads = options.threads === undefined ? undefined : wholeNumber('--threads', options.threads, 1, 256);
  const before = stateOf(sweep, index);
  let outcome: TaskOutcome;
  try {
    outcome = await runTask(sweep, index, { stop, ...(threads !== undefined && { threads }), report: display.report }, before);
  } catch (error) {
    display.end();
    if (!isRbmError(error)) throw error;
    send({ type: 'end', index, outcome: 'failed', failure: failureFrom(error) });
    terminal.err(`${name} failed: ${messageOf(error)}\n${error.hint === undefined ? '' : `${error.hint}\n`}`);
    return { index, outcome: 'failed', code: exitCodes[error.code], hasAdvanced: error.code === 'diverged' && before.status !== 'diverged' };
  }
  display.end();
  if (outcome.status === 'stopped') {
    send({ type: 'end', index, outcome: 'stopped' });
    terminal.err(`${name}: stopped by ${outcome.signal}; it goes on from there when it is run again\n`);
    return { index, outcome: 'stopped', code: stopSignals[outcome.signal], hasAdvanced: outcome.hasAdvanced };
  }
  const how = outcome.isNew ? 'done' : 'there';
  send({ type: 'end', index, outcome: how });
  if (!options.json && process.send === undefined) terminal.out(`${name}: ${outcome.isNew ? 'done' : 'done before'}\n`);
  return { index, outcome: how, code: exitCodes.ok, hasAdvanced: outcome.isNew };
}

/** Has Slurm queue this job again, where it is one; the last thing that is sure to be done. */
async function queueAgain(ends: readonly TaskEnd[], most: number, terminal: Terminal): Promise<void> {
  const own = ownJob(process.env, most);
  // Others of a pool may still be saving: the job is not this process's to end.
  if (own === undefined || process.send !== undefined) return;
  const hasAdvanced = ends.some((end) => end.hasAdvanced);
  let refusal = hasAdvanced ? undefined : 'nothing was done since it was started, as it would be again where its time limit is too short';
  if ('refusal' in own) refusal = own.refusal;
  else if (refusal === undefined) {
    terminal.err(`job ${printable(own.job)} queues itself again (${own.times + 1} of at most ${most} times)\n`);
    refusal = await requeue(own.job);
  }
  if (refusal !== undefined) terminal.err(`job ${printable(own.job)} is not queued again: ${refusal}; rbm-train sweep run does it\n`);
}

/** Does the tasks that are asked for; returns the exit code. */
export async function task(path: string, options: TaskOptions, terminal: Terminal): Promise<number> {
  // Before all else: until then, a signal ends the process without a word.
  const stop = terminal.listenForStop();
  const sweep = openSweep(path, terminal.workingDirectory);
  const most = wholeNumber('--max-requeues', options.maxRequeues, 0, 1e9);
  // Whoever waits for this process has died: there is no reason to go on, and what is done is kept. As a signal, so that one
  // that comes at the same time counts as its echo.
  process.on('disconnect', () => {
    if (stop.signal === undefined) process.emit('SIGTERM');
  });
  // To listen for its end would keep this process alive, also where it fails.
  process.channel?.unref();
  const ends: TaskEnd[] = [];
  const wanted = wantedTasks(sweep, options);
  for (const index of wanted) {
    collectGarbage();
    const end = await doTask(sweep, index, options, terminal);
    ends.push(end);
    if (end.outcome === 'stopped' || stop.signal !== undefined) break;
  }
  // Of a signal that comes later, there is nothing left to stop.
  const { signal } = stop;
  if (options.json) terminal.out(`${jsonText(ends.map(({ index, outcome, code }) => ({ index, outcome, code })))}\n`);
  // It may also have come when a task was done, and before the next had begun.
  const isCut = ends.at(-1)?.outcome === 'stopped' || ends.length < wanted.length;
  if (signal === undefined || !isCut) return ends.find(({ code }) => code !== exitCodes.ok)?.code ?? exitCodes.ok;
  if (signal === 'SIGUSR2') await queueAgain(ends, most, terminal);
  return stopSignals[signal];
}
