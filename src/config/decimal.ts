/**
 * Reading a number of a config text, the same for JSON and YAML.
 *
 * Decimal notation only. Refused, with the reason: hexadecimal, octal and binary notation, digit separators, leading
 * zeros, NaN and infinities, and numbers that a 64-bit float can only hold as ∞ or 0.
 */

/** A number, or why the text is not one (a clause such as `"0x1F" is hexadecimal; write 31`). */
export type Decimal = { value: number } | { reason: string };

const decimal = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Reads `text`, a run of characters that starts like a number. −0 becomes 0, so that equal configs have equal bits. */
export function readDecimal(text: string, shown: string): Decimal {
  if (decimal.test(text)) {
    const value = Number(text);
    if (!Number.isFinite(value)) return { reason: `${shown} is too large for a 64-bit floating-point number` };
    if (value === 0 && /[1-9]/.test(text.split(/e/i)[0])) {
      return { reason: `${shown} is too small for a 64-bit floating-point number; write 0` };
    }
    return { value: value === 0 ? 0 : value };
  }
  if (/^[+-]?\.?(?:inf(?:inity)?|nan)$/i.test(text)) return { reason: `${shown} is not a finite number` };
  if (/^[+-]?0[xob][\da-f]+$/i.test(text)) return { reason: `${shown} is not decimal; write the number in decimal digits` };
  if (/^[+-]?0\d/.test(text)) return { reason: `${shown} has leading zeros; write the number without them` };
  if (/^[+-]?\d[\d_]*$/.test(text)) return { reason: `${shown} has digit separators; write the digits only` };
  return { reason: `${shown} is not a number; text stands in quotes` };
}
