/**
 * Averaging of the parameters over training: the average is nearer to the optimum than the noisy steps around it.
 *
 * B. T. Polyak & A. B. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM Journal on Control and
 * Optimization 30 (1992); D. Ruppert (1988). Training goes on from the last parameters; the average is what the run gives.
 */

import type { TrainingConfig } from '../../config/run-config.js';
import type { Kernels } from '../../kernels/index.js';
import type { DeclaredModel } from '../../model/units/index.js';
import { extentInUpdates } from '../schedules.js';

/** An average in the making. */
export interface Averaging {
  /** The average, where the updates so far are enough for one. */
  readonly average: DeclaredModel;
  /** Whether there is an average after so many updates. */
  hasBegun(updates: number): boolean;
  /**
   * Takes in the parameters after so many updates; the kernels may still be at work when it returns. With k the number of
   * parameters taken in: average ← (1 − 1/k)·average + (1/k)·θ, or decay·average + (1 − decay)·θ; the first are copied.
   * Log variances are averaged like parameters.
   */
  include(model: DeclaredModel, updates: number): void;
}

/** Averaging, where the config has it. */
export function startAveraging(kernels: Kernels, model: DeclaredModel, { averaging }: TrainingConfig, updatesPerEpoch: number): Averaging | undefined {
  if (averaging === undefined) return undefined;
  const { decay, from } = averaging;
  const start = from === undefined ? 0 : extentInUpdates(from, updatesPerEpoch);
  const { units, visibleLogVariance } = model;
  const ownVariances = visibleLogVariance && new Float64Array(visibleLogVariance.length);
  const average = { ...kernels.createModel(model.visibleUnits, model.hiddenUnits, model.visibleLayer), units, visibleLogVariance: ownVariances };
  return {
    average,
    hasBegun: (updates) => updates > start,
    include(latest, updates) {
      const count = updates - start;
      if (count < 1) return;
      const share = count === 1 ? 1 : decay === undefined ? 1 / count : 1 - decay;
      kernels.combineModels(average, 1 - share, average, share, latest);
      latest.visibleLogVariance?.forEach((value, unit) => {
        if (ownVariances !== undefined) ownVariances[unit] = (1 - share) * ownVariances[unit] + share * value;
      });
    },
  };
}
