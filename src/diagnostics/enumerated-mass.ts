/**
 * The probability of a model by distance from the examples, exactly: every visible state is visited.
 *
 * States go in blocks, so that memory holds one block's free energies and not all of them. What is added up, and in which order, is
 * fixed by the model's shape: a block's masses ascending, then the blocks by a canonical sum.
 */

import { canonicalSum, exp, rowsOf, type BinaryMatrix, type Kernels, type Model, type Tempering } from '../kernels/index.js';
import type { Cooperation } from '../model/cooperation.js';
import { mostUnitsOfAllStates } from './hamming-distance.js';

const { floor, max, min } = Math;

/** Largest 2^n·m: about 10 s of one thread of the WebAssembly kernels (15 to 20 ns for a state and unit on a busy machine). */
const stateUnitsLimit = 536_870_912;

/** States × hidden units of a block: some tens of milliseconds of the reference kernels. */
const blockStateUnits = 262_144;

/** Most states of a block. */
const mostBlockStates = 16_384;

/** Whether all visible states of such a model can be visited within the cost limit. */
export function canVisitAllStates(visibleUnits: number, hiddenUnits: number): boolean {
  return visibleUnits <= mostUnitsOfAllStates && 2 * (1 << (visibleUnits - 1)) * hiddenUnits <= stateUnitsLimit;
}

/** A local maximum of p(v). */
export interface EnumeratedMode {
  /** Unit i is bit i. */
  readonly state: number;
  /** F(v), nats. */
  readonly freeEnergy: number;
  readonly probability: number;
  readonly distance: number;
}

/** What {@link enumerateMass} finds. */
export interface EnumeratedMass {
  /** Σ p(v) over the states at each distance, from 0 to the largest that there is. */
  readonly masses: Float64Array;
  /** The most probable of the local maxima farther than asked for, the most probable first, ties by number of the state. */
  readonly modes: readonly EnumeratedMode[];
}

/** Free energies of states by number, in the kernels' memory. */
class NumberedStates {
  readonly #kernels: Kernels;
  readonly #model: Model;
  readonly #states: BinaryMatrix;
  readonly #tempering: Tempering;

  /** @param rows most states asked for at once */
  constructor(kernels: Kernels, model: Model, rows: number) {
    this.#kernels = kernels;
    this.#model = model;
    this.#states = kernels.createStates(rows, model.visibleUnits);
    this.#tempering = { inverseTemperatures: new Float64Array(rows).fill(1), baseVisibleBias: new Float64Array(model.visibleUnits) };
  }

  /**
   * F(v) of as many states as `energies` has room for.
   *
   * @param numberOf the number of the k-th of them
   */
  async freeEnergies(numberOf: (k: number) => number, energies: Float64Array): Promise<void> {
    const rows = energies.length;
    const { words } = this.#states;
    for (let row = 0; row < rows; row++) words[row] = numberOf(row);
    // At inverse temperature 1 these are the model's own, at one exponential for a unit: a third of the time of `freeEnergies`.
    this.#kernels.temperedFreeEnergies(this.#model, rowsOf(this.#states, 0, rows), rows, this.#tempering, energies);
    await this.#kernels.finish();
  }

  release(): void {
    this.#kernels.release(this.#states);
  }
}

/** Whether one of the units below `units` makes a state of the block more probable by being flipped. */
function hasBetterNeighbourWithin(energies: Float64Array, index: number, units: number): boolean {
  for (let unit = 0; unit < units; unit++) {
    if (energies[index ^ (1 << unit)] < energies[index]) return true;
  }
  return false;
}

/** Order of modes: the most probable first. */
function byProbability(left: EnumeratedMode, right: EnumeratedMode): number {
  return left.freeEnergy - right.freeEnergy || left.state - right.state;
}

/**
 * Masses by distance, and the worst modes.
 *
 * A state is a local maximum where no single flip is more probable (of states that are equally probable, each).
 *
 * @param distances of all 2^n states from the nearest example
 * @param logPartitionFunction log Z of these parameters, nats
 * @param beyond modes are farther than this
 * @param modeCount how many modes are asked for
 * @throws whatever `cooperation.pause` throws
 */
export async function enumerateMass(
  kernels: Kernels,
  model: Model,
  distances: Uint8Array,
  logPartitionFunction: number,
  { beyond, modeCount }: { readonly beyond: number; readonly modeCount: number },
  cooperation: Cooperation = {},
): Promise<EnumeratedMass> {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const states = distances.length;
  let blockUnits = 0;
  while (blockUnits < n && 2 << blockUnits <= min(mostBlockStates, max(1, floor(blockStateUnits / m)))) blockUnits++;
  const blockStates = 1 << blockUnits;
  const blocks = states / blockStates;
  let levels = 0;
  for (let state = 0; state < states; state++) levels = max(levels, distances[state] + 1);
  const blockMasses = Array.from({ length: levels }, () => new Float64Array(blocks));
  const energies = new Float64Array(blockStates);
  const neighbourEnergies = new Float64Array(n - blockUnits);
  const numbered = new NumberedStates(kernels, model, max(blockStates, n));
  const modes: EnumeratedMode[] = [];
  const isWanted = (mode: EnumeratedMode): boolean => modes.length < modeCount || byProbability(mode, modes[modes.length - 1]) < 0;
  try {
    for (let block = 0; block < blocks; block++) {
      const first = block * blockStates;
      await numbered.freeEnergies((k) => first + k, energies);
      const candidates: EnumeratedMode[] = [];
      for (let index = 0; index < blockStates; index++) {
        const state = first + index;
        const distance = distances[state];
        const freeEnergy = energies[index];
        const probability = exp(-freeEnergy - logPartitionFunction);
        blockMasses[distance][block] += probability;
        if (distance <= beyond || modeCount === 0 || hasBetterNeighbourWithin(energies, index, blockUnits)) continue;
        const candidate = { state, freeEnergy, probability, distance };
        if (isWanted(candidate)) candidates.push(candidate);
      }
      for (const candidate of candidates.toSorted(byProbability)) {
        if (!isWanted(candidate)) break;
        await numbered.freeEnergies((k) => candidate.state ^ (1 << (blockUnits + k)), neighbourEnergies);
        if (neighbourEnergies.some((energy) => energy < candidate.freeEnergy)) continue;
        modes.push(candidate);
        modes.sort(byProbability);
        if (modes.length > modeCount) modes.pop();
      }
      cooperation.progress?.((block + 1) / blocks);
      await cooperation.pause?.();
    }
  } finally {
    numbered.release();
  }
  return { masses: Float64Array.from(blockMasses, (masses) => canonicalSum(masses)), modes };
}
