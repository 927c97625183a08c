/**
 * The process around the commands: signals, the one place where errors are printed, the exit code.
 */

import { exitCodes, isRbmError, printable } from '../errors.js';
import { systemCode } from '../file-errors.js';
import { Stopped, type StopRequest, type StopSignal } from '../run/stop-request.js';
import { runProgram } from './program.js';
import { stopSignals } from './stop-signals.js';
import { processTerminal, type Terminal } from './terminal.js';

/** The message of an error, as the user sees it. */
export function errorText(error: unknown, debug: boolean, colour: boolean): string {
  const label = colour ? '\u001b[31mrbm-train:\u001b[0m' : 'rbm-train:';
  const stack = error instanceof Error && debug ? `${error.stack ?? ''}\n` : '';
  if (isRbmError(error)) {
    const parts = [`${label} ${error.message}`];
    if (error.frame !== undefined) parts.push(error.frame);
    if (error.hint !== undefined) parts.push(error.hint);
    return `${parts.join('\n')}\n${stack}`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return (
    `${label} internal error: ${printable(message, 500)}\n` +
    `This is a bug in rbm-train. Run the command again with --debug for the details to report.\n${stack}`
  );
}

/**
 * Runs one command line.
 *
 * @param argv the arguments, without node and script
 * @returns the exit code
 */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await runProgram(argv, terminal);
  } catch (error) {
    const { signal } = terminal.stop;
    if (signal !== undefined && error instanceof Stopped) {
      terminal.err(`rbm-train: stopped by ${signal}\n`);
      return stopSignals[signal];
    }
    const end = argv.indexOf('--');
    const debug = (end < 0 ? argv : argv.slice(0, end)).includes('--debug');
    terminal.err(errorText(error, debug, terminal.useColour));
    return isRbmError(error) ? exitCodes[error.code] : exitCodes.runtime;
  }
}

/** Runs the command line of this process and sets its exit code. */
export async function run(): Promise<void> {
  const stop: StopRequest = {};
  for (const signal of Object.keys(stopSignals) as StopSignal[]) {
    process.on(signal, () => {
      // The second time, whoever sent it does not want to wait.
      if (stop.signal !== undefined) process.exit(stopSignals[signal]);
      stop.signal = signal;
    });
  }
  // The reader of a pipe (head, less) has gone: nothing is left to do, and nothing to complain about.
  process.stdout.on('error', (error) => {
    if (systemCode(error) === 'EPIPE') process.exit(exitCodes.ok);
    throw error;
  });
  process.exitCode = await main(process.argv.slice(2), processTerminal(stop));
}
