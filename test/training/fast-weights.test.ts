/**
 * Fast weights: SML whose chains run under θ + fast. Compared with SML at parameters θ + fast, with the definition of the
 * overlay, and with the exact expectation.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import { loadKernels, packBinaryMatrix, type BinaryMatrix, type Kernels, type Matrix, type Model, type ModelParameters } from '../../src/kernels/index.js';
import { createModel, getParameters, setParameters } from '../../src/model/parameters.js';
import { phaseStatistics } from '../../src/model/phase-statistics.js';
import { gradientDemand } from '../../src/run/memory.js';
import { gradientEstimator, type GradientContext, type GradientState } from '../../src/training/gradients/index.js';
import { Trainer } from '../../src/training/trainer.js';
import { bytesOf, statesOf, valuesOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import * as gibbs from '../reference/gibbs.js';
import { integers, normals, uniforms } from '../reference/numbers.js';

const [n, m] = [5, 3];

function parametersOf(seed: number, size = 1): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, size)),
    visibleBias: Float64Array.from(normals(n, seed + 1, size)),
    hiddenBias: Float64Array.from(normals(m, seed + 2, size)),
  };
}

const theta = parametersOf(1);
const overlay = parametersOf(4);
const tensorNames = ['weights', 'visibleBias', 'hiddenBias'] as const;

/** θ + fast. */
const both: ModelParameters = {
  ...theta,
  weights: theta.weights.map((value, index) => value + overlay.weights[index]),
  visibleBias: theta.visibleBias.map((value, index) => value + overlay.visibleBias[index]),
  hiddenBias: theta.hiddenBias.map((value, index) => value + overlay.hiddenBias[index]),
};

const rows = 10;
const exampleBytes = Uint8Array.from(integers(rows * n, 7), (value) => value & 1);
const examples = packBinaryMatrix(exampleBytes, rows, n);

function trainingConfig(config: Partial<TrainingConfig> = {}): TrainingConfig {
  const fast = { fastLearningRate: 0.2, fastDecay: 0.9 };
  return {
    algorithm: 'fast-sml',
    k: 2,
    chains: 7,
    chainStart: 'data',
    ...(config.algorithm !== 'sml' && fast),
    batchSize: 4,
    order: 'shuffled',
    learningRate: 0.1,
    momentum: 0.5,
    weightDecay: { l1: 0, l2: 0.01 },
    ...config,
  };
}

function createContext(kernels: Kernels, parameters: ModelParameters, config: Partial<TrainingConfig>): GradientContext {
  return {
    kernels,
    model: createModel(kernels, parameters),
    config: trainingConfig(config),
    examples,
    key: { k0: 77, k1: 88 },
    batch: { visible: statesOf(kernels, exampleBytes, rows, n), hiddenMeans: kernels.createMatrix(rows, m) },
  };
}

async function trained(kernels: Kernels, config: Partial<TrainingConfig>, updates: number): Promise<Trainer> {
  const trainer = await Trainer.create(kernels, trainingConfig(config), theta, { states: examples }, 'seed');
  for (let update = 0; update < updates; update++) await trainer.step();
  return trainer;
}

/** An estimator of that name with its context and state. */
async function begin(kernels: Kernels, parameters: ModelParameters, config: Partial<TrainingConfig>) {
  const context = createContext(kernels, parameters, config);
  const estimator = gradientEstimator(context.config.algorithm);
  const state: GradientState = await estimator.start(context);
  const estimate = async (update: number) => {
    const phases = await estimator.estimate(context, state, rows, update);
    await kernels.finish();
    return phases;
  };
  return { context, tensors: state.tensors as Record<string, BinaryMatrix> & { fast: Model }, estimate };
}

// Of the other backend, the kernels that fast weights need are not there yet.
describe.each(['reference'])('backend %s', (name) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  test('that do not learn leave SML as it is', async () => {
    for (const k of [1, 3]) {
      const [fast, plain] = [await trained(kernels, { k, fastLearningRate: 0 }, 30), await trained(kernels, { k, algorithm: 'sml' }, 30)];
      expect(getParameters(fast.model)).toEqual(getParameters(plain.model));
      const { visibleChains, hiddenChains } = fast.gradientTensors();
      expect({ visibleChains, hiddenChains }).toEqual(plain.gradientTensors());
      const learning = await trained(kernels, { k }, 30);
      expect(getParameters(learning.model)).not.toEqual(getParameters(plain.model));
    }
  });

  test.each([1, 2])('k = %i: the negative phase is that of SML at θ + fast, the positive one is at θ', async (k) => {
    const fast = await begin(kernels, theta, { k });
    setParameters(fast.tensors.fast, overlay);
    const plain = await begin(kernels, both, { k, algorithm: 'sml' });
    const atTheta = await begin(kernels, theta, { k, algorithm: 'sml' });
    plain.tensors.hiddenChains.words.set(fast.tensors.hiddenChains.words);
    const [actual, expected, positive] = [await fast.estimate(3), await plain.estimate(3), await atTheta.estimate(3)];
    const valuesOfPhase = (phase: typeof actual.negative): unknown => {
      if (phase.kind !== 'samples') throw new Error('the phase has no samples');
      return { visible: [...bytesOf(phase.visible as BinaryMatrix)], means: [...valuesOf(phase.hiddenMeans as Matrix)], rows: phase.rows };
    };
    expect(valuesOfPhase(actual.negative)).toEqual(valuesOfPhase(expected.negative));
    expect(bytesOf(fast.tensors.hiddenChains)).toEqual(bytesOf(plain.tensors.hiddenChains));
    expect(valuesOfPhase(actual.positive)).toEqual(valuesOfPhase(positive.positive));
    expect(valuesOfPhase(actual.positive)).not.toEqual(valuesOfPhase(expected.positive));
  });

  test('the overlay is fastDecay · itself + fastLearningRate · (positive − negative), from 0 on', async () => {
    const { tensors, estimate } = await begin(kernels, theta, {});
    let expected: ModelParameters = { ...theta, weights: new Float64Array(n * m), visibleBias: new Float64Array(n), hiddenBias: new Float64Array(m) };
    expect(tensorNames.map((tensor) => getParameters(tensors.fast)[tensor])).toEqual(tensorNames.map((tensor) => expected[tensor]));
    for (let update = 0; update < 5; update++) {
      const { positive, negative } = await estimate(update);
      const [data, chains] = [phaseStatistics(positive, n, m), phaseStatistics(negative, n, m)];
      const next = (tensor: (typeof tensorNames)[number], part: 'products' | 'visible' | 'hidden'): Float64Array =>
        expected[tensor].map((value, index) => 0.9 * value + 0.2 * (data[part][index] / data.count - chains[part][index] / chains.count));
      expected = { ...theta, weights: next('weights', 'products'), visibleBias: next('visibleBias', 'visible'), hiddenBias: next('hiddenBias', 'hidden') };
      const actual = getParameters(tensors.fast);
      for (const tensor of tensorNames) {
        expect(actual[tensor]).toHaveLength(expected[tensor].length);
        actual[tensor].forEach((value, index) => expect(Math.abs(value - expected[tensor][index])).toBeLessThan(1e-14));
      }
    }
  });

  test('chains in equilibrium under θ + fast give the expectations there, not those of θ', async () => {
    const chains = 10_000;
    const { tensors, estimate } = await begin(kernels, theta, { chains, k: 1, fastLearningRate: 0, fastDecay: 0 });
    setParameters(tensors.fast, overlay);
    const expectations = (model: ModelParameters) => {
      const states = bruteForce.enumerate(model);
      return { states, means: gibbs.expectationsUnder(model, states, bruteForce.visibleProbabilities(states)) };
    };
    const { states, means } = expectations(both);
    const hidden = states.hiddenTotals.map((value) => ep.toNumber(ep.divide(value, states.partitionFunction)));
    tensors.hiddenChains.words.set(packBinaryMatrix(gibbs.unpackStates(gibbs.sampleDistribution(hidden, uniforms(chains, 9)), m), chains, m).words);
    const negative = phaseStatistics((await estimate(0)).negative, n, m);
    const error = (expected: typeof means): number =>
      Math.max(...(['visible', 'hidden', 'products'] as const).flatMap((part) => Array.from(negative[part], (sum, index) => Math.abs(sum / chains - expected[part][index]))));
    const bound = gibbs.meanBound(n + m + n * m, chains);
    expect(error(means)).toBeLessThan(bound);
    expect(error(expectations(theta).means)).toBeGreaterThan(bound);
  });

  test('a run that was interrupted is the same as one that was not', async () => {
    const state = (trainer: Trainer) => ({ parameters: getParameters(trainer.model), tensors: trainer.gradientTensors() });
    const whole = await trained(kernels, {}, 20);
    const first = await trained(kernels, {}, 8);
    expect(Object.keys(first.gradientTensors()).toSorted()).toEqual(['fast.hiddenBias', 'fast.visibleBias', 'fast.weights', 'hiddenChains', 'visibleChains']);
    const resumed = await trained(kernels, {}, 0);
    resumed.restore(8, getParameters(first.model), first.velocity && getParameters(first.velocity), new Map(Object.entries(first.gradientTensors())));
    while (resumed.update < 20) await resumed.step();
    expect(state(resumed)).toEqual(state(whole));
  });
});

test('the overlay and the sum are two models, of which one is saved', () => {
  expect(gradientDemand(trainingConfig({ chains: 7 }))).toEqual({ chainRows: 7, models: 2, savedModels: 1 });
});
