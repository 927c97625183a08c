/**
 * Ids of tasks and shards: hashes of what decides every byte of their results.
 */

import { canonicalHash } from '../config/index.js';

/** Hexadecimal digits of an id: 96 bits of a hash. */
const idDigits = 24;

/** The start of a hash, as ids have it. */
export function shortHash(value: unknown): string {
  return canonicalHash(value).slice(0, idDigits);
}
