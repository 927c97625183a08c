/**
 * `rbm-train evaluate --shards D`: plans an exact log Z or AIS in shards, or takes it from the shards that are there. It computes
 * no shard itself: that is what `rbm-train sweep run D` is for.
 */

import { resolve } from 'node:path';
import { printable, RbmError } from '../errors.js';
import type { LogPartitionFunctionEstimate } from '../estimators/log-partition-function.js';
import {
  combineShards,
  estimateDifference,
  estimateIdentity,
  modelCopyName,
  planShards,
  writeShardPlan,
} from '../sweep/evaluation-shards.js';
import { hasManifest, readManifest } from '../sweep/manifest.js';
import { shardedEstimators, type EstimateIdentity, type ShardPlan } from '../sweep/shard-plan.js';
import type { ModelArgument, ModelOptions } from './arguments.js';
import type { EstimationPlan } from './estimation-options.js';
import { jsonText } from './json-output.js';
import { wholeNumber } from './numbers.js';
import { refuseEmpty } from './options.js';
import { shellWord, shortPath } from './paths.js';
import { warner } from './remarks.js';
import type { Terminal } from './terminal.js';

/** Options of shards, and those that do not go with them. */
export interface ShardOptions {
  shards?: string;
  shardCount?: string;
  against?: string;
}

/** Shards that an estimate is cut into where nothing is said. */
export const defaultShards = 8;

/** Arrays of jobs have their limits, and so have directories. */
const mostShards = 100_000;

function wantedShards({ shardCount }: ShardOptions): number | undefined {
  return shardCount === undefined ? undefined : wholeNumber('--shard-count', shardCount, 1, mostShards);
}

/**
 * Refuses options that do not go together.
 *
 * @throws RbmError 'usage'
 */
export function checkShardOptions(options: ShardOptions & { readonly estimator: string }): void {
  refuseEmpty('--shards', options.shards);
  wantedShards(options);
  if (options.shards === undefined) {
    if (options.shardCount !== undefined) throw new RbmError('usage', '--shard-count says into how many shards --shards cuts', { hint: 'Name a directory with --shards.' });
    return;
  }
  if (options.against !== undefined) {
    throw new RbmError('usage', '--against does not go with --shards, which are of one model', { hint: 'Leave one of them out.' });
  }
  if (options.estimator !== 'auto' && !shardedEstimators.includes(options.estimator)) {
    throw new RbmError('usage', `--estimator ${printable(options.estimator)} can't be cut into shards`, { hint: `Those that can: ${shardedEstimators.join(', ')}.` });
  }
}

/** The plan in a directory, where it is of this very estimate. */
function existingPlan(directory: string, name: string, identity: EstimateIdentity, wanted: number | undefined): ShardPlan {
  const manifest = readManifest(directory);
  const hint = 'Name another directory.';
  if (manifest.kind !== 'evaluation') throw new RbmError('usage', `--shards ${name}: holds a sweep of trainings`, { hint });
  const { evaluation } = manifest;
  const difference = estimateDifference(evaluation, identity);
  if (difference !== undefined) {
    throw new RbmError('usage', `--shards ${name}: was planned for another estimate; what differs: ${difference}`, { hint });
  }
  const count = evaluation.shards.length;
  if (wanted !== undefined && Math.min(wanted, evaluation.units) !== count) {
    throw new RbmError('usage', `--shard-count ${wanted}: ${name} was planned with ${count}`, { hint: 'Leave it out, or name another directory.' });
  }
  return evaluation;
}

function describePlan({ estimator, unit, units, shards }: ShardPlan): string {
  const [least, most] = [Math.floor(units / shards.length), Math.ceil(units / shards.length)];
  const each = shards.length === 0 ? '0' : least === most ? String(least) : `${least} or ${most}`;
  return `${estimator} log Z of ${units} ${unit}s in ${shards.length} ${shards.length === 1 ? 'shard' : 'shards'} of ${each}`;
}

/**
 * Plans the estimate where nothing is planned yet, and says what to do next.
 *
 * @returns the estimate; undefined where it was planned just now
 * @throws RbmError 'incomplete' where shards are missing, 'usage' where the directory is of something else or the estimate has no
 *   shards, 'data' where the model has changed
 */
export async function estimateFromShards(
  argument: string,
  model: ModelArgument,
  { estimator, annealing, why }: EstimationPlan,
  options: ModelOptions & ShardOptions,
  terminal: Terminal,
): Promise<LogPartitionFunctionEstimate | undefined> {
  if (estimator === undefined || !shardedEstimators.includes(estimator)) {
    throw new RbmError('usage', `an exact log Z is more than --exact-cost-limit: ${why}`, {
      hint: 'To share it all the same, add --estimator exact --exact-cost-limit …; or share --estimator ais.',
    });
  }
  const directory = resolve(terminal.workingDirectory, argument);
  const name = shellWord(shortPath(directory, terminal.workingDirectory));
  const identity = estimateIdentity(model.standard, estimator, annealing);
  const wanted = wantedShards(options);
  if (hasManifest(directory)) {
    return combineShards(directory, existingPlan(directory, printable(name), identity, wanted), { name, warn: warner(options, terminal) });
  }
  const { weightsName: weights, visibleBiasName: visibleBias, hiddenBiasName: hiddenBias, transpose } = options;
  const given = Object.entries({ weights, visibleBias, hiddenBias, transpose }).filter(([, value]) => value !== undefined);
  const copy = { model: modelCopyName(model.file), modelOptions: Object.fromEntries(given) };
  const plan = await planShards(model.standard, identity, copy, wanted ?? defaultShards);
  writeShardPlan(directory, model.file, plan);
  const { unit, units, shards } = plan;
  if (options.json) terminal.out(`${jsonText({ planned: directory, estimator, unit, units, shards: shards.map(({ first, count }) => ({ first, count })) })}\n`);
  else terminal.out(`planned ${printable(name)}: ${describePlan(plan)}\n`);
  if (options.quiet !== true) terminal.err(`next: rbm-train sweep run ${printable(name)}, then this command again\n`);
  return undefined;
}
