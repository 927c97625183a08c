/**
 * The tool's `main` for one command line after the other, in one process: what `cli-server.ts` starts.
 *
 * Reads `{ args, cwd }` a line from stdin and answers `{ code, stdout, stderr }` a line on stdout. Plain JavaScript,
 * because Node.js 20 runs no TypeScript.
 */

import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { main } from '../../../dist/cli/main.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { args, cwd } = JSON.parse(line);
  const texts = { stdout: '', stderr: '' };
  const err = (text) => (texts.stderr += text);
  process.chdir(cwd);
  const code = await main(args, {
    out: (text) => (texts.stdout += text),
    err,
    errorStream: new Writable({
      write: (chunk, _encoding, done) => {
        err(String(chunk));
        done();
      },
    }),
    isErrorTerminal: false,
    useColour: false,
    useUnicode: true,
    width: 80,
    workingDirectory: process.cwd(),
    listenForStop: () => ({}),
  });
  process.stdout.write(`${JSON.stringify({ code, ...texts })}\n`);
}
