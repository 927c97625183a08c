/**
 * One large estimate of log Z in shards: ranges of its units (blocks of an exact log Z, chains of AIS), each computed by whichever
 * process, into a file of its own. The combined estimate has the same bits however the units were cut.
 *
 *     model.<ext>            a copy of the model, so that a run that trains on changes nothing
 *     shards/<id>.bin        the values of a finished shard
 *     shards/<id>.partial    what is finished of one under way; only saves time
 *
 * A file of a shard is never trusted: one that is damaged, or of another estimate, counts as missing.
 */

import { extname, join } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { modelShape, parametersDigest } from '../checkpoint/digest.js';
import { openFinishedWorkAt, readPieces, writePieces } from '../checkpoint/finished-work.js';
import { readModelFile } from '../checkpoint/model-file.js';
import { canonicalJson } from '../config/index.js';
import { printable, RbmError } from '../errors.js';
import { plainForwardSettings, settingsFromPlain, type ForwardSettings } from '../estimators/annealing-settings.js';
import { exactEstimator, logPartitionFunctionEstimator, type LogPartitionFunctionEstimate } from '../estimators/log-partition-function.js';
import type { ComputedRange, ShardedEstimation } from '../estimators/sharded-estimation.js';
import { numericsVersion, type Kernels, type ModelParameters } from '../kernels/index.js';
import { createModel } from '../model/parameters.js';
import { standardParameters } from '../model/units/index.js';
import { kindAt, namesIn, readWholeFile } from '../read-file.js';
import { loadKernelsFor } from '../run/kernels.js';
import { chainsTogether } from '../sampling/annealed-chains.js';
import { evaluationManifest, writeManifest } from './manifest.js';
import { namedRanges, rangesText } from './ranges.js';
import { shardIds, type EstimateIdentity, type ShardPlan } from './shard-plan.js';

export type { ShardPlan } from './shard-plan.js';

/** What computing a shard works with. */
export interface ShardContext {
  /** As many as pay where left out; no result depends on it. */
  readonly threads?: number;
  pause(): Promise<void>;
  progress?(share: number): void;
  /** Called when something is finished that the next try need not do again. */
  onKept?(): void;
}

/** What decides the bits of an estimate of this model (standard parameters). */
export function estimateIdentity(parameters: ModelParameters, estimator: string, annealing: ForwardSettings): EstimateIdentity {
  return {
    digest: parametersDigest(parameters),
    shape: modelShape(parameters),
    estimator,
    ...(estimator !== exactEstimator.name && { annealing: plainForwardSettings(annealing) }),
  };
}

/** What two estimates differ in, in words; undefined for nothing. */
export function estimateDifference(one: EstimateIdentity, other: EstimateIdentity): string | undefined {
  if (one.digest !== other.digest || one.shape !== other.shape) return `the model (digest ${printable(one.digest, 12)} ${printable(one.shape, 60)}, not ${other.digest.slice(0, 12)}… ${other.shape.slice(0, 60)})`;
  if (one.estimator !== other.estimator) return `the estimator (${printable(one.estimator, 60)}, not ${other.estimator})`;
  const [settings, others] = [one.annealing ?? {}, other.annealing ?? {}] as Record<string, unknown>[];
  const names = { baseVisibleBias: 'the base rate', schedule: '--schedule', temperatures: '--temperatures', chains: '--chains', seed: '--seed' };
  const differing = Object.entries(names).filter(([key]) => canonicalJson(settings[key] ?? null) !== canonicalJson(others[key] ?? null));
  return differing.length === 0 ? undefined : differing.map(([, name]) => name).join(', ');
}

function openEstimation(kernels: Kernels, parameters: ModelParameters, { estimator, annealing }: EstimateIdentity): ShardedEstimation {
  const { shard } = logPartitionFunctionEstimator(estimator);
  if (shard === undefined) throw new RangeError(`the estimator ${estimator} has no units`);
  return shard(createModel(kernels, parameters), { kernels, ...(annealing !== undefined && { annealing: settingsFromPlain(annealing) }) });
}

/** The estimation that was planned. The ids of shards say nothing of how many units there are, so a plan may have been cut short. */
function openPlanned(kernels: Kernels, parameters: ModelParameters, directory: string, plan: ShardPlan): ShardedEstimation {
  const biases = plan.annealing?.baseVisibleBias.length ?? parameters.visibleUnits;
  const estimation = biases === parameters.visibleUnits ? openEstimation(kernels, parameters, plan) : undefined;
  if (estimation?.unit === plan.unit && estimation.units === plan.units) return estimation;
  throw new RbmError('data', `${printable(directory)}: what its manifest says of the estimate does not fit the model`, { hint: 'Plan the evaluation again in another directory.' });
}

/** Works with kernels of one thread, for what costs nothing. */
async function withOneThread<T>(parameters: ModelParameters, work: (kernels: Kernels) => T): Promise<T> {
  const kernels = await loadKernelsFor(parameters, { threads: 1 });
  try {
    return work(kernels);
  } finally {
    await kernels.close();
  }
}

/**
 * Cuts an estimate evenly into as many shards, or one for each unit where there are fewer.
 *
 * @param model where the copy of the model lies, and how it is read
 * @param parameters standard ones
 */
export async function planShards(
  parameters: ModelParameters,
  identity: EstimateIdentity,
  model: Pick<ShardPlan, 'model' | 'modelOptions'>,
  count: number,
): Promise<ShardPlan> {
  const { unit, units } = await withOneThread(parameters, (kernels) => openEstimation(kernels, parameters, identity));
  const length = Math.min(count, units);
  const idOf = shardIds(identity, numericsVersion);
  const shards = Array.from({ length }, (_, index) => {
    // Whole numbers, whose product is exact: there are fewer than 2^31 blocks.
    const [first, end] = [index, index + 1].map((place) => Math.floor((place * units) / length));
    const range = { first, count: end - first };
    return { id: idOf(range), ...range };
  });
  return { ...identity, ...model, unit, units, shards };
}

/** The standard parameters of the copy of the model. */
function readPlannedModel(directory: string, plan: Pick<ShardPlan, 'model' | 'modelOptions' | 'digest' | 'shape'>): ModelParameters {
  const path = join(directory, plan.model);
  const parameters = standardParameters(readModelFile(path, plan.modelOptions).parameters);
  if (parametersDigest(parameters) === plan.digest && modelShape(parameters) === plan.shape) return parameters;
  throw new RbmError('data', `${printable(path)}: is not the model that the shards were planned for`, { hint: 'Plan the evaluation again in another directory.' });
}

/** The name of the copy of a model file. */
export function modelCopyName(file: string): string {
  const extension = extname(file).toLowerCase();
  return `model${/^\.(safetensors|npz|mat)$/.test(extension) ? extension : ''}`;
}

/**
 * Copies the model into the directory and writes the manifest there.
 *
 * @param file the model
 * @throws RbmError 'usage' where the directory holds anything else, or another manifest; 'data' where the model has changed
 */
export function writeShardPlan(directory: string, file: string, plan: ShardPlan): void {
  const refuse = (what: string): RbmError => new RbmError('usage', `${printable(directory)}: ${what}`, { hint: 'Name a new directory.' });
  if (kindAt(directory, { code: 'usage' }) === 'file') throw refuse('is a file, not a directory');
  const bytes = readWholeFile(file, { code: 'data' });
  const copy = join(directory, plan.model);
  // A copy may be from planning that was stopped; any other file is somebody's own, whatever its name.
  const isCopy = (name: string): boolean => name === plan.model && kindAt(copy) === 'file' && Buffer.compare(readWholeFile(copy, { code: 'usage' }), bytes) === 0;
  const stray = namesIn(directory, { code: 'usage' }).find((name) => !isCopy(name) && !/^\.(?:model|manifest)\..*\.tmp$/.test(name));
  if (stray !== undefined) throw refuse(`holds something else already (${printable(stray, 60)})`);
  writeFileAtomically(copy, bytes);
  readPlannedModel(directory, plan);
  writeManifest(directory, evaluationManifest(plan));
}

/** The file of a shard, and the key that it has inside. */
function placeOfShard(directory: string, plan: ShardPlan, index: number): { path: string; partial: string; key: string } {
  const { id } = plan.shards[index];
  const path = join(directory, 'shards', id);
  return { path: `${path}.bin`, partial: `${path}.partial`, key: `shard ${id} of a log Z` };
}

/**
 * The values of a finished shard.
 *
 * @param warn told of a file that is there, but damaged or of something else
 * @returns undefined where it is missing, or counts as missing
 */
export function readShard(directory: string, plan: ShardPlan, index: number, warn?: (message: string) => void): Float64Array | undefined {
  const { path, key } = placeOfShard(directory, plan, index);
  const values = readPieces(path, key)?.get('values');
  if (values === undefined && warn !== undefined && kindAt(path) !== undefined) {
    warn(`${printable(path)}: damaged, or not of this estimate: counts as missing`);
  }
  return values;
}

/** Whether a shard is finished. */
export function isShardDone(directory: string, plan: ShardPlan, index: number): boolean {
  return readShard(directory, plan, index) !== undefined;
}

/**
 * Computes a shard, from where it was stopped; returns at once where it is finished.
 *
 * @throws RbmError 'data' where the copy of the model is not what was planned, 'runtime' where a file can't be written; whatever
 *   `pause` throws
 */
export async function computeShard(directory: string, plan: ShardPlan, index: number, { threads, pause, progress, onKept }: ShardContext): Promise<void> {
  if (isShardDone(directory, plan, index)) return;
  const { path, partial, key } = placeOfShard(directory, plan, index);
  const { count } = plan.shards[index];
  const parameters = readPlannedModel(directory, plan);
  const stateUnits = plan.unit === 'block' ? (exactEstimator.costOf(parameters) * count) / plan.units : 0;
  const kernels = await loadKernelsFor(parameters, { stateUnits, chains: plan.unit === 'chain' ? Math.min(chainsTogether, count) : 0, threads });
  try {
    const finished = openFinishedWorkAt(partial, key);
    const keep = (name: string, piece: Float64Array): void => {
      finished.set(name, piece);
      onKept?.();
    };
    const values = await openPlanned(kernels, parameters, directory, plan)
      .compute(plan.shards[index], { finished: { get: (name) => finished.get(name), set: keep }, pause, progress })
      .catch((error: unknown) => {
        // Whatever the reason, what is finished is right.
        finished.save();
        throw error;
      });
    writePieces(path, key, new Map([['values', values]]));
    finished.remove();
  } finally {
    await kernels.close();
  }
}

/**
 * The estimate from its shards.
 *
 * @param context.name what the directory is called in messages, as a word for a shell
 * @param context.warn told of files that count as missing
 * @throws RbmError 'incomplete' naming the shards that are missing; 'data' where the plan, or a shard, is not of the model
 */
export async function combineShards(
  directory: string,
  plan: ShardPlan,
  { name = directory, warn }: { readonly name?: string; readonly warn?: (message: string) => void } = {},
): Promise<LogPartitionFunctionEstimate> {
  const computed: ComputedRange[] = [];
  const missing: number[] = [];
  for (const [index, { first, count }] of plan.shards.entries()) {
    const values = readShard(directory, plan, index, warn);
    if (values === undefined) missing.push(index);
    else computed.push({ first, count, values });
  }
  if (missing.length > 0) {
    const [what, are] = missing.length === 1 ? ['shard', 'is'] : ['shards', 'are'];
    throw new RbmError('incomplete', `${printable(name)}: ${what} ${rangesText(missing, namedRanges)} of ${plan.shards.length} ${are} missing`, {
      hint: `Compute what is missing: rbm-train sweep run ${printable(name)}`,
    });
  }
  const parameters = readPlannedModel(directory, plan);
  return withOneThread(parameters, (kernels) => {
    const estimation = openPlanned(kernels, parameters, directory, plan);
    // Only who made a checksum for it can have made such a file.
    const wrong = computed.findIndex((range) => range.values.length !== estimation.valuesOf(range));
    if (wrong === -1) return estimation.combine(computed);
    throw new RbmError('data', `${printable(placeOfShard(directory, plan, wrong).path)}: has ${computed[wrong].values.length} values, where its shard has ${estimation.valuesOf(computed[wrong])}`, {
      hint: `Remove it, then: rbm-train sweep run ${printable(name)}`,
    });
  });
}
