/**
 * How estimators anneal: one set of settings for all of them.
 */

import type { TemperedSampling } from '../sampling/tempered-samples.js';

/** Where the states come from that the reverse direction starts from. */
export const reverseStarts = ['exact', 'tempered'] as const;

/** Settings that need not be given. */
export const defaultAnnealing = {
  schedule: 'adaptive',
  temperatures: 1000,
  chains: 200,
  reverseStart: 'tempered',
  tempering: { ladder: 'adaptive', rungs: 40, ensembles: 10 },
  tolerance: 0.5,
  budget: 5_000_000,
} as const satisfies Partial<AnnealingSettings>;

/** Settings of all estimators that anneal. */
export interface AnnealingSettings {
  /** Visible bias of the base-rate model, n. */
  readonly baseVisibleBias: Float64Array;
  /** Name of the schedule, see annealing-schedules.ts. */
  readonly schedule: string;
  /** Steps of the schedule in the first round. */
  readonly temperatures: number;
  /** Chains in each direction. */
  readonly chains: number;
  readonly seed: string;
  readonly reverseStart: (typeof reverseStarts)[number];
  readonly tempering: Omit<TemperedSampling, 'stepsBetween'>;
  /** Largest gap between the two directions, and half-width of the interval, that count as consistent, in nats. */
  readonly tolerance: number;
  /** Gibbs steps × chains after which the effort is not doubled any more; the first round is always done. */
  readonly budget: number;
}

/** Settings that annealing forward depends on. */
export type ForwardSettings = Pick<AnnealingSettings, 'baseVisibleBias' | 'schedule' | 'temperatures' | 'chains' | 'seed'>;

/** These as JSON holds them: float64 in JSON is exact but for the sign of zero, which no estimate depends on. */
export interface PlainForwardSettings extends Omit<ForwardSettings, 'baseVisibleBias'> {
  readonly baseVisibleBias: readonly number[];
}

/** What of the settings annealing forward depends on, as JSON can hold it. */
export function plainForwardSettings({ baseVisibleBias, schedule, temperatures, chains, seed }: ForwardSettings): PlainForwardSettings {
  return { baseVisibleBias: Array.from(baseVisibleBias, (value) => value + 0), schedule, temperatures, chains, seed };
}

/** The settings that {@link plainForwardSettings} made plain, with the usual values of all others. */
export function settingsFromPlain({ baseVisibleBias, ...others }: PlainForwardSettings): AnnealingSettings {
  return { ...defaultAnnealing, ...others, baseVisibleBias: Float64Array.from(baseVisibleBias) };
}
