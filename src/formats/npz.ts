/**
 * Reading the `.npz` format of numpy: a zip archive of `.npy` files, each an array with a name.
 */

import { printable, RbmError } from '../errors.js';
import { inflationLimit } from './gzip.js';
import { readNpy, type NpyArray } from './npy.js';
import { listZip, readZipEntry } from './zip.js';

/** An archive whose arrays are decoded one at a time, when they are asked for. */
export interface NpzArchive {
  /** Names of the arrays, in the archive's order, without `.npy`. */
  readonly names: readonly string[];
  /**
   * The bytes of one array's `.npy` file. All that are asked for unpack within one limit.
   *
   * @throws RbmError 'data' where there is none of this name, or it is damaged
   */
  unpack(arrayName: string): Uint8Array;
  /**
   * Decodes one array.
   *
   * @throws RbmError 'data' as `unpack`, and where it holds something other than numbers
   */
  read(arrayName: string): NpyArray;
}

/**
 * Opens an archive: reads its directory only.
 *
 * @param name the file, for messages
 * @throws RbmError 'data' where it is not a zip archive, or holds no array
 */
export function openNpz(bytes: Uint8Array, name: string): NpzArchive {
  const entries = new Map(
    listZip(bytes, name)
      .filter((entry) => entry.name.endsWith('.npy'))
      .map((entry) => [entry.name.slice(0, -'.npy'.length), entry]),
  );
  const names = [...entries.keys()];
  if (names.length === 0) {
    throw new RbmError('data', `${printable(name)}: is a zip archive without any .npy array in it`, {
      hint: 'An .npz file is written by numpy.savez.',
    });
  }
  let budget = inflationLimit(bytes.length);
  const archive: NpzArchive = {
    names,
    unpack(arrayName) {
      const entry = entries.get(arrayName);
      if (entry === undefined) {
        throw new RbmError('data', `${printable(name)}: has no array '${printable(arrayName)}'`, {
          hint: `Its arrays are: ${printable(names.join(', '), 400)}.`,
        });
      }
      const limit = budget;
      if (entry.method !== 0) budget -= entry.size;
      return readZipEntry(bytes, entry, name, limit);
    },
    read: (arrayName) => readNpy(archive.unpack(arrayName), `${name}[${arrayName}]`),
  };
  return archive;
}

/**
 * Decodes all arrays of an archive.
 *
 * @param name the file, for messages
 * @throws RbmError 'data' where the archive or any of its arrays can't be read
 */
export function readNpz(bytes: Uint8Array, name: string): Map<string, NpyArray> {
  const archive = openNpz(bytes, name);
  return new Map(archive.names.map((arrayName) => [arrayName, archive.read(arrayName)]));
}
