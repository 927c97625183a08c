/**
 * Registry of log Z estimators. To add one: its file, and a row here.
 */

import type { Kernels, Model, ModelParameters } from '../kernels/index.js';
import { enumerationStructure } from '../model/enumeration-structure.js';
import { enumerationCost } from '../model/enumeration-view.js';
import { getParameters } from '../model/parameters.js';
import type { Cooperation } from './cooperation.js';
import type { FinishedWork } from './finished-work.js';
import { exactLogPartitionFunction } from './exact-log-partition-function.js';

/** An estimate of log Z, and how far to trust it. */
export interface LogPartitionFunctionEstimate {
  /** log Z in nats. */
  readonly logZ: number;
  /** Bounds in nats; both equal to `logZ` where it is exact. */
  readonly interval: readonly [number, number];
  readonly exact: boolean;
  /** Figures behind the estimate, by name. */
  readonly evidence: Readonly<Record<string, number | string>>;
}

/** What an estimator works with beside the model. */
export interface EstimationContext extends Cooperation {
  readonly kernels: Kernels;
  /** Where finished pieces of the work are kept, and taken from; none where it is left out. */
  readonly finished?: FinishedWork;
}

/** An estimator of log Z. */
export interface LogPartitionFunctionEstimator {
  readonly name: string;
  readonly summary: string;
  /** Cost in states × units of the larger layer, from the shape alone; Infinity where it can't be done at all. */
  cost(model: { visibleUnits: number; hiddenUnits: number }): number;
  /** Cost in states × units for these parameters, whose structure may make it less; Infinity where it can't be done at all. */
  costOf(parameters: ModelParameters): number;
  estimate(model: Model, context: EstimationContext): Promise<LogPartitionFunctionEstimate>;
}

/** 2^40 states: years of computing; beyond, the numbers of blocks are no longer exact either. */
const largestEnumeration = 1_099_511_627_776;

/** All estimators of log Z. */
export const logPartitionFunctionEstimators: readonly LogPartitionFunctionEstimator[] = [
  {
    name: 'exact',
    summary: 'enumerates the smaller layer',
    cost(model) {
      const { states, stateUnits } = enumerationCost(model);
      return states <= largestEnumeration ? stateUnits : Infinity;
    },
    costOf(parameters) {
      const { parts, stateUnits } = enumerationStructure(parameters);
      return parts.every(({ states }) => states <= largestEnumeration) ? stateUnits : Infinity;
    },
    async estimate(model, context) {
      const parameters = getParameters(model);
      const logZ = await exactLogPartitionFunction(context.kernels, parameters, context);
      const { states } = enumerationStructure(parameters);
      return { logZ, interval: [logZ, logZ], exact: true, evidence: { states } };
    },
  },
];

/** Whether one exact log Z of this model can be computed at all, and costs at most `limit` (states × units). */
export function isAffordable(model: { visibleUnits: number; hiddenUnits: number }, limit: number): boolean {
  const cost = exactEstimator.cost(model);
  return Number.isFinite(cost) && cost <= limit;
}

/** The estimator that enumerates. */
export const exactEstimator = logPartitionFunctionEstimators[0];
