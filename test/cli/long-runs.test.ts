/**
 * Nothing grows from update to update, in training processes of their own: the bounded part of `npm run test:long`, which
 * measures other trainings and more updates.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

import { outcomeOf, projectRoot } from './support/run-cli.js';

test('memory, open files and threads stay what they are over 320,000 updates, and a leak of a number per update is noticed', async () => {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const { code, stdout, stderr } = await outcomeOf(spawn(process.execPath, [join(projectRoot, 'test', 'long', 'run.js'), '--bounded'], { env, stdio: 'pipe' }));
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
});
