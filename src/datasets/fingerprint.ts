/**
 * The fingerprint of a dataset: SHA-256 of the data as used, the same on every machine.
 */

import { createHash } from 'node:crypto';

import { isBinaryMatrix } from '../kernels/binary-matrix.js';
import type { VisibleStates } from '../kernels/kernels.js';
import { littleEndianBytes } from '../formats/little-endian.js';
import type { RawExamples, SplitName } from './dataset.js';

/** What fresh binarizations are drawn from, with `dynamic`. */
export interface DynamicSource {
  readonly raw: RawExamples;
  /** The training rows in the source; they address the random draws. */
  readonly rows: Uint32Array;
  readonly seed: string;
  readonly invert: boolean;
}

/**
 * Hashes a version tag; for each split in order its name, rows, columns (as text) and packed words (little-endian);
 * with `dynamic` also method, seed, scale, inversion, row numbers and values of the training rows.
 *
 * @returns 64 hexadecimal digits
 */
export function fingerprint(splits: readonly { name: SplitName; states: VisibleStates }[], dynamic?: DynamicSource): string {
  const hash = createHash('sha256');
  hash.update('rbm-train data 1\n');
  for (const { name, states } of splits) {
    hash.update(`${name} ${states.rows} ${states.columns}\n`);
    if (isBinaryMatrix(states)) hash.update(littleEndianBytes(states.words));
  }
  if (dynamic !== undefined) {
    const { raw, rows, seed, invert } = dynamic;
    const type = raw.values.BYTES_PER_ELEMENT === 1 ? 'bytes' : 'float64';
    hash.update(`${JSON.stringify(['dynamic', seed, type, raw.scale, invert])}\n`);
    hash.update(littleEndianBytes(rows));
    for (const row of rows) {
      hash.update(littleEndianBytes(raw.values.subarray(row * raw.columns, (row + 1) * raw.columns)));
    }
  }
  return hash.digest('hex');
}
