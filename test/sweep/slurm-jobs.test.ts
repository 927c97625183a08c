/** Submitted jobs, and what squeue says of them. The lines are as Slurm 22.05 prints them. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { queuedTasks } from '../../src/sweep/queue.js';
import { parseQueue, rememberJob, submittedJobs, tasksOf, type SubmittedJob } from '../../src/sweep/slurm-jobs.js';
import { chunkFor } from '../../src/sweep/task-seconds.js';
import { ownJob } from '../../src/sweep/slurm-requeue.js';
import { temporaryFolder } from '../cli/support/run-cli.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const job = (jobId: string, parts: Partial<SubmittedJob> = {}): SubmittedJob => ({ jobId, name: 'sweep-a', purpose: 'tasks', offset: 0, chunk: 1, elements: '0-9', ...parts });

test('what was remembered is found again, in the order of the numbers; damaged files are told and left out', () => {
  const directory = join(folder.path, 'a');
  expect(submittedJobs(directory, () => {})).toEqual([]);
  const jobs = [job('9'), job('10', { chunk: 4, offset: 7 }), job('11', { purpose: 'gather', chunk: 0 })];
  for (const one of jobs.toReversed()) rememberJob(directory, one);
  for (const [name, text] of Object.entries({ '12.json': '{', '13.json': '[]', '14.json': JSON.stringify(job('14', { chunk: -1 })), '15.json': 'null', 'x.json': '{}' })) {
    writeFileSync(join(directory, 'slurm', 'jobs', name), text);
  }
  mkdirSync(join(directory, 'slurm', 'jobs', '16.json'));
  const warnings: string[] = [];
  expect(submittedJobs(directory, (message) => warnings.push(message))).toEqual(jobs);
  expect(warnings.map((message) => /jobs\/(\S+):/.exec(message)?.[1])).toEqual(['12.json', '13.json', '14.json', '15.json', '16.json']);
});

test('states of squeue', () => {
  const text = `7 0 R sweep-a
7 1 PD sweep-a
7 2 CG sweep-a
7 3 CD sweep-a
7 4 F sweep-a
7 5 CA sweep-a
7 6 CF sweep-a
7 7 RQ sweep-a
7 8 TO sweep-a
8 0 R sweep-a
9 0 R another
10 N/A PD sweep-a
slurm_load_jobs: something else
`;
  const found = parseQueue(text, [job('7'), job('9'), job('10', { purpose: 'gather', chunk: 0 })]);
  expect(found.map(({ job: { jobId }, element, isRunning }) => [jobId, element, isRunning])).toEqual([
    ['7', 0, true],
    ['7', 1, false],
    ['7', 2, true],
    ['7', 6, true],
    ['7', 7, false],
    ['10', undefined, false],
  ]);
});

test('any text can be parsed', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseQueue(text, [job('7')]).every(({ job: { jobId } }) => jobId === '7')).toBe(true);
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('an element stands for the tasks of its chunk that there are', () => {
  const element = (parts: Partial<SubmittedJob>, number?: number): number[] => tasksOf({ job: job('7', parts), isRunning: true, element: number }, 10);
  expect(element({ chunk: 3 }, 1)).toEqual([3, 4, 5]);
  expect(element({ chunk: 3 }, 3)).toEqual([9]);
  expect(element({ chunk: 3 }, 4)).toEqual([]);
  expect(element({ chunk: 2, offset: 3 }, 1)).toEqual([8, 9]);
  expect(element({ purpose: 'gather', chunk: 0 })).toEqual([]);
});

test('a task that is queued in one job and runs in another is running', () => {
  const elements = [
    { job: job('8', { chunk: 4 }), element: 0, isRunning: false },
    { job: job('7'), element: 2, isRunning: true },
    { job: job('7'), element: 1, isRunning: false },
  ];
  expect(queuedTasks(elements, 10, (index) => index !== 3)).toEqual({ queued: [0, 1], running: [2] });
});

test('chunks take about a minute, and leave every place two elements', () => {
  expect(chunkFor(undefined, 1e6, 1)).toBe(1);
  expect(chunkFor(10, 1e6, 8)).toBe(6);
  expect(chunkFor(90, 1e6, 8)).toBe(1);
  expect(chunkFor(0, 1e6, 8)).toBe(60_000);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e4, noNaN: true }), fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e4 }), (seconds, tasks, places) => {
      const chunk = chunkFor(seconds, tasks, places);
      expect(chunk).toBeGreaterThanOrEqual(1);
      expect(chunk === 1 || (Math.ceil(tasks / chunk) >= 2 * places && chunk * seconds < 90)).toBe(true);
    }),
    { numRuns: 300, seed: 2 },
  );
});

test('which job a process is', () => {
  expect(ownJob({}, 3)).toBeUndefined();
  expect(ownJob({ SLURM_JOB_ID: '' }, 3)).toBeUndefined();
  expect(ownJob({ SLURM_JOB_ID: '9' }, 3)).toEqual({ job: '9', times: 0 });
  expect(ownJob({ SLURM_JOB_ID: '9', SLURM_ARRAY_JOB_ID: '7', SLURM_ARRAY_TASK_ID: '0', SLURM_RESTART_COUNT: '2' }, 3)).toEqual({ job: '7_0', times: 2 });
  expect(ownJob({ SLURM_JOB_ID: '9', SLURM_RESTART_COUNT: '3' }, 3)).toMatchObject({ job: '9', refusal: expect.stringContaining('3 times') });
  expect(ownJob({ SLURM_JOB_ID: '9' }, 0)).toHaveProperty('refusal');
});
