/**
 * The state of a run directory, read again and again while somebody else writes there: nothing is held that is not needed,
 * and files are read only where the file system says that they have changed.
 */

import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { RunDirectory } from '../checkpoint/run-directory.js';
import type { RunConfig } from '../config/run-config.js';
import { isRbmError } from '../errors.js';
import { systemCode } from '../file-errors.js';
import { EventReader, type RunEvents } from '../report/live.js';
import { loadRunConfig } from '../run/open-run.js';

/**
 * How a run stands. `stopped`: on request, to be continued; `lost`: its process has ended without saying so (killed, or the
 * machine went down); `unknown`: nobody says.
 */
export type RunStatus = 'running' | 'finished' | 'stopped' | 'diverged' | 'failed' | 'lost' | 'unknown';

/** What a run directory says at one moment. */
export interface RunState extends RunEvents {
  /** Last part of the directory's path. */
  readonly name: string;
  readonly path: string;
  readonly status: RunStatus;
  readonly config: RunConfig;
  /** The latest checkpoint; everything shown is as of its update at the latest. */
  readonly checkpoint: Checkpoint;
  readonly update: number;
  /** Updates in all, where they are known: of a length in epochs from the first event on. */
  readonly length?: number;
  readonly updatesPerEpoch?: number;
  /** When the latest checkpoint was written, in milliseconds since 1970; undefined where it is not there any more. */
  readonly savedTime?: number;
  /** Seconds to the end, counted from the latest checkpoint, at the pace between the latest two. */
  readonly secondsLeft?: number;
}

/** When a file was last changed; undefined where it is not there. */
function timeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

/** A text that changes whenever the file does. */
function stampOf(file: string): string {
  try {
    const status = statSync(file, { throwIfNoEntry: false });
    return status === undefined ? '-' : `${status.ino}:${status.size}:${status.mtimeMs}`;
  } catch (error) {
    return systemCode(error) ?? 'unreadable';
  }
}

/** Whether a process of this machine has certainly ended. */
function hasEnded(processId: unknown): boolean {
  if (!Number.isSafeInteger(processId) || (processId as number) <= 0) return false;
  try {
    process.kill(processId as number, 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}

/** How the sessions in execution.json stand: one that goes on decides, else the last one. */
function statusOf(execution: Readonly<Record<string, unknown>> | undefined): RunStatus {
  const sessions = Array.isArray(execution?.sessions) ? (execution.sessions as unknown[]) : [];
  const statuses = sessions.map((entry): RunStatus => {
    const { ended, host, processId } = (entry ?? {}) as Record<string, unknown>;
    if (ended === 'running') return host === hostname() && hasEnded(processId) ? 'lost' : 'running';
    return (['finished', 'stopped', 'diverged', 'failed'] as const).find((status) => status === ended) ?? 'unknown';
  });
  return statuses.includes('running') && statuses.at(-1) !== 'finished' ? 'running' : (statuses.at(-1) ?? 'unknown');
}

/** Reads the state of a run directory. */
export class WatchedRun {
  readonly directory: RunDirectory;
  readonly #workingDirectory: string;
  readonly #warn: (message: string) => void;
  readonly #reader: EventReader;
  #config: { readonly stamp: string; readonly config: RunConfig } | undefined;
  #checkpoint: { readonly stamp: string; readonly checkpoint: Checkpoint } | undefined;
  /** What was read from closed files belongs to the run that started then. */
  #restarted = '';

  /**
   * @param directory need not hold a run yet
   * @param warn told of damaged checkpoints that are passed over, once of each
   */
  constructor(directory: RunDirectory, workingDirectory: string, warn: (message: string) => void) {
    this.directory = directory;
    this.#workingDirectory = workingDirectory;
    this.#reader = new EventReader(directory);
    const told = new Set<string>();
    this.#warn = (message) => {
      if (told.has(message)) return;
      told.add(message);
      warn(message);
    };
  }

  /** Whether there is a run with its config. */
  get isThere(): boolean {
    return this.directory.holdsRun() && this.directory.hasConfig();
  }

  /** A text that changes with every change of the run; cheap. */
  stamp(): string {
    const { directory } = this;
    const updates = directory.checkpointUpdates();
    const latest = updates.length === 0 ? '-' : stampOf(directory.checkpoint(updates[0]));
    return [directory.config, directory.metrics, directory.result, directory.execution].map(stampOf).concat(latest, statusOf(this.#execution())).join(' ');
  }

  /**
   * The state now.
   *
   * @returns undefined where there is no run (yet, or any more)
   * @throws RbmError where its files can't be read, or are damaged
   */
  async read(): Promise<RunState | undefined> {
    try {
      return await this.#read();
    } catch (error) {
      // A new run takes the place of the one that was here: between its files, nothing fits together.
      if (isRbmError(error) && !this.isThere) return undefined;
      throw error;
    }
  }

  async #read(): Promise<RunState | undefined> {
    const { directory } = this;
    if (!this.isThere) return undefined;
    const execution = this.#execution();
    const restarted = JSON.stringify(execution?.training ?? '');
    if (restarted !== this.#restarted) this.#reader.reset();
    this.#restarted = restarted;
    const config = await this.#readConfig();
    const checkpoint = this.#readCheckpoint();
    if (checkpoint === undefined) return undefined;
    const result = directory.readJson(directory.result);
    const { events, warnings } = this.#reader.read();
    const { update } = checkpoint.progress;
    const measured = events.findLast((event) => event.epoch > 0);
    const known = measured ?? (Number(result?.epochs) > 0 ? { update: Number(result?.updates), epoch: Number(result?.epochs) } : undefined);
    const updatesPerEpoch = known === undefined ? undefined : Math.round(known.update / known.epoch);
    const { epochs, updates } = config.training;
    const length = updates ?? (updatesPerEpoch === undefined ? undefined : (epochs ?? 0) * updatesPerEpoch);
    const isFinished = result !== undefined && Number(result.updates) >= (length ?? 0);
    const said = statusOf(execution);
    // The result is written before the session's end.
    const status = isFinished ? 'finished' : said === 'finished' ? 'unknown' : said;
    const savedTime = timeOf(directory.checkpoint(update));
    const secondsLeft = status === 'running' && length !== undefined ? this.#secondsLeft(length, execution) : undefined;
    return {
      name: basename(directory.path),
      path: directory.path,
      status,
      config,
      checkpoint,
      events,
      warnings,
      update,
      ...(length !== undefined && { length }),
      ...(updatesPerEpoch !== undefined && { updatesPerEpoch }),
      ...(savedTime !== undefined && { savedTime }),
      ...(secondsLeft !== undefined && { secondsLeft }),
    };
  }

  #execution(): Readonly<Record<string, unknown>> | undefined {
    try {
      return this.directory.readJson(this.directory.execution);
    } catch {
      // Says who works here, and nothing that is needed.
      return undefined;
    }
  }

  async #readConfig(): Promise<RunConfig> {
    const stamp = stampOf(this.directory.config);
    if (this.#config?.stamp !== stamp) {
      const { config } = await loadRunConfig(this.directory, [], this.#workingDirectory);
      this.#config = { stamp, config: config as unknown as RunConfig };
    }
    return this.#config.config;
  }

  #readCheckpoint(): Checkpoint | undefined {
    const update = this.directory.checkpointUpdates()[0];
    if (update === undefined) return undefined;
    const stamp = `${update} ${stampOf(this.directory.checkpoint(update))}`;
    if (this.#checkpoint?.stamp !== stamp) {
      const checkpoint = this.directory.readLatestCheckpoint(this.#warn);
      this.#checkpoint = checkpoint && { stamp, checkpoint };
    }
    return this.#checkpoint?.checkpoint;
  }

  /** Time to the end at the pace between the latest two checkpoints, where both are of the session that goes on. */
  #secondsLeft(length: number, execution: Readonly<Record<string, unknown>> | undefined): number | undefined {
    const [latest, before] = this.directory.checkpointUpdates();
    if (before === undefined) return undefined;
    const [now, then] = [latest, before].map((update) => timeOf(this.directory.checkpoint(update)));
    const start = Date.parse(String((execution?.sessions as Record<string, unknown>[] | undefined)?.at(-1)?.start));
    if (now === undefined || then === undefined || !(then >= start) || now <= then) return undefined;
    return ((length - latest) * ((now - then) / 1000)) / (latest - before);
  }
}
