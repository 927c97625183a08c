/**
 * Numbers at their limits: learning rates from 1e-300 to 1e300, degenerate data and models, every option at its extremes, drawn
 * at random from their cross product, most of them at a harmless value. Whatever is asked for, it trains to finite figures with
 * the same files from both backends, or is refused clearly, or stops as diverged with a checkpoint from which every command
 * works.
 *
 * RBM_NUMERICAL_CASES asks for more cases than CI has, RBM_NUMERICAL_SEED for others.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import seedrandom from 'seedrandom';
import { gradientEstimators } from '../../src/training/gradients/index.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { temporaryFolder, type RunOutcome } from './support/run-cli.js';

const { min } = Math;
const caseCount = Number(process.env.RBM_NUMERICAL_CASES ?? 120);
const seed = process.env.RBM_NUMERICAL_SEED ?? '1';

const folder = temporaryFolder();
let server: CliServer;
beforeAll(() => {
  server = startCliServer();
  mkdirSync(join(folder.path, 'runs'));
  for (const [name, content] of Object.entries(dataFiles)) writeFileSync(join(folder.path, name), content);
});
afterAll(() => {
  server.stop();
  folder.remove();
});

const lines = (...rows: string[]): string => rows.map((row) => `${row}\n`).join('');
const dataFiles: Readonly<Record<string, string>> = {
  'plain.csv': lines('0,1,0,1', '1,1,0,0', '0,0,1,1', '1,0,1,0', '1,1,1,0'),
  'zeros.csv': lines('0,0,0', '0,0,0', '0,0,0'),
  'ones.csv': lines('1,1,1', '1,1,1', '1,1,1'),
  'one-row.csv': lines('0,1,1'),
  'one-column.csv': lines('0', '1', '1'),
  'one-value.csv': lines('1'),
  'duplicates.csv': lines(...Array.from({ length: 7 }, () => '1,0,1')),
  'constant-columns.csv': lines('0,1,0', '0,1,1', '0,1,1'),
  'all-missing.csv': lines('?,?', '?,?'),
  'column-missing.csv': lines('0,?', '1,?'),
  'real.csv': lines('0.5,-1,3', '0.1,2,1', '-3,0,0'),
  'real-constant.csv': lines('0.5,7', '0.1,7', '-3,7'),
  'real-huge.csv': lines('1e300,0', '-1e300,1', '1e300,1'),
  'real-large.csv': lines('1e150,0', '-1e150,1', '1e150,1'),
  'real-tiny.csv': lines('1e-300,0', '-1e-300,1', '0,1'),
  'real-subnormal.csv': lines('5e-324,0', '-5e-324,1', '0,1'),
  'real-all-missing.csv': lines('?,?', '?,?'),
  'real-one-value.csv': lines('-1e308'),
  'one-category.csv': lines('a,x', 'a,x', 'a,x'),
  'categories.csv': lines('a,x', 'b,x', 'c,y'),
};
const binary = ['plain', 'zeros', 'ones', 'one-row', 'one-column', 'one-value', 'duplicates', 'constant-columns', 'all-missing', 'column-missing'];
const real = ['real', 'real-constant', 'real-huge', 'real-large', 'real-tiny', 'real-subnormal', 'real-all-missing', 'real-one-value'];
const categorical = ['one-category', 'categories'];

/** One config, drawn by the case's number. */
function drawConfig(number: number): string {
  const random = seedrandom(`${seed} ${number}`);
  const pick = <Value>(values: readonly Value[]): Value => values[min(values.length - 1, Math.floor(random() * values.length))];
  /** Mostly the first, harmless value. */
  const mostly = (usual: string, ...others: string[]): string => (random() < 0.7 ? usual : pick(others));
  const kind = pick(['binary', 'binary', 'real', 'categorical']);
  const file = pick({ binary, real, categorical }[kind] as string[]);
  const values = kind === 'binary' ? '' : `values: '${kind}',`;
  const standardize = kind === 'real' ? `standardize: '${pick(['none', 'columns', 'global'])}',` : '';
  const visible = {
    binary: mostly('', "visible: { units: 'ising' },"),
    real: `visible: { units: 'gaussian', ${pick(['', "variance: 'learned'", 'varianceValue: 1e-100', 'varianceValue: 1e100', "variance: 'learned', varianceValue: 1e-100", "variance: 'learned', varianceValue: 1e100"])} },`,
    categorical: '',
  }[kind];
  const algorithm = pick(gradientEstimators);
  const chains = algorithm.usesPersistentChains ? `chains: ${pick([1, 3])}, chainStart: '${pick(['data', 'noise'])}',` : '';
  const own: Record<string, string> = {
    'fast-sml': `fastLearningRate: ${mostly('0.1', '0', '1e-300', '1e10', '1e300')},`,
    'tempered-sml': `rungs: ${pick([2, 5])}, ladder: '${pick(['even', 'geometric', 'adaptive'])}', baseRate: '${pick(['data', 'uniform'])}',`,
    'mean-field': `expansionOrder: ${pick([1, 2, 3])}, iterations: ${pick([1, 5])}, damping: ${pick([0, 0.5, 0.999])},`,
  };
  const rate = (): string => pick(['0', '1e-300', '1e-30', '1', '1e10', '1e100', '1e300']);
  const positive = (): string => pick(['1e-300', '1e-30', '1', '1e10', '1e100', '1e300']);
  const learningRate = pick([
    '0.1', rate(), rate(), rate(),
    `{ schedule: 'linear', initial: ${rate()}, final: ${rate()}, horizon: { updates: 3 } }`,
    `{ schedule: 'exponential', initial: ${positive()}, final: ${positive()}, horizon: { updates: 3 } }`,
    `{ schedule: 'inverse', initial: ${rate()}, halfLife: { updates: 1 } }`,
    `{ schedule: 'step', initial: ${rate()}, final: ${rate()}, at: { updates: 2 } }`,
  ]);
  const optimizer = pick([
    '', 'momentum: 0.99,', "optimizer: 'nesterov', momentum: 0.99,",
    `optimizer: 'adam', epsilon: ${mostly('1e-8', '1e-300', '1e300')}, firstDecay: ${pick([0, 0.9, 0.999999])}, secondDecay: ${pick([0, 0.999, 0.999999999])},`,
    `optimizer: 'rmsprop', epsilon: ${mostly('1e-8', '1e-300', '1e300')}, decay: ${pick([0, 0.9, 0.999999])},`,
  ]);
  return `{ seed: '${number}',
  data: { source: 'file', path: '../${file}.csv', header: false, ${values} ${standardize} ${file.includes('missing') ? "missing: 'nan'," : ''} ${mostly('', 'validation: { count: 1 },')} },
  model: { hiddenUnits: ${pick([1, 3])}, ${visible} ${mostly('', "hidden: { units: 'ising' },")}
    weights: { standardDeviation: ${mostly('0.01', '0', '1', '1e3', '1e10', '1e150', '1e300', '1e-320')} },
    visibleBias: ${mostly("{ start: 'log-odds' }", "{ start: 'log-odds', smoothing: 0 }", "{ start: 'constant', value: -1e300 }", "{ start: 'constant', value: 800 }", "{ start: 'uniform', range: 1e300 }")},
    hiddenBias: { value: ${mostly('0', '-1e300', '1e300', '800', '-0.0')} } },
  training: { algorithm: '${algorithm.name}', ${algorithm.usesGibbsSteps ? `k: ${pick([1, 2])},` : ''} ${chains} ${own[algorithm.name] ?? ''}
    updates: 4, batchSize: ${pick(['1', '2', '1000', "'full'"])}, learningRate: ${learningRate}, ${optimizer}
    weightDecay: { l2: ${mostly('0', '1e-300', '1', '1e300')}, l1: ${mostly('0', '1e-300', '1', '1e300')} },
    ${mostly('', `sparsity: { target: ${pick(['0.1', '1e-300', '0.999999999'])}, cost: ${pick(['0.1', '1e-300', '1e300'])} },`)}
    ${mostly('', `centring: { offsets: '${pick(['data', 'model', 'both'])}', slidingFactor: ${pick(['1', '0.01', '1e-300'])} },`)}
    ${mostly('', `clipNorm: ${pick(['1', '1e-300', '1e300'])},`)} ${mostly('', `averaging: { ${mostly('', 'decay: 0.999', 'from: { updates: 3 }')} },`)} },
  evaluation: { every: { updates: 1 }, logLikelihood: ${mostly("'auto'", "'exact'", "'never'", "'estimated', annealing: { temperatures: 5, chains: 10 }", "'tracked', tracking: { every: { updates: 1 }, temperatures: 5, chains: 10 }")} },
  checkpoint: { every: { updates: 1 }, keep: 9 } }
`;
}

/**
 * Every figure of a JSON document must be a number. Null may only be the open end of an interval and so the standard error that
 * it comes from (those of log-likelihoods are checked before they are printed), or the rate of swaps that nobody has tried yet.
 */
function expectFinite(text: string, where: string): void {
  JSON.parse(text, function (this: unknown, key, value) {
    if (value === null && !Array.isArray(this) && key !== 'standardError') throw new Error(`${where}: ${key} is null in ${text}`);
    return value;
  });
}

/** Fails where a command ended otherwise than it may, or printed what no user should see. */
function expectClear(what: string, { code, stdout, stderr }: RunOutcome, codes: readonly number[]): void {
  const isClear = codes.includes(code ?? -1) && !neverPrinted.test(stdout + stderr);
  if (!isClear) throw new Error(`${what}: exit code ${code}\n${stderr}${stdout}`);
}

/** What no output may hold, whatever happens. */
const neverPrinted = /NaN|[^-]\bInfinity|undefined|\[object|internal error|^\s+at /m;

const run = (...args: string[]): Promise<RunOutcome> => server.run(args, { cwd: join(folder.path, 'runs') });
const pathOf = (...names: string[]): string => join(folder.path, 'runs', ...names);

/** All that a run leaves, but when and where. */
function filesOf(name: string): Record<string, string> {
  const names = ['result.json', 'metrics.jsonl', ...readdirSync(pathOf(name, 'checkpoints')).map((file) => join('checkpoints', file))];
  return Object.fromEntries(names.filter((file) => existsSync(pathOf(name, file))).map((file) => [file, readFileSync(pathOf(name, file), 'latin1')]));
}

/** Commands on a checkpoint end in figures or in one clear message. */
async function expectUsable(checkpoint: string, config: string, data = 'case.json'): Promise<void> {
  const commands = [
    ['inspect', checkpoint, '--json'],
    ['evaluate', checkpoint, '--data', data, '--json', '--quiet'],
    ['evaluate', checkpoint, '--data', data, '--json', '--quiet', '--estimator', 'two-sided', '--chains', '10', '--temperatures', '5', '--budget', '500'],
    ['sample', checkpoint, '--count', '2', '--steps', '2', '--output', 'sampled.csv', '--quiet'],
    ['transform', checkpoint, '--data', data, '--output', 'features.csv', '--quiet'],
  ];
  for (const command of commands) {
    const outcome = await run(...command);
    expectClear(`${config}${command.join(' ')}`, outcome, [0, 2, 3]);
    if (outcome.code === 0 && command.includes('--json')) expectFinite(outcome.stdout, `${config}${command.join(' ')}`);
  }
}

/** Both runs have left the same files, all of finite figures. */
function expectSameFiles(config: string): void {
  const files = filesOf('wasm');
  expect({ config, files: filesOf('reference') }).toEqual({ config, files });
  for (const [name, content] of Object.entries(files)) {
    if (/\.jsonl?$/.test(name)) for (const line of content.split(/\n(?=\{)/)) if (line !== '') expectFinite(line, `${config}${name}`);
  }
}

/** A training that has diverged names the checkpoint to go back to, where it has one, and diverges again from there. */
async function expectGoodCheckpoint(config: string, stderr: string): Promise<void> {
  expect(stderr).toMatch(/diverged at update \d+/);
  const [, checkpoint] = /The last good checkpoint is (\S+) \(update \d+\)/.exec(stderr) ?? [];
  expect({ config, checkpoint, isThere: checkpoint !== undefined }).toEqual({ config, checkpoint, isThere: !/at update 0:/.test(stderr) });
  if (checkpoint === undefined) return;
  await expectUsable(checkpoint, config);
  expectClear(`${config}--resume`, await run('--resume', 'wasm'), [4]);
}

/** How often which exit code. */
const exits: Record<string, number> = {};

test.each(Array.from({ length: caseCount }, (_, number) => number))('case %i trains, is refused, or stops as diverged', async (number) => {
  for (const name of ['wasm', 'reference']) rmSync(pathOf(name), { recursive: true, force: true });
  const config = drawConfig(number);
  writeFileSync(pathOf('case.json'), config);
  const [wasm, reference] = [
    await run('--config', 'case.json', '--output', 'wasm', '--backend', 'wasm'),
    await run('--config', 'case.json', '--output', 'reference', '--backend', 'reference'),
  ];
  const { code, stderr } = wasm;
  exits[String(code)] = (exits[String(code)] ?? 0) + 1;
  expectClear(config, wasm, [0, 2, 3, 4]);
  expect({ config, code: reference.code, stderr: reference.stderr.replaceAll('reference', 'wasm') }).toEqual({ config, code, stderr });
  if (code === 0 || code === 4) expectSameFiles(config);
  if (code === 4) await expectGoodCheckpoint(config, stderr);
});

test('the cases are of all kinds', () => {
  process.stderr.write(`numerical faults: ${JSON.stringify(exits)}\n`);
  for (const code of ['0', '4']) expect(exits[code]).toBeGreaterThan(caseCount / 10);
});

describe('models of extreme weights', () => {
  const estimators = ['exact', 'two-sided', 'ais', 'reverse-ais', 'importance', 'mean-field', 'tap', 'tap3', 'none'];
  const data = { binary: 'plain', ising: 'plain', gaussian: 'real', categorical: 'categories' } as const;

  test.each(Object.entries(data))('%s units: every estimator, samples and features are finite, or refused clearly', async (units, file) => {
    for (const [weights, bias] of [['1e300', '0'], ['1e155', '-0.0'], ['1e-320', '-0.0'], ['0', '5e-324'], ['1', '-1e300'], ['400', '400']]) {
      rmSync(pathOf('extreme'), { recursive: true, force: true });
      const config = `{ data: { source: 'file', path: '../${file}.csv', header: false, ${{ gaussian: "values: 'real',", categorical: "values: 'categorical'," }[units] ?? ''} },
        model: { hiddenUnits: 2, visible: { units: '${units}' }, weights: { standardDeviation: ${weights} }, hiddenBias: { value: ${bias} } },
        training: { algorithm: 'cd', updates: 0 }, evaluation: { logLikelihood: 'never' } }
`;
      writeFileSync(pathOf('extreme.json'), config);
      const trained = await run('--config', 'extreme.json', '--output', 'extreme', '--quiet');
      expectClear(config, trained, [0, 4]);
      expect(readdirSync(pathOf('extreme', 'checkpoints'))).toHaveLength(1);
      // Weights whose free energies overflow are not evaluated, but the checkpoint of the start is there.
      const model = join('extreme', 'checkpoints', readdirSync(pathOf('extreme', 'checkpoints'))[0]);
      for (const estimator of estimators) {
        const outcome = await run('evaluate', model, '--data', 'extreme.json', '--json', '--quiet', '--estimator', estimator, '--chains', '10', '--temperatures', '5', '--budget', '500', '--raise', '2');
        expectClear(`${config}${estimator}`, outcome, [0, 2, 3]);
        if (outcome.code === 0) expectFinite(outcome.stdout, `${config}${estimator}`);
      }
      await expectUsable(model, config, 'extreme.json');
    }
  });
});

describe('found once, and mended', () => {
  const plain = (training: string): string => `{ data: { source: 'file', path: '../plain.csv' }, model: { hiddenUnits: 2 }, training: { ${training} },
    checkpoint: { every: { updates: 1 } } }`;
  async function train(training: string): Promise<RunOutcome> {
    rmSync(pathOf('once'), { recursive: true, force: true });
    writeFileSync(pathOf('once.json'), plain(training));
    return run('--config', 'once.json', '--output', 'once');
  }

  test('a mean of squares that overflows is divergence: no file with what no file may hold, and no unit that stands still for ever', async () => {
    const { code, stderr } = await train("algorithm: 'cd', updates: 3, optimizer: 'rmsprop', weightDecay: { l1: 1e300 }");
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringMatching(/diverged at update 1: what is carried.*\nThe last good checkpoint is .*update-0000000000000/) });
    expect(readdirSync(pathOf('once', 'checkpoints'))).toEqual(['update-0000000000000.safetensors']);
  });

  test('the learning rate of an exponential schedule between far ends', async () => {
    const ends = "learningRate: { schedule: 'exponential', initial: 1e-200, final: 1e200, horizon: { updates: 400 } }";
    expect(await train(`algorithm: 'cd', updates: 200, ${ends}`)).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(pathOf('once', 'metrics.jsonl'), 'utf8').trim().split('\n').at(-1) as string).learningRate).toBeCloseTo(1, 9);
  });

  test('inspect of large weights', async () => {
    writeFileSync(pathOf('large.json'), plain("algorithm: 'cd', updates: 0").replace('hiddenUnits: 2', 'hiddenUnits: 2, weights: { standardDeviation: 0 }, hiddenBias: { value: 1e200 }'));
    rmSync(pathOf('once'), { recursive: true, force: true });
    await run('--config', 'large.json', '--output', 'once');
    const { tensors } = JSON.parse((await run('inspect', 'once', '--json')).stdout) as { tensors: { name: string }[] };
    expect(tensors.find(({ name }) => name === 'hiddenBias')).toMatchObject({ minimum: 1e200, maximum: 1e200, mean: 1e200, rootMeanSquare: 1e200 });
  });
});
