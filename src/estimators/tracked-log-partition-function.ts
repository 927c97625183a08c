/**
 * log Z followed along a training by sequential Monte Carlo: chains that move with the parameters, and importance weights
 * between successive ones.
 *
 * G. Desjardins, A. Courville & Y. Bengio, "On tracking the partition function", NIPS 2011, in its simplest form; P. Del
 * Moral, A. Doucet & A. Jasra, "Sequential Monte Carlo samplers", JRSS B 68 (2006). Annealing gives weighted states of the
 * first model. From model to model a weight is multiplied by p̃_now(v) / p̃_before(v) = exp(F_before(v) − F_now(v)), then
 * the state makes a Gibbs step under the new model, which keeps it properly weighted: Z_base · mean w is an unbiased
 * estimate of Z at any time. Where the weights hang on too few chains, their mean is kept and chains are drawn anew in
 * proportion to them.
 */

import { copyVisibleStates, exp, layers, rowsOf, selectVisibleRows, uniform, visibleRowsOf } from '../kernels/index.js';
import type { Kernels, Model } from '../kernels/index.js';
import { baseLogPartitionFunction } from '../model/base-rate.js';
import type { Cooperation } from '../model/cooperation.js';
import { streamKey, type StreamKey } from '../random/index.js';
import { annealForward, chainsTogether } from '../sampling/annealed-chains.js';
import { createChains, gibbsSteps, type Chains } from '../sampling/gibbs.js';
import { restoreTensors, saveTensors, type Savable, type SavedTensor } from '../sampling/saved-states.js';
import { annealingSchedule } from './annealing-schedules.js';
import type { AnnealingSettings } from './annealing-settings.js';
import { freeEnergiesOf } from './free-energies.js';
import { effectiveSampleSize, logMeanExp, meanWeight, studentQuantile } from './mean-weight.js';
import { oneSidedVerdict, weaknessOfWeights, type EstimateWithInterval } from './verdict.js';

const { min, sqrt } = Math;

/** How log Z is tracked; schedule and temperatures are those of the annealing at the start. */
export type TrackingSettings = Pick<AnnealingSettings, 'baseVisibleBias' | 'schedule' | 'temperatures' | 'chains' | 'seed'>;

/** Chains are drawn anew where the effective sample size is below this share of them. */
const resamplingShare = 0.5;

/**
 * Systematic resampling: `count` rows, each drawn ⌊count·w⌋ or ⌈count·w⌉ times with w its share of the weights, ascending.
 *
 * @param logWeights finite, in nats, one per row
 * @param position one uniform from (0, 1)
 */
export function systematicResampling(logWeights: Float64Array, position: number): Uint32Array {
  const count = logWeights.length;
  const largest = logWeights.reduce((a, b) => (b > a ? b : a), -Infinity);
  const reached = new Float64Array(count);
  let total = 0;
  for (let row = 0; row < count; row++) {
    total += exp(logWeights[row] - largest);
    reached[row] = total;
  }
  let row = 0;
  return Uint32Array.from({ length: count }, (_, index) => {
    const wanted = ((index + position) / count) * total;
    while (row < count - 1 && reached[row] <= wanted) row++;
    return row;
  });
}

/** Follows log Z of a model whose parameters change. */
export class LogPartitionFunctionTracker {
  readonly #kernels: Kernels;
  readonly #settings: TrackingSettings;
  readonly #key: StreamKey;
  readonly #chains: Chains;
  /** C, in nats, since the chains were last drawn anew. */
  #logWeights: Float64Array;
  /** C, F(v) of the chains' states under the parameters of the last advance, in nats. */
  #energies: Float64Array;
  /** log Z_base and the means of the weights up to the last time that chains were drawn anew, in nats. */
  #logZ: number;
  /** Variance of that, in nats², by the weights' own spread at each such time. */
  #variance = 0;
  /** The smallest effective sample size that was met. */
  #smallestSampleSize: number;

  private constructor(kernels: Kernels, model: Model, settings: TrackingSettings) {
    this.#kernels = kernels;
    this.#settings = settings;
    this.#key = streamKey(settings.seed, 'evaluation/tracking');
    this.#chains = createChains(kernels, model, settings.chains);
    this.#logWeights = new Float64Array(settings.chains);
    this.#energies = new Float64Array(settings.chains);
    this.#logZ = baseLogPartitionFunction(settings.baseVisibleBias, model);
    this.#smallestSampleSize = settings.chains;
  }

  /**
   * A tracker of a model, from annealing forward.
   *
   * @param update number of updates that the model has had: what is drawn depends on it and the seed only
   * @throws whatever `cooperation.pause` throws
   */
  static async start(
    kernels: Kernels,
    model: Model,
    settings: TrackingSettings,
    update: number,
    cooperation: Cooperation = {},
  ): Promise<LogPartitionFunctionTracker> {
    const { baseVisibleBias, temperatures, chains, seed, schedule: name } = settings;
    const scheduleKey = streamKey(seed, `evaluation/tracking/schedule/${update}`);
    const { pause } = cooperation;
    const schedule = await annealingSchedule(name).make(temperatures, { kernels, model, baseVisibleBias, key: scheduleKey, pause });
    const key = streamKey(seed, `evaluation/tracking/start/${update}`);
    const tracker = new LogPartitionFunctionTracker(kernels, model, settings);
    const { visible } = tracker.#chains;
    tracker.#logWeights = await annealForward(kernels, model, { baseVisibleBias, schedule }, chains, key, cooperation, visible);
    tracker.#meetSampleSize();
    await tracker.#move(model, update);
    return tracker;
  }

  /**
   * A tracker that goes on from saved tensors; undefined where these are of another number of chains.
   *
   * @param tensors as {@link tensors} gave them
   * @throws RangeError where names, shapes or values are not those of a tracker of this model
   */
  static restore(
    kernels: Kernels,
    model: Model,
    settings: TrackingSettings,
    tensors: ReadonlyMap<string, SavedTensor>,
  ): LogPartitionFunctionTracker | undefined {
    const chains = tensors.get('logWeights')?.shape[0] ?? settings.chains;
    if (chains !== settings.chains) return undefined;
    const tracker = new LogPartitionFunctionTracker(kernels, model, settings);
    const accumulated = new Float64Array(3);
    restoreTensors({ ...tracker.#savable(), accumulated }, tensors);
    [tracker.#logZ, tracker.#variance, tracker.#smallestSampleSize] = accumulated;
    if (tracker.#variance < 0 || tracker.#smallestSampleSize < 0) throw new RangeError('its state accumulated has a negative variance or sample size');
    return tracker;
  }

  /** Everything that {@link restore} needs, by name; C chains of n visible units. */
  tensors(): Record<string, SavedTensor> {
    return saveTensors({ ...this.#savable(), accumulated: Float64Array.of(this.#logZ, this.#variance, this.#smallestSampleSize) });
  }

  #savable(): Record<string, Savable> {
    return { visibleChains: this.#chains.visible, logWeights: this.#logWeights, energies: this.#energies };
  }

  /** Whether all weights and energies are finite; where not, log-probabilities are too large for float64. */
  get isFinite(): boolean {
    return Number.isFinite(this.#logZ) && this.#logWeights.every(Number.isFinite) && this.#energies.every(Number.isFinite);
  }

  /**
   * Follows the model to its present parameters: weighs, draws chains anew where that is due, moves.
   *
   * @param update number of updates that the model has had; larger at every call
   */
  async advance(model: Model, update: number): Promise<void> {
    this.#logWeights = await this.#weightsUnder(model);
    if (!this.#logWeights.every(Number.isFinite)) return;
    if (this.#meetSampleSize() < resamplingShare * this.#settings.chains) this.#resample(update);
    await this.#move(model, update);
  }

  /**
   * log Z of the model's present parameters, whether or not it has been followed to them; changes nothing.
   */
  async estimate(model: Model): Promise<EstimateWithInterval> {
    const { chains, seed } = this.#settings;
    const weights = meanWeight(await this.#weightsUnder(model), seed);
    const { logMean, interval } = weights;
    const logZ = this.#logZ + logMean;
    const before = studentQuantile(chains - 1) * sqrt(this.#variance);
    const withBefore = (margin: number): number => sqrt(margin * margin + before * before);
    const smallest = min(this.#smallestSampleSize, weights.effectiveSampleSize);
    const weakness = weaknessOfWeights('tracked', { ...weights, effectiveSampleSize: smallest }, chains);
    return {
      estimator: 'tracked',
      logZ,
      interval: [logZ - withBefore(logMean - interval[0]), logZ + withBefore(interval[1] - logMean)],
      exact: false,
      bound: 'lower',
      heuristic: 'errors add up along training, and the chains that carry the weights are not independent',
      verdict:
        weakness === undefined
          ? oneSidedVerdict('tracked', weights, chains)
          : {
              status: 'not to be trusted',
              reasons: [weakness],
              advice: ['track more often or with more chains, or use the estimator two-sided'],
            },
      evidence: {
        chains,
        effectiveSampleSize: weights.effectiveSampleSize,
        smallestEffectiveSampleSize: smallest,
        logWeightsInterval: interval,
        standardErrorBefore: sqrt(this.#variance),
      },
    };
  }

  /** The log-weights as they would be under the model's present parameters. */
  async #weightsUnder(model: Model): Promise<Float64Array> {
    const energies = await freeEnergiesOf(this.#kernels, model, this.#chains.visible);
    return this.#logWeights.map((weight, chain) => weight + (this.#energies[chain] - energies[chain]));
  }

  /** Takes note of the effective sample size. */
  #meetSampleSize(): number {
    const size = effectiveSampleSize(this.#logWeights);
    if (size < this.#smallestSampleSize) this.#smallestSampleSize = size;
    return size;
  }

  /** Keeps the mean of the weights, and draws the chains anew in proportion to them. */
  #resample(update: number): void {
    const { visible } = this.#chains;
    const count = visible.rows;
    // Of the log of a mean, by the delta method: (Σ w² / (Σ w)² − 1 / C).
    this.#variance += 1 / effectiveSampleSize(this.#logWeights) - 1 / count;
    this.#logZ += logMeanExp(this.#logWeights);
    const address = { key: this.#key, update, step: 1, layer: layers.states, temperature: 0 };
    const chosen = systematicResampling(this.#logWeights, uniform(address, 0, 0));
    copyVisibleStates(selectVisibleRows(visible, chosen), visible);
    this.#logWeights = new Float64Array(count);
  }

  /** One Gibbs step under the model; the energies are those of where it ends. */
  async #move(model: Model, update: number): Promise<void> {
    const { visible, hidden } = this.#chains;
    for (let first = 0; first < visible.rows; first += chainsTogether) {
      const rows = min(chainsTogether, visible.rows - first);
      const chains = { visible: visibleRowsOf(visible, first, rows), hidden: rowsOf(hidden, first, rows) };
      await gibbsSteps(this.#kernels, model, chains, rows, 1, { key: this.#key, update, step: 0, row: first });
      await this.#kernels.finish();
    }
    this.#energies = await freeEnergiesOf(this.#kernels, model, visible);
  }
}
