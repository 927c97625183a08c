/**
 * The same files whatever computes them: backend × threads × two interruptions, for every training algorithm, and for
 * everything that can stand between its gradient and the step.
 *
 * Every run is killed once and asked to stop once, each time at a given update, and continued with another backend and
 * another number of threads. Processes stop themselves (a module that Node.js loads before the tool), so that no moment
 * depends on the machine's speed. The exact gradient enumerates 2^8 states here: the 2^20 of 784×20 are refused.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const killAt = 5;
const stopAt = 7;
const updates = 9;
const threadCounts = [1, 2, 3, 4];

/** Ends the process by a signal as soon as it has logged a given update. */
const stopItself = `
const { isMainThread } = require('node:worker_threads');
const { STOP_SIGNAL: signal, STOP_UPDATE: update } = process.env;
const write = process.stderr.write;
if (isMainThread && signal) process.stderr.write = function (text, ...others) {
  const result = write.call(this, text, ...others);
  if (String(text).startsWith('update ' + update + '/')) {
    process.kill(process.pid, signal);
    // Longer than training goes on without looking for signals: this update is the last.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
  }
  return result;
};
`;

interface Execution {
  readonly backend: 'reference' | 'wasm';
  readonly threads: number;
}

/** Of each run, the first, the second and the last session. */
type Sessions = readonly [Execution, Execution, Execution];

const reference = (threads: number): Execution => ({ backend: 'reference', threads });
const wasm = (threads: number): Execution => ({ backend: 'wasm', threads });

/** Together every backend with every number of threads; the reference backend has one thread whatever it is asked for. */
const runs: readonly Sessions[] = [
  [wasm(1), reference(2), wasm(3)],
  [reference(4), wasm(2), reference(1)],
  [wasm(4), reference(3), wasm(1)],
];

/** Batches of 20, 20 and 10: the last one of an epoch is smaller. Checkpoints are taken between the interruptions, too. */
const common = `
  seed: 'matrix',
  evaluation: { every: { updates: 4 }, logLikelihood: LIKELIHOOD },
  checkpoint: { every: { updates: 3 } },
  log: { every: { updates: 1 } },
`;
const mnist = "{ source: 'mnist', binarize: 'threshold', train: { count: 50 }, validation: { count: 10 } }";
const barsAndStripes = "{ source: 'bars-and-stripes', height: 4, width: 4, validation: { count: 5 } }";

interface Case {
  readonly name: string;
  readonly data: string;
  readonly hiddenUnits: number;
  /** Keys of the model beside the number of hidden units. */
  readonly model?: string;
  readonly algorithm: string;
  readonly steps: string;
  /** Whether evaluations have the exact log Z. */
  readonly exact: boolean;
}

const algorithms = {
  'CD-1': "algorithm: 'cd', k: 1",
  'CD-10': "algorithm: 'cd', k: 10",
  SML: "algorithm: 'sml', k: 2, chains: 15",
  'tempered SML': "algorithm: 'tempered-sml', k: 2, chains: 4, rungs: 5",
  'SML with fast weights': "algorithm: 'fast-sml', k: 2, chains: 15, fastLearningRate: 0.1",
  'exact gradient': "algorithm: 'exact'",
  TAP: "algorithm: 'mean-field', expansionOrder: 3, chains: 15",
  'pseudo-likelihood': "algorithm: 'pseudo-likelihood'",
  'ratio matching': "algorithm: 'ratio-matching'",
} as const;

/** Steps of plain gradient ascent, and of all that can be asked for; averaging begins between the interruptions. */
const plainSteps = 'learningRate: 0.1, momentum: 0.5, weightDecay: { l2: 0.001 }';
const everything = `learningRate: 0.01, optimizer: 'nesterov', momentum: 0.5, weightDecay: { l1: 0.0001, l2: 0.001 }, sparsity: { target: 0.1, cost: 0.1 },
  centring: { offsets: 'both' }, clipNorm: 1, averaging: { from: { updates: 6 } }`;

const plainCases: readonly Case[] = Object.entries(algorithms).flatMap(([name, algorithm]) => {
  const isExact = name === 'exact gradient';
  const hiddenUnits = isExact ? 8 : 20;
  return [
    // 2^20 states × 784 units are half a second of the reference backend at every evaluation: once is enough.
    { name: `${name}, MNIST 784×${hiddenUnits}`, data: mnist, hiddenUnits, algorithm, steps: plainSteps, exact: isExact },
    { name: `${name}, bars and stripes 16×8`, data: barsAndStripes, hiddenUnits: 8, algorithm, steps: plainSteps, exact: true },
  ];
});

/** Every unit type; categorical data are in a file of words. */
const units = [
  { name: 'ising × ising', data: barsAndStripes, model: "visible: { units: 'ising' }, hidden: { units: 'ising' }" },
  {
    name: 'gaussian × binary, learned variances',
    data: "{ source: 'mixture-of-gaussians', values: 'real', dimensions: 9, examples: 50, standardize: 'columns', validation: { count: 10 } }",
    model: "visible: { units: 'gaussian', variance: 'learned' }",
  },
  {
    name: 'gaussian × ising',
    data: "{ source: 'mixture-of-gaussians', values: 'real', dimensions: 9, examples: 50, validation: { count: 10 } }",
    model: "visible: { units: 'gaussian', varianceValue: 0.5 }, hidden: { units: 'ising' }",
  },
  { name: 'categorical × ising', data: "{ source: 'file', path: 'words.csv', values: 'categorical', validation: { count: 10 } }", model: "hidden: { units: 'ising' }" },
];
const unitCases: readonly Case[] = units.flatMap(({ name, data, model }) =>
  (['CD-1', 'SML', 'exact gradient'] as const).map((algorithm) => ({
    name: `units ${name}, ${algorithm}`,
    data,
    model,
    hiddenUnits: 8,
    algorithm: algorithms[algorithm],
    // Averages are of declared parameters.
    steps: algorithm === 'CD-1' ? `${plainSteps}, averaging: { from: { updates: 6 } }` : plainSteps,
    exact: true,
  })),
);
const words = Array.from({ length: 50 }, (_, row) => `${['red', 'green', 'blue'][row % 3]},${row % 2},${['a', 'b', 'c', 'd'][(row * row) % 4]}\n`).join('');

const cases: readonly Case[] = [
  ...plainCases,
  ...unitCases,
  { name: 'SML with everything, MNIST 784×20', data: mnist, hiddenUnits: 20, algorithm: algorithms.SML, steps: everything, exact: false },
  { name: 'CD-1 with everything, bars and stripes 16×8', data: barsAndStripes, hiddenUnits: 8, algorithm: algorithms['CD-1'], steps: everything, exact: true },
];

const folder = temporaryFolder();
afterAll(folder.remove);

const inFolder = (...names: string[]): string => join(folder.path, ...names);
const contentOf = (...names: string[]): string => readFileSync(inFolder(...names), 'latin1');

function cli(args: readonly string[], { backend, threads }: Execution, stop?: { signal: string; update: number }): Promise<RunOutcome> {
  return runCli([...args, '--backend', backend, '--threads', String(threads)], {
    cwd: folder.path,
    env: {
      XDG_CACHE_HOME: inFolder('cache'),
      NODE_OPTIONS: `--require ${JSON.stringify(inFolder('stop-itself.cjs'))}`,
      ...(stop && { STOP_SIGNAL: stop.signal, STOP_UPDATE: String(stop.update) }),
    },
  });
}

/** What must not depend on how a run was computed. */
function lastingFiles(run: string): Record<string, string> {
  const last = readdirSync(inFolder(run, 'checkpoints')).toSorted().at(-1);
  const files = ['result.json', 'metrics.jsonl', 'best.safetensors', `checkpoints/${last}`];
  return Object.fromEntries(files.map((file) => [file, contentOf(run, file)]));
}

/** Runs from start to end with both interruptions. */
async function interruptedRun(config: string, run: string, [first, second, last]: Sessions): Promise<void> {
  const killed = await cli(['--config', config, '--output', run], first, { signal: 'SIGKILL', update: killAt });
  expect(killed).toMatchObject({ signal: 'SIGKILL', stdout: '' });
  const stopped = await cli(['--resume', run], second, { signal: 'SIGTERM', update: stopAt });
  expect(stopped).toMatchObject({ code: 143, stdout: '' });
  expect(await cli(['--resume', run, '--quiet'], last)).toMatchObject({ code: 0, stderr: '' });
  const { sessions } = JSON.parse(contentOf(run, 'execution.json')) as { sessions: object[] };
  const used = ({ backend, threads }: Execution) => ({ backend, threads: backend === 'reference' ? 1 : threads });
  expect(sessions).toMatchObject([
    { ...used(first), ended: 'running', fromUpdate: 0 },
    { ...used(second), ended: 'stopped', fromUpdate: 3, toUpdate: stopAt },
    { ...used(last), ended: 'finished', fromUpdate: stopAt, toUpdate: updates },
  ]);
}

beforeAll(() => {
  writeFileSync(inFolder('stop-itself.cjs'), stopItself);
  writeFileSync(inFolder('words.csv'), words);
});

describe('the files of a run', () => {
  test('the interrupted runs take every backend with every number of threads', () => {
    const names = new Set(runs.flat().map(({ backend, threads }) => `${backend} ${threads}`));
    expect([...names].toSorted()).toEqual(['reference', 'wasm'].flatMap((name) => threadCounts.map((count) => `${name} ${count}`)));
  });

  test.each(cases)('are the same over backends, threads and interruptions: $name', async ({ name, data, hiddenUnits, model = '', algorithm, steps, exact }) => {
    const id = `case-${cases.findIndex((other) => other.name === name)}`;
    const config = `${id}.json`;
    writeFileSync(
      inFolder(config),
      `{ data: ${data}, model: { hiddenUnits: ${hiddenUnits}, ${model} },
      training: { ${algorithm}, updates: ${updates}, batchSize: 20, ${steps} },
      ${common.replace('LIKELIHOOD', exact ? "'exact'" : "'never'")} }`,
    );
    expect(await cli(['--config', config, '--output', id, '--quiet'], { backend: 'reference', threads: 1 })).toMatchObject({ code: 0 });
    const expected = lastingFiles(id);
    await Promise.all(runs.map((sessions, index) => interruptedRun(config, `${id}-${index}`, sessions)));
    for (const index of runs.keys()) {
      for (const [file, content] of Object.entries(lastingFiles(`${id}-${index}`))) {
        expect({ index, file, same: content === expected[file] }).toEqual({ index, file, same: true });
      }
    }
  });

  test('have the same exact log Z of 784×20 over backends and threads', async () => {
    writeFileSync(
      inFolder('exact.json'),
      `{ data: ${mnist}, model: { hiddenUnits: 20 }, training: { algorithm: 'cd', updates: 3, batchSize: 20 },
      ${common.replace('LIKELIHOOD', "'exact'").replace('{ updates: 4 }', "'never'")} }`,
    );
    const executions = [reference(1), ...threadCounts.map(wasm)];
    const results: string[] = [];
    for (const execution of executions) {
      const run = `exact-${execution.backend}-${execution.threads}`;
      expect(await cli(['--config', 'exact.json', '--output', run, '--quiet'], execution)).toMatchObject({ code: 0 });
      results.push(contentOf(run, 'result.json'));
    }
    expect(new Set(results).size).toBe(1);
    expect(JSON.parse(results[0])).toMatchObject({ figures: { logPartitionFunction: { exact: true } } });
  });
});
