/** What is told of a pool where there is no terminal, event by event. */

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import { poolDisplay } from '../../src/cli/sweep/pool-display.js';
import type { Terminal } from '../../src/cli/terminal.js';
import type { PoolEvent } from '../../src/sweep/local-pool.js';

let told = '';
const terminal = { err: (text: string) => void (told += text), isErrorTerminal: false } as unknown as Terminal;
const view = { tasks: 4, jobs: 2, nameOf: (index: number) => `task ${index} k=${index}` };

const events: PoolEvent[] = [
  { worker: 0, type: 'start', index: 0 },
  { worker: 1, type: 'start', index: 1 },
  { worker: 0, type: 'progress', index: 0, share: 0.5, latest: 'log-likelihood train -1.0' },
  { worker: 1, type: 'warning', index: 1, message: 'a checkpoint is damaged' },
  { worker: 0, type: 'end', index: 0, outcome: 'done' },
  { worker: 0, type: 'start', index: 2 },
  { worker: 1, type: 'end', index: 1, outcome: 'failed', failure: { code: 'data', message: 'other data' } },
  { worker: 1, type: 'start', index: 3 },
  { worker: 1, type: 'end', index: 3, outcome: 'failed', failure: { code: 'diverged', message: 'at update 3' } },
  { worker: 0, type: 'end', index: 2, outcome: 'there' },
];

beforeEach(() => {
  jest.useFakeTimers();
  told = '';
});
afterEach(() => {
  jest.useRealTimers();
});

test('a line for what ends or is warned of', async () => {
  const display = await poolDisplay(view, terminal, false);
  events.forEach((event) => display.report(event));
  display.end();
  jest.advanceTimersByTime(60_000);
  expect(told).toBe(
    'warning: task 1 k=1: a checkpoint is damaged\n' +
      'task 0 k=0: done (1 of 4)\n' +
      'task 1 k=1 failed: other data (2 of 4)\n' +
      'task 3 k=3 diverged: at update 3 (3 of 4)\n' +
      'task 2 k=2: done before (4 of 4)\n',
  );
});

test('every ten seconds how far the whole is, at the pace of the work that was done here', async () => {
  const display = await poolDisplay(view, terminal, false);
  display.report({ worker: 0, type: 'start', index: 0 });
  // It goes on from the half.
  display.report({ worker: 0, type: 'progress', index: 0, share: 0.5, latest: '' });
  jest.advanceTimersByTime(9_999);
  expect(told).toBe('');
  display.report({ worker: 0, type: 'progress', index: 0, share: 0.75, latest: '' });
  jest.advanceTimersByTime(1);
  // A quarter of a task in ten seconds; three and a quarter are left.
  expect(told).toBe('0 of 4 tasks  2m10s left\n');
  display.report({ worker: 0, type: 'end', index: 0, outcome: 'failed', failure: { code: 'data', message: 'm' } });
  told = '';
  jest.advanceTimersByTime(10_000);
  expect(told).toMatch(/^1 of 4 tasks, 1 failed {2}\S+ left\n$/);
  display.end();
});

test('what is stopped does not count as one that has ended', async () => {
  const display = await poolDisplay(view, terminal, false);
  display.report({ worker: 0, type: 'start', index: 0 });
  display.report({ worker: 0, type: 'progress', index: 0, share: 0.5, latest: '' });
  display.report({ worker: 0, type: 'end', index: 0, outcome: 'stopped' });
  expect(told).toBe('task 0 k=0: stopped\n');
  jest.advanceTimersByTime(10_000);
  expect(told).toMatch(/\n0 of 4 tasks {2}\S+ left\n$/);
  display.end();
});

test('--quiet tells failures only', async () => {
  const display = await poolDisplay(view, terminal, true);
  events.forEach((event) => display.report(event));
  jest.advanceTimersByTime(60_000);
  display.end();
  expect(told).toBe('task 1 k=1 failed: other data\ntask 3 k=3 diverged: at update 3\n');
});
