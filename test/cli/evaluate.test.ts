/** `evaluate` with estimates of log Z: the same bytes whatever the threads, figures that add up, and bad options refused. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseNpy } from './support/foreign-files.js';
import { runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const config = `{
  seed: 'evaluate',
  data: { source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 4 } },
  model: { hiddenUnits: 5 },
  training: { algorithm: 'exact', batchSize: 'full', updates: 200, learningRate: 0.3, momentum: 0.5 },
}`;

interface Evaluated {
  readonly logPartitionFunction: { readonly estimator: string; readonly logZ: number; readonly interval: readonly [number, number]; readonly verdict: { readonly status: string } };
  readonly splits: Readonly<Record<string, { readonly examples: number; readonly meanLogLikelihood: number }>>;
  readonly raise: { readonly mean: number; readonly standardError: number; readonly examples: number; readonly chains: number };
  readonly against: { readonly comparison: Readonly<Record<string, { readonly difference: number; readonly standardError: number; readonly interval: readonly [number, number] }>> };
}

const folder = temporaryFolder();
afterAll(folder.remove);

const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path });

/** Runs a command that must succeed and say nothing on stderr; its stdout. */
async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

const evaluated = async (...args: string[]): Promise<Evaluated> => JSON.parse(await output('evaluate', 'run', ...args, '--json')) as Evaluated;
const annealed = ['--estimator', 'two-sided', '--temperatures', '100', '--rungs', '6'];

beforeAll(async () => {
  writeFileSync(join(folder.path, 'small.json'), config);
  await output('--config', 'small.json', '--output', 'run', '--quiet');
  await output('--config', 'small.json', '--output', 'short', '--quiet', '--set', 'training.updates=20');
});

describe('the same bytes', () => {
  // 300 chains: more than walk together, and rows for several threads.
  test.each([
    ['two-sided', 'tempered'],
    ['reverse-ais', 'exact'],
  ])('--estimator %s --reverse-start %s: with 1, 2 and 3 threads, and again', async (estimator, reverseStart) => {
    const options = ['evaluate', 'run', '--estimator', estimator, '--reverse-start', reverseStart, '--temperatures', '100', '--rungs', '6', '--chains', '300', '--raise', '3', '--json'];
    const [first, ...others] = await Promise.all([['1'], ['2'], ['3'], []].map((threads) => output(...options, ...threads.flatMap((count) => ['--threads', count]))));
    for (const other of others) expect(other === first).toBe(true);
    expect((JSON.parse(first) as Evaluated).logPartitionFunction.estimator).toBe(estimator);
    expect(await output(...options, '--seed', '2')).not.toBe(first);
  });
});

test('two-sided is consistent, and near the exact log Z', async () => {
  const [{ logPartitionFunction: exact }, { logPartitionFunction: estimate }] = [await evaluated(), await evaluated(...annealed)];
  expect(exact.estimator).toBe('exact');
  expect(estimate.verdict.status).toBe('consistent');
  // 5 standard errors are 2.6 half-widths.
  expect(Math.abs(estimate.logZ - exact.logZ)).toBeLessThan(1.3 * (estimate.interval[1] - estimate.interval[0]));
});

test.each([['exact', ['--estimator', 'exact']], ['two-sided', annealed]])('--per-example, log Z %s: splits one after the other, whose means are those of the splits', async (name, options) => {
  const file = `per-example-${name}.npy`;
  const { splits } = await evaluated(...options, '--per-example', file);
  const { shape, values } = parseNpy(readFileSync(join(folder.path, file)));
  const examples = Object.values(splits).reduce((sum, split) => sum + split.examples, 0);
  expect([shape, Object.keys(splits)]).toEqual([[examples, 1], ['train', 'validation']]);
  let first = 0;
  for (const split of Object.values(splits)) {
    const own = values.slice(first, first + split.examples);
    expect(own.reduce((sum, value) => sum + value, 0) / split.examples).toBeCloseTo(split.meanLogLikelihood, 12);
    first += split.examples;
  }
});

describe('--against', () => {
  test('itself: no difference', async () => {
    for (const options of [['--estimator', 'exact'], annealed]) {
      const { against, logPartitionFunction } = await evaluated(...options, '--against', 'run');
      expect(Object.keys(against.comparison)).toEqual(['train', 'validation']);
      for (const { difference, standardError, interval } of Object.values(against.comparison)) {
        expect(Math.abs(difference)).toBeLessThan(1e-14);
        expect(standardError).toBe(0);
        // Nothing but both log Z's errors.
        const [low, high] = logPartitionFunction.interval;
        expect(interval[1] - interval[0]).toBeCloseTo((high - low) * Math.SQRT2, 12);
      }
    }
  });

  test('another model: the difference of the mean log-likelihoods, with the signs exchanged the other way round', async () => {
    const [own, other] = await Promise.all([evaluated('--against', 'short'), output('evaluate', 'short', '--against', 'run', '--json').then((text) => JSON.parse(text) as Evaluated)]);
    for (const split of ['train', 'validation']) {
      const { difference } = own.against.comparison[split];
      expect(difference).toBeCloseTo(own.splits[split].meanLogLikelihood - other.splits[split].meanLogLikelihood, 12);
      expect(other.against.comparison[split].difference).toBeCloseTo(-difference, 12);
    }
    expect(own.against.comparison.train.difference).toBeGreaterThan(0);
  });
});

test.each([
  ['mean-field', /lower bound/],
  ['tap', /error is not known/],
  ['tap3', /error is not known/],
])('--estimator %s: the same with any threads, and never more than an approximation', async (estimator, reason) => {
  const options = ['evaluate', 'run', '--estimator', estimator];
  const text = await output(...options, '--threads', '1');
  expect(await output(...options, '--threads', '3')).toBe(text);
  expect(text).toMatch(/^verdict: (approximation|not to be trusted)\n {2}because .+\n {2}what to do: use the estimator two-sided/m);
  expect(text).toMatch(reason);
  expect(text).not.toMatch(/interval|95 %|stochastic|undefined|NaN/);
  const { logPartitionFunction, splits } = await evaluated('--estimator', estimator);
  expect(logPartitionFunction).not.toHaveProperty('interval');
  expect(splits.train).not.toHaveProperty('logLikelihoodInterval');
});

test('mean field knows binary visible units only', async () => {
  const data = "{ source: 'mixture-of-gaussians', values: 'real', examples: 20 }";
  writeFileSync(join(folder.path, 'real.json'), `{ data: ${data}, model: { hiddenUnits: 3 }, training: { algorithm: 'cd', updates: 1, learningRate: 0.01 } }`);
  await output('--config', 'real.json', '--output', 'real', '--quiet');
  const { code, stderr } = await cli('evaluate', 'real', '--estimator', 'tap');
  expect(code).toBe(2);
  expect(stderr).toMatch(/--estimator tap knows binary visible units only; those of this model are gaussian/);
});

test('--raise: of the first examples, at most all; without a test split those of the training split', async () => {
  const { raise: few } = await evaluated('--raise', '3', '--raise-chains', '7', '--temperatures', '50');
  const { raise: all } = await evaluated('--raise', '1000', '--temperatures', '50');
  const { splits } = await evaluated();
  expect([few.examples, few.chains, all.examples, all.chains]).toEqual([3, 7, splits.train.examples, 1]);
  for (const { mean, standardError } of [few, all]) expect(mean < 0 && standardError > 0).toBe(true);
});

test.each([
  [['--chains', '5'], /--chains 5: not a whole number from 10/],
  [['--chains', '1e3'], /--chains 1e3/],
  [['--schedule', 'foo'], /--schedule.*'foo' is invalid.*three-piece/],
  [['--estimator', 'foo'], /--estimator.*'foo' is invalid.*two-sided/],
  [['--ladder', 'foo'], /--ladder.*'foo' is invalid/],
  [['--base-rate', 'foo'], /--base-rate.*'foo' is invalid/],
  [['--reverse-start', 'foo'], /--reverse-start.*'foo' is invalid/],
  [['--reverse-start', 'exact', '--exact-cost-limit', '10'], /--reverse-start exact: .*--exact-cost-limit \d+ allows it/],
  [['--raise', '0'], /--raise 0: not a whole number from 1/],
  [['--raise-chains', '0'], /--raise-chains 0: not a whole number from 1/],
  [['--temperatures', '0'], /--temperatures 0: not a whole number from 1/],
  [['--rungs', '1'], /--rungs 1: not a whole number from 2/],
  [['--ensembles', '0'], /--ensembles 0: not a whole number from 1/],
  [['--tolerance', '-1'], /--tolerance -1: not a number ≥ 0/],
  [['--budget', 'much'], /--budget much: not a number ≥ 0/],
  [['--threads', '0'], /--threads 0: not a whole number from 1/],
  [['--per-example', 'out.npy', '--estimator', 'none'], /--per-example needs log Z/],
  [['--per-example', 'out.bin'], /--per-example out\.bin/],
])('%j is refused with one message', async (options, text) => {
  const { code, stdout, stderr } = await cli('evaluate', 'run', ...options);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.match(/^rbm-train: /gm)).toHaveLength(1);
  expect(stderr).toMatch(text);
  expect(stderr).not.toMatch(/^ {4}at |NaN|undefined|\[object/m);
  expect(existsSync(join(folder.path, 'out.npy'))).toBe(false);
});
