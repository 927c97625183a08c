/**
 * Forward annealed importance sampling: from the base-rate model to the model. The estimate is low in expectation (log of a
 * mean, by Jensen), and lower still where no chain finds a mode.
 */

import type { Kernels, Model } from '../kernels/index.js';
import { baseLogPartitionFunction } from '../model/base-rate.js';
import { streamKey } from '../random/index.js';
import { annealForward } from '../sampling/annealed-chains.js';
import type { Cooperation } from '../model/cooperation.js';
import { annealingSchedule } from './annealing-schedules.js';
import type { AnnealingSettings } from './annealing-settings.js';
import { histogram, meanWeight, type MeanWeight } from './mean-weight.js';
import { oneSidedVerdict, type EstimateWithInterval } from './verdict.js';

/** One direction's weights, and the log Z that they give. */
export interface Direction {
  readonly logZ: number;
  readonly logWeights: Float64Array;
  readonly weights: MeanWeight;
}

/** The schedule of so many temperatures; `round` tells the rounds of a growing effort apart. */
export function scheduleFor(
  kernels: Kernels,
  model: Model,
  settings: AnnealingSettings,
  temperatures: number,
  round: number,
  { pause }: Cooperation,
): Promise<Float64Array> {
  const { baseVisibleBias, schedule, seed } = settings;
  const key = streamKey(seed, `estimation/schedule/${round}`);
  return annealingSchedule(schedule).make(temperatures, { kernels, model, baseVisibleBias, key, pause });
}

/** Anneals forward. */
export async function forwardDirection(
  kernels: Kernels,
  model: Model,
  { baseVisibleBias, chains, seed }: AnnealingSettings,
  schedule: Float64Array,
  round: number,
  cooperation: Cooperation,
): Promise<Direction> {
  const key = streamKey(seed, `estimation/forward/${round}`);
  const logWeights = await annealForward(kernels, model, { baseVisibleBias, schedule }, chains, key, cooperation);
  const weights = meanWeight(logWeights, seed);
  return { logZ: baseLogPartitionFunction(baseVisibleBias, model) + weights.logMean, logWeights, weights };
}

/**
 * Weights as evidence: intervals of log Z, effective sample size, histogram of the log-weights.
 *
 * @param sign −1 where log Z falls as the weights grow
 */
export function evidenceOf({ logZ, logWeights, weights }: Direction, sign: 1 | -1): Record<string, unknown> {
  const { logMean, interval, bootstrapInterval, logNormalInterval, threeSigma, effectiveSampleSize } = weights;
  const shifted = ([low, high]: readonly [number, number]): [number, number] =>
    sign > 0 ? [logZ + (low - logMean), logZ + (high - logMean)] : [logZ - (high - logMean), logZ - (low - logMean)];
  const finite = (bounds: [number, number]): (number | null)[] => bounds.map((bound) => (Number.isFinite(bound) ? bound : null));
  return {
    logZ,
    chains: logWeights.length,
    effectiveSampleSize,
    interval: shifted(interval),
    bootstrapInterval: shifted(bootstrapInterval),
    logNormalInterval: shifted(logNormalInterval),
    threeSigma: finite(shifted(threeSigma)),
    logWeights: histogram(logWeights),
  };
}

async function estimateForward(
  name: string,
  kernels: Kernels,
  model: Model,
  settings: AnnealingSettings,
  schedule: Float64Array,
  cooperation: Cooperation,
): Promise<EstimateWithInterval> {
  const direction = await forwardDirection(kernels, model, settings, schedule, 0, cooperation);
  const evidence = evidenceOf(direction, 1);
  return {
    estimator: name,
    logZ: direction.logZ,
    interval: evidence.interval as [number, number],
    exact: false,
    bound: 'lower',
    heuristic: 'it knows only of what the forward chains have seen',
    verdict: oneSidedVerdict('forward', direction.weights, settings.chains),
    evidence: { temperatures: schedule.length - 1, steps: settings.chains * (schedule.length - 1), forward: evidence },
  };
}

/**
 * log Z by annealed importance sampling (Salakhutdinov & Murray 2008).
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function annealedImportanceSampling(
  kernels: Kernels,
  model: Model,
  settings: AnnealingSettings,
  cooperation: Cooperation,
): Promise<EstimateWithInterval> {
  const schedule = await scheduleFor(kernels, model, settings, settings.temperatures, 0, cooperation);
  return estimateForward('ais', kernels, model, settings, schedule, cooperation);
}

/**
 * log Z by importance sampling from the base-rate model: one step from 0 to 1.
 *
 * @throws whatever `cooperation.pause` throws
 */
export function importanceSampling(
  kernels: Kernels,
  model: Model,
  settings: AnnealingSettings,
  cooperation: Cooperation,
): Promise<EstimateWithInterval> {
  return estimateForward('importance', kernels, model, settings, Float64Array.of(0, 1), cooperation);
}
