/**
 * Sweeps of tiny trainings for tests: how they are laid out, and what of a task must not depend on who did it, or when.
 *
 * It knows the files by their names, and shares no code with src/.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A task as the manifest has it. */
export interface PlannedTask {
  readonly id: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly updates: number;
}

/** The config that sweeps here start from: 60 updates of 9 × 4 units, six checkpoints of which three are kept. */
export const tinyConfig = {
  data: { source: 'bars-and-stripes', height: 3, width: 3, duplicates: 'remove', validation: { count: 4 } },
  model: { hiddenUnits: 4 },
  training: { algorithm: 'sml', chains: 6, batchSize: 4, updates: 60, learningRate: 0.1 },
  evaluation: { every: { updates: 20 } },
  checkpoint: { every: { updates: 10 }, keep: 3 },
};

/** Writes a config, and a sweep file `<name>.json` of it. */
export function writeSweep(folder: string, name: string, parts: { grid?: Record<string, unknown[]>; seeds: string[]; config?: object }): void {
  writeFileSync(join(folder, `${name}-base.json`), JSON.stringify(parts.config ?? tinyConfig));
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ config: `${name}-base.json`, ...(parts.grid && { grid: parts.grid }), seeds: parts.seeds }));
}

/** The tasks of a planned sweep. */
export function tasksOf(directory: string): PlannedTask[] {
  return (JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as { tasks: PlannedTask[] }).tasks;
}

/** The run directory of a task. */
export function taskFolder(directory: string, index: number, results = join(directory, 'tasks')): string {
  return join(results, tasksOf(directory)[index].id);
}

/** Paths of a run's checkpoints, the last one at the end. */
export function checkpointsOf(run: string): string[] {
  return readdirSync(join(run, 'checkpoints')).filter((name) => name.startsWith('update-')).toSorted().map((name) => join(run, 'checkpoints', name));
}

/** The bytes of a finished run that are the same wherever it was trained. */
export function lastingFiles(run: string): Record<string, string> {
  const last = checkpointsOf(run).at(-1) ?? '';
  const files = ['result.json', 'metrics.jsonl', 'best.safetensors'].map((name) => join(run, name)).concat(last);
  return Object.fromEntries(files.map((file) => [file.slice(run.length + 1), readFileSync(file, 'latin1')]));
}

/** Flips a bit in the last byte of a file. */
export function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(file, bytes);
}

/** The sessions of a run: who worked at it, and how that ended. */
export function sessionsOf(run: string): { processId: number; ended: string; toUpdate: number }[] {
  return (JSON.parse(readFileSync(join(run, 'execution.json'), 'utf8')) as { sessions: { processId: number; ended: string; toUpdate: number }[] }).sessions;
}
