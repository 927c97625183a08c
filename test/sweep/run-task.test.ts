/** One task, from wherever it stands: what it leaves is what the same task leaves that is done in one go. */

import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';

import type { RunEvent } from '../../src/run/events.js';
import type { StopRequest } from '../../src/run/stop-request.js';
import { writeManifest } from '../../src/sweep/manifest.js';
import { planSweep } from '../../src/sweep/plan.js';
import { runTask, type TaskOutcome } from '../../src/sweep/run-task.js';
import { loadSweepFile } from '../../src/sweep/sweep-file.js';
import { openSweep, resultOf, stateOf, taskName, type Sweep, type TrainingSweep } from '../../src/sweep/sweep.js';
import { runCli, temporaryFolder } from '../cli/support/run-cli.js';
import { checkpointsOf, damage, lastingFiles, sessionsOf, taskFolder, tinyConfig, writeSweep } from '../cli/support/sweeps.js';

const folder = temporaryFolder();
afterAll(folder.remove);
let count = 0;

/** A planned sweep, in a directory of its own. */
async function newSweep(parts: Parameters<typeof writeSweep>[2] = { seeds: ['a'] }): Promise<TrainingSweep> {
  const name = `sweep-${count++}`;
  const directory = join(folder.path, name);
  writeSweep(folder.path, name, parts);
  const { manifest } = await planSweep({ sweepFile: await loadSweepFile({ file: `${name}.json`, workingDirectory: folder.path }), directory, results: join(directory, 'tasks') });
  writeManifest(directory, manifest);
  return openSweep(name, folder.path) as TrainingSweep;
}

/** Does a task; `at` stops it at that update. */
async function run(sweep: Sweep, index = 0, at = Infinity): Promise<{ outcome: TaskOutcome; events: RunEvent[]; warnings: string[] }> {
  const stop: StopRequest = {};
  const events: RunEvent[] = [];
  const report = (event: RunEvent): void => {
    events.push(event);
    if (event.type === 'update' && event.update === at) stop.signal = 'SIGUSR2';
  };
  if (at === 0) stop.signal = 'SIGUSR2';
  const outcome = await runTask(sweep, index, { stop, threads: 1, report });
  return { outcome, events, warnings: events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])) };
}

const runOf = ({ directory }: Sweep, index = 0): string => taskFolder(directory, index);
const updatesIn = (events: readonly RunEvent[]): number => events.filter(({ type }) => type === 'update').length;
/** The lasting files of task 0 that is done in one go. */
async function undisturbed(): Promise<Record<string, string>> {
  const sweep = await newSweep();
  expect((await run(sweep)).outcome).toEqual({ status: 'done', isNew: true });
  return lastingFiles(runOf(sweep));
}

test('done once; then it is there, and nothing is touched', async () => {
  const sweep = await newSweep();
  expect(stateOf(sweep, 0)).toEqual({ status: 'missing' });
  const { outcome, events } = await run(sweep);
  expect({ outcome, updates: updatesIn(events) }).toEqual({ outcome: { status: 'done', isNew: true }, updates: 60 });
  expect(stateOf(sweep, 0)).toEqual({ status: 'done' });
  expect(resultOf(sweep, 0)).toEqual(JSON.parse(readFileSync(join(runOf(sweep), 'result.json'), 'utf8')));
  const before = readFileSync(join(runOf(sweep), 'execution.json'), 'utf8');
  expect(await run(sweep)).toEqual({ outcome: { status: 'done', isNew: false }, events: [], warnings: [] });
  expect(readFileSync(join(runOf(sweep), 'execution.json'), 'utf8')).toBe(before);
});

test('stopped and continued, and stopped before anything was done', async () => {
  const sweep = await newSweep();
  expect((await run(sweep, 0, 0)).outcome).toEqual({ status: 'stopped', signal: 'SIGUSR2', hasAdvanced: false });
  expect((await run(sweep, 0, 25)).outcome).toEqual({ status: 'stopped', signal: 'SIGUSR2', hasAdvanced: true });
  expect(stateOf(sweep, 0)).toEqual({ status: 'started', update: 25 });
  expect((await run(sweep, 0, 0)).outcome).toEqual({ status: 'stopped', signal: 'SIGUSR2', hasAdvanced: false });
  const { outcome, events } = await run(sweep);
  expect({ outcome, updates: updatesIn(events) }).toEqual({ outcome: { status: 'done', isNew: true }, updates: 35 });
  expect(lastingFiles(runOf(sweep))).toEqual(await undisturbed());
});

test('a damaged newest checkpoint: the one before; all damaged: from the start; both are told', async () => {
  const sweep = await newSweep();
  await run(sweep, 0, 35);
  damage(checkpointsOf(runOf(sweep)).at(-1) ?? '');
  const second = await run(sweep, 0, 45);
  expect({ updates: updatesIn(second.events), warnings: second.warnings }).toEqual({ updates: 15, warnings: [expect.stringMatching(/update-0*35\.safetensors/)] });
  checkpointsOf(runOf(sweep)).forEach(damage);
  const third = await run(sweep);
  expect(updatesIn(third.events)).toBe(60);
  expect(third.warnings.at(-1)).toMatch(/the training starts again$/);
  expect(lastingFiles(runOf(sweep))).toEqual(await undisturbed());
});

test('a result that is damaged, of another task, or has lost its checkpoint does not count', async () => {
  const sweep = await newSweep({ seeds: ['a', 'b'] });
  await run(sweep, 0);
  await run(sweep, 1);
  const file = join(runOf(sweep), 'result.json');
  const result = readFileSync(file, 'utf8');
  const others = [readFileSync(join(runOf(sweep, 1), 'result.json'), 'utf8'), '', '{}', 'null', '[]', result.slice(0, 50), result.replace(/"digest": "\w/, '"digest": "'), result.replace('"updates": 60', '"updates": "60"')];
  for (const other of others) {
    expect(other).not.toBe(result);
    writeFileSync(file, other);
    expect(stateOf(sweep, 0)).toEqual({ status: 'started', update: 60 });
  }
  expect((await run(sweep)).outcome).toEqual({ status: 'done', isNew: true });
  expect(readFileSync(file, 'utf8')).toBe(result);
  rmSync(checkpointsOf(runOf(sweep)).at(-1) ?? '');
  expect(stateOf(sweep, 0)).toEqual({ status: 'started', update: 50 });
  expect((await run(sweep)).outcome).toEqual({ status: 'done', isNew: true });
  expect(lastingFiles(runOf(sweep))).toEqual(await undisturbed());
});

test('a twin that comes late takes nothing from the result that is there; one of a shorter training goes', async () => {
  const sweep = await newSweep();
  await run(sweep);
  const file = join(runOf(sweep), 'result.json');
  const result = readFileSync(file, 'utf8');
  // As a twin finds it that has looked for checkpoints before this one was written.
  const lateTwin = async (): Promise<string[]> => {
    rmSync(checkpointsOf(runOf(sweep)).at(-1) ?? '');
    const seen: string[] = [];
    const report = ({ type }: RunEvent): void => {
      if (type === 'update') seen.push(existsSync(file) ? readFileSync(file, 'utf8') : '');
    };
    expect(await runTask(sweep, 0, { stop: {}, threads: 1, report })).toEqual({ status: 'done', isNew: true });
    return seen;
  };
  expect(await lateTwin()).toEqual(Array.from({ length: 10 }, () => result));
  writeFileSync(file, result.replace('"updates": 60', '"updates": 40'));
  expect(await lateTwin()).toEqual(Array.from({ length: 10 }, () => ''));
  expect(lastingFiles(runOf(sweep))).toEqual(await undisturbed());
});

test('one that diverges is settled: it is not tried again', async () => {
  const sweep = await newSweep({ grid: { 'training.learningRate': [1e300] }, seeds: ['a'] });
  const message = expect.stringMatching(/^training diverged at update \d+: /);
  await expect(run(sweep)).rejects.toMatchObject({ code: 'diverged', message });
  expect(stateOf(sweep, 0)).toEqual({ status: 'diverged', failure: { code: 'diverged', message } });
  const sessions = sessionsOf(runOf(sweep));
  await expect(run(sweep)).rejects.toMatchObject({ code: 'diverged', message });
  expect(sessionsOf(runOf(sweep))).toEqual(sessions);
});

test('data that is not that of the plan: refused, with nothing written but why; restored, it is trained', async () => {
  const rows = join(folder.path, 'rows.csv');
  const text = '0,1,1,0\n1,1,0,0\n0,0,1,1\n1,0,1,0\n';
  writeFileSync(rows, text);
  const sweep = await newSweep({ seeds: ['a'], config: { ...tinyConfig, data: { source: 'file', path: 'rows.csv' } } });
  writeFileSync(rows, text.replace('0', '1'));
  const failure = { code: 'data', message: 'the data, the model file that it starts from, or the manifest is not what the sweep was planned with' };
  await expect(run(sweep)).rejects.toMatchObject({ ...failure, hint: expect.stringContaining('Restore it') });
  expect(stateOf(sweep, 0)).toEqual({ status: 'missing', failure });
  expect(existsSync(join(runOf(sweep), 'checkpoints'))).toBe(false);
  writeFileSync(rows, text);
  expect((await run(sweep)).outcome).toEqual({ status: 'done', isNew: true });
  expect(existsSync(join(runOf(sweep), 'failure.json'))).toBe(false);
});

test('a length in the manifest that is not the training’s: refused, where its result would never count', async () => {
  const sweep = await newSweep();
  const { manifest } = sweep;
  const edited = { ...sweep, manifest: { ...manifest, tasks: manifest.tasks.map((task) => ({ ...task, updates: task.updates + 1 })) } };
  await expect(run(edited)).rejects.toMatchObject({ code: 'data', message: expect.stringContaining('the manifest is not what the sweep was planned with') });
  expect(existsSync(join(runOf(sweep), 'checkpoints'))).toBe(false);
});

test('one that somebody has trained on is not touched: what to do is told; moved away, the task starts again', async () => {
  const sweep = await newSweep();
  await run(sweep);
  const longer = await runCli(['--resume', runOf(sweep), '--set', 'training.updates=80', '--quiet'], { cwd: folder.path });
  expect({ code: longer.code, state: stateOf(sweep, 0) }).toEqual({ code: 0, state: { status: 'started', update: 80 } });
  const before = lastingFiles(runOf(sweep));
  await expect(run(sweep)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('it has done 80 updates already, more than the 60 asked for'), hint: expect.stringContaining('move the folder away') });
  expect(lastingFiles(runOf(sweep))).toEqual(before);
  renameSync(runOf(sweep), join(folder.path, 'longer'));
  expect((await run(sweep)).outcome).toEqual({ status: 'done', isNew: true });
  expect(lastingFiles(runOf(sweep))).toEqual(await undisturbed());
});

test('the copy of the model file that it starts from: taken where the file is gone, the file where the copy is damaged', async () => {
  const first = await newSweep();
  await run(first, 0, 20);
  const file = join(folder.path, 'start.safetensors');
  copyFileSync(checkpointsOf(runOf(first)).at(-1) ?? '', file);
  const { model: _, ...others } = tinyConfig;
  const parts = { seeds: ['a'], config: { ...others, model: { from: 'start.safetensors' } } };
  const whole = await newSweep(parts);
  await run(whole);
  const sweep = await newSweep(parts);
  await run(sweep, 0, 20);
  renameSync(file, `${file}.away`);
  expect((await run(sweep, 0, 40)).outcome).toMatchObject({ status: 'stopped', hasAdvanced: true });
  damage(join(runOf(sweep), 'start.safetensors'));
  await expect(run(sweep)).rejects.toMatchObject({ code: 'data', message: expect.stringContaining(file) });
  renameSync(`${file}.away`, file);
  const manifest = sweep.manifest;
  const elsewhere = { ...sweep, manifest: { ...manifest, bases: manifest.bases.map((base) => ({ ...base, text: base.text.replace('"height":3', '"height":2') })) } };
  await expect(run(elsewhere)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('6 columns') });
  const { outcome, events, warnings } = await run(sweep);
  expect({ outcome, updates: updatesIn(events) }).toEqual({ outcome: { status: 'done', isNew: true }, updates: 20 });
  expect(warnings[0]).toMatch(/start\.safetensors: .*; the model file itself is taken instead$/);
  expect(lastingFiles(runOf(sweep))).toEqual(lastingFiles(runOf(whole)));
});

test('a task is called by what it varies', async () => {
  const sweep = await newSweep({ grid: { 'training.chains': [6, 7], 'evaluation.every': [{ updates: 10 }, { updates: 20 }] }, seeds: ['a\u001b[31m'] });
  expect(taskName(sweep, 2)).toBe('task 2 chains=7 every={"updates":10} seed=a\\u001b[31m');
  const schedule = { schedule: 'linear', initial: 0.1, final: 0, horizon: { updates: 60 } };
  const config = { ...tinyConfig, training: { ...tinyConfig.training, learningRate: schedule, momentum: schedule } };
  const alike = await newSweep({ grid: { 'training.learningRate.initial': [0.1, 0.2], 'training.momentum.initial': [0.1, 0.2], 'model.hiddenUnits': [3, 4] }, seeds: ['a'], config });
  expect(taskName(alike, 2)).toBe('task 2 training.learningRate.initial=0.1 training.momentum.initial=0.2 hiddenUnits=3 seed=a');
});
