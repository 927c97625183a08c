/**
 * The contracts of this room: what a source hands over, and what the rest of the house gets.
 */

import type { DataConfig, SplitConfig, ValuesKind } from '../config/run-config.js';
import type { SchemaKey } from '../config/schema.js';
import { RbmError } from '../errors.js';
import type { Words } from '../formats/delimited-text.js';
import type { BinaryMatrix } from '../kernels/binary-matrix.js';
import type { VisibleStates } from '../kernels/kernels.js';
import type { VisibleLayer } from '../kernels/visible-layer.js';

/** The examples of one split, class-free. */
export interface Examples {
  readonly rows: number;
  readonly columns: number;
  /** The fixed examples; with `dynamic`, one fixed binarization, used for evaluation. */
  readonly states: VisibleStates;
  /** With `dynamic`, training examples only: a fresh binarization for the epoch (from 0), independent of the fixed one. */
  readonly statesOfEpoch?: (epoch: number) => VisibleStates;
  /** rows × columns: 1 where the state is not known and stands as 0. Training examples only; absent where none is missing. */
  readonly missing?: BinaryMatrix;
}

/** The names of the splits, in the order in which they are hashed and shown. */
export const splitNames = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof splitNames)[number];

/** What a group of categorical units stands for: one column of the source. */
export interface CategoricalColumn {
  /** Its name where the file gives one, else its number from 1. */
  readonly column: string | number;
  /** What each unit of the group stands for: numbers ascending, then words in code-point order. */
  readonly values: readonly string[];
}

/** What real values were standardized by: the state is (value − mean) / deviation. */
export interface Standardization {
  /** n; of the training rows' known values. */
  readonly means: Float64Array;
  /** n, positive. */
  readonly deviations: Float64Array;
}

/** A loaded dataset. */
export interface Dataset {
  /** The source and its sizes, or the file's name without its folder. */
  readonly name: string;
  /** Visible units n: the columns of the source, of categorical data all their values. */
  readonly columns: number;
  /** What the columns are as visible units. */
  readonly layer: VisibleLayer;
  /** Of categorical data: what each group of units stands for, in order. */
  readonly categories?: readonly CategoricalColumn[];
  /** Of real data, where data.standardize asks for it. */
  readonly standardization?: Standardization;
  /** [height, width] of a row shown as a picture, height × width = columns. */
  readonly shape: [number, number] | undefined;
  readonly splits: { readonly train: Examples; readonly validation?: Examples; readonly test?: Examples };
  /** SHA-256, hexadecimal, of the data as used. */
  readonly fingerprint: string;
  /** What the user should know about these data, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Rows as a source reads or makes them, before they are divided and become states. The value of a cell is
 * `values[row * columns + column] / scale`; NaN where it is missing.
 */
export interface RawExamples {
  /** Says what the data are, without any folder: equal data have equal names on every machine. */
  readonly name: string;
  /** The source in messages: the whole path where there is one. Ready to print. */
  readonly label: string;
  readonly rows: number;
  readonly columns: number;
  /** rows × columns, row-major. */
  readonly values: Uint8Array | Float64Array;
  readonly scale: number;
  /** Cells that are words instead of numbers. */
  readonly words?: Words;
  readonly columnNames?: readonly string[];
  readonly shape?: [number, number];
  readonly notes?: readonly string[];
  /** Where a cell (from 0) stands in the source, for messages: `digits.csv:3: row 2, column 5`. */
  place(row: number, column: number): string;
}

/** What the caller of {@link loadDataset} brings along. */
export interface LoadContext {
  /**
   * Makes the error for an impossible value of a config key (`data.test.count`), so that it can point into the file.
   * Where left out, an RbmError 'usage' that names the key.
   */
  fail?: (key: string, message: string, hint?: string) => Error;
}

/** A source of data: one file of this room and one row in its registry. */
export interface DataSource {
  readonly name: string;
  /** One line for help and documentation. */
  readonly summary: string;
  /** Where its values are of one kind only. */
  readonly onlyValues?: ValuesKind;
  /** The source's own keys, each `onlyWith` this source. */
  readonly keys: readonly SchemaKey[];
  load(config: DataConfig, context: LoadContext): Promise<RawExamples>;
  /** Reads a validation or test set of its own; a source without it has one set only. */
  loadSplit?(config: DataConfig, split: SplitConfig, context: LoadContext): Promise<RawExamples>;
}

/** The error for an impossible value of a config key. */
export function configError(context: LoadContext, key: string, message: string, hint?: string): Error {
  return context.fail?.(key, message, hint) ?? new RbmError('usage', `${key}: ${message}`, { hint });
}

/** The `place` of sources whose rows are not lines of a text. */
export function placeInRows(label: string): RawExamples['place'] {
  return (row, column) => `${label}: row ${row + 1}, column ${column + 1}`;
}
