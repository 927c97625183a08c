/**
 * How far apart two expectations are that are known from a few independent estimates each: without the part that is only the
 * noise of the estimates, and with a standard error.
 */

import { canonicalSum } from '../kernels/index.js';

const { max, sqrt } = Math;

/**
 * Independent, equally good estimates of a vector. A single one is taken for the expectation itself, of two there is no standard
 * error: give one, or three and more. Several are taken over: their arrays become their deviations from the mean, since of a
 * large model there is no room for both.
 */
export class Estimates {
  /** Their mean. */
  readonly mean: Float64Array;
  /** |estimate − mean|² of each; one 0 where the expectation itself is known. */
  readonly squares: Float64Array;
  readonly #deviations: readonly Float64Array[];

  constructor(estimates: readonly Float64Array[]) {
    const { length } = estimates[0];
    const mean = new Float64Array(length);
    for (const estimate of estimates) for (let index = 0; index < length; index++) mean[index] += estimate[index];
    for (let index = 0; index < length; index++) mean[index] /= estimates.length;
    this.mean = mean;
    this.#deviations = estimates.length === 1 ? [] : estimates;
    for (const deviation of this.#deviations) for (let index = 0; index < length; index++) deviation[index] -= mean[index];
    this.squares = Float64Array.from(this.#deviations, (deviation) => dot(deviation, deviation));
  }

  /** Whether the expectation itself is known. */
  get isExact(): boolean {
    return this.#deviations.length === 0;
  }

  /** Total variance of one estimate: the sum of the variances of its components. */
  get variance(): number {
    return this.isExact ? 0 : canonicalSum(this.squares) / (this.squares.length - 1);
  }

  /** Total variance of the mean. */
  get varianceOfMean(): number {
    return this.isExact ? 0 : this.variance / this.squares.length;
  }

  /** Inner products of every estimate's deviation from the mean with a vector. */
  along(vector: Float64Array): Float64Array {
    return Float64Array.from(this.#deviations, (deviation) => dot(deviation, vector));
  }
}

/** A quantity that was estimated. */
export interface Estimated {
  readonly value: number;
  readonly standardError: number;
}

/** x − y. */
export function difference(x: Float64Array, y: Float64Array): Float64Array {
  return x.map((value, index) => value - y[index]);
}

/** Σ x_i y_i, in canonical order. */
export function dot(x: Float64Array, y: Float64Array): number {
  return canonicalSum(x.map((value, index) => value * y[index]));
}

/**
 * What one sample of estimates adds to the variance of the squared distance: the jackknife's, leaving out one after the other.
 *
 * @param sign of these estimates in the distance: +1 or −1
 */
function jackknifeVariance(estimates: Estimates, distance: Float64Array, sign: number): number {
  const { squares } = estimates;
  const count = squares.length;
  if (count < 3) return 0;
  const total = canonicalSum(squares);
  const along = estimates.along(distance);
  const changes = squares.map((square, index) => {
    const others = count - 1;
    const ofDistance = (-2 * sign * along[index]) / others + square / (others * others);
    const ofVariance = (total - (square * count) / others) / (others * (others - 1)) - total / (count * others);
    return ofDistance - ofVariance;
  });
  const mean = canonicalSum(changes) / count;
  return (canonicalSum(changes.map((change) => (change - mean) * (change - mean))) * (count - 1)) / count;
}

/**
 * |E x − E y|², without bias: |mean x − mean y|² less the total variances of both means. It can come out negative where the
 * distance is small against the noise. The standard error is the jackknife's; where the distance is nothing but noise it is
 * too large, by up to √2.
 */
export function squaredDistance(x: Estimates, y: Estimates): Estimated {
  const distance = difference(x.mean, y.mean);
  const value = dot(distance, distance) - x.varianceOfMean - y.varianceOfMean;
  return { value, standardError: sqrt(jackknifeVariance(x, distance, 1) + jackknifeVariance(y, distance, -1)) };
}

/** The root of a square that was estimated; 0 where that came out negative. Its standard error is what one of the square adds to it. */
export function rootOf({ value, standardError }: Estimated): Estimated {
  const root = sqrt(max(0, value));
  return { value: root, standardError: sqrt(max(0, value) + standardError) - root };
}
