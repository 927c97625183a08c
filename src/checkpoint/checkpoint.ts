/**
 * A checkpoint: everything that exact continuation needs, in one safetensors file.
 *
 * Tensors `weights`, `visibleBias`, `hiddenBias`, of Gaussian units `visibleLogVariance`: the run's model in the units that the
 * config declares, readable by any tool (of averaged training the average); `velocity.*` (with momentum), `state.*` (what the
 * training algorithm carries), `updates.*` (what optimizer, centring, sparsity carry; `updates.last.*`: the parameters in
 * training, of averaged training), `tracking.*` (where log Z is tracked), `metrics` (the lines of metrics.jsonl up to here, so
 * that no event can be lost or doubled; not those of closed files, which never change again); metadata has the rest as JSON
 * texts, and a SHA-256 over header and data. No times, no hosts, no paths: the same progress gives the same bytes.
 *
 * What a newer rbm-train adds (a tensor, a key) is refused by those that do not know it: nobody reads half a model, or goes on
 * with half a state. `format`, `formatVersion` and `checksum` stay what they are in every version, so that a file of a newer
 * one can be told from a damaged file.
 */

import { createHash } from 'node:crypto';
import { printable, RbmError } from '../errors.js';
import { encodeSafetensors, readSafetensors, wholeTensor, type Safetensors, type Tensor, type TensorPieces } from '../formats/safetensors.js';
import { binaryLayer, type ModelParameters, type VisibleLayer } from '../kernels/index.js';
import { areParametersFinite, tensorSources } from '../model/parameters.js';
import { unitTypesOf, type DeclaredModel, type DeclaredParameters, type ModelUnits } from '../model/units/index.js';
import { parametersDigest } from './digest.js';

/**
 * Versions of the file's layout that are read: raised where what is there already changes its meaning; what is new is refused
 * by its name. 1: the file holds all events. 2: it holds those behind the closed files of events.
 */
const formatVersions = ['1', '2'];

/** A checkpoint that is whole, but of a newer rbm-train. It is told from others by `isNewer`, in every realm. */
class NewerCheckpointError extends RbmError {
  readonly isNewer = true;

  constructor(file: string, what: string) {
    super('data', `${printable(file)}: ${what}`, { hint: 'Use the version of rbm-train that wrote it, or a newer one.' });
  }
}

/** Whether a checkpoint was refused because a newer rbm-train wrote it: then it is not damaged, and no older one stands for it. */
export function isNewerCheckpoint(error: unknown): boolean {
  return (error as { isNewer?: unknown } | undefined)?.isNewer === true;
}

/** Every name that this version gives a meaning to. */
const knownNames = {
  metadata: ['format', 'formatVersion', 'checksum', 'digest', 'progress', 'identity'],
  progress: ['update', 'evaluated', 'best', 'closedMetrics'],
  identity: ['version', 'numericsVersion', 'configHash', 'dataFingerprint', 'config', 'shape', 'units', 'standardization', 'categories'],
  units: ['visible', 'hidden', 'variance', 'groups'],
  tensors: ['weights', 'visibleBias', 'hiddenBias', 'visibleLogVariance', 'velocity.weights', 'velocity.visibleBias', 'velocity.hiddenBias', 'metrics'],
};

/** Whose these tensors are, they decide what is among them when training continues. */
const statePrefixes = ['state.', 'updates.', 'tracking.', 'diagnostics.'];

/** How far a run has come. */
export interface Progress {
  /** Updates done. */
  readonly update: number;
  /** Whether the evaluation due at this update is done. */
  readonly evaluated: boolean;
  /** The best validation figure so far. */
  readonly best?: { readonly update: number; readonly value: number; readonly criterion: string };
  /** How many files of events have been closed before the checkpoint's own; absent where none. */
  readonly closedMetrics?: number;
}

/** What a checkpoint says of the model's units. */
export interface UnitsIdentity extends ModelUnits {
  /** Of categorical visible units: the first unit of every group, ascending, the first 0; and the number of units. */
  readonly groups?: readonly number[];
}

/** What a checkpoint says of the run it belongs to. */
export interface CheckpointIdentity {
  /** Version of rbm-train. */
  readonly version: string;
  readonly numericsVersion: number;
  /** Hash of the result-relevant config, length left out. */
  readonly configHash: string;
  readonly dataFingerprint: string;
  /** The result-relevant config. */
  readonly config: unknown;
  /** [height, width] of a row as a picture, where the data has one. */
  readonly shape?: readonly [number, number];
  /** What the units are; both layers are binary where left out. */
  readonly units?: UnitsIdentity;
  /** What real data were standardized by, n numbers each: the state is (value − mean) / deviation. */
  readonly standardization?: { readonly means: readonly number[]; readonly deviations: readonly number[] };
  /** Of categorical data: what each group of units stands for, in order. */
  readonly categories?: readonly { readonly column: string | number; readonly values: readonly string[] }[];
}

/** A whole checkpoint; to be written, its parameters may still be in the kernels' memory. */
export interface Checkpoint<Parameters = DeclaredParameters> {
  /** The run's model in declared units: what it gives, and its digest is of. */
  readonly parameters: Parameters;
  /** The last steps; absent in training without momentum. */
  readonly velocity?: Parameters;
  /** Tensors of the training algorithm's state, by name. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Tensors of what stands between gradient and step, by name; absent where there are none. */
  readonly updates?: ReadonlyMap<string, Tensor>;
  /** Tensors of what tracks log Z, by name; absent where nothing does. */
  readonly tracking?: ReadonlyMap<string, Tensor>;
  /** Tensors of diagnostics, by name; absent where they carry nothing. */
  readonly diagnostics?: ReadonlyMap<string, Tensor>;
  /** Lines of metrics.jsonl up to this state; those of closed files left out. */
  readonly metrics: readonly string[];
  readonly progress: Progress;
  readonly identity: CheckpointIdentity;
}

/** More objects and lists do not stand within each other in what a checkpoint says. */
const deepestObject = 32;

const checksumKey = '"checksum":"';
const blankChecksum = '0'.repeat(64);

/** Where the checksum's 64 digits stand; quotes inside other texts are escaped, so the key is found once only. */
function checksumPosition(bytes: Uint8Array): number {
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(checksumKey, 8, 'latin1');
  return found < 0 ? -1 : found + checksumKey.length;
}

/** SHA-256 of the file with the checksum's own digits as zeros. */
function checksumOf(start: Uint8Array, position: number, rest: Iterable<Uint8Array> = []): string {
  const hash = createHash('sha256')
    .update(start.subarray(0, position))
    .update(blankChecksum, 'latin1')
    .update(start.subarray(position + 64));
  for (const piece of rest) hash.update(piece);
  return hash.digest('hex');
}

/** Lines of metrics as the text of metrics.jsonl. */
export function metricsText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** The bytes of a checkpoint file, piece by piece: a second copy of a large model is never made. */
export function encodeCheckpoint(checkpoint: Checkpoint<DeclaredModel | DeclaredParameters>): Iterable<Uint8Array> {
  const { parameters, velocity, state, updates, tracking, diagnostics, metrics, progress, identity } = checkpoint;
  const tensors = new Map<string, TensorPieces>();
  for (const source of tensorSources(parameters)) tensors.set(source.name, { ...source, type: 'F64' });
  for (const source of velocity === undefined ? [] : tensorSources(velocity)) tensors.set(`velocity.${source.name}`, { ...source, type: 'F64' });
  for (const [name, tensor] of state) tensors.set(`state.${name}`, wholeTensor(tensor));
  for (const [name, tensor] of updates ?? []) tensors.set(`updates.${name}`, wholeTensor(tensor));
  for (const [name, tensor] of tracking ?? []) tensors.set(`tracking.${name}`, wholeTensor(tensor));
  for (const [name, tensor] of diagnostics ?? []) tensors.set(`diagnostics.${name}`, wholeTensor(tensor));
  const lines = Buffer.from(metricsText(metrics), 'utf8');
  tensors.set('metrics', wholeTensor({ shape: [lines.length], values: lines }));
  const { header, data } = encodeSafetensors(tensors, {
    format: 'rbm-train checkpoint',
    formatVersion: progress.closedMetrics === undefined ? '1' : '2',
    checksum: blankChecksum,
    digest: parametersDigest(parameters),
    progress: JSON.stringify(progress),
    identity: JSON.stringify(identity),
  });
  const position = checksumPosition(header);
  header.set(Buffer.from(checksumOf(header, position, data()), 'latin1'), position);
  return (function* () {
    yield header;
    yield* data();
  })();
}

/** Whether the metadata of a safetensors file say that it is one of ours. */
export function isCheckpoint(metadata: Readonly<Record<string, string>>): boolean {
  return metadata.format === 'rbm-train checkpoint';
}

/** The tensors whose names begin with a prefix, by the rest of their names. */
function tensorsWithin(tensors: ReadonlyMap<string, Tensor>, prefix: string): Map<string, Tensor> {
  return new Map([...tensors].filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

function parametersFrom(tensors: ReadonlyMap<string, Tensor>, prefix: string, fail: (what: string) => RbmError): ModelParameters {
  const tensor = (name: string, dimensions: number): Tensor & { values: Float64Array } => {
    const found = tensors.get(prefix + name);
    if (found === undefined || found.shape.length !== dimensions || found.values.BYTES_PER_ELEMENT !== 8) {
      throw fail(`its tensor ${prefix}${name} is missing or not a float64 array of ${dimensions} dimensions`);
    }
    return found as Tensor & { values: Float64Array };
  };
  const weights = tensor('weights', 2);
  const visibleBias = tensor('visibleBias', 1);
  const hiddenBias = tensor('hiddenBias', 1);
  const [visibleUnits, hiddenUnits] = weights.shape;
  if (visibleBias.shape[0] !== visibleUnits || hiddenBias.shape[0] !== hiddenUnits || visibleUnits === 0 || hiddenUnits === 0) {
    throw fail('the shapes of its weights and biases do not fit together');
  }
  return {
    visibleUnits,
    hiddenUnits,
    weights: weights.values,
    visibleBias: visibleBias.values,
    hiddenBias: hiddenBias.values,
  };
}

/** The units alone. */
function modelUnitsOf({ visible, hidden, variance }: UnitsIdentity): ModelUnits {
  return { visible, hidden, ...(variance !== undefined && { variance }) };
}

/** The standard layer behind the visible units of a checkpoint. */
function layerOf(units: UnitsIdentity): VisibleLayer {
  if (units.visible === 'gaussian') return { kind: 'gaussian' };
  return units.groups === undefined ? binaryLayer : { kind: 'categorical', groups: Uint32Array.from(units.groups) };
}

/** What in a whole file this version does not know, in words; undefined where it knows everything. */
function newerPart({ tensors, metadata }: Safetensors): string | undefined {
  if (!formatVersions.includes(metadata.formatVersion)) {
    return `has checkpoint format ${printable(metadata.formatVersion ?? 'none')}; this rbm-train reads formats ${formatVersions.join(' and ')}`;
  }
  const identity = parseObject(metadata.identity) ?? {};
  const units = (identity.units ?? {}) as Record<string, unknown>;
  const unknownKeys = (kind: 'metadata' | 'progress' | 'identity' | 'units', value: object): string[] =>
    Object.keys(value).filter((key) => !knownNames[kind].includes(key)).map((key) => `the ${kind} key ${printable(JSON.stringify(key))}`);
  const unknownUnits = (['visible', 'hidden'] as const)
    .filter((layer) => typeof units[layer] === 'string' && !unitTypesOf(layer).some(({ name }) => name === units[layer]))
    .map((layer) => `the ${layer} units ${printable(JSON.stringify(units[layer]))}`);
  const unknown = [
    ...unknownKeys('metadata', metadata),
    ...unknownKeys('progress', parseObject(metadata.progress) ?? {}),
    ...unknownKeys('identity', identity),
    ...unknownKeys('units', units),
    ...unknownUnits,
    ...[...tensors.keys()]
      .filter((name) => !knownNames.tensors.includes(name) && !statePrefixes.some((prefix) => name.startsWith(prefix)))
      .map((name) => `the tensor ${printable(JSON.stringify(name))}`),
  ];
  return unknown.length === 0 ? undefined : `has ${unknown[0]}, which this rbm-train does not know: a newer one wrote it`;
}

/** The model's parameters with what their units are. */
function declaredParametersFrom(
  tensors: ReadonlyMap<string, Tensor>,
  { shape, units, standardization, categories }: CheckpointIdentity,
  fail: (what: string) => RbmError,
): DeclaredParameters {
  const parameters = parametersFrom(tensors, '', fail);
  const { visibleUnits } = parameters;
  if (shape !== undefined && shape[0] * shape[1] !== visibleUnits) throw fail('the shape of its pictures does not fit its parameters');
  if (units?.groups !== undefined && units.groups.at(-1) !== visibleUnits) throw fail('its groups of units do not fit its parameters');
  if (standardization !== undefined && standardization.means.length !== visibleUnits) throw fail('its standardization does not fit its parameters');
  const ofCategories = categories?.reduce((sum, { values }) => sum + values.length, 0);
  if (ofCategories !== undefined && ofCategories !== visibleUnits) throw fail('its categories do not fit its parameters');
  const variances = tensors.get('visibleLogVariance');
  if (variances !== undefined && (units?.visible !== 'gaussian' || variances.values.BYTES_PER_ELEMENT !== 8 || variances.shape.join() !== String(visibleUnits))) {
    throw fail('its tensor visibleLogVariance does not fit its units');
  }
  return {
    ...parameters,
    ...(units !== undefined && { visibleLayer: layerOf(units), units: modelUnitsOf(units) }),
    ...(variances !== undefined && { visibleLogVariance: variances.values as Float64Array }),
  };
}

/**
 * Reads a checkpoint from the bytes of its file, after checking its checksum.
 *
 * @param file its name, for messages
 * @param contents the bytes as read already, where the caller has looked at them
 * @throws RbmError 'data' where it is not a checkpoint, is damaged, or has what this version does not know
 */
export function decodeCheckpoint(bytes: Uint8Array, file: string, contents = readSafetensors(bytes, file)): Checkpoint {
  const fail = (what: string): RbmError =>
    new RbmError('data', `${printable(file)}: ${what}`, {
      hint: 'The file is damaged; an earlier checkpoint of the same run can be named instead.',
    });
  const { tensors, metadata } = contents;
  if (!isCheckpoint(metadata)) {
    throw new RbmError('data', `${printable(file)}: is a safetensors file, but not a checkpoint of rbm-train`, {
      hint: 'A model of another tool can be used as `model.from` in a config, and by evaluate, sample and transform.',
    });
  }
  const position = checksumPosition(bytes);
  if (position < 0 || checksumOf(bytes, position) !== metadata.checksum) {
    throw fail('its checksum does not match its content');
  }
  const newer = newerPart(contents);
  if (newer !== undefined) throw new NewerCheckpointError(file, newer);
  const identity = parseObject(metadata.identity);
  if (!isIdentity(identity)) throw fail('its identity is not JSON text, or makes no sense');
  const parameters = declaredParametersFrom(tensors, identity, fail);
  if (!areParametersFinite(parameters)) throw fail('some of its parameters are not finite numbers');
  const state = tensorsWithin(tensors, 'state.');
  const updates = tensorsWithin(tensors, 'updates.');
  const tracking = tensorsWithin(tensors, 'tracking.');
  const diagnostics = tensorsWithin(tensors, 'diagnostics.');
  const hasVelocity = [...tensors.keys()].some((name) => name.startsWith('velocity.'));
  const velocity = hasVelocity ? parametersFrom(tensors, 'velocity.', fail) : undefined;
  if (velocity !== undefined) {
    if (velocity.visibleUnits !== parameters.visibleUnits || velocity.hiddenUnits !== parameters.hiddenUnits) {
      throw fail('its velocity (momentum) has other shapes than its parameters');
    }
    if (!areParametersFinite(velocity)) throw fail('some of its velocity (momentum) is not a finite number');
  }
  const progress = parseObject(metadata.progress);
  if (!isProgress(progress)) throw fail('its progress is not JSON text, or makes no sense');
  const lines = metricsLines(tensors.get('metrics'));
  if (lines === undefined) throw fail('its metrics are not lines of JSON objects in UTF-8');
  return {
    parameters,
    velocity,
    state,
    ...(updates.size > 0 && { updates }),
    ...(tracking.size > 0 && { tracking }),
    ...(diagnostics.size > 0 && { diagnostics }),
    metrics: lines,
    progress,
    identity,
  };
}

/** The lines of metrics in a tensor, none where there is no tensor; undefined where it holds something else. */
function metricsLines(tensor: Tensor | undefined): string[] | undefined {
  if (tensor === undefined) return [];
  if (tensor.values.BYTES_PER_ELEMENT !== 1) return undefined;
  try {
    const lines = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(tensor.values).split('\n');
    const areWhole = lines.pop() === '' && lines.every((line) => parseObject(line) !== undefined);
    return areWhole ? lines : undefined;
  } catch {
    return undefined;
  }
}

/** What the header of a checkpoint says of it. */
export interface CheckpointHeader {
  readonly progress: Progress;
  readonly identity: CheckpointIdentity;
}

/**
 * Reads what a checkpoint says of itself without holding its tensors; undefined where it is none, or is damaged.
 *
 * @param start the file's first bytes: the length of its header, and the header
 * @param rest the others, piece by piece, for the checksum
 */
export function decodeCheckpointHeader(start: Uint8Array, rest: Iterable<Uint8Array>): CheckpointHeader | undefined {
  const { __metadata__: metadata } = (parseObject(Buffer.from(start.subarray(8)).toString('utf8')) ?? {}) as {
    __metadata__?: Record<string, string>;
  };
  const position = checksumPosition(start);
  if (position < 0 || checksumOf(start, position, rest) !== metadata?.checksum) return undefined;
  if (!formatVersions.includes(metadata.formatVersion)) return undefined;
  const progress = parseObject(metadata?.progress);
  const identity = parseObject(metadata?.identity);
  return isProgress(progress) && isIdentity(identity) ? { progress, identity } : undefined;
}

/** Whether no more than so many objects and lists stand within each other: what is deeper can't be written again. */
function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((item) => isShallow(item, depth - 1));
}

/** A JSON object, or undefined for any other text. */
function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) && isShallow(value, deepestObject) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isProgress(value: Record<string, unknown> | undefined): value is Record<string, unknown> & Progress {
  if (value === undefined) return false;
  const { update, evaluated, best, closedMetrics = 0 } = value;
  if (![update, closedMetrics].every((count) => Number.isSafeInteger(count) && (count as number) >= 0) || typeof evaluated !== 'boolean') return false;
  if (best === undefined) return true;
  const { update: bestUpdate, value: bestValue, criterion } = (best ?? {}) as Record<string, unknown>;
  const isBefore = Number.isSafeInteger(bestUpdate) && (bestUpdate as number) >= 0 && (bestUpdate as number) <= (update as number);
  return isBefore && Number.isFinite(bestValue) && typeof criterion === 'string';
}

function isIdentity(value: Record<string, unknown> | undefined): value is Record<string, unknown> & CheckpointIdentity {
  if (value === undefined) return false;
  const { version, numericsVersion, configHash, dataFingerprint, config, shape, units, standardization, categories } = value;
  const areTexts = [version, configHash, dataFingerprint].every((text) => typeof text === 'string');
  const isShape = shape === undefined || (Array.isArray(shape) && shape.length === 2 && shape.every((side) => Number.isSafeInteger(side) && side > 0));
  return areTexts && typeof config === 'object' && config !== null && Number.isSafeInteger(numericsVersion) && isShape && (units === undefined || isUnitsIdentity(units)) && isStandardization(standardization) && areCategories(categories);
}

function isStandardization(value: unknown): boolean {
  if (value === undefined) return true;
  const { means, deviations } = (value ?? {}) as Record<string, unknown>;
  const areNumbers = (list: unknown, isRight: (number: number) => boolean): list is number[] =>
    Array.isArray(list) && list.every((number) => Number.isFinite(number) && isRight(number as number));
  return areNumbers(means, () => true) && areNumbers(deviations, (deviation) => deviation > 0) && means.length === deviations.length;
}

function areCategories(value: unknown): boolean {
  const isColumn = (item: unknown): boolean => {
    const { column, values } = (item ?? {}) as Record<string, unknown>;
    const isNamed = typeof column === 'string' || typeof column === 'number';
    return isNamed && Array.isArray(values) && values.length > 0 && values.every((name) => typeof name === 'string');
  };
  return value === undefined || (Array.isArray(value) && value.every(isColumn));
}

function isUnitsIdentity(value: unknown): value is UnitsIdentity {
  const { visible, hidden, variance, groups } = (value ?? {}) as Record<string, unknown>;
  if (!unitTypesOf('visible').some(({ name }) => name === visible) || !unitTypesOf('hidden').some(({ name }) => name === hidden)) return false;
  if (variance !== undefined && !(visible === 'gaussian' && (variance === 'fixed' || variance === 'learned'))) return false;
  if ((groups !== undefined) !== (visible === 'categorical')) return false;
  if (groups === undefined) return true;
  const isAscending = (starts: readonly unknown[]): boolean =>
    starts.every((start, index) => Number.isSafeInteger(start) && (index === 0 ? start === 0 : (start as number) > (starts[index - 1] as number)));
  return Array.isArray(groups) && groups.length > 1 && isAscending(groups);
}
