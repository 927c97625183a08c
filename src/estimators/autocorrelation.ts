/**
 * How well chains mix, from traces of a number along each of them: integrated autocorrelation time and R-hat.
 */

import { canonicalSum } from '../kernels/index.js';

const { floor, sqrt } = Math;

/** C traces of T numbers each, of equal chains at the same steps, one after the other. */
export interface Traces {
  /** C. */
  readonly chains: number;
  /** T. */
  readonly length: number;
  /** C × T: that of chain c at step t is values[c * length + t]. */
  readonly values: Float64Array;
}

/** Sum over t of x_t·x_{t + lag}, of `length` numbers from `start` on. */
function lagProduct(values: Float64Array, start: number, length: number, lag: number): number {
  const end = start + length - lag;
  let sum = 0;
  for (let t = start; t < end; t++) sum += values[t] * values[t + lag];
  return sum;
}

/** Means and variances of every trace (1 / (T − 1)), and the traces without their means. */
function centre({ chains, length, values }: Traces): { means: Float64Array; variances: Float64Array; centred: Float64Array } {
  const means = new Float64Array(chains);
  const variances = new Float64Array(chains);
  const centred = new Float64Array(chains * length);
  for (let chain = 0; chain < chains; chain++) {
    const start = chain * length;
    means[chain] = canonicalSum(values, length, start) / length;
    for (let t = start; t < start + length; t++) centred[t] = values[t] - means[chain];
    variances[chain] = lagProduct(centred, start, length, 0) / (length - 1);
  }
  return { means, variances, centred };
}

/** Variance of numbers, 1 / (count − 1); 0 of fewer than two. */
export function sampleVariance(values: Float64Array, count = values.length): number {
  if (count < 2) return 0;
  const mean = canonicalSum(values, count) / count;
  let sum = 0;
  for (let index = 0; index < count; index++) sum += (values[index] - mean) * (values[index] - mean);
  return sum / (count - 1);
}

/** W, the mean variance within the traces, and var⁺ = (T − 1)/T·W + the variance of their means (that of one trace is 0). */
function withinAndTotal(means: Float64Array, variances: Float64Array, length: number): { within: number; total: number } {
  const within = canonicalSum(variances) / variances.length;
  return { within, total: ((length - 1) / length) * within + sampleVariance(means) };
}

/**
 * Integrated autocorrelation time τ = 1 + 2·Σ ρ_t, in steps of the traces: that many successive values tell as much as one
 * independent one. 1 for independent values, (1 + ρ)/(1 − ρ) for an AR(1) process.
 *
 * ρ_t is that of all traces together, 1 − (W − mean autocovariance within traces at lag t) / var⁺ (A. Vehtari, A. Gelman, D.
 * Simpson, B. Carpenter & P.-C. Bürkner, "Rank-normalization, folding, and localization", Bayesian Analysis 16 (2021), eq.
 * 10): traces that stay apart are correlated for ever. The sum, which would be mostly noise (A. Sokal, "Monte Carlo methods in
 * statistical mechanics", 1996, §3), ends where C. J. Geyer's does ("Practical Markov chain Monte Carlo", Statistical Science 7
 * (1992), §3.3): at the first pair ρ_2t + ρ_2t+1 that is not positive, and no pair counts more than the one before.
 *
 * Biased downwards where the traces are not many times as long as τ: half their length is the last lag.
 *
 * @returns undefined where nothing varies within any trace, or there are fewer than 4 steps
 */
export function integratedAutocorrelationTime(traces: Traces): number | undefined {
  const { chains, length } = traces;
  if (length < 4) return undefined;
  const { means, variances, centred } = centre(traces);
  const { within, total } = withinAndTotal(means, variances, length);
  if (!(within > 0)) return undefined;
  const correlation = (lag: number): number => {
    let sum = 0;
    for (let chain = 0; chain < chains; chain++) sum += lagProduct(centred, chain * length, length, lag);
    return 1 - (within - sum / (chains * length)) / total;
  };
  let time = -1;
  let before = Infinity;
  for (let lag = 0; lag + 1 <= length / 2; lag += 2) {
    const pair = (lag === 0 ? 1 : correlation(lag)) + correlation(lag + 1);
    if (!(pair > 0)) break;
    before = pair < before ? pair : before;
    time += 2 * before;
  }
  return time;
}

/**
 * R-hat, √(var⁺/W), of the traces cut in halves: 1 where the chains have come to one distribution, larger where they differ
 * from each other more, or drift further, than each of them moves. A. Gelman & D. B. Rubin, "Inference from iterative simulation using multiple
 * sequences", Statistical Science 7 (1992); the halves as in Gelman et al., "Bayesian data analysis" (2013), §11.4, and Vehtari et al. (2021),
 * eqs. 1–4, without their ranks. Of an odd length the middle step is left out.
 *
 * @returns undefined where nothing varies within any half, there are fewer than 4 steps, or fewer than two chains
 */
export function rHat({ chains, length, values }: Traces): number | undefined {
  const half = floor(length / 2);
  if (chains < 2 || half < 2) return undefined;
  const halves = new Float64Array(2 * chains * half);
  for (let chain = 0; chain < chains; chain++) {
    const start = chain * length;
    halves.set(values.subarray(start, start + half), 2 * chain * half);
    halves.set(values.subarray(start + length - half, start + length), (2 * chain + 1) * half);
  }
  const { means, variances } = centre({ chains: 2 * chains, length: half, values: halves });
  const { within, total } = withinAndTotal(means, variances, half);
  return within > 0 ? sqrt(total / within) : undefined;
}
