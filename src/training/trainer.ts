/**
 * The training loop's body: mini-batches in their order, the gradient, the update. Computes only: it prints nothing,
 * writes nothing, and knows of no clock.
 */

import type { TrainingConfig } from '../config/run-config.js';
import { copyVisibleRows, type BinaryMatrix, type Kernels, type Model, type ModelParameters, type VisibleStates } from '../kernels/index.js';
import { createModel } from '../model/parameters.js';
import { standardParameters, standardStates, type DeclaredModel, type DeclaredParameters } from '../model/units/index.js';
import { permutation, streamKey } from '../random/index.js';
import { restoreTensors, saveTensors, type SavedTensor } from '../sampling/saved-states.js';
import {
  gradientEstimator,
  type GradientContext,
  type GradientEstimator,
  type GradientState,
  type Phases,
} from './gradients/index.js';
import { defaultCompletionSteps, MissingValues } from './missing-values.js';
import { createSchedule, type Schedule } from './schedules.js';
import { optimizerOf, startDeclaredUnits, UpdatePipeline, type Parameterization } from './updates/index.js';

/** The training data: the same examples in every epoch, or fresh ones. */
export interface TrainingExamples {
  readonly states: VisibleStates;
  readonly statesOfEpoch?: (epoch: number) => VisibleStates;
  /** N × n, 1 where a state is not known and stands as 0; left out where all are known. */
  readonly missing?: BinaryMatrix;
}

/** Whether there is a momentum that is ever other than 0. */
export function hasMomentum(config: TrainingConfig): boolean {
  return optimizerOf(config).usesMomentum && (config.momentum ?? 0) !== 0;
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
  /** The parameters in training, as the kernels have them. */
  readonly model: Model;
  readonly updatesPerEpoch: number;
  /** Updates done. */
  update = 0;

  readonly #config: TrainingConfig;
  readonly #examples: TrainingExamples;
  readonly #seed: string;
  readonly #estimator: GradientEstimator;
  readonly #context: GradientContext;
  readonly #gradientState: GradientState;
  readonly #parameterization: Parameterization;
  readonly #pipeline: UpdatePipeline;
  readonly #learningRate: Schedule;
  readonly #momentum: Schedule | undefined;
  readonly #batchRows: number;
  readonly #missing: MissingValues | undefined;
  /** Where phases are drawn that no update takes, by number of examples. */
  readonly #others = new Map<number, { readonly context: GradientContext; readonly state: GradientState }>();
  #phases: Phases | undefined;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array(0);
  #epochExamples: VisibleStates;

  private constructor(
    config: TrainingConfig,
    examples: TrainingExamples,
    seed: string,
    context: GradientContext,
    state: GradientState,
    parameterization: Parameterization,
  ) {
    const { kernels, model } = context;
    this.model = model;
    this.updatesPerEpoch = updatesPerEpoch(config, examples.states.rows);
    this.#config = config;
    this.#examples = examples;
    this.#seed = seed;
    this.#batchRows = context.batch.visible.rows;
    this.#learningRate = createSchedule(config.learningRate, this.updatesPerEpoch);
    this.#momentum = optimizerOf(config).usesMomentum ? createSchedule(config.momentum ?? 0, this.updatesPerEpoch) : undefined;
    this.#parameterization = parameterization;
    this.#pipeline = new UpdatePipeline({
      kernels, model, config, examples: context.examples, updatesPerEpoch: this.updatesPerEpoch, parameterization,
    });
    this.#epochExamples = examples.states;
    this.#estimator = gradientEstimator(config.algorithm);
    this.#context = context;
    this.#gradientState = state;
    const { missing } = examples;
    const steps = config.completionSteps ?? defaultCompletionSteps;
    this.#missing = missing && new MissingValues(kernels, model, missing, steps, this.#batchRows, streamKey(seed, 'training/completion'));
  }

  /**
   * Makes an RBM ready for its first update.
   *
   * @param parameters the initial ones, in declared units
   * @param examples N × n with n the model's visible units, N ≥ 1
   * @param seed of the order of examples and of the Gibbs chains
   */
  static async create(
    kernels: Kernels,
    config: TrainingConfig,
    parameters: DeclaredParameters,
    examples: TrainingExamples,
    seed: string,
  ): Promise<Trainer> {
    const rows = batchRows(config, examples.states.rows);
    const context: GradientContext = {
      kernels,
      model: createModel(kernels, standardParameters(parameters)),
      config,
      examples: standardStates(examples.states, parameters),
      key: streamKey(seed, 'training/gibbs'),
      batch: {
        visible: kernels.createVisibleStates(rows, parameters),
        hiddenMeans: kernels.createMatrix(rows, parameters.hiddenUnits),
      },
    };
    const state = await gradientEstimator(config.algorithm).start(context);
    return new Trainer(config, examples, seed, context, state, startDeclaredUnits(kernels, context.model, parameters));
  }

  /** The last update's two phases; undefined before the first. */
  get phases(): Phases | undefined {
    return this.#phases;
  }

  /** The parameters in training, in declared units. */
  get declared(): DeclaredModel {
    return this.#parameterization.master;
  }

  /** The average of the parameters, in declared units; undefined where there is none yet. */
  get average(): DeclaredModel | undefined {
    return this.#pipeline.averageAfter(this.update);
  }

  /** The run's model, in declared units: the average of the parameters where there is one, else those in training. */
  get result(): DeclaredModel {
    return this.#pipeline.resultAfter(this.update);
  }

  /** The kernels' model of `declared`, `average` or `result`; valid until the next call. */
  standardOf(declared: DeclaredModel): Promise<Model> {
    return this.#pipeline.standardOf(declared);
  }

  /** The last step of every parameter; undefined in training without momentum. */
  get velocity(): Model | undefined {
    return this.#pipeline.velocity;
  }

  /** The direction of the last step, before weight decay; undefined where updates need no gradient of their own. */
  get gradient(): Model | undefined {
    return this.#pipeline.gradient;
  }

  /** Figures of the algorithm for the metrics; undefined where it has none. */
  get figures(): Readonly<Record<string, number | readonly number[]>> | undefined {
    return this.#gradientState.figures?.();
  }

  /**
   * Both phases as the algorithm would draw them next from the present parameters and its present state, which stay as they
   * are; valid until the next call.
   *
   * @param examples the mini-batch, in standard units
   * @param replica numbers independent draws; their random numbers are not those of training
   */
  async drawPhases(examples: VisibleStates, replica: number): Promise<Phases> {
    const { kernels } = this.#context;
    const { rows } = examples;
    const key = streamKey(this.#seed, `training/drawn-phases/${replica}`);
    let other = this.#others.get(rows);
    if (other === undefined) {
      const batch = { visible: kernels.createVisibleStates(rows, this.model), hiddenMeans: kernels.createMatrix(rows, this.model.hiddenUnits) };
      const context = { ...this.#context, batch, key: { ...key } };
      other = { context, state: await this.#estimator.start(context) };
      await kernels.finish();
      this.#others.set(rows, other);
    }
    // Chains that were given the key when they were made keep the object.
    Object.assign(other.context.key, key);
    restoreTensors(other.state.tensors, new Map(Object.entries(this.gradientTensors())));
    copyVisibleRows(examples, Uint32Array.from({ length: rows }, (_, row) => row), other.context.batch.visible);
    const phases = await this.#estimator.estimate(other.context, other.state, rows, this.update);
    await kernels.finish();
    return phases;
  }

  /** What the algorithm carries from update to update, by name. */
  gradientTensors(): Record<string, SavedTensor> {
    return saveTensors(this.#gradientState.tensors);
  }

  /** What directions, optimizer and averaging carry from update to update, by name; not the velocity. */
  updateTensors(): Record<string, SavedTensor> {
    return this.#pipeline.tensors();
  }

  /** Learning rate and momentum of the next update; no momentum for optimizers without. */
  get stepSizes(): { readonly learningRate: number; readonly momentum?: number } {
    const { update } = this;
    return { learningRate: this.#learningRate(update), ...(this.#momentum !== undefined && { momentum: this.#momentum(update) }) };
  }

  /**
   * Does one update.
   *
   * @returns whether all parameters are finite afterwards; where not, training has diverged and must end
   * @throws Error where a thread of the kernels has died
   */
  async step(): Promise<boolean> {
    const chosen = this.#loadBatch();
    const rows = chosen.length;
    if (this.#missing !== undefined) await this.#missing.complete(this.#context.batch.visible, chosen, this.update);
    const phases = await this.#estimator.estimate(this.#context, this.#gradientState, rows, this.update);
    this.#phases = phases;
    const isFinite = await this.#pipeline.step(phases, { momentum: 0, ...this.stepSizes }, this.update + 1);
    this.update++;
    return isFinite;
  }

  /**
   * Continues where a checkpoint left off.
   *
   * @param result the run's model then
   * @param tensors the algorithm's state, by name
   * @param updateTensors the state of directions, optimizer and averaging, by name
   * @throws RangeError where names, shapes or values are not those of this run
   */
  restore(
    update: number,
    result: DeclaredParameters,
    velocity: ModelParameters | undefined,
    tensors: ReadonlyMap<string, SavedTensor>,
    updateTensors: ReadonlyMap<string, SavedTensor> = new Map(),
  ): void {
    this.#pipeline.restore(update, result, velocity, updateTensors);
    restoreTensors(this.#gradientState.tensors, tensors);
    this.update = update;
  }

  /** Puts the next mini-batch into the context; returns the rows of the examples that it is. */
  #loadBatch(): Uint32Array {
    const epoch = Math.floor(this.update / this.updatesPerEpoch);
    if (epoch !== this.#epoch) this.#startEpoch(epoch);
    const first = (this.update % this.updatesPerEpoch) * this.#batchRows;
    const chosen = this.#order.subarray(first, first + this.#batchRows);
    copyVisibleRows(this.#epochExamples, chosen, this.#context.batch.visible);
    this.#parameterization.toStandard?.(this.#context.batch.visible, chosen.length);
    return chosen;
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
