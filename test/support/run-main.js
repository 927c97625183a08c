/**
 * The tool's `main` in this process, as a command in a folder that is not a terminal. Plain JavaScript on dist/, because it
 * also runs where no TypeScript does.
 */

import { Writable } from 'node:stream';

import { main } from '../../dist/cli/main.js';

/**
 * Runs one command line.
 *
 * @param {readonly string[]} args
 * @param {string} folder where it works
 * @returns {Promise<{code: number, stdout: string, stderr: string}>} its exit code and what it printed
 */
export async function runMain(args, folder) {
  const texts = { stdout: '', stderr: '' };
  const err = (text) => (texts.stderr += text);
  const errorStream = new Writable({
    write(chunk, _encoding, done) {
      err(String(chunk));
      done();
    },
  });
  const code = await main(args, {
    out: (text) => (texts.stdout += text),
    err,
    errorStream,
    isErrorTerminal: false,
    useColour: false,
    useUnicode: true,
    width: 80,
    workingDirectory: folder,
    listenForStop: () => ({}),
  });
  return { code, ...texts };
}
