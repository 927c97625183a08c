/** A sweep's directory with results that were never trained for: figures are given, ids fit. It checks nothing itself. */

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { numericsVersion } from '../../src/kernels/index.js';
import { taskId, trainingManifest, writeManifest, type TrainingTask } from '../../src/sweep/manifest.js';

/** Figures of a split as result.json has them. */
export interface FakeSplit {
  readonly meanLogLikelihood?: number;
  readonly logLikelihoodInterval?: readonly [number, number];
  readonly exact?: boolean;
  readonly meanLogPseudoLikelihood?: number;
}

/** A task, and what it has left. */
export interface FakeTask {
  readonly values: Readonly<Record<string, unknown>>;
  readonly base?: number;
  readonly updates?: number;
  /** Figures by split; the task is finished where there are any. */
  readonly splits?: Readonly<Record<string, FakeSplit>>;
  /** Of the average, where there is one. */
  readonly averaged?: Readonly<Record<string, FakeSplit>>;
  readonly best?: { readonly value: number; readonly update: number };
  readonly verdict?: string;
  readonly data?: string;
  readonly failure?: { readonly code: string; readonly message: string };
  /** Lines of metrics. */
  readonly metrics?: readonly object[];
}

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A base config that is valid, in the file's own words. */
export const baseText = JSON.stringify({
  seed: 'of-base',
  data: { source: 'bars-and-stripes', height: 2, width: 2 },
  model: { hiddenUnits: 3 },
  training: { algorithm: 'cd', updates: 100, batchSize: 2, learningRate: 0.25 },
});

/** The figures of a result of which nothing but these is of interest. */
function figuresOf(splits: Readonly<Record<string, FakeSplit>>, verdict: string | undefined): object {
  const estimate = verdict === undefined ? {} : { logPartitionFunction: { estimator: 'two-sided', logZ: 1, exact: false, verdict: { status: verdict, reasons: [], advice: [] }, evidence: {} } };
  return { ...estimate, splits: Object.fromEntries(Object.entries(splits).map(([name, split]) => [name, { examples: 10, ...split }])) };
}

/** Makes the directory; returns the ids of the tasks. */
export function fakeSweep(directory: string, varied: readonly string[], fakes: readonly FakeTask[], bases: readonly string[] = ['base.json']): string[] {
  mkdirSync(directory, { recursive: true });
  const identities = fakes.map(({ values, base = 0, updates = 100, data = 'data' }) => ({
    configHash: sha(JSON.stringify([base, values])),
    dataFingerprint: sha(data),
    numericsVersion,
    updates,
    figures: sha('figures').slice(0, 24),
  }));
  const tasks = fakes.map(({ values, base = 0 }, index): TrainingTask => ({ id: taskId(identities[index]), base, values, updates: identities[index].updates, figures: identities[index].figures }));
  writeManifest(directory, trainingManifest({ bases: bases.map((name) => ({ name, folder: '.', text: baseText })), varied, results: 'tasks', tasks }));
  for (const [index, { splits, averaged, best, verdict, failure, metrics = [] }] of fakes.entries()) {
    const { configHash, dataFingerprint, updates } = identities[index];
    const run = join(directory, 'tasks', tasks[index].id);
    if (splits !== undefined || failure !== undefined) mkdirSync(join(run, 'checkpoints'), { recursive: true });
    if (failure !== undefined) writeFileSync(join(run, 'failure.json'), JSON.stringify(failure));
    if (splits === undefined) continue;
    const result = {
      version: '0',
      numericsVersion,
      configHash,
      dataFingerprint,
      digest: sha(`parameters of ${tasks[index].id}`),
      visibleUnits: 4,
      hiddenUnits: 3,
      updates,
      epochs: 1,
      figures: figuresOf(splits, verdict),
      ...(averaged && { averaged: figuresOf(averaged, verdict) }),
      ...(best && { best: { ...best, criterion: 'meanLogLikelihood' } }),
    };
    writeFileSync(join(run, 'result.json'), JSON.stringify(result));
    writeFileSync(join(run, 'metrics.jsonl'), metrics.map((line) => `${JSON.stringify(line)}\n`).join(''));
    // The state of a run of so many updates; nothing here reads it.
    writeFileSync(join(run, 'checkpoints', `update-${String(updates).padStart(13, '0')}.safetensors`), '');
  }
  return tasks.map(({ id }) => id);
}

/** A naive reader of CSV, character by character: fields in quotes have their quotes doubled (RFC 4180; lines end in \n). */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (isQuoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[at++];
      else isQuoted = false;
    } else if (letter === '"' && cell === '') isQuoted = true;
    else if (letter === ',' || letter === '\n') {
      row.push(cell);
      cell = '';
      if (letter === '\n') {
        rows.push(row);
        row = [];
      }
    } else cell += letter;
  }
  return rows;
}
