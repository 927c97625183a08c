/**
 * One task of a sweep, from wherever it stands to its end: done already, continued from its latest whole checkpoint, or begun.
 *
 * There is no lock: two processes may do the same task at once (a node that was thought lost does), write the same bits, and
 * replace files by renaming.
 */

import { isDamagedRun } from '../checkpoint/run-directory.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { readModelFile } from '../checkpoint/model-file.js';
import type { LoadedConfig } from '../config/index.js';
import { isRbmError, messageOf, RbmError } from '../errors.js';
import type { Report } from '../run/events.js';
import { checkpointToContinue, withKeptStart } from '../run/open-run.js';
import { prepareRun, type PreparedRun } from '../run/prepare.js';
import { Stopped, stoppablePause, type StopRequest, type StopSignal } from '../run/stop-request.js';
import { trainRun } from '../run/train-run.js';
import { computeShard } from './evaluation-shards.js';
import { taskIdOf } from './plan.js';
import { configOfTask, failureFrom, isTrainingSweep, removeFailure, runDirectoryOf, shardPlanOf, stateOf, writeFailure, type Sweep, type TrainingSweep } from './sweep.js';

/** What a task works with. */
export interface TaskContext {
  readonly stop: StopRequest;
  /** Threads that share the work; as many as pay where left out. No result depends on it. */
  readonly threads?: number;
  /** Receives the events of a training; of a shard `evaluating`, with its share. */
  readonly report: Report;
}

/** How a task ended, where it did not fail. */
export type TaskOutcome =
  /** `isNew` is false where the result was there already. */
  | { readonly status: 'done'; readonly isNew: boolean }
  /** `hasAdvanced`: whether anything was done that the next try need not do again. */
  | { readonly status: 'stopped'; readonly signal: StopSignal; readonly hasAdvanced: boolean };

/** The checkpoint to continue from; `isLost` where there are some, and none that can be read. */
function startingPoint(prepared: PreparedRun, directory: ReturnType<typeof runDirectoryOf>, warn: (message: string) => void): { checkpoint?: Checkpoint; isLost: boolean } {
  if (!directory.holdsRun()) return { isLost: false };
  try {
    return { checkpoint: checkpointToContinue(directory, prepared, warn), isLost: false };
  } catch (error) {
    if (isRbmError(error) && error.code === 'usage') {
      // What is there is whole, and not what this task would have written: somebody's work.
      throw new RbmError('usage', error.message, { hint: 'Somebody has trained on in the folder of this task, or put a run there: move the folder away, and the task starts again.', cause: error });
    }
    if (!isDamagedRun(error)) throw error;
    warn(`${messageOf(error)}; the training starts again`);
    return { isLost: true };
  }
}

/** Why a model file can't be read; undefined where it can. */
function modelFileFault(path: string): string | undefined {
  try {
    readModelFile(path, {});
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** What a task trains; from the original of the model file where the run's own copy of it is damaged. */
async function prepareTask(sweep: TrainingSweep, index: number, threads: number | undefined, warn: (message: string) => void): Promise<{ loaded: LoadedConfig; prepared: PreparedRun }> {
  const original = configOfTask(sweep, index, threads);
  const directory = runDirectoryOf(sweep, sweep.manifest.tasks[index]);
  const loaded = withKeptStart(original, directory);
  try {
    return { loaded, prepared: await prepareRun(loaded) };
  } catch (error) {
    const damage = loaded === original ? undefined : modelFileFault(directory.start);
    if (damage === undefined) throw error;
    warn(`${damage}; the model file itself is taken instead`);
    return { loaded: original, prepared: await prepareRun(original) };
  }
}

async function runTraining(sweep: TrainingSweep, index: number, { stop, threads, report }: TaskContext): Promise<TaskOutcome> {
  const task = sweep.manifest.tasks[index];
  const directory = runDirectoryOf(sweep, task);
  const warn = (message: string): void => report({ type: 'warning', message });
  const { loaded, prepared } = await prepareTask(sweep, index, threads, warn);
  try {
    if (taskIdOf(loaded, prepared.identity, prepared.length) !== task.id || prepared.length !== task.updates) {
      throw new RbmError('data', 'the data, the model file that it starts from, or the manifest is not what the sweep was planned with', {
        hint: 'Restore it, or use the rbm-train that planned the sweep; or plan it again in another directory, with the same --results.',
      });
    }
    const { checkpoint, isLost } = startingPoint(prepared, directory, warn);
    const from = checkpoint?.progress.update ?? 0;
    const outcome = await trainRun({ prepared, directory, checkpoint, replace: isLost, stop, report });
    if (outcome.status === 'stopped') return { status: 'stopped', signal: outcome.signal, hasAdvanced: outcome.update > from };
    return { status: 'done', isNew: true };
  } finally {
    await prepared.kernels.close();
  }
}

async function runShard(sweep: Sweep, index: number, { stop, threads, report }: TaskContext): Promise<TaskOutcome> {
  let hasAdvanced = false;
  try {
    await computeShard(sweep.directory, shardPlanOf(sweep), index, {
      ...(threads !== undefined && { threads }),
      pause: stoppablePause(stop),
      progress: (share) => report({ type: 'evaluating', update: 0, share }),
      onKept: () => {
        hasAdvanced = true;
      },
    });
    return { status: 'done', isNew: true };
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return { status: 'stopped', signal: error.signal, hasAdvanced };
  }
}

/**
 * Does a task, whatever there is of it already. Why it fails is kept for `status` and `gather`.
 *
 * @param state how far it is; looked up where left out
 * @throws RbmError as training does: 'diverged', 'data', 'runtime'
 */
export async function runTask(sweep: Sweep, index: number, context: TaskContext, state = stateOf(sweep, index)): Promise<TaskOutcome> {
  if (state.status === 'done') return { status: 'done', isNew: false };
  if (state.status === 'diverged') throw new RbmError('diverged', state.failure.message, { hint: 'It would again: the same bits.' });
  try {
    const outcome = isTrainingSweep(sweep) ? await runTraining(sweep, index, context) : await runShard(sweep, index, context);
    if (outcome.status === 'done') removeFailure(sweep, index);
    return outcome;
  } catch (error) {
    if (isRbmError(error)) writeFailure(sweep, index, failureFrom(error));
    throw error;
  }
}
