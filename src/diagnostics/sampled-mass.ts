/**
 * The probability of a model by distance from the examples, estimated from tempered samples, with standard errors.
 *
 * Samples of one ensemble of replicas depend on each other, ensembles do not: errors come from how ensembles differ.
 */

import { isBinaryMatrix, selectRows, type BinaryMatrix, type Kernels, type Model } from '../kernels/index.js';
import type { Cooperation } from '../model/cooperation.js';
import { temperedSamples, temperedSamplesCost, type TemperedSampling } from '../sampling/tempered-samples.js';
import { nearestDistances } from './hamming-distance.js';
import { climbToLocalMaxima } from './local-maxima.js';

const { max, min, sqrt } = Math;

/** Independent ensembles: 20 differences tell a standard error to about a sixth. */
const ensembles = 20;

/** Gibbs steps between samples of one ensemble; reverse annealing's samples are as far apart. */
const stepsBetween = 10;

/** Most samples that climb to their local maximum. */
const mostClimbers = 256;

/** Largest chain steps × n × m: one to two minutes of one thread. */
const chainStepUnitsLimit = 2_199_023_255_552;

/** How the samples are drawn. */
function samplingOf(rungs: number): TemperedSampling {
  return { ladder: 'adaptive', rungs, ensembles, stepsBetween };
}

/** Chain steps × n × m of so many samples, and the most that is allowed. */
export function sampledMassCost(
  samples: number,
  rungs: number,
  { visibleUnits, hiddenUnits }: { readonly visibleUnits: number; readonly hiddenUnits: number },
): { readonly cost: number; readonly limit: number } {
  return { cost: temperedSamplesCost(samples, samplingOf(rungs)) * visibleUnits * hiddenUnits, limit: chainStepUnitsLimit };
}

/** A mean over samples with its standard error. */
export interface SampledMean {
  readonly mean: number;
  readonly standardError: number;
}

/**
 * The mean of values of samples, of which sample r belongs to ensemble r mod `ensembles`. Its variance is that of a sum of
 * independent ensembles of any size, C/(C − 1)·Σ_c (Σ_{r in c} (x_r − mean))² / N².
 */
export function meanOverEnsembles(values: ArrayLike<number>): SampledMean {
  const count = values.length;
  let sum = 0;
  for (let row = 0; row < count; row++) sum += values[row];
  const mean = sum / count;
  const groups = min(ensembles, count);
  const deviations = new Float64Array(groups);
  for (let row = 0; row < count; row++) deviations[row % groups] += values[row] - mean;
  let squares = 0;
  for (const deviation of deviations) squares += deviation * deviation;
  return { mean, standardError: groups < 2 ? 0 : sqrt((groups / (groups - 1)) * squares) / count };
}

/**
 * The share of samples for which something holds. Its standard error is never below that of as many independent samples with
 * one more of each kind: what was not seen in N samples may well have a share of 1/N.
 *
 * @param isSo 1 where it holds, else 0
 */
export function shareOverEnsembles(isSo: ArrayLike<number>): SampledMean {
  const count = isSo.length;
  const { mean, standardError } = meanOverEnsembles(isSo);
  const padded = (mean * count + 1) / (count + 2);
  return { mean, standardError: max(standardError, sqrt((padded * (1 - padded)) / count)) };
}

/** Samples of the model, with their distances. */
export interface DistancedSamples {
  readonly states: BinaryMatrix;
  /** From the nearest example, of every sample. */
  readonly distances: Uint32Array;
  /** How often a replica travelled from the base-rate model to this one while samples were taken, over all ensembles. */
  readonly roundTrips: number;
  /** Smallest expected acceptance of swaps between neighbours on the ladder. */
  readonly smallestSwapRate: number;
}

/**
 * Tempered samples and their distances from the nearest of the examples.
 *
 * @param seed of these samples alone
 * @throws whatever `cooperation.pause` throws
 */
export async function sampleDistances(
  kernels: Kernels,
  model: Model,
  baseVisibleBias: Float64Array,
  examples: BinaryMatrix,
  { samples, rungs }: { readonly samples: number; readonly rungs: number },
  seed: string,
  cooperation: Cooperation = {},
): Promise<DistancedSamples> {
  const drawn = await temperedSamples(kernels, model, baseVisibleBias, samples, samplingOf(rungs), seed, cooperation);
  const { states, roundTrips, swapRates } = drawn;
  if (!isBinaryMatrix(states)) throw new RangeError('states that are not binary have no Hamming distance');
  const distances = await nearestDistances(states, examples, cooperation);
  return { states, distances, roundTrips, smallestSwapRate: min(...swapRates) };
}

/** A local maximum of p(v) that samples climb to. */
export interface SampledMode {
  /** The number of its row in `states`. */
  readonly row: number;
  /** F(v), nats. */
  readonly freeEnergy: number;
  readonly distance: number;
  /** Share of the climbing samples that arrived here. */
  readonly share: number;
}

/** What {@link findModes} finds. */
export interface SampledModes {
  readonly states: BinaryMatrix;
  /** The most probable first; ties by the earliest sample. */
  readonly modes: readonly SampledMode[];
}

/**
 * The local maxima that samples farther than `beyond` climb to, where these are farther as well; of at most the first 256 such
 * samples. What they climb to within that distance is a mode of the data, with a wide slope.
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function findModes(
  kernels: Kernels,
  model: Model,
  { states, distances }: Pick<DistancedSamples, 'states' | 'distances'>,
  examples: BinaryMatrix,
  { beyond, modeCount }: { readonly beyond: number; readonly modeCount: number },
  cooperation: Cooperation = {},
): Promise<SampledModes> {
  const far: number[] = [];
  for (let row = 0; row < states.rows && far.length < mostClimbers; row++) {
    if (distances[row] > beyond) far.push(row);
  }
  const { states: climbed, arrived } = await climbToLocalMaxima(kernels, model, selectRows(states, far), cooperation);
  const arrivals = new Map<string, { readonly row: number; count: number }>();
  const { words, wordsPerRow } = climbed;
  for (let row = 0; row < climbed.rows; row++) {
    if (arrived[row] === 0) continue;
    const name = words.subarray(row * wordsPerRow, (row + 1) * wordsPerRow).join(' ');
    const known = arrivals.get(name);
    if (known === undefined) arrivals.set(name, { row, count: 1 });
    else known.count += 1;
  }
  const distinct = [...arrivals.values()];
  const found = selectRows(climbed, distinct.map(({ row }) => row));
  const modeDistances = await nearestDistances(found, examples, cooperation);
  const energies = new Float64Array(found.rows);
  if (found.rows > 0) kernels.freeEnergies(model, found, found.rows, energies);
  await kernels.finish();
  const modes = distinct
    .map(({ count }, row) => ({ row, freeEnergy: energies[row], distance: modeDistances[row], share: count / far.length }))
    .filter(({ distance, freeEnergy }) => distance > beyond && Number.isFinite(freeEnergy))
    .toSorted((left, right) => left.freeEnergy - right.freeEnergy || left.row - right.row);
  return { states: found, modes: modes.slice(0, modeCount) };
}
