/**
 * Algorithms without a sampled negative phase learn: the exact likelihood of bars and stripes grows beyond that of independent
 * pixels. The margin is far below what every one of them reaches.
 */

import { expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import { plainLogPartitionFunction } from '../../src/estimators/exact-log-partition-function.js';
import { freeEnergiesOf } from '../../src/estimators/free-energies.js';
import { loadKernels, packBinaryMatrix, type ModelParameters } from '../../src/kernels/index.js';
import { getParameters } from '../../src/model/parameters.js';
import { Trainer } from '../../src/training/trainer.js';
import * as gibbs from '../reference/gibbs.js';
import { normals } from '../reference/numbers.js';

const { log } = Math;

const [n, m] = [9, 6];

/** All 3×3 patterns of whole rows or of whole columns: 14 of 512. */
const patterns = [
  ...new Set(
    Array.from({ length: 8 }, (_, lines) => {
      const on = [0, 1, 2].filter((line) => (lines >> line) & 1);
      const stripes = on.reduce((sum, line) => sum | (0b111 << (3 * line)), 0);
      const bars = on.reduce((sum, line) => sum | (0b1001001 << line), 0);
      return [stripes, bars];
    }).flat(),
  ),
];

const meanField = { algorithm: 'mean-field', iterations: 3, damping: 0.5, chains: 50, chainStart: 'data' };

/** Naive mean field, whose log Z is a lower bound, leaves the data again in longer training; the others don't. */
const cases: readonly (readonly [name: string, updates: number, config: Partial<TrainingConfig>])[] = [
  ['naive mean field', 500, { ...meanField, expansionOrder: 1 }],
  ['TAP', 1500, { ...meanField, expansionOrder: 2 }],
  ['mean field of third order', 1500, { ...meanField, expansionOrder: 3 }],
  ['pseudo-likelihood', 1500, { algorithm: 'pseudo-likelihood' }],
  ['ratio matching', 1500, { algorithm: 'ratio-matching' }],
];

test.each(cases)('%s', async (_name, updates, algorithm) => {
  const kernels = await loadKernels();
  const parameters: ModelParameters = {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1, 0.1)),
    visibleBias: new Float64Array(n),
    hiddenBias: new Float64Array(m),
  };
  const config = { batchSize: 'full', order: 'stored', learningRate: 0.1, momentum: 0, weightDecay: { l1: 0, l2: 0 }, ...algorithm } as TrainingConfig;
  const states = packBinaryMatrix(gibbs.unpackStates(patterns, n), patterns.length, n);
  const trainer = await Trainer.create(kernels, config, parameters, { states }, 'learning');
  const likelihood = async (): Promise<number> => {
    const energies = await freeEnergiesOf(kernels, trainer.model, states);
    const logZ = await plainLogPartitionFunction(kernels, getParameters(trainer.model));
    return -energies.reduce((sum, energy) => sum + energy, 0) / energies.length - logZ;
  };
  // Every pixel is on in half of the patterns: −9 log 2 is the best that independent units can do.
  expect(patterns.length).toBe(14);
  const independent = -n * log(2);
  expect(await likelihood()).toBeLessThan(independent);
  for (let update = 0; update < updates; update++) expect(await trainer.step()).toBe(true);
  expect(await likelihood()).toBeGreaterThan(independent + 0.5);
  await kernels.close();
});
