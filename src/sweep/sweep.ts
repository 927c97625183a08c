/**
 * A planned sweep in its directory, and how far each of its tasks is: from the files that tasks leave, never from a queue.
 *
 *     manifest.json          which tasks there are
 *     tasks/<id>/            the run directory of a training (or in the folder that --results named)
 *     tasks/<id>/failure.json   why the last try ended, where it failed
 *     shards/<id>.…          finished shards of one large estimate
 *     slurm/                 batch scripts, logs, submitted jobs
 *     results.csv, results.json, sweep.html   what gather makes
 */

import { dirname, join, resolve } from 'node:path';
import { removeFile, writeFileAtomically } from '../checkpoint/atomic-write.js';
import { RunDirectory } from '../checkpoint/run-directory.js';
import type { LoadedConfig } from '../config/index.js';
import { exitCodes, isRbmError, messageOf, printable, RbmError, type ErrorCode } from '../errors.js';
import { kindAt } from '../read-file.js';
import { shortNames, valueText } from '../report/ranking.js';
import type { RunResult } from '../run/train-run.js';
import { isShardDone, type ShardPlan } from './evaluation-shards.js';
import { placeOf, readManifest, taskId, type Manifest, type TrainingManifest, type TrainingTask } from './manifest.js';
import { configOfSetting } from './sweep-file.js';

/** Why a try at a task ended without a result. */
export interface TaskFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** How far a task is. */
export type TaskState =
  /** Its result is there and valid. */
  | { readonly status: 'done' }
  /** The training diverged, as it would again. */
  | { readonly status: 'diverged'; readonly failure: TaskFailure }
  /** There is a checkpoint to continue from. */
  | { readonly status: 'started'; readonly update: number; readonly failure?: TaskFailure }
  | { readonly status: 'missing'; readonly failure?: TaskFailure };

/** A sweep and its directory. */
export interface Sweep {
  /** Absolute path. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** How many tasks it has; they are counted from 0. */
  readonly length: number;
}

/** A sweep of trainings. */
export interface TrainingSweep extends Sweep {
  readonly manifest: TrainingManifest;
}

/** Whether the tasks are trainings, not shards of an estimate. */
export function isTrainingSweep(sweep: Sweep): sweep is TrainingSweep {
  return sweep.manifest.kind === 'training';
}

/** The plan of an estimate in shards; a RangeError of a sweep of trainings. */
export function shardPlanOf({ manifest }: Sweep): ShardPlan {
  if (manifest.kind !== 'evaluation') throw new RangeError('a sweep of trainings has no shards');
  return manifest.evaluation;
}

/**
 * Opens a planned sweep.
 *
 * @throws RbmError as {@link readManifest}; 'usage' for an empty path
 */
export function openSweep(path: string, workingDirectory: string): Sweep {
  if (path === '') throw new RbmError('usage', 'the name of the directory is empty', { hint: 'Name the directory of a sweep; perhaps a variable of the shell is not set.' });
  const directory = resolve(workingDirectory, path);
  const manifest = readManifest(directory);
  const { length } = manifest.kind === 'training' ? manifest.tasks : manifest.evaluation.shards;
  return { directory, manifest, length };
}

/** The run directory of a training. */
export function runDirectoryOf({ directory, manifest }: TrainingSweep, task: TrainingTask): RunDirectory {
  return new RunDirectory(join(placeOf(directory, manifest.results), task.id));
}

/** The config of a training, its run directory filled in. */
export function configOfTask(sweep: TrainingSweep, index: number, threads?: number): LoadedConfig {
  const { directory, manifest } = sweep;
  const task = manifest.tasks[index];
  const base = manifest.bases[task.base];
  const loaded = configOfSetting({ ...base, folder: placeOf(directory, base.folder) }, task.values, `task ${index}: ${base.name}`);
  const { execution, ...config } = loaded.config as { execution: object };
  return { ...loaded, config: { ...config, execution: { ...execution, ...(threads !== undefined && { threads }) }, output: runDirectoryOf(sweep, task).path } };
}

/** What a task is called in messages: its number and what it varies. */
export function taskName(sweep: Sweep, index: number): string {
  if (!isTrainingSweep(sweep)) return `shard ${index}`;
  const { bases, tasks, varied } = sweep.manifest;
  const { base, values } = tasks[index];
  const keys = [...varied, 'seed'];
  const names = shortNames(keys);
  const words = keys.flatMap((key, at) => (values[key] === undefined ? [] : [`${names[at]}=${valueText(values[key])}`]));
  return printable([`task ${index}`, ...(bases.length > 1 ? [bases[base].name] : []), ...words].join(' '), 120);
}

/** Whether what a result says of itself is of the right types: only then is it hashed, for a damaged one may hold anything, at any depth. */
function isIdentified({ digest, configHash, dataFingerprint, numericsVersion, updates }: Partial<Record<keyof RunResult, unknown>>): boolean {
  const areHashes = [digest, configHash, dataFingerprint].every((hash) => typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash));
  return areHashes && Number.isSafeInteger(numericsVersion) && Number.isSafeInteger(updates);
}

/**
 * The result of a training, where it is there and is this task's.
 *
 * @returns undefined where it is missing, damaged, or of another training
 */
export function resultOf(sweep: TrainingSweep, index: number): RunResult | undefined {
  const task = sweep.manifest.tasks[index];
  const directory = runDirectoryOf(sweep, task);
  try {
    const result = directory.readJson(directory.result) as RunResult | undefined;
    if (result === undefined || !isIdentified(result)) return undefined;
    const { configHash, dataFingerprint, numericsVersion, updates } = result;
    const isOwn = taskId({ configHash, dataFingerprint, numericsVersion, updates, figures: task.figures }) === task.id;
    return isOwn && kindAt(directory.checkpoint(task.updates)) === 'file' ? result : undefined;
  } catch (error) {
    // Damaged, or not to be read now: whoever runs the task finds out which, and says so.
    if (isRbmError(error)) return undefined;
    throw error;
  }
}

/** The file in which it is written why the last try at a task failed. */
function failureFile(sweep: Sweep, index: number): string {
  if (isTrainingSweep(sweep)) return join(runDirectoryOf(sweep, sweep.manifest.tasks[index]).path, 'failure.json');
  return join(sweep.directory, 'shards', `${shardPlanOf(sweep).shards[index].id}.failure.json`);
}

function failureOf(sweep: Sweep, index: number): TaskFailure | undefined {
  const file = failureFile(sweep, index);
  try {
    const { code, message } = new RunDirectory(dirname(file)).readJson(file) ?? {};
    if (typeof code !== 'string' || !Object.hasOwn(exitCodes, code) || typeof message !== 'string') return undefined;
    return { code: code as ErrorCode, message };
  } catch {
    return undefined;
  }
}

/** Keeps why a try at a task failed, for status and gather; what goes wrong with that is of no consequence. */
export function writeFailure(sweep: Sweep, index: number, { code, message }: TaskFailure): void {
  try {
    writeFileAtomically(failureFile(sweep, index), `${JSON.stringify({ code, message }, undefined, 2)}\n`);
  } catch {
    // The same failure has most likely come from there.
  }
}

/** Forgets why an earlier try failed. */
export function removeFailure(sweep: Sweep, index: number): void {
  const file = failureFile(sweep, index);
  if (kindAt(file) !== undefined) removeFile(file);
}

/** The update of the latest checkpoint of a training. */
function latestUpdate(sweep: Sweep, index: number): number | undefined {
  return isTrainingSweep(sweep) ? runDirectoryOf(sweep, sweep.manifest.tasks[index]).checkpointUpdates()[0] : undefined;
}

function findState(sweep: Sweep, index: number): TaskState {
  // One look at a task that is not begun, instead of five: of large sweeps there are thousands.
  if (isTrainingSweep(sweep) && kindAt(runDirectoryOf(sweep, sweep.manifest.tasks[index]).path) === undefined) return { status: 'missing' };
  const isDone = isTrainingSweep(sweep) ? resultOf(sweep, index) !== undefined : isShardDone(sweep.directory, shardPlanOf(sweep), index);
  if (isDone) return { status: 'done' };
  const failure = failureOf(sweep, index);
  if (failure?.code === 'diverged') return { status: 'diverged', failure };
  const update = latestUpdate(sweep, index);
  const told = failure === undefined ? {} : { failure };
  return update === undefined ? { status: 'missing', ...told } : { status: 'started', update, ...told };
}

/** How far a task is; where that can't be read, it counts as missing for that reason: one folder keeps nobody from the other tasks. */
export function stateOf(sweep: Sweep, index: number): TaskState {
  try {
    return findState(sweep, index);
  } catch (error) {
    if (!isRbmError(error)) throw error;
    return { status: 'missing', failure: failureFrom(error) };
  }
}

/** Whether there is nothing more to do: trying again would give the same. */
export function isSettled({ status }: TaskState): boolean {
  return status === 'done' || status === 'diverged';
}

/** Numbers of the tasks that are not settled, ascending. */
export function openTasks(sweep: Sweep): number[] {
  return Array.from({ length: sweep.length }, (_, index) => index).filter((index) => !isSettled(stateOf(sweep, index)));
}

/** The failure that an error is. */
export function failureFrom(error: unknown): TaskFailure {
  return { code: isRbmError(error) ? error.code : 'runtime', message: messageOf(error) };
}
