/**
 * Runs with more events than a file holds: each event once, whatever stops the run and wherever; no checkpoint grows.
 */

import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { encodeCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { eventsPerFile, readCheckpointFile, RunDirectory } from '../../src/checkpoint/run-directory.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { temporaryFolder } from './support/run-cli.js';

const updates = eventsPerFile + 50;
/** An event at every update, as cheap as there is one. */
const config = {
  data: { source: 'bars-and-stripes', height: 2, width: 2 },
  model: { hiddenUnits: 1 },
  training: { algorithm: 'cd', batchSize: 4, updates, learningRate: 0.01 },
  evaluation: { every: { updates: 1 }, logLikelihood: 'never', pseudoLikelihoodExamples: 1 },
  checkpoint: { every: { updates: 1500 }, keep: 3 },
};

const root = temporaryFolder();
const whole = new RunDirectory(join(root.path, 'whole'));
let server: CliServer;

/** Trains without a word; returns what it says all the same. */
async function train(...args: string[]): Promise<string> {
  const { code, stderr } = await server.run([...args, '--threads', '1', '--set', 'log.every={updates: 1000000}'], { cwd: root.path });
  if (code !== 0) throw new Error(stderr);
  return stderr;
}

const closedFiles = (run: RunDirectory): string[] => readdirSync(run.path).filter((name) => name.startsWith('metrics-')).toSorted();
/** Every event of a run, as `cat metrics-*.jsonl metrics.jsonl` gives them. */
const eventsOf = (run: RunDirectory): string => [...closedFiles(run), 'metrics.jsonl'].map((name) => readFileSync(join(run.path, name), 'latin1')).join('');
const lastingFiles = (run: RunDirectory): object => ({
  events: eventsOf(run),
  metrics: readFileSync(run.metrics, 'latin1'),
  result: readFileSync(run.result, 'latin1'),
  checkpoint: readFileSync(run.checkpoint(updates), 'latin1'),
});

/** A copy of the run as it stood when the checkpoint of update 4500 was its last. */
function atUpdate4500(name: string): RunDirectory {
  const run = new RunDirectory(join(root.path, name));
  cpSync(whole.path, run.path, { recursive: true });
  rmSync(run.checkpoint(updates));
  rmSync(run.result);
  writeFileSync(run.metrics, eventsOf(whole).split('\n').slice(0, 4501).join('\n') + '\n');
  return run;
}

beforeAll(async () => {
  server = startCliServer();
  writeFileSync(join(root.path, 'config.json'), JSON.stringify(config));
  await train('--config', 'config.json', '--output', 'whole');
});
afterAll(() => {
  server.stop();
  root.remove();
});

test('every update has its event, once and in order', () => {
  const found = eventsOf(whole).trim().split('\n').map((line) => (JSON.parse(line) as { update: number }).update);
  expect(found.findIndex((update, index) => update !== index)).toBe(-1);
  expect(found).toHaveLength(updates + 1);
  expect(closedFiles(whole)).toEqual(['metrics-000001.jsonl']);
  expect(readFileSync(whole.metrics, 'utf8').trim().split('\n')).toHaveLength(51);
});

test('checkpoints hold the events of the file that is being filled', () => {
  const last = readCheckpointFile(whole.checkpoint(updates));
  expect(last.progress).toMatchObject({ update: updates, closedMetrics: 1 });
  expect(last.metrics).toHaveLength(51);
  const before = readCheckpointFile(whole.checkpoint(4500));
  expect(before.progress.closedMetrics).toBeUndefined();
  expect(before.metrics).toHaveLength(4501);
});

test('killed between closing a file and the checkpoint that counts it', async () => {
  const run = atUpdate4500('killed');
  // Once more before the end of the file, where its own events are the beginning of those that are closed already.
  await train('--resume', run.path, '--set', 'training.updates=4700');
  expect(closedFiles(run)).toEqual(['metrics-000001.jsonl']);
  await train('--resume', run.path, '--set', `training.updates=${updates}`);
  expect(lastingFiles(run)).toEqual(lastingFiles(whole));
});

test('continued with another cadence, no event of the old one stays', async () => {
  const run = atUpdate4500('other-cadence');
  await train('--resume', run.path, '--set', 'evaluation.every={updates: 100}');
  const found = eventsOf(run).trim().split('\n').map((line) => (JSON.parse(line) as { update: number }).update);
  expect(found.slice(4499)).toEqual([4499, 4500, 4600, 4700, 4800, 4900, 5000, updates]);
  expect(closedFiles(run)).toEqual([]);
});

test('a run of a version that closed no files has the same ones from then on', async () => {
  const run = new RunDirectory(join(root.path, 'old'));
  cpSync(whole.path, run.path, { recursive: true });
  const { progress: { closedMetrics: _closed, ...progress }, ...last } = readCheckpointFile(run.checkpoint(updates));
  const metrics = eventsOf(run).trimEnd().split('\n');
  rmSync(run.closedMetrics(1));
  writeFileSync(run.checkpoint(updates), Buffer.concat([...encodeCheckpoint({ ...last, progress, metrics })]));
  writeFileSync(run.metrics, metrics.join('\n') + '\n');
  expect(await train('--resume', run.path)).not.toContain('warning');
  expect(closedFiles(run)).toEqual(['metrics-000001.jsonl']);
  expect(lastingFiles(run)).toEqual(lastingFiles(whole));
});

test('a closed file that is missing is said when training goes on', async () => {
  const run = new RunDirectory(join(root.path, 'lost'));
  cpSync(whole.path, run.path, { recursive: true });
  rmSync(run.closedMetrics(1));
  expect(await train('--resume', run.path, '--set', `training.updates=${updates + 1}`)).toMatch(/warning: .*metrics-000001\.jsonl is missing: its 5000 events are lost/);
});
