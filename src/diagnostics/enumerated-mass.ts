/**
 * The probability of a model by distance from the examples, exactly: every visible state is visited.
 *
 * In the product form of the enumeration (see kernels/enumeration-plan.ts): two multiplications and an addition for a state and a
 * hidden unit, a sixth of the time of the kernels' free energies. States go in blocks, so that memory holds one block and not all
 * states. What is added up, and in which order, is fixed by the model's shape: a block's masses ascending, then the blocks by a
 * canonical sum.
 */

import {
  canonicalSum,
  expScaled,
  log,
  planEnumeration,
  powerOfTwo,
  type EnumerationPlan,
  type Kernels,
  type ModelParameters,
} from '../kernels/index.js';
import { exactLogPartitionFunction } from '../estimators/exact-log-partition-function.js';
import type { Cooperation } from '../model/cooperation.js';
import { mostUnitsOfAllStates } from './hamming-distance.js';

const { max } = Math;

/** Largest 2^n·m: some 3 s of one thread, 2.3 ns for a state and hidden unit. */
const stateUnitsLimit = 1_073_741_824;

/** Whether all visible states of such a model can be visited within the cost limit. */
export function canVisitAllStates(visibleUnits: number, hiddenUnits: number): boolean {
  return visibleUnits <= mostUnitsOfAllStates && 2 * (1 << (visibleUnits - 1)) * hiddenUnits <= stateUnitsLimit;
}

/** A local maximum of p(v). */
export interface EnumeratedMode {
  /** Unit i is bit i. */
  readonly state: number;
  readonly probability: number;
  readonly distance: number;
}

/** What {@link enumerateMass} finds. */
export interface EnumeratedMass {
  /** Σ p(v) over the states at each distance, from 0 to the largest that there is. */
  readonly masses: Float64Array;
  /** The most probable of the local maxima farther than asked for, the most probable first, ties by number of the state. */
  readonly modes: readonly EnumeratedMode[];
  /**
   * How unevenly the mass at distance 0 is shared among the examples: KL(shares of the examples ‖ p(v) given that v is one of
   * them), nats; 0 where each has what it should. Infinite where the probability of an example is too small for float64.
   * The mean log p of the examples is log(mass at distance 0) − entropy of their shares − this.
   */
  readonly imbalance: number;
}

/** p̃ of single states, as mantissa · 2^exponent: each is a block of its own. */
class SingleStates {
  readonly #kernels: Kernels;
  readonly #plan: EnumerationPlan;
  readonly #mantissas = new Float64Array(1);
  readonly #exponents = new Float64Array(1);

  constructor(kernels: Kernels, plan: EnumerationPlan) {
    this.#kernels = kernels;
    this.#plan = { ...plan, blockUnits: 0, blockStates: 1, blocks: plan.blockStates * plan.blocks };
  }

  /** p̃ of a state divided by 2^scale; 0 where that is too small for float64. */
  at(state: number, scale: number): number {
    this.#kernels.enumerationStates(this.#plan, state, this.#mantissas, this.#exponents);
    return scaledTo(this.#mantissas[0], this.#exponents[0], scale);
  }

  /** Whether one of the units from `firstUnit` on makes the state more probable by being flipped. */
  hasBetterNeighbour(state: number, firstUnit: number, units: number, scale: number): boolean {
    const own = this.at(state, scale);
    for (let unit = firstUnit; unit < units; unit++) {
      if (this.at(state ^ (1 << unit), scale) > own) return true;
    }
    return false;
  }
}

/** mantissa · 2^(exponent − scale); 0 below the normal numbers, infinite above them. */
function scaledTo(mantissa: number, exponent: number, scale: number): number {
  const shift = exponent - scale;
  if (shift < -1022) return 0;
  return shift > 1023 ? Infinity : mantissa * powerOfTwo(shift);
}

/** Whether one of the units below `units` makes a state of the block more probable by being flipped. */
function hasBetterNeighbourWithin(probabilities: Float64Array, index: number, units: number): boolean {
  const own = probabilities[index];
  for (let unit = 0; unit < units; unit++) {
    if (probabilities[index ^ (1 << unit)] > own) return true;
  }
  return false;
}

/** Order of modes: the most probable first. */
function byProbability(left: EnumeratedMode, right: EnumeratedMode): number {
  return right.probability - left.probability || left.state - right.state;
}

/**
 * Masses by distance, and the worst modes.
 *
 * A state is a local maximum where no single flip is more probable (of states that are equally probable, each), and its
 * probability is one that float64 can tell from 0.
 *
 * @param parameters of a model of binary visible units that {@link canVisitAllStates}
 * @param distances of all 2^n states from the nearest example
 * @param shares of the examples, by number of the state; of each that occurs
 * @param beyond modes are farther than this
 * @param modeCount how many modes are asked for
 * @returns undefined where the parameters are so large that a probability overflows
 * @throws whatever `cooperation.pause` throws
 */
export async function enumerateMass(
  kernels: Kernels,
  parameters: ModelParameters,
  distances: Uint8Array,
  shares: ReadonlyMap<number, number>,
  { beyond, modeCount }: { readonly beyond: number; readonly modeCount: number },
  cooperation: Cooperation = {},
): Promise<EnumeratedMass | undefined> {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias } = parameters;
  const { pause } = cooperation;
  const logPartitionFunction = await exactLogPartitionFunction(kernels, parameters, pause === undefined ? {} : { pause });
  if (!Number.isFinite(logPartitionFunction)) return undefined;
  // Z sets the scale only: masses are divided by their total in the end, so that its rounding does not matter.
  const partitionFunction = new Float64Array(2);
  expScaled(logPartitionFunction, 0, partitionFunction);
  const scale = partitionFunction[1];

  const plan = planEnumeration({ outerUnits: n, innerUnits: m, weights, outerBias: visibleBias, innerBias: hiddenBias });
  const { blocks, blockStates, blockUnits } = plan;
  const singleStates = new SingleStates(kernels, plan);
  let levels = 0;
  for (const distance of distances) levels = max(levels, distance + 1);
  const blockMasses = Array.from({ length: levels }, () => new Float64Array(blocks));
  const [mantissas, exponents] = [new Float64Array(blockStates), new Float64Array(blockStates)];
  const probabilities = new Float64Array(blockStates);
  const excesses = new Float64Array(shares.size);
  let examples = 0;
  const modes: EnumeratedMode[] = [];
  const isWanted = (mode: EnumeratedMode): boolean => modes.length < modeCount || byProbability(mode, modes[modes.length - 1]) < 0;
  for (let block = 0; block < blocks; block++) {
    const first = block * blockStates;
    kernels.enumerationStates(plan, block, mantissas, exponents);
    await kernels.finish();
    for (let index = 0; index < blockStates; index++) {
      const probability = scaledTo(mantissas[index], exponents[index], scale);
      probabilities[index] = probability;
      blockMasses[distances[first + index]][block] += probability;
      if (distances[first + index] > 0) continue;
      const share = shares.get(first + index) ?? 0;
      excesses[examples++] = share * log(share / probability);
    }
    for (let index = 0; index < blockStates; index++) {
      const distance = distances[first + index];
      const probability = probabilities[index];
      if (modeCount === 0 || distance <= beyond || probability === 0 || hasBetterNeighbourWithin(probabilities, index, blockUnits)) continue;
      const mode = { state: first + index, probability, distance };
      if (!isWanted(mode) || singleStates.hasBetterNeighbour(mode.state, blockUnits, n, scale)) continue;
      modes.push(mode);
      modes.sort(byProbability);
      if (modes.length > modeCount) modes.pop();
    }
    cooperation.progress?.((block + 1) / blocks);
    await cooperation.pause?.();
  }
  const masses = Float64Array.from(blockMasses, (ofBlocks) => canonicalSum(ofBlocks));
  const total = canonicalSum(masses);
  if (!(total > 0 && total < Infinity)) return undefined;
  return {
    masses: masses.map((mass) => mass / total),
    modes: modes.map((mode) => ({ ...mode, probability: mode.probability / total })),
    imbalance: max(0, canonicalSum(excesses) + log(masses[0])),
  };
}
