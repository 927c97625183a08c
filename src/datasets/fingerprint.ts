/**
 * The fingerprint of a dataset: SHA-256 of the data as used, the same on every machine.
 */

import { createHash } from 'node:crypto';

import { isBinaryMatrix } from '../kernels/binary-matrix.js';
import type { VisibleLayer } from '../kernels/visible-layer.js';
import { littleEndianBytes } from '../formats/little-endian.js';
import type { Examples, RawExamples, SplitName } from './dataset.js';

/** What fresh binarizations are drawn from, with `dynamic`. */
export interface DynamicSource {
  readonly raw: RawExamples;
  /** The training rows in the source; they address the random draws. */
  readonly rows: Uint32Array;
  readonly seed: string;
  readonly invert: boolean;
}

/** Room for rows that are hashed together. */
const chunkBytes = 1 << 20;

/** Canonical values of a row: NaN has many bit patterns, and where a value is missing is hashed by itself. */
function withoutNaN(values: Uint8Array | Float64Array): Uint8Array | Float64Array {
  return values.BYTES_PER_ELEMENT > 1 && values.some(Number.isNaN) ? values.map((value) => (Number.isNaN(value) ? 0 : value)) : values;
}

/**
 * Hashes a version tag; the kind of units unless they are binary, and the first units of categorical groups; for each
 * split in order its name, rows, columns (as text) and states (packed words, or float64; little-endian), and where values
 * are missing their mask; with `dynamic` also method, seed, scale, inversion, row numbers and values of the training rows.
 *
 * @returns 64 hexadecimal digits
 */
export function fingerprint(
  layer: VisibleLayer,
  splits: readonly { name: SplitName; examples: Examples }[],
  dynamic?: DynamicSource,
): string {
  const hash = createHash('sha256');
  hash.update('rbm-train data 1\n');
  if (layer.kind !== 'binary') hash.update(`${layer.kind}\n`);
  if (layer.kind === 'categorical') {
    hash.update(`${layer.groups.length}\n`);
    hash.update(littleEndianBytes(layer.groups));
  }
  for (const { name, examples } of splits) {
    const { states, rows, columns, missing } = examples;
    hash.update(`${name} ${rows} ${columns}\n`);
    if (isBinaryMatrix(states)) {
      hash.update(littleEndianBytes(states.words));
    } else {
      const chunkRows = Math.max(1, Math.floor(chunkBytes / (8 * columns)));
      for (let first = 0; first < rows; first += chunkRows) {
        const values = new Float64Array(Math.min(chunkRows, rows - first) * columns);
        states.readRows(first, values);
        hash.update(littleEndianBytes(values));
      }
    }
    if (missing !== undefined) {
      hash.update('missing\n');
      hash.update(littleEndianBytes(missing.words));
    }
  }
  if (dynamic !== undefined) {
    const { raw, rows, seed, invert } = dynamic;
    const type = raw.values.BYTES_PER_ELEMENT === 1 ? 'bytes' : 'float64';
    hash.update(`${JSON.stringify(['dynamic', seed, type, raw.scale, invert])}\n`);
    hash.update(littleEndianBytes(rows));
    for (const row of rows) {
      hash.update(littleEndianBytes(withoutNaN(raw.values.subarray(row * raw.columns, (row + 1) * raw.columns))));
    }
  }
  return hash.digest('hex');
}
