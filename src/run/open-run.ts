/**
 * Which run a command works on: a new one, or one to continue; and whether the two fit together.
 */

import { join, resolve } from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { RunDirectory } from '../checkpoint/run-directory.js';
import { loadConfig, type LoadedConfig } from '../config/index.js';
import type { RunConfig } from '../config/run-config.js';
import { printable, RbmError } from '../errors.js';
import { numericsVersion } from '../kernels/index.js';
import { configKeys } from './config-schema.js';
import type { PreparedRun } from './prepare.js';

/**
 * The directory of an existing run.
 *
 * @throws RbmError 'usage' where there is no run, or it has lost its config
 */
export function openRunDirectory(path: string, workingDirectory: string): RunDirectory {
  const directory = new RunDirectory(resolve(workingDirectory, path));
  if (!directory.holdsRun()) {
    throw new RbmError('usage', `${printable(path)}: there is no run here (no checkpoints)`, {
      hint: 'Name the directory that a training run wrote, or start one with --config.',
    });
  }
  if (!directory.hasConfig()) {
    throw new RbmError('usage', `${printable(join(path, 'config.json'))}: the run has lost this file`, {
      hint: 'Put it back, or continue with --config <file> --output <run> --resume-or-start.',
    });
  }
  return directory;
}

/**
 * The config of an existing run.
 *
 * @param set overrides, such as `training.epochs=20`
 * @throws RbmError 'usage' where the config is not valid
 */
export async function loadRunConfig(directory: RunDirectory, set: readonly string[], workingDirectory: string): Promise<LoadedConfig> {
  const loaded = await loadConfig(configKeys, { file: directory.config, set, workingDirectory });
  return withKeptStart(loaded, directory);
}

/** The config with the run's own copy of the model that training started from: the original may be gone. */
export function withKeptStart(loaded: LoadedConfig, directory: RunDirectory): LoadedConfig {
  const { model } = loaded.config as unknown as RunConfig;
  const kept = directory.keptStart();
  if (model.from === undefined || kept === undefined) return loaded;
  return { ...loaded, config: { ...loaded.config, model: { ...model, from: kept } } };
}

/**
 * The checkpoint that a run continues from.
 *
 * @param prepared the run as its config now asks for it
 * @param warn told of damaged checkpoints that were passed over
 * @throws RbmError 'usage' where the model, the training or the data is not that of the checkpoint
 */
export function checkpointToContinue(
  directory: RunDirectory,
  prepared: PreparedRun,
  warn: (message: string) => void,
): Checkpoint | undefined {
  const checkpoint = directory.readLatestCheckpoint(warn);
  if (checkpoint === undefined) return undefined;
  const saved = checkpoint.identity;
  const now = prepared.identity;
  const refuse = (what: string, hint: string): RbmError =>
    new RbmError('usage', `${printable(directory.path)}: can't be continued: ${what}`, { hint });
  if (saved.numericsVersion !== numericsVersion) {
    throw refuse(
      `it was made with numerics version ${saved.numericsVersion}, this is version ${numericsVersion}, which gives other bits`,
      `Use rbm-train ${printable(String(saved.version))}, or start again with --force.`,
    );
  }
  if (saved.dataFingerprint !== now.dataFingerprint) {
    throw refuse(
      'the data is not what it was trained on (its fingerprint differs)',
      'Restore the data, or start a new run with another --output.',
    );
  }
  if (saved.configHash !== now.configHash) {
    throw refuse(
      `the config now asks for something else: ${describeDifference(saved.config, now.config)}`,
      'Only the length (epochs, updates) and execution keys may change. Start a new run with another --output.',
    );
  }
  if (checkpoint.progress.update > prepared.length) {
    throw refuse(
      `it has done ${checkpoint.progress.update} updates already, more than the ${prepared.length} asked for`,
      'Ask for at least as many, or start a new run with another --output.',
    );
  }
  return checkpoint;
}

/** The first keys whose values differ, as `training.k: 1 → 5`. */
function describeDifference(saved: unknown, now: unknown): string {
  const differences: string[] = [];
  const walk = (before: unknown, after: unknown, path: string): void => {
    const isObject = (value: unknown): value is Record<string, unknown> =>
      typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject(before) && isObject(after)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        walk(before[key], after[key], path === '' ? key : `${path}.${key}`);
      }
    } else if (JSON.stringify(before) !== JSON.stringify(after)) {
      const show = (value: unknown): string => printable(JSON.stringify(value) ?? 'absent', 60);
      differences.push(`${printable(path)}: ${show(before)} → ${show(after)}`);
    }
  };
  walk(saved, now, '');
  return differences.slice(0, 5).join(', ') || 'its hash differs';
}
