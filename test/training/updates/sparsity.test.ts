/** Sparsity against the derivative of the penalty that it stands for, and by what it does to a model in training. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../../src/config/run-config.js';
import { backends, loadKernels, type Kernels, type ModelParameters } from '../../../src/kernels/index.js';
import { getParameters } from '../../../src/model/parameters.js';
import { phaseStatistics } from '../../../src/model/phase-statistics.js';
import { Trainer } from '../../../src/training/trainer.js';
import { bytesOf } from '../../kernels/support.js';
import { advance, generalPath, gradientOf, largestDifference, numbersOf, randomParameters, randomRows, trainerOf, trainingConfig } from './support.js';

const { exp, log } = Math;

const n = 5;
const m = 3;
const target = 0.15;
const cost = 0.7;

/** E[h | v] of every row. */
function hiddenMeans({ weights, hiddenBias }: ModelParameters, rows: readonly number[][]): number[][] {
  return rows.map((v) => [...hiddenBias].map((bias, j) => 1 / (1 + exp(-v.reduce((sum, value, i) => sum + value * weights[i * m + j], bias)))));
}

/** Σ_j of the cross-entropy of target and mean, averaged over rows. */
function crossEntropy(parameters: ModelParameters, rows: readonly number[][]): number {
  const terms = hiddenMeans(parameters, rows).flat().map((q) => -target * log(q) - (1 - target) * log(1 - q));
  return terms.reduce((sum, term) => sum + term) / rows.length;
}

/** Central differences of −cost·cross-entropy by all parameters, laid out as `numbersOf`. */
function derivatives(parameters: ModelParameters, rows: readonly number[][]): number[] {
  const h = 1e-5;
  return (['weights', 'visibleBias', 'hiddenBias'] as const).flatMap((tensor) =>
    Array.from(parameters[tensor], (value, index) => {
      const at = (moved: number): number => -cost * crossEntropy({ ...parameters, [tensor]: parameters[tensor].with(index, moved) }, rows);
      return (at(value + h) - at(value - h)) / (2 * h);
    }),
  );
}

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  /** What sparsity adds to the first gradient. */
  async function added(config: Partial<TrainingConfig>): Promise<number[]> {
    const plain = await advance(await trainerOf(kernels, { ...config, ...generalPath }), 1);
    const sparse = await advance(await trainerOf(kernels, { ...config, sparsity: { target, cost, decay: 0 } }), 1);
    const gradient = gradientOf(plain);
    return gradientOf(sparse).map((value, index) => value - gradient[index]);
  }

  test('of one example, it is the derivative of the cross-entropy by all parameters', async () => {
    const rows = [[...bytesOf(randomRows(10, n)).subarray(0, n)]];
    expect(rows[0]).toContain(1);
    const expected = derivatives(randomParameters(n, m), rows);
    expect(largestDifference(await added({ batchSize: 1, order: 'stored' }), expected)).toBeLessThan(1e-9);
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.1);
  });

  test('of many examples, that by the hidden biases; the weights follow their units’ means', async () => {
    const states = bytesOf(randomRows(10, n));
    const rows = Array.from({ length: 10 }, (_, row) => [...states.subarray(row * n, (row + 1) * n)]);
    const expected = derivatives(randomParameters(n, m), rows).slice(n * m + n);
    const changes = await added({ batchSize: 'full' });
    expect(largestDifference(changes.slice(n * m + n), expected)).toBeLessThan(1e-9);
    expect(changes.slice(n * m, n * m + n)).toEqual([0, 0, 0, 0, 0]);
    const means = rows[0].map((_, i) => rows.reduce((sum, v) => sum + v[i] / 10, 0));
    const products = means.flatMap((mean) => expected.map((push) => mean * push));
    expect(largestDifference(changes.slice(0, n * m), products)).toBeLessThan(1e-9);
  });

  test('the activity is a running mean that starts at the target', async () => {
    const trainer = await trainerOf(kernels, { sparsity: { target, cost, decay: 0.8 } });
    let activity = [target, target, target];
    for (let update = 0; update < 6; update++) {
      expect(largestDifference([...trainer.updateTensors()['sparsity.activity'].values], activity)).toBeLessThan(1e-14);
      await advance(trainer, 1);
      if (trainer.phases === undefined) throw new Error('there was no update');
      const { count, hidden } = phaseStatistics(trainer.phases.positive, n, m);
      activity = activity.map((value, j) => 0.8 * value + 0.2 * (hidden[j] / count));
    }
  });

  test('units come to the target on the data, and without sparsity they do not', async () => {
    const rows = 40;
    const states = randomRows(rows, n);
    const bytes = bytesOf(states);
    const examples = Array.from({ length: rows }, (_, row) => [...bytes.subarray(row * n, (row + 1) * n)]);
    const activities = async (more: Partial<TrainingConfig>): Promise<number[]> => {
      const config = trainingConfig({ algorithm: 'exact', batchSize: 'full', learningRate: 0.2, ...more });
      const trainer = await Trainer.create(kernels, config, randomParameters(n, m, 0.1), { states }, 's');
      await advance(trainer, 600);
      const means = hiddenMeans(getParameters(trainer.model), examples);
      expect(numbersOf(trainer.model).every(Number.isFinite)).toBe(true);
      return means[0].map((_, j) => means.reduce((sum, row) => sum + row[j] / rows, 0));
    };
    // Where likelihood and penalty balance: the gradient of the likelihood is below 1 for each bias, so |target − q| < 1/cost.
    const strong = 20;
    const sparse = await activities({ sparsity: { target, cost: strong, decay: 0.5 }, learningRate: 0.02 });
    for (const activity of sparse) expect(Math.abs(activity - target)).toBeLessThan(1 / strong);
    const plain = await activities({});
    for (const activity of plain) expect(Math.abs(activity - target)).toBeGreaterThan(0.2);
  });
});
