/** Reading runs: finished, stopped, just started, damaged; averages; files of events that are being closed. */

import { expect, test } from '@jest/globals';
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { RunDirectory } from '../../src/checkpoint/run-directory.js';
import { readRun } from '../../src/report/read-run.js';
import { temporaryFolder } from '../checkpoint/sample.js';
import { prepare, smallConfig, train } from '../run/small-run.js';

const root = temporaryFolder();
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

/** Reads a run that must not be warned of. */
function read(folder: string): ReturnType<typeof readRun> {
  return readRun(new RunDirectory(folder), (message) => expect(message).toBe(''));
}

async function trained(config: object = smallConfig): Promise<string> {
  const folder = newFolder();
  await train(await prepare(config), folder);
  return folder;
}

const updatesOf = (folder: string): number[] => read(folder).events.map(({ update }) => update);

test('a finished run: every evaluation with its figures, the last one off the cadence', async () => {
  const folder = await trained();
  const { events, result, checkpoint, warnings, name, config } = read(folder);
  expect(events.map(({ update }) => update)).toEqual([0, 7, 14, 21, 28, 30]);
  expect(events.map(({ epoch }) => epoch)).toEqual([0, 7 / 3, 14 / 3, 7, 28 / 3, 10]);
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const [index, { splits, logPartitionFunction, learningRate, momentum }] of events.entries()) {
    expect(splits).toEqual(lines[index].splits);
    expect({ logPartitionFunction, learningRate, momentum }).toEqual({ logPartitionFunction: lines[index].logPartitionFunction, learningRate: 0.1, momentum: 0.5 });
  }
  expect(result).toMatchObject({ updates: 30 });
  expect(checkpoint.progress.update).toBe(30);
  expect(config.training.algorithm).toBe('sml');
  expect([warnings, name]).toEqual([[], folder.split('/').at(-1)]);
});

test('a stopped run, and one that has just been started', async () => {
  const stopped = newFolder();
  await train(await prepare(smallConfig), stopped, (event) => event.type === 'update' && event.update === 15);
  expect(updatesOf(stopped)).toEqual([0, 7, 14]);
  expect(read(stopped).result).toBeUndefined();
  const started = newFolder();
  await train(await prepare(smallConfig), started, (event) => event.type === 'start');
  expect(read(started).checkpoint.progress.update).toBe(0);
  expect(updatesOf(started).length).toBeLessThanOrEqual(1);
});

test('of averaged training the figures are those of the average', async () => {
  const folder = await trained({ ...smallConfig, training: { ...smallConfig.training, averaging: { decay: 0.9 } } });
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { splits: unknown; averaged?: { splits: unknown } });
  const { events } = read(folder);
  expect(events.map(({ splits }) => splits)).toEqual(lines.map(({ splits, averaged }) => (averaged ?? { splits }).splits));
  expect(lines.filter(({ averaged }) => averaged !== undefined).length).toBeGreaterThan(3);
  expect(events.at(-1)?.splits).not.toEqual(lines.at(-1)?.splits);
});

test('a result whose evaluation metrics do not have counts', async () => {
  const folder = await trained();
  const metrics = join(folder, 'metrics.jsonl');
  const lines = readFileSync(metrics, 'utf8').trim().split('\n');
  const whole = read(folder);
  writeFileSync(metrics, `${lines.slice(0, -1).join('\n')}\n`);
  const { events } = read(folder);
  expect(events.map(({ update }) => update)).toEqual([0, 7, 14, 21, 28, 30]);
  expect(events.at(-1)?.splits).toEqual(whole.events.at(-1)?.splits);
  expect(events.at(-1)?.logPartitionFunction).toBe(whole.events.at(-1)?.logPartitionFunction);
});

test('a line cut at the end is passed over in silence, damaged ones before it with a warning', async () => {
  const folder = await trained();
  const metrics = join(folder, 'metrics.jsonl');
  const text = readFileSync(metrics, 'utf8');
  appendFileSync(metrics, '{"event":"evaluation","upd');
  expect(updatesOf(folder)).toEqual([0, 7, 14, 21, 28, 30]);
  const lines = text.trim().split('\n');
  const damaged = ['\u0000\u0000', '[1]', '{"event":"evaluation"}', '{"event":"evaluation","update":-1}', '{"event":"evaluation","update":1e99}'];
  writeFileSync(metrics, [...damaged, ...lines, '{"event":"of another version","update":3}', ''].join('\n'));
  const warned: string[] = [];
  const { events } = readRun(new RunDirectory(folder), (message) => warned.push(message));
  expect(events.map(({ update }) => update)).toEqual([0, 7, 14, 21, 28, 30]);
  expect(warned).toEqual([`${folder}: 5 damaged lines of its metrics were passed over`]);
});

test('figures of a strange kind are left out, warnings and diagnostics are read', async () => {
  const folder = await trained();
  writeFileSync(
    join(folder, 'metrics.jsonl'),
    [
      '{"event":"evaluation","update":0,"epoch":0,"splits":{"train":{"meanLogLikelihood":"high","standardError":null,"meanFreeEnergy":2,"logLikelihoodInterval":[null,3]},"test":7},"logPartitionFunction":null,"diagnostics":{"fit":{"a":1,"b":null,"c":{"d":[1,null,2]}},"odd":3}}',
      '{"event":"diagnostics","update":3,"epoch":1,"diagnostics":{"mixing":{"rHat":1.5}}}',
      '{"event":"warning","update":4,"diagnostic":"mixing","message":"they stand still","evidence":{"drift":2}}',
      '{"event":"warning","update":5}',
      '',
    ].join('\n'),
  );
  rmSync(join(folder, 'result.json'));
  expect(read(folder)).toMatchObject({
    events: [
      { update: 0, epoch: 0, splits: { train: { meanFreeEnergy: 2 } }, diagnostics: { fit: { a: 1, c: { d: [1, 2] } } } },
      { update: 3, epoch: 1, diagnostics: { mixing: { rHat: 1.5 } } },
    ],
    warnings: [{ update: 4, diagnostic: 'mixing', message: 'they stand still', evidence: { drift: 2 } }],
  });
  const [first] = read(folder).events;
  expect(Object.keys(first.splits?.train ?? {})).toEqual(['meanFreeEnergy']);
  expect([first.logPartitionFunction, Object.keys(first.diagnostics ?? {})]).toEqual([undefined, ['fit']]);
});

test('closed files of events come first, and one that metrics.jsonl still has is not read twice', async () => {
  const folder = await trained();
  const directory = new RunDirectory(folder);
  const lines = readFileSync(directory.metrics, 'utf8').trim().split('\n');
  // In the order in which a run does it: the file is closed, then metrics.jsonl goes on with other lines.
  writeFileSync(directory.closedMetrics(1), `${lines.slice(0, 3).join('\n')}\n`);
  writeFileSync(directory.metrics, `${lines.slice(0, 3).join('\n')}\n`);
  rmSync(directory.result);
  expect(updatesOf(folder)).toEqual([0, 7, 14]);
  writeFileSync(directory.metrics, `${lines.slice(3).join('\n')}\n`);
  expect(updatesOf(folder)).toEqual([0, 7, 14, 21, 28, 30]);
  writeFileSync(directory.closedMetrics(2), `${lines.slice(3).join('\n')}\n`);
  rmSync(directory.metrics);
  expect(updatesOf(folder)).toEqual([0, 7, 14, 21, 28, 30]);
});

test('what is no run is refused', async () => {
  const folder = await trained();
  expect(() => read(newFolder())).toThrow(/there is no run here \(no checkpoints\)/);
  const lost = newFolder();
  cpSync(folder, lost, { recursive: true });
  rmSync(join(lost, 'config.json'));
  expect(() => read(lost)).toThrow(/there is no run here \(no config\.json\)/);
  writeFileSync(join(lost, 'config.json'), '[]');
  expect(() => read(lost)).toThrow(/is not a JSON object/);
  writeFileSync(join(lost, 'config.json'), '{"data":{},"model":{},"training":3}');
  expect(() => read(lost)).toThrow(/config\.json: is not the config of a run/);
});
