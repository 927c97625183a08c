/**
 * Normal variates from uniforms, two at a time; the operations of ../../inverse-normal.ts in the same order.
 */

import { logOfNormal } from './elementary';

/** Coefficients of the approximation around ½, in memory as those of elementary.ts: numerator, then denominator. */
const coefficients = memory.data<f64>([
  2509.0809287301226727,
  33430.575583588128105,
  67265.770927008700853,
  45921.953931549871457,
  13731.693765509461125,
  1971.5909503065514427,
  133.14166789178437745,
  3.387132872796366608,
  5226.495278852545925,
  28729.085735721942674,
  39307.89580009271061,
  21213.794301586595867,
  5394.1960214247511077,
  687.1870074920579083,
  42.313330701600911252,
  1,
]);

/** r·value + the coefficient at `offset`. */
// @ts-ignore: decorator
@inline
function next(value: v128, r: v128, offset: usize): v128 {
  return f64x2.add(f64x2.mul(value, r), v128.load64_splat(coefficients + offset));
}

/** The polynomial of degree 7 whose coefficients are at `offset`, at two numbers. */
// @ts-ignore: decorator
@inline
function polynomial(r: v128, offset: usize): v128 {
  let value = next(v128.load64_splat(coefficients + offset), r, offset + 8);
  value = next(value, r, offset + 16);
  value = next(value, r, offset + 24);
  value = next(value, r, offset + 32);
  value = next(value, r, offset + 40);
  value = next(value, r, offset + 48);
  return next(value, r, offset + 56);
}

/** See `inverseNormalCumulative` for |p − ½| > 0.425, p at least 2^−1000. */
function quantileOfTail(p: f64): f64 {
  const q = p - 0.5;
  let r = sqrt<f64>(-logOfNormal(q < 0 ? p : 1 - p));
  let value: f64;
  if (r <= 5) {
    r -= 1.6;
    const numerator =
      ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r +
        1.27045825245236838258) *
        r +
        3.64784832476320460504) *
        r +
        5.7694972214606914055) *
        r +
        4.6303378461565452959) *
        r +
      1.42343711074968357734;
    const denominator =
      ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r +
        0.14810397642748007459) *
        r +
        0.68976733498510000455) *
        r +
        1.6763848301838038494) *
        r +
        2.05319162663775882187) *
        r +
      1;
    value = numerator / denominator;
  } else {
    r -= 5;
    const numerator =
      ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r +
        0.026532189526576123093) *
        r +
        0.29656057182850489123) *
        r +
        1.7848265399172913358) *
        r +
        5.4637849111641143699) *
        r +
      6.6579046435011037772;
    const denominator =
      ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r +
        7.868691311456132591e-4) *
        r +
        0.0148753612908506148525) *
        r +
        0.13692988092273580531) *
        r +
        0.59983220655588793769) *
        r +
      1;
    value = numerator / denominator;
  }
  return q < 0 ? -value : value;
}

/** See `inverseNormalCumulative`; two numbers in (0, 1), at least 2^−1000. */
// @ts-ignore: decorator
@inline
export function inverseNormalOfPair(p: v128): v128 {
  const q = f64x2.sub(p, f64x2.splat(0.5));
  const r = f64x2.sub(f64x2.splat(0.180625), f64x2.mul(q, q));
  let value = f64x2.div(f64x2.mul(q, polynomial(r, 0)), polynomial(r, 64));
  const tails = i64x2.bitmask(f64x2.gt(f64x2.abs(q), f64x2.splat(0.425)));
  if (tails & 1) value = f64x2.replace_lane(value, 0, quantileOfTail(f64x2.extract_lane(p, 0)));
  if (tails & 2) value = f64x2.replace_lane(value, 1, quantileOfTail(f64x2.extract_lane(p, 1)));
  return value;
}
