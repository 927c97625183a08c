/**
 * Many command lines for the price of one process: the tool's `main` without the 0.2 s that every start of node takes.
 *
 * For commands that end at once. What belongs to a process of its own (signals, exit codes, crashes) it can't show:
 * use `runCli` for these. A command that brings the server down fails, and so do all after it.
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RunOutcome } from './run-cli.js';

/** A process that runs command lines, one at a time. */
export interface CliServer {
  /** Runs one; the one before must have ended. */
  run(args: readonly string[], options: { cwd: string }): Promise<RunOutcome>;
  stop(): void;
}

/** Starts a server. */
export function startCliServer(): CliServer {
  const script = fileURLToPath(new URL('./cli-server-process.js', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(args, { cwd }) {
      child.stdin.write(`${JSON.stringify({ args, cwd })}\n`);
      const answer = await answers.next();
      if (answer.done) throw new Error(`the command brought its process down: ${args.join(' ')}\n${complaints}`);
      return { signal: null, ...(JSON.parse(answer.value) as Omit<RunOutcome, 'signal'>) };
    },
    stop: () => void child.stdin.end(),
  };
}
