/** The pool alone, with a stand-in for `sweep task` that does as the test says: what is begun when, and what becomes of those that die. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import type { StopRequest } from '../../src/run/stop-request.js';
import { chunkOf, runPool, type PoolEvent } from '../../src/sweep/local-pool.js';
import { trainingManifest } from '../../src/sweep/manifest.js';
import type { Sweep } from '../../src/sweep/sweep.js';
import { temporaryFolder } from '../cli/support/run-cli.js';

const folder = temporaryFolder();
afterAll(folder.remove);

/** What the stand-in does with a task. */
type Deed = 'done' | 'slow' | 'failed' | 'crash' | 'killed' | 'wait';

const standIn = join(folder.path, 'stand-in.cjs');
writeFileSync(standIn, `
const { appendFileSync, readFileSync } = require('node:fs');
const [, , sweep, task, directory, ...options] = process.argv;
const option = (name) => Number(options[options.indexOf(name) + 1]);
const deeds = JSON.parse(readFileSync(directory + '/deeds.json', 'utf8'));
const chunk = option('--chunk');
appendFileSync(directory + '/calls', JSON.stringify({ words: sweep + ' ' + task, first: option('--index') * chunk, chunk, threads: option('--threads') }) + '\\n');
const say = (message) => new Promise((resolve) => process.send(message, resolve));
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
process.on('SIGTERM', () => {});
(async () => {
  for (let index = option('--index') * chunk; index < (option('--index') + 1) * chunk; index++) {
    await say({ type: 'progress', index, share: 0.5, latest: '' });
    const deed = deeds[index];
    if (deed === 'slow') await pause(1100);
    if (deed === 'crash') {
      process.stderr.write('one\\ntwo\\n\\u001b[31mthree\\u001b[0m\\n\\nfour\\nfive\\n', () => process.exit(7));
      await pause(10000);
    }
    if (deed === 'killed') process.kill(process.pid, 'SIGKILL');
    if (deed === 'wait') {
      const keep = setInterval(() => {}, 1000);
      await new Promise((resolve) => process.once('SIGTERM', resolve));
      clearInterval(keep);
      await say({ type: 'end', index, outcome: 'stopped' });
      process.exit(143);
    }
    await say(deed === 'failed' ? { type: 'end', index, outcome: 'failed', failure: { code: 'data', message: 'as told' } } : { type: 'end', index, outcome: 'done' });
  }
  process.exit(0);
})();
`);

let count = 0;

/** A sweep whose tasks do as they are told. */
function sweepOf(deeds: readonly Deed[]): Sweep {
  const directory = join(folder.path, String(count++));
  mkdirSync(directory);
  writeFileSync(join(directory, 'deeds.json'), JSON.stringify(deeds));
  const tasks = deeds.map((_, index) => ({ id: String(index).padStart(24, '0'), base: 0, values: {}, updates: 1, figures: '' }));
  return { directory, manifest: trainingManifest({ bases: [], varied: [], results: 'tasks', tasks }), length: deeds.length };
}

async function pool(sweep: Sweep, parts: { jobs: number; indices?: number[]; stop?: StopRequest; onEvent?: (event: PoolEvent) => void; executable?: string }): Promise<PoolEvent[]> {
  const events: PoolEvent[] = [];
  const { jobs, indices = Array.from({ length: sweep.length }, (_, index) => index), stop = {}, onEvent, executable = standIn } = parts;
  const report = (event: PoolEvent): void => {
    events.push(event);
    onEvent?.(event);
  };
  await runPool({ sweep, indices, jobs, threads: 3, executable, stop, report });
  return events;
}

const of = <Type extends PoolEvent['type']>(events: readonly PoolEvent[], type: Type): (PoolEvent & { type: Type })[] => events.filter((event): event is PoolEvent & { type: Type } => event.type === type);
const numbers = (events: readonly PoolEvent[]): number[] => events.map(({ index }) => index);
/** How the stand-in was called, in that order. */
const callsOf = ({ directory }: Sweep): { words: string; first: number; chunk: number; threads: number }[] =>
  readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { words: string; first: number; chunk: number; threads: number });

test('so many at a time, in ascending order, each by a worker that has nothing else to do', async () => {
  const sweep = sweepOf(['slow', 'done', 'slow', 'slow', 'slow', 'done']);
  const running = new Map<number, number>();
  let most = 0;
  const mixedUp: PoolEvent[] = [];
  const onEvent = (event: PoolEvent): void => {
    const { type, worker, index } = event;
    if (running.get(worker) !== (type === 'start' ? undefined : index)) mixedUp.push(event);
    if (type === 'start') running.set(worker, index);
    most = Math.max(most, running.size);
    if (type === 'end') running.delete(worker);
  };
  const events = await pool(sweep, { jobs: 2, indices: [0, 2, 3, 4], onEvent });
  expect({ most, mixedUp }).toEqual({ most: 2, mixedUp: [] });
  expect(numbers(of(events, 'start'))).toEqual([0, 2, 3, 4]);
  expect(numbers(of(events, 'end')).toSorted()).toEqual([0, 2, 3, 4]);
  expect(of(events, 'progress')).toHaveLength(4);
  // None of them is short: each has a process of its own.
  expect(callsOf(sweep).map(({ first, chunk }) => [first, chunk]).toSorted()).toEqual([[0, 1], [2, 1], [3, 1], [4, 1]]);
  expect(callsOf(sweep)[0]).toMatchObject({ words: 'sweep task', threads: 3 });
});

test('one that fails, crashes or is killed keeps no other from being done, and why is kept', async () => {
  const sweep = sweepOf(['failed', 'crash', 'killed', 'done']);
  const events = await pool(sweep, { jobs: 1 });
  const ends = of(events, 'end');
  expect(ends).toEqual([
    { worker: 0, type: 'end', index: 0, outcome: 'failed', failure: { code: 'data', message: 'as told' } },
    { worker: 0, type: 'end', index: 1, outcome: 'failed', failure: { code: 'runtime', message: 'its process ended with exit code 7: two: \\u001b[31mthree\\u001b[0m: four: five' } },
    { worker: 0, type: 'end', index: 2, outcome: 'failed', failure: { code: 'runtime', message: 'its process was ended by SIGKILL, as the system does where memory runs out' } },
    { worker: 0, type: 'end', index: 3, outcome: 'done' },
  ]);
  const kept = (index: number): unknown => JSON.parse(readFileSync(join(sweep.directory, 'tasks', String(index).padStart(24, '0'), 'failure.json'), 'utf8'));
  expect([kept(1), kept(2)]).toEqual([1, 2].map((index) => (ends[index] as { failure: unknown }).failure));
});

test('a process that never begins its work', async () => {
  const events = await pool(sweepOf(['done', 'done']), { jobs: 2, executable: join(folder.path, 'nowhere.cjs') });
  expect(of(events, 'end')).toMatchObject([0, 1].map(() => ({ outcome: 'failed', failure: { code: 'runtime', message: expect.stringMatching(/^its process ended with exit code 1: /) } })));
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const)('%s: what runs is told to stop and waited for, nothing more is begun', async (signal) => {
  const sweep = sweepOf(['wait', 'wait', 'done']);
  const stop: StopRequest = {};
  let begun = 0;
  const onEvent = ({ type }: PoolEvent): void => {
    if (type === 'progress' && ++begun === 2) stop.signal = signal;
  };
  const events = await pool(sweep, { jobs: 2, stop, onEvent });
  expect(of(events, 'end').map(({ index, outcome }) => [index, outcome]).toSorted()).toEqual([[0, 'stopped'], [1, 'stopped']]);
  expect(numbers(of(events, 'start'))).toEqual([0, 1]);
});

test('a stop before the first begins nothing', async () => {
  expect(await pool(sweepOf(['done', 'done']), { jobs: 2, stop: { signal: 'SIGTERM' } })).toEqual([]);
});

test('short ones share a process; what one that dies has not begun is done by others, once', async () => {
  const deeds: Deed[] = Array.from({ length: 64 }, () => 'done');
  deeds[9] = 'killed';
  deeds[33] = 'crash';
  deeds[34] = 'failed';
  const sweep = sweepOf(deeds);
  const indices = deeds.map((_, index) => index).filter((index) => index !== 20);
  const events = await pool(sweep, { jobs: 2, indices });
  expect(numbers(of(events, 'start')).toSorted((a, b) => a - b)).toEqual(indices);
  expect(numbers(of(events, 'end')).toSorted((a, b) => a - b)).toEqual(indices);
  expect(of(events, 'end').filter(({ outcome }) => outcome !== 'done').map(({ index }) => index).toSorted((a, b) => a - b)).toEqual([9, 33, 34]);
  const calls = callsOf(sweep);
  expect(calls.length).toBeLessThan(40);
  expect(calls.some(({ first, chunk }) => first <= 20 && 20 < first + chunk)).toBe(false);
});

test('a chunk is the longest that sweep task can be told, and leaves some for others', () => {
  const left = fc.uniqueArray(fc.nat(40), { minLength: 1 }).map((list) => list.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(left, fc.integer({ min: 0, max: 40 }), (indices, most) => {
      const allowed = [1, 2, 4, 8, 16].filter((size) => size === 1 || (size <= most && indices[0] % size === 0 && Array.from({ length: size }, (_, i) => indices[0] + i).every((index) => indices.includes(index))));
      // Halves of what fits fit, too.
      expect(chunkOf(indices, most)).toBe(allowed.at(-1));
    }),
    { seed: 1 },
  );
});
