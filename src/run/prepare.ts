/**
 * From a resolved config to a run that can start: data loaded, kernels ready, everything checked that can be checked
 * before training.
 */

import { canonicalHash, configError, relevantConfig, type LoadedConfig } from '../config/index.js';
import type { RunConfig } from '../config/run-config.js';
import { parametersDigest } from '../checkpoint/digest.js';
import type { CheckpointIdentity } from '../checkpoint/checkpoint.js';
import { readModelFile, type ModelFile } from '../checkpoint/model-file.js';
import type { DiagnosedTraining } from '../diagnostics/index.js';
import { loadDataset, type Dataset, type Examples } from '../datasets/index.js';
import { addressLimits, numericsVersion, selectVisibleRows, type Kernels, type VisibleStates } from '../kernels/index.js';
import type { EvaluationRequest } from '../estimators/evaluation.js';
import { exactEstimator, isAffordable, logPartitionFunctionEstimator } from '../estimators/log-partition-function.js';
import { defaultAnnealing } from '../estimators/annealing-settings.js';
import type { TrackingSettings } from '../estimators/tracked-log-partition-function.js';
import { baseVisibleBias } from '../model/base-rate.js';
import { enumerationCost, type EnumerableModel } from '../model/enumeration-view.js';
import { isRbmError, RbmError } from '../errors.js';
import { initialParameters } from '../model/initial-parameters.js';
import { areParametersFinite } from '../model/parameters.js';
import { standardStates, unitType, type Declared, type DeclaredParameters } from '../model/units/index.js';
import { gradientEstimator } from '../training/gradients/index.js';
import { extentInUpdates } from '../training/schedules.js';
import { batchRows, lengthInUpdates, updatesPerEpoch } from '../training/trainer.js';
import { optimizerOf } from '../training/updates/index.js';
import { version } from '../version.js';
import { configKeys } from './config-schema.js';
import { wantedDiagnostics, type WantedDiagnostic } from './diagnosis.js';
import { describeBytes, fitsIntoMemory, memoryDemands } from './memory.js';
import { loadKernelsForTraining } from './kernels.js';
import { declareUnits, unitsIdentity } from './units.js';

/** A run that can start. */
export interface PreparedRun {
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly kernels: Kernels;
  /** The parameters that a new run starts from. */
  readonly parameters: DeclaredParameters;
  readonly identity: CheckpointIdentity;
  /** Length in updates. */
  readonly length: number;
  readonly updatesPerEpoch: number;
  /** What evaluations say of the likelihood. */
  readonly logLikelihood: 'exact' | 'estimated' | 'tracked' | 'left out';
  /** What gives evaluations their log Z; undefined where they have none, or the run tracks it. */
  readonly logPartitionFunction: EvaluationRequest['logPartitionFunction'];
  /** How the run tracks log Z, and after how many updates each time; undefined where it does not. */
  readonly tracking?: { readonly every: number; readonly settings: TrackingSettings };
  /** Cost of one exact log Z: states × units of the larger layer. */
  readonly exactCost: number;
  /** The diagnostics that it has, and what they know of it. */
  readonly diagnostics: { readonly wanted: readonly WantedDiagnostic[]; readonly training: DiagnosedTraining };
}

/**
 * The examples of every split, by name, for evaluation.
 *
 * @param declared the model whose standard units they are to be in
 */
export function splitStates(dataset: Dataset, declared: Declared): Record<string, VisibleStates> {
  const splits: Record<string, VisibleStates> = {};
  for (const [name, examples] of Object.entries(dataset.splits)) {
    const states = examples === undefined ? undefined : completeRowsOf(examples);
    if (states !== undefined) splits[name] = standardStates(states, declared);
  }
  return splits;
}

/** The rows without missing values: likelihoods are of whole rows; undefined where there is none. */
function completeRowsOf({ states, missing, rows }: Examples): VisibleStates | undefined {
  if (missing === undefined) return states;
  const { words, wordsPerRow } = missing;
  const complete = Uint32Array.from({ length: rows }, (_, row) => row).filter((row) =>
    words.subarray(row * wordsPerRow, (row + 1) * wordsPerRow).every((word) => word === 0),
  );
  return complete.length === 0 ? undefined : selectVisibleRows(states, complete);
}

/** About what one state and unit of an enumeration takes the WebAssembly kernels on one thread (bench: log-z). */
export const secondsPerStateUnit = 1.6e-10;

/** A time that is only roughly known, in words. */
export function describeSeconds(seconds: number): string {
  const duration =
    seconds < 120
      ? seconds < 1
        ? 'less than 1 s'
        : `${Math.round(seconds)} s`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} min`
        : seconds < 172_800
          ? `${Math.round(seconds / 3600)} h`
          : seconds < 3e9
            ? `${(seconds / 86_400).toPrecision(2)} days`
            : 'more than a century';
  return `${seconds < 1 ? '' : 'roughly '}${duration}`;
}

/** How many states an enumeration has, in words. */
export function describeStates(model: EnumerableModel): string {
  const { outerUnits, innerUnits, stateUnits } = enumerationCost(model);
  return `2^${outerUnits} states × ${innerUnits} units = ${stateUnits.toExponential(1)}`;
}

/** What an enumeration costs, in words. */
export function describeCost(model: EnumerableModel): string {
  return `${describeStates(model)}, ${describeSeconds(enumerationCost(model).cost * secondsPerStateUnit)}`;
}

/** What evaluations say of the likelihood. */
function likelihoodKind({ evaluation }: RunConfig, affordable: boolean): PreparedRun['logLikelihood'] {
  const { logLikelihood } = evaluation;
  if (logLikelihood === 'estimated' || logLikelihood === 'tracked') return logLikelihood;
  return logLikelihood !== 'never' && affordable ? 'exact' : 'left out';
}

/** What an evaluation during training takes log Z from: exact where that is asked for and affordable, or a short AIS. */
function evaluationLogZ(
  kind: PreparedRun['logLikelihood'],
  config: RunConfig,
  dataset: Dataset,
  kernels: Kernels,
): PreparedRun['logPartitionFunction'] {
  if (kind === 'estimated') {
    const { annealing } = config.evaluation;
    const settings = { ...defaultAnnealing, ...annealing, baseVisibleBias: baseVisibleBias('data', dataset.splits.train.states, dataset.layer), seed: config.seed };
    const { estimate } = logPartitionFunctionEstimator('ais');
    return (model, cooperation) => estimate(model, { kernels, annealing: settings, ...cooperation });
  }
  return kind === 'exact' ? (model, cooperation) => exactEstimator.estimate(model, { kernels, ...cooperation }) : undefined;
}

/** How the run tracks log Z, where it is to. */
function trackingOf(config: RunConfig, dataset: Dataset, updatesOfEpoch: number): PreparedRun['tracking'] {
  const { logLikelihood, tracking } = config.evaluation;
  if (logLikelihood !== 'tracked' || tracking === undefined) return undefined;
  const { every, chains, temperatures } = tracking;
  const base = baseVisibleBias('data', dataset.splits.train.states, dataset.layer);
  return {
    every: extentInUpdates(every, updatesOfEpoch),
    settings: { baseVisibleBias: base, schedule: defaultAnnealing.schedule, temperatures, chains, seed: config.seed },
  };
}

/** What is trained, as diagnostics must know it. */
function diagnosedTraining({ training }: RunConfig, dataset: Dataset, parameters: DeclaredParameters, isEnumerable: boolean): DiagnosedTraining {
  const { usesGibbsSteps, usesPersistentChains } = gradientEstimator(training.algorithm);
  const { rows } = dataset.splits.train;
  return {
    visibleUnits: parameters.visibleUnits,
    hiddenUnits: parameters.hiddenUnits,
    visibleLayer: dataset.layer,
    algorithm: training.algorithm,
    ...(usesGibbsSteps && { gibbsSteps: training.k ?? 1 }),
    ...(usesPersistentChains === true && { persistentChains: training.chains as number }),
    examples: rows,
    batchRows: batchRows(training, rows),
    updatesPerEpoch: updatesPerEpoch(training, rows),
    splits: Object.keys(splitStates(dataset, parameters)),
    isEnumerable,
  };
}

/** Refuses what this machine can't hold, before it is allocated. */
function checkMemory(loaded: LoadedConfig, model: { visibleUnits: number; hiddenUnits: number }, rows: number): void {
  const { training } = loaded.config as unknown as RunConfig;
  let total = 0;
  for (const [key, what, bytes] of memoryDemands(training, model, rows)) {
    total += bytes;
    if (fitsIntoMemory(total)) continue;
    const remedies: Record<string, string> = {
      'model.hiddenUnits': 'Use fewer hidden units.',
      'training.batchSize': 'Use a smaller batchSize.',
      'training.chains': 'Use fewer chains.',
    };
    throw configError(loaded, key, `${what} would need ${describeBytes(bytes)}, more than this machine has`, remedies[key]);
  }
}

/** What a checkpoint says of data whose states are not their values. */
export function dataIdentity({ standardization, categories }: Dataset): Pick<CheckpointIdentity, 'standardization' | 'categories'> {
  return {
    ...(standardization !== undefined && {
      standardization: { means: Array.from(standardization.means), deviations: Array.from(standardization.deviations) },
    }),
    ...(categories !== undefined && { categories }),
  };
}

function readStart(loaded: LoadedConfig, path: string): ModelFile {
  try {
    return readModelFile(path, {});
  } catch (error) {
    if (!isRbmError(error)) throw error;
    throw new RbmError(error.code, `${loaded.locate('model.from')}: model.from: ${error.message}`, {
      frame: loaded.frame('model.from'),
      hint: `${error.hint ?? ''} Paths in a config are relative to the folder of the config file.`.trim(),
      cause: error,
    });
  }
}

function startingParameters(loaded: LoadedConfig, config: RunConfig, dataset: Dataset): DeclaredParameters {
  const { model } = config;
  const { rows, states, missing } = dataset.splits.train;
  if (model.from !== undefined) {
    const start = readStart(loaded, model.from);
    const { parameters } = start;
    checkMemory(loaded, parameters, rows);
    if (parameters.visibleUnits !== dataset.columns) {
      throw configError(
        loaded,
        'model.from',
        `the model has ${parameters.visibleUnits} visible units, but the data has ${dataset.columns} columns`,
        'Choose the data that the model was made for.',
      );
    }
    const { visibleLogVariance: _, ...others } = parameters;
    return { ...others, ...declareUnits(loaded, dataset, start), ...(dataset.layer.kind !== 'binary' && { visibleLayer: dataset.layer }) };
  }
  const declared = declareUnits(loaded, dataset);
  checkMemory(loaded, { visibleUnits: dataset.columns, hiddenUnits: model.hiddenUnits ?? 0 }, rows);
  const { scale } = unitType(declared.units?.visible ?? 'binary');
  const parameters = { ...initialParameters(model, config.seed, states, dataset.layer, scale, missing), ...declared };
  if (!parameters.weights.every(Number.isFinite)) {
    throw configError(loaded, 'model.weights', 'some initial weights overflow', 'Use a smaller standardDeviation or range.');
  }
  if (!areParametersFinite(parameters)) {
    throw configError(
      loaded,
      'model.visibleBias',
      'some units never change in the training data, so the log-odds of their means are infinite',
      'Set smoothing: 1, or clip: 0.001.',
    );
  }
  return parameters;
}

/**
 * The data that a config names.
 *
 * @throws RbmError 'usage' for what is wrong with the config, 'data' for what is wrong with the data
 */
export function loadRunDataset(loaded: LoadedConfig): Promise<Dataset> {
  const { data } = loaded.config as unknown as RunConfig;
  return loadDataset(data, { fail: (key, message, hint) => configError(loaded, key, message, hint) });
}

/**
 * What the config hash is of: the result-relevant keys, and of a model file that training starts from its content, not its path.
 *
 * @param start what stands for the model file: `initialParameters`, its digest, and `initialUnits`
 */
export function resultRelevantConfig(loaded: LoadedConfig, start: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ...relevantConfig(configKeys, loaded.config, ['result']), ...start };
}

/**
 * Checks everything that a run needs.
 *
 * @param loaded the config, resolved by `configKeys`
 * @param known its data; loaded where left out
 * @throws RbmError 'usage' for what is wrong with the config, 'data' for what is wrong with the data
 */
export async function prepareRun(loaded: LoadedConfig, known?: Dataset): Promise<PreparedRun> {
  const config = loaded.config as unknown as RunConfig;
  const { training, evaluation } = config;
  const dataset = known ?? (await loadRunDataset(loaded));
  const parameters = startingParameters(loaded, config, dataset);
  const refusal = gradientEstimator(training.algorithm).refuse?.(parameters);
  if (refusal !== undefined) throw configError(loaded, 'training.algorithm', refusal.message, refusal.hint);
  if (training.centring !== undefined && !optimizerOf(training).isLinear) {
    const what = `goes with steps that are sums of gradients; ${training.optimizer} scales every parameter by itself, which undoes it`;
    throw configError(loaded, 'training.centring', what, 'Leave it out, or use training.optimizer sgd or nesterov.');
  }

  const exactCost = exactEstimator.cost(parameters);
  const affordable = isAffordable(parameters, evaluation.exactCostLimit);
  if (evaluation.logLikelihood === 'exact' && !affordable) {
    throw configError(
      loaded,
      'evaluation.logLikelihood',
      `the exact log partition function costs ${describeCost(parameters)}, more than evaluation.exactCostLimit (${evaluation.exactCostLimit.toExponential(1)})`,
      `${Number.isFinite(exactCost) ? 'Raise evaluation.exactCostLimit, use' : 'Use'} fewer hidden units, or set logLikelihood: auto.`,
    );
  }

  const start = config.model.from === undefined ? {} : { initialParameters: parametersDigest(parameters), ...(parameters.units !== undefined && { initialUnits: parameters.units }) };
  const relevant = resultRelevantConfig(loaded, start);
  const diagnosed = diagnosedTraining(config, dataset, parameters, affordable);
  const diagnostics = { wanted: wantedDiagnostics(loaded, config, diagnosed), training: diagnosed };
  const units = unitsIdentity(parameters);
  const rows = dataset.splits.train.rows;
  const kernels = await loadKernelsForTraining(config, parameters, rows);
  const logLikelihood = likelihoodKind(config, affordable);
  const length = lengthInUpdates(training, rows);
  if (length >= addressLimits.update) {
    throw configError(loaded, 'training.epochs', `are ${length} updates; at most ${addressLimits.update - 1} are possible`, 'Use fewer epochs.');
  }
  return {
    config,
    dataset,
    kernels,
    parameters,
    identity: {
      version,
      numericsVersion,
      configHash: canonicalHash(relevant),
      dataFingerprint: dataset.fingerprint,
      config: relevant,
      ...(dataset.shape !== undefined && { shape: dataset.shape }),
      ...(units !== undefined && { units }),
      ...dataIdentity(dataset),
    },
    length,
    updatesPerEpoch: updatesPerEpoch(training, rows),
    logLikelihood,
    logPartitionFunction: evaluationLogZ(logLikelihood, config, dataset, kernels),
    tracking: trackingOf(config, dataset, updatesPerEpoch(training, rows)),
    exactCost,
    diagnostics,
  };
}
