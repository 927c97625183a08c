/**
 * `rbm-train data` of data that are not binary: what it prints.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { runCli, temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** What `data` prints of a file with this content. */
async function show(name: string, content: string, ...args: string[]): Promise<string> {
  writeFileSync(join(folder.path, name), content);
  const { code, stdout, stderr } = await runCli(['data', name, ...args], { cwd: folder.path, env: { LC_ALL: 'C' } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

test('real values: ranges and moments of splits and columns, what they were standardized by, shades', async () => {
  const stdout = await show('real.csv', 'x,y\n1,\n3,4\n1,8\n3,6\n', '--set', 'data.values=real', '--set', 'data.missing=nan', '--set', 'data.standardize=columns');
  expect(stdout).toMatch(/^2 real columns$/m);
  // The columns are (−1, 1, −1, 1) and (?, −1, 1, 0) / √(2/3).
  expect(stdout).toMatch(/^train +4 +4 +-1\.2247 +1\.2247 +0 +1 +1$/m);
  expect(stdout).toMatch(/^1 +-1 +1 +0 +1 +2 +1$/m);
  expect(stdout).toMatch(/^2 +-1\.2247 +1\.2247 +0 +1 +6 +1\.633$/m);
  expect(stdout).toContain('| +|');
});

test('categories: what stands for each unit, how often, and the first rows', async () => {
  const stdout = await show('words.csv', 'color,size\nred,1\n"light blue",?\nred,2\n', '--set', 'data.values=categorical', '--set', 'data.missing=nan');
  expect(stdout).toMatch(/^2 categorical columns with 4 values in all$/m);
  expect(stdout).toMatch(/^train +3 +3 +1$/m);
  expect(stdout).toContain('  color: light blue (1), red (2)\n  size: 1 (1), 2 (1)\n');
  expect(stdout).toMatch(/\nred, 1\nlight blue, \?\nred, 2\n$/);
});

test('binary values with gaps; a file of 0 and 1 is shown as ever', async () => {
  expect(await show('gaps.csv', '0,1\n1,\n', '--set', 'data.missing=nan')).toMatch(/^train +2 +0\.5000 +2 +0 +0 +1$/m);
  expect(await show('plain.csv', '0,1\n1,1\n')).toMatch(/^train +2 +0\.7500 +2 +0 +1$/m);
});

test('a source of real values needs no more than its name', async () => {
  const { code, stdout } = await runCli(['data', 'mixture-of-gaussians', '--json'], { cwd: folder.path });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'real', columns: 2, splits: [{ name: 'train', rows: 1000 }] });
});
