/** Plans of shards as they are read: any change of what decides a value is noticed, whatever JSON there is. */

import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { shardIds, shardPlanFault, type ShardPlan } from '../../src/sweep/shard-plan.js';

function planOf(estimator: 'exact' | 'ais', counts: readonly number[]): ShardPlan {
  const annealing = { baseVisibleBias: [0.5, -1e-300, 3], schedule: 'adaptive', temperatures: 100, chains: 20, seed: 'a' };
  const identity = { digest: 'f'.repeat(64), shape: '3x2 binary', estimator, ...(estimator === 'ais' && { annealing }) };
  const idOf = shardIds(identity, 2);
  let units = 0;
  const shards = counts.map((count) => {
    const range = { first: units, count };
    units += count;
    return { id: idOf(range), ...range };
  });
  return { ...identity, model: 'model.safetensors', modelOptions: {}, unit: estimator === 'ais' ? 'chain' : 'block', units, shards };
}

const plans = [planOf('exact', [3, 4, 4]), planOf('ais', [10, 10]), planOf('exact', [])];

test('what was planned is what it is after JSON, too', () => {
  for (const plan of plans) expect(shardPlanFault(JSON.parse(JSON.stringify(plan)), 2)).toBeUndefined();
});

test('with any member changed to any other JSON, or left out, it is refused; never an error', () => {
  // How the model is read decides no value by itself: the digest is of what was read.
  const members = ['digest', 'shape', 'estimator', 'annealing', 'unit', 'units', 'shards'] as const;
  fc.assert(
    fc.property(fc.constantFrom(...plans.slice(0, 2)), fc.constantFrom(...members), fc.jsonValue(), fc.boolean(), (plan, member, value, isLeftOut) => {
      const { [member]: before, ...others } = plan;
      fc.pre(isLeftOut ? before !== undefined : JSON.stringify(value) !== JSON.stringify(before));
      expect(typeof shardPlanFault(isLeftOut ? others : { ...others, [member]: value }, 2)).toBe('string');
    }),
    { numRuns: 500, seed: 6 },
  );
  fc.assert(fc.property(fc.jsonValue(), (value) => typeof shardPlanFault(value, 2) === 'string'), { numRuns: 200, seed: 7 });
});

test('the other estimator, another seed, another numerics version, other ranges: refused by what is wrong', () => {
  const [exact, ais] = plans;
  const settings = ais.annealing;
  if (settings === undefined) throw new Error('no settings');
  const faults = [
    shardPlanFault(exact, 3),
    shardPlanFault({ ...exact, annealing: settings }, 2),
    shardPlanFault({ ...exact, estimator: 'ais' }, 2),
    shardPlanFault({ ...exact, estimator: 'two-sided' }, 2),
    shardPlanFault({ ...ais, annealing: { ...settings, seed: 'b' } }, 2),
    ...[{ baseVisibleBias: [0, null, 1] }, { schedule: 'x' }, { temperatures: 0 }, { chains: 2 ** 52 }].map((change) => shardPlanFault({ ...ais, annealing: { ...settings, ...change } }, 2)),
    shardPlanFault({ ...exact, shards: exact.shards.toReversed() }, 2),
    shardPlanFault({ ...exact, shards: exact.shards.slice(0, 2) }, 2),
    shardPlanFault({ ...exact, shards: exact.shards.map((shard) => ({ ...shard, id: '../../x' })) }, 2),
    shardPlanFault({ ...exact, model: '../model.npz' }, 2),
    shardPlanFault({ ...exact, modelOptions: [] }, 2),
  ];
  expect(faults).toEqual([
    'shard 0 is of another estimate',
    ...Array.from({ length: 2 }, () => 'its settings of annealing are damaged'),
    'it does not say which estimate it is of',
    'shard 0 is of another estimate',
    ...Array.from({ length: 4 }, () => 'its settings of annealing are damaged'),
    'shard 0 is damaged',
    'its shards have 7 units of 11',
    'shard 0 is of another estimate',
    'no model',
    'no model',
  ]);
});
