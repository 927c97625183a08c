/** Averages of parameters against sums over all of their snapshots. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../../src/config/run-config.js';
import { backends, loadKernels, type Kernels } from '../../../src/kernels/index.js';
import { advance, largestDifference, numbersOf, sml, trainerOf } from './support.js';

const { pow } = Math;

/** 10 examples in batches of 4: epochs of 3 updates. */
const cases: [string, TrainingConfig['averaging'], number][] = [
  ['from the first update', {}, 0],
  ['from an update on', { from: { updates: 4 } }, 4],
  ['from an epoch on', { from: { epochs: 2 } }, 6],
  ['exponential', { decay: 0.7 }, 0],
  ['exponential, from an epoch on', { decay: 0.7, from: { epochs: 1 } }, 3],
];

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  test.each(cases)('%s: the weighted mean of the parameters after each update, and training itself is as without', async (_, averaging, from) => {
    const trainer = await trainerOf(kernels, { ...sml, momentum: 0.5, averaging });
    const plain = await trainerOf(kernels, { ...sml, momentum: 0.5 });
    expect(trainer.result).toBe(trainer.model);
    const snapshots: number[][] = [];
    for (let update = 1; update <= 12; update++) {
      await advance(trainer, 1);
      await advance(plain, 1);
      expect(numbersOf(trainer.model)).toEqual(numbersOf(plain.model));
      expect(trainer.result === trainer.model).toBe(update <= from);
      if (update <= from) continue;
      snapshots.push(numbersOf(trainer.model));
      const count = snapshots.length;
      const decay = averaging?.decay;
      // The first snapshot stands for all before it.
      const weights = snapshots.map((__, k) => (decay === undefined ? 1 / count : pow(decay, count - 1 - k) * (k === 0 ? 1 : 1 - decay)));
      expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 14);
      const mean = snapshots[0].map((__, index) => snapshots.reduce((sum, snapshot, k) => sum + weights[k] * snapshot[index], 0));
      expect(largestDifference(numbersOf(trainer.result), mean)).toBeLessThan(1e-14);
      expect(largestDifference(mean, numbersOf(trainer.model)) > 1e-3).toBe(count > 1);
    }
  });
});
