/**
 * Samples of a model from long tempered runs: a ladder that adapts, a burn-in, then states some steps apart. They come close
 * to the model's distribution where replicas travel the ladder, which the figures returned tell; nothing proves that they do.
 */

import { copyVisibleStates, createHostStates, visibleRowsOf, type Kernels, type Model, type VisibleStates } from '../kernels/index.js';
import { streamKey } from '../random/index.js';
import type { Cooperation } from '../model/cooperation.js';
import { evenLadder, evenlyRejectingLadder, geometricLadder, TemperedChains, type ladders } from './tempered-chains.js';

/** How to run. */
export interface TemperedSampling {
  readonly ladder: (typeof ladders)[number];
  /** Inverse temperatures, at least 2. */
  readonly rungs: number;
  /** Independent sets of replicas. */
  readonly ensembles: number;
  /** Gibbs steps between samples of one ensemble. */
  readonly stepsBetween: number;
}

/** What came of it; samples of one ensemble are not independent. */
export interface TemperedSamples {
  /** count × n; row r is of ensemble r mod `ensembles`, of which the odd ones started elsewhere (see `TemperedChains`). */
  readonly states: VisibleStates;
  readonly ladder: Float64Array;
  /** Expected acceptance of swaps between rung r and r + 1. */
  readonly swapRates: Float64Array;
  /** How often a replica came from the lowest rung to the highest, over all ensembles, while samples were taken. */
  readonly roundTrips: number;
}

/** Gibbs steps of every round in which the ladder adapts. */
const adaptingSteps = [50, 100, 200];

/** Steps before the first sample, as samples’ worth: with 5, ensembles that started elsewhere had not come back on 784×20. */
const burnInSamples = 20;

/** Samples that each ensemble gives. */
function samplesPerEnsemble(count: number, ensembles: number): number {
  return Math.ceil(count / ensembles);
}

/** Gibbs steps × chains that {@link temperedSamples} takes. */
export function temperedSamplesCost(count: number, { ladder, rungs, ensembles, stepsBetween }: TemperedSampling): number {
  const adapting = ladder === 'adaptive' ? adaptingSteps.reduce((sum, steps) => sum + steps, 0) : 0;
  return rungs * ensembles * (adapting + (burnInSamples + samplesPerEnsemble(count, ensembles)) * stepsBetween);
}

/** The ladder asked for; an adaptive one by rounds of trial. */
export async function makeLadder(
  kernels: Kernels,
  model: Model,
  baseVisibleBias: Float64Array,
  { ladder: name, rungs, ensembles }: TemperedSampling,
  seed: string,
  { pause }: Cooperation = {},
): Promise<Float64Array> {
  if (name === 'geometric' || rungs < 3) return geometricLadder(rungs);
  let ladder = evenLadder(rungs);
  for (const [round, steps] of adaptingSteps.entries()) {
    const chains = new TemperedChains(kernels, model, baseVisibleBias, ladder, ensembles, streamKey(seed, `tempering/adapting/${round}`));
    for (let step = 0; step < steps; step++) {
      await chains.step();
      await pause?.();
    }
    ladder = evenlyRejectingLadder(ladder, chains.swapRates);
    chains.release();
  }
  return ladder;
}

/**
 * `count` states from tempered runs.
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function temperedSamples(
  kernels: Kernels,
  model: Model,
  baseVisibleBias: Float64Array,
  count: number,
  sampling: TemperedSampling,
  seed: string,
  cooperation: Cooperation = {},
): Promise<TemperedSamples> {
  const { ensembles, stepsBetween } = sampling;
  const ladder = await makeLadder(kernels, model, baseVisibleBias, sampling, seed, cooperation);
  const chains = new TemperedChains(kernels, model, baseVisibleBias, ladder, ensembles, streamKey(seed, 'tempering/samples'), {
    spread: true,
  });
  const states = createHostStates(count, model);
  const rounds = burnInSamples + samplesPerEnsemble(count, ensembles);
  let taken = 0;
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < stepsBetween; step++) {
      await chains.step();
      await cooperation.pause?.();
    }
    cooperation.progress?.((round + 1) / rounds);
    if (round < burnInSamples) continue;
    const here = Math.min(ensembles, count - taken);
    copyVisibleStates(chains.states, visibleRowsOf(states, taken, here));
    taken += here;
  }
  const { swapRates, roundTrips } = chains;
  chains.release();
  return { states, ladder, swapRates, roundTrips };
}
