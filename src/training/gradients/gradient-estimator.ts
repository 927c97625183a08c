/**
 * The contract of a training algorithm.
 *
 * The gradient of the mean log-likelihood is ⟨∇log p̃⟩ over the data (positive phase) minus E_{v∼p} ∇log p̃ = ∇log Z
 * (negative phase). Algorithms differ in where the samples of the negative phase come from. An algorithm is one file
 * and one row in `index.ts`.
 */

import type { TrainingConfig } from '../../config/run-config.js';
import type { SchemaKey } from '../../config/schema.js';
import type { Kernels, Matrix, Model, Phase, VisibleLayer, VisibleStates } from '../../kernels/index.js';
import type { StreamKey } from '../../random/index.js';
import type { Savable } from '../../sampling/saved-states.js';

/**
 * What an algorithm carries from update to update; serialisable, so that a resumed run continues exactly. Always made by
 * `start`, which may attach working room to it; a resumed run then copies the saved values into the tensors.
 */
export interface GradientState {
  readonly tensors: Readonly<Record<string, Savable>>;
  /** Figures of the last updates for the metrics, by name, in the order in which they are shown; none where left out. */
  figures?(): Readonly<Record<string, number | readonly number[]>>;
}


/** What an algorithm works with; made once for a run, buffers reused by every update. */
export interface GradientContext {
  readonly kernels: Kernels;
  readonly model: Model;
  readonly config: TrainingConfig;
  /** The training data, N × n. */
  readonly examples: VisibleStates;
  /** Stream of the Gibbs chains. */
  readonly key: StreamKey;
  /** The mini-batch (its first rows) and room for its hidden means. */
  readonly batch: { readonly visible: VisibleStates; readonly hiddenMeans: Matrix };
}

/**
 * Both phases of the gradient; valid until the next estimate. They are handed on as samples, not as sums of n × m numbers
 * (which the design has): the update makes those line by line and never holds them. Whoever needs them as arrays has
 * `phaseStatistics` of the model room.
 */
export interface Phases {
  readonly positive: Phase;
  readonly negative: Phase;
}

/** What an algorithm holds beside the parameters, the momentum and the mini-batch; 0 of what is left out. */
export interface GradientDemand {
  /** Rows of chains that it carries from update to update; all of them are saved. */
  readonly chainRows?: number;
  /** Models (of n·m + n + m numbers). */
  readonly models?: number;
  /** How many of these models are saved. */
  readonly savedModels?: number;
}

/** A training algorithm. */
export interface GradientEstimator {
  readonly name: string;
  readonly summary: string;
  /** Other words that people use for it. */
  readonly synonyms: readonly string[];
  /** Whether the key `k` applies to it. */
  readonly usesGibbsSteps: boolean;
  /** Whether the keys `chains` and `chainStart` apply to it; not where left out. */
  readonly usesPersistentChains?: boolean;
  /** Keys of the `training` section that belong to it alone (with `onlyWith` its name). */
  readonly keys: readonly SchemaKey[];
  /** Why it cannot train a model of this shape and these visible units, where it cannot. */
  refuse?(model: { visibleUnits: number; hiddenUnits: number; visibleLayer?: VisibleLayer }): { message: string; hint: string } | undefined;
  /** What it will hold; nothing where left out. */
  demand?(config: TrainingConfig): GradientDemand;
  /** The state before the first update. */
  start(context: GradientContext): GradientState | Promise<GradientState>;
  /**
   * Both phases for the mini-batch in the first `rows` rows of `context.batch.visible`; advances `state`. The kernels may
   * still be at work on them when it returns.
   *
   * @param update number of the update, from 0
   */
  estimate(context: GradientContext, state: GradientState, rows: number, update: number): Promise<Phases>;
}
