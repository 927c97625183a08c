/**
 * `rbm-train sweep status`: how far every task is, from the files that tasks leave. The queue only adds which of the others
 * are queued or running.
 */

import { exitCodes, printable } from '../../errors.js';
import { queueState } from '../../sweep/queue.js';
import { rangesText } from '../../sweep/ranges.js';
import { isTrainingSweep, openSweep, stateOf, taskName, type Sweep, type TaskState } from '../../sweep/sweep.js';
import { jsonText } from '../json-output.js';
import type { CommonOptions } from '../options.js';
import { warner } from '../remarks.js';
import type { Terminal } from '../terminal.js';

/** Options of the command. */
export type StatusOptions = CommonOptions;

/** What is told of a state, in this order. */
const words: readonly (readonly [TaskState['status'], string])[] = [
  ['done', 'done'],
  ['diverged', 'diverged'],
  ['started', 'started'],
  ['missing', 'not started'],
];

/** More failures than these are in the JSON only. */
const toldFailures = 20;

/** Ranges of tasks that are named. */
const namedRanges = 20;

function failureLines(sweep: Sweep, states: readonly TaskState[]): string[] {
  const failed = states.flatMap((state, index) => (state.status === 'done' || state.failure === undefined ? [] : [{ index, ...state.failure }]));
  const lines = failed.slice(0, toldFailures).map(({ index, message }) => `  ${taskName(sweep, index)}: ${printable(message, 500)}`);
  if (failed.length > toldFailures) lines.push(`  and ${failed.length - toldFailures} more (--json has all)`);
  return lines.length === 0 ? [] : ['last tries that failed:', ...lines];
}

function startedLines(sweep: Sweep, states: readonly TaskState[]): string[] {
  if (!isTrainingSweep(sweep)) return [];
  const started = states.flatMap((state, index) => (state.status === 'started' ? [`  ${taskName(sweep, index)}: update ${state.update} of ${sweep.manifest.tasks[index].updates}`] : []));
  return started.length > toldFailures ? [] : started;
}

/** Shows how far the tasks are; returns the exit code. */
export async function status(path: string, options: StatusOptions, terminal: Terminal): Promise<number> {
  const sweep = openSweep(path, terminal.workingDirectory);
  const states = Array.from({ length: sweep.length }, (_, index) => stateOf(sweep, index));
  const queue = await queueState(sweep, warner(options, terminal));
  if (options.json) {
    const ids = isTrainingSweep(sweep) ? sweep.manifest.tasks : sweep.manifest.kind === 'evaluation' ? sweep.manifest.evaluation.shards : [];
    const isComplete = states.every(({ status: how }) => how === 'done' || how === 'diverged');
    terminal.out(`${jsonText({ isComplete, tasks: states.map((state, index) => ({ index, id: ids[index].id, ...state })), ...(queue && { queue }) })}\n`);
    return exitCodes.ok;
  }
  const lines = words.flatMap(([how, word]) => {
    const numbers = states.flatMap((state, index) => (state.status === how ? [index] : []));
    return numbers.length === 0 ? [] : [`${word.padEnd(12)}${String(numbers.length).padStart(7)} of ${sweep.length}  ${rangesText(numbers, namedRanges)}`];
  });
  for (const [word, numbers] of Object.entries(queue ?? {}) as [string, number[]][]) {
    if (numbers.length > 0) lines.push(`${word.padEnd(12)}${String(numbers.length).padStart(7)} of ${sweep.length}  ${rangesText(numbers, namedRanges)}`);
  }
  terminal.out(`${[...lines, ...startedLines(sweep, states), ...failureLines(sweep, states)].join('\n')}\n`);
  return exitCodes.ok;
}
