/** Runs that take milliseconds, in this process: bars and stripes 3 × 3 in a temporary folder. */

import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync } from 'node:fs';

import { RunDirectory } from '../../src/checkpoint/run-directory.js';
import { parseConfig, type LoadedConfig } from '../../src/config/index.js';
import { configKeys } from '../../src/run/config-schema.js';
import type { RunEvent } from '../../src/run/events.js';
import { checkpointToContinue } from '../../src/run/open-run.js';
import { prepareRun, type PreparedRun } from '../../src/run/prepare.js';
import type { StopRequest } from '../../src/run/stop-request.js';
import { trainRun, type RunOutcome } from '../../src/run/train-run.js';

/** 14 patterns, 10 of them for training: 3 updates per epoch; evaluated every 7 updates, saved every 5. */
export const smallConfig = {
  seed: 's',
  data: { source: 'bars-and-stripes', height: 3, width: 3, duplicates: 'remove', validation: { count: 4 } },
  model: { hiddenUnits: 4 },
  training: { algorithm: 'sml', k: 2, chains: 6, batchSize: 4, updates: 30, learningRate: 0.1, momentum: 0.5 },
  evaluation: { every: { updates: 7 } },
  checkpoint: { every: { updates: 5 }, keep: 2 },
};

/** A config from an object, with overrides such as `training.updates=40`. */
export function parseObject(config: object, set: readonly string[] = [], directory = '/nowhere'): LoadedConfig {
  return parseConfig(configKeys, { text: JSON.stringify(config), file: 'run.json', directory, set, workingDirectory: directory });
}

/** Prepares a run of an object. */
export async function prepare(config: object, set: readonly string[] = [], directory?: string): Promise<PreparedRun> {
  return prepareRun(parseObject(config, set, directory));
}

/** What happened in one session. */
export interface Session {
  readonly outcome: RunOutcome;
  readonly events: readonly RunEvent[];
}

/** Says when to stop: called for every event. */
export type StopWhen = (event: RunEvent) => boolean;

/**
 * Starts the run in the folder, or continues it where there is one, as `--resume-or-start` does.
 *
 * @param when stops the run at the first event it says yes to
 */
export async function train(prepared: PreparedRun, folder: string, when: StopWhen = () => false): Promise<Session> {
  const directory = new RunDirectory(folder);
  const stop: StopRequest = {};
  const events: RunEvent[] = [];
  const report = (event: RunEvent): void => {
    events.push(event);
    if (when(event)) stop.signal = 'SIGTERM';
  };
  const warn = (message: string): void => report({ type: 'warning', message });
  const checkpoint = directory.holdsRun() ? checkpointToContinue(directory, prepared, warn) : undefined;
  const outcome = await trainRun({ prepared, directory, checkpoint, stop, report });
  return { outcome, events };
}

/** Copies the folder at the first event it says yes to, as a kill at that moment would leave it. */
export function copyAt(when: StopWhen, folder: string, copy: string): StopWhen {
  let isDone = false;
  return (event) => {
    if (!isDone && when(event)) {
      isDone = true;
      cpSync(folder, copy, { recursive: true });
    }
    return false;
  };
}

/** Everything in a run that is a function of its progress: texts as they are, checkpoints by the SHA-256 of their bytes. */
export function outcomeFiles(folder: string): Record<'update' | 'last' | 'best' | 'metrics' | 'result', string> {
  const directory = new RunDirectory(folder);
  const [update] = directory.checkpointUpdates();
  const hash = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
  return {
    update: String(update),
    last: hash(directory.checkpoint(update)),
    best: hash(directory.best),
    metrics: readFileSync(directory.metrics, 'utf8'),
    result: readFileSync(directory.result, 'utf8'),
  };
}

/** Names of the files in a run, sorted. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).toSorted();
}
