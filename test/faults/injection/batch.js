/**
 * The tool's `main` for one command line after the other, in one process, some of whose file-system calls fail: a process
 * for each would take ten times as long.
 *
 * Reads a list of {@link Job} from the file that its argument names; writes one {@link JobOutcome} a line.
 */

import { readFileSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

import { arm, callsMade } from './patch.js';

/**
 * @typedef {{args: string[], folder: string, injection?: import('./patch.js').Injection}} Job `folder`: where it works, with
 * its cache and temporary folder in it
 * @typedef {{code: number | null, signal: null, stdout: string, stderr: string, calls: {kind: string, name: string}[]}} JobOutcome
 */

const { main } = await import('../../../dist/cli/main.js');

/** What the longest job may take, in milliseconds. */
const hangLimit = 120_000;

for (const { args, folder, injection } of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const texts = { stdout: '', stderr: '' };
  const err = (text) => (texts.stderr += text);
  process.chdir(folder);
  process.env.XDG_CACHE_HOME = `${folder}/cache`;
  process.env.TMPDIR = `${folder}/tmp`;
  arm({ ...injection, below: folder });
  const code = await Promise.race([
    main(args, {
      out: (text) => (texts.stdout += text),
      err,
      errorStream: new Writable({ write: (chunk, _encoding, done) => (err(String(chunk)), done()) }),
      isErrorTerminal: false,
      useColour: false,
      useUnicode: true,
      width: 80,
      workingDirectory: folder,
      listenForStop: () => ({}),
    }),
    setTimeout(hangLimit, null, { ref: false }),
  ]);
  const calls = callsMade();
  arm(undefined);
  const line = Buffer.from(`${JSON.stringify({ code, signal: code === null ? 'hung' : null, ...texts, calls })}\n`);
  for (let written = 0; written < line.length; ) written += writeSync(1, line, written);
}
process.exit();
