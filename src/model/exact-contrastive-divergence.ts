/**
 * The exact expectation of CD-k, with no sampling at all: the distribution over all visible states is carried through the
 * Gibbs step v → h → v, k times. Small models of binary units only; the oracle of the sampled gradient, as `exact-moments.ts`
 * is of the model's own.
 *
 * The transition operator T(v′ | v) = Σ_h p(h | v) p(v′ | h) has 2^n × 2^n entries and is never written down. Half a step takes
 * a distribution p over one layer's states to q(h) = Σ_v p(v) p(h | v) over the other's, and p(h | v) is a product over units: the
 * probabilities of the lower half of the units' states and those of the upper half are tabled for each v, so that every pair (v, h)
 * costs one multiplication and one addition.
 *
 * State number s of N units has unit i on where bit i of s is. Everything is added in ascending order of states: the same bits on
 * every machine.
 */

import { exp, getUnit, sigmoid, softplus, type BinaryMatrix, type ModelMoments, type ModelParameters } from '../kernels/index.js';
import type { Cooperation } from './cooperation.js';
import { hasBinaryVisible, type EnumerableModel } from './enumeration-view.js';

/** What the probabilities of one unit given one state take, in pairs of states. */
const costOfUnit = 64;

/** Pairs of states between two pauses: some milliseconds. */
const pausePairs = 4_194_304;

/** Most units of either layer: a distribution is held as an array of 2^units numbers. */
const mostUnits = 20;

/** 2^units, as a running product: ** is left to the implementation by ECMAScript. */
function statesOf(units: number): number {
  let states = 1;
  for (let unit = 0; unit < units; unit++) states *= 2;
  return states;
}

/**
 * What {@link afterGibbsSteps} and {@link momentsUnder} together take, in pairs of states (v, h): some 2e-9 s each (9 × 8 to 20 × 6).
 *
 * @returns Infinity where it can't be done: the visible units are not binary, or a layer has more than 20 units
 */
export function propagationCost(model: EnumerableModel, steps: number): number {
  const { visibleUnits: n, hiddenUnits: m } = model;
  if (!hasBinaryVisible(model) || n > mostUnits || m > mostUnits) return Infinity;
  const [visible, hidden] = [statesOf(n), statesOf(m)];
  return 2 * steps * visible * hidden + costOfUnit * ((steps + 1) * visible * m + steps * hidden * n);
}

/** One layer given the other, as half a Gibbs step sees it. */
interface Conditional {
  /** Units that are given, N. */
  readonly givenUnits: number;
  /** Units that are drawn, L. */
  readonly drawnUnits: number;
  /** N × L. */
  readonly weights: Float64Array;
  /** L. */
  readonly bias: Float64Array;
}

/** h given v, and v given h. */
function conditionalsOf({ visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias }: ModelParameters): {
  hidden: Conditional;
  visible: Conditional;
} {
  const transposed = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) transposed[j * n + i] = weights[i * m + j];
  }
  return {
    hidden: { givenUnits: n, drawnUnits: m, weights, bias: hiddenBias },
    visible: { givenUnits: m, drawnUnits: n, weights: transposed, bias: visibleBias },
  };
}

/** Inputs of the drawn units: inputs[j] = bias_j + Σ_i W[i, j] over the given units that are on, ascending. */
function inputsGiven({ givenUnits, drawnUnits, weights, bias }: Conditional, state: number, inputs: Float64Array): void {
  inputs.set(bias);
  for (let unit = 0; unit < givenUnits; unit++) {
    if (((state >>> unit) & 1) === 0) continue;
    const row = unit * drawnUnits;
    for (let j = 0; j < drawnUnits; j++) inputs[j] += weights[row + j];
  }
}

/** `factor` times the probabilities of all states of the units `first` … `first + log2(target.length) − 1`, which are independent. */
function fillProduct(factor: number, on: Float64Array, off: Float64Array, first: number, target: Float64Array): void {
  target[0] = factor;
  for (let unit = first, filled = 1; filled < target.length; unit++, filled *= 2) {
    for (let state = 0; state < filled; state++) {
      target[filled + state] = target[state] * on[unit];
      target[state] *= off[unit];
    }
  }
}

/** A counter of work that gives way now and then. */
function pacer({ pause }: Cooperation): (pairs: number) => Promise<void> | undefined {
  let done = 0;
  return (pairs) => {
    done += pairs;
    if (done < pausePairs) return undefined;
    done = 0;
    return pause?.();
  };
}

/** Given states at a time: their contributions are added to each other first, for a third of the time less. */
const groupStates = 4;

/**
 * Half a Gibbs step: Σ over the given layer's states of their probability times the distribution of the drawn layer given them.
 * The states of probability 0 are left out; of the others, four at a time are added as (0 + 1) + (2 + 3), groups ascending.
 *
 * @param distribution 2^N
 * @returns 2^L
 */
async function halfStep(conditional: Conditional, distribution: Float64Array, pace: ReturnType<typeof pacer>): Promise<Float64Array> {
  const { drawnUnits } = conditional;
  const lowerUnits = drawnUnits >>> 1;
  const tables = (units: number): Float64Array[] => Array.from({ length: groupStates }, () => new Float64Array(statesOf(units)));
  const lower = tables(lowerUnits);
  const upper = tables(drawnUnits - lowerUnits);
  const drawn = new Float64Array(statesOf(drawnUnits));
  const inputs = new Float64Array(drawnUnits);
  const on = new Float64Array(drawnUnits);
  const off = new Float64Array(drawnUnits);
  let members = 0;
  for (let state = 0; state < distribution.length; state++) {
    const probability = distribution[state];
    if (probability !== 0) {
      inputsGiven(conditional, state, inputs);
      for (let unit = 0; unit < drawnUnits; unit++) {
        // Not 1 − p: a rare state keeps its leading places.
        on[unit] = sigmoid(inputs[unit]);
        off[unit] = sigmoid(-inputs[unit]);
      }
      fillProduct(1, on, off, 0, lower[members]);
      fillProduct(probability, on, off, lowerUnits, upper[members]);
      members++;
    }
    const isLast = state === distribution.length - 1;
    if (members < groupStates && !(isLast && members > 0)) continue;
    for (let member = members; member < groupStates; member++) upper[member].fill(0);
    members = 0;
    addProducts(lower, upper, drawn);
    const pending = pace(groupStates * (drawn.length + costOfUnit * drawnUnits));
    if (pending !== undefined) await pending;
  }
  return drawn;
}

/** drawn[high, low] += Σ of the four of lower[·][low]·upper[·][high]. */
function addProducts([l0, l1, l2, l3]: readonly Float64Array[], [u0, u1, u2, u3]: readonly Float64Array[], drawn: Float64Array): void {
  for (let high = 0, target = 0; high < u0.length; high++) {
    const [f0, f1, f2, f3] = [u0[high], u1[high], u2[high], u3[high]];
    for (let low = 0; low < l0.length; low++) drawn[target++] += f0 * l0[low] + f1 * l1[low] + (f2 * l2[low] + f3 * l3[low]);
  }
}

/**
 * The distribution of v after `steps` Gibbs steps.
 *
 * @param parameters of binary units
 * @param distribution of v before them, 2^n
 * @returns 2^n; `distribution` itself where there are no steps
 * @throws whatever `cooperation.pause` throws
 */
export async function afterGibbsSteps(
  parameters: ModelParameters,
  distribution: Float64Array,
  steps: number,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const { hidden, visible } = conditionalsOf(parameters);
  const pace = pacer(cooperation);
  let current = distribution;
  for (let step = 0; step < steps; step++) current = await halfStep(visible, await halfStep(hidden, current, pace), pace);
  return current;
}

/**
 * E[v] (n), E[h] (m) and E[v hᵀ] (n × m) with v from a distribution and h from p(h | v).
 *
 * @param distribution 2^n
 * @throws whatever `cooperation.pause` throws
 */
export async function momentsUnder(
  parameters: ModelParameters,
  distribution: Float64Array,
  cooperation: Cooperation = {},
): Promise<ModelMoments> {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const conditional = conditionalsOf(parameters).hidden;
  const pace = pacer(cooperation);
  const [visible, hidden, products] = [new Float64Array(n), new Float64Array(m), new Float64Array(n * m)];
  const weighted = new Float64Array(m);
  for (let state = 0; state < distribution.length; state++) {
    const probability = distribution[state];
    if (probability === 0) continue;
    inputsGiven(conditional, state, weighted);
    for (let j = 0; j < m; j++) {
      weighted[j] = probability * sigmoid(weighted[j]);
      hidden[j] += weighted[j];
    }
    for (let i = 0; i < n; i++) {
      if (((state >>> i) & 1) === 0) continue;
      visible[i] += probability;
      for (let j = 0; j < m; j++) products[i * m + j] += weighted[j];
    }
    const pending = pace(costOfUnit * m);
    if (pending !== undefined) await pending;
  }
  return { visible, hidden, products };
}

/**
 * The expectation of CD-k's negative phase: E[v], E[h], E[v hᵀ] after `steps` Gibbs steps from the data, with E[h | v] for h as
 * the algorithm has it.
 *
 * @param parameters of binary units
 * @param data distribution of the examples, 2^n: see {@link empiricalDistribution}
 * @param steps k
 * @throws whatever `cooperation.pause` throws
 */
export async function contrastiveDivergenceMoments(
  parameters: ModelParameters,
  data: Float64Array,
  steps: number,
  cooperation: Cooperation = {},
): Promise<ModelMoments> {
  return momentsUnder(parameters, await afterGibbsSteps(parameters, data, steps, cooperation), cooperation);
}

/** How often each state stands among the examples, as a share of them: 2^n. */
export function empiricalDistribution(examples: BinaryMatrix): Float64Array {
  const { rows, columns } = examples;
  const shares = new Float64Array(statesOf(columns));
  for (let row = 0; row < rows; row++) {
    let state = 0;
    for (let unit = 0; unit < columns; unit++) state += getUnit(examples, row, unit) << unit;
    shares[state] += 1;
  }
  for (let state = 0; state < shares.length; state++) shares[state] /= rows;
  return shares;
}

/**
 * The model's own distribution of v: p(v) = exp(aᵀv + Σ_j softplus(b_j + vᵀW_·j) − log Z), 2^n.
 *
 * @param parameters of binary units
 * @param logPartitionFunction log Z of these parameters, in nats
 * @throws whatever `cooperation.pause` throws
 */
export async function visibleDistribution(
  parameters: ModelParameters,
  logPartitionFunction: number,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = parameters;
  const conditional = conditionalsOf(parameters).hidden;
  const pace = pacer(cooperation);
  const distribution = new Float64Array(statesOf(n));
  const inputs = new Float64Array(m);
  for (let state = 0; state < distribution.length; state++) {
    inputsGiven(conditional, state, inputs);
    let logProbability = -logPartitionFunction;
    for (let i = 0; i < n; i++) if (((state >>> i) & 1) === 1) logProbability += visibleBias[i];
    for (let j = 0; j < m; j++) logProbability += softplus(inputs[j]);
    distribution[state] = exp(logProbability);
    const pending = pace(costOfUnit * m);
    if (pending !== undefined) await pending;
  }
  return distribution;
}
