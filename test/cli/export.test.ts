/** `rbm-train export` of a run's metrics: the CSV and the event file against metrics.jsonl itself, and what it refuses. */

import { appendFileSync, copyFileSync, cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { decodeEvents } from '../formats/tensorboard.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { temporaryFolder, type RunOutcome } from './support/run-cli.js';

const { fround } = Math;

const config = {
  seed: 'export',
  data: { source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 4 } },
  model: { hiddenUnits: 5 },
  training: { algorithm: 'sml', k: 1, chains: 7, batchSize: 5, updates: 30, learningRate: 0.1 },
  evaluation: { every: { updates: 10 } },
};
const eventFile = 'events.out.tfevents.0000000000.rbm-train';

const folder = temporaryFolder();
let server: CliServer;
const inFolder = (...names: string[]): string => join(folder.path, ...names);
const cli = (...args: string[]): Promise<RunOutcome> => server.run(args, { cwd: folder.path });

interface Line {
  readonly update: number;
  readonly epoch: number;
  readonly splits: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly diagnostics: { readonly fit: { readonly weightNorm: number; readonly singularValues: readonly number[] } };
}
let lines: Line[];

beforeAll(async () => {
  server = startCliServer();
  writeFileSync(inFolder('small.json'), JSON.stringify(config));
  await cli('--config', 'small.json', '--output', 'run', '--no-report', '--quiet');
  const text = readFileSync(inFolder('run', 'metrics.jsonl'), 'utf8');
  lines = text.trimEnd().split('\n').map((line) => JSON.parse(line) as Line & { event: string }).filter(({ event }) => event === 'evaluation');
});
afterAll(() => {
  server.stop();
  folder.remove();
});

/** Fields without quotes: there are none in these metrics. */
function fieldsOf(csv: string): string[][] {
  expect(csv.endsWith('\n')).toBe(true);
  return csv.slice(0, -1).split('\n').map((line) => line.split(','));
}

describe('--csv', () => {
  test('is the table of metrics.jsonl, exactly', async () => {
    expect(await cli('export', 'run', '--csv', 'new/metrics.csv')).toMatchObject({ code: 0, stdout: '', stderr: 'wrote new/metrics.csv\n' });
    const [names, ...rows] = fieldsOf(readFileSync(inFolder('new', 'metrics.csv'), 'utf8'));
    expect(lines.map(({ update }) => update)).toEqual([0, 10, 20, 30]);
    const column = (name: string): number[] => rows.map((row) => Number(row[names.indexOf(name)]));
    expect(names.slice(0, 2)).toEqual(['update', 'epoch']);
    expect(column('update')).toEqual(lines.map(({ update }) => update));
    expect(column('epoch')).toEqual(lines.map(({ epoch }) => epoch));
    expect(column('splits.validation.meanLogLikelihood')).toEqual(lines.map(({ splits }) => splits.validation.meanLogLikelihood));
    expect(column('diagnostics.fit.weightNorm')).toEqual(lines.map(({ diagnostics }) => diagnostics.fit.weightNorm));
    expect(column('diagnostics.fit.singularValues[2]')).toEqual(lines.map(({ diagnostics }) => diagnostics.fit.singularValues[2]));
  });

  test('- is stdout, and a checkpoint stands for its run', async () => {
    await cli('export', 'run', '--csv', 'metrics.csv', '--quiet');
    const [checkpoint] = readdirSync(inFolder('run', 'checkpoints'));
    const expected = { code: 0, stdout: readFileSync(inFolder('metrics.csv'), 'utf8'), stderr: '' };
    expect(await cli('export', 'run', '--csv', '-')).toMatchObject(expected);
    expect(await cli('export', `run/checkpoints/${checkpoint}`, '--csv', '-')).toMatchObject(expected);
  });
});

describe('--tensorboard', () => {
  test('is a file of scalars and of the weights as a picture, the same bytes every time', async () => {
    expect(await cli('export', 'run', '--tensorboard', 'logs/one')).toMatchObject({ code: 0, stdout: '', stderr: `wrote ${join('logs', 'one', eventFile)}\n` });
    const bytes = readFileSync(inFolder('logs', 'one', eventFile));
    const [version, ...events] = decodeEvents(bytes);
    expect(version.fileVersion).toBe('brain.Event:2');
    const values = events.flatMap(({ step, wallTime, summary }) => (summary?.value ?? []).map((value) => ({ step: Number(step), wallTime, ...value })));
    const scalars = (tag: string) => values.filter((value) => value.tag === tag).map(({ step, simpleValue }) => [step, simpleValue]);
    expect(scalars('logLikelihood/train')).toEqual(lines.map(({ update, splits }) => [update, fround(splits.train.meanLogLikelihood)]));
    expect(scalars('fit/singularValues/0')).toEqual(lines.map(({ update, diagnostics }) => [update, fround(diagnostics.fit.singularValues[0])]));
    const images = values.filter(({ image }) => image !== undefined);
    expect(images).toEqual([expect.objectContaining({ step: 30, wallTime: 30, tag: 'weights/filters' })]);
    expect(Buffer.from(images[0].image?.encodedImageString ?? '', 'base64').subarray(1, 4).toString('latin1')).toBe('PNG');
    expect(values.every(({ step, wallTime }) => step === wallTime)).toBe(true);
    await cli('export', 'run', '--tensorboard', 'logs/two', '--quiet');
    expect(readFileSync(inFolder('logs', 'two', eventFile)).equals(bytes)).toBe(true);
  });
});

describe('several at once', () => {
  test('are all written, and told in one document', async () => {
    const { code, stdout, stderr } = await cli('export', 'run', '--npz', 'all.npz', '--csv', 'all.csv', '--tensorboard', 'all', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ output: 'all.npz', outputs: ['all.npz', 'all.csv', join('all', eventFile)] });
    expect(readdirSync(folder.path)).toEqual(expect.arrayContaining(['all', 'all.csv', 'all.npz']));
  });
});

describe('what cannot be', () => {
  test.each([
    ['nothing to write', [], 'export needs to know what to write', '--tensorboard <directory>'],
    ['two things on stdout', ['--csv', '-', '--json'], '--csv - and --json both write to stdout', 'leave out --json'],
    ['two things in one file', ['--csv', 'x', '--npz', './x'], '--npz and --csv name the same file, ./x', 'Name two files'],
    ['the event file is a folder', ['--tensorboard', 'small.json'], "small.json: can't be made a folder", 'Choose another place'],
  ])('%s', async (name, options, message, hint) => {
    const { code, stdout, stderr } = await cli('export', 'run', ...options);
    expect({ code, stdout }).toEqual({ code: name.includes('folder') ? 1 : 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stderr.match(/^rbm-train: /gm)).toHaveLength(1);
    expect(readdirSync(folder.path)).not.toContain('x');
  });

  test('metrics of a model that lies in no run', async () => {
    await cli('export', 'run', '--npz', 'alone.npz', '--quiet');
    const [checkpoint] = readdirSync(inFolder('run', 'checkpoints'));
    copyFileSync(inFolder('run', 'checkpoints', checkpoint), inFolder('alone.safetensors'));
    for (const file of ['alone.npz', 'alone.safetensors']) {
      for (const option of ['--csv', '--tensorboard']) {
        const { code, stderr } = await cli('export', file, option, 'never', '--npz', 'never.npz');
        expect(code).toBe(2);
        expect(stderr).toContain(`${option}: ${inFolder(file)} does not lie in a run`);
      }
    }
    expect(readdirSync(folder.path).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  test('a damaged checkpoint is told of once', async () => {
    await cli('--config', 'small.json', '--output', 'damaged', '--no-report', '--quiet', '--set', 'checkpoint.every.updates=10');
    const [latest] = readdirSync(inFolder('damaged', 'checkpoints')).toSorted().toReversed();
    truncateSync(inFolder('damaged', 'checkpoints', latest), 500);
    const { code, stderr } = await cli('export', 'damaged', '--csv', 'damaged.csv');
    expect(code).toBe(0);
    expect(stderr.match(/falling back/g)).toHaveLength(1);
    expect(fieldsOf(readFileSync(inFolder('damaged.csv'), 'utf8')).map(([update]) => update)).toEqual(['update', '0', '10', '20', '30']);
  });

  test('figures that no stack is deep enough for, and names that would reach the terminal', async () => {
    cpSync(inFolder('run'), inFolder('strange'), { recursive: true });
    const deep = `${'['.repeat(100_000)}1${']'.repeat(100_000)}`;
    appendFileSync(inFolder('strange', 'metrics.jsonl'), `{"event":"evaluation","update":40,"epoch":1,"algorithm":{"deep":${deep},"\\u001b[31m":"\\u0007"}}\n`);
    const { code, stdout, stderr } = await cli('export', 'strange', '--csv', '-', '--tensorboard', 'strange-logs', '--quiet');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(fieldsOf(stdout).at(-1)?.[0]).toBe('40');
    expect(stdout).toContain('algorithm.\\u001b[31m');
    expect([...stdout].filter((character) => character < ' ' && character !== '\n')).toEqual([]);
  });
});
