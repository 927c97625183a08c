/**
 * Registry of log Z estimators. To add one: its file, and a row here.
 */

import type { Kernels, Model } from '../kernels/index.js';
import { enumerationCost } from '../model/enumeration-view.js';
import { getParameters } from '../model/parameters.js';
import type { Cooperation } from './cooperation.js';
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
}

/** An estimator of log Z. */
export interface LogPartitionFunctionEstimator {
  readonly name: string;
  readonly summary: string;
  /** Cost in states × units of the larger layer; Infinity where it can't be done at all. */
  cost(model: { visibleUnits: number; hiddenUnits: number }): number;
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
    async estimate(model, context) {
      const logZ = await exactLogPartitionFunction(context.kernels, getParameters(model), context);
      const { states } = enumerationCost(model);
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
