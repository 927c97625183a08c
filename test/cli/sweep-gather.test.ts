/** `sweep gather`: a real sweep to its table, what it says of what is missing, and the files that it writes. */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exitCodes } from '../../src/errors.js';
import type { SweepResults } from '../../src/sweep/gather.js';
import { fakeSweep, readCsv, type FakeTask } from '../sweep/fake-sweep.js';
import { faultsOf } from './support/bad-inputs.js';
import { startCliServer } from './support/cli-server.js';
import { runCli, temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const server = startCliServer();
afterAll(() => server.stop());
const cli = (...args: string[]) => server.run(args, { cwd: folder.path });

const inFolder = (...parts: string[]): string => join(folder.path, ...parts);
const text = (...parts: string[]): string => readFileSync(inFolder(...parts), 'utf8');

const task = (units: number, seed: string, value: number): FakeTask => ({
  values: { 'model.hiddenUnits': units, seed },
  splits: { validation: { meanLogLikelihood: value }, test: { meanLogLikelihood: value - 1 } },
  metrics: [0, 50, 100].map((update) => ({ event: 'evaluation', update, epoch: 1, splits: { validation: { meanLogLikelihood: value + update / 100 - 1 } } })),
});

const complete = [task(2, '1', -3), task(2, '2', -5), task(4, '1', -2), task(4, '2', -3)];

describe('of trainings that were done', () => {
  beforeAll(async () => {
    writeFileSync(
      inFolder('base.json'),
      `{ data: { source: 'bars-and-stripes', height: 2, width: 3, validation: { count: 3 }, test: { count: 2 } }, model: { hiddenUnits: 3 }, training: { algorithm: 'cd', updates: 20, batchSize: 4, learningRate: 0.1 } }`,
    );
    writeFileSync(inFolder('sweep.json'), JSON.stringify({ config: 'base.json', grid: { 'training.learningRate': [0.01, 0.3] }, seeds: ['1', '2'] }));
    for (const args of [['plan', 'sweep.json', '--dir', 'real'], ['task', 'real', '--index', '0', '--chunk', '100', '--quiet']]) {
      const { code, stderr } = await runCli(['sweep', ...args], { cwd: folder.path });
      if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    }
  });

  test('the table has the figures of their own results', async () => {
    const { code, stdout, stderr } = await cli('sweep', 'gather', 'real', '--json', '--quiet');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const document = JSON.parse(stdout) as SweepResults;
    expect(JSON.parse(text('real', 'results.json'))).toEqual(document);
    expect(document).toMatchObject({ isComplete: true, keys: ['training.learningRate'] });
    const [header, ...rows] = readCsv(text('real', 'results.csv'));
    expect(rows).toHaveLength(4);
    for (const row of rows) {
      const cells = Object.fromEntries(header.map((name, column) => [name, row[column]]));
      const result = JSON.parse(text('real', cells.path, 'result.json'));
      expect(cells).toMatchObject({ status: 'done', digest: result.digest, updates: '20', exact: 'true' });
      for (const split of ['validation', 'train', 'test']) {
        expect(Number(cells[`${split}.meanLogLikelihood`])).toBe(result.figures.splits[split].meanLogLikelihood);
        expect(Number(cells[`${split}.low`])).toBe(result.figures.splits[split].logLikelihoodInterval[0]);
      }
    }
    const means = document.settings.map(({ tasks }) => tasks.map((index) => document.tasks[index].splits?.validation.meanLogLikelihood ?? Number.NaN).reduce((sum, value) => sum + value, 0) / 2);
    for (const [place, { figure }] of document.settings.entries()) expect(figure?.mean).toBeCloseTo(means[place], 12);
    expect(means[0]).toBeGreaterThan(means[1]);
  });

  test('a result that is gone is named, and what is there is gathered', async () => {
    const { path } = (JSON.parse(text('real', 'results.json')) as SweepResults).tasks[1];
    rmSync(inFolder('real', path, 'result.json'));
    const { code, stdout, stderr } = await cli('sweep', 'gather', 'real');
    expect({ code, faults: faultsOf({ code, stderr }) }).toEqual({ code: exitCodes.incomplete, faults: [] });
    expect(stderr).toContain('1 of 4 tasks have no result: 1\n');
    expect(stderr).toContain('rbm-train sweep run real');
    expect(stdout).toContain('1/2');
    expect(text('real', 'results.csv')).toContain(',started,');
  });
});

describe('what is shown', () => {
  test('the best first, with interval, seeds and test figure, and what to keep in mind', async () => {
    fakeSweep(inFolder('shown'), ['model.hiddenUnits'], complete);
    const { code, stdout, stderr } = await cli('sweep', 'gather', 'shown');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('2 settings by validation log-likelihood, nats per example, mean over the seeds');
    expect(lines[1].split(/ {2,}/)).toEqual(['rank', 'hiddenUnits', 'mean', '95 % interval', 'minus the best (95 %)', 'seeds', 'test']);
    // t.975 of one degree of freedom is 12.706: −2.5 ± 12.706 · 0.5.
    expect(lines[2].split(/ {2,}/)).toEqual(['1', '4', '-2.5000', '-8.8531 … 3.8531', 'best', '2/2', '-3.5000']);
    expect(lines[3].split(/ {2,}/)).toEqual(['2=', '2', '-4.0000', '-16.706 … 8.7062', '-1.5000 (-7.8531 … 4.8531)', '2/2', '-5.0000']);
    expect(stdout).toContain('largest of 2 means');
    expect(stderr).toBe(`wrote ${join('shown', 'results.csv')}\nwrote ${join('shown', 'results.json')}\n`);
  });

  test('with many settings the first twenty', async () => {
    fakeSweep(inFolder('many'), ['model.hiddenUnits'], Array.from({ length: 25 }, (_, index) => task(index + 1, '1', -index)));
    const { stdout } = await cli('sweep', 'gather', 'many', '--quiet');
    expect(stdout.match(/^\d+ /gm)).toHaveLength(21);
    expect(stdout).toContain('and 5 more (--json has all)');
  });

  test('divergence is a result: complete, counted, last', async () => {
    const failure = { code: 'diverged', message: 'weights are not finite' };
    fakeSweep(inFolder('diverged'), ['model.hiddenUnits'], [{ values: { 'model.hiddenUnits': 8, seed: '1' }, failure }, ...complete]);
    const { code, stdout } = await cli('sweep', 'gather', 'diverged');
    expect(code).toBe(0);
    expect(stdout).toContain('warning: 1 training diverged.');
    expect(stdout).toMatch(/^– +8 .*0\/1, 1 diverged/m);
  });

  test('names from the manifest can do nothing to a terminal', async () => {
    fakeSweep(inFolder('hostile'), ['key\u001b[2J'], [{ values: { 'key\u001b[2J': 'value\u001b[31m', seed: '1' }, splits: { validation: { meanLogLikelihood: -1 } } }]);
    const { code, stdout } = await cli('sweep', 'gather', 'hostile');
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('value\\u001b[31m');
  });
});

describe('the page', () => {
  const env = { RBM_TRAIN_REPORT: 'auto' };

  test('is written beside the tables, with learning curves; the same bytes wherever the sweep lies', async () => {
    for (const name of ['page-1', 'page-2']) {
      fakeSweep(inFolder(name), ['model.hiddenUnits'], complete);
      const { code, stderr } = await runCli(['sweep', 'gather', name], { cwd: folder.path, env });
      expect(code).toBe(0);
      expect(stderr).toContain(`wrote ${join(name, 'sweep.html')}\n`);
    }
    const html = text('page-1', 'sweep.html');
    expect(html).toContain('Sweep of 2 settings');
    expect(html).toContain('id="picture-learning-curves"');
    expect(text('page-2', 'sweep.html')).toBe(html);
  });

  test.each([
    ['--no-report', ['--no-report'], env],
    ['RBM_TRAIN_REPORT=never', [], { RBM_TRAIN_REPORT: 'never' }],
  ])('is left out with %s', async (name, args, variables) => {
    fakeSweep(inFolder(`without ${name}`), ['model.hiddenUnits'], complete);
    const { code } = await runCli(['sweep', 'gather', `without ${name}`, ...args], { cwd: folder.path, env: variables });
    expect(code).toBe(0);
    expect(existsSync(inFolder(`without ${name}`, 'results.json'))).toBe(true);
    expect(existsSync(inFolder(`without ${name}`, 'sweep.html'))).toBe(false);
  });

  test('is not made of nothing: tables that say so, and exit code 6', async () => {
    fakeSweep(inFolder('nothing'), ['model.hiddenUnits'], complete.map(({ values }) => ({ values })));
    const { code, stdout, stderr } = await runCli(['sweep', 'gather', 'nothing', '--json'], { cwd: folder.path, env });
    expect(code).toBe(exitCodes.incomplete);
    expect(stderr).toContain('4 of 4 tasks have no result: 0-3\n');
    expect(JSON.parse(stdout)).toMatchObject({ isComplete: false, tasks: [{ status: 'missing' }, {}, {}, {}] });
    expect(existsSync(inFolder('nothing', 'results.csv'))).toBe(true);
    expect(existsSync(inFolder('nothing', 'sweep.html'))).toBe(false);
  });
});

test('a folder without a sweep is refused', async () => {
  const { code, stderr } = await cli('sweep', 'gather', 'nowhere');
  expect({ code, faults: faultsOf({ code, stderr }) }).toEqual({ code: exitCodes.usage, faults: [] });
  expect(stderr).toContain('manifest.json');
});
