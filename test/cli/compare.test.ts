/** `compare`: what is there is not trained again, what was stopped goes on, what can't be compared is refused; figures that add up. */

import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exitCodes } from '../../src/errors.js';
import type { Comparison } from '../../src/report/comparison.js';
import { startCliServer } from './support/cli-server.js';
import { outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(folder.remove);

/** In a process of its own: what trains, and what evaluates for a while. */
const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path });

const server = startCliServer();
afterAll(() => server.stop());

/** Runs a comparison that must succeed; its document. */
async function compared(...args: string[]): Promise<Comparison> {
  const { code, stdout, stderr } = await cli('compare', ...args, '--json', '--quiet', '--no-report');
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return JSON.parse(stdout) as Comparison;
}

function writeConfig(name: string, training: string, data = "source: 'bars-and-stripes', height: 3, width: 3, test: { count: 4 }"): void {
  writeFileSync(
    join(folder.path, `${name}.json`),
    `{ seed: 'own', data: { ${data} }, model: { hiddenUnits: 4 }, training: { ${training}, batchSize: 5, learningRate: 0.1 }, evaluation: { every: { updates: 10 } } }`,
  );
}

const modified = (run: string): number => statSync(join(folder.path, 'out', run, 'result.json')).mtimeMs;
const resultOf = (run: string) => JSON.parse(readFileSync(join(folder.path, 'out', run, 'result.json'), 'utf8'));

let first: Comparison;

beforeAll(async () => {
  writeConfig('cd', "algorithm: 'cd', k: 2, updates: 50");
  writeConfig('sml', "algorithm: 'sml', k: 3, chains: 7, updates: 50");
  writeConfig('exact', "algorithm: 'exact', updates: 50");
  writeConfig('other-data', "algorithm: 'cd', updates: 10", "source: 'bars-and-stripes', height: 3, width: 3, test: { count: 3 }");
  first = await compared('cd.json', 'sml.json', '--seeds', '1-2', '-o', 'out');
});

test('every config with every seed, in a run of its own; the first is the baseline', () => {
  expect(first).toMatchObject({ split: 'test', examples: 4, quantity: 'log-likelihood', baseline: 'cd' });
  expect(first.groups.map(({ name, runs }) => [name, runs.map(({ seed, path }) => [seed, path])])).toEqual([
    ['cd', [['1', 'out/cd-1'], ['2', 'out/cd-2']]],
    ['sml', [['1', 'out/sml-1'], ['2', 'out/sml-2']]],
  ]);
});

test('values are those of the runs’ own results, differences are theirs', () => {
  for (const { name, runs } of first.groups) {
    for (const { seed, value } of runs) expect(value).toBeCloseTo(resultOf(`${name}-${seed}`).figures.splits.test.meanLogLikelihood, 10);
  }
  const [base, other] = first.groups;
  const differences = other.runs.map(({ value }, index) => value - base.runs[index].value);
  expect(other.difference).toMatchObject({ over: 'seeds, paired' });
  expect(other.difference?.difference).toBeCloseTo((differences[0] + differences[1]) / 2, 10);
});

test('curves count the Gibbs steps of single chains', () => {
  const [cd, sml] = first.groups;
  expect(cd.curve.map(({ update }) => update)).toEqual([0, 10, 20, 30, 40, 50]);
  // 12 training examples in batches of 5, 5 and 2: 2 steps each from 12·16 + 5 + 5 of them in 50 updates.
  expect(cd.gibbsSteps).toBe(2 * (16 * 12 + 10));
  expect(cd.curve[1].gibbsSteps).toBe(2 * (3 * 12 + 5));
  expect(sml.gibbsSteps).toBe(50 * 3 * 7);
});

test('what is finished is not trained again; single runs are compared over the examples, as evaluate --against does', async () => {
  const before = ['cd-1', 'sml-1'].map(modified);
  const { groups } = await compared('sml.json', 'out/cd-1', '--seeds', '1', '-o', 'out');
  expect(['cd-1', 'sml-1'].map(modified)).toEqual(before);
  expect(groups.map(({ name }) => name)).toEqual(['sml', 'cd']);
  const against = await cli('evaluate', 'out/cd-1', '--against', 'out/sml-1', '--json');
  const { difference, interval } = JSON.parse(against.stdout).against.comparison.test as { difference: number; interval: number[] };
  expect(groups[1].difference).toMatchObject({ over: 'examples, paired' });
  expect(groups[1].difference?.difference).toBeCloseTo(difference, 12);
  groups[1].difference?.interval?.forEach((end, index) => expect(end).toBeCloseTo(interval[index], 12));
});

test('runs of one config form a group, whatever the baseline; a config without seeds has its own', async () => {
  const { groups } = await compared('out/cd-1', 'out/cd-2', 'out/sml-1', 'exact.json', '-o', 'out', '--baseline', 'sml');
  expect(groups.map(({ name, runs }) => [name, runs.map(({ seed }) => seed)])).toEqual([['sml', ['1']], ['cd', ['1', '2']], ['exact', ['own']]]);
  // Without Gibbs steps there is nothing to count.
  expect(groups[2].gibbsSteps).toBe(0);
});

test('estimated log Z and pseudo-likelihoods say what they are', async () => {
  const [estimated, pseudo] = [
    await cli('compare', 'out/cd-1', 'out/sml-1', '--no-report', '--estimator', 'two-sided', '--temperatures', '200', '--rungs', '6'),
    await cli('compare', 'out/cd-1', 'out/sml-1', '--no-report', '--estimator', 'none'),
  ];
  expect(estimated.stdout).toMatch(/^log-likelihood of 4 test examples, nats per example, estimated log Z \(two-sided; consistent\)\n/);
  expect(pseudo.stdout).toMatch(/^log pseudo-likelihood of 4 test examples, nats per example, which needs no log Z/);
});

test('the table: a row for each group, what the intervals are over, and no word about what is there already', async () => {
  const { code, stdout, stderr } = await cli('compare', 'cd.json', 'sml.json', '--seeds', '1,2', '-o', 'out', '--no-report');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^log-likelihood of 4 test examples, nats per example, exact log Z\ngroup .*\ncd +1 2 .* baseline .*\nsml +1 2 .* … .*\n/);
  expect(stdout).toContain('95 % intervals are over the seeds, each paired with the same seed');
});

test('the page stands beside the runs, and its place is told', async () => {
  const args = ['compare', 'out/cd-1', 'out/sml-1', '-o', 'out'];
  const [text, json] = [await cli(...args), await cli(...args, '--json', '--quiet')];
  expect({ code: text.code, stderr: text.stderr }).toEqual({ code: 0, stderr: 'wrote out/comparison.html\n' });
  expect(JSON.parse(json.stdout).page).toBe(join(folder.path, 'out', 'comparison.html'));
  const html = readFileSync(join(folder.path, 'out', 'comparison.html'), 'utf8');
  expect(html).toContain('bars-and-stripes 3×3');
  expect(html).toContain('rbm-train compare out/cd-1 out/sml-1');
});

test('stopped by a signal, the same command goes on to the same digest', async () => {
  writeConfig('long', "algorithm: 'cd', updates: 15000");
  const args = ['compare', 'cd.json', 'long.json', '--seeds', '1', '-o', 'out', '--no-report', '--set', 'log.every={updates: 200}', '--set', 'evaluation.every=never'];
  // The same config as before but for execution: cd-1 is there.
  const child = startCli(args, { cwd: folder.path });
  const ending = outcomeOf(child);
  await new Promise<void>((resolve) => child.stderr?.on('data', (text: string) => text.includes('update 200/') && resolve()));
  child.kill('SIGTERM');
  const stopped = await ending;
  expect(stopped).toMatchObject({ code: exitCodes.terminated, stdout: '' });
  expect(stopped.stderr).toMatch(/^run 2 of 2: out\/long-1: training\n/);
  expect(stopped.stderr).toMatch(/stopped by SIGTERM after update \d+ of out\/long-1; the same command goes on from there\n$/);
  const finished = await cli(...args);
  expect(finished.code).toBe(0);
  expect(finished.stderr).toMatch(/^run 2 of 2: out\/long-1: goes on after update \d+\n/);
  const whole = await cli('--config', 'long.json', '--seed', '1', '--output', 'whole', '--quiet', '--set', 'evaluation.every=never', '--expect', resultOf('long-1').digest);
  expect(whole.code).toBe(0);
});

describe('what can’t be compared is refused before anything is trained', () => {
  test.each([
    ['other test examples', ['cd.json', 'other-data.json'], /out\/other-data-own: its test examples are not those of out\/cd-own/],
    ['another training under the same name', ['cd.json', 'sml.json', '--seeds', '1', '--set', 'training.learningRate=0.2'], /out\/cd-1: can't be continued: .*learningRate: 0.1 → 0.2/],
    ['one training only', ['cd.json', '--seeds', '1-2'], /there is nothing to compare/],
    ['a baseline that is not there', ['cd.json', 'sml.json', '--baseline', 'sm'], /--baseline sm: no such group\n.*Groups are: cd, sml/],
    ['neither a run nor a config', ['cd.json', 'sml.txt'], /sml.txt: neither a run nor a config/],
    ['a folder without a run', ['cd.json', 'out'], /out: there is no run here/],
    ['the same config twice', ['cd.json', './cd.json'], /out\/cd-own would be compared twice/],
    ['seeds that are none', ['cd.json', 'sml.json', '--seeds', '5-1'], /--seeds 5-1: 5 is larger than 1/],
  ])('%s', async (_what, args, message) => {
    const { code, stdout, stderr } = await server.run(['compare', ...args, '-o', 'out'], { cwd: folder.path });
    expect({ code, stdout }).toEqual({ code: exitCodes.usage, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.match(/^rbm-train: /gm)).toHaveLength(1);
    expect(() => statSync(join(folder.path, 'out', 'cd-own'))).toThrow('ENOENT');
  });

  test('the same training in two places is compared once', async () => {
    await cli('--config', 'cd.json', '--seed', '1', '--output', 'copy', '--quiet');
    const { code, stdout, stderr } = await cli('compare', 'out/cd-1', 'copy', 'out/sml-1', '--json', '--no-report');
    expect(code).toBe(0);
    expect(stderr).toBe('warning: copy is left out: it is the same training as out/cd-1\n');
    expect((JSON.parse(stdout) as Comparison).groups).toHaveLength(2);
    rmSync(join(folder.path, 'copy'), { recursive: true });
  });
});
