/**
 * Numbers given as options.
 */

import { printable, RbmError } from '../errors.js';

/**
 * A whole number from an option.
 *
 * @throws RbmError 'usage' where it is none, or out of range
 */
export function wholeNumber(option: string, text: string, minimum: number, maximum: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= minimum && value <= maximum) return value;
  throw new RbmError('usage', `${option} ${printable(text)}: not a whole number from ${minimum} to ${maximum}`, {
    hint: 'Write it in digits only.',
  });
}

/**
 * A number ≥ 0 from an option.
 *
 * @throws RbmError 'usage' where it is none
 */
export function nonNegativeNumber(option: string, text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= 0) return value;
  throw new RbmError('usage', `${option} ${printable(text)}: not a number ≥ 0`, { hint: 'For example 1e12.' });
}
