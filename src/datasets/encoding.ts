/**
 * The contract of the kinds of values: how raw values are checked and become states of visible units.
 */

import type { DataConfig, ValuesKind } from '../config/run-config.js';
import { RbmError } from '../errors.js';
import type { VisibleStates } from '../kernels/kernels.js';
import type { VisibleLayer } from '../kernels/visible-layer.js';
import { describeBytes, fitsIntoMemory } from '../machine-memory.js';
import { configError, type CategoricalColumn, type LoadContext, type RawExamples, type Standardization } from './dataset.js';

/** What has to be known of an earlier source to encode more rows like it. */
export type DecidedEncoding = Pick<Encoding, 'categories' | 'standardization'>;

/** What the training source decides about the states of all splits. */
export interface Encoding {
  readonly layer: VisibleLayer;
  /** Number of visible units. */
  readonly units: number;
  readonly categories?: readonly CategoricalColumn[];
  readonly standardization?: Standardization;
  readonly notes: readonly string[];
  /** Whether the states of the training rows are drawn afresh every epoch. */
  readonly isDynamic?: boolean;
  /**
   * The states of the rows named by `rowIndices`, in that order, in fresh memory. What stands in missing cells is for the
   * caller to clear where states are binary, and 0 where they are real.
   *
   * @param stream name of the random stream, where something is drawn
   * @param update 0 for the fixed draw, epoch + 1 for the fresh one of an epoch
   * @throws RbmError 'data' that names file, row and column of a value that has no state
   */
  encode(raw: RawExamples, rowIndices: Uint32Array, stream: string, update: number): VisibleStates;
}

/** A kind of values: one file of this room and one row in `valueKinds`. */
export interface ValueKind {
  readonly name: ValuesKind;
  /** One line for help and documentation. */
  readonly summary: string;
  /** Refuses keys that do not go with it. */
  checkConfig(config: DataConfig, context: LoadContext): void;
  /**
   * Checks every value of a source or file.
   *
   * @throws RbmError 'data' naming row, column and value of the first that can't be a state
   */
  checkValues(raw: RawExamples, config: DataConfig): void;
  /**
   * @param raw the source of the training rows
   * @param trainingRows the rows that statistics are taken from
   */
  prepare(raw: RawExamples, trainingRows: Uint32Array, config: DataConfig): Encoding;
  /**
   * The encoding that an earlier source decided, for more rows of its kind.
   *
   * @param columns of that source
   */
  resume(columns: number, decided: DecidedEncoding, config: DataConfig): Encoding;
}

/** Refuses what only binary data can have. */
export function refuseBinaryKeys(config: DataConfig, context: LoadContext): void {
  const { values, binarize, invert } = config;
  const only = `is for binary data, but data.values is ${values}`;
  if (binarize !== 'none') throw configError(context, 'data.binarize', only, 'Leave out data.binarize, or set data.values: binary.');
  if (invert) throw configError(context, 'data.invert', only, 'Leave out data.invert, or set data.values: binary.');
}

/** The error for a cell that is no finite number. */
export function notFiniteError(raw: RawExamples, row: number, column: number, value: number): RbmError {
  const fill = Number.isNaN(value) ? ', fill in a value, or set data.missing: nan' : ', or fill in a value';
  return new RbmError('data', `${raw.place(row, column)}: the value ${value} is not a finite number`, { hint: `Remove the row${fill}.` });
}

/**
 * Refuses states that this machine can't hold, before they are allocated.
 *
 * @throws RbmError 'data'
 */
export function checkStatesFit(raw: RawExamples, what: string, bytes: number): void {
  if (fitsIntoMemory(bytes)) return;
  throw new RbmError('data', `${raw.label}: ${what} would need ${describeBytes(bytes)}, more than this machine has`, {
    hint: 'Use fewer rows or columns.',
  });
}
