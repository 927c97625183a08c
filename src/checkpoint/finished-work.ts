/**
 * Finished pieces of a long computation in a file: of the user's cache folder or at any path, so that it continues after an
 * interruption, or as its result.
 *
 * A file of work under way only saves time: a folder that can't be written is ignored without a word. No file is ever trusted:
 * it counts only if its checksum is right and it says that it belongs to the same computation.
 *
 *     header    one line of JSON: format, key, and [name, length] of every piece in order
 *     pieces    little-endian float64
 *     checksum  SHA-256 of all before, 32 bytes
 */

import { createHash } from 'node:crypto';
import { pruneCached, readCached, readSizedFile, removeCached, writeCached } from '../cache.js';
import { littleEndianBytes } from '../formats/little-endian.js';
import { removeFile, writeFileAtomically } from './atomic-write.js';

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
function decodeWhole(key: string, bytes: Uint8Array): Map<string, Float64Array> {
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

/** The pieces in a file; none where it is not whole, belongs to another key, or is not there. */
function decode(key: string, bytes: Uint8Array | undefined): Map<string, Float64Array> {
  try {
    if (bytes !== undefined) return decodeWhole(key, bytes);
  } catch {
    // Only who made a checksum for it can have made a file that is not what we write.
  }
  return new Map();
}

/** The bytes of a file that may be one of ours. */
function readPlace(path: string): Uint8Array | undefined {
  return readSizedFile(path, checksumBytes, largestFile);
}

/** Where a file of work under way lies; nothing that goes wrong with it is told. */
interface Place {
  read(): Uint8Array | undefined;
  write(bytes: Uint8Array): void;
  remove(): void;
}

function openAt(place: Place, key: string, seconds: number): FinishedWorkFile {
  const pieces = decode(key, place.read());
  let isNew = false;
  let lastTime = performance.now();
  const save = (): void => {
    if (isNew) place.write(encode(key, pieces));
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
    remove: () => place.remove(),
  };
}

/**
 * Opens the finished work of a computation in the user's cache folder.
 *
 * @param key says exactly which computation it is: what it is of, how it is done, the version of the numerics
 * @param seconds between two times that the file is written
 */
export function openFinishedWork(key: string, seconds = 10): FinishedWorkFile {
  pruneCached(nameStart, keptDays);
  const name = `${nameStart}${sha256(key).toString('hex').slice(0, 32)}.bin`;
  const place = {
    read: () => readCached(name, checksumBytes, largestFile),
    write: (bytes: Uint8Array) => writeCached(name, bytes),
    remove: () => removeCached(name),
  };
  return openAt(place, key, seconds);
}

/** Opens the finished work of a computation in the file at `path`, as {@link openFinishedWork}. */
export function openFinishedWorkAt(path: string, key: string, seconds = 10): FinishedWorkFile {
  const quietly = (change: () => void): void => {
    try {
      change();
    } catch {
      // It only saves time.
    }
  };
  const place = {
    read: () => readPlace(path),
    write: (bytes: Uint8Array) => quietly(() => writeFileAtomically(path, bytes)),
    remove: () => quietly(() => removeFile(path)),
  };
  return openAt(place, key, seconds);
}

/**
 * The pieces in the file at `path`.
 *
 * @returns undefined where there is none, it is damaged, or belongs to another key
 */
export function readPieces(path: string, key: string): ReadonlyMap<string, Float64Array> | undefined {
  const pieces = decode(key, readPlace(path));
  return pieces.size > 0 ? pieces : undefined;
}

/**
 * Writes pieces as a file that {@link readPieces} reads, by atomic rename.
 *
 * @throws RbmError 'runtime' where it can't be written
 */
export function writePieces(path: string, key: string, pieces: ReadonlyMap<string, Float64Array>): void {
  writeFileAtomically(path, encode(key, pieces));
}
