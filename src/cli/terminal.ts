/**
 * The streams and surroundings that a command works with. Commands take this instead of touching the process.
 */

import { existsSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { printable, RbmError } from '../errors.js';
import { fileError } from '../file-errors.js';
import type { StopRequest, StopSignal } from '../run/stop-request.js';
import { stopSignals } from './stop-signals.js';
import type { Colours } from './terminal-pictures.js';

/** A terminal that is written to. */
export interface Screen {
  /** Characters to a line, as they are now. */
  readonly width: number;
  /** Lines, as they are now. */
  readonly height: number;
  readonly colours: Colours;
  /** Calls the listener when the process goes on after it was stopped: the shell has written meanwhile. */
  onContinue?(listener: () => void): void;
}

/** Where a command reads its surroundings and writes its output. */
export interface Terminal {
  /** Data and results. */
  out(text: string): void;
  /** Everything else. */
  err(text: string): void;
  /** The stream of `err`, for the progress bar. */
  readonly errorStream: NodeJS.WritableStream;
  readonly isErrorTerminal: boolean;
  /** Whether ANSI colours may be used on stderr: a terminal, and NO_COLOR not set. */
  readonly useColour: boolean;
  /** Whether the terminal shows characters beyond ASCII. */
  readonly useUnicode: boolean;
  /** Characters to a line. */
  readonly width: number;
  readonly workingDirectory: string;
  /** The terminal that data and results go to; undefined where they go elsewhere. */
  readonly screen?: Screen;
  /** Whether nobody reads data and results any more: the reader of the pipe has gone. */
  readonly isOutputLost?: boolean;
  /**
   * From the first call on, signals ask for a stop instead of ending the process at once. Only commands that look at the
   * request now and then call it.
   */
  listenForStop(): StopRequest;
}

/** Whether the locale's character set is UTF-8. */
function isUnicodeLocale(environment: NodeJS.ProcessEnv): boolean {
  if (process.platform === 'win32') return true;
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  return /utf-?8/i.test(locale);
}

/** Whether this process has a terminal; one that was closed is none any more. */
function holdsTerminal(): boolean {
  return [0, 1, 2].some((descriptor) => isatty(descriptor));
}

/**
 * Ends this process as the hang-up would have, where the terminal has gone: Node.js can't set such a terminal back at its
 * exit, and aborts there, with a core file. A shell shows the same code, 129.
 */
export function endWithLostTerminal(): void {
  if (holdsTerminal()) return;
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}

/** A signal that comes twice within this many milliseconds was sent once, to the process and to its group. */
const echoMilliseconds = 300;

/** Who has waited so long for a stop is told how to do without the last mini-batch. */
const patienceMilliseconds = 5000;

/**
 * Makes the signals set a stop request; whoever sends a second one does not want to wait.
 *
 * SIGHUP says that the terminal has gone. Who holds none (nohup leaves none) goes on: Node.js takes back what nohup asks
 * of the system, so that without this the hang-up would end the very runs that were to outlive it.
 */
function listenForStop(): StopRequest {
  const stop: StopRequest = {};
  let first = 0;
  const hasTerminal = holdsTerminal();
  for (const signal of Object.keys(stopSignals) as StopSignal[]) {
    // Windows has no such signal, and Node.js refuses to listen for it there.
    if (signal === 'SIGUSR2' && process.platform === 'win32') continue;
    process.on(signal, () => {
      if (signal === 'SIGHUP' && !hasTerminal) return;
      if (stop.signal === undefined) {
        stop.signal = signal;
        first = performance.now();
        // A mini-batch may take long, and a compute thread that hangs may make it endless: nothing here can tell them apart.
        const tellMore = (): void => void process.stderr.write(`rbm-train: ${signal} has come, but the work in hand is not done; once more ends it at once\n`);
        setTimeout(tellMore, patienceMilliseconds).unref();
      } else if (performance.now() - first > echoMilliseconds) {
        // The progress bar may have hidden the cursor, and turned the wrapping of lines off.
        if (process.stderr.isTTY) process.stderr.write('\u001b[?25h\u001b[?7h\n');
        if (signal === 'SIGHUP') endWithLostTerminal();
        process.exit(stopSignals[signal]);
      }
    });
  }
  return stop;
}

/**
 * The folder that this process is in.
 *
 * @throws RbmError 'usage' where it was removed, or its name is not text: Node.js would take another folder for it
 */
function currentFolder(): string {
  let folder: string;
  try {
    folder = process.cwd();
  } catch (error) {
    throw fileError(error, 'the current folder', { code: 'usage', action: "can't be found", hint: 'Change to another folder.' });
  }
  const isOther = (): boolean => !existsSync(folder) || statSync(folder).ino !== statSync('.').ino;
  if (folder.includes('\ufffd') && isOther()) {
    throw new RbmError('usage', `${printable(folder)}: the name of this folder is not UTF-8`, { hint: 'Rename it, or run the command from another folder.' });
  }
  return folder;
}

/** Colours that stdout shows; none with NO_COLOR. */
function coloursOf({ stdout, env }: NodeJS.Process): Colours {
  const depth = (env.NO_COLOR ?? '') === '' ? stdout.getColorDepth() : 1;
  return depth >= 24 ? 'all' : depth >= 8 ? '256' : 'none';
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  let stop: StopRequest | undefined;
  const { stdout, stderr, env } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    errorStream: stderr,
    isErrorTerminal: stderr.isTTY === true,
    useColour: stderr.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
    useUnicode: isUnicodeLocale(env),
    width: stdout.columns ?? 80,
    screen: stdout.isTTY !== true ? undefined : {
      get width() {
        return stdout.columns ?? 80;
      },
      get height() {
        return stdout.rows ?? 24;
      },
      colours: coloursOf(process),
      onContinue(listener) {
        // Windows has no such signal.
        if (process.platform !== 'win32') process.on('SIGCONT', listener);
      },
    },
    get isOutputLost() {
      return stdout.destroyed;
    },
    get workingDirectory() {
      return currentFolder();
    },
    listenForStop: () => (stop ??= listenForStop()),
  };
}
