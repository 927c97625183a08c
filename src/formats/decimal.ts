/**
 * Decimal numbers in data files: what counts as one, and what to say about what doesn't.
 */

import { printable } from '../errors.js';

/** Without two ways to read the same digits: those would take quadratic time on a long row of them that ends in a letter. */
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The float64 nearest to a decimal such as `0`, `-1.5` or `2e-3`.
 *
 * @returns undefined for anything else, among it NaN, infinities, hexadecimal and numbers beyond float64
 */
export function parseDecimal(text: string): number | undefined {
  if (!decimal.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** Whether a field says that there is no value: empty, `?`, `NA`, or `nan` in any case. */
export function isMissingMark(text: string): boolean {
  return text === '' || text === '?' || text === 'NA' || /^nan$/i.test(text);
}

/** What is wrong with a text that {@link parseDecimal} does not take, as the rest of a sentence. */
export function whyNotDecimal(text: string): string {
  if (/^[+-]?(nan|na|n\/a|null|none|\?)$/i.test(text)) return `'${printable(text, 40)}' is a missing value; every value must be a finite number`;
  if (/^[+-]?\d{100,}/.test(text)) return `'${printable(text, 40)}' has too many digits for a number`;
  if (/^[+-]?inf(inity)?$/i.test(text) || decimal.test(text)) return `'${printable(text, 40)}' is not finite`;
  return `'${printable(text, 40)}' is not a number`;
}
