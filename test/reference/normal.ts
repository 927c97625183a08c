/** The standard normal distribution in extended precision, from its series: an oracle. */

import * as ep from './extended-precision.js';
import type { Extended } from './extended-precision.js';

const half: Extended = { mantissa: 1n, exponent: -1 };

/** φ(x) = e^(−x²/2) / √(2π). */
export function density(x: Extended): Extended {
  const squareHalf = ep.multiply(half, ep.multiply(x, x));
  return ep.divide(ep.exp(ep.negate(squareHalf)), ep.squareRoot(ep.multiply(ep.fromNumber(2), ep.pi)));
}

/**
 * Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + x⁷/(3·5·7) + …). All terms have one sign; in the lower tail the difference
 * from ½ cancels as many bits as the probability is small (54 of the 190 at 2^-54).
 */
export function cumulative(x: Extended): Extended {
  const square = ep.multiply(x, x);
  let term = x;
  let sum = ep.zero;
  for (let odd = 3; term.mantissa !== 0n && ep.binaryExponent(term) > -260; odd += 2) {
    sum = ep.add(sum, term);
    term = ep.divide(ep.multiply(term, square), ep.fromNumber(odd));
  }
  return ep.add(half, ep.multiply(density(x), sum));
}

/** Φ⁻¹(p) by Newton's iteration from a float64 guess; p exact. Converges for any guess within about 0.1 of the root. */
export function inverseCumulative(p: number, guess: number): Extended {
  let x = ep.fromNumber(guess);
  for (let step = 0; step < 30; step++) {
    const change = ep.divide(ep.subtract(cumulative(x), ep.fromNumber(p)), density(x));
    x = ep.subtract(x, change);
    if (change.mantissa === 0n || ep.binaryExponent(change) < -70) return x;
  }
  throw new RangeError(`no convergence to the quantile of ${p} from ${guess}`);
}
