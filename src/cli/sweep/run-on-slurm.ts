/**
 * `rbm-train sweep run --engine slurm`: submits what is not done yet, and not queued, as job arrays, and a job that gathers
 * when they are over.
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder, writeFileAtomically } from '../../checkpoint/atomic-write.js';
import { exitCodes, isRbmError, printable, RbmError } from '../../errors.js';
import { stoppablePause, type StopRequest } from '../../run/stop-request.js';
import { queuedTasks } from '../../sweep/queue.js';
import { namedRanges, rangesText } from '../../sweep/ranges.js';
import { defaultMaxArraySize, maxArraySize, requireSlurm, submit } from '../../sweep/slurm-commands.js';
import { askQueue, rememberJob, submittedJobs, type QueuedElement } from '../../sweep/slurm-jobs.js';
import { arrayScript, checkSettings, gatherScript, jobName, piecesOf, shellQuoted, slurmFolder, timeLimitSeconds, type ArrayPiece, type ArraySettings } from '../../sweep/slurm-script.js';
import { isSettled, openSweep, openTasks, stateOf, type Sweep } from '../../sweep/sweep.js';
import { chunkFor, taskSeconds } from '../../sweep/task-seconds.js';
import { jsonText } from '../json-output.js';
import { wholeNumber } from '../numbers.js';
import { shellWord, shortPath } from '../paths.js';
import { warner } from '../remarks.js';
import { stopSignals } from '../stop-signals.js';
import type { Terminal } from '../terminal.js';
import type { RunOptions } from './run.js';

/** Seconds by which Slurm's signals may come early. */
const earlySeconds = 60;

/** Elements that are thought to run at a time where --max-parallel does not say. */
const usualPlaces = 8;

const executable = fileURLToPath(new URL('../../../bin/rbm-train.js', import.meta.url));

/** Scripts and how they are submitted. */
interface Submission {
  readonly settings: ArraySettings;
  readonly arrays: readonly { readonly path: string; readonly text: string; readonly piece: ArrayPiece }[];
  readonly gather: { readonly path: string; readonly text: string };
}

function settingsFrom(directory: string, options: RunOptions): Omit<ArraySettings, 'chunk'> {
  const number = (name: string, text: string | undefined, least: number, most: number): number | undefined => (text === undefined ? undefined : wholeNumber(name, text, least, most));
  const { time, partition, account } = options;
  const settings = {
    directory,
    program: [process.execPath, executable],
    time,
    partition,
    account,
    sbatchArguments: options.sbatchArg ?? [],
    maxParallel: number('--max-parallel', options.maxParallel, 1, 1e6),
    // Slurm keeps them in 16 bits.
    warn: wholeNumber('--warn', options.warn ?? '120', 0, 65535),
    maxRequeues: wholeNumber('--max-requeues', options.maxRequeues ?? '1000', 0, 1e9),
    threads: number('--threads', options.threads, 1, 256),
  };
  checkSettings(settings);
  return settings;
}

/** The cluster's MaxArraySize; with --dry-run also where it can't be asked. */
async function arraySize(isDry: boolean, terminal: Terminal): Promise<number> {
  try {
    await requireSlurm();
    return await maxArraySize();
  } catch (error) {
    if (!isDry || !isRbmError(error)) throw error;
    terminal.err(`note: ${error.message}; MaxArraySize is taken to be ${defaultMaxArraySize}\n`);
    return defaultMaxArraySize;
  }
}

/** The scripts for tasks. */
async function planSubmission(sweep: Sweep, missing: readonly number[], options: RunOptions, terminal: Terminal): Promise<Submission> {
  const common = settingsFrom(sweep.directory, options);
  const size = await arraySize(options.dryRun === true, terminal);
  const chunk = options.chunk !== undefined ? wholeNumber('--chunk', options.chunk, 1, 1e9) : chunkFor(await taskSeconds(sweep, missing), missing.length, common.maxParallel ?? usualPlaces);
  const settings = { ...common, chunk };
  const chunks = [...new Set(missing.map((index) => Math.floor(index / chunk)))];
  const folder = slurmFolder(sweep.directory);
  const arrays = piecesOf(chunks, size).map((piece, number) => ({
    path: join(folder, number === 0 ? 'task.sbatch' : `task-${number + 1}.sbatch`),
    text: arrayScript(settings, piece),
    piece,
  }));
  return { settings, arrays, gather: { path: join(folder, 'gather.sbatch'), text: gatherScript(settings) } };
}

/** Options of sbatch that are given to it once more: variables of the environment count for more than lines of a script. */
const repeated = ['time', 'partition', 'account'] as const;

/** What sbatch is given for a script: the name of the job, too, by which it is known, for a variable of sbatch's may name another. */
function sbatchArguments(settings: ArraySettings, path: string, after: readonly string[]): string[] {
  const given = repeated.flatMap((name) => (settings[name] === undefined ? [] : [`--${name}=${settings[name]}`]));
  return [`--job-name=${jobName(settings.directory)}`, ...given, ...(after.length > 0 ? [`--dependency=afterany:${after.join(':')}`] : []), path];
}

/** As {@link sbatchArguments}, of an array: it waits for the one before where only so many elements may run at a time. */
function arrayArguments({ settings, arrays }: Submission, number: number, before: string | undefined): string[] {
  return sbatchArguments(settings, arrays[number].path, settings.maxParallel === undefined || before === undefined ? [] : [before]);
}

/** Warns where tasks are told to save as soon as they have begun: Slurm's signals come up to a minute early. */
function warnOfHaste({ time, warn: seconds }: ArraySettings, warn: (message: string) => void): void {
  const limit = timeLimitSeconds(time ?? '');
  if (limit === undefined || seconds === 0 || limit - seconds > earlySeconds) return;
  warn(`--time ${printable(time ?? '')}: tasks are told to save ${seconds} s before that (--warn), or up to ${earlySeconds} s sooner: one that takes longer may do next to nothing between two starts. Give them more time, or a smaller --warn`);
}

/** Shows what would be submitted. */
function showSubmission(submission: Submission, active: readonly string[], options: RunOptions, terminal: Terminal): void {
  const { settings, arrays, gather } = submission;
  const idOf = (number: number): string => `<job of ${number === 0 ? 'task' : `task-${number + 1}`}.sbatch>`;
  const commands = arrays.map((_, number) => ['sbatch', '--parsable', ...arrayArguments(submission, number, number === 0 ? undefined : idOf(number - 1))]);
  commands.push(['sbatch', '--parsable', ...sbatchArguments(settings, gather.path, [...active, ...arrays.map((_, number) => idOf(number))])]);
  const scripts = [...arrays, gather].map(({ path, text }) => ({ path, text }));
  if (options.json) terminal.out(`${jsonText({ scripts, commands })}\n`);
  else {
    for (const { path, text } of scripts) terminal.out(`### ${printable(path, 4000)}\n${text}\n`);
    terminal.out(`### commands\n${commands.map((words) => words.map((word) => (/^[\w./=:-]+$/.test(word) ? word : shellQuoted(word))).join(' ')).join('\n')}\n`);
  }
}

/** What was submitted. */
interface Submitted {
  readonly arrays: readonly { readonly jobId: string; readonly elements: string; readonly offset: number; readonly chunk: number }[];
  readonly gather: string;
}

/** Writes the scripts and submits them; each job is remembered before the next is submitted. */
async function submitAll(sweep: Sweep, submission: Submission, active: readonly string[], pause: () => Promise<void>): Promise<Submitted> {
  const { directory } = sweep;
  const { settings, gather } = submission;
  // Slurm makes no folders for logs: the job would fail without a word.
  makeFolder(join(slurmFolder(directory), 'logs'));
  const name = jobName(directory);
  const arrays: Submitted['arrays'][number][] = [];
  for (const [number, { path, text, piece }] of submission.arrays.entries()) {
    await pause();
    writeFileAtomically(path, text);
    const jobId = await submit(arrayArguments(submission, number, arrays.at(-1)?.jobId), directory);
    const array = { jobId, elements: rangesText(piece.elements), offset: piece.offset, chunk: settings.chunk };
    rememberJob(directory, { ...array, name, purpose: 'tasks' });
    arrays.push(array);
  }
  await pause();
  writeFileAtomically(gather.path, gather.text);
  const jobId = await submit(sbatchArguments(settings, gather.path, [...active, ...arrays.map((array) => array.jobId)]), directory);
  rememberJob(directory, { jobId, name, purpose: 'gather', offset: 0, chunk: 0, elements: '' });
  return { arrays, gather: jobId };
}

/** Milliseconds between two questions to Slurm: more and more while nothing changes, for others ask, too. */
const pollMilliseconds = { least: 2000, most: 10_000, growth: 1.2 };

/** So many questions in a row may fail, as they do while a controller is started again. */
const failuresLimit = 10;

/** Waits; sooner over where a stop is requested. */
async function rest(milliseconds: number, stop: StopRequest): Promise<void> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end && stop.signal === undefined) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

/**
 * Waits until the queue has none of the sweep's jobs any more.
 *
 * @returns whether that is so; false where a stop was requested
 */
async function waitForJobs(sweep: Sweep, stop: StopRequest, warn: (message: string) => void, tell: (line: string) => void): Promise<boolean> {
  const jobs = submittedJobs(sweep.directory, warn);
  const settled = new Set<number>();
  const isOpen = (index: number): boolean => !settled.has(index);
  const look = (isWanted: (index: number) => boolean): void => {
    for (let index = 0; index < sweep.length; index++) if (isOpen(index) && isWanted(index) && isSettled(stateOf(sweep, index))) settled.add(index);
  };
  look(() => true);
  let [failures, last, delay] = [0, '', pollMilliseconds.least];
  while (stop.signal === undefined) {
    let elements: QueuedElement[] | undefined;
    try {
      elements = await askQueue(jobs);
      failures = 0;
    } catch (error) {
      // A signal from the terminal ends squeue, too.
      if (stop.signal !== undefined) return false;
      if (!isRbmError(error) || ++failures === failuresLimit) throw error;
      if (failures === 1) warn(error.message);
    }
    const seen = elements?.map(({ job, element, isRunning }) => `${job.jobId}_${element}${isRunning}`).join(' ') ?? last;
    if (elements !== undefined && (seen !== last || elements.length === 0)) {
      const { queued, running } = queuedTasks(elements, sweep.length, () => true);
      // What waits does not get done; to look at each of 100,000 tasks every time would keep a file server busy.
      const waiting = new Set(queued);
      look((index) => !waiting.has(index));
      tell(`${settled.size} of ${sweep.length} done, ${running.filter(isOpen).length} running, ${queued.filter(isOpen).length} queued`);
      if (elements.length === 0) return true;
    }
    delay = seen === last ? Math.min(pollMilliseconds.most, delay * pollMilliseconds.growth) : pollMilliseconds.least;
    last = seen;
    await rest(delay, stop);
  }
  return false;
}

/** Waits for all jobs, and says how it ended; returns the exit code. */
async function waitForEnd(sweep: Sweep, stop: StopRequest, options: RunOptions, terminal: Terminal): Promise<number> {
  const name = printable(shellWord(shortPath(sweep.directory, terminal.workingDirectory)), 1000);
  let told = '';
  const tell = (line: string): void => {
    if (line !== told && !options.quiet) terminal.err(`${line}\n`);
    told = line;
  };
  const isOver = await waitForJobs(sweep, stop, warner(options, terminal), tell);
  if (!isOver && stop.signal !== undefined) {
    terminal.err(`stopped waiting; the jobs go on. rbm-train sweep status ${name} shows them\n`);
    return stopSignals[stop.signal];
  }
  const states = Array.from({ length: sweep.length }, (_, index) => stateOf(sweep, index));
  const open = [...states.keys()].filter((index) => !isSettled(states[index]));
  if (open.length > 0) {
    throw new RbmError('incomplete', `${open.length} of ${sweep.length} tasks are missing: ${rangesText(open, namedRanges)}`, {
      hint: `Why: rbm-train sweep status ${name}, and the logs in its folder slurm/logs. To do them: rbm-train sweep run ${name} --engine slurm.`,
    });
  }
  const diverged = states.filter(({ status }) => status === 'diverged').length;
  if (!options.json) terminal.out(`all ${sweep.length} tasks are done${diverged > 0 ? `; ${diverged} diverged` : ''}\n`);
  return exitCodes.ok;
}

/** Submits what is missing; returns the exit code. */
export async function runOnSlurm(path: string, options: RunOptions, terminal: Terminal): Promise<number> {
  if (options.jobs !== undefined) throw new RbmError('usage', '--jobs: for this machine only', { hint: 'How many elements run at a time, --max-parallel says.' });
  const sweep = openSweep(path, terminal.workingDirectory);
  const isDry = options.dryRun === true;
  const warn = warner(options, terminal);
  const stop: StopRequest = isDry ? {} : terminal.listenForStop();
  const elements = await askQueueOrWarn(sweep, isDry, warn);
  const { queued, running } = queuedTasks(elements, sweep.length, () => true);
  const isQueued = new Set([...queued, ...running]);
  const open = openTasks(sweep);
  const missing = open.filter((index) => !isQueued.has(index));
  if (!options.quiet) terminal.err(`${sweep.length} tasks: ${sweep.length - open.length} done, ${open.length - missing.length} queued or running, ${missing.length} to submit\n`);
  const facts = { tasks: sweep.length, done: sweep.length - open.length, queued: open.length - missing.length };
  if (missing.length === 0) {
    if (options.json) terminal.out(`${jsonText({ ...facts, submitted: [] })}\n`);
    else terminal.out('nothing to submit\n');
  } else {
    const submission = await planSubmission(sweep, missing, options, terminal);
    warnOfHaste(submission.settings, warn);
    const active = [...new Set(elements.flatMap(({ job }) => (job.purpose === 'tasks' ? [job.jobId] : [])))];
    if (isDry) {
      showSubmission(submission, active, options, terminal);
      return exitCodes.ok;
    }
    const { arrays, gather } = await submitAll(sweep, submission, active, stoppablePause(stop));
    if (options.json) terminal.out(`${jsonText({ ...facts, submitted: arrays, gather })}\n`);
    else for (const { jobId, elements: list, offset, chunk } of arrays) terminal.out(`job ${jobId}: elements ${list}${offset > 0 ? ` (+ ${offset})` : ''}${chunk > 1 ? `, ${chunk} tasks to each` : ''}\n`);
  }
  return options.wait && !isDry && (missing.length > 0 || elements.length > 0) ? await waitForEnd(sweep, stop, options, terminal) : exitCodes.ok;
}

/** What the queue has of earlier jobs; with --dry-run nothing where it can't be asked. */
async function askQueueOrWarn(sweep: Sweep, isDry: boolean, warn: (message: string) => void): Promise<QueuedElement[]> {
  try {
    return await askQueue(submittedJobs(sweep.directory, warn));
  } catch (error) {
    if (!isDry || !isRbmError(error)) throw error;
    warn(`what is queued and running is not known: ${error.message}`);
    return [];
  }
}
