/**
 * Which rows of a source train, validate and test.
 *
 * The rows, shuffled or as they stand, are divided from the end: the test rows are the last ones, the validation rows
 * those before them, and training has the rest, or its first rows where it asks for fewer. So a change of the
 * training or validation size never changes the test set. Fractions are of all rows and rounded down.
 */

import type { DataConfig, SplitConfig } from '../config/run-config.js';
import { permutation } from '../random/index.js';
import { configError, type LoadContext, type SplitName } from './dataset.js';

/** Rows of the source for each split that is taken from it. */
export interface SplitRows {
  train: Uint32Array;
  validation?: Uint32Array;
  test?: Uint32Array;
}

/** Number of rows that a split asks for; undefined where it doesn't say. */
function wantedRows(split: SplitConfig | undefined, rows: number): number | undefined {
  if (split?.count !== undefined) return split.count;
  // The product may fall short of the whole number that is meant (0.29 · 100) by a few units in the last place.
  if (split?.fraction !== undefined) return Math.floor(split.fraction * rows * (1 + 1e-12));
  return undefined;
}

/** The key that decides a split's size. */
function sizeKey(name: SplitName, split: SplitConfig | undefined): string {
  return `data.${name}.${split?.count === undefined ? 'fraction' : 'count'}`;
}

/**
 * Divides the rows of a source.
 *
 * @param rows number of rows of the source
 * @throws what `context.fail` makes, where a split would be empty, or no training row or too few would be left
 */
export function splitRows(config: DataConfig, rows: number, context: LoadContext): SplitRows {
  const wanted = {
    train: wantedRows(config.train, rows),
    validation: wantedRows(config.validation, rows),
    test: wantedRows(config.test, rows),
  };
  for (const name of ['train', 'validation', 'test'] as const) {
    if (wanted[name] === 0) {
      throw configError(context, sizeKey(name, config[name]), `gives no row at all of ${rows}`, 'Give a larger share, or a count.');
    }
  }
  const heldOut = (wanted.validation ?? 0) + (wanted.test ?? 0);
  const available = rows - heldOut;
  if (available < 1) {
    const name = wanted.test === undefined ? 'validation' : 'test';
    throw configError(
      context,
      sizeKey(name, config[name]),
      `validation (${wanted.validation ?? 0}) and test (${wanted.test ?? 0}) leave no row for training; the source has ${rows} rows`,
      `Together they may take at most ${rows - 1} rows.`,
    );
  }
  if (wanted.train !== undefined && wanted.train > available) {
    throw configError(
      context,
      sizeKey('train', config.train),
      `asks for ${wanted.train} rows, but ${available} of the source's ${rows} are left beside validation (${wanted.validation ?? 0}) and test (${wanted.test ?? 0})`,
      `Give at most ${available}, or leave data.train out for all of them.`,
    );
  }
  const divides = heldOut > 0 || (wanted.train !== undefined && wanted.train < rows);
  const order = divides && config.shuffle ? permutation(config.seed, 'data/split', rows) : Uint32Array.from({ length: rows }, (_, row) => row);
  const testStart = rows - (wanted.test ?? 0);
  return {
    train: order.subarray(0, wanted.train ?? available),
    validation: wanted.validation === undefined ? undefined : order.subarray(available, testStart),
    test: wanted.test === undefined ? undefined : order.subarray(testStart),
  };
}
