/**
 * A run is a directory; here are the names in it, and how each file is read and written.
 *
 *     config.json       the resolved config
 *     metrics.jsonl     events, a function of progress alone; published with each checkpoint
 *     metrics-….jsonl   the events before these, 5000 to a file: written once, so that no checkpoint of a long run grows
 *     checkpoints/      update-<number>.safetensors, the latest few
 *     best.safetensors  the best parameters by the validation figure, among the evaluations on the cadence
 *     start.safetensors the parameters that training started from, where they came from a file
 *     result.json       final figures and digest, the same bytes everywhere
 *     execution.json    times, host, versions, resumptions
 *     report.html       what there is to see of the run
 */

import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { isRbmError, messageOf, printable, RbmError } from '../errors.js';
import { fileError, isFileError, systemCode } from '../file-errors.js';
import { kindAt, readWholeFile } from '../read-file.js';
import { collectTemporaryFiles, makeFolder, removeFile, writeFileAtomically, type FileContent } from './atomic-write.js';
import type { DeclaredModel, DeclaredParameters } from '../model/units/index.js';
import {
  decodeCheckpoint,
  decodeCheckpointHeader,
  encodeCheckpoint,
  isNewerCheckpoint,
  metricsText,
  type Checkpoint,
  type CheckpointHeader,
  type CheckpointIdentity,
} from './checkpoint.js';

const checkpointName = /^update-(\d{13})\.safetensors$/;
const closedMetricsName = /^metrics-(\d{6,})\.jsonl$/;

/**
 * Events to a closed file of metrics, 4 MB of exact likelihoods: what a save writes at most beside the model, twice. Ordinary
 * trainings never get there: with `evaluation.every: auto` these are 2.5 million updates.
 */
export const eventsPerFile = 5000;

/** A run has checkpoints, and none that can be read. It is told from others by `isDamagedRun`, in every realm. */
class DamagedRunError extends RbmError {
  readonly isDamagedRun = true;

  constructor(message: string, cause: unknown) {
    super('data', message, { hint: 'Put back a copy, or start the training again with --force and --config.', cause });
  }
}

/** Whether a run could not be continued because all of its checkpoints are damaged: nothing is left to lose. */
export function isDamagedRun(error: unknown): boolean {
  return (error as { isDamagedRun?: unknown } | undefined)?.isDamagedRun === true;
}

/** Paths of the files of a run. */
export class RunDirectory {
  readonly path: string;

  /** @param path absolute or relative to the working folder; need not exist yet */
  constructor(path: string) {
    this.path = path;
  }

  get config(): string {
    return join(this.path, 'config.json');
  }

  get metrics(): string {
    return join(this.path, 'metrics.jsonl');
  }

  /** Path of a closed file of events, counted from 1. */
  closedMetrics(number: number): string {
    return join(this.path, `metrics-${String(number).padStart(6, '0')}.jsonl`);
  }

  get checkpoints(): string {
    return join(this.path, 'checkpoints');
  }

  get best(): string {
    return join(this.path, 'best.safetensors');
  }

  get start(): string {
    return join(this.path, 'start.safetensors');
  }

  get result(): string {
    return join(this.path, 'result.json');
  }

  get execution(): string {
    return join(this.path, 'execution.json');
  }

  get report(): string {
    return join(this.path, 'report.html');
  }

  /** Path of the checkpoint at that update. */
  checkpoint(update: number): string {
    return join(this.checkpoints, `update-${String(update).padStart(13, '0')}.safetensors`);
  }

  /** The path of the kept start, where the run has one. */
  keptStart(): string | undefined {
    return kindAt(this.start) === undefined ? undefined : this.start;
  }

  /** Whether config.json is there, as a file. */
  hasConfig(): boolean {
    return kindAt(this.config) === 'file';
  }

  /** Whether result.json is there. */
  hasResult(): boolean {
    return kindAt(this.result) !== undefined;
  }

  /** Whether a run has been started here: a run writes its first checkpoint before config.json. */
  holdsRun(): boolean {
    return this.checkpointUpdates().length > 0;
  }

  /** Updates of the checkpoints there, latest first. */
  checkpointUpdates(): number[] {
    return matchesIn(this.checkpoints, checkpointName).map(([, update]) => update).toSorted((a, b) => b - a);
  }

  /** Makes the directory, and those above it. */
  make(): void {
    makeFolder(this.path);
  }

  /**
   * Removes the files of the run that was here, and only these; execution.json, which says whose it is now, stays. It does so
   * in such an order that wherever it is stopped, what is left is a run that can be continued or replaced: the best
   * parameters go after the checkpoints, which count them.
   */
  clear(): void {
    for (const file of [this.report, this.result, this.config, this.metrics]) removeFile(file);
    for (const update of this.checkpointUpdates()) removeFile(this.checkpoint(update));
    this.#removeClosedMetrics(0);
    for (const file of [this.best, this.start]) removeFile(file);
    this.collectTemporaryFiles();
    try {
      rmdirSync(this.checkpoints);
    } catch {
      // Not there, or holds files that are not ours.
    }
  }

  /** Removes checkpoints of other trainings, which came too late to find that the directory was no longer theirs. */
  removeOthers({ configHash, dataFingerprint }: CheckpointIdentity): void {
    for (const file of this.checkpointUpdates().map((update) => this.checkpoint(update))) {
      const identity = readCheckpointHeader(file)?.identity;
      if (identity !== undefined && (identity.configHash !== configHash || identity.dataFingerprint !== dataFingerprint)) removeFile(file);
    }
  }

  /** Removes temporary files of writers that died. */
  collectTemporaryFiles(): void {
    collectTemporaryFiles(this.path);
    collectTemporaryFiles(this.checkpoints);
  }

  /** Writes a file of the run; a directory that was removed meanwhile is not made again for it. */
  #write(file: string, content: FileContent): void {
    writeFileAtomically(file, content, this.path);
  }

  /** Writes the parameters that training starts from. */
  writeStart(checkpoint: Checkpoint<DeclaredModel | DeclaredParameters>): void {
    this.#write(this.start, encodeCheckpoint(checkpoint));
  }

  /** Writes the page of the run. */
  writeReport(page: string): void {
    this.#write(this.report, page);
  }

  /** Writes a JSON file of the run, for people to read. */
  writeJson(file: string, value: unknown): void {
    this.#write(file, `${JSON.stringify(value, undefined, 2)}\n`);
  }

  /**
   * A JSON file of the run.
   *
   * @returns undefined where it is not there
   * @throws RbmError 'data' where it is not JSON text
   */
  readJson(file: string): Record<string, unknown> | undefined {
    const text = readIfThere(file);
    if (text === undefined) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    } catch {
      // Reported below.
    }
    throw new RbmError('data', `${printable(file)}: is not a JSON object`, {
      hint: 'The file is damaged; --resume writes it again from the latest checkpoint.',
    });
  }

  /**
   * Publishes all lines of metrics.jsonl at once; where these and more are there already, they are left: a twin is ahead, and
   * equal runs have equal events.
   *
   * @param closed how many files of events have been closed before
   */
  writeMetrics(closed: number, lines: readonly string[]): void {
    const text = metricsText(lines);
    // A twin may have closed the file that is being filled here.
    const published = readIfThere(this.closedMetrics(closed + 1)) ?? readIfThere(this.metrics);
    if (published?.startsWith(text)) return;
    this.replaceMetrics(closed, lines);
  }

  /** Publishes these lines of metrics.jsonl and no others. */
  replaceMetrics(closed: number, lines: readonly string[]): void {
    this.#removeClosedMetrics(closed);
    this.#write(this.metrics, metricsText(lines));
  }

  /** Writes a file of events that no later save touches; a twin's, or one from before a kill, is the same. */
  closeMetrics(number: number, lines: readonly string[]): void {
    const text = metricsText(lines);
    const file = this.closedMetrics(number);
    if (readIfThere(file) !== text) this.#write(file, text);
  }

  /**
   * The texts of the files of events, in order.
   *
   * @throws RbmError where one can't be read
   */
  *metricsTexts(): Generator<string> {
    // Read first: what is closed meanwhile is there twice then, instead of not at all.
    const latest = readIfThere(this.metrics) ?? '';
    const firstLine = latest.slice(0, latest.indexOf('\n') + 1);
    let isClosed = false;
    for (const [name] of matchesIn(this.path, closedMetricsName).toSorted((a, b) => a[1] - b[1])) {
      const text = readIfThere(join(this.path, name)) ?? '';
      isClosed ||= firstLine !== '' && text.startsWith(firstLine);
      yield text;
    }
    if (!isClosed) yield latest;
  }

  /** The closed files of events, up to that number, that are not there. */
  missingMetrics(closed: number): string[] {
    return Array.from({ length: closed }, (_, index) => this.closedMetrics(index + 1)).filter((file) => kindAt(file) === undefined);
  }

  #removeClosedMetrics(after: number): void {
    for (const [name, number] of matchesIn(this.path, closedMetricsName)) if (number > after) removeFile(join(this.path, name));
  }

  /**
   * Writes the checkpoint, then removes all but the latest `keep`.
   *
   * @param warn told where an old one can't be removed; that is tried again with the next
   */
  writeCheckpoint(checkpoint: Checkpoint<DeclaredModel | DeclaredParameters>, keep: number, warn: (message: string) => void): void {
    const { update } = checkpoint.progress;
    this.#write(this.checkpoint(update), encodeCheckpoint(checkpoint));
    // Those of a later update were left by a run that was replaced, or by a twin that is ahead: not ours to remove.
    try {
      const older = this.checkpointUpdates().filter((other) => other <= update);
      for (const outdated of older.slice(keep)) removeFile(this.checkpoint(outdated));
    } catch (error) {
      if (!isFileError(error)) throw error;
      warn(`${messageOf(error)}; old checkpoints are left there`);
    }
  }

  /** Whether best.safetensors is there and whole. */
  holdsBest(): boolean {
    return readCheckpointHeader(this.best) !== undefined;
  }

  /**
   * Writes the best parameters so far, except where a twin is ahead and has written later ones.
   *
   * @param content the bytes of the checkpoint, where its parameters have changed meanwhile
   */
  writeBest(checkpoint: Checkpoint<DeclaredModel | DeclaredParameters>, content: FileContent = encodeCheckpoint(checkpoint)): void {
    const there = readCheckpointHeader(this.best);
    const { configHash, dataFingerprint } = checkpoint.identity;
    const isTwins = there?.identity.configHash === configHash && there.identity.dataFingerprint === dataFingerprint;
    if (isTwins && there.progress.update > checkpoint.progress.update) return;
    this.#write(this.best, content);
  }

  /**
   * The checkpoint with the best validation figure: the last one of a finished run where its result says so, else
   * best.safetensors.
   *
   * @throws RbmError 'data' where the run kept none
   */
  bestCheckpoint(): string {
    const { best, updates } = (this.readJson(this.result) ?? {}) as { best?: { update?: unknown }; updates?: unknown };
    const last = this.checkpointUpdates()[0];
    if (last !== undefined && updates === last && best?.update === last) return this.checkpoint(last);
    if (kindAt(this.best) !== undefined) return this.best;
    throw new RbmError('data', `${printable(this.path)}: this run kept no best.safetensors`, {
      hint: 'It needs a validation split, evaluations during training, and checkpoint.best. Leave out --best for the latest checkpoint.',
    });
  }

  /**
   * The latest checkpoint that can be read.
   *
   * @param warn told of each damaged one that was passed over
   * @returns undefined where there is none at all
   * @throws RbmError 'data' where there are some and all are damaged, or a newer rbm-train wrote the latest
   */
  readLatestCheckpoint(warn: (message: string) => void): Checkpoint | undefined {
    const tried = new Set<number>();
    const failures: unknown[] = [];
    for (;;) {
      // Listed anew each time: a run that goes on replaces its checkpoints by later ones.
      const update = this.checkpointUpdates().find((candidate) => !tried.has(candidate));
      if (update === undefined) break;
      tried.add(update);
      const path = this.checkpoint(update);
      try {
        const checkpoint = readCheckpointFile(path);
        for (const failure of failures) warn(`${messageOf(failure)}; falling back to the checkpoint before`);
        return checkpoint;
      } catch (error) {
        // It is the latest state, and whole: to go on from an older one would be to lose it.
        if (isNewerCheckpoint(error)) throw error;
        // A link to nothing is there, too; what a run that goes on has removed is not.
        if (this.checkpointUpdates().includes(update)) failures.push(error);
      }
    }
    if (failures.length === 0) return undefined;
    const unread = failures.find(mayBeWhole);
    if (unread !== undefined) throw unread;
    const which = failures.length === 1 ? 'its only checkpoint is' : `all of its ${failures.length} checkpoints are`;
    throw new DamagedRunError(`${printable(this.path)}: ${which} damaged: ${messageOf(failures[0])}`, failures[0]);
  }

  /**
   * Removes the damaged checkpoints later than that update, which a run that continues from there has passed over: they
   * would count among those that are kept.
   */
  removeDamagedCheckpoints(update: number): void {
    for (const later of this.checkpointUpdates().filter((other) => other > update)) {
      const path = this.checkpoint(later);
      if (readCheckpointHeader(path) === undefined) removeFile(path);
    }
  }
}

/** Whether an error says nothing against the file: the machine fails, or does not let it be read. */
function mayBeWhole(error: unknown): boolean {
  return isRbmError(error) && (error.code === 'runtime' || ['EACCES', 'EPERM'].includes(systemCode(error.cause) ?? ''));
}

/** The files in a folder whose names match, with the number in their names; none where there is no folder. */
function matchesIn(folder: string, pattern: RegExp): [name: string, number: number][] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw fileError(error, folder, { code: 'runtime', action: "can't be listed" });
  }
  return names.map((name) => pattern.exec(name)).filter((match) => match !== null).map(([name, number]) => [name, Number(number)]);
}

/** A file of the run as text; what is no file is not read: a pipe would make the run wait for ever. */
function readIfThere(file: string): string | undefined {
  const kind = kindAt(file);
  if (kind === 'folder' || kind === 'other') {
    throw new RbmError('data', `${printable(file)}: can't be read: it is a folder, a pipe or a device`, { hint: 'Remove what stands in the place of this file.' });
  }
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // Also where a twin has removed it this very moment.
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(error, file, { code: 'data', action: "can't be read" });
  }
}

/**
 * Reads a checkpoint file.
 *
 * @throws RbmError 'data' where it can't be read or is damaged
 */
export function readCheckpointFile(path: string): Checkpoint {
  return decodeCheckpoint(readWholeFile(path, { code: 'data', hint: 'Name a run directory or a checkpoint in one.' }), path);
}

/** Bytes read at a time. */
const pieceBytes = 1 << 20;

/** The bytes of an open file from `position` on, piece by piece. */
function* filePieces(descriptor: number, position: number): Generator<Uint8Array> {
  const buffer = new Uint8Array(pieceBytes);
  for (let place = position; ; ) {
    const count = readSync(descriptor, buffer, 0, pieceBytes, place);
    if (count === 0) return;
    yield buffer.subarray(0, count);
    place += count;
  }
}

/** The first bytes of an open file; fewer where it has fewer. */
function firstBytes(descriptor: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let read = 0;
  for (let count = -1; count !== 0 && read < length; read += count) count = readSync(descriptor, bytes, read, length - read, read);
  return bytes.subarray(0, read);
}

/**
 * What a checkpoint says of itself, its tensors checked but not held; undefined where there is none, or it is damaged.
 *
 * @throws RbmError 'runtime' where it can't be read
 */
function readCheckpointHeader(path: string): CheckpointHeader | undefined {
  if (kindAt(path) !== 'file') return undefined;
  try {
    const descriptor = openSync(path, 'r');
    try {
      const { size } = fstatSync(descriptor);
      const end = size < 8 ? Infinity : 8 + Number(Buffer.from(firstBytes(descriptor, 8)).readBigUInt64LE());
      return end > size ? undefined : decodeCheckpointHeader(firstBytes(descriptor, end), filePieces(descriptor, end));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // What is damaged or not a file can be replaced; what the machine does not give may be the work of a twin that is ahead.
    const failure = fileError(error, path, { code: 'data', action: "can't be read" });
    if (failure.code === 'runtime') throw failure;
    return undefined;
  }
}
