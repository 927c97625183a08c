/**
 * The tool's `main` for one command line after the other, in one process: what `cli-server.ts` starts.
 *
 * Reads `{ args, cwd }` a line from stdin and answers `{ code, stdout, stderr }` a line on stdout. Plain JavaScript,
 * because Node.js 20 runs no TypeScript.
 */

import { createInterface } from 'node:readline';

import { runMain } from '../../support/run-main.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { args, cwd } = JSON.parse(line);
  process.chdir(cwd);
  process.stdout.write(`${JSON.stringify(await runMain(args, process.cwd()))}\n`);
}
