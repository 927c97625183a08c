/**
 * Finished pieces of a long computation in a file of the user's cache folder, so that it continues after an interruption.
 *
 * The file only saves time. It is never trusted: it counts only if its checksum is right and it says that it belongs to
 * the same computation; any other is ignored without a word, as is a folder that can't be written.
 *
 *     header    one line of JSON: format, key, and [name, length] of every piece in order
 *     pieces    little-endian float64
 *     checksum  SHA-256 of all before, 32 bytes
 */

import { createHash } from 'node:crypto';
import { pruneCached, readCached, removeCached, writeCached } from '../cache.js';
import { littleEndianBytes } from '../formats/little-endian.js';

const format = 'rbm-train finished work 1';

/** Larger files are none of ours: an enumeration keeps some megabytes at most. */
const largestFile = 268_435_456;

const checksumBytes = 32;

const nameStart = 'finished-';

/** Work under way is written every few seconds: what has not been for so many days is of computations given up. */
const keptDays = 30;

/** Pieces by name, and their file. */
export interface FinishedWorkFile {
  /** Whether an earlier process left any pieces. */
  readonly isContinued: boolean;
  /** The piece last kept under `name`. */
  get(name: string): Float64Array | undefined;
  /** Keeps a piece, which must not change any more; the file is written where that is long ago. */
  set(name: string, values: Float64Array): void;
  /** Writes the file now, where there is anything new. */
  save(): void;
  /** Removes the file: the computation has come to its end. */
  remove(): void;
}

function sha256(bytes: Uint8Array | string): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function encode(key: string, pieces: ReadonlyMap<string, Float64Array>): Uint8Array {
  const header = JSON.stringify({ format, key, pieces: [...pieces].map(([name, { length }]) => [name, length]) });
  const content = Buffer.concat([Buffer.from(`${header}\n`), ...[...pieces.values()].map((values) => littleEndianBytes(values))]);
  return Buffer.concat([content, sha256(content)]);
}

/** The pieces in a file, where it is whole and belongs to `key`. */
function decode(key: string, bytes: Uint8Array): Map<string, Float64Array> {
  const pieces = new Map<string, Float64Array>();
  const content = bytes.subarray(0, bytes.length - checksumBytes);
  if (!sha256(content).equals(bytes.subarray(content.length))) return pieces;
  const headerEnd = content.indexOf(10);
  const header = JSON.parse(Buffer.from(content.subarray(0, headerEnd)).toString()) as { format: string; key: string; pieces: [string, number][] };
  if (header.format !== format || header.key !== key) return pieces;
  let offset = headerEnd + 1;
  for (const [name, length] of header.pieces) {
    // A copy: the place in the file need not be a multiple of 8. Swapping bytes, where the host needs it, undoes itself.
    const raw = new Float64Array(Uint8Array.from(content.subarray(offset, offset + 8 * length)).buffer);
    const values = new Float64Array(Uint8Array.from(littleEndianBytes(raw)).buffer);
    pieces.set(name, values);
    offset += 8 * length;
  }
  return pieces;
}

/**
 * Opens the finished work of a computation.
 *
 * @param key says exactly which computation it is: what it is of, how it is done, the version of the numerics
 * @param seconds between two times that the file is written
 */
export function openFinishedWork(key: string, seconds = 10): FinishedWorkFile {
  pruneCached(nameStart, keptDays);
  const name = `${nameStart}${sha256(key).toString('hex').slice(0, 32)}.bin`;
  let pieces = new Map<string, Float64Array>();
  const bytes = readCached(name, checksumBytes, largestFile);
  try {
    if (bytes !== undefined) pieces = decode(key, bytes);
  } catch {
    // Only who made a checksum for it can have made a file that is not what we write.
    pieces = new Map();
  }
  let isNew = false;
  let lastTime = performance.now();
  const save = (): void => {
    if (isNew) writeCached(name, encode(key, pieces));
    isNew = false;
    lastTime = performance.now();
  };
  return {
    isContinued: pieces.size > 0,
    get: (piece) => pieces.get(piece),
    set(piece, values) {
      pieces.set(piece, values);
      isNew = true;
      if (performance.now() - lastTime >= 1000 * seconds) save();
    },
    save,
    remove: () => removeCached(name),
  };
}
