/**
 * Schedules of inverse temperatures for annealing. To add one: its function, and a row in `annealingSchedules`.
 */

import type { Kernels, Model } from '../kernels/index.js';
import type { StreamKey } from '../random/index.js';
import { annealingDifficulty } from '../sampling/annealed-chains.js';
import { evenlySpaced } from '../sampling/evenly-spaced.js';
import type { Cooperation } from '../model/cooperation.js';

/** What a schedule may be made from. */
export interface ScheduleContext extends Cooperation {
  readonly kernels: Kernels;
  readonly model: Model;
  readonly baseVisibleBias: Float64Array;
  readonly key: StreamKey;
}

/** A row of the registry. */
export interface AnnealingSchedule {
  readonly name: string;
  readonly summary: string;
  /** Gibbs steps × chains that making one costs. */
  cost(temperatures: number): number;
  /** K + 1 inverse temperatures from 0 to 1, ascending. */
  make(temperatures: number, context: ScheduleContext): Promise<Float64Array>;
}

/** K even steps. */
export function uniformSchedule(temperatures: number): Float64Array {
  return Float64Array.from({ length: temperatures + 1 }, (_, index) => index / temperatures);
}

/** The paper's pieces: steps of 1/1,000 to .5, 1/10,000 to .9, 1/100,000 to 1, 14,500 in all; in the same shares of K here. */
export function threePieceSchedule(temperatures: number): Float64Array {
  const lengths = [500, 4000, 10_000];
  const ends = [0, 0.5, 0.9, 1];
  return Float64Array.from({ length: temperatures + 1 }, (_, index) => {
    let left = (index / temperatures) * 14_500;
    let piece = 0;
    while (piece < 2 && left > lengths[piece]) left -= lengths[piece++];
    return index === temperatures ? 1 : ends[piece] + (ends[piece + 1] - ends[piece]) * (left / lengths[piece]);
  });
}

/** Chains and temperatures of the pilot of an adaptive schedule. */
const pilotChains = 100;
const pilotTemperatures = 200;

/** Steps never get so much denser than the pilot found them easy: of its mean difficulty, this share is everywhere. */
const leastDifficulty = 0.1;

/**
 * K steps that lose the same share of the effective sample size each, by a pilot of even steps: a step of width d at β
 * spreads the log-weights by σ(β)·d, so steps go as 1/σ.
 */
async function adaptiveSchedule(temperatures: number, { kernels, model, baseVisibleBias, key, pause }: ScheduleContext): Promise<Float64Array> {
  const pilot = uniformSchedule(Math.min(temperatures, pilotTemperatures));
  const path = { baseVisibleBias, schedule: pilot };
  const deviations = await annealingDifficulty(kernels, model, path, pilotChains, key, { pause });
  const mean = deviations.reduce((sum, value) => sum + value, 0) / deviations.length;
  const reached = new Float64Array(pilot.length);
  for (let step = 1; step < pilot.length; step++) reached[step] = reached[step - 1] + deviations[step - 1] + leastDifficulty * mean;
  if (!(reached[pilot.length - 1] > 0)) return uniformSchedule(temperatures);
  return evenlySpaced(pilot, reached, temperatures);
}

/** All schedules. */
export const annealingSchedules: readonly AnnealingSchedule[] = [
  {
    name: 'adaptive',
    summary: 'steps that lose the same share of the effective sample size each, by a short pilot',
    cost: (temperatures) => pilotChains * Math.min(temperatures, pilotTemperatures),
    make: adaptiveSchedule,
  },
  { name: 'uniform', summary: 'even steps', cost: () => 0, make: (temperatures) => Promise.resolve(uniformSchedule(temperatures)) },
  {
    name: 'three-piece',
    summary: 'Salakhutdinov & Murray 2008: finer from .5 on, finest from .9 on',
    cost: () => 0,
    make: (temperatures) => Promise.resolve(threePieceSchedule(temperatures)),
  },
];

/** The schedule of a name. */
export function annealingSchedule(name: string): AnnealingSchedule {
  const found = annealingSchedules.find((row) => row.name === name);
  if (found === undefined) throw new RangeError(`no annealing schedule ${JSON.stringify(name)}`);
  return found;
}
