/**
 * `rbm-train watch`: shows a run while it goes on, in the terminal or as a live page. It only reads the run directory, so it
 * may run on another machine that sees it, start and end whenever it likes, and show runs that are not going on, too.
 *
 * A training publishes its progress with every checkpoint (`checkpoint.every`); what is shown is as old as the latest one.
 */

import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RunDirectory } from '../checkpoint/run-directory.js';
import type { Dataset } from '../datasets/index.js';
import { exitCodes, printable, RbmError } from '../errors.js';
import { kindAt } from '../read-file.js';
import { openRunDirectory } from '../run/open-run.js';
import { Stopped, stoppablePause, type StopRequest } from '../run/stop-request.js';
import { jsonText } from './json-output.js';
import { wholeNumber } from './numbers.js';
import type { CommonOptions, DefineCommand } from './options.js';
import { warner } from './remarks.js';
import type { Terminal } from './terminal.js';
import { viewDocument, viewLines } from './watch-view.js';
import { WatchedRun, type RunState } from './watched-run.js';

interface Options extends CommonOptions {
  interval?: string;
  once?: boolean;
  wait?: boolean;
  web?: boolean;
  port?: string;
}

const defaultInterval = 2;

/** A run whose files are gone is being replaced, where new ones are there within so many milliseconds. */
const replacementTime = 10_000;

/** Milliseconds between looks at signals and at the terminal's size. */
const attention = 100;

/** Seconds from an option. */
function seconds(option: string, text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value >= 0.1 && value <= 86_400) return value;
  throw new RbmError('usage', `${option} ${printable(text)}: not a number of seconds from 0.1 to 86400`, { hint: 'For example 2, or 0.5.' });
}

/** Refuses options that have no effect on each other's side. */
function checkOptions(options: Options): void {
  const fail = (message: string): RbmError => new RbmError('usage', message, { hint: 'Leave one of them out.' });
  if (options.once && options.web) throw fail('--once and --web exclude each other');
  if (options.once && options.interval !== undefined && !options.wait) throw fail('--interval has no effect with --once');
  if (options.port !== undefined && !options.web) throw new RbmError('usage', '--port has no effect without --web', { hint: 'Add --web, or leave it out.' });
}

/** Waits, but not when a stop is requested; `look` is called now and then. */
async function sleep(milliseconds: number, stop: StopRequest, look?: () => void): Promise<void> {
  const end = performance.now() + milliseconds;
  for (;;) {
    if (stop.signal !== undefined) throw new Stopped(stop.signal);
    const left = end - performance.now();
    if (left <= 0) return;
    await wait(Math.min(left, attention));
    look?.();
  }
}

/** How states are shown. */
interface Display {
  show(state: RunState): void;
  /** Called often: what is shown may have to be drawn again. */
  look?(): void;
  /** Something else was written to the terminal: what was drawn is no longer where it was. */
  interrupted?(): void;
}

/** Everything that is shown of a state but times: what differs only in these is not shown again. */
function contentOf(state: RunState): string {
  return JSON.stringify(viewDocument({ ...state, savedTime: undefined }));
}

/** Shows each state that differs from the one before. */
function changesDisplay(print: (state: RunState) => void): Display {
  let last = '';
  return {
    show(state) {
      const content = contentOf(state);
      if (content === last) return;
      last = content;
      print(state);
    },
  };
}

/** One block of text. */
function block(state: RunState, terminal: Terminal): string {
  const { screen, useUnicode: unicode } = terminal;
  const lines = viewLines(state, { width: screen?.width ?? terminal.width, unicode, colours: screen?.colours ?? 'none', now: Date.now() });
  return `${lines.join('\n')}\n`;
}

/** Draws in place, and again when the terminal's size changes. */
function screenDisplay(terminal: Terminal): Display {
  const { screen, useUnicode: unicode } = terminal;
  if (screen === undefined) throw new Error('no screen');
  let drawn = 0;
  let [width, height] = [0, 0];
  let last: RunState | undefined;
  const interrupted = (): void => {
    drawn = 0;
  };
  screen.onContinue?.(interrupted);
  const draw = (state: RunState): void => {
    // The cursor stays below the last line, and so needs one for itself.
    const lines = viewLines(state, { width: screen.width, height: Math.max(1, screen.height - 1), unicode, colours: screen.colours, now: Date.now() });
    const isResized = drawn > 0 && (screen.width !== width || screen.height !== height);
    [width, height] = [screen.width, screen.height];
    // A terminal of another size has broken the old lines anew: nobody knows where they are now.
    const start = isResized ? '\u001b[2J\u001b[H' : drawn > 0 ? `\u001b[${drawn}A\r` : '';
    // While it draws, lines are not broken: characters may be wider than one column.
    terminal.out(`${start}\u001b[?7l${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J\u001b[?7h`);
    drawn = lines.length;
    last = state;
  };
  return {
    show: draw,
    look() {
      if (last !== undefined && (screen.width !== width || screen.height !== height)) draw(last);
    },
    interrupted,
  };
}

function chooseDisplay(options: Options, terminal: Terminal): Display {
  if (options.json) return changesDisplay((state) => terminal.out(`${jsonText(viewDocument(state))}\n`));
  if (terminal.screen !== undefined) return screenDisplay(terminal);
  let isFirst = true;
  return changesDisplay((state) => {
    terminal.out(`${isFirst ? '' : '\n'}${block(state, terminal)}`);
    isFirst = false;
  });
}

/** The exit code of a training that has ended for good; undefined where it may go on. */
function endOf({ status }: RunState): number | undefined {
  if (status === 'finished') return exitCodes.ok;
  if (status === 'diverged') return exitCodes.diverged;
  return status === 'failed' ? exitCodes.runtime : undefined;
}

/** The state of the run, as soon as there is one. */
async function stateOf(run: WatchedRun, path: string, interval: number, stop: StopRequest, patience: number): Promise<RunState> {
  const start = performance.now();
  for (;;) {
    const state = run.read();
    if (state !== undefined) return state;
    if (performance.now() - start > patience) {
      throw new RbmError('runtime', `${printable(path)}: the run was removed, moved or emptied meanwhile`, { hint: 'Watch it where it is now; with --wait, a new run is waited for.' });
    }
    await sleep(Math.min(interval, 1000), stop);
  }
}

function tellOfWaiting(run: WatchedRun, path: string, options: Options, terminal: Terminal): void {
  if (!run.isThere && !options.quiet) terminal.err(`waiting for a run in ${printable(path)}\n`);
}

async function watchInTerminal(directory: RunDirectory, path: string, options: Options, stop: StopRequest, terminal: Terminal): Promise<number> {
  const interval = 1000 * seconds('--interval', options.interval ?? String(defaultInterval));
  const display = chooseDisplay(options, terminal);
  const warn = warner(options, terminal);
  const run = new WatchedRun(directory, (message) => {
    warn(message);
    display.interrupted?.();
  });
  tellOfWaiting(run, path, options, terminal);
  const read = (): Promise<RunState> => stateOf(run, path, interval, stop, options.wait ? Infinity : replacementTime);
  if (options.once) {
    const state = await read();
    terminal.out(options.json ? `${jsonText(viewDocument(state), 2)}\n` : block(state, terminal));
    return exitCodes.ok;
  }
  let stamp = '';
  let state: RunState | undefined;
  for (;;) {
    const now = run.stamp();
    if (state === undefined || now !== stamp) state = await read();
    stamp = now;
    display.show(state);
    const end = endOf(state);
    if (end !== undefined) return end;
    await sleep(interval, stop, display.look?.bind(display));
    if (terminal.isOutputLost) return exitCodes.ok;
  }
}

async function watchOnPage(directory: RunDirectory, path: string, options: Options, stop: StopRequest, terminal: Terminal): Promise<number> {
  const interval = 1000 * seconds('--interval', options.interval ?? String(defaultInterval));
  const port = wholeNumber('--port', options.port ?? '0', 0, 65_535);
  const run = new WatchedRun(directory, warner(options, terminal));
  const { dataOf } = await import('./report.js');
  const { messagePage, serveLivePage } = await import('./watch-server.js');
  const { pageHtml } = await import('../report/page.js');
  const { makePage } = await import('../report/write-report.js');
  const warn = warner(options, terminal);
  const pause = stoppablePause(stop);
  let data: { readonly fingerprint: string; readonly dataset: Dataset | undefined } | undefined;
  const render = async (): Promise<string> => {
    const state = run.read();
    if (state === undefined) return messagePage('Waiting for the run', 'There is no run in this directory yet. This page shows it as soon as there is.');
    const fingerprint = state.checkpoint.identity.dataFingerprint;
    // Read once, unless another run takes the place of this one.
    if (data?.fingerprint !== fingerprint) data = { fingerprint, dataset: await dataOf(directory, terminal, warn) };
    const { dataset } = data;
    return pageHtml(await makePage(state, { warn, pause, ...(dataset !== undefined && { dataset }) }));
  };
  const server = await serveLivePage(port, render);
  tellOfWaiting(run, path, options, terminal);
  try {
    terminal.out(options.json ? `${jsonText({ url: server.url })}\n` : `${server.url}\n`);
    if (!options.quiet && !options.json) terminal.err('the report, live; Ctrl-C ends it\n');
    for (let stamp = run.stamp(); ; ) {
      await sleep(interval, stop);
      const now = run.stamp();
      if (now !== stamp) server.changed();
      stamp = now;
    }
  } finally {
    await server.close();
  }
}

async function watch(path: string, options: Options, terminal: Terminal): Promise<number> {
  checkOptions(options);
  const { workingDirectory } = terminal;
  const directory = new RunDirectory(resolve(workingDirectory, path));
  const kind = kindAt(directory.path, { code: 'usage' });
  if (!options.wait || (kind !== undefined && kind !== 'folder')) openRunDirectory(path, workingDirectory);
  const stop = terminal.listenForStop();
  return await (options.web ? watchOnPage : watchInTerminal)(directory, path, options, stop, terminal);
}

/** Defines the command. */
export const watchCommand: DefineCommand = (command, terminal, finish) => {
  command
    .option('--interval <seconds>', `how often to look (default: ${defaultInterval})`)
    .option('--once', 'show the run as it is now, and end')
    .option('--wait', 'where there is no run yet, wait for it')
    .option('--web', 'serve the report as a live page on this machine, until Ctrl-C')
    .option('--port <port>', 'with --web: the port of the page (default: a free one)')
    .addHelpText(
      'after',
      `
A run publishes its progress with every checkpoint (checkpoint.every): what is shown is as old as the latest one.
Ends with the run: 0 where it is finished, 4 where it has diverged, 1 where it has failed. Without a terminal it prints a
block of text, with --json a line, at every change.`,
    )
    .action(async (run: string, options: Options) => {
      finish(await watch(run, options, terminal));
    });
};
