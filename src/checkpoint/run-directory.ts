/**
 * A run is a directory; here are the names in it, and how each file is read and written.
 *
 *     config.json       the resolved config
 *     metrics.jsonl     events, a function of progress alone; published with each checkpoint
 *     checkpoints/      update-<number>.safetensors, the latest few
 *     best.safetensors  the best parameters by the validation figure
 *     result.json       final figures and digest, the same bytes everywhere
 *     execution.json    times, host, versions, resumptions
 */

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { printable, RbmError } from '../errors.js';
import { fileError, systemCode } from '../file-errors.js';
import { readWholeFile } from '../read-file.js';
import { collectTemporaryFiles, removeFile, writeFileAtomically } from './atomic-write.js';
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint } from './checkpoint.js';

const checkpointName = /^update-(\d{13})\.safetensors$/;

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

  get checkpoints(): string {
    return join(this.path, 'checkpoints');
  }

  get best(): string {
    return join(this.path, 'best.safetensors');
  }

  get result(): string {
    return join(this.path, 'result.json');
  }

  get execution(): string {
    return join(this.path, 'execution.json');
  }

  /** Path of the checkpoint at that update. */
  checkpoint(update: number): string {
    return join(this.checkpoints, `update-${String(update).padStart(13, '0')}.safetensors`);
  }

  /** Whether a run has been started here. */
  holdsRun(): boolean {
    return existsSync(this.config) || existsSync(this.result) || this.checkpointUpdates().length > 0;
  }

  /** Updates of the checkpoints there, latest first. */
  checkpointUpdates(): number[] {
    let names: string[];
    try {
      names = readdirSync(this.checkpoints);
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
      throw fileError(error, this.checkpoints, { code: 'runtime', action: "can't be listed" });
    }
    const matches = names.map((name) => checkpointName.exec(name)).filter((match) => match !== null);
    return matches.map((match) => Number(match[1])).toSorted((a, b) => b - a);
  }

  /** Removes the files of the run that was here, and only these. */
  clear(): void {
    for (const file of [this.result, this.config, this.metrics, this.best, this.execution]) removeFile(file);
    for (const update of this.checkpointUpdates()) removeFile(this.checkpoint(update));
    this.collectTemporaryFiles();
    try {
      rmSync(this.checkpoints, { recursive: false });
    } catch {
      // Not there, or holds files that are not ours.
    }
  }

  /** Removes temporary files of writers that died. */
  collectTemporaryFiles(): void {
    collectTemporaryFiles(this.path);
    collectTemporaryFiles(this.checkpoints);
  }

  /** Writes a JSON file of the run, for people to read. */
  writeJson(file: string, value: unknown): void {
    writeFileAtomically(file, `${JSON.stringify(value, undefined, 2)}\n`);
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
      hint: 'The file is damaged. Start the run again with --force, or remove the file.',
    });
  }

  /** The first `lines` lines of metrics.jsonl; fewer where there are fewer. */
  readMetrics(lines: number): string[] {
    const text = readIfThere(this.metrics) ?? '';
    const all = text.split('\n');
    all.pop();
    return all.slice(0, lines);
  }

  /** Publishes all lines of metrics.jsonl at once. */
  writeMetrics(lines: readonly string[]): void {
    writeFileAtomically(this.metrics, lines.map((line) => `${line}\n`).join(''));
  }

  /** Writes the checkpoint, then removes all but the latest `keep`. */
  writeCheckpoint(checkpoint: Checkpoint, keep: number): void {
    const { update } = checkpoint.progress;
    writeFileAtomically(this.checkpoint(update), encodeCheckpoint(checkpoint));
    // Those of a later update were left by a run that was replaced, or by a twin that is ahead: not ours to remove.
    const older = this.checkpointUpdates().filter((other) => other <= update);
    for (const outdated of older.slice(keep)) removeFile(this.checkpoint(outdated));
  }

  /** Writes the best parameters so far. */
  writeBest(checkpoint: Checkpoint): void {
    writeFileAtomically(this.best, encodeCheckpoint(checkpoint));
  }

  /**
   * The latest checkpoint that can be read.
   *
   * @param warn told of each damaged one that was passed over
   * @returns undefined where there is none at all
   * @throws RbmError 'data' where there are some and all are damaged
   */
  readLatestCheckpoint(warn: (message: string) => void): Checkpoint | undefined {
    const updates = this.checkpointUpdates();
    for (const update of updates) {
      const path = this.checkpoint(update);
      try {
        return readCheckpointFile(path);
      } catch (error) {
        if (update === updates.at(-1)) throw error;
        warn(`${error instanceof Error ? error.message : String(error)}; falling back to the checkpoint before`);
      }
    }
    return undefined;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
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
