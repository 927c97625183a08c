/**
 * Drawing the values of random search: the same on every machine, whatever else is drawn.
 *
 * Each key has a random stream of its own, of which sample i is the i-th number: neither a key more nor more samples change
 * what was drawn before.
 */

import { exp, log } from '../kernels/elementary.js';
import { hostRandom } from '../random/index.js';

/** What a value is drawn from; `low` and `high` are both possible. */
export type Distribution =
  | { readonly distribution: 'uniform' | 'logUniform' | 'integer'; readonly low: number; readonly high: number }
  | { readonly distribution: 'choice'; readonly values: readonly unknown[] };

/** Where a uniform in (0, 1) falls in a distribution: a number, or the index among the values of a choice. */
function drawnAt(from: Distribution, uniform: number): number {
  if (from.distribution === 'choice') return Math.floor(uniform * from.values.length);
  const { low, high } = from;
  switch (from.distribution) {
    case 'integer':
      // Rounding could carry the largest uniform over the end.
      return Math.min(low + Math.floor(uniform * (high - low + 1)), high);
    case 'uniform':
      return rounded(low * (1 - uniform) + high * uniform, low, high);
    case 'logUniform':
      return rounded(exp(log(low) * (1 - uniform) + log(high) * uniform), low, high);
  }
}

/** To 6 significant digits, which are read and typed easily, but not out of the range. */
function rounded(value: number, low: number, high: number): number {
  return Math.min(Math.max(Number(value.toPrecision(6)), low), high);
}

/**
 * The values of one key.
 *
 * @param samples how many
 * @param seed of the whole random search
 * @param key the dotted key, which names the stream
 * @returns numbers in draw order; for a choice, indices of its values
 */
export function drawValues(from: Distribution, samples: number, seed: string, key: string): number[] {
  const random = hostRandom(seed, `sweep ${key}`);
  return Array.from({ length: samples }, () => drawnAt(from, random.double()));
}
