/**
 * One text for every JSON value, whatever the order of its keys: for hashing and for comparing.
 */

import { createHash } from 'node:crypto';

/**
 * JSON without spaces, keys in ascending order of their UTF-16 units, `undefined` members left out.
 *
 * @throws TypeError for what JSON cannot hold (NaN, infinities, functions, …): a mistake of ours, not of a user
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    entries.sort(([first], [second]) => (first < second ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  const isJson = value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (!isJson) throw new TypeError(`not a JSON value: ${String(value)}`);
  return JSON.stringify(value);
}

/** SHA-256, in hexadecimal, of a value's canonical JSON. */
export function canonicalHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
