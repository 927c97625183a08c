/**
 * `rbm-train watch` in a terminal and in pipes: what it shows of finished, unfinished and live runs, and how it ends.
 * (The live page: watch-web.test.ts.)
 */

import { once } from 'node:events';
import { appendFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { RunDirectory } from '../../src/checkpoint/run-directory.js';
import { viewLines, type ViewOptions } from '../../src/cli/watch-view.js';
import { WatchedRun, type RunState } from '../../src/cli/watched-run.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const config = {
  data: { source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 3 } },
  model: { hiddenUnits: 4 },
  training: { algorithm: 'cd', batchSize: 5, epochs: 30, learningRate: 0.05 },
  evaluation: { every: { epochs: 2 } },
  checkpoint: { every: { epochs: 5 } },
};

const root = temporaryFolder();
const finished = join(root.path, 'finished');
const unfinished = join(root.path, 'unfinished');
let server: CliServer;

const watch = (...args: string[]): Promise<RunOutcome> => server.run(['watch', ...args], { cwd: root.path });
const documentOf = async (...args: string[]): Promise<Record<string, unknown>> => JSON.parse((await watch(...args, '--once', '--json')).stdout) as Record<string, unknown>;

/** A copy of a run. */
function copyOf(run: string, name: string): string {
  const path = join(root.path, name);
  cpSync(run, path, { recursive: true });
  return path;
}

/** Says in a copy how the latest session stands. */
function withSession(name: string, session: object): string {
  const path = copyOf(unfinished, name);
  const file = join(path, 'execution.json');
  const record = JSON.parse(readFileSync(file, 'utf8')) as { sessions: object[] };
  writeFileSync(file, JSON.stringify({ ...record, sessions: [{ ...record.sessions.at(-1), ...session }] }));
  return path;
}

/** The state of a run, as the command reads it. */
async function stateOf(path: string): Promise<RunState> {
  const state = new WatchedRun(new RunDirectory(path), () => {}).read();
  if (state === undefined) throw new Error('no run');
  return state;
}

beforeAll(async () => {
  server = startCliServer();
  writeFileSync(join(root.path, 'config.json'), JSON.stringify(config));
  const trained = await server.run(['--config', 'config.json', '--output', 'finished', '--threads', '1'], { cwd: root.path });
  if (trained.code !== 0) throw new Error(trained.stderr);
  // What a longer run leaves when it is killed just after this one's length.
  copyOf(finished, 'unfinished');
  rmSync(join(unfinished, 'result.json'));
  writeFileSync(join(unfinished, 'config.json'), readFileSync(join(finished, 'config.json'), 'utf8').replace(/"epochs": 30/, '"epochs": 120'));
});
afterAll(() => {
  server.stop();
  root.remove();
});

describe('--once', () => {
  test('a finished run: how far, the figures of every split with their course, the filters', async () => {
    const { code, stdout, stderr } = await watch('finished', '--once');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const result = JSON.parse(readFileSync(join(finished, 'result.json'), 'utf8')) as { updates: number; figures: { splits: Record<string, { meanLogLikelihood: number }> } };
    expect(stdout).toMatch(/^finished: finished\n/);
    expect(stdout).toContain(`100%  update ${result.updates}/${result.updates}  epoch 30/30\n`);
    for (const [split, { meanLogLikelihood }] of Object.entries(result.figures.splits)) {
      expect(stdout).toMatch(new RegExp(`^ {2}${split} +${meanLogLikelihood.toFixed(4)} ± [\\d.]+ exact +[▁-█]{16}$`, 'm'));
    }
    expect(stdout).toMatch(/^ {2}free-energy gap +-?[\d.]+ +[▁-█]{16}$/m);
    expect(stdout).toMatch(/^filters of all 4 hidden units .*\n([ ░▒▓█]{3} ){3}[ ░▒▓█]{3}\n([ ░▒▓█]{3} ){3}[ ░▒▓█]{3}$/m);
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/\u001b|NaN|undefined|object/);
  });

  test('the same as one JSON document', async () => {
    const document = await documentOf('finished');
    const result = JSON.parse(readFileSync(join(finished, 'result.json'), 'utf8')) as { updates: number; figures: { splits: object; freeEnergyGap: number } };
    expect(document).toMatchObject({
      name: 'finished', status: 'finished', finished: true, update: result.updates, length: result.updates, share: 1, epoch: 30, visibleUnits: 9, hiddenUnits: 4,
      evaluation: { update: result.updates, splits: result.figures.splits, freeEnergyGap: result.figures.freeEnergyGap },
      warnings: [],
    });
  });

  test('an unfinished run ends --once with 0, and says how far it is', async () => {
    const { code, stdout } = await watch('unfinished', '--once');
    expect(code).toBe(0);
    const { update, length } = (await documentOf('unfinished')) as { update: number; length: number };
    expect(length).toBe(4 * update);
    expect(stdout).toMatch(/^unfinished: not finished\n/);
    expect(stdout).toMatch(new RegExp(`25%  update ${update}/${length}  epoch 30/120  saved \\S+ ago\n`));
  });

  test('without UTF-8 every character is ASCII', async () => {
    const { code, stdout } = await runCli(['watch', 'finished', '--once'], { cwd: root.path, env: { LC_ALL: 'C', LANG: 'C' } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[ -~\n]+$/);
    expect(stdout).toMatch(/^ {2}train +\S+ \+- \S+ exact +[_.:=+*#-]{16}$/m);
  });

  test('diagnostics and warnings, whatever their names', async () => {
    const path = copyOf(unfinished, 'diagnosed');
    const events = [
      { event: 'diagnostics', update: 200, epoch: 28, diagnostics: { mixing: { flips: 0.5, nested: { rHat: 1.5 }, list: [1, 2] } } },
      { event: 'diagnostics', update: 210, epoch: 30, diagnostics: { mixing: { flips: 0.25, nested: { rHat: 1.25 }, healthy: false } } },
      { event: 'warning', update: 205, diagnostic: 'mixing', message: 'the chains no longer follow\u001b[31m the model', evidence: { flips: 0.1 } },
    ];
    writeFileSync(join(path, 'metrics.jsonl'), `${events.map((event) => JSON.stringify(event)).join('\n')}\n{"broken`);
    const { stdout } = await watch('diagnosed', '--once');
    expect(stdout).toMatch(/^ {2}mixing\.flips +0\.25 +█▁$/m);
    expect(stdout).toMatch(/^ {2}mixing\.nested\.rHat +1\.25 +█▁$/m);
    expect(stdout).toMatch(/^ {2}mixing\.healthy +no$/m);
    expect(stdout).toMatch(/^▲ update 205: mixing: the chains no longer follow\\u001b\[31m the model$/m);
    const document = await documentOf('diagnosed');
    expect(document).toMatchObject({ diagnostics: { mixing: { update: 210, flips: 0.25 } }, warnings: [{ update: 205, diagnostic: 'mixing' }] });
  });

  test('the figures that say most come first, those about others last', async () => {
    const path = copyOf(unfinished, 'ordered');
    const diagnostics = { a: { method: 'x', first: 1 }, mixing: { other: 2, driftRatio: 3, chainsFollow: true }, gradientAccuracy: { cosine: 0.5, cosineStandardError: 0.1 } };
    writeFileSync(join(path, 'metrics.jsonl'), `${JSON.stringify({ event: 'diagnostics', update: 30, epoch: 15, diagnostics })}\n`);
    const { stdout } = await watch('ordered', '--once');
    const names = ['mixing.chainsFollow', 'gradientAccuracy.cosine', 'mixing.driftRatio', 'a.first', 'mixing.other', 'a.method', 'gradientAccuracy.cosineStandardError'];
    expect(stdout.match(/^ {2}\w+\.\w+/gm)?.map((name) => name.trim())).toEqual(names);
    expect(stdout).toContain('no evaluation yet');
  });

  test('figures of an average are those of the run', async () => {
    const path = copyOf(unfinished, 'averaged');
    const last = JSON.parse(readFileSync(join(path, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').at(-1) ?? '') as { splits: Record<string, object> };
    const averaged = { splits: { train: { ...last.splits.train, meanLogLikelihood: -1.25 } } };
    appendFileSync(join(path, 'metrics.jsonl'), `${JSON.stringify({ ...last, averaged })}\n`);
    expect(await documentOf('averaged')).toMatchObject({ evaluation: { splits: { train: { meanLogLikelihood: -1.25 } } } });
  });
});

describe('how a run stands', () => {
  test.each([
    ['a process that works', { ended: 'running', host: hostname(), processId: process.pid }, 'running'],
    ['a process of another machine', { ended: 'running', host: 'elsewhere', processId: 999_999_999 }, 'running'],
    ['a process that has gone', { ended: 'running', host: hostname(), processId: 999_999_999 }, 'lost'],
    ['a request', { ended: 'stopped' }, 'stopped'],
    ['divergence', { ended: 'diverged' }, 'diverged'],
    ['a session that was once the last', { ended: 'finished' }, 'unknown'],
    ['nonsense', { ended: 7 }, 'unknown'],
  ])('%s', async (why, session, status) => {
    expect((await stateOf(withSession(`stands-${why.replaceAll(' ', '-')}`, session))).status).toBe(status);
  });

  test('a finished run that is to go on is not finished', async () => {
    expect((await stateOf(finished)).status).toBe('finished');
    const path = copyOf(finished, 'longer');
    cpSync(join(unfinished, 'config.json'), join(path, 'config.json'));
    expect((await stateOf(path)).status).toBe('unknown');
  });

  test('a run that has diverged ends the watch with 4, one that has failed with 1', async () => {
    withSession('diverged', { ended: 'diverged' });
    withSession('failed', { ended: 'failed' });
    expect((await watch('diverged')).code).toBe(4);
    expect((await watch('failed')).code).toBe(1);
    expect((await watch('diverged', '--once')).code).toBe(0);
  });
});

describe('the view', () => {
  // oxlint-disable-next-line no-control-regex
  const visible = (line: string): string => line.replaceAll(/\u001b\[[0-9;]*m/g, '');

  test.each<[width: number, height: number, colours: ViewOptions['colours']]>([[20, 5, 'none'], [31, 12, '256'], [80, 24, 'all'], [200, 60, 'all'], [1, 1, 'none']])(
    '%s × %s (%s): no line is wider, nor are there more',
    async (width, height, colours) => {
      const state = await stateOf(unfinished);
      for (const unicode of [true, false]) {
        const lines = viewLines(state, { width, height, colours, unicode, now: Date.now() });
        expect(lines.length).toBeLessThanOrEqual(height);
        for (const line of lines) expect(Array.from(visible(line)).length).toBeLessThanOrEqual(width);
      }
    },
  );

  test('diagnostics leave room for a band of filters, where there is some for both', async () => {
    const state = await stateOf(unfinished);
    const heads = (height: number): { rows: number; filters: boolean } => {
      const lines = viewLines(state, { width: 80, height, colours: 'none', unicode: true });
      return { rows: lines.filter((line) => /^ {2}(fit|mixing)\./.test(line)).length, filters: lines.some((line) => line.startsWith('filters ')) };
    };
    // 8 lines of figures, a blank line and a heading, a blank line and 3 lines of filters.
    expect(heads(16)).toEqual({ rows: 2, filters: true });
    expect(heads(15)).toEqual({ rows: 5, filters: false });
    expect(heads(20)).toEqual({ rows: 6, filters: true });
    expect(heads(60)).toEqual({ rows: 12, filters: true });
  });

  test('filters are columns of the weights', async () => {
    const state = await stateOf(unfinished);
    const { weights, hiddenUnits } = state.checkpoint.parameters;
    const unit = 2;
    weights.fill(0);
    // A cross in the third unit's filter, the only weights that are not 0.
    for (const pixel of [1, 3, 4, 5, 7]) weights[pixel * hiddenUnits + unit] = 1;
    const lines = viewLines(state, { width: 80, colours: 'none', unicode: true });
    expect(lines.slice(-2)).toEqual(['▒▒▒ ▒▒▒ ▓█▓ ▒▒▒', '▒▒▒ ▒▒▒ ▒█▒ ▒▒▒']);
  });
});

describe('a live run', () => {
  const live = { ...config, training: { ...config.training, epochs: 4000 }, evaluation: { every: { epochs: 50 } }, checkpoint: { every: { epochs: 50 } } };
  const endless = { ...live, training: { ...live.training, epochs: 1_000_000_000 } };

  test('is waited for, shown at every change, and watched to its end', async () => {
    writeFileSync(join(root.path, 'live.json'), JSON.stringify(live));
    const watching = startCli(['watch', 'live', '--wait', '--interval', '0.1', '--json'], { cwd: root.path });
    const watched = outcomeOf(watching);
    await once(watching.stderr as Readable, 'data');
    const trained = await runCli(['--config', 'live.json', '--output', 'live', '--threads', '1'], { cwd: root.path });
    const { code, stdout, stderr } = await watched;
    expect({ code, stderr, trained: trained.code }).toEqual({ code: 0, stderr: 'waiting for a run in live\n', trained: 0 });
    const documents = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { status: string; update: number; length?: number });
    expect(documents.length).toBeGreaterThan(1);
    const updates = documents.map(({ update }) => update);
    expect(updates).toEqual(updates.toSorted((a, b) => a - b));
    expect(documents.at(-1)).toMatchObject({ status: 'finished', update: documents.at(-1)?.length });
    expect(documents[0].status).toBe('running');
  });

  test('SIGINT ends the watch with 130, and not the run', async () => {
    writeFileSync(join(root.path, 'endless.json'), JSON.stringify(endless));
    const training = startCli(['--config', 'endless.json', '--output', 'endless', '--threads', '1'], { cwd: root.path });
    const trained = outcomeOf(training);
    for (let i = 0; i < 300 && !existsSync(join(root.path, 'endless', 'config.json')); i++) await sleep(50);
    const watching = startCli(['watch', 'endless', '--interval', '0.1'], { cwd: root.path });
    watching.stdout?.once('data', () => watching.kill('SIGINT'));
    const { code, stdout, stderr } = await outcomeOf(watching);
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'rbm-train: stopped by SIGINT\n' });
    expect(stdout).toMatch(/^endless: running\n/);
    training.kill('SIGINT');
    expect((await trained).code).toBe(130);
    expect(await documentOf('endless')).toMatchObject({ status: 'stopped', finished: false });
  });
});

describe('errors', () => {
  test.each([
    ['nothing there', ['nowhere'], 2, /nowhere: there is no run here/],
    ['a file', ['config.json', '--wait'], 2, /config\.json: there is no run here/],
    ['an interval that is none', ['finished', '--interval', 'often'], 2, /--interval often: not a number of seconds/],
    ['an interval of nothing', ['finished', '--interval', '0'], 2, /--interval 0: not a number of seconds/],
    ['a port that is none', ['finished', '--web', '--port', '70000'], 2, /--port 70000: not a whole number from 0 to 65535/],
    ['a port without a page', ['finished', '--port', '8000'], 2, /--port has no effect without --web/],
    ['a page that is shown once', ['finished', '--web', '--once'], 2, /--once and --web exclude each other/],
  ])('%s', async (_why, args, exitCode, message) => {
    const { code, stdout, stderr } = await watch(...args);
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(stderr).toMatch(/^rbm-train: [^\n]+\n[^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  test('a run with damaged checkpoints', async () => {
    const path = copyOf(unfinished, 'damaged');
    const directory = new RunDirectory(path);
    for (const update of directory.checkpointUpdates()) writeFileSync(directory.checkpoint(update), 'nonsense');
    const { code, stderr } = await watch('damaged', '--once');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^rbm-train: .*checkpoints are damaged/);
  });
});
