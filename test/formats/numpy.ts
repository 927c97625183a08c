/** numpy as an oracle, where the machine has it. */

import { spawnSync } from 'node:child_process';

import { describe } from '@jest/globals';

/** Runs a Python script; its stdout. */
export function runPython(script: string, folder: string): string {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`python3: ${stderr}`);
  return stdout;
}

const hasNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;

// The rules are for tests; this makes them.
/* oxlint-disable jest/valid-describe-callback, jest/valid-title, jest/no-disabled-tests */

/** Tests that need numpy; skipped, with the reason in their name, where there is none. */
export function describeWithNumpy(name: string, body: () => void): void {
  if (hasNumpy) describe(name, body);
  else describe.skip(`${name} (SKIPPED: no python3 with numpy)`, body);
}
