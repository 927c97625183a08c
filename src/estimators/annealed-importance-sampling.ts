/**
 * Forward annealed importance sampling: from the base-rate model to the model. The estimate is low in expectation (log of a
 * mean, by Jensen), and lower still where no chain finds a mode.
 */

import type { Kernels, Model } from '../kernels/index.js';
import { baseLogPartitionFunction } from '../model/base-rate.js';
import { streamKey, type StreamKey } from '../random/index.js';
import { annealForward, annealSomeForward } from '../sampling/annealed-chains.js';
import type { Cooperation } from '../model/cooperation.js';
import { annealingSchedule } from './annealing-schedules.js';
import type { ForwardSettings } from './annealing-settings.js';
import { histogram, meanWeight, type MeanWeight } from './mean-weight.js';
import { checkRange, checkRanges, type ShardedEstimation } from './sharded-estimation.js';
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
  settings: ForwardSettings,
  temperatures: number,
  round: number,
  { pause }: Cooperation,
): Promise<Float64Array> {
  const { baseVisibleBias, schedule, seed } = settings;
  const key = streamKey(seed, `estimation/schedule/${round}`);
  return annealingSchedule(schedule).make(temperatures, { kernels, model, baseVisibleBias, key, pause });
}

/** The stream of the forward chains of a round. */
const forwardKey = (seed: string, round: number): StreamKey => streamKey(seed, `estimation/forward/${round}`);

/** What forward chains say. */
function directionOf(model: Model, { baseVisibleBias, seed }: ForwardSettings, logWeights: Float64Array): Direction {
  const weights = meanWeight(logWeights, seed);
  return { logZ: baseLogPartitionFunction(baseVisibleBias, model) + weights.logMean, logWeights, weights };
}

/** Anneals forward. */
export async function forwardDirection(
  kernels: Kernels,
  model: Model,
  settings: ForwardSettings,
  schedule: Float64Array,
  round: number,
  cooperation: Cooperation,
): Promise<Direction> {
  const { baseVisibleBias, chains, seed } = settings;
  const logWeights = await annealForward(kernels, model, { baseVisibleBias, schedule }, chains, forwardKey(seed, round), cooperation);
  return directionOf(model, settings, logWeights);
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

/** The estimate that forward chains along so many temperatures give. */
function forwardEstimate(name: string, direction: Direction, chains: number, temperatures: number): EstimateWithInterval {
  const evidence = evidenceOf(direction, 1);
  return {
    estimator: name,
    logZ: direction.logZ,
    interval: evidence.interval as [number, number],
    exact: false,
    bound: 'lower',
    heuristic: 'it knows only of what the forward chains have seen',
    verdict: oneSidedVerdict('forward', direction.weights, chains),
    evidence: { temperatures, steps: chains * temperatures, forward: evidence },
  };
}

/**
 * log Z by annealed importance sampling (Salakhutdinov & Murray 2008) in units: the chains. Values are their log-weights, in
 * nats; an adaptive schedule is made anew for every range, with the same bits. Kept are under `chains` those of the chains that are done, and
 * under `walk` the batch of chains under way.
 */
export function shardedAnnealing(kernels: Kernels, model: Model, settings: ForwardSettings): ShardedEstimation<EstimateWithInterval> {
  const { baseVisibleBias, chains, temperatures, seed } = settings;
  const valuesOf = ({ count }: { readonly count: number }): number => count;
  return {
    unit: 'chain',
    units: chains,
    valuesOf,
    async compute(range, { finished, pause, progress }) {
      checkRange(range, chains);
      const schedule = await scheduleFor(kernels, model, settings, temperatures, 0, { pause });
      const kept = finished?.get('chains');
      const walked = {
        firstRow: range.first,
        count: range.count,
        known: kept !== undefined && kept.length <= range.count ? kept : undefined,
        onBatch: (logWeights: Float64Array) => finished?.set('chains', logWeights),
        underWay: finished?.get('walk'),
        ...(finished !== undefined && { onSteps: (walk: Float64Array) => finished.set('walk', walk) }),
      };
      return annealSomeForward(kernels, model, { baseVisibleBias, schedule }, walked, forwardKey(seed, 0), { pause, progress });
    },
    combine(ranges) {
      checkRanges(ranges, { units: chains, valuesOf });
      const logWeights = new Float64Array(chains);
      for (const { first, values } of ranges) logWeights.set(values, first);
      return forwardEstimate('ais', directionOf(model, settings, logWeights), chains, temperatures);
    },
  };
}

/**
 * log Z by importance sampling from the base-rate model: one step from 0 to 1.
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function importanceSampling(
  kernels: Kernels,
  model: Model,
  settings: ForwardSettings,
  cooperation: Cooperation,
): Promise<EstimateWithInterval> {
  const direction = await forwardDirection(kernels, model, settings, Float64Array.of(0, 1), 0, cooperation);
  return forwardEstimate('importance', direction, settings.chains, 1);
}
