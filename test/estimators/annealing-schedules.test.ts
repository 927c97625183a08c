/** Schedules of inverse temperatures: their ends, order and lengths whatever the number of steps; the paper's own figures. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { annealingSchedule, annealingSchedules, threePieceSchedule, uniformSchedule } from '../../src/estimators/annealing-schedules.js';
import { loadKernels, type Kernels, type Model, type ModelParameters } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import { streamKey } from '../../src/random/index.js';
import { annealForward } from '../../src/sampling/annealed-chains.js';
import { firstDifference } from '../kernels/support.js';
import { normals } from '../reference/numbers.js';

const { abs, floor } = Math;

/** Whether a schedule has K + 1 entries, the first 0, the last 1, each above the one before. */
function isSchedule(schedule: Float64Array, temperatures: number): boolean {
  const ascends = schedule.every((value, index) => index === 0 || value > schedule[index - 1]);
  return schedule.length === temperatures + 1 && schedule[0] === 0 && schedule[temperatures] === 1 && ascends;
}

const temperatureCounts = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 20_000 }));

function randomModel(n: number, m: number, seed: number, size: number): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, size)),
    visibleBias: Float64Array.from(normals(n, seed + 1, size)),
    hiddenBias: Float64Array.from(normals(m, seed + 2, size)),
  };
}

test.each([['uniform', uniformSchedule], ['three-piece', threePieceSchedule]] as const)('%s: from 0 to 1, ascending', (_name, make) => {
  fc.assert(
    fc.property(temperatureCounts, (temperatures) => expect(isSchedule(make(temperatures), temperatures)).toBe(true)),
    { seed: 1, numRuns: 100 },
  );
});

test('uniform: even steps', () => {
  expect([...uniformSchedule(4)]).toEqual([0, 0.25, 0.5, 0.75, 1]);
});

describe('three-piece', () => {
  test('14,500 steps are those of Salakhutdinov & Murray: 500 of 1/1,000, 4,000 of 1/10,000, 10,000 of 1/100,000', () => {
    const schedule = threePieceSchedule(14_500);
    const exact = (index: number): number => {
      if (index <= 500) return index / 1000;
      return index <= 4500 ? 0.5 + (index - 500) / 10_000 : 0.9 + (index - 4500) / 100_000;
    };
    // Far below the smallest step.
    expect(schedule.every((value, index) => abs(value - exact(index)) < 1e-12)).toBe(true);
  });

  test('other numbers of steps lie on the same curve', () => {
    const [all, tenth] = [threePieceSchedule(14_500), threePieceSchedule(1450)];
    tenth.forEach((value, index) => expect(abs(value - all[10 * index])).toBeLessThan(1e-12));
  });
});

describe('adaptive', () => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels();
  });
  afterAll(() => kernels.close());

  const base = Float64Array.from(normals(8, 5));
  const make = (model: Model, temperatures: number, seed = '1'): Promise<Float64Array> =>
    annealingSchedule('adaptive').make(temperatures, { kernels, model, baseVisibleBias: base, key: streamKey(seed, 'schedule') });

  test('from 0 to 1, ascending, of all sizes of weights', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 2, 3, 7, 199, 200, 201, 1000), fc.constantFrom(0, 1e-6, 1, 30, 1e4), fc.nat(1000), async (temperatures, size, seed) => {
        const model = createModel(kernels, randomModel(8, 5, seed, size));
        expect(isSchedule(await make(model, temperatures), temperatures)).toBe(true);
        kernels.release(model);
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  test('a model that is the base rate has nothing to adapt to but rounding', async () => {
    const same = { ...randomModel(8, 5, 1, 0), visibleBias: base };
    expect(isSchedule(await make(createModel(kernels, same), 50), 50)).toBe(true);
  });

  test('repeats with its seed, and spreads log-weights more evenly over its steps than even steps do', async () => {
    // Large weights: nearly all of the difficulty is near 0.
    const model = createModel(kernels, randomModel(8, 5, 10, 6));
    const [schedule, again] = [await make(model, 20), await make(model, 20)];
    expect(firstDifference(again, schedule)).toBeUndefined();
    /** Largest spread of one step's gains as a share of all steps' together. */
    const unevenness = async (path: Float64Array): Promise<number> => {
      const spreads: number[] = [];
      for (let step = 0; step + 1 < path.length; step++) {
        // Gains of the steps before are taken off by the same chains' walk up to there: the prefix of a walk is a walk.
        const upTo = await annealForward(kernels, model, { baseVisibleBias: base, schedule: path.slice(0, step + 2) }, 2000, streamKey('2', 'walk'));
        const before = step === 0 ? new Float64Array(2000) : await annealForward(kernels, model, { baseVisibleBias: base, schedule: path.slice(0, step + 1) }, 2000, streamKey('2', 'walk'));
        const gains = upTo.map((value, chain) => value - before[chain]);
        const mean = gains.reduce((sum, value) => sum + value, 0) / 2000;
        spreads.push(Math.sqrt(gains.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / 1999));
      }
      return (Math.max(...spreads) * spreads.length) / spreads.reduce((sum, value) => sum + value, 0);
    };
    const [adapted, even] = [await unevenness(schedule), await unevenness(uniformSchedule(20))];
    expect(adapted).toBeLessThan(even / 2);
  });
});

test('costs are whole numbers of Gibbs steps, and unknown names are refused', () => {
  for (const { cost } of annealingSchedules) expect([1, 100, 10_000].every((count) => floor(cost(count)) === cost(count) && cost(count) >= 0)).toBe(true);
  expect(() => annealingSchedule('foo')).toThrow(RangeError);
});
