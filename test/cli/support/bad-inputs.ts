/**
 * The cases of `bad-inputs/`: what they say, a folder with their files, and what holds for every message of the tool.
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preparations, trainedRunConfig } from '../bad-inputs/preparations.js';
import { runCli } from './run-cli.js';

/** Content of `case.json`; see bad-inputs/README.md. */
export interface BadInput {
  why: string;
  args: string[];
  exitCode: number;
  stderrIncludes: string[];
  remedy: string;
  prepare?: string[];
  writes?: string[];
  stdout?: boolean;
}

const casesFolder = fileURLToPath(new URL('../bad-inputs/', import.meta.url));

/** Names of all cases. */
export const caseNames = readdirSync(casesFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

/** What a case says. */
export function readCase(name: string): BadInput {
  return JSON.parse(readFileSync(join(casesFolder, name, 'case.json'), 'utf8')) as BadInput;
}

/**
 * Copies a case's files to a folder and prepares them.
 *
 * @param trainedRun a run as `trainedRunConfig` leaves it
 */
export function layOut(name: string, folder: string, trainedRun: string): void {
  cpSync(join(casesFolder, name), folder, { recursive: true });
  for (const preparation of readCase(name).prepare ?? []) preparations[preparation]({ folder, trainedRun });
}

/** Trains the run that cases damage, in a new folder; returns the run directory. */
export async function trainRun(folder: string): Promise<string> {
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(trainedRunConfig));
  const { code, stderr } = await runCli(['--config', 'config.json', '--output', 'run'], { cwd: folder });
  if (code !== 0) throw new Error(`the run that cases damage could not be trained: ${stderr}`);
  return join(folder, 'run');
}

/** A line of a stack trace. */
export const stackTrace = /^\s+at .*\(?.*:\d+:\d+\)?$/m;

/**
 * What is wrong with the way in which a command ended, whatever it was: messages that no command may write, in words.
 *
 * @param ending exit code and what stands on stderr, without colours
 */
export function faultsOf({ code, stderr }: { readonly code: number | null; readonly stderr: string }): string[] {
  const faults: string[] = [];
  const unprintable = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.exec(stderr);
  if (unprintable !== null) faults.push(`U+${unprintable[0].codePointAt(0)?.toString(16)} in the message`);
  const messages = stderr.match(/^rbm-train: /gm)?.length ?? 0;
  if (messages !== (code === 0 ? 0 : 1)) faults.push(`${messages} messages`);
  if (code !== 0 && !stderr.endsWith('\n')) faults.push('the last line does not end');
  if (stderr.includes('internal error')) faults.push('an internal error');
  if (stackTrace.test(stderr)) faults.push('a stack trace');
  return faults;
}
