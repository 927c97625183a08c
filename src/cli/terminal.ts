/**
 * The streams and surroundings that a command works with. Commands take this instead of touching the process.
 */

import type { StopRequest } from '../run/stop-request.js';

/** Where a command reads its surroundings and writes its output. */
export interface Terminal {
  /** Data and results. */
  out(text: string): void;
  /** Data and results that are not text. */
  outBytes(bytes: Uint8Array): void;
  /** Everything else. */
  err(text: string): void;
  /** The stream of `err`, for the progress bar. */
  readonly errorStream: NodeJS.WritableStream;
  readonly isOutputTerminal: boolean;
  readonly isErrorTerminal: boolean;
  /** Whether ANSI colours may be used on stderr: a terminal, and NO_COLOR not set. */
  readonly useColour: boolean;
  /** Whether the terminal shows characters beyond ASCII. */
  readonly useUnicode: boolean;
  /** Characters to a line. */
  readonly width: number;
  readonly workingDirectory: string;
  readonly stop: StopRequest;
}

/** Whether the locale's character set is UTF-8. */
function isUnicodeLocale(environment: NodeJS.ProcessEnv): boolean {
  if (process.platform === 'win32') return true;
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  return /utf-?8/i.test(locale);
}

/** The terminal of this process. */
export function processTerminal(stop: StopRequest): Terminal {
  const { stdout, stderr, env } = process;
  return {
    out: (text) => void stdout.write(text),
    outBytes: (bytes) => void stdout.write(bytes),
    err: (text) => void stderr.write(text),
    errorStream: stderr,
    isOutputTerminal: stdout.isTTY === true,
    isErrorTerminal: stderr.isTTY === true,
    useColour: stderr.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
    useUnicode: isUnicodeLocale(env),
    width: stdout.columns ?? 80,
    workingDirectory: process.cwd(),
    stop,
  };
}
