/**
 * The logarithm of the mean of weights that are known by their logarithms, and how far to trust it.
 */

import { canonicalSum, exp, log } from '../kernels/index.js';
import { hostRandom } from '../random/index.js';

const { max, min, sqrt } = Math;

/** Figures of a mean of weights, all in nats but the sample size. */
export interface MeanWeight {
  /** log mean w. */
  readonly logMean: number;
  /**
   * 95 % interval of log E[w]: the hull of `bootstrapInterval` and `logNormalInterval`. The one follows the weights seen, the
   * other allows for the large ones not seen.
   */
  readonly interval: readonly [number, number];
  /** 95 % percentile interval of the bootstrap. */
  readonly bootstrapInterval: readonly [number, number];
  /** 95 % interval for log-normal weights (Cox's, in U. Olsson, J. Stat. Educ. 13, 2005). */
  readonly logNormalInterval: readonly [number, number];
  /** log(mean ± 3 standard errors), as Salakhutdinov & Murray (2008) give it; −Infinity where the lower end is below 0. */
  readonly threeSigma: readonly [number, number];
  /** (Σ w)² / Σ w². */
  readonly effectiveSampleSize: number;
}

/** Resamples of the bootstrap. */
const resamples = 2000;

/** log Σ exp(values) − log count, by a canonical sum relative to the largest. */
export function logMeanExp(values: Float64Array): number {
  const largest = values.reduce((a, b) => max(a, b), -Infinity);
  if (!Number.isFinite(largest)) return largest;
  return largest + log(canonicalSum(values.map((value) => exp(value - largest))) / values.length);
}

/** exp(logWeights) relative to the largest of them, and the logarithm of that one, in nats. */
function relativeWeights(logWeights: Float64Array): { weights: Float64Array; largest: number } {
  const largest = logWeights.reduce((a, b) => max(a, b), -Infinity);
  return { weights: logWeights.map((value) => exp(value - largest)), largest };
}

/** (Σ w)² / Σ w² of weights up to a common factor. */
function sampleSizeOf(weights: Float64Array): number {
  const sum = canonicalSum(weights);
  return (sum * sum) / canonicalSum(weights.map((weight) => weight * weight));
}

/** (Σ w)² / Σ w² of weights that are known by their logarithms. */
export function effectiveSampleSize(logWeights: Float64Array): number {
  return sampleSizeOf(relativeWeights(logWeights).weights);
}

/**
 * Log of the mean of exp(logWeights), with intervals.
 *
 * @param logWeights of independent chains, at least 2
 * @param seed of the bootstrap
 */
export function meanWeight(logWeights: Float64Array, seed: string): MeanWeight {
  const count = logWeights.length;
  const { weights, largest } = relativeWeights(logWeights);
  const mean = canonicalSum(weights) / count;
  const logMean = largest + log(mean);
  const standardError = sqrt(canonicalSum(weights.map((weight) => (weight - mean) * (weight - mean))) / (count - 1) / count);

  const logs = canonicalSum(logWeights) / count;
  const variance = canonicalSum(logWeights.map((value) => (value - logs) * (value - logs))) / (count - 1);
  const centre = logs + variance / 2;
  const half = studentQuantile(count - 1) * sqrt(variance / count + (variance * variance) / (2 * (count - 1)));
  const logNormalInterval = [centre - half, centre + half] as const;

  const random = hostRandom(seed, 'estimation/bootstrap');
  const totals = new Float64Array(resamples);
  for (let index = 0; index < resamples; index++) {
    let total = 0;
    for (let draw = 0; draw < count; draw++) total += weights[Math.floor(random.double() * count)];
    totals[index] = total;
  }
  totals.sort();
  const quantile = (share: number): number => largest + log(totals[Math.round(share * (resamples - 1))] / count);
  const bootstrapInterval = [quantile(0.025), quantile(0.975)] as const;
  return {
    logMean,
    interval: [min(bootstrapInterval[0], logNormalInterval[0]), max(bootstrapInterval[1], logNormalInterval[1])],
    bootstrapInterval,
    logNormalInterval,
    threeSigma: [
      mean > 3 * standardError ? largest + log(mean - 3 * standardError) : -Infinity,
      largest + log(mean + 3 * standardError),
    ],
    effectiveSampleSize: sampleSizeOf(weights),
  };
}

/** The .975 quantiles of Student's distribution with 1 … 7 degrees of freedom. */
const fewDegrees = [12.7062047361747, 4.30265272974946, 3.18244630528371, 2.77644510519779, 2.57058183563631, 2.44691185114498, 2.36462425159278];

/** The .975 quantile of Student's distribution with `degrees` ≥ 1 degrees of freedom (Cornish–Fisher from 8 on; error below .002). */
export function studentQuantile(degrees: number): number {
  if (degrees <= fewDegrees.length) return fewDegrees[degrees - 1];
  const z = 1.959963984540054;
  const z3 = z * z * z;
  const z5 = z3 * z * z;
  const z7 = z5 * z * z;
  const g1 = (z3 + z) / 4;
  const g2 = (5 * z5 + 16 * z3 + 3 * z) / 96;
  const g3 = (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384;
  return z + g1 / degrees + g2 / (degrees * degrees) + g3 / (degrees * degrees * degrees);
}

/** Counts of values in `bins` equal bins between the smallest and the largest. */
export interface Histogram {
  /** Bins + 1 edges. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** A histogram of finite values. */
export function histogram(values: Float64Array, bins = 20): Histogram {
  const low = values.reduce((a, b) => min(a, b), Infinity);
  const high = values.reduce((a, b) => max(a, b), -Infinity);
  const width = (high - low) / bins;
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) counts[width > 0 ? min(bins - 1, Math.floor((value - low) / width)) : 0]++;
  return { edges: Array.from({ length: bins + 1 }, (_, index) => low + index * width), counts };
}
