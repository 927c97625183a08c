/**
 * Registry of log Z estimators. To add one: its file, and a row here.
 */

import type { Kernels, Model, ModelParameters } from '../kernels/index.js';
import { enumerationStructure } from '../model/enumeration-structure.js';
import { enumerationCost } from '../model/enumeration-view.js';
import type { MeanFieldOrder } from '../model/mean-field.js';
import { getParameters } from '../model/parameters.js';
import { importanceSampling, shardedAnnealing } from './annealed-importance-sampling.js';
import type { AnnealingSettings } from './annealing-settings.js';
import { shardedExact } from './exact-log-partition-function.js';
import type { ContinuedCooperation } from './finished-work.js';
import { meanFieldLogPartitionFunction } from './mean-field.js';
import { reverseAnnealedImportanceSampling } from './reverse-annealed-importance-sampling.js';
import { estimateWhole, type ShardedEstimation } from './sharded-estimation.js';
import { twoSided } from './two-sided.js';
import type { LogPartitionFunctionEstimate } from './verdict.js';

export type { LogPartitionFunctionEstimate } from './verdict.js';

/** What an estimator works with beside the model. */
export interface EstimationContext extends ContinuedCooperation {
  readonly kernels: Kernels;
  /** How to anneal; every estimator but `exact` needs it. */
  readonly annealing?: AnnealingSettings;
}

/** An estimator of log Z. */
export interface LogPartitionFunctionEstimator {
  readonly name: string;
  readonly summary: string;
  /** Whether it knows {0,1} visible units only. */
  readonly needsBinaryUnits?: boolean;
  /** Cost in states × units of the larger layer, from the shape alone; Infinity where it can't be done at all. Estimates by sampling are always possible: 0. */
  cost(model: { visibleUnits: number; hiddenUnits: number }): number;
  /** Cost in states × units for these parameters, whose structure may make it less; Infinity where it can't be done at all. */
  costOf(parameters: ModelParameters): number;
  estimate(model: Model, context: EstimationContext): Promise<LogPartitionFunctionEstimate>;
  /** The same estimate in units, which processes can share; where it is left out, it has none. */
  shard?(model: Model, context: Pick<EstimationContext, 'kernels' | 'annealing'>): ShardedEstimation;
}

/** What makes the units of an estimate. */
type Shard = NonNullable<LogPartitionFunctionEstimator['shard']>;

/** 2^40 states: years of computing; beyond, the numbers of blocks are no longer exact either. */
const largestEnumeration = 1_099_511_627_776;

/** The settings of annealing. */
function annealingOf(name: string, { annealing }: Pick<EstimationContext, 'annealing'>): AnnealingSettings {
  if (annealing === undefined) throw new RangeError(`the estimator ${name} needs to know how to anneal`);
  return annealing;
}

/** What a row of an estimator in units has: its estimate is all of them. */
function inUnits(shard: Shard): Pick<LogPartitionFunctionEstimator, 'estimate'> & { shard: Shard } {
  return { shard, estimate: async (model, context) => estimateWhole(shard(model, context), context) };
}

/** A row of an estimator that needs the settings of annealing. */
function annealed(
  name: string,
  summary: string,
  estimate: (kernels: Kernels, model: Model, settings: AnnealingSettings, cooperation: ContinuedCooperation) => Promise<LogPartitionFunctionEstimate>,
): LogPartitionFunctionEstimator {
  return {
    name,
    summary,
    cost: () => 0,
    costOf: () => 0,
    estimate: async (model, context) => estimate(context.kernels, model, annealingOf(name, context), context),
  };
}

/** A row of mean field, which takes the base rate and the seed of annealing. */
function meanField(name: string, summary: string, order: MeanFieldOrder): LogPartitionFunctionEstimator {
  const row = annealed(name, summary, (kernels, model, settings, cooperation) =>
    meanFieldLogPartitionFunction(kernels, model, order, settings, cooperation),
  );
  return { ...row, needsBinaryUnits: true };
}

/** All estimators of log Z. */
export const logPartitionFunctionEstimators: readonly LogPartitionFunctionEstimator[] = [
  {
    name: 'exact',
    summary: 'enumerates the smaller layer',
    cost(model) {
      const { states, cost } = enumerationCost(model);
      return states <= largestEnumeration ? cost : Infinity;
    },
    costOf(parameters) {
      const { parts, cost } = enumerationStructure(parameters);
      return parts.every(({ states }) => states <= largestEnumeration) ? cost : Infinity;
    },
    ...inUnits((model, { kernels }) => shardedExact(kernels, getParameters(model))),
  },
  annealed('two-sided', 'annealing both ways, combined by Bennett’s acceptance ratio, with a verdict; doubles its effort until it holds', twoSided),
  {
    name: 'ais',
    summary: 'annealed importance sampling from the base rate: a stochastic lower bound',
    cost: () => 0,
    costOf: () => 0,
    ...inUnits((model, context) => shardedAnnealing(context.kernels, model, annealingOf('ais', context))),
  },
  annealed('reverse-ais', 'annealing back from samples of the model: an upper bound where these are exact', reverseAnnealedImportanceSampling),
  annealed('importance', 'importance sampling from the base rate, without annealing: for comparison', importanceSampling),
  meanField('mean-field', 'naive mean field: a lower bound, for comparison', 1),
  meanField('tap', 'mean field with the second-order term of Thouless, Anderson and Palmer: for small weights, no error known', 2),
  meanField('tap3', 'as tap, with one term more', 3),
];

/** Whether one exact log Z of this model can be computed at all, and costs at most `limit` (states × units). */
export function isAffordable(model: { visibleUnits: number; hiddenUnits: number }, limit: number): boolean {
  const cost = exactEstimator.cost(model);
  return Number.isFinite(cost) && cost <= limit;
}

/** The estimator that enumerates. */
export const exactEstimator = logPartitionFunctionEstimators[0];

/** The estimator of a name. */
export function logPartitionFunctionEstimator(name: string): LogPartitionFunctionEstimator {
  const found = logPartitionFunctionEstimators.find((row) => row.name === name);
  if (found === undefined) throw new RangeError(`no estimator ${JSON.stringify(name)}`);
  return found;
}
