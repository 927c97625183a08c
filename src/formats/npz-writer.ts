/**
 * Writing the `.npz` format of numpy: stored (not compressed), with a fixed date, so that the same arrays give the same
 * bytes everywhere.
 *
 * Apart from the reader, so that whoever only reads does not load fflate.
 */

import { zipSync } from 'fflate';

import { writeNpy } from './npy.js';

/** One array to write. */
export interface NpzEntry {
  readonly values: Float64Array | Uint8Array;
  readonly shape: readonly number[];
}

/**
 * Encodes arrays as an archive, in the order of `entries`.
 *
 * @throws RangeError where a shape does not fit its values
 */
export function writeNpz(entries: ReadonlyMap<string, NpzEntry>): Uint8Array {
  const files = Object.fromEntries([...entries].map(([name, { values, shape }]) => [`${name}.npy`, writeNpy(values, shape)]));
  // A zip date is a local time without a zone: made from local parts, it is the same everywhere.
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}
