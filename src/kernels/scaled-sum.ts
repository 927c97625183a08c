/**
 * Sums of numbers mantissa · 2^exponent, far beyond the range of float64.
 */

import { canonicalSum } from './canonical-sum.js';
import { ln2Lower, ln2Upper, log, powerOfTwo } from './elementary.js';
import type { ScaledNumber } from './kernels.js';

/**
 * Σ mantissas[i] · 2^exponents[i] in the canonical order, relative to the largest exponent. Terms below 2^−1022 of it
 * count as 0.
 *
 * @param mantissas positive; overwritten
 */
export function scaledSum(mantissas: Float64Array, exponents: Float64Array, length: number): ScaledNumber {
  let largest = exponents[0];
  for (let i = 1; i < length; i++) {
    if (exponents[i] > largest) largest = exponents[i];
  }
  for (let i = 0; i < length; i++) {
    const shift = exponents[i] - largest;
    mantissas[i] = shift < -1022 ? 0 : mantissas[i] * powerOfTwo(shift);
  }
  return { mantissa: canonicalSum(mantissas, length), exponent: largest };
}

/** log(mantissa · 2^exponent), in nats; −Infinity for mantissa 0. */
export function logScaled({ mantissa, exponent }: ScaledNumber): number {
  return exponent * ln2Upper + (exponent * ln2Lower + log(mantissa));
}
