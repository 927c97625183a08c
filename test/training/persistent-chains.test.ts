/**
 * SML's chains, state by state, against a computation of their own: conditional means by enumeration in extended
 * precision, random numbers by an independent Philox. A chain rests on its hidden states: an update draws v from those
 * that were saved, with the parameters of that very update, and ends with h drawn from the means of its negative phase.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import { backends, loadKernels, packBinaryMatrix, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createParameters, getParameters } from '../../src/model/parameters.js';
import { streamKey } from '../../src/random/index.js';
import { Trainer } from '../../src/training/trainer.js';
import { bytesOf, valuesOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { packStates, unpackStates } from '../reference/gibbs.js';
import { integers, normals } from '../reference/numbers.js';
import { addressedWord } from '../reference/philox.js';

const { abs } = Math;

const n = 5;
const m = 3;
const chains = 40;
const seed = 'chains';
const { k0, k1 } = streamKey(seed, 'training/gibbs');
const layers = { visible: 0, hidden: 1 };
/** Where the draws that chains start from are addressed: the last update that an address can name. */
const startUpdate = 2 ** 40 - 1;

const initial: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, 1)),
  visibleBias: Float64Array.from(normals(n, 2)),
  hiddenBias: Float64Array.from(normals(m, 3)),
};

const examples = packBinaryMatrix(Uint8Array.from(integers(10 * n, 4), (value) => value & 1), 10, n);

/** Large steps, so that the parameters of one update draw other states than those of the next. */
function trainingConfig(config: Partial<TrainingConfig>): TrainingConfig {
  return {
    algorithm: 'sml',
    k: 1,
    chains,
    chainStart: 'data',
    batchSize: 4,
    order: 'shuffled',
    learningRate: 0.8,
    momentum: 0.5,
    weightDecay: { l1: 0, l2: 0 },
    ...config,
  };
}

/** p(unit on | other layer's state) of every state of the other layer, exact to the last place. */
function conditionalMeans(parameters: ModelParameters): Record<keyof typeof layers, number[][]> {
  const states = bruteForce.enumerate(parameters);
  const table = (given: number, units: number, mean: (state: number, unit: number) => ep.Extended): number[][] =>
    Array.from({ length: 2 ** given }, (_, state) => Array.from({ length: units }, (__, unit) => ep.toNumber(mean(state, unit))));
  return {
    visible: table(m, n, (hidden, i) => bruteForce.visibleMeanGivenHidden(states, hidden, i)),
    hidden: table(n, m, (visible, j) => bruteForce.hiddenMeanGivenVisible(states, visible, j)),
  };
}

/** Draws one layer of every chain: unit i is on where the uniform at its address is below its mean. */
function draw(layer: keyof typeof layers, means: readonly number[][], update: number, step: number): number[] {
  return means.map((row, chain) =>
    row.reduce((state, mean, unit) => {
      const word = addressedWord({ key: [k0, k1], update, step, layer: layers[layer], temperature: 0, row: chain }, unit);
      const uniform = ep.extended(2n * word + 1n, -65);
      return ep.compare(uniform, ep.fromNumber(mean)) < 0 ? state | (1 << unit) : state;
    }, 0),
  );
}

/** One update of chains at rest in `hidden`: v and h after k steps. */
function advance(parameters: ModelParameters, hidden: readonly number[], update: number, k: number): { visible: number[]; hidden: number[] } {
  const means = conditionalMeans(parameters);
  let h = [...hidden];
  let v: number[] = [];
  for (let step = 0; step < k; step++) {
    v = draw('visible', h.map((state) => means.visible[state]), update, step);
    h = draw('hidden', v.map((state) => means.hidden[state]), update, step + 1);
  }
  return { visible: v, hidden: h };
}

/** The chains of a trainer, one number for each state. */
function chainsOf(trainer: Trainer): { visible: number[]; hidden: number[] } {
  const { visibleChains, hiddenChains } = trainer.gradientTensors();
  return { visible: packStates(visibleChains.values as Uint8Array, n), hidden: packStates(hiddenChains.values as Uint8Array, m) };
}

describe.each(backends)('backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  const create = (config: Partial<TrainingConfig>): Promise<Trainer> =>
    Trainer.create(kernels, trainingConfig(config), initial, { states: examples }, seed);

  /** Makes one update and compares it with the independent one; says how many chains the parameters before would have put elsewhere. */
  async function compareUpdate(trainer: Trainer, k: number, before: ModelParameters): Promise<number> {
    const { update } = trainer;
    const parameters = getParameters(trainer.model);
    const { hidden } = chainsOf(trainer);
    await trainer.step();
    const expected = advance(parameters, hidden, update, k);
    expect(chainsOf(trainer)).toEqual(expected);

    // The negative phase is of these v, with the means of the same parameters.
    const negative = trainer.phases?.negative;
    if (negative?.kind !== 'samples') throw new Error('the negative phase has no samples');
    expect(packStates(bytesOf(negative.visible), n)).toEqual(expected.visible);
    const means = conditionalMeans(parameters).hidden;
    const errors = Array.from(valuesOf(negative.hiddenMeans), (mean, index) => abs(mean - means[expected.visible[Math.floor(index / m)]][index % m]));
    expect(errors).toHaveLength(chains * m);
    expect(Math.max(...errors)).toBeLessThan(1e-15);

    return advance(before, hidden, update, k).visible.filter((state, chain) => state !== expected.visible[chain]).length;
  }

  test.each(['data', 'noise'])('before the first update, from %s', async (chainStart) => {
    const { visible, hidden } = chainsOf(await create({ chainStart }));
    const rows = packStates(bytesOf(examples), n);
    const starts = {
      data: Array.from({ length: chains }, (_, chain) => rows[chain % 10]),
      noise: draw('visible', Array.from({ length: chains }, () => Array<number>(n).fill(0.5)), startUpdate, 0),
    };
    expect(visible).toEqual(starts[chainStart as 'data' | 'noise']);
    const { hidden: means } = conditionalMeans(initial);
    expect(hidden).toEqual(draw('hidden', visible.map((state) => means[state]), startUpdate, 0));
  });

  test.each([1, 2, 3])('k = %i: v is drawn from the hidden states at rest with the new parameters', async (k) => {
    const trainer = await create({ k });
    let before = initial;
    let elsewhere = 0;
    for (let update = 0; update < 5; update++) {
      const current = getParameters(trainer.model);
      elsewhere += await compareUpdate(trainer, k, before);
      before = current;
    }
    // The comparison has power: the parameters of the update before would have drawn other states.
    expect(elsewhere).toBeGreaterThan(0);
  });

  test('a restored run draws from the hidden states that were saved, with the parameters that were saved', async () => {
    const trainer = await create({ k: 2 });
    const hidden = integers(chains, 7).map((value) => value % 8);
    const parameters = { ...initial, weights: Float64Array.from(normals(n * m, 8)), hiddenBias: Float64Array.from(normals(m, 9)) };
    const tensors = new Map([
      ['hiddenChains', { shape: [chains, m], values: unpackStates(hidden, m) }],
      // What v was before is of no importance.
      ['visibleChains', { shape: [chains, n], values: new Uint8Array(chains * n) }],
    ]);
    trainer.restore(12, parameters, createParameters(n, m), tensors);
    expect(chainsOf(trainer)).toEqual({ visible: Array<number>(chains).fill(0), hidden });
    expect(await compareUpdate(trainer, 2, initial)).toBeGreaterThan(0);
    expect(trainer.update).toBe(13);
  });
});
