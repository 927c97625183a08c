/**
 * From a source to a dataset: values checked, rows divided, binarized, hashed.
 */

import type { DataConfig } from '../config/run-config.js';
import { RbmError } from '../errors.js';
import { isBinaryMatrix } from '../kernels/binary-matrix.js';
import { binaryLayer } from '../kernels/visible-layer.js';
import { addressLimits } from '../kernels/random-address.js';
import { binarize, checkValues } from './binarize.js';
import { configError, splitNames, type DataSource, type Dataset, type Examples, type LoadContext, type RawExamples } from './dataset.js';
import { fingerprint } from './fingerprint.js';
import { splitRows } from './split.js';

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
function notesOn(raw: RawExamples, train: Examples): readonly string[] {
  const notes = raw.notes ?? [];
  const isEmpty = isBinaryMatrix(train.states) && train.states.words.every((word) => word === 0);
  return isEmpty ? [...notes, 'No unit is on in any training row: check data.scale, data.threshold and data.invert.'] : notes;
}

/** Whether a split has a file or array of its own. */
function isSeparate(config: DataConfig, name: 'validation' | 'test'): boolean {
  return config[name]?.path !== undefined || config[name]?.key !== undefined;
}

/** Reads the validation or test set that has a file or array of its own. */
async function loadSeparate(
  source: DataSource,
  config: DataConfig,
  name: 'validation' | 'test',
  training: RawExamples,
  context: LoadContext,
): Promise<Examples> {
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
  checkValues(raw, config.binarize);
  const rows = Uint32Array.from({ length: raw.rows }, (_, row) => row);
  const states = binarize(raw, rows, config, `data/binarize/${name}`, 0);
  return { rows: raw.rows, columns: raw.columns, states };
}

/**
 * Loads the data of a source as the config wants them. See {@link loadDataset} in `index.ts`.
 */
export async function loadFrom(source: DataSource, config: DataConfig, context: LoadContext): Promise<Dataset> {
  checkNotEmpty(config, 'validation', context);
  checkNotEmpty(config, 'test', context);
  const raw = await source.load(config, context);
  checkSize(raw);
  const shape = rowShape(config, raw, context);
  checkValues(raw, config.binarize);

  const separate = { validation: isSeparate(config, 'validation'), test: isSeparate(config, 'test') };
  const fromSource: DataConfig = {
    ...config,
    validation: separate.validation ? undefined : config.validation,
    test: separate.test ? undefined : config.test,
  };
  const rows = splitRows(fromSource, raw.rows, context);

  const stream = 'data/binarize';
  const examplesOf = (indices: Uint32Array): Examples => {
    return { rows: indices.length, columns: raw.columns, states: binarize(raw, indices, config, stream, 0) };
  };
  const isDynamic = config.binarize === 'dynamic';
  const train: Examples = {
    ...examplesOf(rows.train),
    statesOfEpoch: isDynamic ? (epoch) => binarize(raw, rows.train, config, stream, epoch + 1) : undefined,
  };
  const heldOut = async (name: 'validation' | 'test'): Promise<Examples | undefined> => {
    if (separate[name]) return await loadSeparate(source, config, name, raw, context);
    const indices = rows[name];
    return indices === undefined ? undefined : examplesOf(indices);
  };
  const splits = { train, validation: await heldOut('validation'), test: await heldOut('test') };

  const hashed = splitNames.flatMap((name) => {
    const examples = splits[name];
    return examples === undefined ? [] : [{ name, states: examples.states }];
  });
  const dynamic = isDynamic ? { raw, rows: rows.train, seed: config.seed, invert: config.invert } : undefined;
  return {
    name: raw.name,
    columns: raw.columns,
    layer: binaryLayer,
    shape,
    splits,
    fingerprint: fingerprint(hashed, dynamic),
    notes: notesOn(raw, train),
  };
}
