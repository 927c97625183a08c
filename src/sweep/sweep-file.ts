/**
 * Stub until the branch with the sweep file is merged.
 */

import { parseConfig, type LoadedConfig } from '../config/index.js';
import { configKeys } from '../run/config-schema.js';

/** A base config as text: what a task's config is made from. */
export interface BaseConfig {
  readonly name: string;
  readonly folder: string;
  readonly text: string;
}

/** Stub. */
export interface Setting {
  readonly base: number;
  readonly values: Readonly<Record<string, unknown>>;
  readonly places: Readonly<Record<string, never>>;
}

/** Stub. */
export interface SweepFile {
  readonly file: string;
  readonly bases: readonly BaseConfig[];
  readonly settings: readonly Setting[];
  readonly varied: readonly string[];
}

/** Stub: JSON with config, grid and seeds (a list). */
export async function loadSweepFile({ file, workingDirectory }: { file: string; workingDirectory: string }): Promise<SweepFile> {
  const { readFileSync } = await import('node:fs');
  const { dirname, resolve } = await import('node:path');
  const path = resolve(workingDirectory, file);
  const { config, grid = {}, seeds = [1] } = JSON.parse(readFileSync(path, 'utf8')) as { config: string; grid?: Record<string, unknown[]>; seeds?: (string | number)[] };
  const base = resolve(dirname(path), config);
  let points: Record<string, unknown>[] = [{}];
  for (const [key, values] of Object.entries({ ...grid, seed: seeds.map(String) })) points = points.flatMap((point) => values.map((value) => ({ ...point, [key]: value })));
  return { file, bases: [{ name: config, folder: dirname(base), text: readFileSync(base, 'utf8') }], settings: points.map((values) => ({ base: 0, values, places: {} })), varied: Object.keys(grid) };
}

/** Stub. */
export function configOfSetting({ name, folder, text }: BaseConfig, values: Readonly<Record<string, unknown>>, _places: unknown): LoadedConfig {
  const set = Object.entries(values).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return parseConfig(configKeys, { text, file: name, directory: folder, set, workingDirectory: folder });
}
