import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import type { ScheduleConfig } from '../../src/config/run-config.js';
import type { Extent } from '../../src/config/schema.js';
import { createSchedule, extentInUpdates } from '../../src/training/schedules.js';

const positive = fc.double({ min: 1e-6, max: 10, noNaN: true });
const extent = fc.oneof(
  fc.record({ updates: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({ epochs: fc.integer({ min: 1, max: 50 }) }),
) as fc.Arbitrary<Extent>;
const perEpoch = fc.integer({ min: 1, max: 40 });
const update = fc.integer({ min: 0, max: 3000 });

/** The formulas of the documentation, with the language's own functions; t and the extents in updates. */
function byTheFormula(config: Exclude<ScheduleConfig, number>, t: number, updatesPerEpoch: number): number {
  const inUpdates = (value: Extent): number => (value.updates === undefined ? Number(value.epochs) * updatesPerEpoch : value.updates);
  switch (config.schedule) {
    case 'linear': {
      const share = Math.min(1, t / inUpdates(config.horizon));
      return (1 - share) * config.initial + share * config.final;
    }
    case 'exponential': {
      const share = Math.min(1, t / inUpdates(config.horizon));
      return config.initial * (config.final / config.initial) ** share;
    }
    case 'inverse':
      return config.initial / (1 + t / inUpdates(config.halfLife));
    case 'step':
      return t >= inUpdates(config.at) ? config.final : config.initial;
  }
}

const schedule = fc.oneof(
  fc.record({ schedule: fc.constantFrom('linear' as const, 'exponential' as const), initial: positive, final: positive, horizon: extent }),
  fc.record({ schedule: fc.constant('inverse' as const), initial: positive, halfLife: extent }),
  fc.record({ schedule: fc.constant('step' as const), initial: positive, final: positive, at: extent }),
);

describe('schedules', () => {
  test('follow their formulas at every update', () => {
    fc.assert(
      fc.property(schedule, perEpoch, update, (config, updatesPerEpoch, t) => {
        const value = createSchedule(config, updatesPerEpoch)(t);
        const expected = byTheFormula(config, t, updatesPerEpoch);
        // A linear schedule's terms may cancel: the error is relative to the larger end.
        const scale = Math.max(config.initial, 'final' in config ? config.final : 0);
        const tolerance = config.schedule === 'linear' ? 1e-15 * scale : 1e-13 * expected;
        expect(Math.abs(value - expected)).toBeLessThanOrEqual(2 * tolerance);
      }),
      { numRuns: 1000 },
    );
  });

  test('between ends whose ratio float64 does not hold, an exponential schedule stays a number', () => {
    const ends = [[1e-300, 1e300], [1e300, 1e-300], [5e-324, 1.7e308]] as const;
    for (const [initial, final] of ends) {
      const value = createSchedule({ schedule: 'exponential', initial, final, horizon: { updates: 2 } }, 1);
      const half = Math.sqrt(initial) * Math.sqrt(final);
      expect(Math.abs(value(0) / initial - 1)).toBeLessThan(1e-9);
      expect(Math.abs(value(1) / half - 1)).toBeLessThan(1e-9);
      expect(value(2)).toBe(final);
    }
  });

  test('a number is constant', () => {
    const constant = createSchedule(0.05, 7);
    expect([0, 1, 1e6, 2 ** 40].map(constant)).toEqual([0.05, 0.05, 0.05, 0.05]);
  });

  test('start exactly at initial, end exactly at final, and stay there', () => {
    const ends = fc.record({ schedule: fc.constantFrom('linear' as const, 'exponential' as const), initial: positive, final: positive, horizon: extent });
    fc.assert(
      fc.property(ends, perEpoch, (config, updatesPerEpoch) => {
        const value = createSchedule(config, updatesPerEpoch);
        const horizon = extentInUpdates(config.horizon, updatesPerEpoch);
        expect(value(0)).toBe(config.initial);
        expect([horizon, horizon + 1, 100 * horizon, 2 ** 40].map(value)).toEqual(Array(4).fill(config.final));
      }),
    );
  });

  test('a linear schedule may end at 0, and never passes it', () => {
    const value = createSchedule({ schedule: 'linear', initial: 0.1, final: 0, horizon: { updates: 3 } }, 1);
    expect([0, 1, 2, 3, 4].map(value).every((rate) => rate >= 0)).toBe(true);
    expect(value(3)).toBe(0);
    expect(value(2)).toBeGreaterThan(0);
  });

  test('an inverse schedule has fallen to half after its half-life, to a tenth after nine of them', () => {
    const value = createSchedule({ schedule: 'inverse', initial: 0.5, halfLife: { updates: 10 } }, 3);
    expect([0, 10, 90].map(value)).toEqual([0.5, 0.25, 0.05]);
  });

  test('a step changes at the update named, not before', () => {
    const value = createSchedule({ schedule: 'step', initial: 0.5, final: 0.9, at: { epochs: 5 } }, 4);
    expect([0, 19, 20, 21].map(value)).toEqual([0.5, 0.5, 0.9, 0.9]);
  });

  test('an extent in epochs is the same as one in as many updates', () => {
    fc.assert(
      fc.property(positive, positive, fc.integer({ min: 1, max: 50 }), perEpoch, update, (initial, final, epochs, updatesPerEpoch, t) => {
        const updates = epochs * updatesPerEpoch;
        for (const kind of ['linear', 'exponential'] as const) {
          const inEpochs = createSchedule({ schedule: kind, initial, final, horizon: { epochs } }, updatesPerEpoch);
          const inUpdates = createSchedule({ schedule: kind, initial, final, horizon: { updates } }, updatesPerEpoch);
          expect(inEpochs(t)).toBe(inUpdates(t));
        }
      }),
    );
  });

  test.each([[0, 1], [1, 0], [0, 0]])('an exponential one from %p to %p has no meaning', (initial, final) => {
    expect(() => createSchedule({ schedule: 'exponential', initial, final, horizon: { updates: 5 } }, 1)).toThrow(/exponential/);
  });
});
