/** A bounded part of `npm run test:fuzz`: so many files for every parser, the same at every run. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';

const program = fileURLToPath(new URL('./run.js', import.meta.url));

test('every target survives its first 500 files', () => {
  const keep = mkdtempSync(join(tmpdir(), 'rbm-fuzz-'));
  try {
    const { status, stderr } = spawnSync(process.execPath, [program, '--cases', '500', '--seed', '1', '--keep', keep], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  } finally {
    rmSync(keep, { recursive: true });
  }
});
