/**
 * The way from both phases to new parameters: when it is short, that both ways give the same bits, and that whatever is
 * configured gives the same bits over backends, threads and interruptions.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import type { TrainingConfig } from '../../../src/config/run-config.js';
import { backends, loadKernels, type Kernels } from '../../../src/kernels/index.js';
import { createParameters, getParameters } from '../../../src/model/parameters.js';
import { Trainer } from '../../../src/training/trainer.js';
import { firstDifference } from '../../kernels/support.js';
import { advance, generalPath, gradientOf, numbersOf, randomRows, sml, trainerOf, trainingConfig } from './support.js';

const momentum = { schedule: 'step', initial: 0.2, final: 0.7, at: { updates: 3 } } as const;
const sparsity = { target: 0.2, cost: 0.5, decay: 0.8 };
const adam = { optimizer: 'adam', firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8 };
const rmsprop = { optimizer: 'rmsprop', decay: 0.9, epsilon: 1e-8 };
const everything: Partial<TrainingConfig> = {
  ...sml,
  ...adam,
  k: 2,
  weightDecay: { l1: 1e-4, l2: 1e-3 },
  sparsity,
  centring: { offsets: 'both', slidingFactor: 0.1 },
  clipNorm: 0.5,
  averaging: { from: { updates: 4 } },
};

const options: [string, Partial<TrainingConfig>][] = [
  ['nesterov', { optimizer: 'nesterov', momentum }],
  ['nesterov without momentum', { optimizer: 'nesterov' }],
  ['adam', { ...adam, weightDecay: { l1: 1e-4, l2: 1e-3 } }],
  ['rmsprop', rmsprop],
  ['sparsity', { sparsity }],
  ['centring by the data', { centring: { offsets: 'data', slidingFactor: 0.01 }, momentum }],
  ['centring by the model', { ...sml, centring: { offsets: 'model', slidingFactor: 0.5 } }],
  ['centring by both, with the exact gradient', { algorithm: 'exact', centring: { offsets: 'both', slidingFactor: 1 } }],
  ['clipping', { clipNorm: 0.3, momentum }],
  ['averaging', { averaging: {} }],
  ['exponential averaging from the second epoch', { ...sml, averaging: { decay: 0.9, from: { epochs: 1 } }, momentum }],
  ['everything', everything],
  ['everything with nesterov', { ...everything, optimizer: 'nesterov', momentum }],
];

function same(actual: readonly number[], expected: readonly number[]): void {
  expect(firstDifference(Float64Array.from(actual), Float64Array.from(expected))).toBeUndefined();
}

/** The kernels, and the names of those that are called. */
function watched(kernels: Kernels): { kernels: Kernels; called: Set<string> } {
  const called = new Set<string>();
  const proxy = new Proxy(kernels, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        called.add(String(name));
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
  return { kernels: proxy, called };
}

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  test.each<[string, Partial<TrainingConfig>, boolean]>([
    ['plain', {}, false],
    ['momentum and weight decay', { momentum, weightDecay: { l1: 0.1, l2: 0.1 } }, false],
    ['sgd by its name', { optimizer: 'sgd' }, false],
    ['averaging, which looks on', { averaging: {} }, false],
    ['nesterov', { optimizer: 'nesterov', momentum }, true],
    ['adam', adam, true],
    ['rmsprop', rmsprop, true],
    ['sparsity', { sparsity }, true],
    ['centring', { centring: { offsets: 'data', slidingFactor: 1 } }, true],
    ['clipping', { clipNorm: 1 }, true],
  ])('%s: a gradient is held only where one is needed', async (_, config, isNeeded) => {
    const { kernels: proxy, called } = watched(kernels);
    const trainer = await advance(await trainerOf(proxy, config), 3);
    expect(trainer.gradient !== undefined).toBe(isNeeded);
    expect(called.has('updateParameters')).toBe(!isNeeded);
    for (const kernel of ['accumulateGradient', 'stepParameters']) expect(called.has(kernel)).toBe(isNeeded);
    const directions = ['sparsity', 'centring'].some((key) => config[key] !== undefined);
    expect(called.has('transformWeights')).toBe(directions);
  });

  test.each<[string, Partial<TrainingConfig>]>([
    ['plain', {}],
    ['momentum', { momentum }],
    ['weight decay', { weightDecay: { l1: 0.02, l2: 0.01 } }],
    ['all of them with SML', { ...sml, k: 2, chains: 11, momentum, weightDecay: { l1: 0.02, l2: 0.01 } }],
    ['all of them with the exact gradient', { algorithm: 'exact', momentum, weightDecay: { l1: 0.02, l2: 0.01 } }],
  ])('both ways give the same bits: %s', async (_, config) => {
    // 17 × 9 units: more than one group, word or panel of neither layer is full.
    const short = await trainerOf(kernels, config, 17, 9);
    const long = await trainerOf(kernels, { ...config, ...generalPath }, 17, 9);
    expect([short.gradient === undefined, long.gradient === undefined]).toEqual([true, false]);
    for (let update = 0; update < 12; update++) {
      await advance(short, 1);
      await advance(long, 1);
      same(numbersOf(long.model), numbersOf(short.model));
      if (short.velocity !== undefined && long.velocity !== undefined) same(numbersOf(long.velocity), numbersOf(short.velocity));
    }
  });

  test('interrupted after any update and restored, training ends in the same bits', async () => {
    const length = fc.integer({ min: 0, max: 9 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...options), length, length, async ([, config], first, more) => {
        const straight = await advance(await trainerOf(kernels, config), first + more);
        const before = await advance(await trainerOf(kernels, config), first);
        const result = getParameters(before.result);
        const velocity = before.velocity === undefined ? undefined : getParameters(before.velocity);
        const [gradient, update] = [before.gradientTensors(), before.updateTensors()].map((tensors) => new Map(Object.entries(tensors)));
        // What was saved is a copy: the interrupted run may go on.
        await advance(before, 1);
        const examples = { states: randomRows(10, 5) };
        const after = await Trainer.create(kernels, trainingConfig(config), createParameters(5, 3), examples, 's');
        after.restore(first, result, velocity, gradient, update);
        same(numbersOf(after.result), numbersOf(result));
        await advance(after, more);
        same(numbersOf(after.model), numbersOf(straight.model));
        same(numbersOf(after.result), numbersOf(straight.result));
        expect(after.updateTensors()).toEqual(straight.updateTensors());
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test('what is carried has a name, and a state without it is refused', async () => {
    const trainer = await advance(await trainerOf(kernels, everything), 5);
    const saved = trainer.updateTensors();
    expect(Object.keys(saved).toSorted()).toEqual(
      [
        'centring.hidden',
        'centring.visible',
        ...['last', 'optimizer.first', 'optimizer.second'].flatMap((part) => ['hiddenBias', 'visibleBias', 'weights'].map((tensor) => `${part}.${tensor}`)),
        'optimizer.powers',
        'sparsity.activity',
      ].toSorted(),
    );
    const restoreWithout = (missing?: string) => () => {
      const tensors = new Map(Object.entries(saved).filter(([tensor]) => tensor !== missing));
      trainer.restore(5, getParameters(trainer.result), undefined, new Map(Object.entries(trainer.gradientTensors())), tensors);
    };
    expect(restoreWithout()).not.toThrow();
    for (const tensor of Object.keys(saved)) {
      expect(restoreWithout(tensor)).toThrow(expect.objectContaining({ name: 'RangeError', message: expect.stringContaining(tensor) }));
    }
    expect(Object.keys((await trainerOf(kernels, { momentum })).updateTensors())).toEqual([]);
  });

  test.each(options)('parameters that are no longer finite are noticed: %s', async (_, config) => {
    const trainer = await trainerOf(kernels, { ...config, learningRate: Number.MAX_VALUE, weightDecay: { l1: 0, l2: 1e300 } });
    let isFinite = true;
    for (let update = 0; update < 4 && isFinite; update++) isFinite = await trainer.step();
    expect(isFinite).toBe(false);
  });
});

describe('the same bits over backends and threads', () => {
  const all: Kernels[] = [];
  beforeAll(async () => {
    // Threads start from the built files: Node.js itself reads no TypeScript.
    const built = (await import(new URL('../../../dist/kernels/index.js', import.meta.url).href)) as { loadKernels: typeof loadKernels };
    all.push(await loadKernels('reference'), await built.loadKernels('wasm'), await built.loadKernels('wasm', { threads: 3 }));
  });
  afterAll(async () => {
    for (const kernels of all) await kernels.close();
  });

  test.each(options)('%s', async (_, config) => {
    // More units than a panel or a word holds; few where the exact gradient enumerates them.
    const hiddenUnits = config.algorithm === 'exact' ? 5 : 21;
    const trainers = await Promise.all(all.map((kernels) => trainerOf(kernels, config, 37, hiddenUnits)));
    for (let update = 0; update < 7; update++) {
      for (const trainer of trainers) await advance(trainer, 1);
      for (const other of trainers.slice(1)) {
        same(numbersOf(other.model), numbersOf(trainers[0].model));
        same(numbersOf(other.result), numbersOf(trainers[0].result));
        if (other.gradient !== undefined) same(gradientOf(other), gradientOf(trainers[0]));
        expect(other.updateTensors()).toEqual(trainers[0].updateTensors());
      }
    }
  });
});

test('a config that asks for nothing new resolves as before: its hash stays', async () => {
  const { parseObject, smallConfig } = await import('../../run/small-run.js');
  const { training } = parseObject(smallConfig).config as { training: TrainingConfig };
  expect(Object.keys(training).toSorted()).toEqual(
    ['algorithm', 'batchSize', 'chainStart', 'chains', 'k', 'learningRate', 'momentum', 'order', 'updates', 'weightDecay'].toSorted(),
  );
});
