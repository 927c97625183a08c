/**
 * The process around the commands: signals, the one place where errors are printed, the exit code.
 */

import { exitCodes, isRbmError, messageOf, printable } from '../errors.js';
import { fileError, systemCode } from '../file-errors.js';
import { Stopped } from '../run/stop-request.js';
import { runProgram } from './program.js';
import { stopSignals } from './stop-signals.js';
import { endWithLostTerminal, processTerminal, type Terminal } from './terminal.js';

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
  const message = messageOf(error);
  const code = systemCode(error);
  if (code === 'ERR_COMPUTE_THREAD') return `${label} ${printable(message, 500)}\nRun it again; if it fails again, with --threads 1.\n${stack}`;
  if (code === 'ERR_KERNEL_MEMORY') return `${label} not enough memory: ${message}\nUse a smaller model, fewer chains, less data, or --threads 1.\n${stack}`;
  if (/^(Array buffer allocation failed|Invalid typed array length|Invalid array length)/.test(message)) {
    return `${label} not enough memory: ${message}\nUse a smaller model, fewer chains or less data.\n${stack}`;
  }
  const { path, syscall } = (error ?? {}) as Record<string, unknown>;
  // Of the tool's own modules, mostly: those of a command are read when it is called.
  if (typeof path === 'string' && typeof syscall === 'string') return errorText(fileError(error, path, { code: 'runtime', action: "can't be used" }), debug, colour);
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
    if (error instanceof Stopped) {
      terminal.err(`rbm-train: ${error.message}\n`);
      return stopSignals[error.signal];
    }
    const end = argv.indexOf('--');
    const debug = (end < 0 ? argv : argv.slice(0, end)).includes('--debug');
    terminal.err(errorText(error, debug, terminal.useColour));
    return isRbmError(error) ? exitCodes[error.code] : exitCodes.runtime;
  }
}

/** Runs the command line of this process and sets its exit code. */
export async function run(): Promise<void> {
  process.stdout.on('error', (error) => {
    // The reader of a pipe (head, less) has gone: no more output, but the exit code still counts.
    if (systemCode(error) === 'EPIPE') return;
    const { message, hint } = fileError(error, 'standard output', { code: 'runtime', action: "can't be written" });
    process.stderr.write(`rbm-train: ${message}\n${hint ?? ''}\n`);
    process.exit(exitCodes.runtime);
  });
  // Progress that nobody can read any more is no reason to end a training.
  process.stderr.on('error', () => {});
  process.exitCode = await main(process.argv.slice(2), processTerminal());
  if (process.exitCode === exitCodes.hungUp) endWithLostTerminal();
}
