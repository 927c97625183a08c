/**
 * Extended-precision arithmetic for tests: binary floating point with a 256-bit BigInt mantissa.
 *
 * An oracle, written to be obviously correct and not to be fast; it shares no code with src/. Conversions from and to
 * float64 are exact or correctly rounded; `add`, `multiply`, `divide`, `squareRoot` have relative errors below 2^-250,
 * `exp`, `log`, `log1p`, `expm1` below 2^-190 for |exponent of the result| < 2^20. It has no NaN and no infinities:
 * operations without a finite result throw.
 */

/** The number mantissa · 2^exponent. Zero is mantissa 0n (its exponent does not matter). */
export interface Extended {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const precision = 256;

/** Number of binary digits of |value|; 0 for 0n. */
export function bitLength(value: bigint): number {
  const digits = (value < 0n ? -value : value).toString(16);
  return digits === '0' ? 0 : 4 * digits.length - Math.clz32(Number.parseInt(digits[0], 16)) + 28;
}

/** mantissa · 2^exponent cut to 256 bits (towards −∞, a relative error below 2^-255). */
export function extended(mantissa: bigint, exponent = 0): Extended {
  const excess = bitLength(mantissa) - precision;
  return excess > 0
    ? { mantissa: mantissa >> BigInt(excess), exponent: exponent + excess }
    : { mantissa, exponent };
}

export const zero: Extended = { mantissa: 0n, exponent: 0 };
export const one: Extended = { mantissa: 1n, exponent: 0 };

const view = new DataView(new ArrayBuffer(8));

/** The exact value of a finite float64. */
export function fromNumber(value: number): Extended {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is not finite`);
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = biased === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: bits >> 63n === 1n ? -magnitude : magnitude, exponent: Math.max(biased, 1) - 1075 };
}

/** ⌊log2 |value|⌋ of a non-zero value. */
export function binaryExponent(value: Extended): number {
  return bitLength(value.mantissa) - 1 + value.exponent;
}

/** ⌊value · 2^fractionBits⌋. */
export function toFixed(value: Extended, fractionBits: number): bigint {
  const shift = value.exponent + fractionBits;
  return shift >= 0 ? value.mantissa << BigInt(shift) : value.mantissa >> BigInt(-shift);
}

/** The nearest float64 (ties to even); ±Infinity from 2^1024 − 2^970 on; subnormals are exact as well. */
export function toNumber(value: Extended): number {
  if (value.mantissa === 0n) return 0;
  const negative = value.mantissa < 0n;
  const magnitude = negative ? -value.mantissa : value.mantissa;
  const unit = Math.max(binaryExponent(value) - 52, -1074);
  const shift = unit - value.exponent;
  let rounded = magnitude << BigInt(Math.max(-shift, 0));
  if (shift > 0) {
    const half = 1n << BigInt(shift - 1);
    const floor = magnitude >> BigInt(shift);
    const rest = magnitude - (floor << BigInt(shift));
    rounded = rest > half || (rest === half && (floor & 1n) === 1n) ? floor + 1n : floor;
  }
  // rounded ≤ 2^53 is exact as a float64, and so is each of the two scalings (no double rounding: the unit is right).
  const result = scale(Number(rounded), unit);
  return negative ? -result : result;
}

/** value · 2^exponent for results that are exact or overflow. */
function scale(value: number, exponent: number): number {
  let result = value;
  let rest = exponent;
  for (; rest > 1000; rest -= 1000) result *= 2 ** 1000;
  for (; rest < -1000; rest += 1000) result *= 2 ** -1000;
  return result * 2 ** rest;
}

export function negate(value: Extended): Extended {
  return { mantissa: -value.mantissa, exponent: value.exponent };
}

export function absolute(value: Extended): Extended {
  return value.mantissa < 0n ? negate(value) : value;
}

export function add(left: Extended, right: Extended): Extended {
  if (left.mantissa === 0n) return right;
  if (right.mantissa === 0n) return left;
  // A term more than 2·precision bits below the other one cannot matter; without this the shift could be unbounded.
  const gap = binaryExponent(left) - binaryExponent(right);
  if (gap > 3 * precision) return left;
  if (gap < -3 * precision) return right;
  const exponent = Math.min(left.exponent, right.exponent);
  return extended(
    (left.mantissa << BigInt(left.exponent - exponent)) + (right.mantissa << BigInt(right.exponent - exponent)),
    exponent,
  );
}

export function subtract(left: Extended, right: Extended): Extended {
  return add(left, negate(right));
}

export function multiply(left: Extended, right: Extended): Extended {
  return extended(left.mantissa * right.mantissa, left.exponent + right.exponent);
}

export function divide(left: Extended, right: Extended): Extended {
  if (right.mantissa === 0n) throw new RangeError('division by zero');
  const shift = precision + bitLength(right.mantissa);
  return extended((left.mantissa << BigInt(shift)) / right.mantissa, left.exponent - shift - right.exponent);
}

/** −1, 0 or 1 as left is below, equal to or above right. */
export function compare(left: Extended, right: Extended): number {
  const { mantissa } = subtract(left, right);
  if (mantissa === 0n) return 0;
  return mantissa < 0n ? -1 : 1;
}

/** ⌊√value⌋ of an integer. */
export function integerSquareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

export function squareRoot(value: Extended): Extended {
  if (value.mantissa < 0n) throw new RangeError('square root of a negative number');
  const shift = 2 * precision + ((value.exponent + 2 * precision) & 1);
  return extended(integerSquareRoot(value.mantissa << BigInt(shift)), (value.exponent - shift) / 2);
}

/** Σ over the odd powers of 1/q: artanh(1/q), or arctan(1/q) with alternating signs, in fixed point. */
function inverseSeries(q: bigint, fractionBits: number, alternating: boolean): bigint {
  let power = (1n << BigInt(fractionBits)) / q;
  let sum = 0n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += alternating && (k & 2n) !== 0n ? -(power / k) : power / k;
    power /= q * q;
  }
  return sum;
}

const constantBits = 400;
/** ln 2 = 18 artanh(1/26) − 2 artanh(1/4801) + 8 artanh(1/8749), in fixed point with 400 fraction bits. */
const ln2Fixed =
  18n * inverseSeries(26n, constantBits, false) -
  2n * inverseSeries(4801n, constantBits, false) +
  8n * inverseSeries(8749n, constantBits, false);

export const ln2: Extended = extended(ln2Fixed, -constantBits);
/** π by Machin's formula. */
export const pi: Extended = extended(
  16n * inverseSeries(5n, constantBits, true) - 4n * inverseSeries(239n, constantBits, true),
  -constantBits,
);

/** e^value by reduction to |r| ≤ ln 2 / 2, then r / 2^12, Taylor's series, and 12 squarings. */
export function exp(value: Extended): Extended {
  if (value.mantissa === 0n) return one;
  if (binaryExponent(value) > 40) throw new RangeError('exp of a number above 2^40');
  const halvings = 12;
  const bits = 272;
  const argument = toFixed(value, constantBits - 64);
  const ln2Argument = ln2Fixed >> 64n;
  const power = (2n * argument + ln2Argument) / (2n * ln2Argument) - (argument < 0n ? 1n : 0n);
  const reduced = (argument - power * ln2Argument) >> BigInt(constantBits - 64 - bits + halvings);
  const fractionBits = BigInt(bits);
  let term = 1n << fractionBits;
  let sum = 0n;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = ((term * reduced) >> fractionBits) / k;
  }
  for (let k = 0; k < halvings; k++) sum = (sum * sum) >> fractionBits;
  return extended(sum, Number(power) - bits);
}

/** ln value by Halley's iteration on exp from a float64 estimate. */
export function log(value: Extended): Extended {
  if (value.mantissa <= 0n) throw new RangeError('log of a number that is not positive');
  // value = fraction · 2^power with fraction in (√½, √2), so that a value near 1 keeps its relative precision.
  let power = binaryExponent(value);
  let fraction: Extended = { mantissa: value.mantissa, exponent: value.exponent - power };
  if (toNumber(fraction) > Math.SQRT2) {
    power += 1;
    fraction = { mantissa: fraction.mantissa, exponent: fraction.exponent - 1 };
  }
  const difference = subtract(fraction, one);
  if (difference.mantissa === 0n) return multiply(fromNumber(power), ln2);
  if (power === 0 && binaryExponent(difference) < -10) return log1p(difference);
  let result = fromNumber(Math.log(toNumber(fraction)));
  for (let step = 0; step < 2; step++) {
    const reached = exp(result);
    result = add(result, divide(multiply(fromNumber(2), subtract(fraction, reached)), add(fraction, reached)));
  }
  return add(multiply(fromNumber(power), ln2), result);
}

/** ln(1 + value), relatively precise also where value is tiny: 2 artanh(value / (2 + value)). */
export function log1p(value: Extended): Extended {
  if (value.mantissa === 0n) return zero;
  if (binaryExponent(value) >= -10) return log(add(one, value));
  const ratio = divide(value, add(fromNumber(2), value));
  const square = multiply(ratio, ratio);
  let power = ratio;
  let sum = zero;
  for (let k = 1; k < 40; k += 2) {
    sum = add(sum, divide(power, fromNumber(k)));
    power = multiply(power, square);
  }
  return multiply(fromNumber(2), sum);
}

/** e^value − 1, relatively precise also where value is tiny: Taylor's series. */
export function expm1(value: Extended): Extended {
  if (value.mantissa === 0n) return zero;
  if (binaryExponent(value) >= -10) return subtract(exp(value), one);
  let term = value;
  let sum = zero;
  for (let k = 2; k < 30; k++) {
    sum = add(sum, term);
    term = divide(multiply(term, value), fromNumber(k));
  }
  return sum;
}

/** The sum of exact values. */
export function total(values: Iterable<Extended>): Extended {
  let sum = zero;
  for (const value of values) sum = add(sum, value);
  return sum;
}

/**
 * |actual − exact| in units of the last place of a float64 in exact's binade (2^-1074 for subnormal ones).
 * An infinite actual value is 0 ulp from an exact one that rounds to it, and infinitely far from any other; NaN is
 * infinitely far from everything.
 */
export function ulpDifference(actual: number, exact: Extended): number {
  if (!Number.isFinite(actual)) return toNumber(exact) === actual ? 0 : Infinity;
  const unit = exact.mantissa === 0n ? -1074 : Math.max(binaryExponent(exact) - 52, -1074);
  const difference = absolute(subtract(fromNumber(actual), exact));
  return toNumber({ mantissa: difference.mantissa, exponent: difference.exponent - unit });
}

/** Decimal digits of a value, cut (not rounded) after `digits` places: to compare with published digits. */
export function toDecimal(value: Extended, digits: number): string {
  const scaled = toFixed(multiply(value, { mantissa: 10n ** BigInt(digits), exponent: 0 }), 0);
  const text = scaled.toString().padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
