/**
 * The commands beside training, on one small run: what they print and write, against oracles of other origin.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeWithNumpy, runPython } from '../formats/numpy.js';
import * as bruteForce from '../reference/brute-force.js';
import * as extended from '../reference/extended-precision.js';
import { mat } from './support/encoders.js';
import { digestOf, foreignSafetensors, parseGreyPng, parseNpy, readExportedModel, type ForeignModel } from './support/foreign-files.js';
import { runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

// So small that both layers can be enumerated in extended precision.
const config = `{
  seed: 'commands',
  data: { source: 'bars-and-stripes', height: 2, width: 3, validation: { count: 3 } },
  model: { hiddenUnits: 4 },
  training: { algorithm: 'exact', batchSize: 'full', updates: 200, learningRate: 0.3, momentum: 0.5 },
  evaluation: { every: { updates: 50 } },
}`;

interface Splits {
  [name: string]: { examples: number; meanLogLikelihood: number; meanFreeEnergy: number; standardError: number };
}

const folder = temporaryFolder();
afterAll(folder.remove);

const inFolder = (...names: string[]): string => join(folder.path, ...names);
const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path });

/** Runs a command that must succeed and say nothing on stderr; its stdout. */
async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

const json = async (...args: string[]) => JSON.parse(await output(...args, '--json')) as Record<string, unknown>;
const matrixOf = (text: string, separator: string): number[][] =>
  text.trimEnd().split('\n').map((line) => line.split(separator).map(Number));
const npyRows = (file: string): number[][] => {
  const { shape, values } = parseNpy(readFileSync(inFolder(file)));
  return Array.from({ length: shape[0] }, (_, row) => values.slice(row * shape[1], (row + 1) * shape[1]));
};
/** A row as the oracle's integer: unit i is bit i. */
const stateOf = (row: readonly number[]): number => row.reduce((state, value, index) => state + value * 2 ** index, 0);

let model: ForeignModel;
let result: Record<string, unknown>;
/** The training rows, as `sample --start data --steps 0` shows them (a test compares them with the pictures' definition). */
let trainingRows: number[][];

beforeAll(async () => {
  writeFileSync(inFolder('small.json'), config);
  await cli('--config', 'small.json', '--output', 'run', '--quiet');
  result = JSON.parse(readFileSync(inFolder('run', 'result.json'), 'utf8')) as Record<string, unknown>;
  await cli('export', 'run', '--npz', 'model.npz');
  model = readExportedModel(inFolder('model.npz'));
  trainingRows = matrixOf((await cli('sample', 'run', '--start', 'data', '--steps', '0', '--count', '9')).stdout, ' ');
});

describe('init', () => {
  test('writes a commented config that can be trained, and never over another file', async () => {
    const { code, stderr } = await cli('init', 'first.json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('rbm-train --config first.json') });
    const text = readFileSync(inFolder('first.json'), 'utf8');
    expect(text).toMatch(/^ *\/\/ \w/m);
    const dryRun = await cli('--config', 'first.json', '--set', 'training.updates=2', '--dry-run', '--json');
    expect(dryRun.code).toBe(0);
    expect(JSON.parse(dryRun.stdout)).toMatchObject({ visibleUnits: 784, hiddenUnits: 20, updates: 2, splits: { train: 8000, validation: 1000, test: 1000 } });

    writeFileSync(inFolder('first.json'), 'mine');
    const [refused, printed] = await Promise.all([cli('init', 'first.json'), output('init')]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(inFolder('first.json'), 'utf8')).toBe('mine');
    expect(printed).toBe(text);
    expect(await cli('init', 'first.json', '--force', '--quiet')).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(inFolder('first.json'), 'utf8')).toBe(text);
  });

  test('--quiet writes nothing to stderr', async () => {
    expect(await cli('init', 'quiet.json', '--quiet')).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });
});

describe('data', () => {
  test('of a source: counts and pictures', async () => {
    const { code, stdout } = await runCli(['data', 'bars-and-stripes', '--rows', '3'], { cwd: folder.path, env: { LC_ALL: 'C' } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/16 columns \(pictures of 4 × 4\)/);
    // 2^4 + 2^4 rows; the empty and the full picture stand among bars and stripes.
    expect(stdout).toMatch(/^train +32 +0\.5000 +30 +0 +0$/m);
    // Nothing on, then the first row on, then the second: two pixel rows to a line.
    expect(stdout).toContain("|    | |''''| |....|\n|    | |    | |    |\n");
    const unicode = await runCli(['data', 'bars-and-stripes', '--rows', '3'], { cwd: folder.path, env: { LC_ALL: 'C.UTF-8' } });
    expect(unicode.stdout).toContain('│    │ │▀▀▀▀│ │▄▄▄▄│\n│    │ │    │ │    │\n');
  });

  test('of a config and of a run: the splits as trained', async () => {
    const [ofConfig, ofRun, text] = await Promise.all([json('data', 'small.json'), json('data', 'run'), output('data', 'small.json')]);
    expect(ofConfig).toMatchObject({ columns: 6, shape: [2, 3], fingerprint: result.dataFingerprint, splits: [{ name: 'train', rows: 9 }, { name: 'validation', rows: 3 }] });
    expect(ofRun).toEqual(ofConfig);
    expect(text).toContain(`fingerprint ${String(result.dataFingerprint)}`);
  });

  test('of a data file, with the keys it needs', async () => {
    writeFileSync(inFolder('grey.csv'), '0,0.9,1\n0,0.2,1\n0,0.7,1\n');
    const figures = await json('data', 'grey.csv', '--set', 'data.binarize=threshold', '--set', 'data.threshold=0.5');
    expect(figures).toMatchObject({ columns: 3, splits: [{ name: 'train', rows: 3, distinctRows: 2, alwaysOff: 1, alwaysOn: 1 }] });
    expect((figures.splits as [{ density: number }])[0].density).toBeCloseTo(5 / 9, 12);
  });
});

describe('evaluate', () => {
  test('agrees with the result of the run, named as run, as checkpoint, and by its export', async () => {
    const [checkpoint] = readdirSync(inFolder('run', 'checkpoints')).toSorted().toReversed();
    const [ofRun, ofCheckpoint, ofExport] = await Promise.all([
      json('evaluate', 'run'),
      json('evaluate', `run/checkpoints/${checkpoint}`),
      json('evaluate', 'model.npz', '--data', 'small.json'),
    ]);
    const figures = result.figures as Record<string, unknown>;
    for (const evaluated of [ofRun, ofCheckpoint, ofExport]) {
      expect(evaluated).toMatchObject({ ...figures, digest: result.digest, data: result.dataFingerprint, visibleUnits: 6, hiddenUnits: 4 });
    }
    const text = await output('evaluate', 'run');
    expect(text).toContain(`digest ${String(result.digest)}`);
    expect(text).toMatch(/log Z = .* \(exact\)/);
  });

  test('agrees with brute force over all states of both layers', async () => {
    const states = bruteForce.enumerate(model);
    const likelihood = extended.toNumber(bruteForce.meanLogLikelihood(states, trainingRows.map(stateOf)));
    const { splits, logPartitionFunction } = result.figures as { splits: Splits; logPartitionFunction: { logZ: number } };
    expect(splits.train.examples).toBe(trainingRows.length);
    expect(Math.abs(splits.train.meanLogLikelihood - likelihood)).toBeLessThan(1e-12);
    expect(Math.abs(logPartitionFunction.logZ - extended.toNumber(bruteForce.logPartitionFunction(model)))).toBeLessThan(1e-12);

    // The same model as another tool would store it, on other data: every picture of 2 × 3 once.
    const pictures = Array.from({ length: 64 }, (_, state) => Array.from({ length: 6 }, (__, index) => (state >>> index) & 1));
    writeFileSync(inFolder('all.txt'), pictures.map((row) => `${row.join(' ')}\n`).join(''));
    writeFileSync(inFolder('foreign.safetensors'), foreignSafetensors(model));
    const foreign = await json('evaluate', 'foreign.safetensors', '--data', 'all.txt');
    expect(foreign.digest).toBe(result.digest);
    const { train } = foreign.splits as Splits;
    const logProbabilities = bruteForce.visibleProbabilities(states).map(Math.log);
    const mean = logProbabilities.reduce((sum, value) => sum + value, 0) / 64;
    const variance = logProbabilities.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 63;
    expect(Math.abs(train.meanLogLikelihood - mean)).toBeLessThan(1e-12);
    expect(Math.abs(train.standardError - Math.sqrt(variance / 64))).toBeLessThan(1e-12);
  });

  test('reads a MATLAB file, by the names of Hinton’s code and by shape alone, packed or not, in either byte order', async () => {
    const { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias } = model;
    const columns = Array.from({ length: n * m }, (_, index) => weights[(index % n) * m + Math.floor(index / n)]);
    const variables = (names: readonly string[]) => [
      { name: 'epoch', shape: [1, 1], values: [50], type: 'uint8' as const },
      { name: names[0], shape: [n, m], values: columns },
      { name: 'note', shape: [1, 2], values: [104, 105], type: 'uint16' as const, arrayClass: 4 },
      { name: names[1], shape: [1, n], values: visibleBias },
      { name: names[2], shape: [m, 1], values: hiddenBias },
    ];
    // The first layer as Hinton's code for deep autoencoders saves it.
    writeFileSync(inFolder('hinton.mat'), mat(variables(['vishid', 'visbiases', 'hidrecbiases']), { compress: true }));
    writeFileSync(inFolder('shapes'), mat(variables(['p', 'q', 'r']), { bigEndian: true }));
    const [byName, byShape] = await Promise.all([
      json('evaluate', 'hinton.mat', '--data', 'small.json'),
      json('evaluate', 'shapes', '--data', 'small.json'),
    ]);
    for (const evaluated of [byName, byShape]) {
      expect(evaluated).toMatchObject({ ...(result.figures as object), digest: result.digest, visibleUnits: 6, hiddenUnits: 4 });
    }
    const from = await cli('--config', 'small.json', '--set', 'model={ from: "hinton.mat" }', '--set', 'training.updates=0', '--output', 'from-mat', '--quiet');
    expect(from).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(readFileSync(inFolder('from-mat', 'result.json'), 'utf8'))).toMatchObject({ digest: result.digest });
  });

  test('--best takes the parameters with the best validation figure', async () => {
    const best = result.best as { update: number; value: number };
    const { splits } = await json('evaluate', 'run', '--best');
    expect((splits as Splits).validation.meanLogLikelihood).toBe(best.value);
    const events = readFileSync(inFolder('run', 'metrics.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { update: number; splits: Splits });
    expect(best.value).toBe(Math.max(...events.map((event) => event.splits.validation.meanLogLikelihood)));
  });

  test('above the cost limit estimates, and says so', async () => {
    const { code, stdout, stderr } = await cli('evaluate', 'run', '--exact-cost-limit', '10', '--rungs', '4', '--json');
    expect(code).toBe(0);
    expect(stderr).toMatch(/log Z is estimated, not exact: .*--exact-cost-limit \d+ allows it/);
    const { logPartitionFunction: estimate } = JSON.parse(stdout) as { logPartitionFunction: { estimator: string; exact: boolean; interval: number[] } };
    expect([estimate.estimator, estimate.exact]).toEqual(['two-sided', false]);
    const exact = JSON.parse((await cli('evaluate', 'run', '--json')).stdout) as { logPartitionFunction: { logZ: number } };
    const half = (estimate.interval[1] - estimate.interval[0]) / 2;
    // Two half-widths of a 95 % interval: one seed in ten thousand would miss.
    expect(Math.abs((estimate.interval[0] + estimate.interval[1]) / 2 - exact.logPartitionFunction.logZ)).toBeLessThan(2 * half);
  });

  test('exact, asked for above the cost limit, is refused with the way out', async () => {
    const { code, stderr } = await cli('evaluate', 'run', '--exact-cost-limit', '10', '--estimator', 'exact');
    expect(code).toBe(2);
    expect(stderr).toMatch(/--exact-cost-limit \d+ allows it/);
  });

  test('without an estimator shows what remains', async () => {
    const { code, stdout } = await cli('evaluate', 'run', '--estimator', 'none');
    expect(code).toBe(0);
    expect(stdout).toMatch(/log Z is not known/);
    expect(stdout).toMatch(/^train +9 +unknown +-\d/m);
  });

  test('says so where the data is no longer what the run was trained on; and so does verify', async () => {
    writeFileSync(inFolder('rows.txt'), '0 0 1 1\n1 1 0 0\n');
    writeFileSync(inFolder('file.json'), "{ data: { source: 'file', path: 'rows.txt' }, model: { hiddenUnits: 2 }, training: { algorithm: 'cd', updates: 3 } }");
    expect(await cli('--config', 'file.json', '--output', 'of-file')).toMatchObject({ code: 0 });
    writeFileSync(inFolder('rows.txt'), '0 0 1 1\n1 1 0 1\n');
    const [evaluated, verified] = await Promise.all([cli('evaluate', 'of-file'), cli('verify', 'of-file', '--quiet')]);
    expect(evaluated.stderr).toMatch(/data/);
    expect(verified.code).not.toBe(0);
    expect(verified.stderr).toMatch(/data/);
  });

  test('needs --data for a model that lies in no run, and data that fit', async () => {
    const [noData, wrongData] = await Promise.all([cli('evaluate', 'model.npz'), cli('evaluate', 'model.npz', '--data', 'bars-and-stripes')]);
    expect([noData.code, wrongData.code]).toEqual([2, 2]);
    expect(noData.stderr).toContain('--data');
    expect(wrongData.stderr).toMatch(/16 columns.*6 visible/);
  });
});

describe('sample', () => {
  test('--start data --steps 0 shows the data', async () => {
    const rows = await json('sample', 'run', '--start', 'data', '--steps', '0', '--count', '20', '--split', 'validation');
    expect(rows).toHaveLength(20);
    const isBarOrStripe = ([a, b, c, d, e, f]: number[]): boolean => (a === b && b === c && d === e && e === f) || (a === d && b === e && c === f);
    expect(trainingRows.every((row) => row.length === 6 && isBarOrStripe(row))).toBe(true);
    expect((rows as unknown as number[][]).every(isBarOrStripe)).toBe(true);
    // Training and validation rows together: all 4 + 8 pictures.
    const all = [...trainingRows, ...(rows as unknown as number[][]).slice(0, 3)].map(stateOf);
    expect(new Set(all).size).toBe(10);
  });

  test('draws from the model: total variation from the exact p(v) within Monte Carlo error', async () => {
    const count = 4000;
    const rows = (await json('sample', 'run', '--steps', '100', '--count', String(count))) as unknown as number[][];
    const counts = Array.from({ length: 64 }, () => 0);
    for (const row of rows) counts[stateOf(row)]++;
    const probabilities = bruteForce.visibleProbabilities(bruteForce.enumerate(model));
    const distance = probabilities.reduce((sum, probability, state) => sum + Math.abs(probability - counts[state] / count), 0) / 2;
    // E|p − f| ≤ sqrt(p(1 − p)/N); the total deviates by more than 4/(2·sqrt(N)) once in thousands of seeds.
    const expected = probabilities.reduce((sum, probability) => sum + Math.sqrt((probability * (1 - probability)) / count), 0) / 2;
    expect(distance).toBeLessThan(expected + 2 / Math.sqrt(count));
  });

  test('is decided by the seed', async () => {
    const args = ['sample', 'run', '--count', '20', '--steps', '7'];
    const [one, again, other] = await Promise.all([output(...args), output(...args), output(...args, '--seed', '2')]);
    expect(again).toBe(one);
    expect(other).not.toBe(one);
    // The first particles are the same however many there are.
    expect(one.startsWith(await output('sample', 'run', '--count', '5', '--steps', '7'))).toBe(true);
  });

  test('writes .npy, .csv, .txt and .png files of the same states', async () => {
    const args = ['sample', 'run', '--count', '5', '--steps', '3', '--output'];
    mkdirSync(inFolder('samples'));
    const outcomes = [];
    for (const ending of ['npy', 'csv', 'txt', 'png']) outcomes.push(await cli(...args, `samples/a.${ending}`));
    expect(outcomes.map(({ code, stdout }) => ({ code, stdout }))).toEqual(Array.from({ length: 4 }, () => ({ code: 0, stdout: '' })));
    const text = readFileSync(inFolder('samples', 'a.txt'), 'utf8');
    expect(await output('sample', 'run', '--count', '5', '--steps', '3')).toBe(text);
    const rows = matrixOf(text, ' ');
    expect(rows.flat().every((value) => value === 0 || value === 1)).toBe(true);
    expect(matrixOf(readFileSync(inFolder('samples', 'a.csv'), 'utf8'), ',')).toEqual(rows);
    expect(npyRows('samples/a.npy')).toEqual(rows);

    // 5 pictures of 2 × 3 as 2 by 3, or so; each is surrounded by grey lines.
    const enlarged = parseGreyPng(readFileSync(inFolder('samples', 'a.png')));
    expect(enlarged.width).toBeGreaterThanOrEqual(240);
    // 2 by 3 pictures are 9 pixels wide; every pixel became a square of the same size.
    const factor = enlarged.width / 9;
    expect(Number.isInteger(factor)).toBe(true);
    const everyNth = <T>(list: readonly T[]): T[] => list.filter((_, index) => index % factor === 0);
    const picture = { width: 9, height: enlarged.height / factor, rows: everyNth(enlarged.rows).map(everyNth) };
    expect(enlarged.rows).toEqual(picture.rows.flatMap((row) => Array.from({ length: factor }, () => row.flatMap((grey) => Array.from({ length: factor }, () => grey)))));
    expect([(picture.width - 1) % 4, (picture.height - 1) % 3]).toEqual([0, 0]);
    const across = (picture.width - 1) / 4;
    for (const [index, row] of rows.entries()) {
      const [top, left] = [1 + 3 * Math.floor(index / across), 1 + 4 * (index % across)];
      const shown = [0, 1].flatMap((y) => picture.rows[top + y].slice(left, left + 3));
      expect(shown).toEqual(row.map((value) => 255 * value));
    }
    expect(picture.rows[0].every((grey) => grey > 0 && grey < 255)).toBe(true);
  });

  test('--means writes probabilities', async () => {
    const rows = (await json('sample', 'run', '--count', '4', '--steps', '5', '--means')) as unknown as number[][];
    expect(rows).toHaveLength(4);
    expect(rows.flat().every((value) => value > 0 && value < 1)).toBe(true);
  });
});

describe('transform', () => {
  /** E[h_j | v] = 1 / (1 + exp(−(b_j + Σ_i v_i W_ij))). */
  const naive = (row: readonly number[]): number[] =>
    model.hiddenBias.map((bias, j) => 1 / (1 + Math.exp(-row.reduce((sum, value, i) => sum + value * model.weights[i * model.hiddenUnits + j], bias))));

  function expectNaive(means: number[][], rows: number[][]): void {
    expect(means.map((row) => row.length)).toEqual(rows.map(() => 4));
    const errors = rows.flatMap((row, index) => naive(row).map((mean, j) => Math.abs(mean - means[index][j])));
    expect(Math.max(...errors)).toBeLessThan(1e-15 * 4);
  }

  test('gives E[h | v] of every row, as CSV on stdout and as .csv and .npy', async () => {
    const csv = await output('transform', 'run');
    expectNaive(matrixOf(csv, ','), trainingRows);
    for (const file of ['features.npy', 'features.csv']) expect(await cli('transform', 'run', '--output', file)).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(inFolder('features.csv'), 'utf8')).toBe(csv);
    expect(parseNpy(readFileSync(inFolder('features.npy')))).toMatchObject({ descr: '<f8', shape: [9, 4] });
    expect(npyRows('features.npy')).toEqual(matrixOf(csv, ','));
  });

  test('of other data, with a model of another tool', async () => {
    writeFileSync(inFolder('two.csv'), '1,0,1,0,1,0\n0,0,0,0,0,0\n');
    expectNaive(matrixOf(await output('transform', 'model.npz', '--data', 'two.csv'), ','), [[1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0]]);
    const wrong = await cli('transform', 'run', '--split', 'test');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('train, validation');
  });

  test('--json writes one JSON document', async () => {
    const [document, csv] = await Promise.all([json('transform', 'run'), output('transform', 'run')]);
    expect(document).toEqual(matrixOf(csv, ','));
  });
});

describe('inspect', () => {
  test('shows what is in a run, in a checkpoint and in a model of another tool', async () => {
    const [text, ofRun, ofExport] = await Promise.all([output('inspect', 'run'), json('inspect', 'run'), json('inspect', 'model.npz')]);
    expect(text).toMatch(/6 visible × 4 hidden/);
    expect(text).toContain(`digest ${String(result.digest)}`);
    expect(text).toContain('update 200');
    expect(ofRun).toMatchObject({
      visibleUnits: 6,
      hiddenUnits: 4,
      digest: result.digest,
      progress: { update: 200 },
      identity: { configHash: result.configHash, dataFingerprint: result.dataFingerprint },
    });
    const names = ['weights', 'visibleBias', 'hiddenBias'];
    const tensors = ofRun.tensors as { name: string; shape: number[]; minimum: number; maximum: number; mean: number }[];
    expect(tensors.map(({ name }) => name)).toEqual([...names, ...names.map((name) => `velocity.${name}`)]);
    const [weights] = tensors;
    expect(weights).toMatchObject({ shape: [6, 4], minimum: Math.min(...model.weights), maximum: Math.max(...model.weights) });
    expect(weights.mean).toBeCloseTo(model.weights.reduce((sum, value) => sum + value, 0) / 24, 14);
    expect(ofExport).toMatchObject({ digest: result.digest, tensors: tensors.slice(0, 3) });
  });

  test('shows no velocity of a training without momentum', async () => {
    await cli('--config', 'small.json', '--set', 'training.momentum=0', '--set', 'training.updates=5', '--output', 'plain', '--quiet');
    const { tensors, progress } = await json('inspect', 'plain');
    expect(progress).toMatchObject({ update: 5 });
    expect((tensors as { name: string }[]).map(({ name }) => name)).toEqual(['weights', 'visibleBias', 'hiddenBias']);
  });
});

describe('export', () => {
  test('writes the parameters, of which the digest is the one of the run', () => {
    expect(model).toMatchObject({ visibleUnits: 6, hiddenUnits: 4 });
    expect(digestOf(model)).toBe(result.digest);
  });

  describeWithNumpy('for numpy', () => {
    test('gives arrays of the right shapes and the same numbers', () => {
      const script = "import numpy, json; f = numpy.load('model.npz'); print(json.dumps({k: [f[k].dtype.str, f[k].shape, f[k].ravel().tolist()] for k in f}))";
      expect(JSON.parse(runPython(script, folder.path))).toEqual({
        weights: ['<f8', [6, 4], model.weights],
        visibleBias: ['<f8', [6], model.visibleBias],
        hiddenBias: ['<f8', [4], model.hiddenBias],
      });
    });

    test('and what numpy saves under the names of scikit-learn is the same model', async () => {
      const script =
        "import numpy; f = numpy.load('model.npz'); numpy.savez_compressed('sklearn.npz', components_=f['weights'].T, intercept_visible_=f['visibleBias'], intercept_hidden_=f['hiddenBias'])";
      runPython(script, folder.path);
      expect(await json('inspect', 'sklearn.npz')).toMatchObject({ digest: result.digest });
    });
  });

  test('--best exports the best parameters, and a missing folder is made', async () => {
    expect(await cli('export', 'run', '--best', '--npz', 'new/folder/best.npz', '--quiet')).toMatchObject({ code: 0, stderr: '' });
    const { digest } = await json('evaluate', 'run', '--best');
    expect(digestOf(readExportedModel(inFolder('new', 'folder', 'best.npz')))).toBe(digest);
  });
});

describe('help', () => {
  const commands = ['init', 'data', 'watch', 'evaluate', 'sample', 'transform', 'inspect', 'verify', 'export'];

  test('--help names every command, option and exit code, on stdout', async () => {
    const [option, command] = await Promise.all([output('--help'), output('help')]);
    expect(command).toBe(option);
    for (const name of commands) expect(option).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const name of ['--config', '--resume', '--resume-or-start', '--set', '--seed', '--output', '--force', '--print-config', '--dry-run', '--expect', '--json', '--quiet', '--debug']) {
      expect(option).toMatch(new RegExp(`^  (-\\w, )?${name}\\b`, 'm'));
    }
    for (const code of ['0 ok', '1 runtime', '2 usage', '3 data', '4 diverged', '5 digest', '6 incomplete', '75 ', '129 SIGHUP', '130 SIGINT', '143 SIGTERM']) {
      expect(option).toContain(code);
    }
  });

  test.each(commands)('%s --help is what help shows', async (name) => {
    const [option, command] = await Promise.all([output(name, '--help'), output('help', name)]);
    expect(option).toMatch(new RegExp(`^Usage: rbm-train ${name} `));
    expect(command).toBe(option);
  });

  test('help config explains every key of the published schema', async () => {
    interface Schema {
      properties?: Record<string, Schema>;
    }
    const pathsIn = (schema: Schema, path: string): string[] =>
      Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [path + key, ...pathsIn(inner, `${path}${key}.`)]);
    const schema = JSON.parse(readFileSync(new URL('../../schema.json', import.meta.url), 'utf8')) as Schema;
    const text = await output('help', 'config');
    const sections = new Map(text.split(/\n\n+/).map((section) => [section.split('\n', 1)[0], section]));
    // Small objects, such as { epochs: … } or { updates: … }, are explained with the key that has them.
    const isExplained = (path: string): boolean => {
      const dot = path.lastIndexOf('.');
      return sections.has(path) || (sections.get(path.slice(0, dot)) ?? '').includes(` ${path.slice(dot + 1)}: `);
    };
    const paths = pathsIn(schema, '');
    expect(paths).toContain('training.weightDecay.l2');
    expect(paths.filter((path) => !isExplained(path))).toEqual([]);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test('--version is the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(await output('--version')).toBe(`${version}\n`);
  });

  test('an unknown command is refused with the nearest one', async () => {
    const [word, topic] = await Promise.all([cli('evalaute', 'run'), cli('help', 'smaple')]);
    expect([word.code, topic.code]).toEqual([2, 2]);
    expect(word.stderr).toContain('Did you mean evaluate?');
    expect(topic.stderr).toContain('Did you mean sample?');
  });
});

test('no command has left temporary files behind', () => {
  const left = readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));
  expect(left).toEqual([]);
  expect(existsSync(inFolder('runs'))).toBe(false);
});
