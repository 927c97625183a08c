/** The table of a sweep: what is in it, that it is CSV, and that it depends on nothing but what the tasks have left. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { csvOf, eventsOf, gatherSweep, resultsOf, writeTables, type Gathered } from '../../src/sweep/gather.js';
import { isTrainingSweep, openSweep, type TrainingSweep } from '../../src/sweep/sweep.js';
import { temporaryFolder } from '../checkpoint/sample.js';
import { fakeSweep, readCsv, type FakeTask } from './fake-sweep.js';

const folder = temporaryFolder();
let made = 0;

async function gathered(directory: string, pause: () => Promise<void> = async () => {}): Promise<Gathered> {
  const sweep = openSweep(directory, folder);
  if (!isTrainingSweep(sweep)) throw new Error('not of trainings');
  return await gatherSweep(sweep, pause);
}

function make(varied: readonly string[], tasks: readonly FakeTask[], bases?: readonly string[]): { directory: string; ids: string[] } {
  const directory = join(folder, `sweep-${made++}`);
  return { directory, ids: fakeSweep(directory, varied, tasks, bases) };
}

/** Rows of a table by the names of its columns. */
function records(text: string): Record<string, string>[] {
  const [header, ...rows] = readCsv(text);
  return rows.map((cells) => Object.fromEntries(header.map((name, column) => [name, cells[column]])));
}

const tasks: readonly FakeTask[] = [
  { values: { 'training.learningRate': 0.1, seed: '1' }, splits: { validation: { meanLogLikelihood: -3, logLikelihoodInterval: [-3.5, -2.5], exact: true }, train: { meanLogLikelihood: -2, exact: true } }, best: { value: -2.75, update: 50 } },
  { values: { 'training.learningRate': 0.1, seed: '2' }, splits: { validation: { meanLogLikelihood: -4, exact: true }, train: { meanLogLikelihood: -2.5, exact: true } } },
  { values: { seed: '1' }, splits: { validation: { meanLogLikelihood: -1 } }, averaged: { validation: { meanLogLikelihood: -5, exact: false } }, verdict: 'not to be trusted' },
  { values: { 'training.learningRate': 0.5 }, failure: { code: 'diverged', message: '/home/me: it is not finite' } },
  { values: { 'training.learningRate': 0.5, seed: 'a, "b"' }, failure: { code: 'runtime', message: 'the disk is full' } },
];

describe('gathering', () => {
  test('a row for every task, in the order of the manifest: what it is, and what came of it', async () => {
    const { directory, ids } = make(['training.learningRate'], tasks);
    const all = await gathered(directory);
    const rows = records(csvOf(all));
    expect(rows.map(({ index, id, status, seed }) => [index, id, status, seed])).toEqual([
      ['0', ids[0], 'done', '1'],
      ['1', ids[1], 'done', '2'],
      ['2', ids[2], 'done', '1'],
      ['3', ids[3], 'diverged', 'of-base'],
      ['4', ids[4], 'missing', 'a, "b"'],
    ]);
    // What a task does not name, its config has.
    expect(rows.map((row) => row['training.learningRate'])).toEqual(['0.1', '0.1', '0.25', '0.5', '0.5']);
    expect(rows[0]).toMatchObject({ 'validation.meanLogLikelihood': '-3', 'validation.low': '-3.5', 'validation.high': '-2.5', 'train.meanLogLikelihood': '-2', 'test.meanLogLikelihood': '', exact: 'true', 'best.value': '-2.75', 'best.update': '50', path: `tasks/${ids[0]}` });
    expect(rows[0].digest).toMatch(/^[0-9a-f]{64}$/);
    // The average is the run's model.
    expect(rows[2]).toMatchObject({ 'validation.meanLogLikelihood': '-5', exact: 'false' });
    expect(rows[3]).toMatchObject({ digest: '', 'validation.meanLogLikelihood': '', exact: '', path: `tasks/${ids[3]}` });
    expect(all.missing).toEqual([4]);
    expect([...all.failures]).toEqual([[3, tasks[3].failure], [4, tasks[4].failure]]);
    expect(all.ranking.settings.map(({ setting, tasks: own, figure }) => [setting, own, figure?.mean])).toEqual([[0, [0, 1], -3.5], [1, [2], -5], [2, [3, 4], undefined]]);
    expect(all.runs[2].verdict).toBe('not to be trusted');
  });

  test('where there is no likelihood, the table has the pseudo-likelihood', async () => {
    const { directory } = make([], [{ values: { seed: '1' }, splits: { validation: { meanLogPseudoLikelihood: -7 }, train: { meanLogLikelihood: -3, meanLogPseudoLikelihood: -2 } } }]);
    expect(records(csvOf(await gathered(directory)))[0]).toMatchObject({ 'validation.meanLogLikelihood': '', 'validation.meanLogPseudoLikelihood': '-7', 'train.meanLogLikelihood': '-3', 'train.meanLogPseudoLikelihood': '' });
  });

  test('several configs have a column, and are settings of their own', async () => {
    const splits = { validation: { meanLogLikelihood: -3 } };
    const { directory } = make([], [{ values: { seed: '1' }, splits }, { values: { seed: '1' }, base: 1, splits }, { values: { seed: '2' }, base: 1, splits }], ['a.json', 'b.json']);
    const all = await gathered(directory);
    expect(records(csvOf(all)).map(({ config }) => config)).toEqual(['a.json', 'b.json', 'b.json']);
    expect(all.ranking.settings.map(({ config, tasks: own }) => [config, own])).toEqual([['a.json', [0]], ['b.json', [1, 2]]]);
  });

  test('a result that is damaged, or of another training, is no result', async () => {
    const { directory, ids } = make(['training.learningRate'], tasks);
    writeFileSync(join(directory, 'tasks', ids[0], 'result.json'), '{');
    cpSync(join(directory, 'tasks', ids[2], 'result.json'), join(directory, 'tasks', ids[1], 'result.json'));
    const { runs, missing } = await gathered(directory);
    expect(runs.slice(0, 3).map(({ status }) => status)).toEqual(['started', 'started', 'done']);
    expect(missing).toEqual([0, 1, 4]);
  });

  test('a result that somebody has changed has the figures that can be read', async () => {
    const { directory, ids } = make(['training.learningRate'], tasks);
    const file = join(directory, 'tasks', ids[2], 'result.json');
    const result = JSON.parse(readFileSync(file, 'utf8')) as object;
    for (const logPartitionFunction of [{ exact: false }, { exact: false, verdict: null }, { exact: false, verdict: { status: 5 } }, null, 5]) {
      for (const name of ['figures', 'averaged']) {
        writeFileSync(file, JSON.stringify({ ...result, averaged: undefined, [name]: { logPartitionFunction, splits: { validation: { meanLogLikelihood: -7 } } } }));
        const [, , run] = (await gathered(directory)).runs;
        expect(run.status).toBe('done');
        expect(run).not.toHaveProperty('verdict');
      }
    }
  });

  test('files are the same bytes wherever the sweep lies, and whatever its tasks met on their way', async () => {
    const [first, second] = [make(['training.learningRate'], tasks), make(['training.learningRate'], tasks)];
    rmSync(join(second.directory, 'tasks', second.ids[4]), { recursive: true });
    for (const { directory } of [first, second]) writeTables(directory, await gathered(directory));
    for (const name of ['results.csv', 'results.json']) {
      const bytes = readFileSync(join(first.directory, name), 'utf8');
      expect(readFileSync(join(second.directory, name), 'utf8')).toBe(bytes);
      expect(bytes).not.toContain(folder);
      expect(bytes).not.toContain('/home/me');
    }
  });

  test('results.json is what the command shows, and says that it is not complete', async () => {
    const { directory } = make(['training.learningRate'], tasks);
    const all = await gathered(directory);
    writeTables(directory, all);
    const document = JSON.parse(readFileSync(join(directory, 'results.json'), 'utf8'));
    expect(document).toEqual(JSON.parse(JSON.stringify(resultsOf(all))));
    expect(document).toMatchObject({ kind: 'training', isComplete: false, keys: ['training.learningRate'], criterion: { split: 'validation', quantity: 'log-likelihood' } });
    expect(document.tasks).toHaveLength(5);
  });

  test('events of the best settings are those of their finished runs; metrics that can’t be read are told of', async () => {
    const metrics = [{ event: 'evaluation', update: 50, splits: { validation: { meanLogLikelihood: -9 } } }];
    const { directory, ids } = make(['training.learningRate'], [{ ...tasks[0], metrics }, tasks[1], tasks[4]]);
    rmSync(join(directory, 'tasks', ids[1], 'metrics.jsonl'));
    mkdirSync(join(directory, 'tasks', ids[1], 'metrics.jsonl'));
    const sweep = openSweep(directory, folder) as TrainingSweep;
    const { runs, ranking } = await gathered(directory);
    const told: string[] = [];
    const events = ranking.settings.map((setting) => eventsOf(sweep, setting, runs, (message) => told.push(message)).map((own) => own.map(({ update }) => update)));
    expect(events).toEqual([[[50]], []]);
    expect(told).toEqual([expect.stringContaining('the learning curves are without it')]);
  });

  test('can be cancelled between tasks', async () => {
    const { directory } = make(['training.learningRate'], tasks);
    let calls = 0;
    const cancelled = gathered(directory, async () => {
      if (++calls === 3) throw new Error('stopped');
    });
    await expect(cancelled).rejects.toThrow('stopped');
    expect(calls).toBe(3);
  });
});

test('any text in any field comes back from the table', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => value !== '');
  fc.assert(
    fc.property(text, text, fc.double({ noNaN: true }), (seed, word, number) => {
      const run = { index: 0, id: 'id', setting: 0, status: 'missing', values: { 'a.word': word, number, list: [word, 1], absent: undefined }, seed, updates: 1, path: 'tasks/id' } as const;
      const [row] = records(csvOf({ keys: ['a.word', 'number', 'list', 'absent'], runs: [run] }));
      expect(row).toMatchObject({ seed, 'a.word': word, list: JSON.stringify([word, 1]), absent: '', path: 'tasks/id' });
      // −0 is written as 0.
      expect(Number(row.number) + 0).toBe(number + 0);
    }),
  );
});
