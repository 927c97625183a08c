/**
 * Gzip, unpacked within bounds: a small file can't fill the memory.
 */

import { gunzipSync } from 'node:zlib';

import { messageOf, printable, RbmError } from '../errors.js';

const mebibyte = 1 << 20;
const alwaysAllowed = 256 * mebibyte;
const neverExceeded = 4095 * mebibyte;
const ratioLimit = 200;
/** Room for unpacked bytes where their number is not known, as zlib has it by itself. */
const smallestChunk = 16_384;

/**
 * The most that compressed data may grow to: 256 MiB, or 200 times their size where that is more, up to 4 GiB. (Text
 * of zeros and ones shrinks about 40-fold; deflate itself reaches 1032-fold, in files made to be bombs.)
 *
 * @param compressedBytes size before unpacking
 * @returns bytes
 */
export function inflationLimit(compressedBytes: number): number {
  return Math.min(neverExceeded, Math.max(alwaysAllowed, ratioLimit * compressedBytes));
}

/** Deflate packs at most so many bytes into one: whoever claims more is wrong. */
export const deflateRatio = 1032;

/**
 * What the file's last four bytes claim as its size after unpacking (modulo 2^32, of the last member), as far as it is
 * possible and within the limit. Room for that much at once, and zlib needs no second copy to join pieces.
 */
function claimedSize(bytes: Uint8Array, limit: number): number {
  if (bytes.length < 18) return 0;
  const claimed = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  return claimed <= Math.min(limit, deflateRatio * bytes.length) ? claimed : 0;
}

/** Whether `bytes` start like a gzip file. */
export function looksLikeGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a gzip file of one or several members; their checksums are checked.
 *
 * @param name the file, for messages
 * @param limit bytes after unpacking
 * @throws RbmError 'data' where it is cut short, damaged, or grows beyond the limit
 */
export function gunzip(bytes: Uint8Array, name: string, limit = inflationLimit(bytes.length)): Uint8Array {
  try {
    // One byte more: where the room is used up exactly, zlib makes more of it.
    const chunkSize = Math.max(smallestChunk, claimedSize(bytes, limit) + 1);
    return gunzipSync(bytes, { maxOutputLength: limit, chunkSize });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new RbmError('data', `${printable(name)}: grows to more than ${limit} bytes when unpacked (from ${bytes.length})`, {
        hint: 'If the file is really what it should be, unpack it with gunzip and give the unpacked file.',
        cause: error,
      });
    }
    if (messageOf(error).startsWith('Array buffer allocation failed')) throw error;
    const reason = code === 'Z_BUF_ERROR' ? 'is cut short' : `is damaged (${printable(message)})`;
    throw new RbmError('data', `${printable(name)}: the gzip data ${reason}`, {
      hint: 'Fetch the file again; `gzip -t` checks it.',
      cause: error,
    });
  }
}
