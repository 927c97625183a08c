/** Plans: which tasks a sweep has, and that a task's id is that of the same training alone. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { planSweep, type Plan } from '../../src/sweep/plan.js';
import { loadSweepFile } from '../../src/sweep/sweep-file.js';
import { runCli, temporaryFolder } from '../cli/support/run-cli.js';
import { tinyConfig, writeSweep } from '../cli/support/sweeps.js';

const folder = temporaryFolder();
afterAll(folder.remove);
let count = 0;

/** Plans a sweep of a config. */
async function planOf(parts: Parameters<typeof writeSweep>[2], pause?: () => Promise<void>): Promise<Plan> {
  const name = `sweep-${count++}`;
  writeSweep(folder.path, name, parts);
  const directory = join(folder.path, 'd');
  return await planSweep({ sweepFile: await loadSweepFile({ file: `${name}.json`, workingDirectory: folder.path }), directory, results: join(directory, 'tasks'), ...(pause && { pause }) });
}

const idsOf = async (config: object, seeds = ['a']): Promise<string[]> => (await planOf({ seeds, config })).manifest.tasks.map(({ id }) => id);

/** JSON with keys in order, written anew for this test. */
function ordered(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(ordered).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.keys(value).toSorted().map((key) => `${JSON.stringify(key)}:${ordered((value as Record<string, unknown>)[key])}`).join()}}`;
}
const shortHash = (value: unknown): string => createHash('sha256').update(ordered(value)).digest('hex').slice(0, 24);

let alone: Record<string, unknown>;
let aloneConfig: Record<string, unknown>;

beforeAll(async () => {
  writeFileSync(join(folder.path, 'alone.json'), JSON.stringify(tinyConfig));
  const { code, stderr } = await runCli(['--config', 'alone.json', '--seed', 'a', '--set', 'training.learningRate=0.2', '--output', 'alone', '--quiet'], { cwd: folder.path });
  if (code !== 0) throw new Error(stderr);
  const read = (name: string): Record<string, unknown> => JSON.parse(readFileSync(join(folder.path, 'alone', name), 'utf8')) as Record<string, unknown>;
  [alone, aloneConfig] = [read('result.json'), read('config.json')];
});

test('a task has the id that the same training alone would have', async () => {
  const { manifest, twins } = await planOf({ grid: { 'training.learningRate': [0.1, 0.2] }, seeds: ['b', 'a'] });
  const { configHash, dataFingerprint, numericsVersion, updates } = alone;
  const { height, width } = aloneConfig.data as { height: number; width: number };
  const figures = shortHash({ evaluation: aloneConfig.evaluation, diagnostics: aloneConfig.diagnostics, meaning: shortHash({ shape: [height, width] }) });
  expect(manifest.tasks[3]).toEqual({
    id: shortHash({ configHash, dataFingerprint, numericsVersion, updates, figures }),
    base: 0,
    values: { seed: 'a', 'training.learningRate': 0.2 },
    updates: 60,
    figures,
  });
  expect(manifest.tasks.map(({ values }) => values)).toEqual([0.1, 0.2].flatMap((rate) => ['b', 'a'].map((seed) => ({ seed, 'training.learningRate': rate }))));
  expect(new Set(manifest.tasks.map(({ id }) => id)).size).toBe(4);
  expect({ varied: manifest.varied, results: manifest.results, twins, numericsVersion: manifest.numericsVersion }).toEqual({ varied: ['training.learningRate'], results: 'tasks', twins: [], numericsVersion });
});

test('ids: of what decides the results, and of nothing else', async () => {
  const [id] = await idsOf(tinyConfig);
  const { training, evaluation, checkpoint } = tinyConfig;
  expect(await idsOf({ ...tinyConfig, output: 'elsewhere', execution: { threads: 2, backend: 'reference' }, checkpoint: { every: { updates: 7 }, keep: 1 }, log: { every: { updates: 3 } } })).toEqual([id]);
  const others = [
    { ...tinyConfig, training: { ...training, updates: 61 } },
    { ...tinyConfig, training: { ...training, chains: 7 } },
    { ...tinyConfig, evaluation: { ...evaluation, every: { updates: 10 } } },
    { ...tinyConfig, data: { ...tinyConfig.data, validation: { count: 3 } }, checkpoint },
  ];
  const ids = await Promise.all(others.map((config) => idsOf(config)));
  expect(new Set([id, ...ids.flat()]).size).toBe(5);
});

test('ids: data with the same states that mean something else are others, for checkpoints say what they mean', async () => {
  const rows = [[1, 2.5], [0.25, -3], [2, 4], [-1.5, 0.5], [3, 1], [0, 0]];
  const texts = {
    'metres.csv': rows.map((row) => row.join()).join('\n'),
    // Twice as many half metres: a power of two changes no bit of what standardization makes of them.
    'halves.csv': rows.map((row) => row.map((value) => 2 * value).join()).join('\n'),
    'letters.csv': 'x,a\nb,a\nb,c\nb,c\na,a\na,c\nb,a\n',
    'others.csv': 'x,u\nv,u\nv,w\nv,w\nu,u\nu,w\nv,u\n',
  };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder.path, name), `${text}\n`);
  const settingsOf = (data: object, grid: Record<string, unknown[]>): Promise<Plan> => planOf({ config: { ...tinyConfig, data }, grid, seeds: ['a'] });
  const plans = [
    await settingsOf(tinyConfig.data, { 'data.shape': [[3, 3], [1, 9]] }),
    await settingsOf({ source: 'file', path: 'metres.csv', values: 'real', header: false }, { 'data.path': ['metres.csv', 'halves.csv'] }),
    await settingsOf({ source: 'file', path: 'letters.csv', values: 'categorical', header: true }, { 'data.path': ['letters.csv', 'others.csv'] }),
  ];
  expect(plans.map(({ manifest }) => manifest.tasks.length)).toEqual([2, 2, 2]);
  // The first is the shape that the pictures have of themselves.
  expect([plans[0].manifest.tasks[0].id]).toEqual(await idsOf(tinyConfig));
});

test('settings that are the same training are one task', async () => {
  const { manifest, twins } = await planOf({ grid: { 'checkpoint.keep': [1, 2, 3] }, seeds: ['a', 'b'] });
  expect(manifest.tasks).toHaveLength(2);
  expect(twins).toEqual([{ setting: 2, task: 0 }, { setting: 3, task: 1 }, { setting: 4, task: 0 }, { setting: 5, task: 1 }]);
});

test('a mistake in a setting is told as training would; a plan can be cancelled', async () => {
  await expect(planOf({ grid: { 'training.chains': [6, -1] }, seeds: ['a'] })).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('training.chains') });
  let pauses = 0;
  const pause = async (): Promise<void> => {
    if (++pauses === 3) throw new Error('cancelled');
  };
  await expect(planOf({ seeds: ['a', 'b', 'c', 'd'] }, pause)).rejects.toThrow('cancelled');
});

test('through the command line: twice the same bytes, elsewhere too; another sweep is refused; nothing is trained', async () => {
  const plans = ['here', 'there'].map((place) => join(folder.path, place));
  for (const place of plans) {
    mkdirSync(place);
    writeSweep(place, 'sweep', { grid: { 'training.learningRate': [0.1, 0.2], 'checkpoint.keep': [1, 2] }, seeds: ['a'] });
  }
  const plan = (place: string, ...args: string[]): ReturnType<typeof runCli> => runCli(['sweep', 'plan', 'sweep.json', '--dir', 'd', ...args], { cwd: place });
  const [first, other] = await Promise.all(plans.map((place) => plan(place)));
  expect(first).toMatchObject({ code: 0, stdout: '2 tasks, written to d/manifest.json\n' });
  expect(first.stderr).toBe('note: setting 1 is the same training as task 0, and 1 more such: trained once\nnext: rbm-train sweep run d\n');
  expect(other).toEqual(first);
  const bytes = plans.map((place) => readFileSync(join(place, 'd', 'manifest.json'), 'utf8'));
  expect(bytes[1]).toBe(bytes[0]);
  expect(bytes[0]).not.toContain(folder.path);
  expect(await plan(plans[0], '--quiet')).toEqual({ code: 0, signal: null, stdout: '2 tasks, as before in d/manifest.json\n', stderr: '' });
  const again = await plan(plans[0], '--json', '--quiet');
  expect(JSON.parse(again.stdout)).toEqual({ manifest: join(plans[0], 'd', 'manifest.json'), isNew: false, tasks: 2, results: join(plans[0], 'd', 'tasks') });

  writeSweep(plans[0], 'sweep', { grid: { 'training.learningRate': [0.1, 0.2, 0.3] }, seeds: ['a'] });
  const refused = await plan(plans[0]);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/^rbm-train: .*manifest\.json: is of another sweep: 2 tasks, of which 2 are among these 3\nChoose another directory; .*--results\. Or remove the manifest: what is done stays\.\n$/);
  expect(readFileSync(join(plans[0], 'd', 'manifest.json'), 'utf8')).toBe(bytes[0]);
  expect(existsSync(join(plans[0], 'd', 'tasks'))).toBe(false);
});
