/**
 * Bad inputs: every folder in `bad-inputs/` is a command line that must fail with its documented exit code and one
 * clear message. See bad-inputs/README.md for what a case says, and how to add one.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { preparations } from './bad-inputs/preparations.js';
import { caseNames, faultsOf, layOut, readCase, stackTrace, trainRun } from './support/bad-inputs.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const keys = new Set(['why', 'args', 'exitCode', 'stderrIncludes', 'remedy', 'prepare', 'writes', 'stdout']);
/** Files larger than this are compared by their size alone. */
const hashedBytes = 1 << 20;

/** What a folder holds: path → kind, size and content. */
function snapshot(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  return new Map(
    paths.map((path) => {
      const status = lstatSync(join(folder, path));
      if (!status.isFile()) return [path, status.isDirectory() ? 'folder' : 'other'];
      const isSmall = status.size <= hashedBytes;
      const hash = isSmall ? createHash('sha256').update(readFileSync(join(folder, path))).digest('hex') : '';
      return [path, `${status.size} bytes ${hash}`];
    }),
  );
}

/** Paths whose entries differ. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
}

/** What a case left behind. */
interface Ending extends RunOutcome {
  /** stderr with the temporary folder taken out of all paths, so that no path holds a word by chance. */
  message: string;
  written: string[];
}

const temporary = temporaryFolder();
let trainedRun = '';
let started = 0;

type Run = (args: readonly string[], options: { cwd: string }) => Promise<RunOutcome>;

/** Runs a case in a copy of its folder. */
async function runCase(name: string, runArgs: Run, more: readonly string[] = []): Promise<Ending> {
  const { args } = readCase(name);
  const folder = join(temporary.path, String(++started));
  layOut(name, folder, trainedRun);
  const before = snapshot(folder);
  const outcome = await runArgs([...args, ...more], { cwd: folder });
  return { ...outcome, message: outcome.stderr.replaceAll(`${folder}/`, ''), written: changes(before, snapshot(folder)) };
}

/** All cases, two at a time; each test waits for its own. */
const endings = new Map<string, Promise<Ending>>();
let servers: CliServer[] = [];

function startAll(): void {
  servers = [startCliServer(), startCliServer()];
  const lanes: Promise<unknown>[] = servers.map(() => Promise.resolve());
  for (const [index, name] of caseNames.entries()) {
    const lane = index % lanes.length;
    const ending = lanes[lane].then(() => runCase(name, servers[lane].run));
    endings.set(name, ending);
    // A failure is reported by the test that waits for it, and must not stop the next case.
    lanes[lane] = ending.catch(() => {});
  }
}

beforeAll(async () => {
  trainedRun = await trainRun(join(temporary.path, 'trained'));
  startAll();
});

afterAll(async () => {
  await Promise.allSettled(endings.values());
  for (const server of servers) server.stop();
  temporary.remove();
});

describe('a bad input fails with its exit code and one clear message', () => {
  test.each(caseNames)('%s', async (name) => {
    const spec = readCase(name);
    const { code, signal, stdout, stderr, message, written } = (await endings.get(name)) as Ending;
    const label = `${spec.why}: rbm-train ${spec.args.join(' ')}\n${stderr}`;

    // The label makes a failure readable: Jest shows both sides whole.
    expect({ label, code, signal }).toEqual({ label, code: spec.exitCode, signal: null });
    for (const text of [...spec.stderrIncludes, spec.remedy]) expect(message).toContain(text);

    expect(faultsOf({ code, stderr })).toEqual([]);
    const inventions = ['undefined', 'NaN', '[object'].filter((text) => !spec.stderrIncludes.includes(text));
    for (const text of inventions) expect(message).not.toContain(text);

    expect(stdout !== '').toBe(spec.stdout === true);
    const allowed = spec.writes ?? [];
    expect(written.filter((path) => !allowed.some((start) => path === start || path.startsWith(`${start}/`)))).toEqual([]);
    expect(written.filter((path) => path.endsWith('.tmp'))).toEqual([]);
  });
});

describe('the folder of bad inputs', () => {
  test('has at least 60 cases, and each uses the known keys and preparations only', () => {
    expect(caseNames.length).toBeGreaterThanOrEqual(60);
    const used = new Set<string>();
    for (const name of caseNames) {
      const spec = readCase(name);
      expect({ name, unknown: Object.keys(spec).filter((key) => !keys.has(key)) }).toEqual({ name, unknown: [] });
      for (const text of [spec.why, spec.remedy, ...spec.stderrIncludes]) expect(text).not.toBe('');
      for (const preparation of spec.prepare ?? []) used.add(preparation);
    }
    expect([...used].toSorted()).toEqual(Object.keys(preparations).toSorted());
  });

  test('covers every exit code of a failure that an input can cause', () => {
    const codes = new Set(caseNames.map((name) => readCase(name).exitCode));
    expect([...codes].toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

/** One case of each exit code, and the ones that lean on the process most. */
const ownProcess = [
  'arguments-expect-mismatch',
  'arguments-output-below-a-file',
  'arguments-unknown-command',
  'config-range-memory',
  'config-unknown-key-model',
  'data-gzip-bomb',
  'diverged-learning-rate',
  'model-checkpoint-flipped-bit',
];

test.each(ownProcess)('%s: as a process of its own it ends the same', async (name) => {
  const { code, signal, stdout, message, written } = (await endings.get(name)) as Ending;
  const own = await runCase(name, runCli);
  expect({ code: own.code, signal: own.signal, stdout: own.stdout, message: own.message }).toEqual({ code, signal, stdout, message });
  expect(own.written).toEqual(written);
});

test('--debug adds the stack trace, and changes nothing else about the message', async () => {
  const name = 'config-unknown-key-model';
  const plain = (await endings.get(name)) as Ending;
  const debug = await runCase(name, runCli, ['--debug']);
  expect(debug.code).toBe(plain.code);
  expect(debug.stderr).toMatch(stackTrace);
  expect(debug.message.startsWith(plain.message)).toBe(true);
});
