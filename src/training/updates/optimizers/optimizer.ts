/**
 * The contract of an optimizer: how a gradient becomes a step. The kernels take the step (`stepParameters`); an optimizer
 * says which one, and keeps what it needs from update to update. An optimizer is one file and one row in `index.ts`.
 */

import type { TrainingConfig } from '../../../config/run-config.js';
import type { SchemaKey } from '../../../config/schema.js';
import type { Kernels, Model, StepRule, StepState } from '../../../kernels/index.js';
import type { Savable } from '../../../sampling/saved-states.js';

/** What an optimizer is made from. */
export interface OptimizerContext {
  readonly kernels: Kernels;
  /** What the steps change: running means have its shape. */
  readonly model: Model;
  readonly config: TrainingConfig;
}

/** Step size and momentum of one update. */
export interface StepSizes {
  readonly learningRate: number;
  readonly momentum: number;
}

/** What an optimizer carries from update to update. */
export interface OptimizerState {
  /** What the kernels keep. */
  readonly means: StepState;
  /** Everything that a resumed run needs, by name; the velocity of momentum has its own place in a checkpoint. */
  readonly tensors: Readonly<Record<string, Savable>>;
}

/** A step rule without what is the same for all: learning rate and weight decay. */
export type OptimizerRule = StepRule extends infer Rule ? (Rule extends unknown ? Omit<Rule, 'learningRate' | 'l1' | 'l2'> : never) : never;

/** An optimizer. */
export interface Optimizer {
  readonly name: string;
  readonly summary: string;
  /** Other words that people use for it. */
  readonly synonyms: readonly string[];
  /** Whether the key `momentum` applies to it; its `means.first` is the velocity then, absent where momentum is 0. */
  readonly usesMomentum: boolean;
  /**
   * Whether a step is a sum of gradients. Others scale every parameter by itself, which undoes the centred gradient: the biases no
   * longer make up for what a weight's step does at the offsets, and training goes astray (measured: −450 nats for −7).
   */
  readonly isLinear: boolean;
  /** What it keeps beside the velocity: models of running means, and single numbers. */
  readonly keeps: { readonly models: number; readonly numbers: number };
  /** Keys of the `training` section that belong to it, without `onlyWith`. */
  readonly keys: readonly SchemaKey[];
  /** The state before the first update. */
  start(context: OptimizerContext): OptimizerState;
  /** The rule of the next step; advances `state`. */
  nextRule(state: OptimizerState, config: TrainingConfig, sizes: StepSizes): OptimizerRule;
}

/** A velocity of the model's shape, where the config has momentum. */
export function startVelocity({ kernels, model, config }: OptimizerContext): StepState {
  return (config.momentum ?? 0) === 0 ? {} : { first: kernels.createModel(model.visibleUnits, model.hiddenUnits) };
}

/** The schema row of a decay: the share of a running mean that is kept. */
export function decayKey(name: string, meaning: string, value: number): SchemaKey {
  return { name, meaning, type: { kind: 'number', minimum: 0, exclusiveMaximum: 1 }, default: value };
}

/** The schema row of the constant that keeps steps finite where gradients vanish. */
export const epsilonKey: SchemaKey = {
  name: 'epsilon',
  meaning: 'added to the root of the mean squared gradient that steps are divided by',
  type: { kind: 'number', exclusiveMinimum: 0 },
  default: 1e-8,
};
