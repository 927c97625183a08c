/**
 * How long a task takes, roughly: enough to see which tasks are so short that they do not pay on their own (an element of an
 * array costs Slurm 1 to 1.5 s). No result depends on it.
 */

import type { RunConfig } from '../config/run-config.js';
import { isRbmError } from '../errors.js';
import { loadRunDataset } from '../run/prepare.js';
import { configOfTask, isTrainingSweep, resultOf, runDirectoryOf, type Sweep, type TrainingSweep } from './sweep.js';

/** Tasks that are looked at, spread over all. */
const samples = 20;

/** Seconds that an update takes beside its arithmetic. */
const updateSeconds = 6e-5;

/** Seconds for one product of a state and a weight. */
const productSeconds = 5e-11;

/** Seconds that a training takes to read its data and write its files. */
const startSeconds = 0.5;

function spread(indices: readonly number[]): number[] {
  const count = Math.min(samples, indices.length);
  return Array.from({ length: count }, (_, number) => indices[Math.floor((number * indices.length) / count)]);
}

const mean = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length);

/** CPU seconds of all sessions of a finished training; undefined where execution.json does not say. */
function secondsTaken(sweep: TrainingSweep, index: number): number | undefined {
  const directory = runDirectoryOf(sweep, sweep.manifest.tasks[index]);
  try {
    const sessions = directory.readJson(directory.execution)?.sessions as { cpuSeconds?: unknown }[] | undefined;
    const seconds = sessions?.reduce((sum, { cpuSeconds }) => sum + Number(cpuSeconds), 0) ?? NaN;
    return Number.isFinite(seconds) ? seconds : undefined;
  } catch (error) {
    // Damaged: other tasks say it, too.
    if (isRbmError(error) || error instanceof TypeError) return undefined;
    throw error;
  }
}

/**
 * From the config: mini-batch × visible × hidden units × (2k + 4) products to an update. Measured on one 2.1 GHz core with 784
 * visible units: 500 hidden, 100 examples, CD-1 10 ms, CD-10 40 ms; 20 hidden 0.9 ms; a toy of 9 × 4 units 0.05 ms. Neither
 * evaluations nor the enumeration of exact gradients is in it.
 */
async function secondsByConfig(sweep: TrainingSweep, indices: readonly number[]): Promise<number> {
  const first = configOfTask(sweep, indices[0]);
  const { columns, splits } = await loadRunDataset(first);
  const seconds = indices.map((index) => {
    const { model, training } = configOfTask(sweep, index).config as unknown as RunConfig;
    const batch = training.batchSize === 'full' ? splits.train.rows : training.batchSize;
    const products = batch * columns * (model.hiddenUnits ?? columns) * (2 * (training.k ?? 1) + 4);
    return startSeconds + sweep.manifest.tasks[index].updates * (updateSeconds + productSeconds * products);
  });
  return mean(seconds) ?? 0;
}

/**
 * Seconds that a task takes on one core, on average: from those that are done, else from the config.
 *
 * @param missing tasks that are to be done, at least one
 * @returns undefined of shards: they are cut as large as they should be
 * @throws RbmError where the data can't be read
 */
export async function taskSeconds(sweep: Sweep, missing: readonly number[]): Promise<number | undefined> {
  if (!isTrainingSweep(sweep)) return undefined;
  const isMissing = new Set(missing);
  const others = Array.from({ length: sweep.length }, (_, index) => index).filter((index) => !isMissing.has(index));
  const taken = spread(others).flatMap((index) => (resultOf(sweep, index) === undefined ? [] : (secondsTaken(sweep, index) ?? [])));
  return mean(taken) ?? (await secondsByConfig(sweep, spread(missing)));
}

/** Seconds that an element of an array should take at least. */
const elementSeconds = 60;

/**
 * How many tasks make an element: about a minute's, but so few that all places have two elements.
 *
 * @param seconds of one task; 1 task to an element where undefined
 * @param tasks how many are to be done
 * @param places elements that run at a time
 */
export function chunkFor(seconds: number | undefined, tasks: number, places: number): number {
  if (seconds === undefined) return 1;
  return Math.max(1, Math.min(Math.round(elementSeconds / Math.max(seconds, 1e-3)), Math.floor(tasks / (2 * places))));
}
