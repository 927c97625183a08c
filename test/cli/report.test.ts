/** `rbm-train report` as users call it: what it writes, what it prints, what it refuses. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startCliServer, type CliServer } from './support/cli-server.js';
import { temporaryFolder, type RunOutcome } from './support/run-cli.js';

const config = {
  data: { source: 'file', path: 'rows.txt', validation: { count: 4 }, shape: [2, 3] },
  model: { hiddenUnits: 3 },
  training: { algorithm: 'sml', k: 1, chains: 4, batchSize: 4, updates: 40, learningRate: 0.1 },
  evaluation: { every: { updates: 10 } },
};

const root = temporaryFolder();
let server: CliServer;
const run = (...args: string[]): Promise<RunOutcome> => server.run(args, { cwd: root.path });
const inRoot = (...parts: string[]): string => join(root.path, ...parts);

beforeAll(async () => {
  server = startCliServer();
  writeFileSync(inRoot('rows.txt'), Array.from({ length: 16 }, (_, row) => [0, 1, 2, 3, 4, 5].map((bit) => ((row * 5) >> bit) & 1).join(' ')).join('\n'));
  writeFileSync(inRoot('config.json'), JSON.stringify(config));
  const { code, stderr } = await run('--config', 'config.json', '--output', 'trained', '--quiet', '--no-report');
  if (code !== 0) throw new Error(stderr);
});

afterAll(() => {
  server.stop();
  root.remove();
});

test('writes report.html into the run and prints its path, the same bytes every time', async () => {
  const file = inRoot('trained', 'report.html');
  expect(await run('report', 'trained')).toMatchObject({ code: 0, stdout: `${file}\n`, stderr: '' });
  const page = readFileSync(file, 'utf8');
  expect(page).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
  expect(page).not.toContain(root.path);
  await run('report', 'trained', '--output', 'deep/other.html');
  expect(readFileSync(inRoot('deep', 'other.html'), 'utf8')).toBe(page);
  rmSync(file);
});

test('with --json one document, with the facts', async () => {
  const { code, stdout } = await run('report', 'trained', '--json', '--output', 'page.html');
  expect(code).toBe(0);
  const { report, bytes, sections, pictures } = JSON.parse(stdout) as { report: string; bytes: number; sections: number; pictures: number };
  expect([report, bytes]).toEqual([inRoot('page.html'), readFileSync(inRoot('page.html')).length]);
  expect(sections).toBeGreaterThan(4);
  expect(pictures).toBeGreaterThan(4);
});

test('--pictures writes every picture as a file that stands on its own', async () => {
  const { code, stdout } = await run('report', 'trained', '--pictures', 'pictures');
  expect(code).toBe(0);
  const files = stdout.trim().split('\n');
  expect(files).toContain(inRoot('pictures', 'likelihood.svg'));
  expect(files.map((file) => file.slice(inRoot('pictures').length + 1)).toSorted()).toEqual(readdirSync(inRoot('pictures')).toSorted());
  const isWhole = (file: string): boolean => {
    const content = readFileSync(file);
    if (file.endsWith('.png')) return content.subarray(1, 4).toString('latin1') === 'PNG';
    return /^<\?xml[^]*<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\n$/.test(content.toString('utf8'));
  };
  expect(files.filter((file) => !isWhole(file))).toEqual([]);
  expect(existsSync(inRoot('trained', 'report.html'))).toBe(false);
});

test('the data are gone: a report without them, and a warning', async () => {
  cpSync(inRoot('trained'), inRoot('alone'), { recursive: true });
  const path = inRoot('alone', 'config.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('rows.txt', 'gone.txt'));
  const { code, stderr, stdout } = await run('report', 'alone');
  expect([code, stdout]).toEqual([0, `${inRoot('alone', 'report.html')}\n`]);
  expect(stderr).toMatch(/^warning: .*gone\.txt.*: the report shows no data\n$/);
  expect(await run('report', 'alone', '--quiet')).toMatchObject({ code: 0, stderr: '' });
});

test('other data than it was trained on are not shown', async () => {
  cpSync(inRoot('trained'), inRoot('other'), { recursive: true });
  writeFileSync(inRoot('changed.txt'), readFileSync(inRoot('rows.txt'), 'utf8').replace('0', '1'));
  const path = inRoot('other', 'config.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('rows.txt', 'changed.txt'));
  expect((await run('report', 'other')).stderr).toMatch(/fingerprint differs\): the report shows no data/);
});

test.each([
  [['report'], 2, /missing required argument 'run'/],
  [['report', 'nowhere'], 2, /nowhere: there is no run here/],
  [['report', 'rows.txt'], 2, /there is no run here/],
  [['report', 'trained', '--format', 'png'], 2, /--format is that of the pictures/],
  [['report', 'trained', '--pictures', 'p', '--format', 'gif'], 2, /--format gif: there is no such format.*Formats are: svg, png/s],
  [['report', 'trained', '--pictures', 'p', '--output', 'x.html'], 2, /exclude each other/],
  [['report', 'trained', '--output', ''], 2, /--output has an empty value/],
  [['report', 'trained', '--output', 'folder'], 1, /folder: can't be written: it is a folder/],
  [['report', 'trained', '--pictures', 'rows.txt'], 1, /rows\.txt/],
])('%j is refused', async (args, expected, message) => {
  mkdirSync(inRoot('folder'), { recursive: true });
  const { code, stdout, stderr } = await run(...args);
  expect([code, stdout]).toEqual([expected, '']);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at |internal error/m);
});

test('a damaged config, result or metrics: a message, or a page with what is left', async () => {
  cpSync(inRoot('trained'), inRoot('damaged'), { recursive: true });
  const damage = (name: string, content: string): void => writeFileSync(inRoot('damaged', name), content);
  damage('metrics.jsonl', 'nonsense\n{"event":"evaluation","update":0,"splits":{"train":{"meanLogLikelihood":-3}}}\n');
  const { code, stderr } = await run('report', 'damaged');
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: .*1 damaged line/)]);
  damage('result.json', '{"digest": 3, "updates": "many", "best": null, "figures": []}');
  expect((await run('report', 'damaged')).code).toBe(0);
  damage('result.json', '{');
  expect(await run('report', 'damaged')).toMatchObject({ code: 3, stderr: expect.stringContaining('is not a JSON object') as unknown });
  rmSync(inRoot('damaged', 'result.json'));
  damage('config.json', '{"data": 3}');
  expect(await run('report', 'damaged')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^rbm-train: .*config\.json:1:/) as unknown });
});
