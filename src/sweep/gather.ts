/**
 * The table of a sweep, out of the result.json files that its tasks left. What it writes is a function of these and of the
 * manifest: no times, no host, no absolute paths, so that sweeps with the same results have the same table, wherever they ran.
 *
 * Why tasks failed is in words that may name places: it is handed to pages and screens, and not written into the table.
 */

import { join } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { canonicalJson } from '../config/index.js';
import { isRbmError, messageOf } from '../errors.js';
import type { Figures, SplitFigures } from '../estimators/evaluation.js';
import { readMetrics, resultEvent } from '../report/read-run.js';
import { rankingRemarks, rankSettings, valueText, type Ranking, type RankedSetting, type SweepRun } from '../report/ranking.js';
import type { MeasuredEvent } from '../report/run-record.js';
import type { Remark } from '../report/section.js';
import { resultFigures } from '../run/events.js';
import type { RunResult } from '../run/train-run.js';
import { portablePath } from './manifest.js';
import { configOfTask, resultOf, runDirectoryOf, stateOf, type TaskFailure, type TrainingSweep } from './sweep.js';

/** A sweep of trainings as far as it is done. */
export interface Gathered {
  /** Names of the keys that are varied, as in the config. */
  readonly keys: readonly string[];
  /** One for every task, in the manifest's order. */
  readonly runs: readonly SweepRun[];
  readonly ranking: Ranking;
  readonly remarks: readonly Remark[];
  /** Tasks that neither finished nor diverged, ascending. */
  readonly missing: readonly number[];
  /** Why the last tries failed, by the task's number. */
  readonly failures: ReadonlyMap<number, TaskFailure>;
}

/** Content of results.json. */
export interface SweepResults extends Ranking {
  readonly kind: 'training';
  readonly isComplete: boolean;
  readonly keys: readonly string[];
  readonly remarks: readonly string[];
  readonly tasks: readonly SweepRun[];
}

/** What is at a dotted key of a config; undefined for nothing. */
function valueAt(config: unknown, key: string): unknown {
  let value: unknown = config;
  for (const part of key.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}

/** What is known of the tasks before any of them is done: settings, values, seeds. */
class Settings {
  readonly #sweep: TrainingSweep;
  /** By base config and values without the seed. */
  readonly #numbers = new Map<string, number>();
  readonly #values: Readonly<Record<string, unknown>>[] = [];
  /** Of base configs, for tasks that name none. */
  readonly #seeds = new Map<number, string>();

  constructor(sweep: TrainingSweep) {
    this.#sweep = sweep;
  }

  of(index: number): Pick<SweepRun, 'setting' | 'values' | 'seed' | 'config'> {
    const { bases, tasks } = this.#sweep.manifest;
    const { base, values } = tasks[index];
    const { seed: own, ...others } = values;
    const key = canonicalJson({ base, others });
    let setting = this.#numbers.get(key);
    if (setting === undefined) {
      setting = this.#numbers.size;
      this.#numbers.set(key, setting);
      this.#values.push(this.#valuesOf(index));
    }
    let seed = own === undefined ? this.#seeds.get(base) : String(own);
    if (seed === undefined) {
      seed = String((configOfTask(this.#sweep, index).config as { seed: unknown }).seed);
      this.#seeds.set(base, seed);
    }
    return { setting, ...(bases.length > 1 && { config: bases[base].name }), values: this.#values[setting], seed };
  }

  /** The values of a setting; what it does not name, its config has. */
  #valuesOf(index: number): Readonly<Record<string, unknown>> {
    const { varied, tasks } = this.#sweep.manifest;
    const { values } = tasks[index];
    const config = varied.every((key) => values[key] !== undefined) ? undefined : configOfTask(this.#sweep, index).config;
    const entries = varied.map((key) => [key, values[key] ?? valueAt(config, key)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }
}

/** What is told of a finished run. */
function outcomeOf(result: RunResult): Partial<SweepRun> {
  const { digest, dataFingerprint, best } = result;
  const splits = resultEvent(result as unknown as Readonly<Record<string, unknown>>)?.splits;
  const estimate = (resultFigures(result) as Figures | undefined)?.logPartitionFunction;
  // A file that somebody has changed may have any JSON there.
  const verdict: unknown = estimate?.exact === false ? (estimate.verdict as { readonly status?: unknown } | undefined)?.status : undefined;
  const isBest = typeof best?.value === 'number' && typeof best.update === 'number';
  return {
    digest,
    dataFingerprint,
    ...(splits && { splits }),
    ...(typeof verdict === 'string' && { verdict }),
    ...(isBest && { best: { value: best.value, update: best.update } }),
  };
}

/**
 * Reads what a sweep's tasks have left, and ranks its settings.
 *
 * @param pause called between tasks; throws to cancel
 */
export async function gatherSweep(sweep: TrainingSweep, pause: () => Promise<void>): Promise<Gathered> {
  const { directory, manifest } = sweep;
  const settings = new Settings(sweep);
  const failures = new Map<number, TaskFailure>();
  const runs: SweepRun[] = [];
  for (const [index, task] of manifest.tasks.entries()) {
    await pause();
    const result = resultOf(sweep, index);
    const state = result === undefined ? stateOf(sweep, index) : ({ status: 'done' } as const);
    if (state.status !== 'done' && state.failure !== undefined) failures.set(index, state.failure);
    runs.push({
      index,
      id: task.id,
      // One that ends between the two looks is in the next table.
      status: result === undefined && state.status === 'done' ? 'started' : state.status,
      ...settings.of(index),
      updates: task.updates,
      path: portablePath(directory, runDirectoryOf(sweep, task).path),
      ...(result && outcomeOf(result)),
    });
  }
  const ranking = rankSettings(runs);
  const missing = runs.filter(({ status }) => status === 'started' || status === 'missing').map(({ index }) => index);
  return { keys: manifest.varied, runs, ranking, remarks: rankingRemarks(runs, ranking), missing, failures };
}

/** Content of results.json. */
export function resultsOf({ keys, runs, ranking, remarks, missing }: Gathered): SweepResults {
  return { kind: 'training', isComplete: missing.length === 0, keys, ...ranking, remarks: remarks.map(({ text }) => text), tasks: runs };
}

/** A text as a field of CSV (RFC 4180): in quotes, unless it is a plain word or number. */
function csvText(text: string): string {
  return text === '' || /^[A-Za-z0-9][\w./-]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}

function csvValue(value: unknown): string {
  return typeof value === 'number' || value === undefined ? String(value ?? '') : csvText(valueText(value));
}

/** Columns of a split: the mean with the ends of its interval, and the pseudo-likelihood where there is no likelihood. */
const splitColumns: readonly (readonly [name: string, read: (figures: SplitFigures) => number | undefined])[] = [
  ['meanLogLikelihood', ({ meanLogLikelihood }) => meanLogLikelihood],
  ['low', ({ logLikelihoodInterval }) => logLikelihoodInterval?.[0]],
  ['high', ({ logLikelihoodInterval }) => logLikelihoodInterval?.[1]],
  ['meanLogPseudoLikelihood', ({ meanLogLikelihood, meanLogPseudoLikelihood }) => (meanLogLikelihood === undefined ? meanLogPseudoLikelihood : undefined)],
];

const csvSplits = ['validation', 'train', 'test'] as const;

/** Content of results.csv: a line for every task, in the manifest's order. Lines end in \n alone, as other tools here write them. */
export function csvOf({ keys, runs }: Pick<Gathered, 'keys' | 'runs'>): string {
  const hasConfigs = runs.some(({ config }) => config !== undefined);
  const header = [
    'index',
    'id',
    'status',
    ...(hasConfigs ? ['config'] : []),
    ...keys,
    'seed',
    'updates',
    'digest',
    ...csvSplits.flatMap((split) => splitColumns.map(([name]) => `${split}.${name}`)),
    'exact',
    'best.value',
    'best.update',
    'path',
  ];
  const rows = runs.map(({ index, id, status, config, values, seed, updates, digest, splits, best, path }) => [
    index,
    id,
    status,
    ...(hasConfigs ? [config] : []),
    ...keys.map((key) => values[key]),
    seed,
    updates,
    digest,
    ...csvSplits.flatMap((split) => splitColumns.map(([, read]) => (splits?.[split] === undefined ? undefined : read(splits[split])))),
    Object.values(splits ?? {}).find(({ exact }) => exact !== undefined)?.exact,
    best?.value,
    best?.update,
    path,
  ]);
  return `${[header, ...rows].map((cells) => cells.map(csvValue).join(',')).join('\n')}\n`;
}

/** Content of results.json: a setting and a task to a line. */
function jsonOf(gathered: Gathered): string {
  const { settings, tasks, ...others } = resultsOf(gathered);
  const list = (items: readonly object[]): string => `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`;
  return `${JSON.stringify(others).slice(0, -1)},\n"settings":${list(settings)},\n"tasks":${list(tasks)}}\n`;
}

/**
 * Writes results.csv and results.json.
 *
 * @returns their paths
 * @throws RbmError 'runtime' where they can't be written
 */
export function writeTables(directory: string, gathered: Gathered): string[] {
  const files = [
    [join(directory, 'results.csv'), csvOf(gathered)],
    [join(directory, 'results.json'), jsonOf(gathered)],
  ] as const;
  return files.map(([file, text]) => {
    writeFileAtomically(file, text);
    return file;
  });
}

/** The events of the finished runs of a setting, a list for each; of those that can't be read `warn` is told why. */
export function eventsOf(sweep: TrainingSweep, setting: RankedSetting, runs: readonly SweepRun[], warn: (message: string) => void): (readonly MeasuredEvent[])[] {
  const done = setting.tasks.filter((index) => runs[index].status === 'done');
  return done.flatMap((index) => {
    try {
      return [readMetrics(runDirectoryOf(sweep, sweep.manifest.tasks[index]), warn).events];
    } catch (error) {
      if (!isRbmError(error)) throw error;
      warn(`${messageOf(error)}; the learning curves are without it`);
      return [];
    }
  });
}
