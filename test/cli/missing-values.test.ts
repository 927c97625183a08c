/**
 * Data with missing values through the command line: training that is stopped and resumed, and `sample --clamp` against the
 * model's own conditional distribution by brute force.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readModelFile } from '../../src/checkpoint/model-file.js';
import type { RunResult } from '../../src/run/train-run.js';
import { uniforms } from '../reference/numbers.js';
import { runCli, temporaryFolder } from './support/run-cli.js';

const { exp, log1p, abs } = Math;
const folder = temporaryFolder();
afterAll(() => folder.remove());

const [rows, n] = [60, 8];

/** Stripes of 2×4 pixels, left or right half on, of which every sixth value is missing. */
function stripes(): string {
  const random = uniforms(rows * (n + 1), 7);
  return Array.from(Array(rows).keys(), (row) => {
    const isLeft = random[row * (n + 1)] < 0.5;
    const cells = Array.from({ length: n }, (_, i) => (random[row * (n + 1) + 1 + i] < 1 / 6 ? '' : i % 4 < 2 === isLeft ? '1' : '0'));
    return cells.join(',');
  }).join('\n');
}

const training = { algorithm: 'cd', batchSize: 7, learningRate: 0.2, completionSteps: 3 };

async function train(name: string, epochs: number, ...args: string[]): Promise<RunResult> {
  writeFileSync(
    join(folder.path, `${name}.json`),
    JSON.stringify({ seed: '1', data: { source: 'file', path: 'stripes.csv', missing: 'nan', header: false }, model: { hiddenUnits: 3 }, training: { ...training, epochs } }),
  );
  const { code, stderr } = await runCli(['--config', `${name}.json`, '--output', 'run', '--quiet', ...args], { cwd: folder.path });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(readFileSync(join(folder.path, 'run', 'result.json'), 'utf8')) as RunResult;
}

function latestCheckpoint(): string {
  const checkpoints = join(folder.path, 'run', 'checkpoints');
  return join(checkpoints, readdirSync(checkpoints).toSorted().at(-1) ?? '');
}

let digest: string;
/** Examples that the likelihood is of. */
let evaluated: number;
beforeAll(async () => {
  writeFileSync(join(folder.path, 'stripes.csv'), `${stripes()}\n`);
  const result = await train('whole', 40);
  digest = result.digest;
  evaluated = result.figures.splits.train.examples;
});

describe('training', () => {
  test('likelihoods are of the rows without missing values', () => {
    const complete = stripes().split('\n').filter((line) => line.split(',').every((cell) => cell !== ''));
    expect(evaluated).toBe(complete.length);
  });

  test.each([['reference', '1'], ['wasm', '2']])('interrupted and resumed on %s, %s threads: the same digest', async (backend, threads) => {
    await train('first', 13, '--force', '--backend', backend);
    const { digest: resumed } = await train('whole', 40, '--resume-or-start', '--threads', threads);
    expect(resumed).toBe(digest);
  });

  test('the completions matter: other steps, other digest', async () => {
    training.completionSteps = 4;
    const { digest: other } = await train('other', 40, '--force');
    training.completionSteps = 3;
    expect(other).not.toBe(digest);
    await train('whole', 40, '--force');
  });
});

test('without a complete row there is nothing to evaluate, and it is said', async () => {
  writeFileSync(join(folder.path, 'gaps.csv'), '1,,0\n,1,0\n0,1,\n');
  const config = { data: { source: 'file', path: 'gaps.csv', missing: 'nan', header: false }, model: { hiddenUnits: 2 }, training: { algorithm: 'cd', updates: 5 } };
  writeFileSync(join(folder.path, 'gaps.json'), JSON.stringify(config));
  expect(await runCli(['--config', 'gaps.json', '--output', 'gaps', '--quiet'], { cwd: folder.path })).toMatchObject({ code: 0, stderr: '' });
  const outcome = await runCli(['evaluate', 'gaps'], { cwd: folder.path });
  expect(outcome.code).toBe(3);
  expect(outcome.stderr).toContain('every row has missing values');
});

describe('sample --clamp', () => {
  const known = '1,,0,,1,,,\n,,,,,,,\n0,0,1,1,0,0,1,1\n';

  async function clamp(...args: string[]): Promise<number[][]> {
    writeFileSync(join(folder.path, 'known.csv'), known);
    const { code, stdout } = await runCli(['sample', 'run', '--clamp', 'known.csv', '--json', ...args], { cwd: folder.path });
    expect(code).toBe(0);
    return JSON.parse(stdout) as number[][];
  }

  test('--means are the conditional probabilities; known values stay', async () => {
    const { weights, visibleBias, hiddenBias } = readModelFile(latestCheckpoint(), {}).parameters;
    const unnormalised = (v: readonly number[]): number => {
      let total = v.reduce((sum, value, i) => sum + value * visibleBias[i], 0);
      for (let j = 0; j < 3; j++) {
        const input = v.reduce((sum, value, i) => sum + value * weights[i * 3 + j], hiddenBias[j]);
        total += input > 0 ? input + log1p(exp(-input)) : log1p(exp(input));
      }
      return exp(total);
    };
    const means = await clamp('--means');
    expect(means[2]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    for (const [row, line] of known.trim().split('\n').slice(0, 2).entries()) {
      const cells = line.split(',');
      let total = 0;
      const on = new Float64Array(n);
      for (let state = 0; state < 256; state++) {
        const v = Array.from({ length: n }, (_, i) => (state >> i) & 1);
        if (cells.some((cell, i) => cell !== '' && Number(cell) !== v[i])) continue;
        const weight = unnormalised(v);
        total += weight;
        v.forEach((value, i) => (on[i] += value * weight));
      }
      means[row].forEach((mean, i) => expect(abs(mean - on[i] / total)).toBeLessThan(1e-12));
    }
  });

  test('samples keep what is known, as many of each row as asked for, the same for the same seed', async () => {
    const samples = await clamp('--count', '5');
    expect(samples).toHaveLength(15);
    for (const sample of samples.slice(0, 5)) expect([sample[0], sample[2], sample[4]]).toEqual([1, 0, 1]);
    expect(await clamp('--count', '5')).toEqual(samples);
    expect(await clamp('--count', '5', '--seed', '2')).not.toEqual(samples);
  });

  test('rows that are not the model’s, or lack nothing, are refused with a place', async () => {
    writeFileSync(join(folder.path, 'short.csv'), '1,0\n');
    const short = await runCli(['sample', 'run', '--clamp', 'short.csv'], { cwd: folder.path });
    expect(short.code).toBe(3);
    expect(short.stderr).toContain("has 2 columns, but the model's data had 8");
    writeFileSync(join(folder.path, 'full.csv'), '0,0,1,1,0,0,1,1\n');
    const full = await runCli(['sample', 'run', '--clamp', 'full.csv'], { cwd: folder.path });
    expect(full.code).toBe(3);
    expect(full.stderr).toContain('no value is missing in any row');
    const rungs = await runCli(['sample', 'run', '--clamp', 'full.csv', '--rungs', '4'], { cwd: folder.path });
    expect(rungs.code).toBe(2);
    expect(rungs.stderr).toContain('--rungs has no effect on clamped rows');
  });
});
