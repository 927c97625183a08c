/** `evaluate --shards`: plans, names what is missing, and ends in the bytes that it has without shards. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { computeShard } from '../../src/sweep/evaluation-shards.js';
import { readManifest } from '../../src/sweep/manifest.js';
import { shardIds, type ShardPlan } from '../../src/sweep/shard-plan.js';
import { runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const config = {
  seed: 'shards',
  data: { source: 'bars-and-stripes', height: 4, width: 4, validation: { count: 4 } },
  model: { hiddenUnits: 10 },
  training: { algorithm: 'cd', k: 1, batchSize: 5, updates: 60, learningRate: 0.1 },
};

const folder = temporaryFolder();
afterAll(folder.remove);
const inFolder = (...names: string[]): string => join(folder.path, ...names);
const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path, env: { XDG_CACHE_HOME: inFolder('cache') } });

async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

const evaluate = (...args: string[]): Promise<RunOutcome> => cli('evaluate', 'run', ...args);

function planOf(name: string) {
  const manifest = readManifest(inFolder(name));
  if (manifest.kind !== 'evaluation') throw new Error(manifest.kind);
  return manifest.evaluation;
}

/** Computes shards in this process. */
async function compute(name: string, indices: Iterable<number>): Promise<void> {
  for (const index of indices) await computeShard(inFolder(name), planOf(name), index, { pause: () => Promise.resolve() });
}

/** How a command that must fail told it. */
async function failure(...args: string[]): Promise<[code: number | null, stdout: string, stderr: string]> {
  const { code, stdout, stderr } = await evaluate(...args);
  return [code, stdout, stderr];
}

const ais = ['--estimator', 'ais', '--chains', '31', '--temperatures', '40'];

beforeAll(async () => {
  writeFileSync(inFolder('small.json'), JSON.stringify(config));
  await output('--config', 'small.json', '--output', 'run', '--quiet');
  await output('--config', 'small.json', '--output', 'other', '--quiet', '--set', 'seed="2"');
});

describe.each([
  ['exact', ['--estimator', 'exact'], '32 blocks'],
  ['ais', ais, '31 chains'],
])('%s', (estimator, options, units) => {
  test.each([
    ['1', '1 shard of \\d+'],
    ['3', '3 shards of \\d+ or \\d+'],
    ['8', '8 shards of '],
  ])('planned, computed and combined from %s shards: the same stdout', async (count, described) => {
    const name = `${estimator}-${count}`;
    const shards = ['--shards', name, ...(count === '8' ? [] : ['--shard-count', count])];
    const planning = await evaluate(...options, ...shards);
    expect([planning.code, planning.stderr]).toEqual([0, `next: rbm-train sweep run ${name}, then this command again\n`]);
    expect(planning.stdout).toMatch(new RegExp(`^planned ${name}: ${estimator} log Z of ${units} in ${described}`));
    expect(readdirSync(inFolder(name)).toSorted()).toEqual(['manifest.json', 'model.safetensors']);
    const all = count === '1' ? '0' : `0-${Number(count) - 1}`;
    const [what, are] = count === '1' ? ['shard', 'is'] : ['shards', 'are'];
    const missing = `rbm-train: ${name}: ${what} ${all} of ${count} ${are} missing\nCompute what is missing: rbm-train sweep run ${name}\n`;
    expect(await failure(...options, ...shards)).toEqual([6, '', missing]);

    if (count === '3') await output('sweep', 'task', name, '--index', '0', '--chunk', '3', '--quiet');
    else await compute(name, Array.from({ length: Number(count) }, (_, index) => index));
    expect(await output('evaluate', 'run', ...options, '--json', '--shards', name)).toBe(await output('evaluate', 'run', ...options, '--json'));
    expect(await output('evaluate', 'run', ...options, ...shards)).toBe(await output('evaluate', 'run', ...options));
  }, 60_000);
});

test('what else evaluate does goes on as usual: examples one by one, RAISE', async () => {
  await output('evaluate', 'run', '--quiet', '--shards', 'usual', '--shard-count', '2');
  await compute('usual', [0, 1]);
  const others = ['--raise', '3', '--json', '--quiet', '--per-example'];
  expect(await output('evaluate', 'run', ...others, 'with.csv', '--shards', 'usual')).toBe(await output('evaluate', 'run', ...others, 'without.csv'));
  expect(readFileSync(inFolder('with.csv')).equals(readFileSync(inFolder('without.csv')))).toBe(true);
});

test('with --json the plan is a document; planning twice gives the same bytes', async () => {
  const text = await output('evaluate', 'run', '--quiet', '--json', '--shards', 'json', '--shard-count', '3');
  expect(JSON.parse(text)).toEqual({ planned: inFolder('json'), estimator: 'exact', unit: 'block', units: 32, shards: [{ first: 0, count: 10 }, { first: 10, count: 11 }, { first: 21, count: 11 }] });
  await output('evaluate', 'run', '--quiet', '--shards', 'again', '--shard-count', '3');
  expect(readFileSync(inFolder('again', 'manifest.json')).equals(readFileSync(inFolder('json', 'manifest.json')))).toBe(true);
});

test('missing, damaged and foreign shards are named; computed again they are whole', async () => {
  await output('evaluate', 'run', '--quiet', '--shards', 'holes');
  await compute('holes', [1, 2, 3, 4, 6, 7]);
  expect((await failure('--shards', 'holes'))[2]).toBe('rbm-train: holes: shards 0,5 of 8 are missing\nCompute what is missing: rbm-train sweep run holes\n');
  await compute('holes', [0, 5]);
  const file = (index: number): string => inFolder('holes', 'shards', `${planOf('holes').shards[index].id}.bin`);
  const bytes = readFileSync(file(2));
  writeFileSync(file(2), bytes.subarray(0, 150));
  writeFileSync(file(3), bytes);
  const warning = (index: number): string => `warning: ${file(index)}: damaged, or not of this estimate: counts as missing\n`;
  const told = 'rbm-train: holes: shards 2-3 of 8 are missing\nCompute what is missing: rbm-train sweep run holes\n';
  expect(await failure('--shards', 'holes')).toEqual([6, '', warning(2) + warning(3) + told]);
  expect(await failure('--shards', 'holes', '--quiet')).toEqual([6, '', told]);
  // Chunk 1 of two shards: those that count as missing.
  await output('sweep', 'task', 'holes', '--index', '1', '--chunk', '2', '--quiet');
  expect(readFileSync(file(2)).equals(bytes)).toBe(true);
  expect(await output('evaluate', 'run', '--json', '--shards', 'holes')).toBe(await output('evaluate', 'run', '--json'));
}, 60_000);

test('a run that trains on changes nothing: the copy of the model counts', async () => {
  await output('evaluate', 'run', '--quiet', '--shards', 'kept', '--shard-count', '2');
  const latest = readdirSync(inFolder('run', 'checkpoints')).toSorted().at(-1) ?? '';
  const before = await output('evaluate', inFolder('run', 'checkpoints', latest), '--json');
  await compute('kept', [0, 1]);
  expect(readFileSync(inFolder('kept', 'model.safetensors')).equals(readFileSync(inFolder('run', 'checkpoints', latest)))).toBe(true);
  expect(await output('evaluate', inFolder('run', 'checkpoints', latest), '--json', '--shards', 'kept')).toBe(before);
});

test("another tool's file is read as it was said, also by who computes the shards", async () => {
  // Square weights, hidden × visible: only --transpose tells.
  const { visibleUnits, values } = { visibleUnits: 16, values: Float64Array.from({ length: 16 * 16 }, (_, index) => ((index * 7919) % 101) / 100 - 0.5) };
  const biases = Float64Array.from({ length: 16 }, (_, index) => (index % 5) / 4 - 0.5);
  const tensors = [['w', [16, visibleUnits], values], ['vb', [16], biases], ['hb', [16], biases.map((value) => -value)]] as const;
  let end = 0;
  const header = JSON.stringify(Object.fromEntries(tensors.map(([name, shape, { byteLength }]) => [name, { dtype: 'F64', shape, data_offsets: [end, (end += byteLength)] }])));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(inFolder('foreign.safetensors'), Buffer.concat([length, Buffer.from(header), ...tensors.map((tensor) => Buffer.from(tensor[2].buffer))]));
  const command = ['evaluate', 'foreign.safetensors', '--transpose', '--weights-name', 'w', '--data', 'small.json'];
  await output(...command, '--quiet', '--shards', 'foreign', '--shard-count', '2');
  expect(planOf('foreign').modelOptions).toEqual({ weights: 'w', transpose: true });
  await compute('foreign', [0, 1]);
  expect(await output(...command, '--json', '--shards', 'foreign')).toBe(await output(...command, '--json'));
  const { code, stderr } = await cli('evaluate', 'foreign.safetensors', '--data', 'small.json', '--shards', 'foreign');
  expect([code, stderr]).toEqual([2, expect.stringContaining('what differs: the model (digest ')]);
});

describe('refused, with what to do', () => {
  beforeAll(async () => {
    await output('evaluate', 'run', '--quiet', ...ais, '--shards', 'ais');
    await output('evaluate', 'run', '--quiet', '--shards', 'exact', '--shard-count', '5');
    mkdirSync(inFolder('sweep'));
  });

  const anotherEstimate = (name: string, difference: string): string => `--shards ${name}: was planned for another estimate; what differs: ${difference}\nName another directory.\n`;
  test.each([
    ['other estimators', ['--estimator', 'two-sided', '--shards', 'new'], "--estimator two-sided can't be cut into shards\nThose that can: exact, ais.\n"],
    ['none', ['--estimator', 'none', '--shards', 'new'], "--estimator none can't be cut into shards\nThose that can: exact, ais.\n"],
    ['--shard-count alone', ['--shard-count', '3'], '--shard-count says into how many shards --shards cuts\nName a directory with --shards.\n'],
    ['--shard-count 0', ['--shards', 'new', '--shard-count', '0'], '--shard-count 0: not a whole number from 1 to 100000\nWrite it in digits only.\n'],
    ['a name that is empty', ['--shards', ''], '--shards has an empty value\nGive a value, or leave the option out; perhaps a variable of the shell is not set.\n'],
    ['--against', ['--shards', 'new', '--against', 'other'], '--against does not go with --shards, which are of one model\nLeave one of them out.\n'],
    ['another count', ['--shards', 'exact', '--shard-count', '4'], '--shard-count 4: exact was planned with 5\nLeave it out, or name another directory.\n'],
    ['another estimator', ['--shards', 'ais'], anotherEstimate('ais', 'the estimator (ais, not exact)')],
    ['other settings', [...ais, '--seed', '2', '--base-rate', 'uniform', '--shards', 'ais'], anotherEstimate('ais', 'the base rate, --seed')],
    ['a run', ['--shards', 'run'], `${inFolder('run')}: holds something else already (best.safetensors)\nName a new directory.\n`],
    ['a file', ['--shards', 'small.json'], `${inFolder('small.json')}: is a file, not a directory\nName a new directory.\n`],
  ])('%s', async (_, args, message) => {
    expect(await failure(...args)).toEqual([2, '', `rbm-train: ${message}`]);
    expect(existsSync(inFolder('new'))).toBe(false);
  });

  test('what costs too much, by auto, with both ways out', async () => {
    const [code, stdout, stderr] = await failure('--exact-cost-limit', '100', '--shards', 'new');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('an exact log Z is more than --exact-cost-limit: it costs 2^10 states × 16 units');
    expect(stderr).toContain('\nTo share it all the same, add --estimator exact --exact-cost-limit …; or share --estimator ais.\n');
    expect(existsSync(inFolder('new'))).toBe(false);
  });

  test('another model', async () => {
    const { code, stderr } = await cli('evaluate', 'other', '--shards', 'exact');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^rbm-train: --shards exact: was planned for another estimate; what differs: the model \(digest [0-9a-f]{12}… 16x10 binary, not [0-9a-f]{12}… 16x10 binary\)\n/)]);
  });

  test('another numerics version, a sweep of trainings, a damaged manifest', async () => {
    const manifest = inFolder('sweep', 'manifest.json');
    const planned = JSON.parse(readFileSync(inFolder('exact', 'manifest.json'), 'utf8')) as { numericsVersion: number; evaluation: ShardPlan };
    const idOf = shardIds(planned.evaluation, 999);
    const later = { ...planned, numericsVersion: 999, evaluation: { ...planned.evaluation, shards: planned.evaluation.shards.map(({ first, count }) => ({ first, count, id: idOf({ first, count }) })) } };
    const told = async (text: string): Promise<[number | null, string]> => {
      writeFileSync(manifest, text);
      const [code, , stderr] = await failure('--shards', 'sweep');
      return [code, stderr];
    };
    expect(await told(JSON.stringify(later))).toEqual([2, expect.stringContaining('planned with numerics version 999')]);
    const training = { format: 'rbm-train sweep 1', kind: 'training', numericsVersion: planned.numericsVersion, bases: [], varied: [], results: 'tasks', tasks: [] };
    expect(await told(JSON.stringify(training))).toEqual([2, 'rbm-train: --shards sweep: holds a sweep of trainings\nName another directory.\n']);
    const edited = { ...planned, evaluation: { ...planned.evaluation, digest: '0'.repeat(64) } };
    expect(await told(JSON.stringify(edited))).toEqual([3, expect.stringContaining('not a manifest: shard 0 is of another estimate')]);
    expect(await told('{')).toEqual([3, expect.stringContaining('not a manifest')]);
    rmSync(inFolder('sweep'), { recursive: true });
  });
});
