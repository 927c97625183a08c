/** `rbm-train watch` on a terminal: it draws in place, also when the run changes, the terminal's size, or somebody else writes. */

import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { RunDirectory } from '../../src/checkpoint/run-directory.js';
import { main } from '../../src/cli/main.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { viewLines } from '../../src/cli/watch-view.js';
import { WatchedRun } from '../../src/cli/watched-run.js';
import type { StopRequest } from '../../src/run/stop-request.js';
import { runCli, temporaryFolder } from './support/run-cli.js';

const root = temporaryFolder();
const finished = join(root.path, 'finished');

beforeAll(async () => {
  const config = { data: { source: 'bars-and-stripes', height: 3, width: 3 }, model: { hiddenUnits: 4 }, training: { algorithm: 'cd', epochs: 20, learningRate: 0.05 }, evaluation: { every: { epochs: 1 } } };
  writeFileSync(join(root.path, 'config.json'), JSON.stringify(config));
  const { code, stderr } = await runCli(['--config', 'config.json', '--output', 'finished', '--threads', '1'], { cwd: root.path });
  if (code !== 0) throw new Error(stderr);
});
afterAll(root.remove);

/** The few sequences that are used, as a terminal takes them; it knows no others, and does not scroll. */
class Emulator {
  lines: string[] = [''];
  #row = 0;
  #column = 0;

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex
    for (const [token] of text.matchAll(/\u001b\[\??[0-9;]*[A-Za-z]|[^]/gu)) this.#take(token);
  }

  #take(token: string): void {
    // oxlint-disable-next-line no-control-regex
    const [, count = '', kind = ''] = /^\u001b\[(\??[0-9;]*)([A-Za-z])$/.exec(token) ?? [];
    if (token === '\n') {
      // A terminal's driver makes a carriage return of it, too.
      [this.#row, this.#column] = [this.#row + 1, 0];
      this.lines[this.#row] ??= '';
    } else if (token === '\r') this.#column = 0;
    else if (kind === 'A') {
      this.#row -= Number(count);
      if (this.#row < 0) throw new Error('the cursor would leave the screen');
    } else if (kind === 'K') this.lines[this.#row] = this.#before();
    else if (kind === 'J' && count === '') this.lines = [...this.lines.slice(0, this.#row), this.#before()];
    else if (kind === 'J' && count === '2') this.lines = [''];
    else if (kind === 'H') {
      [this.#row, this.#column] = [0, 0];
    } else if (kind === '') {
      this.lines[this.#row] = this.#before() + token + Array.from(this.lines[this.#row]).slice(this.#column + 1).join('');
      this.#column++;
    } else if (kind !== 'm' && count !== '?7') throw new Error(`a sequence that nobody knows: ${JSON.stringify(token)}`);
  }

  #before(): string {
    return Array.from(this.lines[this.#row]).slice(0, this.#column).join('');
  }
}

test('what stands on the screen is the state of now, and nothing else, to the end', async () => {
  const path = join(root.path, 'watched');
  cpSync(finished, path, { recursive: true });
  rmSync(join(path, 'result.json'));
  const record = JSON.parse(readFileSync(join(path, 'execution.json'), 'utf8')) as { sessions: object[] };
  const setSession = (session: object): void => {
    writeFileSync(join(path, 'new'), JSON.stringify({ ...record, sessions: [{ ...record.sessions[0], ...session }] }));
    renameSync(join(path, 'new'), join(path, 'execution.json'));
  };
  setSession({ ended: 'running', host: hostname(), processId: process.pid });

  const emulator = new Emulator();
  const screen = { width: 80, height: 24, colours: 'none' as const };
  const write = (text: string): void => emulator.write(text);
  const stop: StopRequest = {};
  const terminal: Terminal = {
    out: write, err: write, errorStream: new Writable(), isErrorTerminal: true, useColour: false, useUnicode: true, width: 80, screen, workingDirectory: root.path, listenForStop: () => stop,
  };
  const expected = async (): Promise<string[]> => {
    const state = new WatchedRun(new RunDirectory(path), () => {}).read();
    return state === undefined ? [] : viewLines(state, { ...screen, height: screen.height - 1, unicode: true, now: Date.now() });
  };
  // Ages change while one looks.
  const shown = (lines: readonly string[]): string => lines.join('\n').replace(/ {2}saved \S+ ago/, '').trimEnd();
  const expectShown = async (what: RegExp): Promise<void> => {
    for (let i = 0; i < 100 && !what.test(emulator.lines.join('\n')); i++) await sleep(50);
    expect(shown(emulator.lines)).toBe(shown(await expected()));
    expect(emulator.lines.join('\n')).toMatch(what);
  };

  const ended = main(['watch', 'watched', '--interval', '0.1'], terminal);
  await expectShown(/^watched: running/);
  setSession({ ended: 'stopped' });
  await expectShown(/^watched: stopped, continues/);

  // Less to show than before.
  writeFileSync(join(path, 'metrics.jsonl'), '');
  await expectShown(/no evaluation yet/);
  writeFileSync(join(path, 'metrics.jsonl'), readFileSync(join(finished, 'metrics.jsonl')));
  await expectShown(/ {2}train /);

  // A terminal that is smaller.
  screen.width = 40;
  screen.height = 9;
  for (let i = 0; i < 100 && emulator.lines.length > 9; i++) await sleep(50);
  expect(emulator.lines.length).toBeLessThanOrEqual(9);
  await expectShown(/^watched: stopped/);

  cpSync(join(finished, 'result.json'), join(path, 'result.json'));
  expect(await ended).toBe(0);
  await expectShown(/^watched: finished\n/);
  expect(emulator.lines.at(-1)).toBe('');
});
