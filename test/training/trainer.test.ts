/**
 * The training loop: which examples come when, how parameters change, and that a run which is interrupted and restored
 * goes on with the same bits. What the algorithms estimate is checked in gradient-oracles.test.ts.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import type { TrainingConfig } from '../../src/config/run-config.js';
import {
  backends,
  createBinaryMatrix,
  loadKernels,
  packBinaryMatrix,
  setUnit,
  type BinaryMatrix,
  type Kernels,
  type ModelParameters,
  type Phase,
} from '../../src/kernels/index.js';
import { createParameters, getParameters, type Model } from '../../src/model/parameters.js';
import { batchRows, lengthInUpdates, Trainer, updatesPerEpoch, type TrainingExamples } from '../../src/training/trainer.js';
import type { SavedTensor } from '../../src/sampling/saved-states.js';
import { sameBits } from '../formats/damage.js';
import { bytesOf, valuesOf } from '../kernels/support.js';
import { integers, normals } from '../reference/numbers.js';
import { sml, trainingConfig } from './updates/support.js';

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

function haveSameBits(model: Model | ModelParameters | undefined, expected: ModelParameters | undefined): boolean {
  if (model === undefined || expected === undefined) return model === expected;
  const actual = 'readRows' in model.weights ? getParameters(model as Model) : (model as ModelParameters);
  const { weights, visibleBias, hiddenBias } = actual;
  return sameBits(weights, expected.weights) && sameBits(visibleBias, expected.visibleBias) && sameBits(hiddenBias, expected.hiddenBias);
}

/** A copy of the velocity; undefined in training without momentum. */
function velocityOf({ velocity }: Trainer): ModelParameters | undefined {
  return velocity === undefined ? undefined : getParameters(velocity);
}

/** The two phases of the last update. */
function phasesOf(trainer: Trainer): { positive: Phase; negative: Phase } {
  if (trainer.phases === undefined) throw new Error('there was no update');
  return trainer.phases;
}

/** The visible states of a phase's samples, one byte per unit. */
function visibleStates(phase: Phase): Uint8Array {
  if (phase.kind !== 'samples') throw new Error('the phase has no samples');
  return bytesOf(phase.visible).subarray(0, phase.rows * phase.visible.columns);
}

/** Number of samples that a phase is divided by. */
function countOf(phase: Phase): number {
  return phase.kind === 'samples' ? phase.rows : 1;
}

/** In how many of a phase's samples every visible unit is on. */
function countsOf(phase: Phase): number[] {
  const states = visibleStates(phase);
  const n = states.length / countOf(phase);
  return Array.from({ length: n }, (_, i) => states.filter((state, index) => index % n === i && state === 1).length);
}

/**
 * `start` and the terms of a phase's rows in the documented order: four rows to a group, each group on its own, the groups
 * one after the other; rows that are off are left out, and groups without any row.
 */
function groupedSum(start: number, rows: number, isOn: (row: number) => boolean, term: (row: number) => number): number {
  let total = start;
  for (let group = 0; group < rows; group += 4) {
    const terms = [group, group + 1, group + 2, group + 3].filter((row) => row < rows && isOn(row)).map(term);
    if (terms.length > 0) total += terms.reduce((sum, value) => sum + value);
  }
  return total;
}

/** Gradients in the layout and under the names of parameters. */
type Gradients = Record<'weights' | 'visibleBias' | 'hiddenBias', Float64Array>;

/** The gradients `start`, and on to them what a phase contributes: means, with the sign of the phase. */
function addPhase(start: Gradients, phase: Phase, sign: 1 | -1): Gradients {
  if (phase.kind === 'expectation') {
    const { products, visible, hidden } = phase.moments;
    const add = (sums: Float64Array, means: Float64Array) => sums.map((sum, index) => (sign === 1 ? sum + means[index] : sum - means[index]));
    return { weights: add(start.weights, products), visibleBias: add(start.visibleBias, visible), hiddenBias: add(start.hiddenBias, hidden) };
  }
  const { rows } = phase;
  const { columns: n } = phase.visible;
  const { columns: m } = phase.hiddenMeans;
  const visible = visibleStates(phase);
  const counts = countsOf(phase);
  const means = valuesOf(phase.hiddenMeans);
  const isOn = (i: number) => (row: number) => visible[row * n + i] === 1;
  const term = (j: number) => (row: number) => means[row * m + j] * (sign / rows);
  return {
    weights: start.weights.map((sum, index) => groupedSum(sum, rows, isOn(Math.floor(index / m)), term(index % m))),
    visibleBias: start.visibleBias.map((sum, i) => sum + counts[i] * (sign / rows)),
    hiddenBias: start.hiddenBias.map((sum, j) => groupedSum(sum, rows, () => true, term(j))),
  };
}

/** The rows of each of the next mini-batches of {@link markedRows}. */
async function nextBatches(trainer: Trainer, updates: number): Promise<number[][]> {
  const batches: number[][] = [];
  for (let update = 0; update < updates; update++) {
    await trainer.step();
    const counts = countsOf(phasesOf(trainer).positive);
    batches.push([...counts.keys()].filter((row) => counts[row] === 1));
  }
  return batches;
}

/** One update as its documentation states it, one number at a time; without a velocity where there is no momentum. */
function updateNaively(
  parameters: ModelParameters,
  velocity: ModelParameters | undefined,
  { positive, negative }: { positive: Phase; negative: Phase },
  settings: { learningRate: number; momentum: number; l1: number; l2: number },
): void {
  const { learningRate, momentum } = settings;
  const { weights, visibleBias, hiddenBias } = createParameters(parameters.visibleUnits, parameters.hiddenUnits);
  const gradients = addPhase(addPhase({ weights, visibleBias, hiddenBias }, positive, 1), negative, -1);
  for (const tensor of ['weights', 'visibleBias', 'hiddenBias'] as const) {
    const l1 = tensor === 'weights' ? settings.l1 : 0;
    const l2 = tensor === 'weights' ? settings.l2 : 0;
    for (let index = 0; index < parameters[tensor].length; index++) {
      const theta = parameters[tensor][index];
      let gradient = gradients[tensor][index];
      if (l2 !== 0) gradient -= l2 * theta;
      if (l1 !== 0) gradient -= l1 * Math.sign(theta);
      let step = learningRate * gradient;
      if (velocity !== undefined) {
        step = momentum * velocity[tensor][index] + step;
        if (Math.abs(step) < 2 ** -960) step = 0;
        velocity[tensor][index] = step;
      }
      parameters[tensor][index] = theta + step;
    }
  }
}

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  describe('mini-batches', () => {
    const trainerOf = (rows: number, config: Partial<TrainingConfig>, seed = 's'): Promise<Trainer> =>
      Trainer.create(kernels, trainingConfig(config), randomParameters(rows, 2), { states: markedRows(rows) }, seed);

    test.each([{ algorithm: 'cd' }, sml])('every epoch goes once through all examples, its last batch is smaller: $algorithm', async (algorithm) => {
      const trainer = await trainerOf(10, { ...algorithm, batchSize: 4 });
      expect(trainer.updatesPerEpoch).toBe(3);
      const orders: string[] = [];
      for (let epoch = 0; epoch < 4; epoch++) {
        const batches = await nextBatches(trainer, 3);
        expect(batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
        expect(batches.flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        orders.push(JSON.stringify(batches));
      }
      // Four equal draws of 10!/(4!·4!·2!) = 3150 divisions of this fixed seed would be a fault.
      expect(new Set(orders).size).toBe(4);
    });

    test('in stored order, epoch after epoch', async () => {
      const epoch = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]];
      expect(await nextBatches(await trainerOf(10, { order: 'stored' }), 6)).toEqual([...epoch, ...epoch]);
    });

    test.each([['full'], [7], [8], [1000]] as const)('batch size %p of 7 examples: one update per epoch, with all of them', async (batchSize) => {
      const trainer = await trainerOf(7, { batchSize });
      expect(trainer.updatesPerEpoch).toBe(1);
      expect(await nextBatches(trainer, 3)).toEqual(Array.from({ length: 3 }, () => [0, 1, 2, 3, 4, 5, 6]));
      expect(countOf(phasesOf(trainer).positive)).toBe(7);
    });

    test('batch size 1', async () => {
      const batches = await nextBatches(await trainerOf(5, { batchSize: 1 }), 5);
      expect(batches.flat().toSorted()).toEqual([0, 1, 2, 3, 4]);
    });

    test('another seed gives another order, the same seed the same', async () => {
      const orderOf = async (seed: string): Promise<number[][]> => nextBatches(await trainerOf(10, {}, seed), 6);
      expect(await orderOf('a')).toEqual(await orderOf('a'));
      expect(await orderOf('a')).not.toEqual(await orderOf('b'));
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

    test('fresh examples in every epoch where the data are dynamic', async () => {
      const asked: number[] = [];
      const examples: TrainingExamples = {
        states: createBinaryMatrix(4, 6),
        statesOfEpoch: (epoch) => {
          asked.push(epoch);
          const matrix = createBinaryMatrix(4, 6);
          for (let row = 0; row < 4; row++) setUnit(matrix, row, epoch);
          return matrix;
        },
      };
      const trainer = await Trainer.create(kernels, trainingConfig({ batchSize: 3 }), createParameters(6, 2), examples, 's');
      const sums: number[][] = [];
      for (let update = 0; update < 6; update++) {
        await trainer.step();
        sums.push(countsOf(phasesOf(trainer).positive));
      }
      expect(sums.map((sum) => sum.findIndex((value) => value > 0))).toEqual([0, 0, 1, 1, 2, 2]);
      expect(sums.map((sum) => sum.reduce((total, value) => total + value))).toEqual([3, 1, 3, 1, 3, 1]);
      expect(asked).toEqual([0, 1, 2]);
    });
  });

  describe('updates', () => {
    const momentum = { schedule: 'step', initial: 0.5, final: 0.9, at: { updates: 4 } } as const;
    const learningRate = { schedule: 'linear', initial: 0.5, final: 0.1, horizon: { epochs: 3 } } as const;

    test.each<[string, Partial<TrainingConfig>]>([
      ['plain', {}],
      ['plain with a learning rate on a schedule and batches of several groups of rows', { batchSize: 'full', learningRate }],
      ['plain SML with chains of several groups', { ...sml, chains: 11, k: 2 }],
      ['the plain exact gradient', { algorithm: 'exact' }],
      ['momentum on a schedule', { momentum, learningRate }],
      ['momentum on a schedule that begins with 0', { momentum: { ...momentum, initial: 0 } }],
      ['L2', { weightDecay: { l1: 0, l2: 0.01 } }],
      ['L1', { weightDecay: { l1: 0.02, l2: 0 } }],
      ['L1 and L2', { weightDecay: { l1: 0.02, l2: 0.01 } }],
      ['L2 with momentum', { momentum, weightDecay: { l1: 0, l2: 0.01 } }],
      ['L1 with momentum', { momentum, weightDecay: { l1: 0.02, l2: 0 } }],
      ['all of them', { momentum, learningRate, weightDecay: { l1: 0.003, l2: 0.004 } }],
      ['all of them with batches of several groups of rows', { batchSize: 'full', momentum, learningRate, weightDecay: { l1: 0.003, l2: 0.004 } }],
      ['all of them with SML', { ...sml, momentum, learningRate, weightDecay: { l1: 0.003, l2: 0.004 } }],
      ['all of them with SML and chains of several groups', { ...sml, chains: 11, k: 2, momentum, learningRate, weightDecay: { l1: 0.003, l2: 0.004 } }],
      ['all of them with the exact gradient', { algorithm: 'exact', momentum, learningRate, weightDecay: { l1: 0.003, l2: 0.004 } }],
    ])('follow the documented formula bit for bit: %s', async (_, config) => {
      const parameters = randomParameters(5, 3);
      parameters.weights[0] = 0;
      const expected = copyOf(parameters);
      const velocity = config.momentum === undefined ? undefined : createParameters(5, 3);
      const whole = trainingConfig({ batchSize: 4, ...config });
      const trainer = await Trainer.create(kernels, whole, parameters, { states: randomRows(10, 5) }, 's');
      const { initial: initialMomentum, final: finalMomentum } = (config.momentum as typeof momentum | undefined) ?? { initial: 0, final: 0 };
      for (let update = 0; update < 12; update++) {
        // Steps of 0.5 → 0.1 over 3 epochs, momentum 0.5 (or 0) → 0.9 after 4; in the tests without schedules, the constants.
        const horizon = config.batchSize === 'full' ? 3 : 9;
        const settings = {
          learningRate: config.learningRate === undefined ? 0.1 : update >= horizon ? 0.1 : 0.5 + (0.1 - 0.5) * (update / horizon),
          momentum: update < 4 ? initialMomentum : finalMomentum,
          ...whole.weightDecay,
        };
        expect(trainer.stepSizes).toEqual({ learningRate: settings.learningRate, momentum: settings.momentum });
        expect(await trainer.step()).toBe(true);
        updateNaively(expected, velocity, phasesOf(trainer), settings);
        expect(haveSameBits(trainer.model, expected)).toBe(true);
        expect(haveSameBits(trainer.velocity, velocity)).toBe(true);
      }
      expect(trainer.update).toBe(12);
    });

    test('leave the initial parameters that were given alone; before the first there are no phases', async () => {
      const parameters = randomParameters(5, 3);
      const trainer = await Trainer.create(kernels, trainingConfig(), parameters, { states: randomRows(10, 5) }, 's');
      expect(trainer.phases).toBeUndefined();
      expect(haveSameBits(trainer.model, parameters)).toBe(true);
      await trainer.step();
      expect(haveSameBits(trainer.model, parameters)).toBe(false);
      expect(haveSameBits(parameters, randomParameters(5, 3))).toBe(true);
    });

    test.each<[string, TrainingConfig['momentum'], boolean]>([
      ['0', 0, false],
      ['a constant', 0.5, true],
      ['the smallest', 5e-324, true],
      ['a schedule that begins with 0', { schedule: 'step', initial: 0, final: 0.5, at: { updates: 4 } }, true],
      ['a schedule that is always 0', { schedule: 'step', initial: 0, final: 0, at: { updates: 4 } }, true],
    ])('momentum %s: a velocity only where momentum is not the number 0, and it begins with zeros', async (_, chosen, hasVelocity) => {
      const trainer = await Trainer.create(kernels, trainingConfig({ momentum: chosen }), randomParameters(5, 3), { states: randomRows(10, 5) }, 's');
      expect(haveSameBits(trainer.velocity, hasVelocity ? createParameters(5, 3) : undefined)).toBe(true);
      await trainer.step();
      expect(trainer.velocity !== undefined).toBe(hasVelocity);
    });

    test('each phase is divided by its own number of samples', async () => {
      const counts = async (config: Partial<TrainingConfig>): Promise<number[][]> => {
        const trainer = await Trainer.create(kernels, trainingConfig(config), randomParameters(5, 3), { states: randomRows(10, 5) }, 's');
        const found: number[][] = [];
        for (let update = 0; update < 3; update++) {
          await trainer.step();
          const { positive, negative } = phasesOf(trainer);
          found.push([countOf(positive), countOf(negative)]);
        }
        return found;
      };
      expect(await counts({})).toEqual([[4, 4], [4, 4], [2, 2]]);
      expect(await counts(sml)).toEqual([[4, 3], [4, 3], [2, 3]]);
      expect(await counts({ ...sml, chains: 50 })).toEqual([[4, 50], [4, 50], [2, 50]]);
      expect(await counts({ algorithm: 'exact' })).toEqual([[4, 1], [4, 1], [2, 1]]);
    });

    test('decay alone shrinks the weights, and leaves the biases', async () => {
      // All examples and all chains are equal and frozen, so that the two phases cancel.
      const parameters = createParameters(2, 1);
      parameters.weights.set([4, -4]);
      parameters.visibleBias.fill(-1000);
      parameters.hiddenBias.fill(3);
      const config = trainingConfig({ batchSize: 'full', learningRate: 0.5, weightDecay: { l1: 0, l2: 0.5 } });
      const trainer = await Trainer.create(kernels, config, parameters, { states: createBinaryMatrix(3, 2) }, 's');
      await trainer.step();
      await trainer.step();
      const { weights, visibleBias, hiddenBias } = getParameters(trainer.model);
      expect([...weights]).toEqual([4 * 0.75 * 0.75, -4 * 0.75 * 0.75]);
      expect([...visibleBias, ...hiddenBias]).toEqual([-1000, -1000, 3]);
    });

    test('momentum that has decayed below 2^-960 becomes zero', async () => {
      const parameters = createParameters(1, 1);
      const config = trainingConfig({ batchSize: 'full', learningRate: 0, momentum: 0.5 });
      const trainer = await Trainer.create(kernels, config, parameters, { states: createBinaryMatrix(1, 1) }, 's');
      const velocity = createParameters(1, 1);
      velocity.weights.set([2 ** -958]);
      trainer.restore(0, parameters, velocity, new Map());
      const seen: (number | undefined)[] = [];
      for (let update = 0; update < 4; update++) {
        await trainer.step();
        seen.push(velocityOf(trainer)?.weights[0]);
      }
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

    test('of CD start at the batch, update after update', async () => {
      const trainer = await Trainer.create(kernels, trainingConfig({ learningRate: 0, k: 3 }), frozenModel(10), { states: markedRows(10) }, 's');
      for (let update = 0; update < 6; update++) {
        await trainer.step();
        const { positive, negative } = phasesOf(trainer);
        expect(visibleStates(negative)).toEqual(visibleStates(positive));
      }
      expect(trainer.gradientTensors()).toEqual({});
    });

    test('of SML start at the first examples and go on from the hidden states in which they stood', async () => {
      const config = trainingConfig({ ...sml, learningRate: 0, k: 2, order: 'stored' });
      const trainer = await Trainer.create(kernels, config, frozenModel(10), { states: markedRows(10) }, 's');
      const firstExamples = bytesOf(markedRows(10)).subarray(0, 30);
      for (let update = 0; update < 4; update++) {
        await trainer.step();
        expect(visibleStates(phasesOf(trainer).negative)).toEqual(firstExamples);
      }
      // Wherever the hidden states stand, the next update starts there; where the visible ones stood is forgotten.
      const hidden = new Uint8Array(30);
      hidden[9] = 1;
      const shape = [3, 10];
      const tensors = new Map([['hiddenChains', { shape, values: hidden }], ['visibleChains', { shape, values: new Uint8Array(30).fill(1) }]]);
      trainer.restore(4, getParameters(trainer.model), undefined, tensors);
      await trainer.step();
      expect(visibleStates(phasesOf(trainer).negative)).toEqual(hidden);
    });

    test('of SML end an update in the states of its negative phase', async () => {
      const trainer = await Trainer.create(kernels, trainingConfig({ ...sml, chains: 20, k: 2 }), randomParameters(5, 3), { states: randomRows(10, 5) }, 's');
      const visited = new Set<string>();
      for (let update = 0; update < 8; update++) {
        await trainer.step();
        const { visibleChains, hiddenChains } = trainer.gradientTensors();
        expect([visibleChains.shape, hiddenChains.shape]).toEqual([[20, 5], [20, 3]]);
        expect(visibleChains.values).toEqual(visibleStates(phasesOf(trainer).negative));
        visited.add(visibleChains.values.join(''));
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
      { algorithm: 'cd', momentum: 0 },
      { ...sml, momentum: 0, weightDecay: { l1: 0, l2: 0 } },
    ];
    const dynamic: TrainingExamples = { states: randomRows(10, 5), statesOfEpoch: (epoch) => randomRows(10, 5, 10 + epoch) };

    function trainerFor(algorithm: Partial<TrainingConfig>, seed = 's', start = randomParameters(5, 3)): Promise<Trainer> {
      return Trainer.create(kernels, trainingConfig({ ...schedules, ...algorithm }), start, dynamic, seed);
    }

    async function advance(trainer: Trainer, updates: number): Promise<Trainer> {
      for (let update = 0; update < updates; update++) await trainer.step();
      return trainer;
    }

    test('interrupted after any update and restored, training ends in the same bits', async () => {
      const length = fc.integer({ min: 0, max: 12 });
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...algorithms), length, length, async (algorithm, first, more) => {
          const straight = await advance(await trainerFor(algorithm), first + more);
          const before = await advance(await trainerFor(algorithm), first);
          const saved = {
            parameters: getParameters(before.model),
            velocity: velocityOf(before),
            tensors: new Map(Object.entries(before.gradientTensors())),
          };
          // What was saved is a copy: the interrupted run may go on.
          await advance(before, 1);
          const after = await trainerFor(algorithm, 's', createParameters(5, 3));
          after.restore(first, saved.parameters, saved.velocity, saved.tensors);
          expect(after.update).toBe(first);
          await advance(after, more);
          expect(haveSameBits(after.model, getParameters(straight.model))).toBe(true);
          expect(haveSameBits(after.velocity, velocityOf(straight))).toBe(true);
          expect(after.gradientTensors()).toEqual(straight.gradientTensors());
        }),
        { numRuns: 80 },
      );
    });

    test.each(algorithms)('training longer changes no earlier update: %j', async (algorithm) => {
      const short = await advance(await trainerFor({ ...algorithm, updates: 6 }), 6);
      const long = await advance(await trainerFor({ ...algorithm, epochs: 1000 }), 6);
      expect(haveSameBits(short.model, getParameters(long.model))).toBe(true);
    });

    test.each(algorithms)('the same seed gives the same bits, another seed others: %j', async (algorithm) => {
      const results: ModelParameters[] = [];
      for (const seed of ['a', 'a', 'b']) results.push(getParameters((await advance(await trainerFor(algorithm, seed), 5)).model));
      expect(haveSameBits(results[0], results[1])).toBe(true);
      expect(haveSameBits(results[0], results[2])).toBe(false);
    });

    describe('a state that is not of this run is refused, and the tensor named', () => {
      const shapes: Record<string, [number, number]> = { visibleChains: [4, 5], hiddenChains: [4, 3] };
      const wholeState = (): Map<string, SavedTensor> =>
        new Map(Object.entries(shapes).map(([tensor, shape]) => [tensor, { shape, values: new Uint8Array(shape[0] * shape[1]) }]));

      /** Restores a new run of SML with the whole state but for this change. */
      async function restoreWith(change: (tensors: Map<string, SavedTensor>) => void): Promise<void> {
        const trainer = await trainerFor({ ...sml, chains: 4 });
        const tensors = wholeState();
        change(tensors);
        trainer.restore(1, getParameters(trainer.model), velocityOf(trainer), tensors);
      }

      test('the whole state is taken', async () => {
        await expect(restoreWith(() => undefined)).resolves.toBeUndefined();
      });

      test('no velocity, though there is momentum; a velocity, though there is none', async () => {
        const velocity = createParameters(5, 3);
        const withMomentum = await trainerFor({ algorithm: 'cd' });
        const without = await trainerFor({ algorithm: 'cd', momentum: 0 });
        const message = expect.objectContaining({ name: 'RangeError', message: expect.stringContaining('velocity') });
        const restore = (trainer: Trainer, saved?: ModelParameters) => () => trainer.restore(1, getParameters(trainer.model), saved, new Map());
        expect(restore(withMomentum)).toThrow(message);
        expect(restore(without, velocity)).toThrow(message);
        expect(restore(withMomentum, velocity)).not.toThrow();
        expect(restore(without)).not.toThrow();
      });

      test('no state at all', async () => {
        await expect(restoreWith((tensors) => tensors.clear())).rejects.toThrow(/Chains/);
      });

      test.each(Object.keys(shapes))('%s', async (tensor) => {
        const [rows, columns] = shapes[tensor];
        const length = rows * columns;
        const set = (shape: readonly number[], values: SavedTensor['values']) =>
          restoreWith((tensors) => void tensors.set(tensor, { shape, values }));
        const message = expect.objectContaining({ name: 'RangeError', message: expect.stringContaining(tensor) });
        await expect(restoreWith((tensors) => void tensors.delete(tensor))).rejects.toEqual(message);
        // Under another name; fewer and more chains; other units; transposed; other dimensions; numbers instead of bytes.
        await expect(restoreWith((tensors) => {
          tensors.set('chains', tensors.get(tensor) as SavedTensor);
          tensors.delete(tensor);
        })).rejects.toEqual(message);
        for (const shape of [[rows - 1, columns], [rows + 1, columns], [rows, columns + 1], [columns, rows], [rows, columns, 1], [length], [1, rows, columns], []]) {
          await expect(set(shape, new Uint8Array(shape.reduce((product, size) => product * size, 1)))).rejects.toEqual(message);
        }
        await expect(set([rows, columns], new Float64Array(length))).rejects.toEqual(message);
        for (const position of [0, length - 1]) {
          for (const value of [2, 255]) {
            const values = new Uint8Array(length);
            values[position] = value;
            await expect(set([rows, columns], values)).rejects.toEqual(message);
          }
        }
      });
    });
  });

  describe('divergence', () => {
    test.each<[string, Partial<TrainingConfig>]>([
      ['a learning rate', { learningRate: 1e308, momentum: 0.9 }],
      ['a learning rate without momentum', { learningRate: 1.7e308, batchSize: 1 }],
      ['a decay', { learningRate: 1, weightDecay: { l1: 0, l2: 1e200 } }],
      ['a momentum', { momentum: 1 - 2 ** -53, learningRate: 1e306 }],
    ])('%s that is too large is noticed after the very update', async (_, config) => {
      const trainer = await Trainer.create(kernels, trainingConfig(config), randomParameters(5, 3), { states: randomRows(10, 5) }, 's');
      const isFinite = (): boolean => {
        const { weights, visibleBias, hiddenBias } = getParameters(trainer.model);
        return [weights, visibleBias, hiddenBias].every((values) => values.every(Number.isFinite));
      };
      let updates = 0;
      for (;;) {
        const claimed = await trainer.step();
        updates++;
        expect(claimed).toBe(isFinite());
        if (!claimed) break;
        expect(updates).toBeLessThan(2000);
      }
      expect(trainer.update).toBe(updates);
    });
  });
});
