/**
 * The training loop's body: mini-batches in their order, the gradient, the update. Computes only: it prints nothing,
 * writes nothing, and knows of no clock.
 */

import type { TrainingConfig } from '../config/run-config.js';
import { copyVisibleRows, type Kernels, type Model, type ModelParameters, type VisibleStates } from '../kernels/index.js';
import { createModel, setParameters } from '../model/parameters.js';
import { permutation, streamKey } from '../random/index.js';
import { restoreTensors, saveTensors, type SavedTensor } from '../sampling/saved-states.js';
import {
  gradientEstimator,
  type GradientContext,
  type GradientEstimator,
  type GradientState,
  type Phases,
} from './gradients/index.js';
import { createSchedule, type Schedule } from './schedules.js';

/** The training data: the same examples in every epoch, or fresh ones. */
export interface TrainingExamples {
  readonly states: VisibleStates;
  readonly statesOfEpoch?: (epoch: number) => VisibleStates;
}

/** Whether the momentum is ever other than 0. */
export function hasMomentum({ momentum }: TrainingConfig): boolean {
  return momentum !== 0;
}

/** Rows per mini-batch. */
export function batchRows(config: TrainingConfig, rows: number): number {
  return config.batchSize === 'full' ? rows : Math.min(config.batchSize, rows);
}

/** Updates per epoch: the last mini-batch may be smaller. */
export function updatesPerEpoch(config: TrainingConfig, rows: number): number {
  return Math.ceil(rows / batchRows(config, rows));
}

/** Length of the training in updates. */
export function lengthInUpdates(config: TrainingConfig, rows: number): number {
  return config.updates ?? (config.epochs ?? 0) * updatesPerEpoch(config, rows);
}

/** An RBM in training. */
export class Trainer {
  readonly model: Model;
  /** The last step of every parameter; undefined in training without momentum. */
  readonly velocity: Model | undefined;
  readonly updatesPerEpoch: number;
  /** Updates done. */
  update = 0;

  readonly #config: TrainingConfig;
  readonly #examples: TrainingExamples;
  readonly #seed: string;
  readonly #kernels: Kernels;
  readonly #estimator: GradientEstimator;
  readonly #context: GradientContext;
  readonly #gradientState: GradientState;
  readonly #learningRate: Schedule;
  readonly #momentum: Schedule;
  readonly #batchRows: number;
  #phases: Phases | undefined;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array(0);
  #epochExamples: VisibleStates;

  private constructor(config: TrainingConfig, examples: TrainingExamples, seed: string, context: GradientContext, state: GradientState) {
    const { kernels, model } = context;
    this.model = model;
    this.velocity = hasMomentum(config) ? kernels.createModel(model.visibleUnits, model.hiddenUnits) : undefined;
    this.updatesPerEpoch = updatesPerEpoch(config, examples.states.rows);
    this.#config = config;
    this.#examples = examples;
    this.#seed = seed;
    this.#kernels = kernels;
    this.#batchRows = context.batch.visible.rows;
    this.#learningRate = createSchedule(config.learningRate, this.updatesPerEpoch);
    this.#momentum = createSchedule(config.momentum, this.updatesPerEpoch);
    this.#epochExamples = examples.states;
    this.#estimator = gradientEstimator(config.algorithm);
    this.#context = context;
    this.#gradientState = state;
  }

  /**
   * Makes an RBM ready for its first update.
   *
   * @param parameters the initial ones
   * @param examples N × n with n the model's visible units, N ≥ 1
   * @param seed of the order of examples and of the Gibbs chains
   */
  static async create(
    kernels: Kernels,
    config: TrainingConfig,
    parameters: ModelParameters,
    examples: TrainingExamples,
    seed: string,
  ): Promise<Trainer> {
    const rows = batchRows(config, examples.states.rows);
    const context: GradientContext = {
      kernels,
      model: createModel(kernels, parameters),
      config,
      examples: examples.states,
      key: streamKey(seed, 'training/gibbs'),
      batch: {
        visible: kernels.createVisibleStates(rows, parameters),
        hiddenMeans: kernels.createMatrix(rows, parameters.hiddenUnits),
      },
    };
    const state = await gradientEstimator(config.algorithm).start(context);
    return new Trainer(config, examples, seed, context, state);
  }

  /** The last update's two phases; undefined before the first. */
  get phases(): Phases | undefined {
    return this.#phases;
  }

  /** What the algorithm carries from update to update, by name. */
  gradientTensors(): Record<string, SavedTensor> {
    return saveTensors(this.#gradientState.tensors);
  }

  /** Learning rate and momentum of the next update. */
  get stepSizes(): { readonly learningRate: number; readonly momentum: number } {
    return { learningRate: this.#learningRate(this.update), momentum: this.#momentum(this.update) };
  }

  /**
   * Does one update.
   *
   * @returns whether all parameters are finite afterwards; where not, training has diverged and must end
   * @throws Error where a thread of the kernels has died
   */
  async step(): Promise<boolean> {
    const kernels = this.#kernels;
    const rows = this.#loadBatch();
    const phases = await this.#estimator.estimate(this.#context, this.#gradientState, rows, this.update);
    this.#phases = phases;
    const { l1, l2 } = this.#config.weightDecay;
    const settings = { ...this.stepSizes, l1, l2 };
    const outcome = kernels.updateParameters(this.model, this.velocity, phases.positive, phases.negative, settings);
    const pending = kernels.finish();
    if (pending !== undefined) await pending;
    this.update++;
    return outcome.finite;
  }

  /**
   * Continues where a checkpoint left off.
   *
   * @param tensors the algorithm's state, by name
   * @throws RangeError where names, shapes or values are not those of this run
   */
  restore(
    update: number,
    parameters: ModelParameters,
    velocity: ModelParameters | undefined,
    tensors: ReadonlyMap<string, SavedTensor>,
  ): void {
    setParameters(this.model, parameters);
    if ((velocity === undefined) !== (this.velocity === undefined)) {
      throw new RangeError(velocity === undefined ? 'it has no velocity (momentum)' : 'it has a velocity, but training has no momentum');
    }
    if (velocity !== undefined && this.velocity !== undefined) setParameters(this.velocity, velocity);
    restoreTensors(this.#gradientState.tensors, tensors);
    this.update = update;
  }

  /** Puts the next mini-batch into the context; returns its number of rows. */
  #loadBatch(): number {
    const epoch = Math.floor(this.update / this.updatesPerEpoch);
    if (epoch !== this.#epoch) this.#startEpoch(epoch);
    const first = (this.update % this.updatesPerEpoch) * this.#batchRows;
    const chosen = this.#order.subarray(first, first + this.#batchRows);
    copyVisibleRows(this.#epochExamples, chosen, this.#context.batch.visible);
    return chosen.length;
  }

  #startEpoch(epoch: number): void {
    const { rows } = this.#examples.states;
    this.#epoch = epoch;
    this.#order =
      this.#config.order === 'shuffled'
        ? permutation(this.#seed, `training/order/${epoch}`, rows)
        : Uint32Array.from({ length: rows }, (_, row) => row);
    if (this.#examples.statesOfEpoch !== undefined) this.#epochExamples = this.#examples.statesOfEpoch(epoch);
  }
}
