/**
 * Checkpoints of every version that landed (fixtures/, see its README): read right, and continued with the bits that the
 * version itself gave, or refused with the reason. Through the command line, as a user meets them.
 */

import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { readSafetensors } from '../../src/formats/safetensors.js';
import { numericsVersion } from '../../src/kernels/index.js';
import { startCliServer, type CliServer } from '../cli/support/cli-server.js';
import { projectRoot, temporaryFolder } from '../cli/support/run-cli.js';

interface Expected {
  readonly numericsVersion: number;
  readonly digest: string;
  readonly progress: object;
  readonly tensors: readonly object[];
  readonly evaluation: { readonly splits: Readonly<Record<string, Readonly<Record<string, unknown>>>>; readonly logPartitionFunction: { readonly logZ: number } };
  readonly npz: string;
  readonly continued: { readonly digest: string; readonly tensors: Readonly<Record<string, string>> };
}

const fixtures = join(projectRoot, 'test', 'checkpoint', 'fixtures');
const foldersIn = (path: string): string[] => readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

interface Run {
  /** Relative to the fixtures. */
  readonly path: string;
  readonly expected: Expected;
}

const runs: Run[] = foldersIn(fixtures)
  .flatMap((version) => foldersIn(join(fixtures, version)).map((run) => `${version}/${run}`))
  .map((path) => ({ path, expected: JSON.parse(readFileSync(join(fixtures, path, 'expected.json'), 'utf8')) as Expected }));

const folder = temporaryFolder();
let server: CliServer;
beforeAll(() => {
  cpSync(fixtures, folder.path, { recursive: true });
  server = startCliServer();
});
afterAll(() => {
  server.stop();
  folder.remove();
});

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Every number and text in a value, by its path. */
function leaves(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, part]) => leaves(part, `${path}.${key}`));
}

/** Paths at which two values differ by more than a rounding error; what only the second has is no difference. */
function differences(expected: unknown, found: unknown): string[] {
  const others = new Map(leaves(found));
  return leaves(expected)
    .filter(([path, value]) => {
      const other = others.get(path);
      return typeof value === 'number' && typeof other === 'number' ? Math.abs(value - other) > 1e-11 : value !== other;
    })
    .map(([path]) => path);
}

/** What a command prints as JSON. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await server.run([...args, '--json', '--quiet'], { cwd: folder.path });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('every version has its runs', () => {
  for (const name of ['/cd', '/sml', '/exact']) expect(runs.filter(({ path }) => path.endsWith(name)).length).toBeGreaterThanOrEqual(4);
});

test.each(runs)('$path is read as the version itself read it', async ({ path, expected }) => {
  const { digest, progress, tensors } = await json('inspect', path);
  expect({ digest, progress }).toEqual({ digest: expected.digest, progress: expected.progress });
  expect(tensors).toMatchObject(expected.tensors);
  const { splits, logPartitionFunction } = await json('evaluate', path);
  // Figures are no parameters: the last bit of a mean may be another one where a faster sum took the place of a slower.
  const { logZ } = logPartitionFunction as { logZ: number };
  expect(differences({ splits: expected.evaluation.splits, logZ: expected.evaluation.logPartitionFunction.logZ }, { splits, logZ })).toEqual([]);
  const npz = `${path.replace('/', '-')}.npz`;
  expect((await server.run(['export', path, '--npz', npz], { cwd: folder.path })).code).toBe(0);
  expect(hash(readFileSync(join(folder.path, npz)))).toBe(expected.npz);
});

/** The runs that have these numerics, or others. */
const runsOf = (areOurs: boolean): Run[] => runs.filter(({ expected }) => (expected.numericsVersion === numericsVersion) === areOurs);
const goOn = (path: string) => server.run(['--resume', path, '--set', 'training.updates=40', '--quiet', '--json'], { cwd: folder.path });

test.each(runsOf(true))('$path is continued with the same bits', async ({ path, expected }) => {
  const { code, stdout, stderr } = await goOn(path);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect((JSON.parse(stdout) as { digest: string }).digest).toBe(expected.continued.digest);
  const file = join(folder.path, path, 'checkpoints', 'update-0000000000040.safetensors');
  const { tensors } = readSafetensors(readFileSync(file), file);
  // Figures are no parameters, and versions before 27a7d44 had no diagnostics.
  const hashes = [...tensors].filter(([name]) => name !== 'metrics' && !name.startsWith('diagnostics.')).map(([name, { values }]) => [name, hash(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))]);
  expect(Object.fromEntries(hashes)).toEqual(expected.continued.tensors);
  const updates = readFileSync(join(folder.path, path, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { update: number }).update);
  expect(updates).toEqual([0, 7, 14, 21, 28, 35, 40]);
});

test.each(runsOf(false))('$path is refused with the reason', async ({ path, expected }) => {
  const { code, stdout, stderr } = await goOn(path);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`made with numerics version ${expected.numericsVersion}, this is version ${numericsVersion}`);
});
