/**
 * The tool's `main` for one command line after the other, in one process, some of whose file-system calls fail: a process
 * for each would take ten times as long.
 *
 * Reads a list of {@link Job} from the file that its argument names; writes one {@link JobOutcome} a line.
 */

import { readFileSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { arm, callsMade } from './patch.js';

/**
 * @typedef {{args: string[], folder: string, injection?: import('./patch.js').Injection}} Job `folder`: where it works, with
 * its cache and temporary folder in it
 * @typedef {{code: number | null, signal: null, stdout: string, stderr: string, calls: {kind: string, name: string}[]}} JobOutcome
 */

const { runMain } = await import('../../support/run-main.js');

/** What the longest job may take, in milliseconds. */
const hangLimit = 120_000;

for (const { args, folder, injection } of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  process.chdir(folder);
  process.env.XDG_CACHE_HOME = `${folder}/cache`;
  process.env.TMPDIR = `${folder}/tmp`;
  arm({ ...injection, below: folder });
  const hung = setTimeout(hangLimit, { code: null, stdout: '', stderr: '' }, { ref: false });
  const outcome = await Promise.race([runMain(args, folder), hung]);
  const calls = callsMade();
  arm(undefined);
  const line = Buffer.from(`${JSON.stringify({ ...outcome, signal: outcome.code === null ? 'hung' : null, calls })}\n`);
  for (let written = 0; written < line.length; ) written += writeSync(1, line, written);
}
process.exit();
