/**
 * The same bits: whatever happens to a run, its parameters, metrics and result are those of one that nothing happened to.
 *
 * No test depends on how fast the machine is: processes are stopped when they have reported enough progress.
 */

import { type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { backends } from '../../src/kernels/index.js';
import { outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const updates = 6000;

/** Checkpoints every few updates, so that many kills land in the middle of writing one. */
const config = `{
  seed: 'same bits',
  data: { source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 4 } },
  model: { hiddenUnits: 5 },
  training: {
    algorithm: 'sml', k: 2, chains: 15, batchSize: 5, updates: ${updates},
    learningRate: { schedule: 'linear', initial: 0.2, final: 0, horizon: { updates: 8000 } },
    momentum: 0.5,
    weightDecay: { l2: 0.0001 },
  },
  evaluation: { every: { updates: 250 } },
  checkpoint: { every: { updates: 20 } },
  log: { every: { updates: 40 } },
}`;

const folder = temporaryFolder();
afterAll(folder.remove);

const inFolder = (...names: string[]): string => join(folder.path, ...names);
const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path });
const start = (...args: string[]): ChildProcess => startCli(args, { cwd: folder.path });
const contentOf = (...names: string[]): string => readFileSync(inFolder(...names), 'latin1');
const checkpointName = (update: number): string => `update-${String(update).padStart(13, '0')}.safetensors`;
const resultOf = (run: string) => JSON.parse(contentOf(run, 'result.json')) as { digest: string; updates: number };

/** Names of the files that are the same bytes however a run came to its end. */
function lastingFiles(end = updates): string[] {
  return ['result.json', 'metrics.jsonl', 'best.safetensors', `checkpoints/${checkpointName(end)}`];
}

function expectSameFiles(run: string, reference: string, end = updates): void {
  for (const file of lastingFiles(end)) {
    expect({ file, same: contentOf(run, file) === contentOf(reference, file) }).toEqual({ file, same: true });
  }
}

/** Uniform numbers from [0, 1) for the moments of stops: xorshift32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Resolves once a process has logged that many lines of progress; false where it ended before. */
function hasProgressed(child: ChildProcess, lines: number): Promise<boolean> {
  let seen = 0;
  return new Promise((resolve) => {
    child.stderr?.on('data', (text: string) => {
      seen += String(text).split(/^update /m).length - 1;
      if (seen >= lines) resolve(true);
    });
    child.on('close', () => resolve(false));
  });
}

/** Starts a command and sends it a signal after that many lines of progress; how it ended. */
async function stopped(signal: NodeJS.Signals, lines: number, args: string[], delay = 0): Promise<RunOutcome & { midway: boolean }> {
  const child = start(...args);
  const ended = outcomeOf(child);
  const midway = await hasProgressed(child, lines);
  if (delay > 0) await sleep(delay);
  child.kill(signal);
  return { ...(await ended), midway };
}

beforeAll(async () => {
  writeFileSync(inFolder('run.json'), config);
  // The cadence of checkpoints and logs is none of the bits' business.
  const args = ['--config', 'run.json', '--set', 'checkpoint.every.updates=3000', '--quiet'];
  await Promise.all([cli(...args, '--output', 'whole'), cli(...args, '--output', 'other', '--seed', 'other')]);
});

describe('two runs', () => {
  test('give the same files', async () => {
    expect(await cli('--config', 'run.json', '--output', 'again', '--set', 'checkpoint.keep=1')).toMatchObject({ code: 0 });
    expectSameFiles('again', 'whole');
    expect(readdirSync(inFolder('again', 'checkpoints'))).toEqual([checkpointName(updates)]);
  });

  test.each(backends)('with the backend $name give the same files', async ({ name }) => {
    const run = `backend-${name}`;
    const args = ['--config', 'run.json', '--set', `execution.backend=${name}`, '--set', 'checkpoint.every.updates=3000', '--quiet'];
    expect(await cli(...args, '--output', run)).toMatchObject({ code: 0 });
    expectSameFiles(run, 'whole');
    const { sessions } = JSON.parse(contentOf(run, 'execution.json')) as { sessions: { backend: string }[] };
    expect(sessions.map(({ backend }) => backend)).toEqual([name]);
  });

  test('with different seeds give different digests', () => {
    expect(resultOf('other').updates).toBe(updates);
    expect(resultOf('other').digest).not.toBe(resultOf('whole').digest);
  });

  test('in different working folders, with paths relative to the config, are the same', async () => {
    mkdirSync(inFolder('a', 'b'), { recursive: true });
    writeFileSync(inFolder('a', 'rows.txt'), '0 0 1 1\n1 1 0 0\n1 0 1 0\n');
    const text = `{
      data: { source: 'file', path: 'rows.txt' }, model: { hiddenUnits: 3 },
      training: { algorithm: 'cd', epochs: 50, batchSize: 2 },
    }`;
    writeFileSync(inFolder('a', 'file.json'), text);
    const outcomes = await Promise.all([
      runCli(['--config', 'file.json'], { cwd: inFolder('a') }),
      runCli(['--config', '../file.json'], { cwd: inFolder('a', 'b') }),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    expect(contentOf('a', 'b', 'runs', 'file', 'result.json')).toBe(contentOf('a', 'runs', 'file', 'result.json'));
  });
});

describe('a run that is killed', () => {
  test('with SIGKILL at 20 random moments, and resumed each time', async () => {
    const random = seededRandom(20);
    const args = ['--config', 'run.json', '--output', 'killed', '--resume-or-start'];
    let kills = 0;
    let midwayKills = 0;
    while (kills < 20) {
      // Some die while they start, most after some progress; none at a moment of their own choosing.
      const lines = kills % 5 === 0 ? 0 : 1 + Math.floor(random() * 4);
      const child = start(...args);
      const ended = outcomeOf(child);
      const midway = lines === 0 ? false : await hasProgressed(child, lines);
      await sleep(random() * (lines === 0 ? 250 : 8));
      child.kill('SIGKILL');
      const { signal, code, stderr } = await ended;
      expect({ signal, code, stderr: stderr.replace(/^update .*\n/gm, '') }).toEqual({ signal: 'SIGKILL', code: null, stderr: '' });
      kills++;
      if (midway && !existsSync(inFolder('killed', 'result.json'))) midwayKills++;
    }
    expect(midwayKills).toBeGreaterThanOrEqual(12);
    const last = await cli(...args);
    expect(last).toMatchObject({ code: 0 });
    expect(last.stdout).toContain(resultOf('whole').digest);
    expectSameFiles('killed', 'whole');
    // What the dead left half-written is gone.
    expect(readdirSync(inFolder('killed')).toSorted()).toEqual(readdirSync(inFolder('whole')).toSorted());
    expect(readdirSync(inFolder('killed', 'checkpoints'))).toEqual([checkpointName(updates - 20), checkpointName(updates)]);
  });

  test('and whose latest checkpoint is then damaged, goes back to the one before', async () => {
    const { midway } = await stopped('SIGKILL', 3, ['--config', 'run.json', '--output', 'damaged']);
    expect(midway).toBe(true);
    const [latest] = readdirSync(inFolder('damaged', 'checkpoints')).filter((name) => !name.startsWith('.')).toSorted().toReversed();
    const bytes = readFileSync(inFolder('damaged', 'checkpoints', latest));
    bytes[bytes.length - 20] ^= 1;
    writeFileSync(inFolder('damaged', 'checkpoints', latest), bytes);
    const outcome = await cli('--resume', 'damaged');
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(new RegExp(`^warning: .*${latest}.*checksum`, 'm'));
    expectSameFiles('damaged', 'whole');
  });
});

describe('a run that is asked to stop', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGUSR2', 75],
  ] as const)('by %s ends with %d at once, with the command that continues it', async (signal, code) => {
    const run = `stopped-${signal}`;
    const outcome = await stopped(signal, 5, ['--config', 'run.json', '--output', run]);
    expect(outcome).toMatchObject({ code, signal: null, midway: true, stdout: '' });
    const [, update, command] = new RegExp(`stopped by ${signal} after update (\\d+); to continue:\\n  rbm-train (.*)\\n$`).exec(outcome.stderr) ?? [];
    expect(Number(update)).toBeGreaterThanOrEqual(200);
    expect(Number(update)).toBeLessThan(updates);
    expect(readdirSync(inFolder(run, 'checkpoints'))).toContain(checkpointName(Number(update)));
    expect(existsSync(inFolder(run, 'result.json'))).toBe(false);
    expect(await cli(...command.split(' '))).toMatchObject({ code: 0 });
    expectSameFiles(run, 'whole');
    const { sessions } = JSON.parse(contentOf(run, 'execution.json')) as { sessions: object[] };
    expect(sessions).toMatchObject([
      { ended: 'stopped', fromUpdate: 0, toUpdate: Number(update) },
      { ended: 'finished', fromUpdate: Number(update), toUpdate: updates },
    ]);
  });

  test('in a batch job that is requeued with one line, until it is done, and once more', async () => {
    const args = ['--config', 'run.json', '--output', 'requeued', '--resume-or-start', '--set', 'checkpoint.every={seconds: 1000}'];
    const codes: (number | null)[] = [];
    for (const lines of [60, 1, 30]) codes.push((await stopped('SIGUSR2', lines, args)).code);
    expect(codes).toEqual([75, 75, 75]);
    expect(await cli(...args)).toMatchObject({ code: 0 });
    expectSameFiles('requeued', 'whole');
    const checkpoints = readdirSync(inFolder('requeued', 'checkpoints'));
    const again = await cli(...args);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain(resultOf('whole').digest);
    expectSameFiles('requeued', 'whole');
    expect(readdirSync(inFolder('requeued', 'checkpoints'))).toEqual(checkpoints);
  });

  test('and is moved to another place before it goes on', async () => {
    expect(await stopped('SIGTERM', 2, ['--config', 'run.json', '--output', 'before'])).toMatchObject({ code: 143 });
    renameSync(inFolder('before'), inFolder("it's after"));
    expect(await cli('--resume', "it's after", '--quiet')).toMatchObject({ code: 0 });
    expectSameFiles("it's after", 'whole');
    expect(existsSync(inFolder('before'))).toBe(false);
  });
});

describe('a run that is continued', () => {
  test('with more epochs is like one of that length from the start', async () => {
    // Mini-batches of 5 from 12 examples: 3 updates to an epoch; 110 epochs end between two evaluations.
    const args = ['--config', 'run.json', '--set', 'training.updates=330', '--output', 'longer'];
    expect(await cli(...args)).toMatchObject({ code: 0 });
    expect(await cli('--resume', 'longer', '--set', 'training.updates=700')).toMatchObject({ code: 0 });
    expect(await cli('--config', 'run.json', '--set', 'training.updates=700', '--output', 'long')).toMatchObject({ code: 0 });
    expect(resultOf('longer').updates).toBe(700);
    expectSameFiles('longer', 'long', 700);
  });

  test('is refused where something else than the length changed, or fewer updates are asked for', async () => {
    cpSync(inFolder('whole'), inFolder('refused'), { recursive: true });
    const outcomes = await Promise.all([
      cli('--resume', 'refused', '--set', 'training.k=3'),
      cli('--resume', 'refused', '--set', 'training.updates=10'),
      cli('--resume', 'refused', '--set', 'data.height=2', '--set', 'data.width=4'),
    ]);
    expect(outcomes.map(({ code, stdout }) => ({ code, stdout }))).toEqual(Array.from({ length: 3 }, () => ({ code: 2, stdout: '' })));
    expect(outcomes[0].stderr).toContain('training.k: 2 → 3');
    expect(outcomes[1].stderr).toContain('6000 updates');
    expect(outcomes[2].stderr).toContain('data');
    expectSameFiles('refused', 'whole');
    expect(contentOf('refused', 'config.json')).toBe(contentOf('whole', 'config.json'));
  });
});

describe('two processes on the same run', () => {
  test('do not hurt each other', async () => {
    const args = ['--config', 'run.json', '--output', 'twins', '--resume-or-start', '--set', 'checkpoint.keep=1'];
    const outcomes = await Promise.all([cli(...args), cli(...args)]);
    expect(outcomes.map(({ code, stderr }) => ({ code, stderr: stderr.replace(/^(warning: )?update .*\n/gm, '') }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    for (const { stdout } of outcomes) expect(stdout).toContain(resultOf('whole').digest);
    expectSameFiles('twins', 'whole');
    expect(readdirSync(inFolder('twins')).toSorted()).toEqual(readdirSync(inFolder('whole')).toSorted());
    expect(readdirSync(inFolder('twins', 'checkpoints'))).toEqual([checkpointName(updates)]);
    expect(JSON.parse(contentOf('twins', 'execution.json'))).toHaveProperty('sessions');
  });

  test('a twin that was left behind, went on and died takes no event away', async () => {
    const args = ['--config', 'run.json', '--output', 'overtaken', '--resume-or-start'];
    const slow = start(...args);
    const slowEnded = outcomeOf(slow);
    expect(await hasProgressed(slow, 20)).toBe(true);
    slow.kill('SIGSTOP');
    try {
      expect(await cli(...args)).toMatchObject({ code: 0 });
      expectSameFiles('overtaken', 'whole');
      const before = statSync(inFolder('overtaken', 'metrics.jsonl')).mtimeMs;
      slow.kill('SIGCONT');
      while (statSync(inFolder('overtaken', 'metrics.jsonl')).mtimeMs === before && slow.exitCode === null) await sleep(2);
    } finally {
      slow.kill('SIGKILL');
    }
    await slowEnded;
    const last = await cli(...args);
    expect(last).toMatchObject({ code: 0 });
    expect(last.stderr).not.toContain('warning');
    expectSameFiles('overtaken', 'whole');
  });
});

describe('digests that were promised', () => {
  const short = ['--config', 'run.json', '--set', 'training.updates=100', '--quiet'];

  test('--expect ends with 0 where the digest is right and with 5 where it is not', async () => {
    expect(await cli(...short, '--output', 'promised')).toMatchObject({ code: 0 });
    const { digest } = resultOf('promised');
    const [right, wrong] = await Promise.all([
      cli(...short, '--output', 'right', '--expect', digest.toUpperCase()),
      cli(...short, '--output', 'wrong', '--expect', digest.replace(/./g, (digit) => (digit === '0' ? '1' : '0'))),
    ]);
    expect(right).toMatchObject({ code: 0, stderr: '' });
    expect(wrong.code).toBe(5);
    expect(wrong.stderr).toMatch(/digest mismatch/);
    expect(wrong.stderr).toContain(digest);
    expect(resultOf('wrong').digest).toBe(digest);
  });

  test('verify trains again elsewhere and leaves nothing behind', async () => {
    mkdirSync(inFolder('temporary'));
    const verify = (...args: string[]): Promise<RunOutcome> => runCli(['verify', ...args], { cwd: folder.path, env: { TMPDIR: inFolder('temporary') } });
    const { digest } = resultOf('whole');
    cpSync(inFolder('whole'), inFolder('verified'), { recursive: true });
    cpSync(inFolder('whole'), inFolder('falsified'), { recursive: true });
    writeFileSync(inFolder('falsified', 'result.json'), contentOf('whole', 'result.json').replace(digest, 'f'.repeat(64)));
    const [good, json, bad] = await Promise.all([verify('verified'), verify('verified', '--json', '--quiet'), verify('falsified', '--json')]);
    expect(good).toMatchObject({ code: 0 });
    expect(good.stdout).toMatch(new RegExp(`verified.*${digest}`));
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toEqual({ verified: true, updates, expected: digest, digest });
    expect(bad.code).toBe(5);
    expect(JSON.parse(bad.stdout)).toEqual({ verified: false, updates, expected: 'f'.repeat(64), digest });
    expect(readdirSync(inFolder('temporary'))).toEqual([]);
    expectSameFiles('verified', 'whole');
    expect(contentOf('verified', 'config.json')).toBe(contentOf('whole', 'config.json'));
    expect(contentOf('verified', 'execution.json')).toBe(contentOf('whole', 'execution.json'));
  });

  test('verify that is stopped removes its temporary place as well', async () => {
    mkdirSync(inFolder('temporary-stopped'));
    const child = startCli(['verify', 'whole'], { cwd: folder.path, env: { TMPDIR: inFolder('temporary-stopped') } });
    const ended = outcomeOf(child);
    expect(await hasProgressed(child, 2)).toBe(true);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 143, stdout: '' });
    expect(readdirSync(inFolder('temporary-stopped'))).toEqual([]);
  });
});

describe('a warm start', () => {
  test('from a run, a checkpoint and its export gives the same digest, and another than from scratch', async () => {
    expect(await cli('export', 'whole', '--npz', 'model.npz')).toMatchObject({ code: 0 });
    const train = (from: string, output: string): Promise<RunOutcome> => {
      writeFileSync(inFolder(`${output}.json`), config.replace('hiddenUnits: 5', `from: '${from}'`));
      return cli('--config', `${output}.json`, '--output', output, '--set', 'training.updates=50');
    };
    const outcomes = [
      ...(await Promise.all([
        train(`whole/checkpoints/${checkpointName(updates)}`, 'from-checkpoint'),
        train('model.npz', 'from-npz'),
      ])),
      await cli('--config', 'run.json', '--output', 'from-scratch', '--set', 'training.updates=50'),
    ];
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(contentOf('from-npz', 'result.json')).toBe(contentOf('from-checkpoint', 'result.json'));
    expect(resultOf('from-scratch').digest).not.toBe(resultOf('from-npz').digest);
  });

  test('of no updates is the model itself', async () => {
    const args = ['--config', 'from-npz.json', '--set', 'training.updates=0', '--output', 'unchanged'];
    expect(await cli(...args)).toMatchObject({ code: 0 });
    expect(resultOf('unchanged').digest).toBe(resultOf('whole').digest);
  });

  test('can be continued, even when the model file is gone', async () => {
    expect(await stopped('SIGTERM', 1, ['--config', 'from-npz.json', '--output', 'orphan'])).toMatchObject({ code: 143 });
    renameSync(inFolder('model.npz'), inFolder('model-moved.npz'));
    expect(await cli('--config', 'from-npz.json', '--output', 'orphan', '--resume-or-start', '--quiet')).toMatchObject({ code: 0 });
    expect(await cli('--resume', 'orphan', '--quiet')).toMatchObject({ code: 0 });
    renameSync(inFolder('model-moved.npz'), inFolder('model.npz'));
    expect(await cli('--config', 'from-npz.json', '--output', 'not-orphan', '--quiet')).toMatchObject({ code: 0 });
    expectSameFiles('orphan', 'not-orphan');
  });
});
