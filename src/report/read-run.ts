/**
 * Reads what a run directory says of a run, finished or not. A run that is under way is read as far as it is published.
 */

import { basename } from 'node:path';
import type { RunDirectory } from '../checkpoint/run-directory.js';
import type { RunConfig } from '../config/run-config.js';
import type { Finding, Findings } from '../diagnostics/index.js';
import { printable, RbmError } from '../errors.js';
import type { SplitFigures } from '../estimators/evaluation.js';
import type { MeasuredEvent, RunRecord, WarningEvent } from './run-record.js';

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Findings are nested so deep at most; what a damaged file has below that is left out, before a stack overflows. */
const mostLevels = 16;

/** A value as a diagnostic may give it: without what JSON has no word for; undefined where nothing is left. */
function findingOf(value: unknown, level: number): Finding | undefined {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  if (level === mostLevels) return undefined;
  if (Array.isArray(value)) return value.map((item) => findingOf(item, level + 1)).filter((item) => item !== undefined);
  return isObject(value) ? findingsOf(value, level + 1) : undefined;
}

function findingsOf(value: unknown, level = 0): Findings {
  if (!isObject(value)) return {};
  const entries = Object.entries(value).map(([name, item]) => [name, findingOf(item, level)] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, Finding] => entry[1] !== undefined));
}

/** The figures of a split: its numbers, and an interval whose ends are both known. */
function splitOf(value: unknown): SplitFigures | undefined {
  if (!isObject(value)) return undefined;
  const { logLikelihoodInterval: interval, ...others } = value;
  const kept = Object.entries(others).filter(([, item]) => numberOf(item) !== undefined || typeof item === 'boolean');
  const isInterval = Array.isArray(interval) && interval.length === 2 && interval.every((end) => numberOf(end) !== undefined);
  return { ...Object.fromEntries(kept), ...(isInterval && { logLikelihoodInterval: interval }) } as unknown as SplitFigures;
}

/** Names are own members, so that no name of a file can stand for one of JavaScript's. */
function membersOf<Value>(value: unknown, convert: (item: unknown) => Value | undefined): Readonly<Record<string, Value>> | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).map(([name, item]) => [name, convert(item)] as const);
  const kept = entries.filter((entry): entry is readonly [string, Value] => entry[1] !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** log Z, which stands as a number in metrics and with its evidence in results. */
function logPartitionFunctionOf(value: unknown): number | undefined {
  return isObject(value) ? numberOf(value.logZ) : numberOf(value);
}

/** The members that are there. */
function present<Members extends object>(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members;
}

/** An event with figures, from a line of metrics or from the evaluation in a result. */
function measuredEvent(line: JsonObject, update: number): MeasuredEvent {
  // Where training averages its parameters, the average is the run's model.
  const figures = isObject(line.averaged) ? line.averaged : line;
  return {
    update,
    epoch: numberOf(line.epoch) ?? 0,
    ...present({
      splits: membersOf(figures.splits, splitOf),
      logPartitionFunction: logPartitionFunctionOf(figures.logPartitionFunction),
      freeEnergyGap: numberOf(figures.freeEnergyGap),
      learningRate: numberOf(line.learningRate),
      momentum: numberOf(line.momentum),
      algorithm: isObject(line.algorithm) ? findingsOf(line.algorithm) : undefined,
      diagnostics: membersOf(line.diagnostics, (item) => (isObject(item) ? findingsOf(item) : undefined)),
    }),
  };
}

function warningEvent(line: JsonObject, update: number): WarningEvent | undefined {
  const { message, diagnostic } = line;
  if (typeof message !== 'string') return undefined;
  return { update, diagnostic: typeof diagnostic === 'string' ? diagnostic : '', message, evidence: findingsOf(line.evidence) };
}

function parseLine(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The events of a run (evaluations and diagnostics), and its warnings; lines that are cut or damaged are passed over, and told of where it is not the last. */
export function readMetrics(directory: RunDirectory, warn: (message: string) => void): { events: MeasuredEvent[]; warnings: WarningEvent[] } {
  const events: MeasuredEvent[] = [];
  const warnings: WarningEvent[] = [];
  let damaged = 0;
  let isLastDamaged = false;
  for (const text of directory.metricsTexts()) {
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const value = parseLine(line);
      const update = value?.update;
      isLastDamaged = value === undefined || !Number.isSafeInteger(update) || (update as number) < 0;
      if (isLastDamaged || value === undefined) damaged++;
      else if (value.event === 'warning') warnings.push(...[warningEvent(value, update as number)].filter((event) => event !== undefined));
      else if (value.event === 'evaluation' || value.event === 'diagnostics') events.push(measuredEvent(value, update as number));
    }
  }
  if (damaged > (isLastDamaged ? 1 : 0)) warn(`${printable(directory.path)}: ${damaged} damaged lines of its metrics were passed over`);
  return { events, warnings };
}

/** The evaluation that a result has, as an event; undefined where it has none. */
export function resultEvent(result: JsonObject): MeasuredEvent | undefined {
  const update = numberOf(result.updates);
  if (update === undefined) return undefined;
  const { figures, ...others } = result;
  const event = measuredEvent({ ...others, ...(isObject(figures) && figures), epoch: result.epochs }, update);
  return event.splits === undefined ? undefined : event;
}

/** The events with the evaluation that a result has, where metrics have none of its update. */
function withResult(events: readonly MeasuredEvent[], result: JsonObject | undefined): readonly MeasuredEvent[] {
  const last = result === undefined ? undefined : resultEvent(result);
  if (last === undefined || events.some((event) => event.update === last.update && event.splits !== undefined)) return events;
  return [...events, last];
}

/**
 * Reads a run.
 *
 * @param warn told of what is damaged and was passed over
 * @throws RbmError 'usage' where there is no run, 'data' where its files can't be used
 */
export function readRun(directory: RunDirectory, warn: (message: string) => void): RunRecord {
  const checkpoint = directory.readLatestCheckpoint(warn);
  const config = directory.readJson(directory.config);
  if (checkpoint === undefined || config === undefined) {
    throw new RbmError('usage', `${printable(directory.path)}: there is no run here (${checkpoint === undefined ? 'no checkpoints' : 'no config.json'})`, {
      hint: 'Name the directory that a training run wrote.',
    });
  }
  if (![config.data, config.model, config.training].every(isObject)) {
    throw new RbmError('data', `${printable(directory.config)}: is not the config of a run`, { hint: 'The file is damaged; put back a copy.' });
  }
  const result = directory.readJson(directory.result);
  const { events, warnings } = readMetrics(directory, warn);
  return {
    name: basename(directory.path),
    path: directory.path,
    config: config as unknown as RunConfig,
    events: withResult(events, result),
    warnings,
    ...(result !== undefined && { result }),
    checkpoint,
  };
}
