/**
 * The manifest of a sweep: which tasks there are, in which order. A function of the sweep file, the configs, the data and the
 * numerics version: no times, no host, no absolute paths, keys sorted, so that two plans of the same sweep are the same bytes.
 *
 * Where it lies is the directory of the sweep; nothing that tasks find out is ever written into it.
 */

import { join, relative, resolve, sep } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { canonicalJson } from '../config/index.js';
import { isRbmError, messageOf, printable, RbmError } from '../errors.js';
import { numericsVersion } from '../kernels/index.js';
import { kindAt, readWholeFile } from '../read-file.js';
import { shortHash } from './ids.js';
import { isCount, isObject, shardPlanFault, type ShardPlan } from './shard-plan.js';
import type { BaseConfig } from './sweep-file.js';

const format = 'rbm-train sweep 1';

/** A training of a sweep. */
export interface TrainingTask {
  /** See {@link taskId}; the name of its run directory. */
  readonly id: string;
  /** Which of the base configs it starts from. */
  readonly base: number;
  /** What is put over that config, by dotted key. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Its length. */
  readonly updates: number;
  /** Hash of what decides no parameter, but which figures are measured when, and what checkpoints say the data mean. */
  readonly figures: string;
}

/** A sweep of trainings. */
export interface TrainingManifest {
  readonly format: string;
  readonly kind: 'training';
  readonly numericsVersion: number;
  /** Configs as they were when the sweep was planned; `folder` is relative to the sweep's directory. */
  readonly bases: readonly BaseConfig[];
  /** Keys that differ between tasks, the seed left out, in the order of the sweep file. */
  readonly varied: readonly string[];
  /** Folder of the run directories, relative to the sweep's directory. */
  readonly results: string;
  readonly tasks: readonly TrainingTask[];
}

/** One estimate of log Z in shards. */
export interface EvaluationManifest {
  readonly format: string;
  readonly kind: 'evaluation';
  readonly numericsVersion: number;
  readonly evaluation: ShardPlan;
}

/** What a directory of a sweep is planned for. */
export type Manifest = TrainingManifest | EvaluationManifest;

/** What {@link taskId} hashes. */
export interface TaskIdentity {
  readonly configHash: string;
  readonly dataFingerprint: string;
  readonly numericsVersion: number;
  readonly updates: number;
  readonly figures: string;
}

/**
 * Of what decides every byte of a task's results: the result-relevant config, the data and what they mean, the numerics version,
 * the length, and which figures are measured. Two sweeps that have a task of the same id have the same results for it.
 */
export function taskId({ configHash, dataFingerprint, numericsVersion: numerics, updates, figures }: TaskIdentity): string {
  return shortHash({ configHash, dataFingerprint, numericsVersion: numerics, updates, figures });
}

/** Path of the manifest in a sweep's directory. */
export function manifestPath(directory: string): string {
  return join(directory, 'manifest.json');
}

/** One task to a line: two manifests can be told apart by what differs. */
function manifestText(manifest: Manifest): string {
  if (manifest.kind === 'evaluation') return `${canonicalJson(manifest)}\n`;
  const lines = manifest.tasks.map((task) => canonicalJson(task)).join(',\n');
  // No text holds these characters: its quotes have backslashes.
  return `${canonicalJson({ ...manifest, tasks: [] }).replace('"tasks":[]', () => `"tasks":[\n${lines}\n]`)}\n`;
}

/** Whether a directory has a manifest. */
export function hasManifest(directory: string): boolean {
  return kindAt(manifestPath(directory)) !== undefined;
}

/**
 * Writes the manifest; does nothing where the same one is there.
 *
 * @returns whether it was written
 * @throws RbmError 'usage' where another one is there; 'runtime' where it can't be written
 */
export function writeManifest(directory: string, manifest: Manifest): boolean {
  const path = manifestPath(directory);
  const text = manifestText(manifest);
  if (kindAt(path) !== undefined) {
    const there = Buffer.from(readManifestBytes(path)).toString('utf8');
    if (there === text) return false;
    throw new RbmError('usage', `${printable(path)}: ${describeDifference(there, manifest)}`, {
      hint: 'Choose another directory; what this one has of the same tasks can be shared: plan both with the same --results. Or remove the manifest: what is done stays.',
    });
  }
  writeFileAtomically(path, text);
  return true;
}

/** How a manifest differs from the one that is there. */
function describeDifference(there: string, planned: Manifest): string {
  const old = parseManifest(there);
  if (typeof old === 'string') return `is there, but damaged: ${printable(old)}`;
  if (old.kind !== planned.kind) return `is of another kind of sweep (${printable(String(old.kind))})`;
  if (old.numericsVersion !== planned.numericsVersion) return `was planned with numerics version ${printable(String(old.numericsVersion))}; this is ${planned.numericsVersion}`;
  if (old.kind !== 'training' || planned.kind !== 'training') return 'is of another sweep';
  if (canonicalJson(old.tasks) === canonicalJson(planned.tasks)) return `has the same tasks, but ${namesOfDifferences(old, planned)}`;
  const known = new Set(old.tasks.map(({ id }) => id));
  const shared = planned.tasks.filter(({ id }) => known.has(id)).length;
  return `is of another sweep: ${old.tasks.length} tasks, of which ${shared} are among these ${planned.tasks.length}`;
}

/** In what two manifests differ that have the same tasks. */
function namesOfDifferences(old: TrainingManifest, { results, bases }: TrainingManifest): string {
  if (old.results !== results) return `other --results: ${printable(String(old.results))}, not ${printable(results)} (seen from the sweep's directory)`;
  return canonicalJson(old.bases) !== canonicalJson(bases) ? 'the config files have changed, or lie elsewhere' : 'it was changed';
}

function readManifestBytes(path: string): Uint8Array {
  return readWholeFile(path, { code: 'usage', hint: 'Name the directory of a sweep; rbm-train sweep plan makes one.' });
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** What is wrong with a parsed manifest; undefined for nothing. */
function faultOf(manifest: unknown): string | undefined {
  if (!isObject(manifest)) return 'not an object';
  if (manifest.format !== format) return `its format is ${printable(JSON.stringify(manifest.format) ?? 'not given', 60)}, not ${format}`;
  if (!isCount(manifest.numericsVersion)) return 'no numericsVersion';
  if (manifest.kind === 'evaluation') return shardPlanFault(manifest.evaluation, manifest.numericsVersion);
  if (manifest.kind !== 'training') return 'no kind that is known';
  const { bases, tasks, results, varied } = manifest;
  if (!isText(results) || !Array.isArray(varied) || !varied.every(isText)) return 'no results or varied';
  if (!Array.isArray(bases) || !bases.every((base) => isObject(base) && isText(base.name) && isText(base.folder) && isText(base.text))) return 'its bases are damaged';
  if (!Array.isArray(tasks)) return 'no tasks';
  const bad = tasks.findIndex(
    (task) =>
      !isObject(task) || !isText(task.id) || !/^[0-9a-f]{24}$/.test(task.id) || !isCount(task.base) || task.base >= bases.length || !isObject(task.values) || !isCount(task.updates) || !isText(task.figures),
  );
  return bad < 0 ? undefined : `task ${bad} is damaged`;
}

/** The manifest of a text, or what is wrong with it. */
function parseManifest(text: string): Manifest | string {
  try {
    const manifest: unknown = JSON.parse(text);
    return faultOf(manifest) ?? (manifest as Manifest);
  } catch (error) {
    if (isRbmError(error)) throw error;
    return messageOf(error);
  }
}

/**
 * The manifest of a sweep's directory.
 *
 * @throws RbmError 'usage' where there is none; 'data' where it is damaged; both say what to do
 */
export function readManifest(directory: string): Manifest {
  const path = manifestPath(directory);
  const bytes = readManifestBytes(path);
  const found = parseManifest(Buffer.from(bytes).toString('utf8'));
  if (typeof found === 'string') {
    throw new RbmError('data', `${printable(path)}: not a manifest: ${printable(found)}`, { hint: 'Remove it, and plan the sweep again as before: what is done stays.' });
  }
  if (found.numericsVersion !== numericsVersion) {
    throw new RbmError('usage', `${printable(path)}: planned with numerics version ${found.numericsVersion}; this is version ${numericsVersion}, which gives other bits`, {
      hint: 'Use the rbm-train that planned it, or plan the sweep again in another directory.',
    });
  }
  return found;
}

/** The manifest of trainings. */
export function trainingManifest(parts: Pick<TrainingManifest, 'bases' | 'varied' | 'results' | 'tasks'>): TrainingManifest {
  return { format, kind: 'training', numericsVersion, ...parts };
}

/** The manifest of an estimate in shards. */
export function evaluationManifest(evaluation: ShardPlan): EvaluationManifest {
  return { format, kind: 'evaluation', numericsVersion, evaluation };
}

/** A path as a manifest has it: relative to the sweep's directory, with `/` on every system. */
export function portablePath(directory: string, path: string): string {
  const short = relative(directory, path).split(sep).join('/');
  return short === '' ? '.' : short;
}

/** The absolute path of one that a manifest has. */
export function placeOf(directory: string, path: string): string {
  return resolve(directory, path);
}
