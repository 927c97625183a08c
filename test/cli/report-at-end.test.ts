/**
 * The report that a training writes at its end, as a process of its own does it where nothing says otherwise.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const folder = temporaryFolder();
const config = {
  data: { source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 4 } },
  model: { hiddenUnits: 4 },
  training: { algorithm: 'sml', chains: 6, updates: 20, batchSize: 4 },
};
beforeAll(() => writeFileSync(join(folder.path, 'config.json'), JSON.stringify(config)));
afterAll(() => folder.remove());

const train = (output: string, args: readonly string[] = [], report = 'always'): Promise<RunOutcome> =>
  runCli(['--config', 'config.json', '--output', output, ...args], { cwd: folder.path, env: { RBM_TRAIN_REPORT: report } });
const reportOf = (run: string): string => join(folder.path, run, 'report.html');
const digestOf = (run: string): unknown => (JSON.parse(readFileSync(join(folder.path, run, 'result.json'), 'utf8')) as { digest: unknown }).digest;

test('is there, the page that the command makes; each of three switches leaves it out, and nothing else changes', async () => {
  const ways: [string, string[], string][] = [
    ['with', [], 'always'],
    ['option', ['--no-report'], 'always'],
    ['key', ['--set', 'report=false'], 'always'],
    ['environment', [], 'never'],
  ];
  const outcomes = await Promise.all(ways.map(([name, args, report]) => train(name, [...args, '--quiet'], report)));
  expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(ways.map(() => ({ code: 0, stderr: '' })));
  expect(ways.map(([name]) => existsSync(reportOf(name)))).toEqual([true, false, false, false]);
  expect(new Set(ways.map(([name]) => digestOf(name))).size).toBe(1);
  const { code, stdout } = await runCli(['report', 'option'], { cwd: folder.path });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${reportOf('option')}\n` });
  expect(readFileSync(reportOf('option'), 'utf8')).toBe(readFileSync(reportOf('with'), 'utf8'));
});

test('a training that goes on takes the page of the shorter one away before it does', async () => {
  expect((await train('longer')).code).toBe(0);
  const short = readFileSync(reportOf('longer'), 'utf8');
  expect((await train('longer', ['--resume-or-start', '--set', 'training.updates=30'], 'never')).code).toBe(0);
  expect(existsSync(reportOf('longer'))).toBe(false);
  expect((await train('longer', ['--resume-or-start', '--set', 'training.updates=30'])).code).toBe(0);
  expect(readFileSync(reportOf('longer'), 'utf8')).not.toBe(short);
});

test('where it can’t be written, the training is complete, and says so', async () => {
  mkdirSync(join(reportOf('blocked'), 'mine'), { recursive: true });
  const { code, stderr } = await train('blocked', ['--quiet']);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^warning: .*report\.html.*; the run is complete without its report\n$/);
  expect(typeof digestOf('blocked')).toBe('string');
});
