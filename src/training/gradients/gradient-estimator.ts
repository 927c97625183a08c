/**
 * The contract of a training algorithm.
 *
 * The gradient of the mean log-likelihood is ⟨∇log p̃⟩ over the data (positive phase) minus E_{v∼p} ∇log p̃ = ∇log Z
 * (negative phase). Algorithms differ in where the samples of the negative phase come from. An algorithm is one file
 * and one row in `index.ts`.
 */

import type { TrainingConfig } from '../../config/run-config.js';
import type { SchemaKey } from '../../config/schema.js';
import type { BinaryMatrix, Kernels, ModelParameters, PhaseStatistics } from '../../kernels/index.js';
import type { StreamKey } from '../../random/index.js';
import { hiddenMeansGivenVisible, type Chains } from '../../sampling/gibbs.js';

/** A tensor of an algorithm's state, as the checkpoint stores it. */
export interface StateTensor {
  readonly shape: readonly number[];
  readonly values: Float64Array | Uint8Array;
}

/**
 * What an algorithm carries from update to update; serialisable, so that a resumed run continues exactly. Always made by
 * `start`, which may attach working room to it; a resumed run then copies the saved values into the tensors.
 */
export interface GradientState {
  readonly tensors: Readonly<Record<string, StateTensor>>;
}

/** What an algorithm works with; made once for a run, buffers reused by every update. */
export interface GradientContext {
  readonly kernels: Kernels;
  readonly parameters: ModelParameters;
  readonly config: TrainingConfig;
  /** The training data, N × n. */
  readonly examples: BinaryMatrix;
  /** Stream of the Gibbs chains. */
  readonly key: StreamKey;
  /** The mini-batch (B × n, first rows of `visible`) and room for its hidden means and chains. */
  readonly batch: Chains;
  readonly positive: PhaseStatistics;
  readonly negative: PhaseStatistics;
}

/** A training algorithm. */
export interface GradientEstimator {
  readonly name: string;
  readonly summary: string;
  /** Other words that people use for it. */
  readonly synonyms: readonly string[];
  /** Whether the key `k` applies to it. */
  readonly usesGibbsSteps: boolean;
  /** Keys of the `training` section that belong to it alone (with `onlyWith` its name). */
  readonly keys: readonly SchemaKey[];
  /** Why it cannot train a model of this shape, where it cannot. */
  refuse?(model: { visibleUnits: number; hiddenUnits: number }): { message: string; hint: string } | undefined;
  /** The state before the first update. */
  start(context: GradientContext): GradientState;
  /**
   * Sets both phases' statistics (sums and their counts) for the mini-batch in the first `rows` rows of
   * `context.batch.visible`. May overwrite the batch, and advances `state`.
   *
   * @param update number of the update, from 0
   */
  estimate(context: GradientContext, state: GradientState, rows: number, update: number): void;
}

/** The positive phase, the same for all: E[h | v] of the batch (left in `batch.hiddenMeans`) and its statistics. */
export function positivePhase(context: GradientContext, rows: number): void {
  const { kernels, parameters, batch, positive } = context;
  hiddenMeansGivenVisible(kernels, parameters, batch.visible, rows, batch.hiddenMeans);
  kernels.collectStatistics(parameters, batch.visible, batch.hiddenMeans, rows, positive);
}
