/**
 * log Z from both sides: forward and reverse annealing, combined by Bennett's acceptance ratio, with a verdict. The effort
 * doubles until the verdict is good or the budget is spent; the budget counts Gibbs steps, so results repeat.
 */

import type { Kernels, Model } from '../kernels/index.js';
import { baseLogPartitionFunction } from '../model/base-rate.js';
import type { Cooperation } from '../model/cooperation.js';
import { evidenceOf, forwardDirection, scheduleFor } from './annealed-importance-sampling.js';
import { annealingSchedule } from './annealing-schedules.js';
import type { AnnealingSettings } from './annealing-settings.js';
import { bennettAcceptanceRatio } from './bennett-acceptance-ratio.js';
import { reverseCost, reverseDirection, startEvidence, temperedHeuristic } from './reverse-annealed-importance-sampling.js';
import { twoSidedVerdict, type EstimateWithInterval } from './verdict.js';

/** Gibbs steps × chains of one round. */
function roundCost(settings: AnnealingSettings, temperatures: number, round: number): number {
  const forward = settings.chains * temperatures + annealingSchedule(settings.schedule).cost(temperatures);
  return forward + reverseCost(settings, temperatures, round);
}

async function oneRound(
  kernels: Kernels,
  model: Model,
  settings: AnnealingSettings,
  temperatures: number,
  round: number,
  { pause, progress }: Cooperation,
): Promise<EstimateWithInterval> {
  const { baseVisibleBias, chains, tolerance, tempering } = settings;
  const schedule = await scheduleFor(kernels, model, settings, temperatures, round, { pause });
  const forward = await forwardDirection(kernels, model, settings, schedule, round, { pause, progress: (share) => progress?.(share / 3) });
  const reverse = await reverseDirection(kernels, model, settings, schedule, round, { pause, progress: (share) => progress?.((1 + 2 * share) / 3) });
  const bennett = bennettAcceptanceRatio(forward.logWeights, reverse.logWeights);
  const logZBase = baseLogPartitionFunction(baseVisibleBias, model);
  const { tempered } = reverse;
  const verdict = twoSidedVerdict(forward, reverse, bennett, chains, tolerance, tempered && { ...tempered, ensembles: tempering.ensembles, startGap: reverse.startGap });
  const evidence = { forward: evidenceOf(forward, 1), reverse: { ...evidenceOf(reverse, -1), ...startEvidence(reverse) } };
  const [low, high] = bennett.interval.map((bound) => logZBase + bound);
  const sides = [evidence.forward, evidence.reverse].map(({ interval }) => interval as [number, number]);
  const isTrusted = verdict.status === 'consistent';
  return {
    estimator: 'two-sided',
    logZ: logZBase + bennett.logRatio,
    // Where the sides disagree, the truth may be anywhere between them.
    interval: isTrusted ? [low, high] : [Math.min(low, sides[0][0], sides[1][0]), Math.max(high, sides[0][1], sides[1][1])],
    exact: false,
    ...(!isTrusted
      ? { heuristic: 'the two directions do not agree; the interval spans both' }
      : tempered !== undefined && { heuristic: temperedHeuristic }),
    verdict,
    evidence: { temperatures, ...evidence, bennett: { logZ: logZBase + bennett.logRatio, interval: [low, high], standardError: bennett.standardError, overlap: bennett.overlap } },
  };
}

/**
 * log Z from both sides.
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function twoSided(
  kernels: Kernels,
  model: Model,
  settings: AnnealingSettings,
  cooperation: Cooperation,
): Promise<EstimateWithInterval> {
  let { temperatures } = settings;
  let steps = 0;
  for (let round = 0; ; round++) {
    steps += roundCost(settings, temperatures, round);
    const estimate = await oneRound(kernels, model, settings, temperatures, round, cooperation);
    const isLast = steps + roundCost(settings, 2 * temperatures, round + 1) > settings.budget;
    if (estimate.verdict.status === 'consistent' || isLast) return { ...estimate, evidence: { ...estimate.evidence, rounds: round + 1, steps } };
    temperatures *= 2;
  }
}
