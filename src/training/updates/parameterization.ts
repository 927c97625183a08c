/**
 * The contract of a parameterization: what the optimizer steps in, where that is not the model itself.
 *
 * The kernels know the parameters of {0,1} units and of Gaussian units of variance 1. A model of other units is theirs
 * after a change of variables: steps are taken in its own, *master* parameters, and the kernels' model follows.
 */

import type { Model } from '../../kernels/index.js';
import type { Savable } from '../../sampling/saved-states.js';
import type { Phases } from '../gradients/index.js';
import type { PhaseMeans } from './phase-means.js';

/** A change of variables between what the optimizer steps in and the kernels' model. */
export interface Parameterization {
  /** The parameters that steps are taken in; of the kernels' model's shape. */
  readonly master: Model;
  /** What a checkpoint needs beside the kernels' model, by name. */
  readonly tensors: Readonly<Record<string, Savable>>;
  /** Makes the kernels' model that of the master parameters; the kernels may still be at work on it when it returns. */
  refresh(): void | Promise<void>;
  /** Turns the gradient by the kernels' parameters into that by the master parameters, in place. */
  pullBack(gradient: Model, phases: Phases): void | Promise<void>;
  /** Means of the kernels' units as those of the master parameters' units. */
  meansOf(means: PhaseMeans): PhaseMeans;
}

/** The model's parameters themselves. */
export function identityParameterization(model: Model): Parameterization {
  return { master: model, tensors: {}, refresh: () => undefined, pullBack: () => undefined, meansOf: (means) => means };
}
