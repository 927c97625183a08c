/**
 * The real command-line tool in a child process, for tests: what a user would see. It checks nothing itself.
 *
 * `npx tsc -p tsconfig.json` must have run before: the tool runs from dist/.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root. */
export const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** The file that `rbm-train` starts. */
export const executable = join(projectRoot, 'bin', 'rbm-train.js');

/** How a command is started. */
export interface RunOptions {
  readonly cwd: string;
  /** Added to the tests' own environment, from which the variables that change the output are removed. */
  readonly env?: Record<string, string>;
  /** What the command reads on stdin; nothing where left out. */
  readonly input?: string;
}

/** How a command ended. */
export interface RunOutcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function environment(added: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _force, NO_COLOR: _no, NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, ...added };
}

/** Starts the tool; stdin, stdout and stderr are pipes. */
export function startCli(args: readonly string[], { cwd, env, input }: RunOptions): ChildProcess {
  const child = spawn(process.execPath, [executable, ...args], { cwd, env: environment(env), stdio: 'pipe' });
  // A command that ends without reading its stdin closes the pipe; that is no failure of the test.
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  return child;
}

/** What a started process prints, and how it ends. */
export function outcomeOf(child: ChildProcess): Promise<RunOutcome> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
}

/** Runs the tool to its end. */
export function runCli(args: readonly string[], options: RunOptions): Promise<RunOutcome> {
  return outcomeOf(startCli(args, options));
}

/** A new empty folder (its real path), and how to remove it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'rbm-train-test-')));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
