/**
 * Arguments that name a model or data: a run, a checkpoint, another tool's file; a source, a config, a data file.
 */

import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CheckpointIdentity } from '../checkpoint/checkpoint.js';
import { readModelFile, type ArrayNames, type ModelFile } from '../checkpoint/model-file.js';
import { readCheckpointFile, RunDirectory } from '../checkpoint/run-directory.js';
import { configError, loadConfig, parseConfig, type LoadedConfig } from '../config/index.js';
import type { Binarization, RunConfig, ValuesKind } from '../config/run-config.js';
import { dataSources, loadDataset, loadPartialRows, type Dataset, type Examples } from '../datasets/index.js';
import { printable, RbmError } from '../errors.js';
import { isBinaryMatrix, binaryLayer, createHostMatrix, type ModelParameters, type VisibleLayer, type VisibleStates } from '../kernels/index.js';
import { parameterTensors } from '../model/parameters.js';
import { binaryModelUnits, standardParameters } from '../model/units/index.js';
import { kindAt } from '../read-file.js';
import { configKeys } from '../run/config-schema.js';
import { areSameLayers, misfitOf } from '../run/units.js';
import { collect, type CommonOptions } from './options.js';
import { isConfigName } from './paths.js';
import { warner } from './remarks.js';
import type { Terminal } from './terminal.js';

/** A model and where it came from. */
export interface ModelArgument extends ModelFile {
  /** The parameters in standard units, as kernels have them. */
  readonly standard: ModelParameters;
  /** The file that was read. */
  readonly file: string;
  /** The run that the file belongs to, where it lies in one. */
  readonly run?: RunDirectory;
}

/** Options of the commands that read a model. */
export interface ModelOptions extends CommonOptions {
  weightsName?: string;
  visibleBiasName?: string;
  hiddenBiasName?: string;
  transpose?: boolean;
  best?: boolean;
}

/** Adds the options that say how to read a model. */
export function addModelOptions(command: Command): Command {
  return command
    .option('--best', 'of a run, take the best parameters by the validation figure instead of the latest')
    .option('--weights-name <name>', "name of the weights in another tool's file")
    .option('--visible-bias-name <name>', "name of the visible bias in another tool's file")
    .option('--hidden-bias-name <name>', "name of the hidden bias in another tool's file")
    .option('--transpose', "the weights in another tool's file are hidden × visible");
}

function isFolder(path: string): boolean {
  return kindAt(path, { code: 'data' }) === 'folder';
}

/** The run that a checkpoint file lies in, where it does. */
function runOf(file: string): RunDirectory | undefined {
  const folder = basename(dirname(file)) === 'checkpoints' ? dirname(dirname(file)) : dirname(file);
  const run = new RunDirectory(folder);
  return run.hasConfig() ? run : undefined;
}

/** A model file with its standard parameters. */
function withStandard(model: Omit<ModelArgument, 'standard'>): ModelArgument {
  return { ...model, standard: standardParameters(model.parameters) };
}

/**
 * Reads the model that an argument names: a run directory (its latest checkpoint), a checkpoint, a foreign file.
 *
 * @throws RbmError 'usage' where a folder holds no run, 'data' where the file can't be used
 */
export function readModelArgument(argument: string, options: ModelOptions, terminal: Terminal): ModelArgument {
  const path = resolve(terminal.workingDirectory, argument);
  const names: ArrayNames = {
    weights: options.weightsName,
    visibleBias: options.visibleBiasName,
    hiddenBias: options.hiddenBiasName,
    transpose: options.transpose,
  };
  if (!isFolder(path)) {
    if (options.best) {
      throw new RbmError('usage', `--best asks for a run's best parameters, but ${printable(argument)} is a file`, { hint: 'Leave out --best.' });
    }
    const model = readModelFile(path, names);
    return withStandard({ ...model, file: path, run: model.checkpoint === undefined ? undefined : runOf(path) });
  }
  const run = new RunDirectory(path);
  if (options.best) {
    const file = run.bestCheckpoint();
    const checkpoint = readCheckpointFile(file);
    return withStandard({ parameters: checkpoint.parameters, checkpoint, file, run });
  }
  const checkpoint = run.readLatestCheckpoint(warner(options, terminal));
  if (checkpoint === undefined) {
    throw new RbmError('usage', `${printable(argument)}: there is no run here (no checkpoints)`, {
      hint: 'Name a run directory, a checkpoint, or a model file (.safetensors, .npz, .mat).',
    });
  }
  return withStandard({ parameters: checkpoint.parameters, checkpoint, file: run.checkpoint(checkpoint.progress.update), run });
}

/** Of larger parameters estimates overflow: the variance of energies has eighth powers of them, which are within float64. */
const largestParameter = 1e30;
/** Logarithm of the largest variance, whose root is {@link largestParameter}. */
const largestLogVariance = 2 * 30 * Math.LN10;

/** Whether activations, energies and means of a model are numbers. */
function canBeComputed({ standard, parameters }: ModelArgument): boolean {
  const isSmall = (limit: number) => (value: number): boolean => value >= -limit && value <= limit;
  return parameterTensors(standard).every(({ values }) => values.every(isSmall(largestParameter))) && (parameters.visibleLogVariance?.every(isSmall(largestLogVariance)) ?? true);
}

/**
 * Reads a model as {@link readModelArgument} does, for commands that compute with it.
 *
 * @throws RbmError 'data' also where its parameters are finite, but so large that probabilities are not
 */
export function readComputableModel(argument: string, options: ModelOptions, terminal: Terminal): ModelArgument {
  const model = readModelArgument(argument, options, terminal);
  if (canBeComputed(model)) return model;
  throw new RbmError('data', `${printable(model.file)}: some parameters are beyond ±${largestParameter}: probabilities would not be numbers`, {
    hint: 'Its training has diverged: name an earlier checkpoint, or train with a smaller learning rate. `rbm-train inspect` shows the parameters.',
  });
}

/** Options of the commands that read data. */
export interface DataOptions extends CommonOptions {
  data?: string;
  set?: string[];
}

/** Adds the options that say which data to read. */
export function addDataOptions(command: Command, what: string): Command {
  return command
    .option('--data <data>', `${what}: a source (${dataSources.map(({ name }) => name).join(', ')}), a config, or a data file`)
    .option('--set <key=value>', 'set a key of the data, e.g. data.binarize=threshold (repeatable)', collect);
}

/** How a source or file that is no config is read: the values of these keys. */
export interface Reading {
  readonly binarize?: Binarization;
  readonly values?: ValuesKind;
  readonly missing?: 'nan';
}

/** The config that a data argument stands for. */
async function loadDataConfig(
  argument: string,
  set: readonly string[],
  reading: Reading,
  terminal: Terminal,
): Promise<LoadedConfig> {
  const { workingDirectory } = terminal;
  const path = resolve(workingDirectory, argument);
  const stray = set.find((entry) => !/^\s*data\s*[.=]/.test(entry));
  if (stray !== undefined) {
    throw new RbmError('usage', `--set ${printable(stray)}: only keys of the data can be set here`, { hint: 'For example --set data.binarize=threshold.' });
  }
  if (isFolder(path)) {
    if (!new RunDirectory(path).hasConfig()) {
      throw new RbmError('usage', `${printable(argument)}: is a folder, but not a run (no config.json)`, { hint: 'Name a run, a config, a source or a data file.' });
    }
    return loadConfig(configKeys, { file: join(path, 'config.json'), set, workingDirectory });
  }
  if (isConfigName(argument)) {
    return loadConfig(configKeys, { file: argument, set, workingDirectory });
  }
  const isSource = dataSources.some(({ name }) => name === argument);
  if (!isSource && kindAt(path, { code: 'data' }) === undefined) {
    throw new RbmError('usage', `${printable(argument)}: neither a source of data nor an existing file`, {
      hint: `Sources are: ${dataSources.map(({ name }) => name).join(', ')}. Otherwise name a config or a data file.`,
    });
  }
  const { binarize, missing, values = dataSources.find(({ name }) => name === argument)?.onlyValues } = reading;
  const data = {
    ...(values !== undefined && { values }),
    ...(missing !== undefined && { missing }),
    ...(isSource && argument !== 'file' ? { source: argument } : { source: 'file', path }),
  };
  const dataOnly = configKeys.filter(({ name }) => name === 'data');
  const parse = async (section: object): Promise<LoadedConfig> => {
    const text = JSON.stringify({ data: section });
    return await parseConfig(dataOnly, { text, file: argument, directory: workingDirectory, set, workingDirectory });
  };
  const loaded = await parse({ ...data, ...(binarize !== undefined && { binarize }) });
  const asked = (loaded.config as unknown as RunConfig).data.values;
  // What else is to become binary is not asked to.
  return asked === undefined || asked === 'binary' ? loaded : await parse(data);
}

/**
 * Loads the data that an argument names.
 *
 * @param reading how a source or file that is no config is read, where `set` does not say
 * @throws RbmError 'usage' or 'data'
 */
export async function loadDataArgument(
  argument: string,
  set: readonly string[],
  terminal: Terminal,
  reading: Reading = {},
): Promise<Dataset> {
  const loaded = await loadDataConfig(argument, set, reading, terminal);
  const { data } = loaded.config as unknown as RunConfig;
  return loadDataset(data, { fail: (key, message, hint) => configError(loaded, key, message, hint) });
}

/**
 * Loads the data for a model: what `--data` names, else what the model's run was trained on.
 *
 * @throws RbmError 'usage' where neither is known or the columns do not fit
 */
export async function loadDataFor(model: ModelArgument, options: DataOptions, terminal: Terminal): Promise<Dataset> {
  const argument = options.data ?? model.run?.path;
  if (argument === undefined) {
    throw new RbmError('usage', `${printable(model.file)} does not lie in a run, so its data is not known`, {
      hint: 'Name the data with --data.',
    });
  }
  const { parameters, checkpoint } = model;
  const layer = parameters.visibleLayer ?? binaryLayer;
  const dataset = await loadDataArgument(argument, options.set ?? [], terminal, layer.kind === 'binary' ? {} : { values: valuesOf[layer.kind] });
  const trainedOn = model.checkpoint?.identity.dataFingerprint;
  const isOwnData = options.data === undefined && options.set === undefined;
  if (isOwnData && trainedOn !== undefined && trainedOn !== dataset.fingerprint) {
    warner(options, terminal)('the data is no longer what the model was trained on (its fingerprint differs)');
  }
  if (dataset.columns !== model.parameters.visibleUnits) {
    throw new RbmError(
      'usage',
      `${printable(dataset.name)} has ${dataset.columns} columns, but the model has ${model.parameters.visibleUnits} visible units`,
      { hint: 'Choose the data that the model was made for.' },
    );
  }
  const misfit = misfitOf((parameters.units ?? binaryModelUnits).visible, dataset.layer);
  if (misfit !== undefined) {
    throw new RbmError('usage', `${printable(dataset.name)} does not fit the model: ${misfit}`, { hint: 'Choose the data that the model was made for.' });
  }
  const isOther = !areSameLayers(layer, dataset.layer) || !areSameCategories(checkpoint?.identity.categories, dataset.categories);
  if (isOther) {
    throw new RbmError('usage', `${printable(dataset.name)}: the values of its columns are not those that the model was trained on`, {
      hint: 'Choose data in which every column has the same values.',
    });
  }
  return asStandardizedFor(model, dataset);
}

/**
 * Loads partly known rows for a model, from a file or source.
 *
 * @throws RbmError 'usage' or 'data'
 */
export async function loadPartialRowsFor({ parameters, checkpoint }: ModelArgument, argument: string, set: readonly string[], terminal: Terminal): Promise<Examples> {
  const { kind } = parameters.visibleLayer ?? binaryLayer;
  const loaded = await loadDataConfig(argument, set, { missing: 'nan', ...(kind !== 'binary' && { values: valuesOf[kind] }) }, terminal);
  const { data } = loaded.config as unknown as RunConfig;
  const { categories, standardization } = checkpoint?.identity ?? {};
  if (kind === 'categorical' && categories === undefined) {
    throw new RbmError('usage', 'the model does not say what its categories are', { hint: 'Name a checkpoint of a training on categorical data.' });
  }
  const decided = {
    columns: categories?.length ?? parameters.visibleUnits,
    categories,
    standardization: standardization && {
      means: Float64Array.from(standardization.means),
      deviations: Float64Array.from(standardization.deviations),
    },
  };
  return await loadPartialRows(data, decided, { fail: (key, message, hint) => configError(loaded, key, message, hint) });
}

/** What data of a layer are called in a config. */
const valuesOf = { gaussian: 'real', categorical: 'categorical' } as const satisfies Record<Exclude<VisibleLayer['kind'], 'binary'>, ValuesKind>;

function areSameCategories(saved: CheckpointIdentity['categories'], now: Dataset['categories']): boolean {
  return saved === undefined || now === undefined || JSON.stringify(saved.map(({ values }) => values)) === JSON.stringify(now.map(({ values }) => values));
}

/** Real data with the standardization of the model's own training data, whatever theirs is. */
function asStandardizedFor({ checkpoint, parameters }: ModelArgument, dataset: Dataset): Dataset {
  if (parameters.visibleLayer?.kind !== 'gaussian') return dataset;
  const { columns } = dataset;
  const none = { means: new Float64Array(columns), deviations: new Float64Array(columns).fill(1) };
  const [own, wanted] = [dataset.standardization ?? none, checkpoint?.identity.standardization ?? none];
  const isSame = own.means.every((mean, i) => mean === wanted.means[i]) && own.deviations.every((deviation, i) => deviation === wanted.deviations[i]);
  if (isSame) return dataset;
  const convert = (states: VisibleStates): VisibleStates => {
    if (isBinaryMatrix(states)) return states;
    const converted = createHostMatrix(states.rows, columns);
    const values = new Float64Array(columns);
    for (let row = 0; row < states.rows; row++) {
      states.readRows(row, values);
      converted.writeRows(row, values.map((value, i) => (value * own.deviations[i] + own.means[i] - wanted.means[i]) / wanted.deviations[i]));
    }
    return converted;
  };
  const { train, validation, test } = dataset.splits;
  const convertSplit = <Split extends Examples | undefined>(split: Split): Split => split && { ...split, states: convert(split.states) };
  return { ...dataset, splits: { train: convertSplit(train), validation: convertSplit(validation), test: convertSplit(test) } };
}

/**
 * One split of a dataset.
 *
 * @throws RbmError 'usage' where the dataset has no such split
 */
export function splitOf(dataset: Dataset, name: string): Examples {
  const splits = Object.entries(dataset.splits).filter((entry): entry is [string, Examples] => entry[1] !== undefined);
  const found = splits.find(([split]) => split === name);
  if (found !== undefined) return found[1];
  throw new RbmError('usage', `the data has no split ${printable(JSON.stringify(name))}`, {
    hint: `Its splits are: ${splits.map(([split]) => split).join(', ')}.`,
  });
}
