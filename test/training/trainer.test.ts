/**
 * The training loop: which examples come when, how parameters change, and that a run which is interrupted and restored
 * goes on with the same bits. What the algorithms estimate is checked in gradient-oracles.test.ts.
 */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import type { TrainingConfig } from '../../src/config/run-config.js';
import { backends, createBinaryMatrix, packBinaryMatrix, setUnit, type BinaryMatrix, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createParameters } from '../../src/model/parameters.js';
import { batchRows, lengthInUpdates, Trainer, updatesPerEpoch, type TrainingExamples } from '../../src/training/trainer.js';
import { sameBits } from '../formats/damage.js';
import { integers, normals } from '../reference/numbers.js';

const kernels: Kernels = await backends[0].load();

function trainingConfig(config: Partial<TrainingConfig> = {}): TrainingConfig {
  return {
    algorithm: 'cd',
    k: 1,
    batchSize: 4,
    order: 'shuffled',
    learningRate: 0.1,
    momentum: 0,
    weightDecay: { l1: 0, l2: 0 },
    ...config,
  };
}

const sml = { algorithm: 'sml', chains: 3, chainStart: 'data' };

/** Row r has unit r on, so that a batch's Σ v says which rows are in it. */
function markedRows(rows: number): BinaryMatrix {
  const matrix = createBinaryMatrix(rows, rows);
  for (let row = 0; row < rows; row++) setUnit(matrix, row, row);
  return matrix;
}

function randomRows(rows: number, columns: number, seed = 1): BinaryMatrix {
  return packBinaryMatrix(Uint8Array.from(integers(rows * columns, seed), (value) => value & 1), rows, columns);
}

function randomParameters(n: number, m: number): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1)),
    visibleBias: Float64Array.from(normals(n, 2)),
    hiddenBias: Float64Array.from(normals(m, 3)),
  };
}

function copyOf(parameters: ModelParameters): ModelParameters {
  return {
    ...parameters,
    weights: parameters.weights.slice(),
    visibleBias: parameters.visibleBias.slice(),
    hiddenBias: parameters.hiddenBias.slice(),
  };
}

function haveSameBits(a: ModelParameters, b: ModelParameters): boolean {
  return sameBits(a.weights, b.weights) && sameBits(a.visibleBias, b.visibleBias) && sameBits(a.hiddenBias, b.hiddenBias);
}

/** The rows of each of the next mini-batches of {@link markedRows}. */
function nextBatches(trainer: Trainer, updates: number): number[][] {
  return Array.from({ length: updates }, () => {
    trainer.step();
    const { visible } = trainer.phases.positive;
    return [...visible.keys()].filter((row) => visible[row] === 1);
  });
}

describe('mini-batches', () => {
  const trainerOf = (rows: number, config: Partial<TrainingConfig>, seed = 's'): Trainer =>
    new Trainer(kernels, trainingConfig(config), randomParameters(rows, 2), { binary: markedRows(rows) }, seed);

  test.each([{ algorithm: 'cd' }, sml])('every epoch goes once through all examples, its last batch is smaller: $algorithm', (algorithm) => {
    const trainer = trainerOf(10, { ...algorithm, batchSize: 4 });
    expect(trainer.updatesPerEpoch).toBe(3);
    const orders: string[] = [];
    for (let epoch = 0; epoch < 4; epoch++) {
      const batches = nextBatches(trainer, 3);
      expect(batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
      expect(batches.flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      orders.push(JSON.stringify(batches));
    }
    // Four equal draws of 10!/(4!·4!·2!) = 3150 divisions of this fixed seed would be a fault.
    expect(new Set(orders).size).toBe(4);
  });

  test('in stored order, epoch after epoch', () => {
    const epoch = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]];
    expect(nextBatches(trainerOf(10, { order: 'stored' }), 6)).toEqual([...epoch, ...epoch]);
  });

  test.each([['full'], [7], [8], [1000]] as const)('batch size %p of 7 examples: one update per epoch, with all of them', (batchSize) => {
    const trainer = trainerOf(7, { batchSize });
    expect(trainer.updatesPerEpoch).toBe(1);
    expect(nextBatches(trainer, 3)).toEqual(Array.from({ length: 3 }, () => [0, 1, 2, 3, 4, 5, 6]));
    expect(trainer.phases.positive.count).toBe(7);
  });

  test('batch size 1', () => {
    const batches = nextBatches(trainerOf(5, { batchSize: 1 }), 5);
    expect(batches.flat().toSorted()).toEqual([0, 1, 2, 3, 4]);
  });

  test('another seed gives another order, the same seed the same', () => {
    const orderOf = (seed: string): unknown => nextBatches(trainerOf(10, {}, seed), 6);
    expect(orderOf('a')).toEqual(orderOf('a'));
    expect(orderOf('a')).not.toEqual(orderOf('b'));
  });

  test('lengths in epochs and in updates', () => {
    const of = (config: Partial<TrainingConfig>): number[] => {
      const whole = trainingConfig(config);
      return [batchRows(whole, 10), updatesPerEpoch(whole, 10), lengthInUpdates(whole, 10)];
    };
    expect(of({ epochs: 5 })).toEqual([4, 3, 15]);
    expect(of({ updates: 5 })).toEqual([4, 3, 5]);
    expect(of({ batchSize: 'full', epochs: 5 })).toEqual([10, 1, 5]);
    expect(of({ batchSize: 5, epochs: 0 })).toEqual([5, 2, 0]);
  });

  test('fresh examples in every epoch where the data are dynamic', () => {
    const asked: number[] = [];
    const examples: TrainingExamples = {
      binary: createBinaryMatrix(4, 6),
      binaryOfEpoch: (epoch) => {
        asked.push(epoch);
        const matrix = createBinaryMatrix(4, 6);
        for (let row = 0; row < 4; row++) setUnit(matrix, row, epoch);
        return matrix;
      },
    };
    const trainer = new Trainer(kernels, trainingConfig({ batchSize: 3 }), createParameters(6, 2), examples, 's');
    const sums = Array.from({ length: 6 }, () => {
      trainer.step();
      return [...trainer.phases.positive.visible];
    });
    expect(sums.map((sum) => sum.findIndex((value) => value > 0))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(sums.map((sum) => sum.reduce((total, value) => total + value))).toEqual([3, 1, 3, 1, 3, 1]);
    expect(asked).toEqual([0, 1, 2]);
  });
});

/** One update as its documentation states it, one number at a time. */
function updateNaively(
  parameters: ModelParameters,
  velocity: ModelParameters,
  phases: Trainer['phases'],
  settings: { learningRate: number; momentum: number; l1: number; l2: number },
): void {
  const { learningRate, momentum } = settings;
  for (const [tensor, statistic] of [['weights', 'products'], ['visibleBias', 'visible'], ['hiddenBias', 'hidden']] as const) {
    const isWeights = tensor === 'weights';
    for (let index = 0; index < parameters[tensor].length; index++) {
      const theta = parameters[tensor][index];
      let gradient = phases.positive[statistic][index] * (1 / phases.positive.count);
      gradient -= phases.negative[statistic][index] * (1 / phases.negative.count);
      gradient -= (isWeights ? settings.l2 : 0) * theta;
      gradient -= (isWeights ? settings.l1 : 0) * Math.sign(theta);
      let step = momentum * velocity[tensor][index];
      step += learningRate * gradient;
      if (Math.abs(step) < 2 ** -960) step = 0;
      velocity[tensor][index] = step;
      parameters[tensor][index] = theta + step;
    }
  }
}

describe('updates', () => {
  const momentum = { schedule: 'step', initial: 0.5, final: 0.9, at: { updates: 4 } } as const;
  const learningRate = { schedule: 'linear', initial: 0.5, final: 0.1, horizon: { epochs: 3 } } as const;

  test.each<[string, Partial<TrainingConfig>]>([
    ['plain', {}],
    ['momentum on a schedule', { momentum, learningRate }],
    ['L2', { weightDecay: { l1: 0, l2: 0.01 } }],
    ['L1', { weightDecay: { l1: 0.02, l2: 0 } }],
    ['all of them', { momentum, learningRate, weightDecay: { l1: 0.003, l2: 0.004 } }],
    ['all of them with SML', { ...sml, momentum, learningRate, weightDecay: { l1: 0.003, l2: 0.004 } }],
    ['all of them with the exact gradient', { algorithm: 'exact', momentum, learningRate, weightDecay: { l1: 0.003, l2: 0.004 } }],
  ])('follow the documented formula bit for bit: %s', (_, config) => {
    const parameters = randomParameters(5, 3);
    parameters.weights[0] = 0;
    const expected = copyOf(parameters);
    const velocity = createParameters(5, 3);
    const whole = trainingConfig({ batchSize: 4, ...config });
    const trainer = new Trainer(kernels, whole, parameters, { binary: randomRows(10, 5) }, 's');
    for (let update = 0; update < 12; update++) {
      // Steps of 0.5 → 0.1 over 9 updates, momentum 0.5 → 0.9 after 4; in the tests without schedules, the constants.
      const settings = {
        learningRate: config.learningRate === undefined ? 0.1 : update >= 9 ? 0.1 : 0.5 + (0.1 - 0.5) * (update / 9),
        momentum: config.momentum === undefined ? 0 : update < 4 ? 0.5 : 0.9,
        ...whole.weightDecay,
      };
      expect(trainer.stepSizes).toEqual({ learningRate: settings.learningRate, momentum: settings.momentum });
      expect(trainer.step()).toBe(true);
      updateNaively(expected, velocity, trainer.phases, settings);
      expect(haveSameBits(trainer.parameters, expected)).toBe(true);
      expect(haveSameBits(trainer.velocity, velocity)).toBe(true);
    }
    expect(trainer.update).toBe(12);
  });

  test('each phase is divided by its own number of samples', () => {
    const counts = (config: Partial<TrainingConfig>): number[][] => {
      const trainer = new Trainer(kernels, trainingConfig(config), randomParameters(5, 3), { binary: randomRows(10, 5) }, 's');
      return Array.from({ length: 3 }, () => {
        trainer.step();
        return [trainer.phases.positive.count, trainer.phases.negative.count];
      });
    };
    expect(counts({})).toEqual([[4, 4], [4, 4], [2, 2]]);
    expect(counts(sml)).toEqual([[4, 3], [4, 3], [2, 3]]);
    expect(counts({ ...sml, chains: 50 })).toEqual([[4, 50], [4, 50], [2, 50]]);
    expect(counts({ algorithm: 'exact' })).toEqual([[4, 1], [4, 1], [2, 1]]);
  });

  test('decay alone shrinks the weights, and leaves the biases', () => {
    // All examples and all chains are equal and frozen, so that the two phases cancel.
    const parameters = createParameters(2, 1);
    parameters.weights.set([4, -4]);
    parameters.visibleBias.fill(-1000);
    parameters.hiddenBias.fill(3);
    const config = trainingConfig({ batchSize: 'full', learningRate: 0.5, weightDecay: { l1: 0, l2: 0.5 } });
    const trainer = new Trainer(kernels, config, parameters, { binary: createBinaryMatrix(3, 2) }, 's');
    trainer.step();
    trainer.step();
    expect([...parameters.weights]).toEqual([4 * 0.75 * 0.75, -4 * 0.75 * 0.75]);
    expect([...parameters.visibleBias, ...parameters.hiddenBias]).toEqual([-1000, -1000, 3]);
  });

  test('momentum that has decayed below 2^-960 becomes zero', () => {
    const parameters = createParameters(1, 1);
    const config = trainingConfig({ batchSize: 'full', learningRate: 0, momentum: 0.5 });
    const trainer = new Trainer(kernels, config, parameters, { binary: createBinaryMatrix(1, 1) }, 's');
    trainer.velocity.weights[0] = 2 ** -958;
    const seen = Array.from({ length: 4 }, () => {
      trainer.step();
      return trainer.velocity.weights[0];
    });
    expect(seen).toEqual([2 ** -959, 2 ** -960, 0, 0]);
  });
});

describe('chains', () => {
  /** A model whose Gibbs steps copy the visible state: each unit follows its partner, with probability 1 − e^-100. */
  function frozenModel(units: number): ModelParameters {
    const parameters = createParameters(units, units);
    for (let unit = 0; unit < units; unit++) parameters.weights[unit * units + unit] = 200;
    parameters.visibleBias.fill(-100);
    parameters.hiddenBias.fill(-100);
    return parameters;
  }

  test('of CD start at the batch, update after update', () => {
    const trainer = new Trainer(kernels, trainingConfig({ learningRate: 0, k: 3 }), frozenModel(10), { binary: markedRows(10) }, 's');
    for (let update = 0; update < 6; update++) {
      trainer.step();
      expect([...trainer.phases.negative.visible]).toEqual([...trainer.phases.positive.visible]);
    }
    expect(trainer.gradientState.tensors).toEqual({});
  });

  test('of SML start at the first examples and go on from where they stood', () => {
    const config = trainingConfig({ ...sml, learningRate: 0, k: 2, order: 'stored' });
    const trainer = new Trainer(kernels, config, frozenModel(10), { binary: markedRows(10) }, 's');
    for (let update = 0; update < 4; update++) {
      trainer.step();
      expect([...trainer.phases.negative.visible]).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    }
    // Wherever they stand, the next update starts there.
    const { values } = trainer.gradientState.tensors.chains;
    values.fill(0);
    values[9] = 1;
    trainer.step();
    expect([...trainer.phases.negative.visible]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  test('of SML end an update in the states of its negative phase', () => {
    const trainer = new Trainer(kernels, trainingConfig({ ...sml, chains: 20, k: 2 }), randomParameters(5, 3), { binary: randomRows(10, 5) }, 's');
    const visited = new Set<string>();
    for (let update = 0; update < 8; update++) {
      trainer.step();
      const { values } = trainer.gradientState.tensors.chains;
      const sums = Array<number>(5).fill(0);
      for (const [index, value] of values.entries()) sums[index % 5] += value;
      expect([...trainer.phases.negative.visible]).toEqual(sums);
      visited.add(values.join(''));
    }
    expect(visited.size).toBe(8);
  });
});

describe('reproducibility', () => {
  const schedules = {
    momentum: { schedule: 'step', initial: 0.2, final: 0.7, at: { updates: 5 } },
    learningRate: { schedule: 'exponential', initial: 0.5, final: 0.01, horizon: { epochs: 3 } },
    weightDecay: { l1: 1e-4, l2: 1e-3 },
  } as const;
  const algorithms: Partial<TrainingConfig>[] = [
    { algorithm: 'cd', k: 2 },
    { ...sml, k: 2, chains: 7 },
    { ...sml, chainStart: 'noise' },
    { algorithm: 'exact' },
  ];
  const dynamic: TrainingExamples = { binary: randomRows(10, 5), binaryOfEpoch: (epoch) => randomRows(10, 5, 10 + epoch) };

  function trainerFor(algorithm: Partial<TrainingConfig>, seed = 's', start = randomParameters(5, 3)): Trainer {
    return new Trainer(kernels, trainingConfig({ ...schedules, ...algorithm }), start, dynamic, seed);
  }

  function advance(trainer: Trainer, updates: number): Trainer {
    for (let update = 0; update < updates; update++) trainer.step();
    return trainer;
  }

  test('interrupted after any update and restored, training ends in the same bits', () => {
    fc.assert(
      fc.property(fc.constantFrom(...algorithms), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 }), (algorithm, first, more) => {
        const straight = advance(trainerFor(algorithm), first + more);
        const before = advance(trainerFor(algorithm), first);
        const saved = {
          parameters: copyOf(before.parameters),
          velocity: copyOf(before.velocity),
          tensors: new Map(Object.entries(before.gradientState.tensors).map(([name, { shape, values }]) => [name, { shape, values: values.slice() }])),
        };
        const after = trainerFor(algorithm, 's', saved.parameters);
        after.restore(first, saved.velocity, saved.tensors);
        expect(after.update).toBe(first);
        advance(after, more);
        expect(haveSameBits(after.parameters, straight.parameters)).toBe(true);
        expect(haveSameBits(after.velocity, straight.velocity)).toBe(true);
        for (const [name, { values }] of Object.entries(straight.gradientState.tensors)) {
          expect(sameBits(after.gradientState.tensors[name].values, values)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each(algorithms)('training longer changes no earlier update: $algorithm', (algorithm) => {
    const short = advance(trainerFor({ ...algorithm, updates: 6 }), 6);
    const long = advance(trainerFor({ ...algorithm, epochs: 1000 }), 6);
    expect(haveSameBits(short.parameters, long.parameters)).toBe(true);
  });

  test.each(algorithms)('the same seed gives the same bits, another seed others: $algorithm', (algorithm) => {
    const [first, second, other] = ['a', 'a', 'b'].map((seed) => advance(trainerFor(algorithm, seed), 5));
    expect(haveSameBits(first.parameters, second.parameters)).toBe(true);
    expect(haveSameBits(first.parameters, other.parameters)).toBe(false);
  });

  test('a state that is not of this run is refused', () => {
    const { velocity } = trainerFor(sml);
    const values = new Uint8Array(15);
    for (const tensors of [new Map(), new Map([['chains', { shape: [5, 3], values }]]), new Map([['other', { shape: [3, 5], values }]])]) {
      expect(() => trainerFor(sml).restore(1, velocity, tensors)).toThrow(/chains/);
    }
  });
});

describe('divergence', () => {
  test.each<[string, Partial<TrainingConfig>]>([
    ['a learning rate', { learningRate: 1e308, momentum: 0.9 }],
    ['a decay', { learningRate: 1, weightDecay: { l1: 0, l2: 1e200 } }],
    ['a momentum', { momentum: 1 - 2 ** -53, learningRate: 1e306 }],
  ])('%s that is too large is noticed after the very update', (_, config) => {
    const trainer = new Trainer(kernels, trainingConfig(config), randomParameters(5, 3), { binary: randomRows(10, 5) }, 's');
    const isFinite = (): boolean =>
      [trainer.parameters.weights, trainer.parameters.visibleBias, trainer.parameters.hiddenBias].every((values) => values.every(Number.isFinite));
    let updates = 0;
    for (;;) {
      const claimed = trainer.step();
      updates++;
      expect(claimed).toBe(isFinite());
      if (!claimed) break;
      expect(updates).toBeLessThan(2000);
    }
    expect(trainer.update).toBe(updates);
  });
});
