/** Optimizers against the formulas of their papers, one number at a time, from the gradients that the trainer used. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../../src/config/run-config.js';
import { backends, loadKernels, type Kernels } from '../../../src/kernels/index.js';
import { advance, generalPath, gradientOf, largestDifference, numbersOf, sml, trainerOf } from './support.js';

const { sqrt } = Math;
const { pow } = Math;

const n = 5;
const m = 3;
const learningRate = { schedule: 'linear', initial: 0.2, final: 0.05, horizon: { updates: 10 } } as const;
const rateAt = (t: number): number => (t >= 10 ? 0.05 : 0.2 + (0.05 - 0.2) * (t / 10));

/** The update of every parameter by itself: its value before the first, then its gradient at each update, with decay. */
type Naive = (start: number) => (gradient: number, t: number) => number;

/** Rounding errors of about 30 operations on numbers of order 1, over 20 updates. */
const tolerance = 1e-13;

const adam = { optimizer: 'adam', firstDecay: 0.8, secondDecay: 0.95, epsilon: 1e-3 };

const cases: [string, Partial<TrainingConfig>, Naive][] = [
  [
    'sgd with momentum',
    { optimizer: 'sgd', momentum: 0.7 },
    (theta) => {
      let velocity = 0;
      return (g, t) => {
        velocity = 0.7 * velocity + rateAt(t) * g;
        return (theta += velocity);
      };
    },
  ],
  [
    'nesterov: θ is where the textbook takes the gradient, φ + μ·v',
    { optimizer: 'nesterov', momentum: 0.7 },
    (theta) => {
      let velocity = 0;
      let phi = theta;
      return (g, t) => {
        velocity = 0.7 * velocity + rateAt(t) * g;
        phi += velocity;
        return phi + 0.7 * velocity;
      };
    },
  ],
  [
    'nesterov without momentum is plain',
    { optimizer: 'nesterov' },
    (theta) => (g, t) => (theta += rateAt(t) * g),
  ],
  [
    'adam, algorithm 1 of Kingma & Ba',
    adam,
    (theta) => {
      let [first, second] = [0, 0];
      return (g, t) => {
        first = 0.8 * first + (1 - 0.8) * g;
        second = 0.95 * second + (1 - 0.95) * g * g;
        const [unbiasedFirst, unbiasedSecond] = [first / (1 - pow(0.8, t + 1)), second / (1 - pow(0.95, t + 1))];
        return (theta += (rateAt(t) * unbiasedFirst) / (sqrt(unbiasedSecond) + 1e-3));
      };
    },
  ],
  [
    'rmsprop, lecture 6.5 of Tieleman & Hinton',
    { optimizer: 'rmsprop', decay: 0.9, epsilon: 1e-3 },
    (theta) => {
      let second = 0;
      return (g, t) => {
        second = 0.9 * second + (1 - 0.9) * g * g;
        return (theta += (rateAt(t) * g) / (sqrt(second) + 1e-3));
      };
    },
  ],
];

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  const decays = [{ l1: 0, l2: 0 }, { l1: 0.01, l2: 0.02 }];
  test.each(cases.flatMap(([what, config, naive]) => decays.map((weightDecay) => [what, weightDecay, config, naive] as const)))(
    '%s, weight decay %j',
    async (_, weightDecay, config, naive) => {
      const trainer = await trainerOf(kernels, { ...sml, ...generalPath, learningRate, weightDecay, ...config }, n, m);
      const parameters = numbersOf(trainer.model).map((value) => ({ value, next: naive(value) }));
      for (let t = 0; t < 20; t++) {
        await advance(trainer, 1);
        for (const [index, gradient] of gradientOf(trainer).entries()) {
          const parameter = parameters[index];
          // The weights come first; biases do not decay.
          const penalty = index < n * m ? weightDecay.l2 * parameter.value + weightDecay.l1 * Math.sign(parameter.value) : 0;
          parameter.value = parameter.next(gradient - penalty, t);
        }
        expect(largestDifference(numbersOf(trainer.model), parameters.map(({ value }) => value))).toBeLessThan(tolerance);
      }
    },
  );

  test('the first step of adam is the learning rate, whatever the size of the gradient', async () => {
    const trainer = await trainerOf(kernels, { ...adam, epsilon: Number.MIN_VALUE, algorithm: 'exact', batchSize: 'full', learningRate: 0.01 });
    const before = numbersOf(trainer.model);
    await advance(trainer, 1);
    const gradient = gradientOf(trainer);
    expect(new Set(gradient.map(Math.abs)).size).toBeGreaterThan(10);
    const steps = numbersOf(trainer.model).map((value, index) => value - before[index]);
    expect(largestDifference(steps, gradient.map((g) => 0.01 * Math.sign(g)))).toBeLessThan(1e-14);
  });

  test('bias corrections go on where a checkpoint left them', async () => {
    const trainer = await advance(await trainerOf(kernels, adam), 7);
    const powers = trainer.updateTensors()['optimizer.powers'];
    expect(powers.shape).toEqual([2]);
    expect(largestDifference([...powers.values], [pow(0.8, 7), pow(0.95, 7)])).toBeLessThan(1e-15);
  });
});
