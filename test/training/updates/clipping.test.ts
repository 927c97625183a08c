/** Clipping: the limit, the direction, and what it leaves alone. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, loadKernels, type Kernels } from '../../../src/kernels/index.js';
import { advance, generalPath, gradientOf, largestDifference, numbersOf, trainerOf } from './support.js';

const { hypot } = Math;

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  test('a gradient that is too long keeps its direction and gets the limit as its norm; weight decay comes after', async () => {
    const weightDecay = { l1: 0, l2: 0.5 };
    const free = await advance(await trainerOf(kernels, { ...generalPath, weightDecay }), 1);
    const norm = hypot(...gradientOf(free));
    for (const share of [0.999, 0.5, 1e-3]) {
      const trainer = await trainerOf(kernels, { clipNorm: share * norm, weightDecay });
      const before = numbersOf(trainer.model);
      await advance(trainer, 1);
      const gradient = gradientOf(trainer);
      expect(hypot(...gradient) / (share * norm)).toBeCloseTo(1, 13);
      expect(largestDifference(gradient, gradientOf(free).map((value) => share * value))).toBeLessThan(1e-14);
      const steps = before.map((value, index) => value + 0.1 * (gradient[index] - (index < 15 ? 0.5 * value : 0)));
      expect(largestDifference(numbersOf(trainer.model), steps)).toBeLessThan(1e-14);
    }
  });

  test('one that is short enough keeps its bits', async () => {
    const free = await advance(await trainerOf(kernels, generalPath), 1);
    const norm = hypot(...gradientOf(free));
    const trainer = await advance(await trainerOf(kernels, { clipNorm: norm * (1 + 1e-12) }), 1);
    expect(gradientOf(trainer)).toEqual(gradientOf(free));
  });
});
