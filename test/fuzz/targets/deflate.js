/** Deflate in its smallest form: making a state of the usual 256 KiB for a few bytes takes longer than all else. */

import { deflateRawSync, deflateSync } from 'node:zlib';

const options = { memLevel: 1, windowBits: 9 };

/** Zeros, packed once. */
const zeros = new Map();

/** Raw deflate of some bytes. @param {Uint8Array} content */
export function deflateRaw(content) {
  return deflateRawSync(content, options);
}

/** The same in zlib's frame, with its checksum. @param {Uint8Array} content */
export function deflate(content) {
  return deflateSync(content, options);
}

/** So many zeros and their raw deflate, a thousandth of that. @param {number} count */
export function bomb(count) {
  if (!zeros.has(count)) zeros.set(count, { content: Buffer.alloc(count), packed: deflateRawSync(Buffer.alloc(count)) });
  return zeros.get(count);
}
