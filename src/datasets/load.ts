/**
 * From a source to a dataset: values checked, rows divided, made states of units, hashed.
 */

import type { DataConfig } from '../config/run-config.js';
import { RbmError } from '../errors.js';
import { isBinaryMatrix } from '../kernels/binary-matrix.js';
import type { VisibleStates } from '../kernels/kernels.js';
import { addressLimits } from '../kernels/random-address.js';
import type { VisibleLayer } from '../kernels/visible-layer.js';
import {
  configError,
  splitNames,
  type DataSource,
  type Dataset,
  type Examples,
  type LoadContext,
  type RawExamples,
  type SplitName,
} from './dataset.js';
import type { DecidedEncoding, Encoding } from './encoding.js';
import { fingerprint } from './fingerprint.js';
import { checkColumnsKnown, clearUnits, completeRows, hasMissing, missingUnits } from './missing.js';
import { splitRows } from './split.js';
import { valueKindOf } from './values.js';

/** Refuses what can't be examples of an RBM at all. */
function checkSize(raw: RawExamples): void {
  if (raw.rows === 0 || raw.columns === 0) {
    throw new RbmError('data', `${raw.label}: holds no examples (${raw.rows} rows × ${raw.columns} columns)`, {
      hint: 'Training needs at least one row and one column.',
    });
  }
  if (raw.columns > addressLimits.units || raw.rows >= addressLimits.rows) {
    throw new RbmError('data', `${raw.label}: ${raw.rows} rows × ${raw.columns} columns are too many`, {
      hint: `At most ${addressLimits.rows - 1} rows and ${addressLimits.units} columns; check that rows and columns are not swapped.`,
    });
  }
}

/** The shape that the config or the source gives to a row. */
function rowShape(config: DataConfig, raw: RawExamples, context: LoadContext): [number, number] | undefined {
  const { shape } = config;
  if (shape === undefined) return raw.shape;
  if (shape[0] * shape[1] !== raw.columns) {
    throw configError(
      context,
      'data.shape',
      `${shape[0]} × ${shape[1]} pixels are ${shape[0] * shape[1]}, but a row of ${raw.label} has ${raw.columns} values`,
      'Give [height, width] with height × width equal to the number of columns, or leave data.shape out.',
    );
  }
  return shape;
}

/** Refuses `validation: {}`, which reads as if there were a validation set. */
function checkNotEmpty(config: DataConfig, name: 'validation' | 'test', context: LoadContext): void {
  const split = config[name];
  if (split !== undefined && Object.values(split).every((value) => value === undefined)) {
    throw configError(context, `data.${name}`, 'is empty', 'Give a count, a fraction, or a path or key; or leave it out.');
  }
}

/** What the user should know about the data as used. */
function notesOn(raw: RawExamples, layer: VisibleLayer, train: Examples): readonly string[] {
  const notes = raw.notes ?? [];
  const isEmpty = layer.kind === 'binary' && isBinaryMatrix(train.states) && train.states.words.every((word) => word === 0);
  return isEmpty ? [...notes, 'No unit is on in any training row: check data.scale, data.threshold and data.invert.'] : notes;
}

/** Whether a split has a file or array of its own. */
function isSeparate(config: DataConfig, name: 'validation' | 'test'): boolean {
  return config[name]?.path !== undefined || config[name]?.key !== undefined;
}

/** The rows 0 … count − 1. */
function allRows(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row);
}

/** Reads the validation or test set that has a file or array of its own. */
async function loadSeparate(
  source: DataSource,
  config: DataConfig,
  name: 'validation' | 'test',
  training: RawExamples,
  context: LoadContext,
): Promise<RawExamples> {
  const split = config[name] ?? {};
  const key = `data.${name}`;
  if (split.count !== undefined || split.fraction !== undefined) {
    throw configError(context, `${key}.key`, 'names an array, while a count or fraction splits rows off the source', 'Give one or the other.');
  }
  if (source.loadSplit === undefined) {
    throw configError(
      context,
      split.path === undefined ? `${key}.key` : `${key}.path`,
      `the source '${source.name}' has no files of its own for a split`,
      `Split rows off by ${key}.count or ${key}.fraction, or use the source 'file'.`,
    );
  }
  const raw = await source.loadSplit(config, split, context);
  checkSize(raw);
  if (raw.columns !== training.columns) {
    throw new RbmError('data', `${raw.label}: has ${raw.columns} columns, but the training data ${training.label} have ${training.columns}`, {
      hint: `Give files with the same columns in data.path and ${key}.path.`,
    });
  }
  return raw;
}

/** The examples of some rows. */
function examplesOf(raw: RawExamples, rowIndices: Uint32Array, encoding: Encoding, stream: string): Examples {
  const { layer, units } = encoding;
  const missing = hasMissing(raw) ? missingUnits(raw, rowIndices, layer.kind === 'categorical' ? layer.groups : undefined) : undefined;
  const statesOf = (update: number): VisibleStates => {
    const states = encoding.encode(raw, rowIndices, stream, update);
    if (missing !== undefined && isBinaryMatrix(states)) clearUnits(states, missing);
    return states;
  };
  return {
    rows: rowIndices.length,
    columns: units,
    states: statesOf(0),
    statesOfEpoch: encoding.isDynamic ? (epoch) => statesOf(epoch + 1) : undefined,
    missing,
  };
}

/**
 * The examples of held-out rows, without those that have missing values: the likelihood of a row that is known in part is
 * not that of a row.
 *
 * @throws RbmError 'data' where none is left
 */
function heldOutExamples(name: SplitName, raw: RawExamples, rowIndices: Uint32Array, encoding: Encoding, stream: string): { examples: Examples; notes: string[] } {
  const rows = hasMissing(raw) ? completeRows(raw, rowIndices) : rowIndices;
  const dropped = rowIndices.length - rows.length;
  if (rows.length === 0) {
    throw new RbmError('data', `${raw.label}: all ${rowIndices.length} ${name} rows have missing values`, {
      hint: 'Likelihoods are of whole rows: only training rows may have missing values. Hold out rows without them, or none.',
    });
  }
  const { statesOfEpoch: _, ...examples } = examplesOf(raw, rows, encoding, stream);
  const notes = dropped === 0 ? [] : [`${dropped} of ${rowIndices.length} ${name} rows have missing values and are left out: likelihoods are of whole rows.`];
  return { examples, notes };
}

/**
 * Reads rows of a source as those of an earlier one were, missing values included. See {@link loadPartialRows} in `index.ts`.
 */
export async function loadRowsLike(
  source: DataSource,
  config: DataConfig,
  decided: DecidedEncoding & { readonly columns: number },
  context: LoadContext,
): Promise<Examples> {
  const kind = valueKindOf(config, source, context);
  const raw = await source.load(config, context);
  checkSize(raw);
  if (raw.columns !== decided.columns) {
    throw new RbmError('data', `${raw.label}: has ${raw.columns} columns, but the model's data had ${decided.columns}`, {
      hint: 'Give a row the columns of the training data, in their order; values that are not known stay empty, or NaN.',
    });
  }
  kind.checkValues(raw, config);
  return examplesOf(raw, allRows(raw.rows), kind.resume(raw.columns, decided, config), 'data/binarize');
}

/**
 * Loads the data of a source as the config wants them. See {@link loadDataset} in `index.ts`.
 */
export async function loadFrom(source: DataSource, config: DataConfig, context: LoadContext): Promise<Dataset> {
  checkNotEmpty(config, 'validation', context);
  checkNotEmpty(config, 'test', context);
  const kind = valueKindOf(config, source, context);
  const raw = await source.load(config, context);
  checkSize(raw);
  const shape = rowShape(config, raw, context);
  kind.checkValues(raw, config);

  const separate = { validation: isSeparate(config, 'validation'), test: isSeparate(config, 'test') };
  const fromSource: DataConfig = {
    ...config,
    validation: separate.validation ? undefined : config.validation,
    test: separate.test ? undefined : config.test,
  };
  const rows = splitRows(fromSource, raw.rows, context);
  if (hasMissing(raw)) checkColumnsKnown(raw, rows.train);
  const encoding = kind.prepare(raw, rows.train, config);
  const { layer, units, categories, standardization } = encoding;

  const stream = 'data/binarize';
  const train = examplesOf(raw, rows.train, encoding, stream);
  const notes = [...notesOn(raw, layer, train), ...encoding.notes];
  const heldOut = async (name: 'validation' | 'test'): Promise<Examples | undefined> => {
    let [from, indices, ownStream] = [raw, rows[name], stream];
    if (separate[name]) {
      from = await loadSeparate(source, config, name, raw, context);
      kind.checkValues(from, config);
      [indices, ownStream] = [allRows(from.rows), `${stream}/${name}`];
    }
    if (indices === undefined) return undefined;
    const { examples, notes: ownNotes } = heldOutExamples(name, from, indices, encoding, ownStream);
    notes.push(...ownNotes);
    return examples;
  };
  const splits = { train, validation: await heldOut('validation'), test: await heldOut('test') };

  const hashed = splitNames.flatMap((name) => {
    const examples = splits[name];
    return examples === undefined ? [] : [{ name, examples }];
  });
  const dynamic = encoding.isDynamic ? { raw, rows: rows.train, seed: config.seed, invert: config.invert } : undefined;
  return {
    name: raw.name,
    columns: units,
    layer,
    categories,
    standardization,
    // The columns of categorical data are values, not pixels.
    shape: layer.kind === 'categorical' ? undefined : shape,
    splits,
    fingerprint: fingerprint(layer, hashed, dynamic),
    notes,
  };
}
