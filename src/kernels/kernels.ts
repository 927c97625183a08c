/**
 * The interface of a kernel backend: the few numeric loops that matter.
 *
 * Every backend performs the operations stated here in the order stated here, so that all of them give the same bits.
 * Dimensions: B rows (mini-batch or chains), n visible units, m hidden units; matrices are row-major.
 */

import type { RandomAddress } from './random-address.js';

/** Parameters of an RBM: W (n × m), a (n), b (m). */
export interface ModelParameters {
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  /** W, n × m: weights[i * m + j] joins visible unit i and hidden unit j. */
  readonly weights: Float64Array;
  /** a, n. */
  readonly visibleBias: Float64Array;
  /** b, m. */
  readonly hiddenBias: Float64Array;
}

/** Sufficient statistics of one phase, as sums over `count` samples (or an expectation, with count 1). */
export interface PhaseStatistics {
  count: number;
  /** Σ v, n. */
  readonly visible: Float64Array;
  /** Σ E[h | v], m. */
  readonly hidden: Float64Array;
  /** Σ v E[h | v]ᵀ, n × m. */
  readonly products: Float64Array;
}

/** What one parameter update needs beside the statistics. */
export interface UpdateSettings {
  readonly learningRate: number;
  readonly momentum: number;
  readonly l1: number;
  readonly l2: number;
}

/**
 * The layers of an RBM as seen by an enumeration: all states of the `outer` layer (N units, bit k of the state is unit
 * k) against the units of the `inner` layer (L), which are summed out in closed form.
 */
export interface EnumerationView {
  readonly outerUnits: number;
  readonly innerUnits: number;
  /** N × L. */
  readonly weights: Float64Array;
  /** N. */
  readonly outerBias: Float64Array;
  /** L. */
  readonly innerBias: Float64Array;
}

/** A positive number mantissa · 2^exponent, for sums far beyond the range of float64; 0 is mantissa 0. */
export interface ScaledNumber {
  readonly mantissa: number;
  readonly exponent: number;
}

/** How Σ over the states of one enumeration is computed; made by `planEnumeration`, the same in every backend. */
export interface EnumerationPlan {
  /** `product`: Π (1 + A·B) from tables; `streamed`: log-sum-exp of each state, for weights that could overflow it. */
  readonly form: 'product' | 'streamed';
  readonly view: EnumerationView;
  /** The lower `blockBits` units run within a block, the others number the blocks. */
  readonly blockBits: number;
  /** 2^(N − blockBits). */
  readonly blocks: number;
  /** `product`: 2^blockBits × L, exp of the lower units' share of every inner unit's input. */
  readonly table: Float64Array;
  /** `product`: the product is brought back to [1, 2) after these inner units (ascending, the last one is L). */
  readonly groupEnds: readonly number[];
  /** `product`: exp(bias · state) of the lower units, 2^blockBits, as mantissas and exponents. */
  readonly stateMantissas: Float64Array;
  readonly stateExponents: Float64Array;
}

/** A kernel backend. */
export interface Kernels {
  readonly name: string;

  /**
   * Inputs of the hidden units: inputs[r, j] = b_j + Σ_i v[r, i]·W[i, j], over i ascending; units that are off are
   * skipped.
   *
   * @param visible B × n bytes, 0 or 1
   * @param inputs receives B × m
   */
  hiddenInputs(parameters: ModelParameters, visible: Uint8Array, rows: number, inputs: Float64Array): void;

  /**
   * Inputs of the visible units: inputs[r, i] = a_i + Σ_j h[r, j]·W[i, j], over j ascending; units that are off are
   * skipped.
   *
   * @param hidden B × m bytes, 0 or 1
   * @param inputs receives B × n
   */
  visibleInputs(parameters: ModelParameters, hidden: Uint8Array, rows: number, inputs: Float64Array): void;

  /** As `visibleInputs` for real-valued hidden activities (means): B × m float64, no unit skipped. */
  visibleInputsFromMeans(parameters: ModelParameters, hidden: Float64Array, rows: number, inputs: Float64Array): void;

  /** means[i] = 1 / (1 + exp(−inputs[i])) for the first `length` elements; may be in place. */
  bernoulliMeans(inputs: Float64Array, length: number, means: Float64Array): void;

  /**
   * Draws B rows of states: state (r, i) is 1 with probability means[r, i], by the uniform at (address, firstRow + r, i).
   *
   * @param means B × units
   * @param states receives B × units bytes
   */
  sampleBernoulli(
    address: RandomAddress,
    firstRow: number,
    rows: number,
    units: number,
    means: Float64Array,
    states: Uint8Array,
  ): void;

  /**
   * Sets `statistics` to the sums over the rows, ascending: Σ v, Σ h, Σ v hᵀ (rows whose v is off are skipped), and its
   * count to B.
   *
   * @param visible B × n bytes
   * @param hiddenMeans B × m
   */
  collectStatistics(
    parameters: ModelParameters,
    visible: Uint8Array,
    hiddenMeans: Float64Array,
    rows: number,
    statistics: PhaseStatistics,
  ): void;

  /**
   * One step of gradient ascent, in place. For every parameter θ with its two statistics p and q:
   *
   *     gradient = p·(1/countₚ) − q·(1/count_q)        weights also − l2·θ − l1·sign(θ)
   *     velocity = momentum·velocity + learningRate·gradient      (set to 0 where |velocity| < 2^−960)
   *     θ        = θ + velocity
   *
   * @param velocity same shapes as the parameters
   * @returns whether all parameters are finite afterwards
   */
  updateParameters(
    parameters: ModelParameters,
    velocity: ModelParameters,
    positive: PhaseStatistics,
    negative: PhaseStatistics,
    settings: UpdateSettings,
  ): boolean;

  /**
   * Free energies F(v) = −aᵀv − Σ_j softplus(b_j + vᵀW_·j), in nats; log p(v) = −F(v) − log Z. Both sums are canonical.
   *
   * @param visible B × n bytes
   * @param energies receives B
   */
  freeEnergies(parameters: ModelParameters, visible: Uint8Array, rows: number, energies: Float64Array): void;

  /**
   * One block of an enumeration: Σ over the states of the block of p̃(state).
   *
   * @param block 0 ≤ block < plan.blocks
   */
  enumerationBlock(plan: EnumerationPlan, block: number): ScaledNumber;

  /**
   * Adds the expectations over the states firstState … firstState + states − 1 of the outer layer to `moments`:
   * p(state)·state, p(state)·E[inner | state] and their product, in ascending order of states.
   *
   * @param moments outer N, inner L, products N × L; added to
   */
  enumerationMoments(
    view: EnumerationView,
    logPartitionFunction: number,
    firstState: number,
    states: number,
    moments: { readonly outer: Float64Array; readonly inner: Float64Array; readonly products: Float64Array },
  ): void;
}
