/**
 * What a command loads, and how much memory it takes: only what it needs.
 */

import { afterAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { startCliServer } from './support/cli-server.js';
import { npy, npyHeader } from './support/encoders.js';
import { executable, projectRoot, temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const preload = pathToFileURL(join(projectRoot, 'test/cli/support/measure-process.js')).href;
let runs = 0;

/** Runs node to its end; the modules that it loaded (where `modules` asks for them), and its peak memory in bytes. */
function measure(args: readonly string[], modules: boolean): { modules: string[]; peakBytes: number } {
  const file = join(folder.path, `measures-${++runs}`);
  const { NODE_OPTIONS: _options, ...environment } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ['--import', preload, ...args], {
    cwd: folder.path,
    env: { ...environment, RBM_TEST_MEASURES: file, RBM_TEST_MODULES: modules ? '1' : '' },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = readFileSync(file, 'utf8').split('\n').map((line) => line.split(' '));
  const valuesOf = (kind: string): string[] => lines.filter(([first]) => first === kind).map(([, ...rest]) => rest.join(' '));
  return { modules: valuesOf('module'), peakBytes: Number(valuesOf('peak')[0]) * 1024 };
}

/** The rooms of dist, and the packages, that a command loaded something of. */
function loadedBy(args: readonly string[]): { rooms: string[]; packages: string[]; files: string[] } {
  const { modules } = measure([executable, ...args], true);
  const matches = (pattern: RegExp): string[] => [...new Set(modules.flatMap((module) => pattern.exec(module)?.[1] ?? []))].toSorted();
  return { rooms: matches(/\/dist\/([^/]+)\//), packages: matches(/.*\/node_modules\/([^/]+)\//), files: matches(/\/dist\/(.*)\.js$/) };
}

describe('a command loads what it needs', () => {
  test.each(['--version', '--help'])('%s: the command line itself', (option) => {
    const { rooms, packages, files } = loadedBy([option]);
    expect(packages).toEqual(['commander']);
    expect(files).toEqual(expect.arrayContaining(['cli/main', 'cli/program']));
    for (const room of ['checkpoint', 'config', 'datasets', 'estimators', 'formats', 'model', 'random', 'sampling', 'training']) {
      expect(rooms).not.toContain(room);
    }
  });

  const config = (training: object): string => {
    const path = join(folder.path, `config-${++runs}.json`);
    writeFileSync(path, JSON.stringify({ data: { source: 'bars-and-stripes' }, model: { hiddenUnits: 2 }, training: { algorithm: 'cd', ...training } }));
    return path;
  };

  test('a dry run: no YAML, no pictures, no progress bar, no readers of other data', () => {
    const { packages, files } = loadedBy(['--config', config({ epochs: 1 }), '--dry-run']);
    expect(packages).toEqual(['commander', 'fastest-levenshtein', 'seedrandom']);
    expect(files).toEqual(expect.arrayContaining(['cli/train', 'datasets/index']));
    for (const file of ['datasets/file-reader', 'cli/sample', 'formats/png']) expect(files).not.toContain(file);
  });

  test('a config in YAML: the parser, which this test would see', () => {
    const path = join(folder.path, 'config.yaml');
    writeFileSync(path, 'data: {source: bars-and-stripes}\nmodel: {hiddenUnits: 2}\ntraining: {algorithm: cd, epochs: 1}\n');
    expect(loadedBy(['--config', path, '--print-config']).packages).toContain('yaml');
  });
});

describe('the help of a command, whose options are loaded when it is called', () => {
  const server = startCliServer();
  afterAll(() => server.stop());
  const help = async (...args: string[]): Promise<string> => (await server.run(args, { cwd: folder.path })).stdout;

  test('is the same by both ways, and has options or commands of its own', async () => {
    const overview = await help('--help');
    const commands = [...overview.slice(overview.indexOf('Commands:')).matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
    const withOptions = commands.filter((name) => name !== 'help');
    expect(withOptions).toEqual(expect.arrayContaining(['init', 'data', 'sample', 'verify']));
    for (const name of withOptions) {
      const text = await help(name, '--help');
      expect(await help('help', name)).toBe(text);
      // Beside --json, --quiet, --debug and --help; or commands of its own.
      const others = Number(text.match(/^ {2}(?:-|[a-z]+ \[options\])/gm)?.length) - 4;
      expect({ name, hasOthers: others > 0 }).toEqual({ name, hasOthers: true });
    }
  });
});

/** Elsewhere there is no peak of the process's own. */
const onLinux = process.platform === 'linux' ? describe : describe.skip;
onLinux('memory', () => {
  test('60,000 × 784 binary examples are trained on within 100 MB beyond Node.js itself', () => {
    const rows = 60_000;
    const columns = 784;
    const bytes = Buffer.alloc(rows * columns);
    for (let position = 0; position < bytes.length; position += 1 + (position % 13)) bytes[position] = 1;
    const data = join(folder.path, 'data.npy.gz');
    writeFileSync(data, gzipSync(npy(npyHeader('|u1', [rows, columns]), bytes), { level: 1 }));
    const path = join(folder.path, 'large.json');
    const evaluation = { every: 'never', logLikelihood: 'never', pseudoLikelihoodExamples: 1 };
    const training = { algorithm: 'cd', updates: 20 };
    writeFileSync(path, JSON.stringify({ data: { source: 'file', path: data, invert: true }, model: { hiddenUnits: 20 }, training, evaluation }));
    const node = measure(['-e', '0'], false).peakBytes;
    const beyond = measure([executable, '--config', path, '--quiet'], false).peakBytes - node;
    expect(beyond).toBeGreaterThan((rows * columns) / 8);
    expect(beyond).toBeLessThan(100e6);
  });
});
