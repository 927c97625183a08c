/**
 * The state of a run directory, read again and again while somebody else writes there: nothing is held that is not needed,
 * and files are read only where the file system says that they have changed.
 */

import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { hasEnded } from '../checkpoint/atomic-write.js';
import type { RunDirectory } from '../checkpoint/run-directory.js';
import { isRbmError } from '../errors.js';
import { systemCode } from '../file-errors.js';
import { readRun } from '../report/read-run.js';
import type { RunRecord } from '../report/run-record.js';

/**
 * How a run stands. `stopped`: on request, to be continued; `lost`: its process has ended without saying so (killed, or the
 * machine went down); `unknown`: nobody says.
 */
export type RunStatus = 'running' | 'finished' | 'stopped' | 'diverged' | 'failed' | 'lost' | 'unknown';

/** What a run directory says at one moment. */
export interface RunState extends RunRecord {
  readonly status: RunStatus;
  /** Of the latest checkpoint: everything that is shown is as of it at the latest. */
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

/** Whether what execution.json calls a process of this machine has certainly ended. */
function isLost(processId: unknown): boolean {
  return Number.isSafeInteger(processId) && (processId as number) > 0 && hasEnded(processId as number);
}

/** How the sessions in execution.json stand: one that goes on decides, else the last one. */
function statusOf(execution: Readonly<Record<string, unknown>> | undefined): RunStatus {
  const sessions = Array.isArray(execution?.sessions) ? (execution.sessions as unknown[]) : [];
  const statuses = sessions.map((entry): RunStatus => {
    const { ended, host, processId } = (entry ?? {}) as Record<string, unknown>;
    if (ended === 'running') return host === hostname() && isLost(processId) ? 'lost' : 'running';
    return (['finished', 'stopped', 'diverged', 'failed'] as const).find((status) => status === ended) ?? 'unknown';
  });
  return statuses.includes('running') && statuses.at(-1) !== 'finished' ? 'running' : (statuses.at(-1) ?? 'unknown');
}

/** Reads the state of a run directory. */
export class WatchedRun {
  readonly directory: RunDirectory;
  readonly #warn: (message: string) => void;

  /**
   * @param directory need not hold a run yet
   * @param warn told of what is damaged and passed over, once of each
   */
  constructor(directory: RunDirectory, warn: (message: string) => void) {
    this.directory = directory;
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
  read(): RunState | undefined {
    try {
      return this.isThere ? this.#read() : undefined;
    } catch (error) {
      // A new run takes the place of the one that was here: between its files, nothing fits together.
      if (isRbmError(error) && !this.isThere) return undefined;
      throw error;
    }
  }

  #read(): RunState {
    const { directory } = this;
    const record = readRun(directory, this.#warn);
    const { config, checkpoint, events, result } = record;
    const execution = this.#execution();
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
      ...record,
      status,
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
