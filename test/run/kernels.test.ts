/** How many threads a training gets where it does not say: one for small models, never more than there are cores. */

import { availableParallelism } from 'node:os';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { TrainingConfig } from '../../src/config/run-config.js';
import { automaticThreads } from '../../src/run/kernels.js';
import { roomPerThread } from '../../src/run/memory.js';

const cores = availableParallelism();

/** A training with the keys that decide about threads. */
function training(keys: Partial<TrainingConfig> = {}): TrainingConfig {
  return { algorithm: 'cd', batchSize: 100, order: 'shuffled', epochs: 1, learningRate: 0.1, momentum: 0, weightDecay: { l1: 0, l2: 0 }, ...keys };
}

const units = fc.integer({ min: 1, max: 5000 });
const counts = fc.integer({ min: 1, max: 10_000 });
const trainings = fc.oneof(
  fc.record({ algorithm: fc.constant('cd'), k: fc.integer({ min: 1, max: 100 }), batchSize: fc.oneof(counts, fc.constant('full' as const)) }),
  fc.record({ algorithm: fc.constant('sml'), k: fc.integer({ min: 1, max: 100 }), batchSize: counts, chains: counts }),
  fc.record({ algorithm: fc.constant('exact'), batchSize: counts }),
);

test('one thread for small models, whatever the machine', () => {
  for (const model of [{ visibleUnits: 9, hiddenUnits: 4 }, { visibleUnits: 16, hiddenUnits: 16 }, { visibleUnits: 100, hiddenUnits: 20 }]) {
    expect(automaticThreads(training(), model, 60_000)).toBe(1);
    expect(automaticThreads(training({ algorithm: 'sml', chains: 100 }), model, 60_000)).toBe(1);
    expect(automaticThreads(training({ algorithm: 'exact' }), model, 60_000)).toBe(1);
  }
  // A large batch size is none where there are few examples.
  expect(automaticThreads(training({ batchSize: 100_000_000 }), { visibleUnits: 100, hiddenUnits: 100 }, 1)).toBe(1);
});

test('every core, up to 16, for large ones', () => {
  for (const keys of [{}, { algorithm: 'sml', chains: 100 }, { batchSize: 'full' as const }]) {
    expect(automaticThreads(training(keys), { visibleUnits: 10_000, hiddenUnits: 2000 }, 60_000)).toBe(Math.min(cores, 16));
  }
});

test('a whole number from 1 to the number of cores', () => {
  fc.assert(
    fc.property(trainings, units, units, fc.integer({ min: 1, max: 100_000 }), (keys, visibleUnits, hiddenUnits, rows) => {
      const threads = automaticThreads(training(keys), { visibleUnits, hiddenUnits }, rows);
      expect(Number.isInteger(threads)).toBe(true);
      expect(threads).toBeGreaterThanOrEqual(1);
      expect(threads).toBeLessThanOrEqual(cores);
    }),
  );
});

test('never fewer for a larger model, more rows, more steps or more chains', () => {
  const more = fc.integer({ min: 0, max: 5000 });
  fc.assert(
    fc.property(trainings, units, units, counts, fc.tuple(more, more, more, more, more), (keys, visibleUnits, hiddenUnits, rows, growth) => {
      const [wider, taller, longer, steps, chains] = growth;
      const larger = {
        ...keys,
        ...('k' in keys && { k: keys.k + steps }),
        ...('chains' in keys && { chains: keys.chains + chains }),
      };
      const threads = automaticThreads(training(keys), { visibleUnits, hiddenUnits }, rows);
      const threadsOfLarger = automaticThreads(training(larger), { visibleUnits: visibleUnits + wider, hiddenUnits: hiddenUnits + taller }, rows + longer);
      expect(threadsOfLarger).toBeGreaterThanOrEqual(threads);
    }),
    { numRuns: 1000 },
  );
});

test('no more than have room to work: a million chains', () => {
  const millionChains = { algorithm: 'sml', chains: 1_000_000, k: 1, batchSize: 100 };
  const threads = automaticThreads(training(millionChains), { visibleUnits: 16, hiddenUnits: 16 }, 1000);
  expect(threads * roomPerThread(1_000_100)).toBeLessThan(1e9);
});

test('one for the exact gradient: its enumeration is not shared out', () => {
  expect(automaticThreads(training({ algorithm: 'exact', batchSize: 'full' }), { visibleUnits: 784, hiddenUnits: 8 }, 60_000)).toBe(1);
});
