/**
 * exp, log, log1p and what is made of them, the same bits on every machine.
 *
 * ECMAScript leaves `Math.exp` and its relatives to the implementation; these use only + − × ÷, comparisons and exact
 * bit operations, which IEEE 754 fixes. They round to nearly the last place but do not claim correct rounding; the
 * tests hold them to the bounds stated at each function.
 */

const { floor, abs } = Math;

/** log2(e) and ln 2 in two parts: the upper one has 33 significant bits, so that k × upper is exact for |k| < 2^20. */
const log2e = 1.4426950408889634;
/** The upper part of ln 2. */
export const ln2Upper = 0.6931471803691238;
/** ln 2 − `ln2Upper`. */
export const ln2Lower = 1.9082149292705877e-10;

/** ln 2, rounded to float64. */
export const ln2 = 0.6931471805599453;

/** 2^k for k from −1074 to 1023, at index k + 1074. Built by exact doublings and halvings. */
const powersOfTwo = new Float64Array(2098);
powersOfTwo[1074] = 1;
for (let k = 1; k <= 1023; k++) powersOfTwo[1074 + k] = powersOfTwo[1073 + k] * 2;
for (let k = 1; k <= 1074; k++) powersOfTwo[1074 - k] = powersOfTwo[1075 - k] / 2;

const float64 = new Float64Array(1);
const uint32 = new Uint32Array(float64.buffer);
/** Index of the word with sign and exponent: typed arrays have the host's byte order. */
const upperWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** 2^k, exact; k an integer from −1074 to 1023. */
export function powerOfTwo(k: number): number {
  return powersOfTwo[k + 1074];
}

/** The exponent of a normal positive number: ⌊log2 x⌋. */
export function binaryExponent(x: number): number {
  float64[0] = x;
  return (uint32[upperWord] >>> 20) - 1023;
}

/**
 * e^(r + correction) for |r| ≤ 0.35 and a tiny correction: e^r = 1 + (r + r²·P(r)), times 1 + correction.
 * Taylor coefficients: the first term left out, r^14/14!, is below 5e-18 there. Evaluated in Estrin's order, in which
 * fewer operations wait for each other.
 */
function expReduced(r: number, correction: number): number {
  const r2 = r * r;
  const r4 = r2 * r2;
  const p0 = 0.5 + r * 0.16666666666666666 + r2 * (0.041666666666666664 + r * 0.008333333333333333);
  const p4 = 0.001388888888888889 + r * 1.984126984126984e-4 + r2 * (2.48015873015873e-5 + r * 2.7557319223985893e-6);
  const p8 = 2.755731922398589e-7 + r * 2.505210838544172e-8 + r2 * (2.08767569878681e-9 + r * 1.6059043836821613e-10);
  const tail = r2 * (p0 + r4 * (p4 + r4 * p8));
  return 1 + (r + (tail + (correction + correction * (r + tail))));
}

/**
 * e^x. Error below 1 ulp (0.86 measured); exact at 0, ±Infinity; NaN for NaN.
 * Overflows to Infinity above 709.782712893384, gradual underflow below −708.3964185322641.
 */
export function exp(x: number): number {
  if (!(x <= 709.782712893384)) return x > 0 ? Infinity : NaN;
  if (x < -745.1332191019412) return 0;
  const k = floor(x * log2e + 0.5);
  // k·ln 2 in two parts; the first subtraction is exact, the second one's rounding error is kept.
  const upper = x - k * ln2Upper;
  const lower = k * ln2Lower;
  const r = upper - lower;
  const value = expReduced(r, upper - r - lower);
  if (k >= -1021 && k <= 1023) return value * powersOfTwo[k + 1074];
  const half = k >> 1;
  return value * powersOfTwo[half + 1074] * powersOfTwo[k - half + 1074];
}

/**
 * e^(x + correction) = mantissa · 2^exponent, for arguments far beyond the range of float64.
 *
 * For |x| < 2^19 the error is that of {@link exp}; beyond, the argument's own last place is larger than what is lost.
 *
 * @param x any finite number
 * @param correction what x lacks of the exact argument, at most a few ulp of x
 * @param result receives [mantissa in [0.7, 1.42), exponent]
 */
export function expScaled(x: number, correction: number, result: Float64Array): void {
  const k = floor(x * log2e + 0.5);
  if (abs(x) > 1099511627776) {
    // Above 2^40 the fraction of x is noise.
    result[0] = 1;
    result[1] = k;
    return;
  }
  const upper = x - k * ln2Upper;
  const lower = k * ln2Lower;
  const r = upper - lower;
  result[0] = expReduced(r, upper - r - lower + correction);
  result[1] = k;
}

/**
 * log(1 + f) for √½ ≤ 1 + f ≤ √2, plus k·ln 2 plus correction.
 * With s = f/(2+f): log(1+f) = f − (f²/2 − s·(f²/2 + R)), R = 2s²·Σ s^(2i)/(2i+3); the first term left out is below 1e-18.
 */
function logReduced(f: number, k: number, correction: number): number {
  const s = f / (2 + f);
  const z = s * s;
  const r =
    z *
    (0.6666666666666666 +
      z *
        (0.4 +
          z *
            (0.2857142857142857 +
              z *
                (0.2222222222222222 +
                  z *
                    (0.18181818181818182 +
                      z *
                        (0.15384615384615385 +
                          z * (0.13333333333333333 + z * (0.11764705882352941 + z * (0.10526315789473684 + z * 0.09523809523809523)))))))));
  const half = 0.5 * f * f;
  return k * ln2Upper - (half - (s * (half + r) + (k * ln2Lower + correction)) - f);
}

/**
 * Natural logarithm. Error below 1 ulp (0.75 measured). log(±0) = −Infinity, log(Infinity) = Infinity, NaN for negative x and NaN.
 */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let k = 0;
  let normal = x;
  if (x < 2.2250738585072014e-308) {
    normal = x * 18014398509481984;
    k = -54;
  }
  float64[0] = normal;
  const word = uint32[upperWord];
  // Splits off the power of two so that the rest lies in [√½, √2).
  const rest = word & 0xfffff;
  const carry = rest > 0x6a09e ? 1 : 0;
  k += (word >>> 20) - 1023 + carry;
  uint32[upperWord] = rest | ((1023 - carry) << 20);
  return logReduced(float64[0] - 1, k, 0);
}

/**
 * log(1 + x), accurate near 0. Error below 1 ulp (0.76 measured). log1p(−1) = −Infinity, NaN below.
 */
export function log1p(x: number): number {
  if (x > -0.29 && x < 0.41) return abs(x) < 1e-17 ? x : logReduced(x, 0, 0);
  const sum = 1 + x;
  if (!(sum > 0) || sum === Infinity) return log(sum);
  if (sum >= 9007199254740992) return log(sum);
  // What the rounded sum lacks of 1 + x, relative to it.
  const lost = x >= 1 ? 1 - (sum - x) : x - (sum - 1);
  float64[0] = sum;
  const word = uint32[upperWord];
  const rest = word & 0xfffff;
  const carry = rest > 0x6a09e ? 1 : 0;
  const k = (word >>> 20) - 1023 + carry;
  uint32[upperWord] = rest | ((1023 - carry) << 20);
  return logReduced(float64[0] - 1, k, lost / sum);
}

/** log(1 + e^x), without overflow: max(x, 0) + log1p(e^−|x|). The cumulant of a {0,1} unit with input x. Error below 2 ulp. */
export function softplus(x: number): number {
  const tail = log1p(exp(-abs(x)));
  return x > 0 ? x + tail : tail;
}

/** 1 / (1 + e^−x): the mean of a {0,1} unit with input x. Error below 2.5 ulp. */
export function sigmoid(x: number): number {
  const e = exp(-abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}
