/**
 * Training as a user sees it: options, files, what goes to stdout and what to stderr, and a person at a terminal.
 */

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { executable, runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const config = `
// Bars and stripes of 3 × 3, so small that training takes no time.
{
  seed: 'a',
  data: { source: 'bars-and-stripes', height: 3, width: 3 },
  model: { hiddenUnits: 4 },
  training: { algorithm: 'sml', chains: 20, updates: 300, batchSize: 'full' },
  evaluation: { every: { updates: 100 } },
  checkpoint: { every: { updates: 50 } },
  log: { every: { updates: 100 } },
}
`;

const yamlConfig = `
# The same as tiny.json.
seed: a
data:
  source: bars-and-stripes
  height: 3
  width: 3
model:
  hiddenUnits: 4
training:
  algorithm: sml
  chains: 20
  updates: 300
  batchSize: full
`;

const folder = temporaryFolder();
afterAll(folder.remove);

const inFolder = (...names: string[]): string => join(folder.path, ...names);
const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path });
const readJson = (...names: string[]) => JSON.parse(readFileSync(inFolder(...names), 'utf8')) as Record<string, unknown>;
const digestOf = (run: string): string => readJson(run, 'result.json').digest as string;

/** All files below a folder, by their paths in it. */
function filesIn(path: string): string[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .toSorted();
}

/** Every file's content, to see that nothing was touched. */
function contentsOf(path: string): Record<string, string> {
  return Object.fromEntries(filesIn(path).map((file) => [file, readFileSync(join(path, file), 'latin1')]));
}

let first: RunOutcome;

beforeAll(async () => {
  writeFileSync(inFolder('tiny.json'), config);
  writeFileSync(inFolder('tiny.yaml'), yamlConfig);
  first = await cli('--config', 'tiny.json');
});

describe('a run', () => {
  test('ends with 0 and leaves exactly the documented files in runs/<name of the config>', () => {
    expect(first).toMatchObject({ code: 0, signal: null });
    expect(filesIn(inFolder('runs'))).toEqual(
      [
        'tiny/checkpoints/update-0000000000250.safetensors',
        'tiny/checkpoints/update-0000000000300.safetensors',
        'tiny/config.json',
        'tiny/execution.json',
        'tiny/metrics.jsonl',
        'tiny/result.json',
      ].toSorted(),
    );
  });

  test('result.json says what was trained, of what, and the figures', () => {
    const result = readJson('runs', 'tiny', 'result.json');
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(result).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      numericsVersion: expect.any(Number),
      configHash: hash,
      dataFingerprint: hash,
      digest: hash,
      visibleUnits: 9,
      hiddenUnits: 4,
      updates: 300,
      epochs: 300,
      figures: { logPartitionFunction: { exact: true }, splits: { train: { examples: 16, exact: true } } },
    });
    const { train } = (result.figures as { splits: { train: { meanLogLikelihood: number } } }).splits;
    // No model beats the data's own distribution, in which 2 of 14 pictures stand twice; and training started at
    // (nearly) the uniform one over 2^9 pictures.
    expect(train.meanLogLikelihood).toBeLessThan(-(Math.log(16) - 0.25 * Math.log(2)));
    expect(train.meanLogLikelihood).toBeGreaterThan(-Math.log(2 ** 9) - 0.1);
  });

  test('metrics.jsonl has one JSON object per evaluation, with the last as in result.json', () => {
    const text = readFileSync(inFolder('runs', 'tiny', 'metrics.jsonl'), 'utf8');
    const events = text.trimEnd().split('\n').map((line) => JSON.parse(line) as { update: number; splits: unknown });
    expect(text.endsWith('}\n')).toBe(true);
    expect(events.map(({ update }) => update)).toEqual([0, 100, 200, 300]);
    expect(events.at(-1)?.splits).toEqual((readJson('runs', 'tiny', 'result.json').figures as { splits: unknown }).splits);
  });

  test('execution.json tells when and where', () => {
    const { configHash, dataFingerprint, numericsVersion } = readJson('runs', 'tiny', 'result.json');
    expect(readJson('runs', 'tiny', 'execution.json')).toEqual({
      training: { configHash, dataFingerprint, numericsVersion },
      sessions: [
        expect.objectContaining({
          start: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          end: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          ended: 'finished',
          fromUpdate: 0,
          toUpdate: 300,
          node: process.version,
        }),
      ],
    });
  });

  test('the result goes to stdout, with the digest and the run', () => {
    expect(first.stdout).toContain(`digest ${digestOf('runs/tiny')}\n`);
    expect(first.stdout).toMatch(/log-likelihood.*\n.*exact/);
    expect(first.stdout).toMatch(/^run +runs\/tiny$/m);
    // oxlint-disable-next-line no-control-regex
    expect(first.stdout).not.toMatch(/[\u001b\r]|NaN|undefined/);
  });

  test('stderr has one line per interval, and nothing of a progress bar', () => {
    const lines = first.stderr.trimEnd().split('\n');
    expect(lines.map((line) => /^update (\d+)\/300 {2}epoch \1\/300 {2}\d+ examples\/s {2}\S+ left {2}log-likelihood train -\d/.exec(line)?.[1])).toEqual([
      '100',
      '200',
      '300',
    ]);
    // oxlint-disable-next-line no-control-regex
    expect(first.stderr).not.toMatch(/[\u001b\r█░]/);
  });

  test('YAML says the same as JSON', async () => {
    expect(await cli('--config', 'tiny.yaml', '--output', 'from-yaml')).toMatchObject({ code: 0 });
    expect(readJson('from-yaml', 'result.json')).toMatchObject({
      digest: digestOf('runs/tiny'),
      configHash: readJson('runs', 'tiny', 'result.json').configHash,
    });
  });
});

describe('what is printed', () => {
  test('--quiet leaves stderr empty', async () => {
    const outcome = await cli('--config', 'tiny.json', '--quiet', '--output', 'quiet');
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toContain(digestOf('runs/tiny'));
  });

  test('--json writes one document to stdout: result.json and where it is', async () => {
    const outcome = await cli('--config', 'tiny.json', '--json', '--output', 'json');
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/^update 100\/300/);
    const { output, ...result } = JSON.parse(outcome.stdout) as Record<string, unknown>;
    expect(output).toBe(inFolder('json'));
    expect(result).toEqual(readJson('json', 'result.json'));
    expect(readFileSync(inFolder('json', 'result.json'), 'utf8')).toBe(readFileSync(inFolder('runs/tiny/result.json'), 'utf8'));
  });

  test('--print-config shows what config.json will hold, trains nothing, and can be trained', async () => {
    const args = ['--output', 'printed-run', '--seed', '3', '--set', 'training.updates=40'];
    const printed = await cli('--config', 'tiny.json', ...args, '--print-config');
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(inFolder('printed-run'))).toBe(false);
    expect(JSON.parse(printed.stdout)).toMatchObject({ seed: '3', training: { updates: 40, learningRate: 0.05 }, data: { height: 3 } });
    writeFileSync(inFolder('printed.json'), printed.stdout);
    const [direct, again] = await Promise.all([
      cli('--config', 'tiny.json', ...args),
      cli('--config', 'printed.json', '--output', 'printed-again'),
    ]);
    expect([direct.code, again.code]).toEqual([0, 0]);
    expect(readFileSync(inFolder('printed-run', 'config.json'), 'utf8')).toBe(printed.stdout);
    expect(digestOf('printed-again')).toBe(digestOf('printed-run'));
  });

  test('--dry-run checks everything and writes nothing', async () => {
    const before = filesIn(folder.path);
    const args = ['--config', 'tiny.json', '--output', 'dry', '--dry-run', '--set', 'data.test={count: 5}'];
    const [text, json] = await Promise.all([cli(...args), cli(...args, '--json')]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect(text.stdout).toMatch(/9 visible × 4 hidden units, 49 parameters/);
    expect(text.stdout).toMatch(/train 11\b/);
    expect(text.stdout).toMatch(/test 5\b/);
    expect(text.stdout).toContain('300 updates');
    expect(JSON.parse(json.stdout)).toMatchObject({
      visibleUnits: 9,
      hiddenUnits: 4,
      updates: 300,
      updatesPerEpoch: 1,
      splits: { train: 11, test: 5 },
      parameterBytes: 8 * (9 * 4 + 9 + 4),
      exactLogLikelihood: true,
      output: inFolder('dry'),
    });
    expect(filesIn(folder.path)).toEqual(before);
  });

  test('--dry-run speaks only of splits that there are', async () => {
    const { stdout } = await cli('--config', 'tiny.json', '--output', 'dry', '--dry-run');
    expect(stdout).toMatch(/train 16\b/);
    expect(stdout).not.toMatch(/undefined|NaN/);
  });

  test('a dry run announces the config hash and fingerprint of the real run', async () => {
    const { stdout } = await cli('--config', 'tiny.json', '--dry-run', '--json');
    const { configHash, dataFingerprint } = readJson('runs', 'tiny', 'result.json');
    expect(JSON.parse(stdout)).toMatchObject({ configHash, dataFingerprint });
  });
});

describe('overrides', () => {
  test('--set is repeatable, and --seed is --set seed', async () => {
    const args = ['--config', 'tiny.json', '--set', 'training.updates=30', '--set', 'training.learningRate=0.2'];
    const outcomes = await Promise.all([
      cli(...args, '--seed', 'b', '--output', 'seed-option'),
      cli(...args, '--set', 'seed=b', '--output', 'seed-set'),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    expect(readJson('seed-option', 'config.json')).toMatchObject({ seed: 'b', training: { updates: 30, learningRate: 0.2 } });
    expect(digestOf('seed-option')).toBe(digestOf('seed-set'));
  });

  test('--set takes bare words in objects, too: the shell has eaten the quotes', async () => {
    const schedule = 'training.learningRate={schedule: linear, initial: 0.2, final: 0, horizon: {updates: 30}}';
    const { code, stdout } = await cli('--config', 'tiny.json', '--set', schedule, '--print-config');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).training.learningRate).toEqual({ schedule: 'linear', initial: 0.2, final: 0, horizon: { updates: 30 } });
  });

  test('a model worse than independent units is called so', async () => {
    const { code, stderr } = await cli('--config', 'tiny.json', '--output', 'wild', '--set', 'training.learningRate=100');
    expect(code).toBe(0);
    expect(stderr).toMatch(/warning: the model is worse on its training data \(-[\d.]+ nats\) than independent units would be \(-6\.238 nats\): training went astray, for at update 0 it had -6\.\d+ nats: use a smaller/);
    expect(stderr).not.toContain('train longer');
  });

  test('and one that was no better before is advised to train longer', async () => {
    const far = ['--set', 'model.visibleBias={start: constant, value: 9}', '--set', 'training.learningRate=1e-9'];
    const { code, stderr } = await cli('--config', 'tiny.json', '--output', 'beginner', ...far);
    expect(code).toBe(0);
    expect(stderr).toMatch(/independent units would be .*: train longer, or with a smaller/);
  });

  test('a wrong --set is a usage error that names the key, before anything is written', async () => {
    const outcome = await cli('--config', 'tiny.json', '--output', 'nowhere', '--set', 'training.epoch=5');
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain('training.epoch');
    expect(outcome.stderr).toContain('epochs');
    expect(existsSync(inFolder('nowhere'))).toBe(false);
  });

  test('evaluation.every=never evaluates at the end only', async () => {
    expect(await cli('--config', 'tiny.json', '--output', 'never', '--set', 'evaluation.every=never')).toMatchObject({ code: 0 });
    const lines = readFileSync(inFolder('never', 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { update: number }).update)).toEqual([300]);
  });

  test('--output creates folders on its way', async () => {
    expect(await cli('--config', 'tiny.json', '--output', 'deep/er/run', '--set', 'training.updates=5')).toMatchObject({ code: 0 });
    expect(existsSync(inFolder('deep', 'er', 'run', 'result.json'))).toBe(true);
  });

  test('an output in the config is relative to the config file', async () => {
    mkdirSync(inFolder('elsewhere'));
    writeFileSync(inFolder('elsewhere', 'own.json'), config.replace("seed: 'a',", "seed: 'a', output: 'mine',"));
    expect(await cli('--config', 'elsewhere/own.json', '--set', 'training.updates=5')).toMatchObject({ code: 0 });
    expect(existsSync(inFolder('elsewhere', 'mine', 'result.json'))).toBe(true);
  });
});

describe('a run that is there already', () => {
  test('is not overwritten: exit 2, both ways out named, nothing touched', async () => {
    const before = contentsOf(inFolder('runs', 'tiny'));
    const outcome = await cli('--config', 'tiny.json', '--seed', 'other');
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toMatch(/runs\/tiny.*already holds a run/);
    expect(outcome.stderr).toContain('--resume runs/tiny');
    expect(outcome.stderr).toContain('--force');
    expect(contentsOf(inFolder('runs', 'tiny'))).toEqual(before);
  });

  test('is replaced with --force; files that are not of the run stay', async () => {
    cpSync(inFolder('runs', 'tiny'), inFolder('forced'), { recursive: true });
    writeFileSync(inFolder('forced', 'notes.txt'), 'mine');
    const outcome = await cli('--config', 'tiny.json', '--output', 'forced', '--force', '--set', 'training.updates=10');
    expect(outcome.code).toBe(0);
    expect(readJson('forced', 'result.json')).toMatchObject({ updates: 10 });
    expect(readdirSync(inFolder('forced', 'checkpoints'))).toEqual([
      'update-0000000000000.safetensors',
      'update-0000000000010.safetensors',
    ]);
    expect(readFileSync(inFolder('forced', 'notes.txt'), 'utf8')).toBe('mine');
    expect(readJson('forced', 'execution.json').sessions).toHaveLength(1);
  });

  test('is still whole after --force with a config that is refused', async () => {
    const before = contentsOf(inFolder('runs', 'tiny'));
    expect(await cli('--config', 'tiny.json', '--force', '--set', 'model.hiddenUnits=0')).toMatchObject({ code: 2 });
    expect(contentsOf(inFolder('runs', 'tiny'))).toEqual(before);
  });
});

const hasScript = (spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '').includes('util-linux');

/** Runs the tool in a pseudo-terminal; `typed` is typed once the screen shows `after`. */
function inTerminal(args: string[], options: { env?: Record<string, string>; after?: string; typed?: string } = {}): Promise<{ code: number | null; screen: string }> {
  const command = ['stty cols 120 rows 30; exec', ...[process.execPath, executable, ...args].map((word) => `'${word}'`)].join(' ');
  const { NO_COLOR: _no, ...environment } = process.env;
  const env = { ...environment, TERM: 'xterm', LC_ALL: 'C.UTF-8', SHELL: '/bin/sh', ...options.env };
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder.path, env });
  let screen = '';
  let hasTyped = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (options.after === undefined || hasTyped || !screen.includes(options.after)) return;
    hasTyped = true;
    child.stdin.write(options.typed ?? '');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, screen }));
  });
}

// The rules are for tests; this makes them.
// oxlint-disable-next-line jest/no-disabled-tests, jest/valid-title
(hasScript ? describe : describe.skip)(`at a terminal${hasScript ? '' : ' (SKIPPED: no script of util-linux)'}`, () => {
  const [hideCursor, showCursor] = ['\u001b[?25l', '\u001b[?25h'];

  test('a progress bar shows epoch, speed, time left and figures, and leaves the terminal tidy', async () => {
    const { code, screen } = await inTerminal(['--config', 'tiny.json', '--output', 'terminal']);
    expect(code).toBe(0);
    expect(screen).toContain('░');
    expect(screen).toMatch(/100% {2}\d+s left {2}log-likelihood train -[\d.]+ {2}epoch 300\/300 {2}\d+ examples\/s/);
    expect(screen).not.toMatch(/^update \d/m);
    expect(screen).toContain(hideCursor);
    expect(screen.lastIndexOf(showCursor)).toBeGreaterThan(screen.lastIndexOf(hideCursor));
    // After the bar: wrapping is on again, and the result stands on clean lines.
    expect(screen.lastIndexOf('\u001b[?7h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?7l'));
    expect(screen.slice(screen.lastIndexOf(showCursor))).toContain(`digest ${digestOf('runs/tiny')}\r\n`);
  });

  test('no bar with --quiet', async () => {
    const { code, screen } = await inTerminal(['--config', 'tiny.json', '--output', 'terminal-quiet', '--quiet']);
    expect(code).toBe(0);
    expect(screen).not.toContain('\u001b');
    expect(screen).toContain('digest ');
  });

  test('errors are coloured, but not with NO_COLOR', async () => {
    const args = ['--config', 'missing.json'];
    const [coloured, plain] = await Promise.all([inTerminal(args), inTerminal(args, { env: { NO_COLOR: '1' } })]);
    expect([coloured.code, plain.code]).toEqual([2, 2]);
    expect(coloured.screen).toContain('\u001b[31m');
    expect(plain.screen).not.toContain('\u001b[');
    expect(plain.screen).toContain('missing.json');
  });

  test('Ctrl-C ends with 130, a tidy terminal and the command that continues', async () => {
    const args = ['--config', 'tiny.json', '--output', 'interrupted', '--set', 'training.updates=100000000'];
    const { code, screen } = await inTerminal(args, { after: 'examples/s', typed: '\u0003' });
    expect(code).toBe(130);
    expect(screen.lastIndexOf(showCursor)).toBeGreaterThan(screen.lastIndexOf(hideCursor));
    const [, update, command] = /stopped by SIGINT after update (\d+); to continue:\r\n {2}rbm-train (.*)\r\n/.exec(screen) ?? [];
    expect(command).toBe('--resume interrupted');
    expect(readdirSync(inFolder('interrupted', 'checkpoints'))).toContain(`update-${update.padStart(13, '0')}.safetensors`);
    const next = String(Number(update) + 10);
    expect(await cli(...command.split(' '), '--set', `training.updates=${next}`)).toMatchObject({ code: 0 });
    expect(readJson('interrupted', 'result.json')).toMatchObject({ updates: Number(next) });
  });

  test('a terminal that is closed stops the run, which saves', async () => {
    const command = [process.execPath, executable, '--config', 'tiny.json', '--output', 'closed', '--set', 'training.updates=100000000'].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', `exec ${command}`, '/dev/null'], { cwd: folder.path });
    child.stdout.on('data', (text: Buffer) => {
      if (text.toString().includes('examples/s')) child.kill('SIGKILL');
    });
    await new Promise((resolve) => {
      child.on('close', resolve);
    });
    const session = (): unknown => (readJson('closed', 'execution.json') as { sessions: unknown[] }).sessions[0];
    for (let time = 0; time < 100 && (session() as { ended: string }).ended === 'running'; time++) {
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
    const { toUpdate } = session() as { toUpdate: number };
    expect(session()).toMatchObject({ ended: 'stopped' });
    expect(readdirSync(inFolder('closed', 'checkpoints'))).toContain(`update-${String(toUpdate).padStart(13, '0')}.safetensors`);
  });
});
