/**
 * Reverse annealed importance sampling: from samples of the model back to the base-rate model,
 * log Z = log Z_base − log mean exp(log-weight of the way back). From exact samples the estimate is high in expectation;
 * from tempered ones that is as good as they are.
 */

import type { Kernels, Model, VisibleStates } from '../kernels/index.js';
import { baseLogPartitionFunction } from '../model/base-rate.js';
import { getParameters } from '../model/parameters.js';
import { streamKey } from '../random/index.js';
import { annealReverse } from '../sampling/annealed-chains.js';
import type { Cooperation } from '../model/cooperation.js';
import { sampleExactly } from '../sampling/exact-samples.js';
import { temperedSamples, temperedSamplesCost, type TemperedSamples } from '../sampling/tempered-samples.js';
import { evidenceOf, scheduleFor, type Direction } from './annealed-importance-sampling.js';
import type { AnnealingSettings } from './annealing-settings.js';
import { effectiveSampleSize, logMeanExp, meanWeight } from './mean-weight.js';
import { oneSidedVerdict, type EstimateWithInterval } from './verdict.js';

/** Gibbs steps between samples of a tempered run in round 0; doubled with every round. */
const stepsBetween = 10;

/** Why an interval that rests on tempered samples is a rule of thumb. */
export const temperedHeuristic = 'the reverse chains start from tempered runs, not from exact samples';

/** The reverse direction, and where its chains started. */
export interface ReverseDirection extends Direction {
  readonly tempered?: TemperedSamples;
  /** How much the log Z's of ensembles that started in different places differ, and the standard error of that, in nats. */
  readonly startGap?: { readonly gap: number; readonly standardError: number };
}

/** Compares the ensembles that started at the base rate with those that did not. */
function compareStarts(logWeights: Float64Array, ensembles: number): ReverseDirection['startGap'] {
  const [even, odd] = [0, 1].map((parity) => logWeights.filter((_, row) => (row % ensembles) % 2 === parity));
  if (even.length < 2 || odd.length < 2) return undefined;
  const variance = (values: Float64Array): number => Math.max(1 / effectiveSampleSize(values) - 1 / values.length, 0);
  return { gap: Math.abs(logMeanExp(even) - logMeanExp(odd)), standardError: Math.sqrt(variance(even) + variance(odd)) };
}

/** The settings of a round's tempered runs. */
function samplingOf({ tempering }: AnnealingSettings, round: number): AnnealingSettings['tempering'] & { stepsBetween: number } {
  let steps = stepsBetween;
  for (let index = 0; index < round; index++) steps *= 2;
  return { ...tempering, stepsBetween: steps };
}

/** Gibbs steps × chains that a round's reverse direction takes. */
export function reverseCost(settings: AnnealingSettings, temperatures: number, round: number): number {
  const sampling = settings.reverseStart === 'tempered' ? temperedSamplesCost(settings.chains, samplingOf(settings, round)) : 0;
  return settings.chains * temperatures + sampling;
}

/** Anneals back from samples of the model. */
export async function reverseDirection(
  kernels: Kernels,
  model: Model,
  settings: AnnealingSettings,
  schedule: Float64Array,
  round: number,
  { pause, progress }: Cooperation,
): Promise<ReverseDirection> {
  const { baseVisibleBias, chains, seed, reverseStart } = settings;
  let start: VisibleStates;
  let tempered: TemperedSamples | undefined;
  if (reverseStart === 'exact') {
    start = await sampleExactly(kernels, getParameters(model), chains, streamKey(seed, `estimation/exact-samples/${round}`), { pause });
  } else {
    tempered = await temperedSamples(kernels, model, baseVisibleBias, chains, samplingOf(settings, round), `${seed}/${round}`, {
      pause,
      progress: (share) => progress?.(share / 2),
    });
    start = tempered.states;
  }
  const key = streamKey(seed, `estimation/reverse/${round}`);
  const logWeights = await annealReverse(kernels, model, { baseVisibleBias, schedule }, start, key, {
    pause,
    progress: (share) => progress?.(tempered === undefined ? share : (1 + share) / 2),
  });
  const weights = meanWeight(logWeights, seed);
  const startGap = tempered && compareStarts(logWeights, settings.tempering.ensembles);
  return { logZ: baseLogPartitionFunction(baseVisibleBias, model) - weights.logMean, logWeights, weights, tempered, startGap };
}

/** Where the reverse chains started, as evidence. */
export function startEvidence({ tempered, startGap }: ReverseDirection): Record<string, unknown> {
  if (tempered === undefined) return { start: 'exact samples' };
  const { ladder, swapRates, roundTrips } = tempered;
  return { start: 'tempered runs', ladder: [...ladder], swapRates: [...swapRates], roundTrips, ...(startGap !== undefined && { startGap }) };
}

/**
 * log Z by reverse annealed importance sampling (Burda, Grosse & Salakhutdinov 2015; Grosse et al. 2015).
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function reverseAnnealedImportanceSampling(
  kernels: Kernels,
  model: Model,
  settings: AnnealingSettings,
  cooperation: Cooperation,
): Promise<EstimateWithInterval> {
  const { temperatures, chains } = settings;
  const schedule = await scheduleFor(kernels, model, settings, temperatures, 0, cooperation);
  const direction = await reverseDirection(kernels, model, settings, schedule, 0, cooperation);
  const evidence = evidenceOf(direction, -1);
  const isExact = direction.tempered === undefined;
  return {
    estimator: 'reverse-ais',
    logZ: direction.logZ,
    interval: evidence.interval as [number, number],
    exact: false,
    ...(isExact && { bound: 'upper' as const }),
    heuristic: isExact ? 'it knows only of what the reverse chains have seen' : temperedHeuristic,
    verdict: oneSidedVerdict('reverse', direction.weights, chains),
    evidence: { temperatures, steps: reverseCost(settings, temperatures, 0), reverse: { ...evidence, ...startEvidence(direction) } },
  };
}
