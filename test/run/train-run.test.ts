/**
 * A run from outside: whatever interrupts it, its files end up the same as those of a run that nothing interrupted.
 */

import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as fc from 'fast-check';

import { writeFileAtomically } from '../../src/checkpoint/atomic-write.js';
import { encodeCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { parametersDigest } from '../../src/checkpoint/digest.js';
import { readCheckpointFile, RunDirectory } from '../../src/checkpoint/run-directory.js';
import { isRbmError } from '../../src/errors.js';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { evaluateModel, type Figures } from '../../src/estimators/evaluation.js';
import { backends, type Model } from '../../src/kernels/index.js';
import { createModel, getParameters } from '../../src/model/parameters.js';
import { diagnosticBytes } from '../../src/run/diagnosis.js';
import { checkpointBytes, memoryDemands, parameterBytes } from '../../src/run/memory.js';
import { splitStates } from '../../src/run/prepare.js';
import type { RunEvent } from '../../src/run/events.js';
import type { StopRequest } from '../../src/run/stop-request.js';
import { evaluationInterval, trainRun } from '../../src/run/train-run.js';
import { contrastiveDivergence } from '../../src/training/gradients/contrastive-divergence.js';
import { Trainer } from '../../src/training/trainer.js';
import { temporaryFolder } from '../checkpoint/sample.js';
import { integers } from '../reference/numbers.js';
import { copyAt, namesIn, outcomeFiles, prepare, smallConfig, train, type Session } from './small-run.js';

const root = temporaryFolder();
let count = 0;
const newFolder = (): string => join(root, String(count++));

/** Every file below a folder with its content, so that any write shows. */
function contents(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => (statSync(join(folder, name)).isFile() ? `${name} ${readFileSync(join(folder, name), 'latin1')}` : name));
}

const { training } = smallConfig;

/** Averaging begins between two evaluations and two checkpoints. */
const everything = {
  ...training,
  optimizer: 'nesterov',
  learningRate: 0.02,
  weightDecay: { l1: 0.001, l2: 0.01 },
  sparsity: { target: 0.2, cost: 0.1 },
  centring: { offsets: 'both' },
  clipNorm: 0.5,
  averaging: { from: { updates: 11 } },
};

/** Grey values in every cell, so that each epoch of dynamic binarization draws other examples. */
const greyFile = join(root, 'grey.csv');
writeFileSync(greyFile, Array.from({ length: 10 }, (_, row) => integers(6, row).map((value) => (value % 100) / 100).join(',')).join('\n'));

const configs: Record<string, object> = {
  sml: smallConfig,
  'sml without momentum': { ...smallConfig, training: { ...training, momentum: 0 } },
  cd: { ...smallConfig, training: { ...training, algorithm: 'cd', chains: undefined, weightDecay: { l2: 0.01 } } },
  exact: { ...smallConfig, training: { ...training, algorithm: 'exact', chains: undefined, k: undefined } },
  tracked: {
    ...smallConfig,
    evaluation: { every: { updates: 7 }, logLikelihood: 'tracked', tracking: { every: { updates: 3 }, chains: 12, temperatures: 10 } },
  },
  'everything between gradient and step': { ...smallConfig, training: everything },
  'all of that with Adam but centring, which it undoes': { ...smallConfig, training: { ...everything, optimizer: 'adam', momentum: undefined, centring: undefined } },
  dynamic: {
    ...smallConfig,
    data: { source: 'file', path: greyFile, binarize: 'dynamic', validation: { count: 2 } },
    training: { ...training, algorithm: 'cd', chains: undefined },
  },
};

const atUpdate = (update: number) => (event: { type: string; update?: number }): boolean => event.type === 'update' && event.update === update;

describe.each(Object.keys(configs))('%s', (name) => {
  const config = configs[name];
  let straight: Record<string, string>;
  let session: Session;
  beforeAll(async () => {
    const folder = newFolder();
    session = await train(await prepare(config), folder);
    straight = outcomeFiles(folder);
  });

  test('an uninterrupted run: result, metrics, checkpoints and events say the same', async () => {
    const { outcome, events } = session;
    if (outcome.status !== 'finished') throw new Error('it did not finish');
    const { result } = outcome;
    expect(straight.result).toBe(`${JSON.stringify(result, undefined, 2)}\n`);
    expect(straight.update).toBe('30');
    const metrics = straight.metrics.trimEnd().split('\n').map((line) => JSON.parse(line) as { update: number; splits: unknown });
    // Every 7 updates, and at the end.
    expect(metrics.map(({ update }) => update)).toEqual([0, 7, 14, 21, 28, 30]);
    expect(metrics.at(-1)?.splits).toEqual(result.figures.splits);
    expect(events.filter(({ type }) => type === 'update').map((event) => 'update' in event && event.update)).toEqual(Array.from({ length: 30 }, (_, k) => k + 1));
    expect(events.filter(({ type }) => type === 'checkpoint').map((event) => 'update' in event && event.update)).toEqual([0, 5, 10, 15, 20, 25, 30]);
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(result).toMatchObject({ updates: 30, hiddenUnits: 4 });
  });

  test('again in another folder: the same bytes', async () => {
    const folder = newFolder();
    await train(await prepare(config), folder);
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test.each(backends)('with the backend $name: the same bytes', async (backend) => {
    const folder = newFolder();
    await train(await prepare(config, [`execution.backend=${backend.name}`]), folder);
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test('begun with one backend, continued with another each time: the same bytes', async () => {
    const folder = newFolder();
    for (const [index, update] of [4, 9, 16, 25, 31].entries()) {
      const { name: backend } = backends[index % backends.length];
      await train(await prepare(config, [`execution.backend=${backend}`]), folder, atUpdate(update));
    }
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test('stopped at any updates and continued each time: the same bytes', async () => {
    const points = fc.uniqueArray(fc.integer({ min: 1, max: 29 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(points, async (updates) => {
        const folder = newFolder();
        for (const update of updates.toSorted((a, b) => a - b)) {
          const { outcome } = await train(await prepare(config), folder, atUpdate(update));
          expect(outcome).toEqual({ status: 'stopped', signal: 'SIGTERM', update });
        }
        const { outcome } = await train(await prepare(config), folder);
        expect(outcome.status).toBe('finished');
        expect(outcomeFiles(folder)).toEqual(straight);
      }),
      { numRuns: 4, seed: 1 },
    );
  });

  test('killed at any event and continued from what was on disk: the same bytes', async () => {
    // A copy of the folder at an event is what a kill at that moment leaves.
    for (const index of [0, 2, 9, 24, session.events.length - 2, session.events.length - 1]) {
      const folder = newFolder();
      const copy = newFolder();
      let seen = 0;
      await train(await prepare(config), folder, copyAt(() => seen++ === index, folder, copy));
      await train(await prepare(config), copy);
      expect(outcomeFiles(copy)).toEqual(straight);
    }
  });

  test.each([1, 7, 20])('asked for %i updates first, later for all: the same bytes', async (updates) => {
    const folder = newFolder();
    const { outcome } = await train(await prepare(config, [`training.updates=${updates}`]), folder);
    expect(outcome).toMatchObject({ status: 'finished', result: { updates } });
    await train(await prepare(config), folder);
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test('continued after its end it stays as it is', async () => {
    const folder = newFolder();
    await train(await prepare(config), folder);
    const { outcome, events } = await train(await prepare(config), folder);
    expect(outcome.status).toBe('finished');
    expect(events.filter(({ type }) => type === 'update')).toEqual([]);
    expect(outcomeFiles(folder)).toEqual(straight);
  });
});

describe('averaged parameters', () => {
  /** Averages from update 11 on; the learning rate is so large that the last parameters are far from their average. */
  const averaged = { ...smallConfig, seed: 'v', training: { ...training, learningRate: 1, averaging: { from: { updates: 11 } } } };

  test('are the run’s model: its digest, what its checkpoints give, what is evaluated beside the last ones and decides on the best', async () => {
    const folder = newFolder();
    const prepared = await prepare(averaged);
    const { outcome, events } = await train(prepared, folder);
    if (outcome.status !== 'finished') throw new Error('it did not finish');
    const { result } = outcome;
    const { kernels, config, parameters, dataset } = prepared;
    const trainer = await Trainer.create(kernels, config.training, parameters, dataset.splits.train, config.seed);
    const snapshots: number[][] = [];
    for (let update = 1; update <= 30; update++) {
      await trainer.step();
      if (update > 11) snapshots.push([...getParameters(trainer.model).weights]);
    }
    const directory = new RunDirectory(folder);
    const checkpoint = readCheckpointFile(directory.checkpoint(30));
    expect(parametersDigest(checkpoint.parameters)).toBe(result.digest);
    expect(parametersDigest(trainer.model)).not.toBe(result.digest);
    const mean = snapshots[0].map((_, index) => snapshots.reduce((sum, snapshot) => sum + snapshot[index] / snapshots.length, 0));
    for (const [index, value] of checkpoint.parameters.weights.entries()) expect(value).toBeCloseTo(mean[index], 12);
    expect(checkpoint.updates?.get('last.weights')?.values).toEqual(getParameters(trainer.model).weights);

    // Figures of both, by the same evaluation of models that were never averaged.
    const figuresOf = async (model: Model) =>
      (await evaluateModel(kernels, model, splitStates(dataset, parameters), {
        logPartitionFunction: prepared.logPartitionFunction,
        pseudoLikelihoodExamples: config.evaluation.pseudoLikelihoodExamples,
      })).splits;
    expect(result.figures.splits).toEqual(await figuresOf(trainer.model));
    expect(result.averaged?.splits).toEqual(await figuresOf(createModel(kernels, checkpoint.parameters)));
    expect(result.averaged?.splits).not.toEqual(result.figures.splits);
    const lines = readFileSync(directory.metrics, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as {
      update: number;
      splits: Figures['splits'];
      averaged?: { logPartitionFunction: number; splits: Figures['splits'] };
    });
    expect(lines.filter((line) => line.averaged !== undefined).map(({ update }) => update)).toEqual([14, 21, 28, 30]);
    expect(lines.at(-1)?.averaged?.splits).toEqual(result.averaged?.splits);
    expect(lines.at(-1)?.averaged?.logPartitionFunction).toBe(result.averaged?.logPartitionFunction?.logZ);
    const deciding = lines.map(({ splits, averaged: average }) => (average?.splits ?? splits).validation.meanLogLikelihood ?? NaN);
    expect(result.best?.value).toBe(Math.max(...deciding));
    // Among the last parameters another would be best.
    expect(Math.max(...lines.map(({ splits }) => splits.validation.meanLogLikelihood ?? NaN))).toBeGreaterThan(Math.max(...deciding));
    expect(events.filter((event) => event.type === 'evaluation').map((event) => event.averaged !== undefined)).toEqual([false, false, true, true, true, true]);
  });

  test('follow from training that is the same without', async () => {
    const [one, other] = [newFolder(), newFolder()];
    await train(await prepare(averaged), one);
    await train(await prepare({ ...averaged, training: { ...averaged.training, averaging: undefined } }), other);
    const [mine, theirs] = [one, other].map((folder) => readCheckpointFile(new RunDirectory(folder).checkpoint(30)));
    expect(mine.updates?.get('last.weights')?.values).toEqual(theirs.parameters.weights);
    expect(theirs.updates).toBeUndefined();
  });
});

test('figures of the algorithm come into metrics, events and the result; nothing does where it has none', async () => {
  const { start } = contrastiveDivergence;
  const spy = jest.spyOn(contrastiveDivergence, 'start').mockImplementation(async (context) => ({
    ...(await start.call(contrastiveDivergence, context)),
    figures: () => ({ acceptance: 0.25, rates: [1, 2] }),
  }));
  const folders = [newFolder(), newFolder()];
  try {
    const { outcome, events } = await train(await prepare(configs.cd), folders[0]);
    expect(outcome).toMatchObject({ result: { algorithm: { acceptance: 0.25, rates: [1, 2] } } });
    const reported = events.flatMap((event) => (event.type === 'evaluation' ? [event.algorithm] : []));
    expect(reported).toEqual(Array.from({ length: 6 }, () => ({ acceptance: 0.25, rates: [1, 2] })));
  } finally {
    spy.mockRestore();
  }
  await train(await prepare(configs.cd), folders[1]);
  const [shown, none] = folders.map((folder) => readFileSync(new RunDirectory(folder).metrics, 'utf8'));
  expect(shown.match(/,"algorithm":{"acceptance":0.25,"rates":\[1,2\]},"diagnostics":{/g)).toHaveLength(6);
  expect(none).not.toContain('algorithm');
});

test.each<[string, object]>([
  ['adam', { optimizer: 'adam', momentum: undefined }],
  ['rmsprop', { optimizer: 'rmsprop', momentum: undefined }],
  ['nesterov', { optimizer: 'nesterov' }],
  ['averaging', { averaging: {} }],
  ['centring', { centring: { offsets: 'data' } }],
  ['everything', everything],
])('checkpoints are as large as a dry run says, and memory is counted for all that is as large as the model: %s', async (_, more) => {
  const folder = newFolder();
  const prepared = await prepare({ ...smallConfig, training: { ...training, ...more, updates: 6 } });
  await train(prepared, folder);
  const { tensors } = readSafetensors(readFileSync(new RunDirectory(folder).checkpoint(6)), 'x');
  const sizes = [...tensors].map(([name, { values }]) => (name === 'metrics' ? 0 : values.byteLength));
  expect(checkpointBytes(prepared.config.training, prepared.parameters, 0, diagnosticBytes(prepared.diagnostics))).toBe(sizes.reduce((sum, size) => sum + size));
  // Models that the kernels are asked for: those in training, and the initial parameters, which are ordinary arrays.
  const { kernels, config, parameters, dataset } = prepared;
  const spy = jest.spyOn(kernels, 'createModel');
  await Trainer.create(kernels, config.training, parameters, dataset.splits.train, config.seed);
  const models = 1 + spy.mock.calls.length;
  spy.mockRestore();
  const demands = memoryDemands(config.training, parameters, dataset.splits.train.rows).filter(([key]) => key === 'model.hiddenUnits');
  expect(demands.reduce((sum, [, , bytes]) => sum + bytes, 0)).toBe(models * parameterBytes(parameters));
});

test.each([
  ['0', 0, false],
  ['a number', 0.5, true],
  ['a schedule that begins with 0', { schedule: 'step', initial: 0, final: 0.5, at: { updates: 9 } }, true],
])('momentum %s: the checkpoints have a velocity only where there is momentum, and are as large as a dry run says', async (_, momentum, hasVelocity) => {
  const folder = newFolder();
  const prepared = await prepare({ ...smallConfig, training: { ...training, updates: 6, momentum } });
  await train(prepared, folder);
  const directory = new RunDirectory(folder);
  const updates = directory.checkpointUpdates();
  expect(updates).toEqual([6, 5]);
  const velocities = updates.map((update) => readCheckpointFile(directory.checkpoint(update)).velocity);
  expect(velocities.map((velocity) => velocity !== undefined)).toEqual([hasVelocity, hasVelocity]);
  // All but header and events.
  const { tensors } = readSafetensors(readFileSync(directory.checkpoint(6)), 'x');
  const sizes = [...tensors].map(([name, { values }]) => (name === 'metrics' ? 0 : values.byteLength));
  expect(checkpointBytes(prepared.config.training, prepared.parameters, 0, diagnosticBytes(prepared.diagnostics))).toBe(sizes.reduce((sum, size) => sum + size));
});

describe('log Z tracked along the training', () => {
  const tracked = (every: number, chains = 12, more: object = {}): object => ({
    ...smallConfig,
    training: { ...training, updates: 400, learningRate: 0.3, ...more },
    evaluation: { every: { updates: 50 }, logLikelihood: 'tracked', tracking: { every: { updates: every }, chains, temperatures: 10 } },
  });
  const figuresOf = (folder: string) =>
    readFileSync(new RunDirectory(folder).metrics, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as {
      update: number;
      logPartitionFunction?: number;
      splits: Record<string, { exact?: boolean; meanLogLikelihood?: number }>;
    });

  test('changes no bit of the parameters, is marked as estimated, and chains are drawn anew on the way', async () => {
    const folders = [newFolder(), newFolder()];
    const prepared = await prepare(tracked(8));
    const { outcome } = await train(prepared, folders[0]);
    const other = await train(await prepare({ ...tracked(8), evaluation: { logLikelihood: 'never' } }), folders[1]);
    if (outcome.status !== 'finished' || other.outcome.status !== 'finished') throw new Error('they did not finish');
    expect(outcome.result.digest).toBe(other.outcome.result.digest);
    expect(outcome.result.configHash).toBe(other.outcome.result.configHash);
    expect(outcome.result.figures.logPartitionFunction).toMatchObject({ estimator: 'tracked', exact: false });
    const lines = figuresOf(folders[0]);
    expect(lines.length).toBe(9);
    for (const { logPartitionFunction, splits } of lines) {
      expect(Number.isFinite(logPartitionFunction)).toBe(true);
      expect(Object.values(splits).map(({ exact }) => exact)).toEqual([false, false]);
    }
    const directory = new RunDirectory(folders[0]);
    const { tracking } = readCheckpointFile(directory.checkpoint(400));
    // A variance before the present weights: chains have been drawn anew.
    expect(tracking?.get('accumulated')?.values[1]).toBeGreaterThan(0);
    const { tensors } = readSafetensors(readFileSync(directory.checkpoint(400)), 'x');
    const sizes = [...tensors].map(([name, { values }]) => (name === 'metrics' ? 0 : values.byteLength));
    expect(checkpointBytes(prepared.config.training, prepared.parameters, 12, diagnosticBytes(prepared.diagnostics))).toBe(sizes.reduce((sum, size) => sum + size));
    expect(readCheckpointFile(new RunDirectory(folders[1]).checkpoint(400)).tracking).toBeUndefined();
  });

  test('continued with another number of chains, or from a run without, it starts afresh and says so', async () => {
    for (const before of [tracked(8, 20), { ...tracked(8), evaluation: { logLikelihood: 'never' } }]) {
      const folder = newFolder();
      await train(await prepare(before), folder, atUpdate(33));
      const copy = newFolder();
      cpSync(folder, copy, { recursive: true });
      const { outcome, events } = await train(await prepare(tracked(8)), folder);
      expect(outcome.status).toBe('finished');
      expect(events.filter(({ type }) => type === 'warning')).toEqual([
        { type: 'warning', message: expect.stringMatching(/12 chains up to update 33 .* starts afresh/) },
      ]);
      // Stopped again on the way, it is the same.
      await train(await prepare(tracked(8)), copy, atUpdate(177));
      await train(await prepare(tracked(8)), copy);
      expect(outcomeFiles(copy)).toEqual(outcomeFiles(folder));
    }
  });

  test('a checkpoint whose tracking makes no sense is refused with its name', async () => {
    const folder = newFolder();
    await train(await prepare(tracked(8)), folder, atUpdate(33));
    const directory = new RunDirectory(folder);
    const checkpoint = readCheckpointFile(directory.checkpoint(33));
    const broken = new Map(checkpoint.tracking).set('logWeights', { shape: [12], values: new Float64Array(12).fill(Infinity) });
    writeFileAtomically(directory.checkpoint(33), encodeCheckpoint({ ...checkpoint, tracking: broken }));
    const refused = train(await prepare(tracked(8)), folder);
    await expect(refused).rejects.toMatchObject({ code: 'data', message: expect.stringMatching(/0033\.safetensors: .*logWeights.*finite/) });
  });
});

describe('a directory that is no longer this training\'s', () => {
  test.each([
    ['other parameters', { ...smallConfig, seed: 'other' }],
    ['other data', { ...smallConfig, data: { ...smallConfig.data, seed: 'other' } }],
  ])('because one with %s has taken it over, is left to that', async (_name, otherConfig) => {
    const folder = newFolder();
    const directory = new RunDirectory(folder);
    const other = await prepare(otherConfig);
    let files: string[] = [];
    const taken = train(await prepare(smallConfig), folder, (event) => {
      if (!atUpdate(7)(event)) return false;
      // As --force of another process would, while this one trains.
      const { configHash, dataFingerprint, numericsVersion } = other.identity;
      directory.writeJson(directory.execution, { training: { configHash, dataFingerprint, numericsVersion }, sessions: [] });
      files = contents(folder);
      return false;
    });
    await expect(taken).rejects.toMatchObject({ name: 'RbmError', code: 'runtime', message: expect.stringContaining('another training') });
    expect(contents(folder)).toEqual(files);
  });

  test('takes back a checkpoint that it wrote when the directory changed hands', async () => {
    const { identity } = await prepare({ ...smallConfig, seed: 'other' });
    const { configHash, dataFingerprint, numericsVersion } = identity;
    class ChangingHands extends RunDirectory {
      override writeCheckpoint(...values: Parameters<RunDirectory['writeCheckpoint']>): void {
        if (values[0].progress.update === 10) this.writeJson(this.execution, { training: { configHash, dataFingerprint, numericsVersion }, sessions: [] });
        super.writeCheckpoint(...values);
      }
    }
    const directory = new ChangingHands(newFolder());
    await expect(trainRun({ prepared: await prepare(smallConfig), directory, stop: {}, report: () => {} })).rejects.toMatchObject({ message: expect.stringContaining('another training') });
    expect(directory.checkpointUpdates()).toEqual([5]);
  });

  test('because one has taken it over after the last checkpoint, gets no result of this one', async () => {
    const directory = new RunDirectory(newFolder());
    const { configHash, dataFingerprint, numericsVersion } = (await prepare({ ...smallConfig, seed: 'other' })).identity;
    const execution = { training: { configHash, dataFingerprint, numericsVersion }, sessions: [] };
    const prepared = await prepare(smallConfig);
    const report = (event: RunEvent): void => {
      if (event.type === 'checkpoint' && event.update === prepared.length) directory.writeJson(directory.execution, execution);
    };
    await expect(trainRun({ prepared, directory, stop: {}, report })).rejects.toMatchObject({ message: expect.stringContaining('another training') });
    expect(directory.hasResult()).toBe(false);
    expect(directory.readJson(directory.execution)).toEqual(execution);
  });

  test('by the same training, started again, is no longer the first one’s', async () => {
    const directory = new RunDirectory(newFolder());
    let second: Promise<unknown> | undefined;
    const report = (event: RunEvent): void => {
      if (!atUpdate(7)(event) || second !== undefined) return;
      const stop: StopRequest = {};
      second = prepare(smallConfig).then((prepared) =>
        trainRun({ prepared, directory, replace: true, stop, report: (other) => void (atUpdate(8)(other) && (stop.signal = 'SIGTERM')) }),
      );
    };
    const first = trainRun({ prepared: await prepare(smallConfig, ['training.updates=100000']), directory, stop: {}, report });
    await expect(first).rejects.toMatchObject({ message: expect.stringContaining('another training') });
    expect(await second).toMatchObject({ status: 'stopped' });
    expect(directory.checkpointUpdates()[0]).toBeLessThan(10);
  });

  test('before it could start leaves the other alone', async () => {
    const directory = new RunDirectory(newFolder());
    await train(await prepare({ ...smallConfig, seed: 'other' }), directory.path, atUpdate(7));
    const files = contents(directory.path);
    const late = trainRun({ prepared: await prepare(smallConfig), directory, stop: {}, report: () => {} });
    await expect(late).rejects.toMatchObject({ code: 'runtime', message: expect.stringContaining('another training') });
    expect(contents(directory.path)).toEqual(files);
  });

  test('because it was removed, is not made again', async () => {
    const folder = newFolder();
    const removed = train(await prepare(smallConfig), folder, (event) => {
      if (atUpdate(7)(event)) rmSync(folder, { recursive: true });
      return false;
    });
    await expect(removed).rejects.toMatchObject({ code: 'runtime', message: expect.stringContaining('removed, moved or emptied') });
    expect(existsSync(folder)).toBe(false);
  });

  test.each([
    ['damaged', () => '{'],
    ['nested without end', (text: string) => text.replace('"sessions": [', `"sessions": [${'['.repeat(20_000)}${']'.repeat(20_000)}, `)],
    ['gone', undefined],
  ])('is this training\'s still where execution.json is %s, or config.json has a comment', async (_name, changed) => {
    const folder = newFolder();
    const directory = new RunDirectory(folder);
    const { outcome } = await train(await prepare(smallConfig), folder, (event) => {
      if (atUpdate(7)(event) && changed !== undefined) writeFileSync(directory.execution, changed(readFileSync(directory.execution, 'utf8')));
      if (atUpdate(7)(event) && changed === undefined) rmSync(directory.execution);
      if (atUpdate(8)(event)) writeFileSync(directory.config, `// a note\n${readFileSync(directory.config, 'utf8')}`);
      return false;
    });
    expect(outcome.status).toBe('finished');
  });
});

describe('a file system that fails for a while', () => {
  /** Puts obstacles where checkpoints and the best parameters are written, after some updates, and takes them away again. */
  const obstruct = (folder: string, from: number, until: number): ((event: Session['events'][number]) => boolean) => {
    const { best, checkpoints } = new RunDirectory(folder);
    return (event) => {
      if (atUpdate(from)(event)) {
        for (const path of [best, checkpoints]) rmSync(path, { recursive: true, force: true });
        writeFileSync(checkpoints, 'no folder');
        // Its folder can't be made.
        symlinkSync(join(checkpoints, 'below', 'best'), best);
      }
      if (atUpdate(until)(event)) for (const path of [best, checkpoints]) rmSync(path);
      return false;
    };
  };
  const warnings = ({ events }: Session): string[] => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

  test('is no end of the training: checkpoint and best parameters are written later, the same as ever', async () => {
    const [straight, folder] = [newFolder(), newFolder()];
    await train(await prepare(smallConfig), straight);
    const session = await train(await prepare(smallConfig), folder, obstruct(folder, 6, 23));
    expect(session.outcome.status).toBe('finished');
    const told = warnings(session);
    // Checkpoints are due every 5 updates, evaluations every 7.
    expect(told.filter((message) => message.includes('saves when the next checkpoint is due')).map((message) => message.split(':')[0])).toEqual(['update 10', 'update 15', 'update 20']);
    for (const message of told) expect(message).toMatch(/a file of that name is in the way/);
    expect(outcomeFiles(folder)).toEqual(outcomeFiles(straight));
  });

  test('is no loss of the best parameters, which were written late, to who continues', async () => {
    const [straight, folder] = [newFolder(), newFolder()];
    await train(await prepare(smallConfig), straight);
    const obstruction = obstruct(folder, 6, 16);
    const { outcome } = await train(await prepare(smallConfig), folder, (event) => obstruction(event) || atUpdate(18)(event));
    expect(outcome.status).toBe('stopped');
    const { update } = readCheckpointFile(new RunDirectory(folder).best).progress;
    expect([7, 14]).toContain(update);
    await train(await prepare(smallConfig), folder);
    expect(outcomeFiles(folder)).toEqual(outcomeFiles(straight));
  });

  test('ends the training where it fails at the end, or a hundred times in a row', async () => {
    const folder = newFolder();
    const atTheEnd = train(await prepare(smallConfig), folder, obstruct(folder, 6, Infinity));
    await expect(atTheEnd).rejects.toMatchObject({ code: 'runtime', message: expect.stringContaining("can't be made a folder") });
    expect(new RunDirectory(folder).hasResult()).toBe(false);
    const other = newFolder();
    let last = 0;
    const obstruction = obstruct(other, 6, Infinity);
    const forEver = train(await prepare(smallConfig, ['training.updates=300', 'evaluation.every=never', 'checkpoint.every.updates=2']), other, (event) => {
      if (event.type === 'update') last = event.update;
      return obstruction(event);
    });
    await expect(forEver).rejects.toMatchObject({ code: 'runtime' });
    expect(last).toBe(6 + 2 * 100 - 2);
  });

  // In /proc no file can be made, by nobody.
  test.each(existsSync('/proc/version') ? ['finished', 'stopped'] : [])('is told, and no more, where only execution.json can not be written: %s', async (status) => {
    const folder = newFolder();
    const { execution } = new RunDirectory(folder);
    const session = await train(await prepare(smallConfig), folder, (event) => {
      if (!atUpdate(8)(event)) return false;
      rmSync(execution);
      symlinkSync('/proc/version', execution);
      return status === 'stopped';
    });
    expect(session.outcome.status).toBe(status);
    expect(warnings(session)).toEqual([expect.stringMatching(/execution\.json: can't be written: .*; nothing else depends on it/)]);
  });
});

test('a longer training has no event of the end of the shorter one', async () => {
  const folder = newFolder();
  // 24 updates: the end is off the cadence of 7.
  await train(await prepare(smallConfig, ['training.updates=24']), folder);
  await train(await prepare(smallConfig), folder, atUpdate(26));
  const updates = readFileSync(new RunDirectory(folder).metrics, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line).update);
  expect(updates).toEqual([0, 7, 14, 21]);
});

describe('interruptions at awkward moments', () => {
  let straight: Record<string, string>;
  beforeAll(async () => {
    const folder = newFolder();
    await train(await prepare(smallConfig), folder);
    straight = outcomeFiles(folder);
  });

  test.each([0, 14, 28, 30])('during the evaluation at update %i', async (update) => {
    const folder = newFolder();
    const { outcome } = await train(await prepare(smallConfig), folder, (event) => event.type === 'evaluating' && event.update === update);
    expect(outcome).toEqual({ status: 'stopped', signal: 'SIGTERM', update });
    const directory = new RunDirectory(folder);
    expect(readCheckpointFile(directory.checkpoint(update)).progress).toMatchObject({ update, evaluated: false });
    await train(await prepare(smallConfig), folder);
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test.each([0, 7, 28, 30])('right after the evaluation at update %i', async (update) => {
    const folder = newFolder();
    const first = await train(await prepare(smallConfig), folder, (event) => event.type === 'evaluation' && event.update === update);
    // At the end nothing is left to stop.
    expect(first.outcome.status).toBe(update === 30 ? 'finished' : 'stopped');
    const { events } = await train(await prepare(smallConfig), folder);
    // What the checkpoint counts is not evaluated again; the one at the end, off the cadence, is.
    expect(events.filter((event) => event.type === 'evaluation' && event.update === update)).toHaveLength(update === 30 ? 1 : 0);
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test('before the first update', async () => {
    const folder = newFolder();
    const { outcome } = await train(await prepare(smallConfig), folder, ({ type }) => type === 'start');
    expect(outcome).toMatchObject({ status: 'stopped', update: 0 });
    await train(await prepare(smallConfig), folder);
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test('the latest checkpoint lost or damaged: metrics of the events that are repeated are not doubled', async () => {
    for (const spoil of [(file: string) => rmSync(file), (file: string) => writeFileSync(file, 'damaged')]) {
      const folder = newFolder();
      await train(await prepare(smallConfig), folder, atUpdate(23));
      const directory = new RunDirectory(folder);
      expect(directory.checkpointUpdates()).toEqual([23, 20]);
      expect(readFileSync(directory.metrics, 'utf8').split('\n')).toHaveLength(4 + 1);
      spoil(directory.checkpoint(23));
      const { events } = await train(await prepare(smallConfig), folder);
      expect(events.find(({ type }) => type === 'start')).toMatchObject({ update: 20 });
      expect(events.filter(({ type }) => type === 'warning').length).toBeLessThanOrEqual(1);
      expect(outcomeFiles(folder)).toEqual(straight);
    }
  });

  test('metrics.jsonl lost: the checkpoint has its events', async () => {
    const folder = newFolder();
    await train(await prepare(smallConfig), folder, atUpdate(23));
    rmSync(new RunDirectory(folder).metrics);
    await train(await prepare(smallConfig), folder);
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test('execution.json damaged: nothing depends on it', async () => {
    const folder = newFolder();
    await train(await prepare(smallConfig), folder, atUpdate(3));
    writeFileSync(new RunDirectory(folder).execution, '{');
    await train(await prepare(smallConfig), folder);
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test('two runs of the same config into the same folder at once: the same bytes', async () => {
    const folder = newFolder();
    const [one, two] = [await prepare(smallConfig), await prepare(smallConfig)];
    await Promise.all([train(one, folder), train(two, folder)]);
    expect(outcomeFiles(folder)).toEqual(straight);
  });

  test('other cadences of evaluations and checkpoints change no parameter', async () => {
    const digestOf = async (overrides: readonly string[]): Promise<string> => {
      const { outcome } = await train(await prepare(smallConfig, overrides), newFolder());
      return outcome.status === 'finished' ? outcome.result.digest : 'stopped';
    };
    const { digest } = JSON.parse(straight.result) as { digest: string };
    expect(await digestOf(['evaluation.every=never', 'checkpoint.every={seconds: 1000}', 'checkpoint.best=false'])).toBe(digest);
    expect(await digestOf(['evaluation.every={updates: 1}', 'checkpoint.every={updates: 1}', 'checkpoint.keep=1'])).toBe(digest);
    expect(await digestOf(['evaluation.logLikelihood=never'])).toBe(digest);
    expect(await digestOf(['seed=other'])).not.toBe(digest);
  });
});

describe('files', () => {
  test('of a finished run, and nothing else', async () => {
    const folder = newFolder();
    await train(await prepare(smallConfig), folder);
    expect(namesIn(folder)).toEqual([
      'best.safetensors',
      'checkpoints',
      'checkpoints/update-0000000000025.safetensors',
      'checkpoints/update-0000000000030.safetensors',
      'config.json',
      'execution.json',
      'metrics.jsonl',
      'result.json',
    ]);
  });

  test('result.json has the digest of the last checkpoint, and names nothing of this machine', async () => {
    const folder = newFolder();
    const { outcome } = await train(await prepare(smallConfig), folder);
    const directory = new RunDirectory(folder);
    const { parameters, progress } = readCheckpointFile(directory.checkpoint(30));
    expect(outcome).toMatchObject({ result: { digest: parametersDigest(parameters) } });
    const { result, metrics } = outcomeFiles(folder);
    for (const text of [result, metrics]) {
      expect(text).not.toContain(root);
      expect(text).not.toContain(process.version);
      expect(text).not.toMatch(/\d\d:\d\d:\d\d/);
    }
    expect(readCheckpointFile(directory.best).progress.update).toBe(progress.best?.update);
  });

  test('best.safetensors has the parameters of the best evaluation on the cadence', async () => {
    const folder = newFolder();
    await train(await prepare(smallConfig), folder);
    const { metrics, result } = outcomeFiles(folder);
    const figures = metrics
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { update: number; splits: { validation: { meanLogLikelihood: number } } })
      .filter(({ update }) => update % 7 === 0)
      .map(({ update, splits }) => ({ update, value: splits.validation.meanLogLikelihood, criterion: 'meanLogLikelihood' }));
    const best = figures.reduce((winner, other) => (other.value > winner.value ? other : winner));
    expect((JSON.parse(result) as { best: unknown }).best).toEqual(best);
  });

  test('execution.json keeps the latest 100 sessions, and says how many are left out', async () => {
    const folder = newFolder();
    const { execution } = new RunDirectory(folder);
    await train(await prepare(smallConfig), folder, atUpdate(7));
    const written = JSON.parse(readFileSync(execution, 'utf8')) as { sessions: object[] };
    const earlier = Array.from({ length: 150 }, (_, index) => ({ start: String(index), processId: index }));
    writeFileSync(execution, JSON.stringify({ ...written, sessions: [...earlier, ...written.sessions] }));
    await train(await prepare(smallConfig), folder, atUpdate(9));
    await train(await prepare(smallConfig), folder);
    const { sessions, sessionsLeftOut } = JSON.parse(readFileSync(execution, 'utf8')) as { sessions: object[]; sessionsLeftOut: number };
    expect(sessionsLeftOut).toBe(53);
    expect(sessions).toHaveLength(100);
    expect(sessions[0]).toEqual(earlier[53]);
    expect(sessions.slice(-3)).toMatchObject([{ ended: 'stopped', toUpdate: 7 }, { ended: 'stopped', toUpdate: 9 }, { ended: 'finished' }]);
  });

  test('execution.json has one entry per session', async () => {
    const folder = newFolder();
    await train(await prepare(smallConfig), folder, atUpdate(3));
    await train(await prepare(smallConfig), folder, atUpdate(9));
    await train(await prepare(smallConfig), folder);
    const { sessions } = JSON.parse(readFileSync(new RunDirectory(folder).execution, 'utf8')) as { sessions: object[] };
    expect(sessions).toEqual([
      expect.objectContaining({ ended: 'stopped', fromUpdate: 0, toUpdate: 3 }),
      expect.objectContaining({ ended: 'stopped', fromUpdate: 3, toUpdate: 9 }),
      expect.objectContaining({ ended: 'finished', fromUpdate: 9, toUpdate: 30 }),
    ]);
  });

  test('config.json is a config: the run that it describes is the same run', async () => {
    const folder = newFolder();
    const prepared = await prepare(smallConfig);
    await train(prepared, folder);
    const again = await prepare(JSON.parse(readFileSync(new RunDirectory(folder).config, 'utf8')) as object);
    expect(again.config).toEqual(prepared.config);
    expect(again.identity).toEqual(prepared.identity);
  });

  test('no updates at all: the initial parameters, evaluated', async () => {
    const prepared = await prepare(smallConfig, ['training.updates=0']);
    const digest = parametersDigest(prepared.parameters);
    const { outcome } = await train(prepared, newFolder());
    expect(outcome).toMatchObject({ status: 'finished', result: { digest, updates: 0, epochs: 0 } });
  });
});

describe('cadence of evaluations', () => {
  test('auto is the smallest whole number of epochs with at least 500 updates', () => {
    expect([1, 3, 100, 499, 500, 501, 2000].map((perEpoch) => evaluationInterval('auto', perEpoch))).toEqual([500, 501, 500, 998, 500, 501, 2000]);
  });

  test('never evaluates at the end only', async () => {
    const { events } = await train(await prepare(smallConfig, ['evaluation.every=never']), newFolder());
    expect(events.filter((event) => event.type === 'evaluation').map((event) => event.update)).toEqual([30]);
  });
});

describe('divergence', () => {
  async function divergence(overrides: readonly string[]): Promise<{ folder: string; error: unknown }> {
    const folder = newFolder();
    try {
      await train(await prepare(smallConfig, overrides), folder);
    } catch (error) {
      return { folder, error };
    }
    throw new Error('it did not diverge');
  }

  test.each([
    ['parameters', ['training.learningRate=1e308', 'training.momentum=0.9', 'evaluation.every=never', 'checkpoint.every={updates: 1}']],
    ['decay', ['training.weightDecay.l2=1e9', 'training.updates=200', 'evaluation.every=never']],
    ['likelihoods', ['training.learningRate=1e307', 'evaluation.every={updates: 1}', 'checkpoint.every={updates: 1}']],
  ])('%s: the run ends with a reason, and the last good checkpoint stays', async (_, overrides) => {
    const { folder, error } = await divergence(overrides);
    if (!isRbmError(error)) throw error;
    expect(error.code).toBe('diverged');
    const update = Number(/diverged at update (\d+): /.exec(error.message)?.[1]);
    const directory = new RunDirectory(folder);
    const [last] = directory.checkpointUpdates();
    expect(last).toBeLessThan(update);
    expect(error.hint).toContain(directory.checkpoint(last));
    expect(error.hint).toMatch(/learningRate/);
    const { parameters } = readCheckpointFile(directory.checkpoint(last));
    expect([...parameters.weights, ...parameters.visibleBias, ...parameters.hiddenBias].every(Number.isFinite)).toBe(true);
    expect(directory.readJson(directory.result)).toBeUndefined();
    expect(directory.readJson(directory.execution)).toMatchObject({ sessions: [{ ended: 'diverged' }] });
    // No figure in the metrics is anything but a number.
    expect(readFileSync(directory.metrics, 'utf8')).not.toMatch(/null|NaN|Infinity/);
  });

  test('continued, it diverges at the same update again', async () => {
    const overrides = ['training.weightDecay.l2=1e9', 'training.updates=200', 'evaluation.every=never'];
    const { folder, error } = await divergence(overrides);
    let again: unknown;
    try {
      await train(await prepare(smallConfig, overrides), folder);
    } catch (caught) {
      again = caught;
    }
    expect((again as Error).message).toBe((error as Error).message);
  });
});
