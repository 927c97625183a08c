/**
 * Binary values: how values in [0, 1], or −1 and 1, become zeros and ones.
 *
 * Values outside [0, 1] are refused, with `none` everything but 0 and 1, with `signs` everything but −1 and 1: nothing is
 * clipped or rounded silently.
 * Random draws are addressed by seed, row of the source, column and epoch, so they don't depend on the split or on
 * the order of the examples.
 */

import type { DataConfig } from '../config/run-config.js';
import { RbmError } from '../errors.js';
import { sampleBernoulliRow } from '../kernels/addressed-uniform.js';
import { createBinaryMatrix, type BinaryMatrix } from '../kernels/binary-matrix.js';
import { binaryLayer } from '../kernels/visible-layer.js';
import { streamKey } from '../random/index.js';
import type { RawExamples } from './dataset.js';
import { notFiniteError, type Encoding, type ValueKind } from './encoding.js';

const threeWays =
  "Say how values become 0 or 1: data.binarize 'threshold' (with data.threshold), 'stochastic' (drawn once) or 'dynamic' (drawn afresh every epoch). Or keep them as they are: data.values: real.";

/** What to do about a value outside [0, 1]. */
function scaleHint(raw: RawExamples): string {
  const isGrey = raw.scale === 1 && raw.values.every((value) => value >= 0 && value <= 255);
  if (isGrey) return `Values from 0 to 255 become shares with data.scale: 255. ${threeWays}`;
  if (raw.values.every((value) => value === raw.scale || value === -raw.scale)) return 'All values are −1 or 1: set data.binarize: signs.';
  return 'Bring the values into [0, 1] first (data.scale divides all of them), or set data.values: real or categorical.';
}

/**
 * Checks that every value can become 0 or 1 (or is missing, where that is allowed).
 *
 * @throws RbmError 'data' naming row, column and value of the first that can't
 */
function checkValues(raw: RawExamples, { binarize: method, missing }: DataConfig): void {
  const { values, scale, columns } = raw;
  const onlyBinary = method === 'none';
  const onlySigns = method === 'signs';
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === scale || value === (onlySigns ? -scale : 0)) continue;
    if (missing === 'nan' && Number.isNaN(value)) continue;
    const inRange = value > 0 && value < scale;
    if (inRange && !onlyBinary && !onlySigns) continue;
    const row = Math.floor(index / columns);
    const place = raw.place(row, index % columns);
    const shown = scale === 1 ? `${value}` : `${value}/${scale}`;
    if (!Number.isFinite(value)) throw notFiniteError(raw, row, index % columns, value);
    if (onlySigns) {
      throw new RbmError('data', `${place}: the value ${shown} is neither -1 nor 1`, { hint: 'data.binarize: signs is for data of -1 and 1.' });
    }
    if (inRange) throw new RbmError('data', `${place}: the value ${shown} is neither 0 nor 1`, { hint: nonBinaryHint(raw) });
    throw new RbmError('data', `${place}: the value ${shown} is outside [0, 1]`, { hint: scaleHint(raw) });
  }
}

function nonBinaryHint(raw: RawExamples): string {
  const isUnscaledBinary = raw.scale !== 1 && raw.values.every((value) => value === 0 || value === 1);
  return isUnscaledBinary ? 'All values in it are 0 or 1 before scaling: set data.scale: 1.' : threeWays;
}

/**
 * Binarizes the rows named by `rowIndices`, in that order. The values have passed {@link checkValues}; missing
 * ones give either state.
 *
 * @param stream name of the random stream, for `stochastic` and `dynamic`
 * @param update 0 for the fixed binarization, epoch + 1 for the fresh one of an epoch
 * @returns rowIndices.length × columns, packed
 */
function binarize(
  raw: RawExamples,
  rowIndices: Uint32Array,
  config: DataConfig,
  stream: string,
  update: number,
): BinaryMatrix {
  const { columns, values, scale } = raw;
  const { binarize: method, seed, invert } = config;
  const isRandom = method === 'stochastic' || method === 'dynamic';
  const threshold = method === 'threshold' ? (config.threshold ?? 0.5) : 0.5;
  const address = { key: streamKey(seed, stream), update, step: 0, layer: 0, temperature: 0 };
  const probabilities = new Float64Array(columns);
  const matrix = createBinaryMatrix(rowIndices.length, columns);
  const { words, wordsPerRow } = matrix;
  for (let target = 0; target < rowIndices.length; target++) {
    const row = rowIndices[target];
    const start = row * columns;
    if (isRandom) {
      for (let column = 0; column < columns; column++) probabilities[column] = values[start + column] / scale;
      sampleBernoulliRow(address, row, columns, probabilities, 0, matrix, target);
    } else {
      for (let column = 0; column < columns; column++) {
        if (values[start + column] / scale > threshold) words[target * wordsPerRow + (column >>> 5)] |= 1 << (column & 31);
      }
    }
    if (invert) {
      for (let column = 0; column < columns; column++) words[target * wordsPerRow + (column >>> 5)] ^= 1 << (column & 31);
    }
  }
  return matrix;
}

/** The encoding of so many columns. */
function encodingOf(columns: number, config: DataConfig): Encoding {
  return {
    layer: binaryLayer,
    units: columns,
    notes: [],
    isDynamic: config.binarize === 'dynamic',
    encode: (source, rowIndices, stream, update) => binarize(source, rowIndices, config, stream, update),
  };
}

/** The kind `binary`. */
export const binaryValues: ValueKind = {
  name: 'binary',
  summary: '0 and 1, or what `binarize` makes of other numbers; one binary unit a column',
  checkConfig() {},
  checkValues,
  prepare: (raw, _, config) => encodingOf(raw.columns, config),
  resume: (columns, _, config) => encodingOf(columns, config),
};
