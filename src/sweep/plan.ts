/**
 * From a sweep file to a manifest: every task's config is made and checked, and its data looked at; nothing is trained.
 *
 * Each setting is checked as a training would be, with the first of its seeds: no mistake depends on the seed.
 */

import type { CheckpointIdentity } from '../checkpoint/checkpoint.js';
import { canonicalHash, type LoadedConfig } from '../config/index.js';
import type { RunConfig } from '../config/run-config.js';
import type { Dataset } from '../datasets/index.js';
import { numericsVersion } from '../kernels/index.js';
import { dataIdentity, loadRunDataset, prepareRun, resultRelevantConfig } from '../run/prepare.js';
import { lengthInUpdates } from '../training/trainer.js';
import { shortHash } from './ids.js';
import { portablePath, taskId, trainingManifest, type TrainingManifest, type TrainingTask } from './manifest.js';
import { configOfSetting, type Setting, type SweepFile } from './sweep-file.js';

/** What a plan is made for. */
export interface PlanRequest {
  readonly sweepFile: SweepFile;
  /** Absolute path of the sweep's directory. */
  readonly directory: string;
  /** Absolute path of the folder of the run directories. */
  readonly results: string;
  /** Called between tasks; throws to cancel. */
  readonly pause?: () => Promise<void>;
}

/** A manifest, and what the user should know of it. */
export interface Plan {
  readonly manifest: TrainingManifest;
  /** Settings that are the same training as an earlier one, by their numbers. */
  readonly twins: readonly { readonly setting: number; readonly task: number }[];
}

/** What a checkpoint says of the data beside their fingerprint, which is of states alone: pictures of another shape, or values in another unit, may have the same. */
type DataMeaning = Pick<CheckpointIdentity, 'shape' | 'standardization' | 'categories'>;

/** Hash of it. */
function meaningOf({ shape, standardization, categories }: DataMeaning): string {
  return shortHash({ ...(shape && { shape }), ...(standardization && { standardization }), ...(categories && { categories }) });
}

/** Hash of what decides no parameter, but which figures are measured when, and what the data mean: results are equal only where these are, too. */
function figuresOf({ config }: LoadedConfig, meaning: string): string {
  const { evaluation, diagnostics } = config;
  return shortHash({ evaluation, diagnostics, meaning });
}

/** Values in ascending order of their keys, as the manifest has them: they are put over the config in that order. */
function sorted(values: Setting['values']): Setting['values'] {
  return Object.fromEntries(Object.entries(values).toSorted(([first], [second]) => (first < second ? -1 : 1)));
}

async function loadData(loaded: LoadedConfig): Promise<{ dataset: Dataset; meaning: string }> {
  const dataset = await loadRunDataset(loaded);
  return { dataset, meaning: meaningOf({ shape: dataset.shape, ...dataIdentity(dataset) }) };
}

/**
 * Makes the manifest.
 *
 * @throws RbmError for the first setting whose config or data is wrong, as training it would
 */
export async function planSweep({ sweepFile, directory, results, pause }: PlanRequest): Promise<Plan> {
  const { bases, settings, varied } = sweepFile;
  const datasets = new Map<string, { readonly dataset: Dataset; readonly meaning: string }>();
  /** Of settings that were checked: what stands for the model file in their config hash, by setting without seed. */
  const checked = new Map<string, Readonly<Record<string, unknown>>>();
  const numbers = new Map<string, number>();
  const tasks: TrainingTask[] = [];
  const twins: Plan['twins'][number][] = [];
  for (const [number, { base, values: given, places }] of settings.entries()) {
    await pause?.();
    const values = sorted(given);
    const loaded = configOfSetting(bases[base], values, places);
    const config = loaded.config as unknown as RunConfig;
    const dataKey = canonicalHash(config.data);
    const data = datasets.get(dataKey) ?? (await loadData(loaded));
    datasets.set(dataKey, data);
    const { dataset, meaning } = data;
    const { seed: _, ...others } = values;
    const setting = canonicalHash({ base, others });
    let start = checked.get(setting);
    if (start === undefined) {
      const prepared = await prepareRun(loaded, dataset);
      await prepared.kernels.close();
      const { initialParameters, initialUnits } = prepared.identity.config as Record<string, unknown>;
      start = config.model.from === undefined ? {} : { initialParameters, ...(initialUnits !== undefined && { initialUnits }) };
      checked.set(setting, start);
    }
    const updates = lengthInUpdates(config.training, dataset.splits.train.rows);
    const configHash = canonicalHash(resultRelevantConfig(loaded, start));
    const figures = figuresOf(loaded, meaning);
    const id = taskId({ configHash, dataFingerprint: dataset.fingerprint, numericsVersion, updates, figures });
    const twin = numbers.get(id);
    if (twin !== undefined) {
      twins.push({ setting: number, task: twin });
      continue;
    }
    numbers.set(id, tasks.length);
    tasks.push({ id, base, values, updates, figures });
  }
  const portable = bases.map(({ name, folder, text }) => ({ name, folder: portablePath(directory, folder), text }));
  return { manifest: trainingManifest({ bases: portable, varied, results: portablePath(directory, results), tasks }), twins };
}

/** The task id of a prepared run: equal to the manifest's where config, data and numerics are those of the plan. */
export function taskIdOf(loaded: LoadedConfig, { configHash, dataFingerprint, ...meaning }: Pick<CheckpointIdentity, 'configHash' | 'dataFingerprint'> & DataMeaning, updates: number): string {
  return taskId({ configHash, dataFingerprint, numericsVersion, updates, figures: figuresOf(loaded, meaningOf(meaning)) });
}
