/**
 * Unit types through the command line: trained, continued, evaluated, sampled, transformed and inspected in the units that the
 * config declares.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readNpy } from '../../src/formats/npy.js';
import { runCli, temporaryFolder } from './support/run-cli.js';

const { exp, log, max, min, PI, E } = Math;

const folder = temporaryFolder();
afterAll(folder.remove);

async function cli(...args: string[]) {
  const outcome = await runCli(args, { cwd: folder.path });
  expect(outcome).toMatchObject({ code: 0 });
  return outcome;
}

/** Rows of numbers that a command printed. */
function rowsOf(text: string): number[][] {
  return text.trim().split('\n').map((line) => line.split(/[ ,]/).map(Number));
}

function train(name: string, config: string, ...args: string[]) {
  writeFileSync(join(folder.path, `${name}.json`), config);
  return cli('--config', `${name}.json`, '--output', name, '--quiet', ...args);
}

describe('Gaussian units with learned variances', () => {
  // A column far from 0 and narrow, and one that is wide.
  const config = `{
    data: { source: 'file', path: 'real.csv', values: 'real', standardize: 'columns', test: { count: 50 } },
    model: { hiddenUnits: 4, visible: { units: 'gaussian', variance: 'learned' }, weights: { standardDeviation: 0.1 } },
    training: { algorithm: 'sml', chains: 50, epochs: 200, batchSize: 50 },
    evaluation: { every: 'never' },
  }`;
  const values = Array.from({ length: 250 }, (_, row) => [1000 + (row % 2 === 0 ? 3 : -3) + (((row * 7) % 11) - 5) / 10, 50 * (row % 2) + ((row * 13) % 17)]);

  beforeAll(async () => {
    writeFileSync(join(folder.path, 'real.csv'), values.map((row) => `${row.join(',')}\n`).join(''));
    await train('gaussian', config);
  });

  test('learns more than independent units, says that likelihoods are densities, and can be evaluated again', async () => {
    const { figures } = JSON.parse(readFileSync(join(folder.path, 'gaussian', 'result.json'), 'utf8'));
    expect(figures.splits.train.meanLogLikelihood).toBeGreaterThan(-log(2 * PI * E) + 0.5);
    const text = await cli('evaluate', 'gaussian');
    expect(text.stdout).toContain('likelihoods are densities of the standardized values');
    const again = JSON.parse((await cli('evaluate', 'gaussian', '--json')).stdout);
    expect(again.splits.train.meanLogLikelihood).toBeCloseTo(figures.splits.train.meanLogLikelihood, 9);
    expect(again.logPartitionFunction.logZ).toBeCloseTo(figures.logPartitionFunction.logZ, 9);
    expect(again).toMatchObject({ units: { visible: 'gaussian', hidden: 'binary', variance: 'learned' }, density: 'densities of the standardized values' });
  });

  test('the same rows in a file of their own have the same likelihoods: they are standardized as the training data were', async () => {
    await cli('evaluate', 'gaussian', '--per-example', 'own.csv');
    await cli('evaluate', 'gaussian', '--data', 'real.csv', '--per-example', 'other.csv');
    const [own, other] = ['own.csv', 'other.csv'].map((file) => rowsOf(readFileSync(join(folder.path, file), 'utf8')).map(([value]) => value));
    // The run has shuffled its rows before dividing them.
    const [sorted, expected] = [other, own].map((list) => list.toSorted((one, two) => one - two));
    expect(sorted.length).toBe(250);
    sorted.forEach((value, index) => expect(value).toBeCloseTo(expected[index], 9));
  });

  test('samples are of the scale of the data, standardized ones are not', async () => {
    const samples = rowsOf((await cli('sample', 'gaussian', '--count', '400', '--steps', '200')).stdout);
    const first = samples.map(([value]) => value);
    const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
    // σ ≈ 3 of the data: the standard error of the mean of 400 is 0.15, of a model that is nearly theirs.
    expect(mean).toBeGreaterThan(999);
    expect(mean).toBeLessThan(1001);
    const standardized = rowsOf((await cli('sample', 'gaussian', '--count', '400', '--steps', '200', '--standardized')).stdout);
    const { identity } = JSON.parse((await cli('inspect', 'gaussian', '--json')).stdout);
    const { means, deviations } = identity.standardization;
    samples.forEach((row, index) => row.forEach((value, i) => expect((value - means[i]) / deviations[i]).toBeCloseTo(standardized[index][i], 9)));
    const conditional = rowsOf((await cli('sample', 'gaussian', '--count', '50', '--steps', '200', '--means')).stdout);
    // Given the hidden units there is no noise left: fewer different values than rows.
    expect(new Set(conditional.map((row) => row.join())).size).toBeLessThan(50);
  });

  test('is the same whether it was interrupted or not', async () => {
    await train('part', config, '--set', 'training.epochs=100');
    await cli('--resume', 'part', '--set', 'training.epochs=200', '--quiet');
    const [whole, continued] = ['gaussian', 'part'].map((run) => JSON.parse(readFileSync(join(folder.path, run, 'result.json'), 'utf8')));
    expect(continued.digest).toBe(whole.digest);
  });

  test('a checkpoint has the variances, and training can start from it', async () => {
    const { stdout } = await cli('inspect', 'gaussian');
    expect(stdout).toContain('units gaussian (learned variances) visible × binary hidden');
    expect(stdout).toMatch(/^visibleLogVariance +2 /m);
    await train('from', config.replace(/model: \{.*\},\n/, "model: { from: 'gaussian/checkpoints/update-0000000000800.safetensors' },\n").replace('epochs: 200', 'epochs: 0'));
    const digests = ['gaussian', 'from'].map((run) => JSON.parse(readFileSync(join(folder.path, run, 'result.json'), 'utf8')).digest);
    expect(digests[1]).toBe(digests[0]);
  });
});

describe('±1 units', () => {
  const config = `{
    data: { source: 'bars-and-stripes', height: 3, width: 3, duplicates: 'remove' },
    model: { hiddenUnits: 6, visible: { units: 'ising' }, hidden: { units: 'ising' } },
    training: { algorithm: 'cd', epochs: 200, batchSize: 7 },
    evaluation: { every: 'never' },
  }`;
  beforeAll(() => train('ising', config));

  test('samples, means and features are in [−1, 1]', async () => {
    const samples = rowsOf((await cli('sample', 'ising', '--count', '30', '--steps', '20')).stdout);
    expect(new Set(samples.flat())).toEqual(new Set([-1, 1]));
    const means = rowsOf((await cli('sample', 'ising', '--count', '30', '--steps', '20', '--means')).stdout).flat();
    expect(min(...means)).toBeLessThan(-0.1);
    expect(max(...means)).toBeGreaterThan(0.1);
    await cli('transform', 'ising', '--output', 'features.npy');
    const { values } = readNpy(readFileSync(join(folder.path, 'features.npy')), 'features.npy');
    expect(values.length).toBe(14 * 6);
    expect(min(...values)).toBeLessThan(0);
    expect(min(...values)).toBeGreaterThanOrEqual(-1);
    await cli('sample', 'ising', '--count', '4', '--output', 'ising.png');
  });

  test('estimated and exact log Z agree', async () => {
    const [exact, estimated] = await Promise.all(
      ['exact', 'two-sided'].map(async (estimator) => JSON.parse((await cli('evaluate', 'ising', '--json', '--quiet', '--estimator', estimator, '--temperatures', '500')).stdout)),
    );
    const [low, high] = estimated.logPartitionFunction.interval;
    const reach = (5 * (high - low)) / 3.92;
    expect(estimated.logPartitionFunction.logZ).toBeGreaterThan(exact.logPartitionFunction.logZ - reach);
    expect(estimated.logPartitionFunction.logZ).toBeLessThan(exact.logPartitionFunction.logZ + reach);
  });
});

describe('categorical units', () => {
  const colours = ['red', 'green', 'blue'];
  const rows = Array.from({ length: 60 }, (_, row) => `${colours[row % 3]},${10 * (row % 2)}`);
  beforeAll(async () => {
    writeFileSync(join(folder.path, 'words.csv'), `${rows.join('\n')}\n`);
    await train('words', `{
      data: { source: 'file', path: 'words.csv', values: 'categorical' },
      model: { hiddenUnits: 3 },
      training: { algorithm: 'cd', epochs: 20, batchSize: 10 },
    }`);
  });

  test('are sampled as codes, with what they stand for; means are one number for each value', async () => {
    const { stdout, stderr } = await cli('sample', 'words', '--count', '40', '--steps', '5');
    expect(stderr).toContain('0 is blue, 1 is green, 2 is red');
    const samples = rowsOf(stdout);
    expect(samples.every((row) => row.length === 2)).toBe(true);
    expect(new Set(samples.map(([first]) => first))).toEqual(new Set([0, 1, 2]));
    expect(new Set(samples.map(([, second]) => second))).toEqual(new Set([0, 10]));
    const means = rowsOf((await cli('sample', 'words', '--count', '4', '--steps', '5', '--means')).stdout);
    means.forEach((row) => {
      expect(row.length).toBe(5);
      expect(row[0] + row[1] + row[2]).toBeCloseTo(1, 12);
    });
  });

  test('probabilities of all rows sum to one', async () => {
    const all = colours.flatMap((colour) => [0, 10].map((number) => `${colour},${number}\n`));
    writeFileSync(join(folder.path, 'all.csv'), all.join(''));
    await cli('evaluate', 'words', '--data', 'all.csv', '--per-example', 'probabilities.csv');
    const logs = rowsOf(readFileSync(join(folder.path, 'probabilities.csv'), 'utf8')).map(([value]) => value);
    expect(logs.length).toBe(6);
    expect(logs.reduce((sum, value) => sum + exp(value), 0)).toBeCloseTo(1, 10);
  });

  test('data with other values are refused', async () => {
    writeFileSync(join(folder.path, 'other.csv'), 'red,0\nyellow,10\nblue,0\n');
    const outcome = await runCli(['evaluate', 'words', '--data', 'other.csv'], { cwd: folder.path });
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain('the values of its columns are not those that the model was trained on');
  });
});

test('±1 units: the same figures of averaged parameters, and the same exact gradient after a restart, for any number of threads', async () => {
  // Where kernels only queue their work, the model that was asked for is not there yet when its numbers are read.
  const config = (algorithm: string, updates: number): string => `{
    data: { source: 'bars-and-stripes', height: 3, width: 3 },
    model: { hiddenUnits: 4, visible: { units: 'ising' }, hidden: { units: 'ising' } },
    training: { algorithm: '${algorithm}', updates: ${updates}, learningRate: 0.05${algorithm === 'cd' ? ', averaging: {}' : ''} },
    evaluation: { every: { updates: 10 } },
  }`;
  const bytesOf = (name: string, file: string): string => readFileSync(join(folder.path, name, file), 'utf8');
  for (const threads of ['1', '3']) await train(`averaged-${threads}`, config('cd', 20), '--threads', threads);
  for (const file of ['metrics.jsonl', 'result.json']) expect(bytesOf('averaged-3', file)).toBe(bytesOf('averaged-1', file));
  await train('straight', config('exact', 20), '--threads', '1');
  await train('resumed', config('exact', 7), '--threads', '1');
  await train('resumed', config('exact', 20), '--resume-or-start', '--threads', '3');
  expect(bytesOf('resumed', 'result.json')).toBe(bytesOf('straight', 'result.json'));
});
