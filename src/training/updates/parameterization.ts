/**
 * The contract of a parameterization: what the optimizer steps in, where that is not the model itself.
 *
 * The kernels know the parameters of {0,1} units and of Gaussian units of variance 1. A model of other units is theirs
 * after a change of variables: steps are taken in its own, *master* parameters, and the kernels' model follows.
 */

import type { Model, VisibleStates } from '../../kernels/index.js';
import type { DeclaredModel, ModelUnits } from '../../model/units/index.js';
import type { Phases } from '../gradients/index.js';
import type { PhaseMeans } from './phase-means.js';

/** A change of variables between what the optimizer steps in and the kernels' model. */
export interface Parameterization {
  /** The parameters that steps are taken in; of the kernels' model's shape. What a run saves. */
  readonly master: DeclaredModel;
  /**
   * Makes the kernels' model (or `standard`) that of the master (or of `declared`) parameters. The kernels are done with
   * them before; they may still be at work on it when it returns.
   */
  refresh(declared?: DeclaredModel, standard?: Model): void;
  /** Turns the gradient by the kernels' parameters into a direction for the master parameters (their gradient, suitably scaled), in place. */
  pullBack(gradient: Model, phases: Phases): void | Promise<void>;
  /** Steps along the last gradient in what the master has beside a model's parameters; returns whether that is finite. */
  stepOthers?(learningRate: number): boolean;
  /** Means of the kernels' units as those of the master parameters' units. */
  meansOf(means: PhaseMeans): PhaseMeans;
  /**
   * What the value of each visible unit is multiplied by, beside its weights, in the inputs of hidden units (1/σ² of Gaussian
   * ones), n; 1 where left out.
   */
  inputFactors?(): Float64Array | undefined;
  /** Turns the first rows of states as the data have them into the kernels' units, in place; left out: they are that. */
  toStandard?(states: VisibleStates, rows: number): void;
}

/** The model's parameters themselves. */
export function identityParameterization(model: Model, units?: ModelUnits): Parameterization {
  const master = units === undefined ? model : { ...model, units };
  return { master, refresh: () => undefined, pullBack: () => undefined, meansOf: (means) => means };
}
