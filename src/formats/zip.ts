/**
 * Reading zip archives, as far as `.npz` needs it: stored and deflated entries, found by the central directory.
 *
 * Sizes are compared with the bytes there before anything is unpacked, and checksums are checked (fflate's reader does
 * neither, which is why this is not it). Encrypted, multi-volume and zip64 archives are refused, and those whose entries
 * share bytes, as in bombs that unpack the same bytes again and again; entry names are names only, nothing is written
 * anywhere.
 */

import { inflateRawSync } from 'node:zlib';

import { messageOf, printable, RbmError } from '../errors.js';
import { deflateRatio, inflationLimit } from './gzip.js';

/** One entry of the central directory. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly checksum: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Byte offset of the entry's local header. */
  readonly offset: number;
}

const endRecordSize = 22;
const entryRecordSize = 46;
const localRecordSize = 30;
const damaged = 'The archive is cut short or damaged: fetch or save it again.';

const checksumTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

/** CRC-32 (the polynomial of zip and PNG) as an unsigned number. */
export function crc32(bytes: Uint8Array): number {
  const table = checksumTable;
  let remainder = -1;
  for (let index = 0; index < bytes.length; index++) remainder = table[(remainder ^ bytes[index]) & 255] ^ (remainder >>> 8);
  return ~remainder >>> 0;
}

function damage(archive: string, message: string): RbmError {
  return new RbmError('data', `${printable(archive)}: ${message}`, { hint: damaged });
}

/** Whether `bytes` start like a zip archive, also an empty one. */
export function looksLikeZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6));
}

/** Offset of the end-of-central-directory record, which stands last, before a comment of at most 64 KiB. */
function findEndRecord(view: DataView, archive: string): number {
  const last = view.byteLength - endRecordSize;
  for (let offset = last; offset >= 0 && offset >= last - 65_535; offset--) {
    if (view.getUint32(offset, true) === 0x06054b50) return offset;
  }
  throw damage(archive, 'has no zip directory at its end');
}

/**
 * The entries of an archive.
 *
 * @param archive the file, for messages
 * @throws RbmError 'data' where the directory is missing, damaged, of zip64, or names an entry twice
 */
export function listZip(bytes: Uint8Array, archive: string): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const endRecord = findEndRecord(view, archive);
  const count = view.getUint16(endRecord + 10, true);
  const directory = view.getUint32(endRecord + 16, true);
  if (count === 0xffff || directory === 0xffffffff) {
    throw new RbmError('data', `${printable(archive)}: is a zip64 archive (over 4 GiB or 65,534 entries), which is not read`, {
      hint: 'Save the array that is needed alone, with numpy.save.',
    });
  }
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let offset = directory;
  for (let index = 0; index < count; index++) {
    if (offset + entryRecordSize > endRecord || view.getUint32(offset, true) !== 0x02014b50) {
      throw damage(archive, `the zip directory is damaged at entry ${index + 1} of ${count}`);
    }
    const nameLength = view.getUint16(offset + 28, true);
    const next = offset + entryRecordSize + nameLength + view.getUint16(offset + 30, true) + view.getUint16(offset + 32, true);
    if (next > endRecord) throw damage(archive, `the zip directory is damaged at entry ${index + 1} of ${count}`);
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + offset + entryRecordSize, nameLength).toString('utf8');
    if (names.has(name)) throw damage(archive, `names '${printable(name)}' twice`);
    names.add(name);
    entries.push({
      name,
      encrypted: (view.getUint16(offset + 8, true) & 1) !== 0,
      method: view.getUint16(offset + 10, true),
      checksum: view.getUint32(offset + 16, true),
      compressedSize: view.getUint32(offset + 20, true),
      size: view.getUint32(offset + 24, true),
      offset: view.getUint32(offset + 42, true),
    });
    offset = next;
  }
  checkApart(entries, directory, archive);
  return entries;
}

/** Refuses entries that overlap each other or the directory. */
function checkApart(entries: readonly ZipEntry[], directory: number, archive: string): void {
  let position = 0;
  let before = '';
  for (const { name, offset, compressedSize } of entries.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < position) throw damage(archive, `entry '${printable(name)}' lies within entry '${printable(before)}'`);
    // At least: only its own header says how long its name and extra field are there.
    position = offset + localRecordSize + compressedSize;
    before = name;
  }
  if (position > directory) throw damage(archive, `entry '${printable(before)}' reaches into the zip directory`);
}

/** Unpacks deflated bytes to exactly `size` bytes, at most `limit`. */
function inflate(compressed: Uint8Array, size: number, limit: number, place: string): Uint8Array {
  if (size > limit) {
    throw new RbmError('data', `${place} grows from ${compressed.length} to ${size} bytes, more than is unpacked of it (${limit})`, {
      hint: 'If it is really what it should be, save the array with numpy.save or numpy.savez (not compressed).',
    });
  }
  if (size > deflateRatio * compressed.length) throw new RbmError('data', `${place} can't grow from ${compressed.length} to ${size} bytes`, { hint: damaged });
  try {
    // One byte more than allowed, so that a longer stream is noticed; a limit of 0 means none to zlib.
    // As much room at once, and zlib needs no second copy to join pieces; 64 is the least that it takes.
    return inflateRawSync(compressed, { maxOutputLength: size + 1, chunkSize: Math.max(64, size + 1) });
  } catch (error) {
    if (messageOf(error).startsWith('Array buffer allocation failed')) throw error;
    throw new RbmError('data', `${place} can't be unpacked: its deflate data are damaged`, { hint: damaged, cause: error });
  }
}

/**
 * The unpacked bytes of one entry.
 *
 * @param archive the file, for messages
 * @param limit bytes that it may have where it is packed
 * @throws RbmError 'data' where the entry is damaged, encrypted, of another method, or grows beyond the limit
 */
export function readZipEntry(bytes: Uint8Array, entry: ZipEntry, archive: string, limit = inflationLimit(bytes.length)): Uint8Array {
  const place = `${printable(archive)}: entry '${printable(entry.name)}'`;
  const fail = (message: string, hint = damaged) => new RbmError('data', `${place} ${message}`, { hint });
  const { offset, compressedSize, size } = entry;
  if (entry.encrypted) throw fail('is encrypted', 'Save the archive without a password.');
  if (entry.method !== 0 && entry.method !== 8) {
    throw fail(`is packed by method ${entry.method}; stored and deflated entries can be read`, 'Save the archive with numpy.savez.');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + localRecordSize > bytes.length || view.getUint32(offset, true) !== 0x04034b50) {
    throw fail(`does not start where the zip directory says (byte ${offset})`);
  }
  const start = offset + localRecordSize + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + compressedSize > bytes.length) throw fail(`is cut short: it ends at byte ${start + compressedSize} of ${bytes.length}`);
  const compressed = bytes.subarray(start, start + compressedSize);
  const content = entry.method === 8 ? inflate(compressed, size, limit, place) : compressed;
  if (content.length !== size) throw fail(`has ${content.length} bytes where the zip directory says ${size}`);
  if (crc32(content) !== entry.checksum) throw fail('is damaged: its checksum does not match');
  return content;
}
