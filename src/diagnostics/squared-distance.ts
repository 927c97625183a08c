/**
 * How far apart two expectations are that are known from a few independent estimates each: without the part that is only the
 * noise of the estimates, and with a standard error.
 */

import { canonicalSum } from '../kernels/index.js';

const { max, min, sqrt } = Math;

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

/** What a squared distance and an inner product change by where one estimate is left out. */
interface LeftOut {
  readonly square: Float64Array;
  readonly product: Float64Array;
}

/**
 * Changes of |mean x − mean y|² less the variances, and of (mean x − mean y)·direction, where each of the estimates x is left out.
 */
function leftOut(estimates: Estimates, distance: Float64Array, direction: Float64Array): LeftOut {
  const { squares } = estimates;
  const count = squares.length;
  if (count < 3) return { square: new Float64Array(0), product: new Float64Array(0) };
  const others = count - 1;
  const total = canonicalSum(squares);
  const along = estimates.along(distance);
  const square = squares.map((own, index) => {
    const ofDistance = (-2 * along[index]) / others + own / (others * others);
    const ofVariance = (total - (own * count) / others) / (others * (others - 1)) - total / (count * others);
    return ofDistance - ofVariance;
  });
  return { square, product: estimates.along(direction).map((value) => -value / others) };
}

/** The jackknife's variance of a quantity, from its values (or their changes) where each of the estimates is left out. */
function jackknifeVariance(values: Float64Array): number {
  const count = values.length;
  if (count === 0) return 0;
  const mean = canonicalSum(values) / count;
  return (canonicalSum(values.map((value) => (value - mean) * (value - mean))) * (count - 1)) / count;
}

/**
 * |E x − E y|², without bias: |mean x − mean y|² less the total variances of both means. It can come out negative where the
 * distance is small against the noise. The standard error is the jackknife's; where the distance is nothing but noise it is
 * too large, by up to √2.
 */
export function squaredDistance(x: Estimates, y: Estimates): Estimated {
  const distance = difference(x.mean, y.mean);
  const value = dot(distance, distance) - x.varianceOfMean - y.varianceOfMean;
  const back = difference(y.mean, x.mean);
  const variance = jackknifeVariance(leftOut(x, distance, distance).square) + jackknifeVariance(leftOut(y, back, back).square);
  return { value, standardError: sqrt(variance) };
}

/** What a squared length must be of its standard errors for a direction to be told: a cosine from less is mostly noise. */
const toldErrors = 3;

/**
 * Cosine of E x − c and E y − c, of independent x and y: their lengths without bias, the standard error the jackknife's.
 *
 * @returns undefined where the square of a length is below three of its standard errors: there is no direction then
 */
export function cosineFrom(centre: Float64Array, x: Estimates, y: Estimates): Estimated | undefined {
  const known = new Estimates([centre]);
  const lengths = [squaredDistance(x, known), squaredDistance(y, known)];
  if (!lengths.every(({ value, standardError }) => value > toldErrors * standardError)) return undefined;
  const [toX, toY] = [difference(x.mean, centre), difference(y.mean, centre)];
  const [squareX, squareY] = lengths.map(({ value }) => value);
  const product = dot(toX, toY);
  const cosine = (inner: number, one: number, other: number): number => inner / (sqrt(max(0, one)) * sqrt(max(0, other)));
  const withoutX = leftOut(x, toX, toY);
  const withoutY = leftOut(y, toY, toX);
  const variance =
    jackknifeVariance(withoutX.square.map((change, index) => cosine(product + withoutX.product[index], squareX + change, squareY))) +
    jackknifeVariance(withoutY.square.map((change, index) => cosine(product + withoutY.product[index], squareX, squareY + change)));
  return { value: max(-1, min(1, cosine(product, squareX, squareY))), standardError: sqrt(variance) };
}

/** The root of a square that was estimated; 0 where that came out negative. Its standard error is what one of the square adds to it. */
export function rootOf({ value, standardError }: Estimated): Estimated {
  const root = sqrt(max(0, value));
  return { value: root, standardError: sqrt(max(0, value) + standardError) - root };
}
