/**
 * exp, log1p and what is made of them: the operations of ../../elementary.ts in the same order, one number or two at a
 * time. `exp2` and its like take two numbers (f64x2), so that nothing but the width differs.
 */

const log2e: f64 = 1.4426950408889634;
const ln2Upper: f64 = 0.6931471803691238;
const ln2Lower: f64 = 1.9082149292705877e-10;

/** 2^k for k from −1022 to 1023. */
// @ts-ignore: decorator
@inline
export function powerOfTwo(k: i32): f64 {
  return reinterpret<f64>(<i64>(k + 1023) << 52);
}

/** See `expReduced` of the reference. */
// @ts-ignore: decorator
@inline
function expReduced(r: f64, correction: f64): f64 {
  const r2 = r * r;
  const r4 = r2 * r2;
  const p0: f64 = 0.5 + r * 0.16666666666666666 + r2 * (0.041666666666666664 + r * 0.008333333333333333);
  const p4: f64 = 0.001388888888888889 + r * 1.984126984126984e-4 + r2 * (2.48015873015873e-5 + r * 2.7557319223985893e-6);
  const p8: f64 = 2.755731922398589e-7 + r * 2.505210838544172e-8 + r2 * (2.08767569878681e-9 + r * 1.6059043836821613e-10);
  const tail = r2 * (p0 + r4 * (p4 + r4 * p8));
  return 1.0 + (r + (tail + (correction + correction * (r + tail))));
}

/** See `exp` of the reference. */
export function exp(x: f64): f64 {
  if (!(x <= 709.782712893384)) return x > 0 ? Infinity : NaN;
  if (x < -745.1332191019412) return 0;
  const k = floor<f64>(x * log2e + 0.5);
  const upper = x - k * ln2Upper;
  const lower = k * ln2Lower;
  const r = upper - lower;
  const value = expReduced(r, upper - r - lower);
  const exponent = <i32>k;
  if (exponent >= -1021 && exponent <= 1023) return value * powerOfTwo(exponent);
  const half = exponent >> 1;
  return value * powerOfTwo(half) * powerOfTwo(exponent - half);
}

/** See `logReduced` of the reference. */
// @ts-ignore: decorator
@inline
function logReduced(f: f64, k: f64, correction: f64): f64 {
  const s = f / (2.0 + f);
  const z = s * s;
  let r: f64 = 0.10526315789473684 + z * 0.09523809523809523;
  r = 0.11764705882352941 + z * r;
  r = 0.13333333333333333 + z * r;
  r = 0.15384615384615385 + z * r;
  r = 0.18181818181818182 + z * r;
  r = 0.2222222222222222 + z * r;
  r = 0.2857142857142857 + z * r;
  r = 0.4 + z * r;
  r = 0.6666666666666666 + z * r;
  r = z * r;
  const half = 0.5 * f * f;
  return k * ln2Upper - (half - (s * (half + r) + (k * ln2Lower + correction)) - f);
}

/** See `log1p` of the reference, for 0 ≤ x ≤ 1 or NaN. */
// @ts-ignore: decorator
@inline
function log1pOfFraction(x: f64): f64 {
  if (x < 0.41) return x < 1e-17 ? x : logReduced(x, 0, 0);
  const sum = 1.0 + x;
  const lost = x >= 1 ? 1.0 - (sum - x) : x - (sum - 1.0);
  const word = <i32>(reinterpret<i64>(sum) >> 32);
  const rest = word & 0xfffff;
  const carry = rest > 0x6a09e ? 1 : 0;
  const k = (word >>> 20) - 1023 + carry;
  const lowerBits = reinterpret<i64>(sum) & 0xffffffff;
  const normal = reinterpret<f64>((<i64>(rest | ((1023 - carry) << 20)) << 32) | lowerBits);
  return logReduced(normal - 1.0, <f64>k, lost / sum);
}

/** See `log` of the reference, for normal positive numbers or NaN. */
export function logOfNormal(x: f64): f64 {
  if (x != x) return NaN;
  const word = <i32>(reinterpret<i64>(x) >> 32);
  const rest = word & 0xfffff;
  const carry = rest > 0x6a09e ? 1 : 0;
  const k = (word >>> 20) - 1023 + carry;
  const lowerBits = reinterpret<i64>(x) & 0xffffffff;
  return logReduced(reinterpret<f64>((<i64>(rest | ((1023 - carry) << 20)) << 32) | lowerBits) - 1.0, <f64>k, 0);
}

/** See `softplus` of the reference. */
export function softplus(x: f64): f64 {
  const e = exp(-abs<f64>(x));
  if (e != e) return NaN;
  const tail = log1pOfFraction(e);
  return x > 0 ? x + tail : tail;
}

/** See `sigmoid` of the reference. */
export function sigmoid(x: f64): f64 {
  const e = exp(-abs<f64>(x));
  return x >= 0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

/**
 * Constants of the paired functions in memory: loading one costs less than making it in a register each time. The host
 * leaves the memory's beginning alone.
 */
const constants = memory.data<f64>([
  1.4426950408889634, // 0: log2 e
  0.6931471803691238, // 8: ln 2, upper part
  1.9082149292705877e-10, // 16: ln 2, lower part
  4503599627371519.0, // 24: 2^52 + 1023
  1.0, // 32
  0.5, // 40
  -707.0, // 48
  1.6059043836821613e-10, // 56: Taylor coefficients of exp from r^13 down
  2.08767569878681e-9, // 64
  2.505210838544172e-8, // 72
  2.755731922398589e-7, // 80
  2.7557319223985893e-6, // 88
  2.48015873015873e-5, // 96
  1.984126984126984e-4, // 104
  0.001388888888888889, // 112
  0.008333333333333333, // 120
  0.041666666666666664, // 128
  0.16666666666666666, // 136
]);

// @ts-ignore: decorator
@inline
function constant(offset: usize): v128 {
  return v128.load64_splat(constants + offset);
}

/** a + r·b. */
// @ts-ignore: decorator
@inline
function linear(a: v128, r: v128, b: v128): v128 {
  return f64x2.add(a, f64x2.mul(r, b));
}

/** exp of two numbers from −707 to 709, where the power of two is a normal number. */
// @ts-ignore: decorator
@inline
export function expOfModerate(x: v128): v128 {
  const k = f64x2.floor(f64x2.add(f64x2.mul(x, constant(0)), constant(40)));
  const upper = f64x2.sub(x, f64x2.mul(k, constant(8)));
  const lower = f64x2.mul(k, constant(16));
  const r = f64x2.sub(upper, lower);
  const correction = f64x2.sub(f64x2.sub(upper, r), lower);
  const r2 = f64x2.mul(r, r);
  const r4 = f64x2.mul(r2, r2);
  const p0 = linear(linear(constant(40), r, constant(136)), r2, linear(constant(128), r, constant(120)));
  const p4 = linear(linear(constant(112), r, constant(104)), r2, linear(constant(96), r, constant(88)));
  const p8 = linear(linear(constant(80), r, constant(72)), r2, linear(constant(64), r, constant(56)));
  const tail = f64x2.mul(r2, linear(p0, r4, linear(p4, r4, p8)));
  const corrected = f64x2.add(tail, f64x2.add(correction, f64x2.mul(correction, f64x2.add(r, tail))));
  // k + 1023 in the lowest bits of the mantissa of 2^52 + 1023 + k; shifted, it is the exponent of 2^k.
  const scale = i64x2.shl(f64x2.add(k, constant(24)), 52);
  return f64x2.mul(f64x2.add(constant(32), f64x2.add(r, corrected)), scale);
}

/** sigmoid of two numbers, in place. */
// @ts-ignore: decorator
@inline
function sigmoidOfPair(pair: usize): void {
  const x = v128.load(pair);
  const negative = v128.or(x, i64x2.splat(0x8000000000000000));
  // Where the power of two is no normal number (or the input is NaN), one by one.
  if (!i64x2.all_true(f64x2.ge(negative, constant(48)))) {
    store<f64>(pair, sigmoid(load<f64>(pair)));
    store<f64>(pair, sigmoid(load<f64>(pair, 8)), 8);
    return;
  }
  const e = expOfModerate(negative);
  const numerator = v128.bitselect(constant(32), e, f64x2.ge(x, i64x2.splat(0)));
  v128.store(pair, f64x2.div(numerator, f64x2.add(constant(32), e)));
}

/** sigmoid of the 8 numbers of a line, in place. */
export function sigmoidOfLine(line: usize): void {
  sigmoidOfPair(line);
  sigmoidOfPair(line + 16);
  sigmoidOfPair(line + 32);
  sigmoidOfPair(line + 48);
}

/** See `expScaled` of the reference: stores the mantissa at `result`, the exponent behind it. */
export function expScaled(x: f64, correction: f64, result: usize): void {
  const k = floor<f64>(x * log2e + 0.5);
  store<f64>(result, k, 8);
  if (abs<f64>(x) > 1099511627776.0) {
    store<f64>(result, 1);
    return;
  }
  const upper = x - k * ln2Upper;
  const lower = k * ln2Lower;
  const r = upper - lower;
  store<f64>(result, expReduced(r, upper - r - lower + correction));
}
