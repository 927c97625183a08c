/**
 * An estimate of log Z, and the verdict on how far to trust it.
 */

import type { BennettEstimate } from './bennett-acceptance-ratio.js';
import type { MeanWeight } from './mean-weight.js';

/** What can be said of an estimate. */
export interface Verdict {
  /**
   * `exact`; `consistent`: both directions agree within the tolerance; `one-sided`: only one direction was looked at, so that
   * what its chains never saw is not known; `approximation`: nothing is known of its error; `not to be trusted`, for the reasons
   * given.
   */
  readonly status: 'exact' | 'consistent' | 'one-sided' | 'approximation' | 'not to be trusted';
  readonly reasons: readonly string[];
  /** What to do about them. */
  readonly advice: readonly string[];
  /** log Z of the reverse direction minus that of the forward one, in nats. */
  readonly gap?: number;
}

/** An estimate of log Z, and how far to trust it. */
export interface LogPartitionFunctionEstimate {
  readonly estimator: string;
  /** log Z in nats. */
  readonly logZ: number;
  /** 95 % interval in nats; both ends equal to `logZ` where it is exact; absent where nothing is known of the error. */
  readonly interval?: readonly [number, number];
  readonly exact: boolean;
  /** Which bound of log Z the estimate is, where it is one: it lies on that side, in expectation where it has an interval. */
  readonly bound?: 'lower' | 'upper';
  /** Why the interval is no more than a rule of thumb, where it is. */
  readonly heuristic?: string;
  readonly verdict: Verdict;
  /** Figures behind the estimate, by name. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** An estimate whose error is known. */
export interface EstimateWithInterval extends LogPartitionFunctionEstimate {
  readonly interval: readonly [number, number];
}

/** Weights hang on too few chains below this effective sample size, or this share of the chains. */
const leastEffectiveSamples = 10;
const leastEffectiveShare = 0.02;

/** Why weights can't be trusted by themselves, where they can't. */
export function weaknessOfWeights(direction: string, { effectiveSampleSize }: MeanWeight, chains: number): string | undefined {
  if (effectiveSampleSize >= Math.max(Math.min(leastEffectiveSamples, chains / 2), leastEffectiveShare * chains)) return undefined;
  return `the ${direction} weights hang on few chains (effective sample size ${effectiveSampleSize.toFixed(1)} of ${chains})`;
}

/** The verdict on an estimate of one direction alone. */
export function oneSidedVerdict(direction: string, weights: MeanWeight, chains: number): Verdict {
  const weakness = weaknessOfWeights(direction, weights, chains);
  if (weakness === undefined) {
    return {
      status: 'one-sided',
      reasons: ['only one direction was looked at: modes that its chains never reached would not show'],
      advice: ['use the estimator two-sided'],
    };
  }
  return { status: 'not to be trusted', reasons: [weakness], advice: ['use more temperatures or chains, or the estimator two-sided'] };
}

/** Neighbours on a ladder that swap less often than this hold replicas apart. */
const leastSwapRate = 0.05;

/** What tempered runs say of their samples. */
export interface TemperingEvidence {
  readonly swapRates: Float64Array;
  readonly roundTrips: number;
  readonly ensembles: number;
  /** See `ReverseDirection`. */
  readonly startGap?: { readonly gap: number; readonly standardError: number };
}

/** The verdict on both directions together. */
export function twoSidedVerdict(
  forward: { readonly logZ: number; readonly weights: MeanWeight },
  reverse: { readonly logZ: number; readonly weights: MeanWeight },
  bennett: BennettEstimate,
  chains: number,
  tolerance: number,
  tempering: TemperingEvidence | undefined,
): Verdict {
  const gap = reverse.logZ - forward.logZ;
  const reasons: string[] = [];
  const advice = new Set<string>();
  const halfWidth = ({ interval }: { readonly interval: readonly [number, number] }): number => (interval[1] - interval[0]) / 2;
  // Of the bootstrap: modes that only some chains are in make log-normal intervals so wide that no gap would count.
  const [forwardError, reverseError] = [forward, reverse].map(({ weights }) => halfWidth({ interval: weights.bootstrapInterval }));
  const error = Math.sqrt(forwardError * forwardError + reverseError * reverseError);
  const mode = 'modes of the model that chains from the base rate do not reach, or weights that spread too far';
  if (!Number.isFinite(gap)) {
    reasons.push('some weights are not finite');
  } else if (gap > tolerance) {
    reasons.push(`the two directions are ${gap.toFixed(2)} nats apart (tolerance ${tolerance}): ${mode}`);
    advice.add('use more temperatures');
  } else if (gap < -tolerance && gap < -error) {
    reasons.push(`the two directions are in the wrong order by ${(-gap).toFixed(2)} nats: the reverse chains did not start from the model's distribution`);
    advice.add('use longer tempered runs with more rungs');
  } else if (gap < -tolerance) {
    reasons.push(`the two directions are in the wrong order by ${(-gap).toFixed(2)} nats (tolerance ${tolerance}), which may be chance: weights that spread too far`);
    advice.add('use more chains or temperatures');
  }
  for (const weakness of [
    weaknessOfWeights('forward', forward.weights, chains),
    weaknessOfWeights('reverse', reverse.weights, chains),
  ]) {
    if (weakness === undefined) continue;
    reasons.push(weakness);
    advice.add('use more temperatures');
  }
  if (halfWidth(bennett) > tolerance) {
    const width = Number.isFinite(halfWidth(bennett)) ? `±${halfWidth(bennett).toFixed(2)} nats wide` : 'boundless';
    reasons.push(`the interval is ${width} (tolerance ${tolerance})`);
    advice.add('use more chains or temperatures');
  }
  if (tempering !== undefined) {
    const smallest = tempering.swapRates.reduce((a, b) => Math.min(a, b), 1);
    if (smallest < leastSwapRate) {
      reasons.push(`neighbours on the ladder of the tempered runs hardly swap (rate ${smallest.toFixed(3)})`);
      advice.add('use more rungs');
    }
    const { startGap } = tempering;
    if (startGap !== undefined && !(startGap.gap <= tolerance + 3 * startGap.standardError)) {
      reasons.push(`tempered runs remember where they started: by ${startGap.gap.toFixed(2)} nats of log Z, so they don't find all modes`);
      advice.add('use longer tempered runs with more rungs');
    }
    if (tempering.roundTrips < tempering.ensembles) {
      reasons.push(`only ${tempering.roundTrips} replicas of ${tempering.ensembles} ensembles came from the base rate to the model`);
      advice.add('use longer tempered runs with more rungs');
    }
  }
  return { status: reasons.length === 0 ? 'consistent' : 'not to be trusted', reasons, advice: [...advice], gap };
}
