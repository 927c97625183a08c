/**
 * Steps in parameters of other units than the kernels': what stands between gradient and step must mean the same training.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../../src/config/run-config.js';
import { backends, hostMatrixOf, loadKernels, type Kernels, type Model, type Phase } from '../../../src/kernels/index.js';
import { createModel, getParameters, setParameters } from '../../../src/model/parameters.js';
import { Trainer } from '../../../src/training/trainer.js';
import { UpdatePipeline, type PhaseMeans } from '../../../src/training/updates/index.js';
import { statesOf, matrixOf } from '../../kernels/support.js';
import { uniforms } from '../../reference/numbers.js';
import { advance, largestDifference, numbersOf, randomParameters, randomRows, trainingConfig } from './support.js';

const { log } = Math;

const n = 5;
const m = 3;

/** Visible values in units of their own: v = σ·x, with the kernels' x. Powers of two, so that rounding is the same. */
const deviations = [0.5, 2, 4, 1, 0.25];

/**
 * v = σ·x with the parameters of Gaussian units: E = … − Σ v_i a_i/σ_i² − Σ v_i W_ij h_j/σ_i², so the kernels' are W/σ and a/σ.
 * Their steps are σ times those of the kernels' parameters.
 */
function scaled(kernels: Kernels, model: Model) {
  const master = kernels.createModel(n, m);
  const { weights, visibleBias, hiddenBias } = getParameters(model);
  const times = (values: Float64Array, columns: number, factorOf: (deviation: number) => number): Float64Array =>
    values.map((value, index) => value * factorOf(deviations[Math.floor(index / columns)]));
  const scale = (target: Model, from: { weights: Float64Array; visibleBias: Float64Array; hiddenBias: Float64Array }, factorOf: (deviation: number) => number): void =>
    setParameters(target, {
      visibleUnits: n,
      hiddenUnits: m,
      weights: times(from.weights, m, factorOf),
      visibleBias: times(from.visibleBias, 1, factorOf),
      hiddenBias: from.hiddenBias,
    });
  scale(master, { weights, visibleBias, hiddenBias }, (deviation) => deviation);
  return {
    master,
    refresh() {
      scale(model, getParameters(master), (deviation) => 1 / deviation);
    },
    async pullBack(gradient: Model) {
      await kernels.finish();
      scale(gradient, getParameters(gradient), (deviation) => deviation);
    },
    meansOf: ({ visible, hidden }: PhaseMeans): PhaseMeans => ({ visible: visible.map((mean, unit) => mean * deviations[unit]), hidden }),
    inputFactors: () => Float64Array.from(deviations, (deviation) => 1 / (deviation * deviation)),
  };
}

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  /** A phase of four random samples. */
  function samples(seed: number): Phase {
    const visible = statesOf(kernels, Uint8Array.from(uniforms(4 * n, seed), (value) => Number(value < 0.4)), 4, n);
    return { kind: 'samples', visible, hiddenMeans: matrixOf(kernels, 4, m, Float64Array.from(uniforms(4 * m, seed + 100))), rows: 4 };
  }

  test.each<[string, Partial<TrainingConfig>]>([
    ['plain', {}],
    ['momentum', { momentum: 0.5 }],
    ['sparsity', { sparsity: { target: 0.2, cost: 3, decay: 0.5 } }],
    ['centring', { centring: { offsets: 'both', slidingFactor: 0.3 }, momentum: 0.5 }],
    ['sparsity and centring', { sparsity: { target: 0.2, cost: 3, decay: 0.5 }, centring: { offsets: 'data', slidingFactor: 0.1 } }],
  ])('%s: values in other units are the same training', async (_, more) => {
    const config = trainingConfig(more);
    const pipelines = [false, true].map((isScaled) => {
      const model = createModel(kernels, randomParameters(n, m));
      const context = { kernels, model, config, examples: randomRows(10, n), updatesPerEpoch: 1 };
      return { model, pipeline: new UpdatePipeline({ ...context, ...(isScaled && { parameterization: scaled(kernels, model) }) }) };
    });
    const start = numbersOf(randomParameters(n, m));
    for (let update = 1; update <= 8; update++) {
      const phases = { positive: samples(update), negative: samples(update + 50) };
      for (const { pipeline } of pipelines) await pipeline.step(phases, { learningRate: 0.1, momentum: config.momentum as number }, update);
      const [own, other] = pipelines.map(({ model }) => numbersOf(model));
      expect(largestDifference(other, own)).toBeLessThan(1e-13);
      expect(largestDifference(own, start)).toBeGreaterThan(0.01);
    }
  });

  test('Gaussian units of other variances: the same training as on values in multiples of σ', async () => {
    const values = Float64Array.from(uniforms(10 * n, 7), (value) => 4 * value - 2);
    const config = trainingConfig({
      algorithm: 'cd',
      momentum: 0.5,
      learningRate: 0.05,
      sparsity: { target: 0.2, cost: 1, decay: 0.5 },
      centring: { offsets: 'both', slidingFactor: 0.3 },
    });
    const visibleLayer = { kind: 'gaussian' } as const;
    const standard = { ...randomParameters(n, m, 0.3), visibleLayer };
    const declared = {
      ...standard,
      weights: standard.weights.map((value, index) => value * deviations[Math.floor(index / m)]),
      visibleBias: standard.visibleBias.map((value, unit) => value * deviations[unit]),
      units: { visible: 'gaussian', hidden: 'binary', variance: 'fixed' },
      visibleLogVariance: Float64Array.from(deviations, (deviation) => 2 * log(deviation)),
    } as const;
    const inUnits = values.map((value, index) => value * deviations[index % n]);
    const own = await Trainer.create(kernels, config, standard, { states: hostMatrixOf(values, 10, n) }, 's');
    const other = await Trainer.create(kernels, config, declared, { states: hostMatrixOf(inUnits, 10, n) }, 's');
    for (let update = 0; update < 9; update++) {
      await advance(own, 1);
      await advance(other, 1);
      // σ = exp(½·log σ²) and divisions by it round: errors of 1e-16, over 9 updates.
      expect(largestDifference(numbersOf(other.model), numbersOf(own.model))).toBeLessThan(1e-12);
    }
    expect(largestDifference(numbersOf(own.model), numbersOf(standard))).toBeGreaterThan(0.05);
  });

  test('the target of sparsity is a share, whatever values the units have', async () => {
    // Hidden units of −1 and 1 that are on half of the time, and the target is ½: nothing is pushed.
    const model = createModel(kernels, randomParameters(n, m));
    const parameterization = {
      ...scaled(kernels, model),
      meansOf: ({ visible, hidden }: PhaseMeans): PhaseMeans => ({ visible, hidden: hidden.map((mean) => 2 * mean - 1) }),
    };
    const config = trainingConfig({ sparsity: { target: 0.5, cost: 3, decay: 0 } });
    const pipeline = new UpdatePipeline({ kernels, model, config, examples: randomRows(10, n), updatesPerEpoch: 1, parameterization });
    const hiddenMeans = matrixOf(kernels, 4, m, Float64Array.from({ length: 4 * m }, (_, index) => (index < 2 * m ? 0.25 : 0.75)));
    const phase: Phase = { ...(samples(1) as Phase & { kind: 'samples' }), hiddenMeans };
    await pipeline.step({ positive: phase, negative: phase }, { learningRate: 1, momentum: 0 }, 1);
    expect(largestDifference(numbersOf(model), numbersOf(randomParameters(n, m)))).toBe(0);
  });
});
