/**
 * Bennett's acceptance ratio: the one estimate of log Z that makes the most of weights from both directions.
 *
 * C. Bennett, J. Comput. Phys. 22 (1976); M. Shirts, E. Bair, G. Hooker & V. Pande, Phys. Rev. Lett. 91 (2003), as maximum
 * likelihood: which direction a log-weight came from is a logistic regression with unit slope.
 */

import { canonicalSum, log, sigmoid } from '../kernels/index.js';
import { studentQuantile } from './mean-weight.js';

const { max, min, sqrt } = Math;

/** The estimate. */
export interface BennettEstimate {
  /** log Z / Z_base, in nats. */
  readonly logRatio: number;
  /** Its asymptotic standard error (Shirts et al. 2003, eq. 10). */
  readonly standardError: number;
  /** 95 % interval. */
  readonly interval: readonly [number, number];
  /** Share of the two directions' information that overlaps, 0 to 1: far below 1 % the estimate hangs on a few chains. */
  readonly overlap: number;
}

/**
 * Combines both directions.
 *
 * @param forward log-weights of chains from the base-rate model to the model
 * @param reverse log-weights of chains from the model to the base-rate model
 */
export function bennettAcceptanceRatio(forward: Float64Array, reverse: Float64Array): BennettEstimate {
  // Seen from the base-rate model: what a chain of the reverse direction would have gained forward.
  const backwards = reverse.map((value) => -value);
  const shift = log(forward.length / reverse.length);
  const balance = (ratio: number): number =>
    canonicalSum(forward.map((value) => sigmoid(value - ratio - shift))) - canonicalSum(backwards.map((value) => sigmoid(ratio + shift - value)));
  const all = [...forward, ...backwards];
  let low = all.reduce((a, b) => min(a, b)) - Math.abs(shift) - 1;
  let high = all.reduce((a, b) => max(a, b)) + Math.abs(shift) + 1;
  // The balance falls in the ratio; bisection to the last place.
  for (let step = 0; step < 200; step++) {
    const middle = low + (high - low) / 2;
    if (!(middle > low && middle < high)) break;
    if (balance(middle) > 0) low = middle;
    else high = middle;
  }
  const logRatio = low + (high - low) / 2;
  const information = canonicalSum(
    Float64Array.from(all, (value) => {
      const share = sigmoid(value - logRatio - shift);
      return share * (1 - share);
    }),
  );
  const most = (forward.length * reverse.length) / (forward.length + reverse.length);
  const variance = max(1 / information - 1 / forward.length - 1 / reverse.length, 0);
  const standardError = sqrt(variance);
  const half = studentQuantile(min(forward.length, reverse.length) - 1) * standardError;
  return { logRatio, standardError, interval: [logRatio - half, logRatio + half], overlap: min(1, information / most) };
}
