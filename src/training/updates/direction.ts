/**
 * The contract of a direction: what is done to the gradient before the optimizer takes a step along it.
 */

import type { TrainingConfig } from '../../config/run-config.js';
import type { Kernels, Model, VisibleStates } from '../../kernels/index.js';
import type { Savable } from '../../sampling/saved-states.js';
import type { Parameterization } from './parameterization.js';
import type { PhaseMeans } from './phase-means.js';

/** What a direction is made from. */
export interface DirectionContext {
  readonly kernels: Kernels;
  /** The shapes of the gradient. */
  readonly model: Model;
  readonly config: TrainingConfig;
  /** The training data, N × n. */
  readonly examples: VisibleStates;
  /** The units that it is in. */
  readonly parameterization: Pick<Parameterization, 'meansOf' | 'inputFactors'>;
}

/** Means of the units in both phases; worked out when first asked for. */
export interface MeansOfPhases {
  readonly positive: PhaseMeans;
  readonly negative: PhaseMeans;
}

/** One change of the gradient, with what it carries from update to update. */
export interface Direction {
  /** Everything that a resumed run needs, by name. */
  readonly tensors: Readonly<Record<string, Savable>>;
  /** Changes the gradient, in place. The kernels are done with it before; they need not be afterwards. */
  apply(gradient: Model, means: MeansOfPhases): void | Promise<void>;
}

/** Makes a direction; undefined where the config does not ask for it. */
export type StartDirection = (context: DirectionContext) => Direction | undefined;
