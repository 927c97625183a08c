/**
 * The training loop's body: mini-batches in their order, the gradient, the update. Computes only: it prints nothing,
 * writes nothing, and knows of no clock.
 */

import type { TrainingConfig } from '../config/run-config.js';
import {
  unpackBinaryMatrix,
  type BinaryMatrix,
  type Kernels,
  type ModelParameters,
  type PhaseStatistics,
} from '../kernels/index.js';
import { createParameters } from '../model/parameters.js';
import { createPhaseStatistics } from '../model/phase-statistics.js';
import { permutation, streamKey } from '../random/index.js';
import { createChains } from '../sampling/gibbs.js';
import { gradientEstimator, type GradientContext, type GradientEstimator, type GradientState, type StateTensor } from './gradients/index.js';
import { createSchedule, type Schedule } from './schedules.js';

/** The training data: the same binary examples in every epoch, or fresh ones. */
export interface TrainingExamples {
  readonly binary: BinaryMatrix;
  readonly binaryOfEpoch?: (epoch: number) => BinaryMatrix;
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
  readonly parameters: ModelParameters;
  /** The last step of every parameter, for the momentum. */
  readonly velocity: ModelParameters;
  /** What the algorithm carries from update to update. */
  readonly gradientState: GradientState;
  readonly updatesPerEpoch: number;
  /** Updates done. */
  update = 0;

  readonly #config: TrainingConfig;
  readonly #examples: TrainingExamples;
  readonly #seed: string;
  readonly #kernels: Kernels;
  readonly #estimator: GradientEstimator;
  readonly #context: GradientContext;
  readonly #learningRate: Schedule;
  readonly #momentum: Schedule;
  readonly #batchRows: number;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array(0);
  #epochExamples: BinaryMatrix;

  /**
   * @param parameters the initial ones; trained in place
   * @param examples N × n with n the model's visible units, N ≥ 1
   * @param seed of the order of examples and of the Gibbs chains
   */
  constructor(
    kernels: Kernels,
    config: TrainingConfig,
    parameters: ModelParameters,
    examples: TrainingExamples,
    seed: string,
  ) {
    const { rows } = examples.binary;
    const { visibleUnits: n, hiddenUnits: m } = parameters;
    this.parameters = parameters;
    this.velocity = createParameters(n, m);
    this.updatesPerEpoch = updatesPerEpoch(config, rows);
    this.#config = config;
    this.#examples = examples;
    this.#seed = seed;
    this.#kernels = kernels;
    this.#batchRows = batchRows(config, rows);
    this.#learningRate = createSchedule(config.learningRate, this.updatesPerEpoch);
    this.#momentum = createSchedule(config.momentum, this.updatesPerEpoch);
    this.#epochExamples = examples.binary;
    this.#estimator = gradientEstimator(config.algorithm);
    this.#context = {
      kernels,
      parameters,
      config,
      examples: examples.binary,
      key: streamKey(seed, 'training/gibbs'),
      batch: createChains(parameters, this.#batchRows),
      positive: createPhaseStatistics(n, m),
      negative: createPhaseStatistics(n, m),
    };
    this.gradientState = this.#estimator.start(this.#context);
  }

  /** Statistics of the last update's two phases. */
  get phases(): { readonly positive: PhaseStatistics; readonly negative: PhaseStatistics } {
    return this.#context;
  }

  /** Learning rate and momentum of the next update. */
  get stepSizes(): { readonly learningRate: number; readonly momentum: number } {
    return { learningRate: this.#learningRate(this.update), momentum: this.#momentum(this.update) };
  }

  /**
   * Does one update.
   *
   * @returns whether all parameters are finite afterwards; where not, training has diverged and must end
   */
  step(): boolean {
    const rows = this.#loadBatch();
    this.#estimator.estimate(this.#context, this.gradientState, rows, this.update);
    const { l1, l2 } = this.#config.weightDecay;
    const finite = this.#kernels.updateParameters(
      this.parameters,
      this.velocity,
      this.#context.positive,
      this.#context.negative,
      { ...this.stepSizes, l1, l2 },
    );
    this.update++;
    return finite;
  }

  /**
   * Continues where a checkpoint left off; the parameters were given to the constructor.
   *
   * @param tensors the algorithm's state, by name
   * @throws RangeError where names, shapes or values are not those of this run
   */
  restore(update: number, velocity: ModelParameters, tensors: ReadonlyMap<string, StateTensor>): void {
    this.velocity.weights.set(velocity.weights);
    this.velocity.visibleBias.set(velocity.visibleBias);
    this.velocity.hiddenBias.set(velocity.hiddenBias);
    for (const [name, tensor] of Object.entries(this.gradientState.tensors)) {
      const saved = tensors.get(name);
      if (saved === undefined || saved.shape.join() !== tensor.shape.join()) {
        throw new RangeError(`its state has no tensor ${name} of shape [${tensor.shape.join(', ')}]`);
      }
      if (tensor.values.BYTES_PER_ELEMENT === 1 && saved.values.some((value) => value !== 0 && value !== 1)) {
        throw new RangeError(`its state ${name} has values other than 0 and 1`);
      }
      tensor.values.set(saved.values);
    }
    this.update = update;
  }

  /** Puts the next mini-batch into the context; returns its number of rows. */
  #loadBatch(): number {
    const epoch = Math.floor(this.update / this.updatesPerEpoch);
    if (epoch !== this.#epoch) this.#startEpoch(epoch);
    const first = (this.update % this.updatesPerEpoch) * this.#batchRows;
    const chosen = this.#order.subarray(first, first + this.#batchRows);
    unpackBinaryMatrix(this.#epochExamples, this.#context.batch.visible, chosen);
    return chosen.length;
  }

  #startEpoch(epoch: number): void {
    const { rows } = this.#examples.binary;
    this.#epoch = epoch;
    this.#order =
      this.#config.order === 'shuffled'
        ? permutation(this.#seed, `training/order/${epoch}`, rows)
        : Uint32Array.from({ length: rows }, (_, row) => row);
    if (this.#examples.binaryOfEpoch !== undefined) this.#epochExamples = this.#examples.binaryOfEpoch(epoch);
  }
}
