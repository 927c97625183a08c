/**
 * What the manifest of an estimate in shards holds, and whether what was read can be one: its ids are hashes of all that decides
 * the values, so that a plan that somebody has edited is told from one that was planned.
 */

import type { ArrayNames } from '../checkpoint/model-file.js';
import { canonicalHash } from '../config/index.js';
import { annealingSchedules } from '../estimators/annealing-schedules.js';
import type { PlainForwardSettings } from '../estimators/annealing-settings.js';
import { exactEstimator, logPartitionFunctionEstimators } from '../estimators/log-partition-function.js';
import type { UnitRange } from '../estimators/sharded-estimation.js';
import { shortHash } from './ids.js';

/** What decides every bit of an estimate, beside the numerics version. */
export interface EstimateIdentity {
  /** Of the standard parameters. */
  readonly digest: string;
  /** See `modelShape`. */
  readonly shape: string;
  readonly estimator: string;
  /** Of `ais`. */
  readonly annealing?: PlainForwardSettings;
}

/** What the manifest of an estimate in shards holds. */
export interface ShardPlan extends EstimateIdentity {
  /** Name, in the directory, of the copy of the model. */
  readonly model: string;
  /** How to read it, where another tool wrote it: only what was given. */
  readonly modelOptions: ArrayNames;
  readonly unit: 'block' | 'chain';
  readonly units: number;
  /** Ranges of units, one after the other; see {@link shardIds}. */
  readonly shards: readonly (UnitRange & { readonly id: string })[];
}

/** Names of the estimators that have units. */
export const shardedEstimators: readonly string[] = logPartitionFunctionEstimators.filter(({ shard }) => shard !== undefined).map(({ name }) => name);

/** The ids of the ranges of an estimate: which estimate, which numerics, which range. */
export function shardIds({ digest, shape, estimator, annealing }: EstimateIdentity, numericsVersion: number): (range: UnitRange) => string {
  const estimate = canonicalHash({ digest, shape, estimator, annealing, numericsVersion });
  return ({ first, count }) => shortHash({ estimate, first, count });
}

/** Whether a parsed value is an object, not a list. */
export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
/** Whether a parsed value is a whole number from 0 on. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** Units, chains and temperatures are tables in memory: none has as many as these. */
const tooMany = 4_294_967_296;
const isLength = (value: unknown): value is number => isCount(value) && value > 0 && value < tooMany;

function areForwardSettings(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { baseVisibleBias, schedule, temperatures, chains, seed } = value;
  return Array.isArray(baseVisibleBias) && baseVisibleBias.every(Number.isFinite) && annealingSchedules.some(({ name }) => name === schedule) && isLength(temperatures) && isLength(chains) && typeof seed === 'string';
}

/**
 * What is wrong with a parsed plan; undefined for nothing.
 *
 * @param numericsVersion that of its manifest
 */
export function shardPlanFault(plan: unknown, numericsVersion: number): string | undefined {
  if (!isObject(plan) || !Array.isArray(plan.shards)) return 'no shards';
  const { digest, shape, estimator, annealing, model, modelOptions, unit, units, shards } = plan;
  if (typeof digest !== 'string' || typeof shape !== 'string' || !shardedEstimators.includes(String(estimator))) return 'it does not say which estimate it is of';
  if (estimator === exactEstimator.name ? annealing !== undefined : !areForwardSettings(annealing)) return 'its settings of annealing are damaged';
  if (typeof model !== 'string' || !/^model(\.[a-z]+)?$/.test(model) || !isObject(modelOptions)) return 'no model';
  if ((unit !== 'block' && unit !== 'chain') || !isCount(units)) return 'no units';
  const idOf = shardIds(plan as unknown as EstimateIdentity, numericsVersion);
  let next = 0;
  for (const [index, shard] of (shards as unknown[]).entries()) {
    if (!isObject(shard) || !isCount(shard.first) || !isCount(shard.count) || shard.first !== next) return `shard ${index} is damaged`;
    if (shard.id !== idOf({ first: shard.first, count: shard.count })) return `shard ${index} is of another estimate`;
    next += shard.count;
  }
  return next === units ? undefined : `its shards have ${next} units of ${units}`;
}
