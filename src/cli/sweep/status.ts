/**
 * `rbm-train sweep status`: how far every task is, from the files that tasks leave. The queue only adds which of the others
 * are queued or running.
 */

import { exitCodes } from '../../errors.js';
import { queueState } from '../../sweep/queue.js';
import { namedRanges, rangesText } from '../../sweep/ranges.js';
import { isSettled, isTrainingSweep, openSweep, shardPlanOf, stateOf, taskName, type Sweep, type TaskState } from '../../sweep/sweep.js';
import { jsonText } from '../json-output.js';
import type { CommonOptions } from '../options.js';
import { warner } from '../remarks.js';
import type { Terminal } from '../terminal.js';
import { failureLines } from './failure-lines.js';

/** Options of the command. */
export type StatusOptions = CommonOptions;

/** What is told of a state, in this order. */
const words: readonly (readonly [TaskState['status'], string])[] = [
  ['done', 'done'],
  ['diverged', 'diverged'],
  ['started', 'started'],
  ['missing', 'not started'],
];

/** More started tasks than these are told in ranges only. */
const toldStarted = 20;

function startedLines(sweep: Sweep, states: readonly TaskState[]): string[] {
  if (!isTrainingSweep(sweep)) return [];
  const started = states.flatMap((state, index) => (state.status === 'started' ? [`  ${taskName(sweep, index)}: update ${state.update} of ${sweep.manifest.tasks[index].updates}`] : []));
  return started.length > toldStarted ? [] : started;
}

/** Shows how far the tasks are; returns the exit code. */
export async function status(path: string, options: StatusOptions, terminal: Terminal): Promise<number> {
  const sweep = openSweep(path, terminal.workingDirectory);
  const states = Array.from({ length: sweep.length }, (_, index) => stateOf(sweep, index));
  const queue = await queueState(sweep, (index) => states[index].status !== 'done', warner(options, terminal));
  if (options.json) {
    const ids = isTrainingSweep(sweep) ? sweep.manifest.tasks : shardPlanOf(sweep).shards;
    const tasks = states.map((state, index) => ({ index, id: ids[index].id, ...state }));
    terminal.out(`${jsonText({ isComplete: states.every(isSettled), tasks, ...(queue && { queue }) })}\n`);
    return exitCodes.ok;
  }
  const line = (word: string, numbers: readonly number[]): string[] =>
    numbers.length === 0 ? [] : [`${word.padEnd(12)}${String(numbers.length).padStart(7)} of ${sweep.length}  ${rangesText(numbers, namedRanges)}`];
  const failed = states.flatMap((state, index) => (state.status === 'done' || state.failure === undefined ? [] : [{ index, ...state.failure }]));
  const lines = [
    ...words.flatMap(([how, word]) => line(word, states.flatMap((state, index) => (state.status === how ? [index] : [])))),
    ...Object.entries(queue ?? {}).flatMap(([word, numbers]: [string, readonly number[]]) => line(word, numbers)),
    ...startedLines(sweep, states),
    ...failureLines(sweep, 'last tries that failed', failed),
  ];
  terminal.out(`${lines.join('\n')}\n`);
  return exitCodes.ok;
}
