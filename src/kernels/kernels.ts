/**
 * The interface of a kernel backend: the few numeric loops that matter.
 *
 * Every backend performs the operations stated here in the order stated here, so that all of them give the same bits.
 * Dimensions: B rows (mini-batch or chains), n visible units, m hidden units.
 *
 * What kernels work on lives in the backend's own memory and layout; it is made by the `create…` functions, and freed
 * with the kernels. A backend may work in the background: results may be read, and arguments changed, after `finish`;
 * ordinary arrays are read when the kernel is asked for, so they must not wait for another kernel's result.
 *
 * Sums over units or rows go in groups of four: group g is 4g … 4g + 3. The terms of a group are added to each other in
 * ascending order, then the group's sum to the total, groups ascending. Terms of units (rows) that are off are left out,
 * and groups without any term, too. So a group of binary units is one of 15 sums, which a backend may keep in a table: on
 * MNIST that halves the additions. (The design has one term after the other; the reason for its order, that scalar, SIMD
 * and any number of threads add the same numbers in the same order, holds for groups as well.)
 */

import type { BinaryMatrix } from './binary-matrix.js';
import type { RandomAddress } from './random-address.js';
import type { VisibleLayer } from './visible-layer.js';

/** Parameters of an RBM in ordinary arrays, as files and tools have them: W (n × m), a (n), b (m). */
export interface ModelParameters {
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  /** W, n × m row-major: weights[i * m + j] joins visible unit i and hidden unit j. */
  readonly weights: Float64Array;
  /** a, n. */
  readonly visibleBias: Float64Array;
  /** b, m. */
  readonly hiddenBias: Float64Array;
  /** What the visible units are; binary where left out. */
  readonly visibleLayer?: VisibleLayer;
}

/** A real matrix in a backend's memory and layout. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Copies rows from `firstRow` on, row-major, as many as fill `target`. */
  readRows(firstRow: number, target: Float64Array): void;
  /** Sets rows from `firstRow` on, row-major, as many as `source` holds. */
  writeRows(firstRow: number, source: Float64Array): void;
  /** `count` rows from `firstRow` on, in the same memory. */
  rowsOf(firstRow: number, count: number): Matrix;
}

/** States of the visible layer, B × n: packed {0,1} of binary and categorical units, real numbers of Gaussian ones. */
export type VisibleStates = BinaryMatrix | Matrix;

/** Parameters (or their velocity) in a backend's memory. */
export interface Model {
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  /** W, n × m. */
  readonly weights: Matrix;
  /** a, n; may be written to. */
  readonly visibleBias: Float64Array;
  /** b, m; may be written to. */
  readonly hiddenBias: Float64Array;
  /** What the visible units are. */
  readonly visibleLayer: VisibleLayer;
}

/**
 * Models between a base-rate model (no weights, hidden biases 0) and the model itself: at inverse temperature β the RBM of
 * parameters β·W, β·b and (1 − β)·base + β·a, the geometric path of Salakhutdinov & Murray (2008, eqs. 10–14).
 */
export interface Tempering {
  /** β of every row, each in [0, 1]; may hold more than there are rows. */
  readonly inverseTemperatures: Float64Array;
  /** Visible bias at β = 0, n. */
  readonly baseVisibleBias: Float64Array;
}

/** Rows whose hidden means are asked for. */
export interface HiddenMeansRequest {
  /** v, at least `rows` × n. */
  readonly visible: VisibleStates;
  readonly rows: number;
  /** Receives E[h | v], rows × m. */
  readonly means: Matrix;
}

/** Expectations under the model: E[v] (n), E[h] (m), E[v hᵀ] (n × m row-major). */
export interface ModelMoments {
  readonly visible: Float64Array;
  readonly hidden: Float64Array;
  readonly products: Float64Array;
  /** E[v²], n; of Gaussian units only. */
  readonly visibleSquares?: Float64Array;
}

/** One phase of the gradient: samples v with their E[h | v] (rows ≥ 1), or the expectation itself. */
export type Phase =
  | { readonly kind: 'samples'; readonly visible: VisibleStates; readonly hiddenMeans: Matrix; readonly rows: number }
  | { readonly kind: 'expectation'; readonly moments: ModelMoments };

/** What one parameter update needs beside the statistics. */
export interface UpdateSettings {
  readonly learningRate: number;
  readonly momentum: number;
  readonly l1: number;
  readonly l2: number;
}

/**
 * How a gradient becomes a step, for every parameter θ with its gradient g (weights: − l2·θ − l1·sign(θ) first). What is kept
 * from step to step is set to 0 where its magnitude is below 2^−960.
 *
 *     momentum   first = momentum·first + learningRate·g;  θ += first     (no `first`: θ += learningRate·g)
 *     nesterov   first = momentum·first + learningRate·g;  θ += momentum·first + learningRate·g
 *     adaptive   first = firstDecay·first + (1 − firstDecay)·g            (no `first`: g itself)
 *                second = secondDecay·second + (1 − secondDecay)·(g·g)
 *                θ += (learningRate·(first·firstCorrection)) / (√(second·secondCorrection) + epsilon)   (0 where the dividend is)
 */
export type StepRule = { readonly learningRate: number; readonly l1: number; readonly l2: number } & (
  | { readonly rule: 'momentum' | 'nesterov'; readonly momentum: number }
  | {
      readonly rule: 'adaptive';
      readonly firstDecay: number;
      readonly secondDecay: number;
      readonly firstCorrection: number;
      readonly secondCorrection: number;
      readonly epsilon: number;
    }
);

/** Running means of gradients, each of the model's shape. */
export interface StepState {
  readonly first?: Model;
  readonly second?: Model;
}

/** target[i, j] = source[i, j]·rowFactors[i]·columnFactors[j] + Σ_t terms[t].rows[i]·terms[t].columns[j], in this order. */
export interface WeightTransformation {
  /** One for every row; left out: not multiplied. */
  readonly rowFactors?: Float64Array;
  /** One for every column; left out: not multiplied. */
  readonly columnFactors?: Float64Array;
  /** At most two. */
  readonly terms?: readonly { readonly rows: Float64Array; readonly columns: Float64Array }[];
}

/**
 * The layers of an RBM as seen by an enumeration: all states of the `outer` layer (N units) against the units of the
 * `inner` layer (L), which are summed out in closed form.
 *
 * An outer unit is binary, or has levels 0 … levels[k]: level l stands for l equal units that are on, adds l times its
 * weights to the inner inputs, and has a log weight of its own. The number of a state is Σ_k level_k · Π_{i<k}
 * (levels[i] + 1); for binary units, bit k of the state is unit k.
 */
export interface EnumerationView {
  readonly outerUnits: number;
  readonly innerUnits: number;
  /** N × L. */
  readonly weights: Float64Array;
  /** Log weights of the levels 1 … levels[k] (that of level 0 is 0), unit after unit: N biases where all are binary. */
  readonly outerBias: Float64Array;
  /** N highest levels, at least 1; left out where all outer units are binary. */
  readonly levels?: Uint32Array;
  /** L. */
  readonly innerBias: Float64Array;
  /** What the inner units are, where these are the visible ones; binary where left out. */
  readonly innerLayer?: VisibleLayer;
}

/** A positive number mantissa · 2^exponent, for sums far beyond the range of float64; 0 is mantissa 0. */
export interface ScaledNumber {
  readonly mantissa: number;
  readonly exponent: number;
}

/** How Σ over the states of one enumeration is computed; made by `planEnumeration`, the same in every backend. */
export interface EnumerationPlan {
  /**
   * `product`: Π (1 + A·B) from tables; `streamed`: log-sum-exp of each state, for weights that could overflow it;
   * `cumulant`: the inner layer's cumulant of each state, for inner units that are not binary; `quadratic`: of Gaussian inner
   * units, whose cumulant is a quadratic form of the state.
   */
  readonly form: 'product' | 'streamed' | 'cumulant' | 'quadratic';
  readonly view: EnumerationView;
  /** N highest levels: those of the view, or all 1. */
  readonly levels: Uint32Array;
  /** N: where in `outerBias` the log weights of each unit start. */
  readonly levelOffsets: Uint32Array;
  /** The lower `blockUnits` units run within a block, the others number the blocks. */
  readonly blockUnits: number;
  /** States of a block: Π (levels + 1) of the lower units. */
  readonly blockStates: number;
  /** Π (levels + 1) of the others. */
  readonly blocks: number;
  /** `product`: the product is brought back to [1, 2) after these inner units (ascending, the last one is L). */
  readonly groupEnds: readonly number[];
}

/** Where `enumerationMoments` adds up. */
export interface EnumeratedMoments {
  readonly outer: Float64Array;
  readonly inner: Float64Array;
  readonly products: Float64Array;
  readonly innerSquares?: Float64Array;
}

/** A kernel backend. */
export interface Kernels {
  readonly name: string;
  /** Threads that share the work; no result depends on it. */
  readonly threads: number;

  /** Parameters (or velocity, or a gradient) of shape n × m, all zero; the visible layer is binary where left out. */
  createModel(visibleUnits: number, hiddenUnits: number, visibleLayer?: VisibleLayer): Model;
  /** A rows × columns matrix, all zero. */
  createMatrix(rows: number, columns: number): Matrix;
  /** Binary states, all zero. Kernels take other binary matrices as well, at the cost of a copy, but write only to these. */
  createStates(rows: number, columns: number): BinaryMatrix;
  /** States of the visible units of such a model, all zero. Kernels take those of `createHostMatrix` as well, at the cost of a copy. */
  createVisibleStates(rows: number, model: { readonly visibleUnits: number; readonly visibleLayer?: VisibleLayer }): VisibleStates;

  /** Frees what a `create…` function made, where it is not to live as long as the kernels. */
  release(...made: readonly (Model | Matrix | BinaryMatrix)[]): void;

  /**
   * Inputs of the hidden units: inputs[r, j] = b_j + Σ_i v[r, i]·W[i, j], over i in groups of four. Of real-valued states no
   * unit is left out, whatever its value.
   *
   * @param inputs receives B × m
   */
  hiddenInputs(model: Model, visible: VisibleStates, rows: number, inputs: Matrix): void;

  /** Means of the hidden units, sigmoid(input), for one or several sets of rows: they share the work on the weights. */
  hiddenMeans(model: Model, requests: readonly HiddenMeansRequest[]): void;

  /**
   * Inputs of the visible units: inputs[r, i] = a_i + Σ_j h[r, j]·W[i, j], over j in groups of four.
   *
   * @param inputs receives B × n
   */
  visibleInputs(model: Model, hidden: BinaryMatrix, rows: number, inputs: Matrix): void;

  /** As `visibleInputs` for real-valued hidden activities (means), B × m; no unit is left out. */
  visibleInputsFromMeans(model: Model, hidden: Matrix, rows: number, inputs: Matrix): void;

  /** matrix[r, i] = sigmoid(matrix[r, i]) for the first `rows` rows. */
  bernoulliMeans(matrix: Matrix, rows: number): void;

  /** Turns inputs of the visible units into E[v | h], in place, for the first `rows` rows: see `VisibleLayer`. */
  visibleMeans(model: Model, inputs: Matrix, rows: number): void;

  /**
   * Draws B rows of states: state (r, i) is 1 with probability means[r, i], by the uniform at (address, firstRow + r, i).
   *
   * @param means B × units
   * @param states receives B × units
   */
  sampleBernoulli(address: RandomAddress, firstRow: number, rows: number, means: Matrix, states: BinaryMatrix): void;

  /**
   * Draws h ~ p(h | v): `hiddenMeans` and `sampleBernoulli` in one, the means not kept.
   *
   * @param tempering where given, of the tempered models: the inputs x of row r are β_r·x then
   */
  sampleHidden(
    model: Model, visible: VisibleStates, rows: number, address: RandomAddress, firstRow: number, hidden: BinaryMatrix, tempering?: Tempering,
  ): void;

  /**
   * Draws v ~ p(v | h). With inputs x, uniforms u (52 bits) and ψ the inverse of the normal distribution function:
   *
   *     binary       as `sampleBernoulli` with sigmoid(x)
   *     gaussian     x_i + ψ(u at (address, row, i))
   *     categorical  of each group: e_i = exp(x_i − max x), the first unit i with e_first + … + e_i > u·Σ e is on; u at the
   *                  group's first unit; both sums ascending; the last unit where rounding leaves none
   *
   * @param tempering where given, of the tempered models: the inputs x of row r are (1 − β_r)·base + β_r·x then
   */
  sampleVisible(
    model: Model, hidden: BinaryMatrix, rows: number, address: RandomAddress, firstRow: number, visible: VisibleStates, tempering?: Tempering,
  ): void;

  /**
   * One step of gradient ascent, in place. For every parameter θ:
   *
   *     gradient = mean over the positive phase − mean over the negative phase
   *                of v hᵀ (weights), v (visible bias), h (hidden bias), with h = E[h | v]
   *                weights also − l2·θ − l1·sign(θ), where l2, l1 are not 0
   *     velocity = momentum·velocity + learningRate·gradient      (set to 0 where |velocity| < 2^−960)
   *     θ        = θ + velocity
   *
   * Means of v hᵀ and of h start from 0 and go over the rows in groups of four, every h multiplied by ±1/rows before it is
   * added: first the positive phase, then on to the negative one; an expectation is added or subtracted as a whole. Means of
   * v are counts multiplied by ±1/rows. Of real-valued v, they are sums over rows in groups of four of v·(±1/rows), and those
   * of v hᵀ of v·(h·(±1/rows)); no row is left out. Without momentum and decay, the weights of binary units that are off in
   * all rows of both phases stay as they are (an expectation has no rows: nothing is off then).
   *
   * @param velocity same shapes as the model; left out for training without momentum: it is learningRate·gradient then
   * @returns after `finish`: whether all parameters that it did not leave as they were are finite
   */
  updateParameters(
    model: Model,
    velocity: Model | undefined,
    positive: Phase,
    negative: Phase,
    settings: UpdateSettings,
  ): { readonly finite: boolean };

  /**
   * target = decay·target + scale·(mean over the positive phase − mean over the negative phase), of v hᵀ, v and h as in
   * `updateParameters`; a phase that is left out contributes nothing. With decay 0 the target's values are not read.
   *
   * @param target of the phases' shapes
   */
  accumulateGradient(
    target: Model,
    positive: Phase | undefined,
    negative: Phase | undefined,
    settings: { readonly scale: number; readonly decay: number },
  ): void;

  /** See `WeightTransformation`; `target` may be `source`. */
  transformWeights(source: Matrix, target: Matrix, transformation: WeightTransformation): void;

  /** target = x ∘ y, element by element; `target` may be either of them. All have the same shape. */
  multiplyElements(x: Matrix, y: Matrix, target: Matrix): void;

  /** target = α·x + β·y for every parameter; `target` may be x or y. */
  combineModels(target: Model, alpha: number, x: Model, beta: number, y: Model): void;

  /**
   * One step along a gradient, in place; see `StepRule`.
   *
   * @returns after `finish`: whether all parameters are finite
   */
  stepParameters(model: Model, gradient: Model, state: StepState, rule: StepRule): { readonly finite: boolean };

  /**
   * How much likelier each row would be with one binary unit flipped: ratios[r, i] = log p̃(v^i) − log p̃(v), in nats, with
   * d = 1 − 2·v_i:
   *
   *     d·a_i + Σ_j [softplus(x_j + d·W[i, j]) − softplus(x_j)] = d·a_i + log Π_j [sigmoid(−x_j) + sigmoid(x_j)·exp(d·W[i, j])]
   *
   * With the largest |W| of the model, the product goes over 8·min(64, ⌊75 / largest⌋) units at a time: lane l of 8 multiplies
   * over j ≡ l mod 8 ascending, and the lanes are combined in the order of a canonical sum; the logarithms are added up,
   * ascending, then to d·a_i. Where the largest |W| is above 75 it is the canonical sum of the differences instead.
   *
   * @param inputs x, the hidden inputs of the rows, B × m
   * @param ratios receives B × n
   */
  flipLogRatios(model: Model, visible: BinaryMatrix, rows: number, inputs: Matrix, ratios: Matrix): void;

  /**
   * Weighted statistics of the rows with one unit flipped, with d = 1 − 2·v_i and s_rij = c_ri·sigmoid(x_rj + d_ri·W[i, j]):
   * hidden[r, j] = Σ_i s_rij and products[i, j] = Σ_r d_ri·s_rij, both one term after the other, ascending. The sigmoid is
   * sigmoid(x)·exp(d·W) / [sigmoid(−x) + sigmoid(x)·exp(d·W)], and where the largest |W| is above 75 sigmoid(x + d·W) itself.
   *
   * @param inputs x, the hidden inputs of the rows, B × m
   * @param coefficients c, B × n
   * @param hidden receives B × m
   * @param products receives n × m
   */
  flipStatistics(
    model: Model, visible: BinaryMatrix, rows: number, inputs: Matrix, coefficients: Matrix, hidden: Matrix, products: Matrix,
  ): void;

  /**
   * Free energies F(v) = −aᵀv − Σ_j softplus(b_j + vᵀW_·j), in nats, of Gaussian units ½‖v − a‖² instead of −aᵀv;
   * log p(v) = −F(v) − log Z. All sums are canonical.
   *
   * @param energies receives B
   */
  freeEnergies(model: Model, visible: VisibleStates, rows: number, energies: Float64Array): void;

  /**
   * Free energies of the same rows under several tempered models each, in nats:
   *
   *     F_β(v) = −((1 − β)·baseᵀv + β·aᵀv) − Σ_j softplus(β·x_j),  x_j = b_j + vᵀW_·j
   *
   * Both products with v are canonical sums. softplus(y) is max(y, 0) + log(1 + exp(−|y|)): lane l of 8 adds max(y_j, 0) and
   * multiplies 1 + exp(−|y_j|) over j ≡ l mod 8 ascending; after every 4,096 units, and at the end, log of the product is
   * added to the lane's sum and the product set to 1. Lanes are combined as in a canonical sum. One exponential per unit,
   * and hardly a logarithm. Of Gaussian units the first term is ½·(S₀ − 2·β·S₁ + β²·S₂) instead, with the canonical sums
   * S₀ = Σ (v − base)², S₁ = Σ (v − base)·(a − base), S₂ = Σ (a − base)².
   *
   * @param tempering `inverseTemperatures` holds K·B numbers: those of the first model of every row, of the second, …
   * @param energies receives as many
   */
  temperedFreeEnergies(model: Model, visible: VisibleStates, rows: number, tempering: Tempering, energies: Float64Array): void;

  /**
   * Blocks firstBlock … firstBlock + blocks − 1 of an enumeration: of each Σ p̃(state) over its states, as
   * mantissa · 2^exponent.
   *
   * @param mantissas receives `blocks` numbers
   * @param exponents receives `blocks` numbers
   */
  enumerationBlocks(
    plan: EnumerationPlan,
    firstBlock: number,
    blocks: number,
    mantissas: Float64Array,
    exponents: Float64Array,
  ): void;

  /**
   * p̃ of every state of one block, as mantissa · 2^exponent: state `block · states of a block + s` is number s. Their sum
   * in canonical order is what `enumerationBlocks` gives. For a few blocks, as to choose a state; it shares no work.
   *
   * @param mantissas receives as many numbers as a block has states
   * @param exponents receives as many
   */
  enumerationStates(plan: EnumerationPlan, block: number, mantissas: Float64Array, exponents: Float64Array): void;

  /**
   * Adds the expectations over the states firstState … firstState + states − 1 of the outer layer to `moments`:
   * p(state)·state, p(state)·E[inner | state] and their product, in ascending order of states. The outer units are binary.
   *
   * @param moments outer N, inner L, products N × L, of Gaussian inner units also E[inner²] L; added to
   */
  enumerationMoments(
    view: EnumerationView,
    logPartitionFunction: number,
    firstState: number,
    states: number,
    moments: EnumeratedMoments,
  ): void;

  /**
   * Waits until everything asked for is done. Returns nothing where it is done already.
   *
   * @throws Error with code ERR_COMPUTE_THREAD (the promise is rejected) where a thread has died, or the kernels were
   *   closed; they are then of no further use
   */
  finish(): Promise<void> | undefined;

  /** Ends the backend's threads. */
  close(): Promise<void>;
}
