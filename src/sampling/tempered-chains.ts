/**
 * Parallel tempering: replicas of a chain at a ladder of inverse temperatures that swap states, so that chains at 1 get
 * new modes from hotter ones.
 *
 * Even and odd neighbours take turns (S. Syed, A. Bouchard-Côté, G. Deligiannidis & A. Doucet, "Non-reversible parallel
 * tempering", JRSS B 2022), with the free energies of the visible states in the acceptance. The ladder's lowest rung is
 * the base-rate model, which every step draws afresh.
 */

import {
  exp,
  layers,
  rowsOf,
  setUnit,
  swapVisibleRows,
  uniform,
  visibleRowsOf,
  type BinaryMatrix,
  type Kernels,
  type Model,
  type RandomAddress,
  type Tempering,
  type VisibleStates,
} from '../kernels/index.js';
import type { StreamKey } from '../random/index.js';
import { evenlySpaced } from './evenly-spaced.js';
import { createChains, gibbsSteps, layerAddress, startUpdate, type Chains, type GibbsAddress } from './gibbs.js';
import type { Savable } from './saved-states.js';

/** Ladders by name. */
export const ladders = ['adaptive', 'geometric'] as const;

/** A geometric ladder of `rungs` ≥ 2 inverse temperatures from 1 down to 1/100, with 0 below. */
export function geometricLadder(rungs: number): Float64Array {
  const ladder = new Float64Array(rungs);
  for (let rung = 1; rung < rungs; rung++) {
    ladder[rung] = rungs === 2 ? 1 : exp(-((rungs - 1 - rung) / (rungs - 2)) * 4.605170185988092);
  }
  return ladder;
}

/** A ladder of even steps from 0 to 1. */
export function evenLadder(rungs: number): Float64Array {
  return Float64Array.from({ length: rungs }, (_, rung) => rung / (rungs - 1));
}

/** How {@link TemperedChains} run. */
export interface TemperedChainsOptions {
  /** The replicas of odd ensembles start from v ~ p(v | all hidden units on); see the constructor. */
  readonly spread?: boolean;
  /**
   * What is left of a pair's earlier swaps in its swap rate with every new one, in (0, 1]: 1, the default, takes the mean
   * over all swaps, 1 − 1/N roughly over the last N, for parameters that change.
   */
  readonly memory?: number;
}

/** Replicas of `ensembles` chains at every rung of a ladder. */
export class TemperedChains {
  readonly ensembles: number;
  /** Ascending inverse temperatures, the first 0, the last 1; may be changed between steps, with {@link forgetSwaps}. */
  readonly ladder: Float64Array;
  /** The states of all replicas: row `rung · ensembles + ensemble`. */
  readonly chains: Chains;
  readonly #kernels: Kernels;
  readonly #model: Model;
  readonly #key: StreamKey;
  /** Of every row: its own inverse temperature, then that of the neighbour which it may swap with. */
  readonly #tempering: Tempering;
  /** Tempered free energies of every row under both. */
  readonly #energies: Float64Array;
  /** For each pair of rungs (lower one's number): swaps tried, expected acceptances. */
  readonly #tried: Float64Array;
  readonly #accepted: Float64Array;
  /** Of every row's replica: whether it was last at the lowest rung (1) or the highest (2). */
  readonly #came: Float64Array;
  readonly #roundTrips = new Float64Array(1);
  readonly #memory: number;
  #step = 0;

  /**
   * All replicas start from the base-rate model; those of odd ensembles, where `spread` is set, from v ~ p(v | all hidden
   * units on): ensembles that mix forget it, and others betray that they don't.
   *
   * @param ladder ascending inverse temperatures, at least 2; the first 0, the last 1
   * @param key of the stream, used by these chains alone
   */
  constructor(
    kernels: Kernels,
    model: Model,
    baseVisibleBias: Float64Array,
    ladder: Float64Array,
    ensembles: number,
    key: StreamKey,
    { spread = false, memory = 1 }: TemperedChainsOptions = {},
  ) {
    const rows = ladder.length * ensembles;
    this.ensembles = ensembles;
    this.ladder = ladder;
    this.#kernels = kernels;
    this.#model = model;
    this.#key = key;
    this.chains = createChains(kernels, model, rows);
    this.#tempering = { inverseTemperatures: new Float64Array(2 * rows), baseVisibleBias };
    this.#energies = new Float64Array(2 * rows);
    this.#tried = new Float64Array(ladder.length - 1);
    this.#accepted = new Float64Array(ladder.length - 1);
    this.#came = new Float64Array(rows);
    this.#memory = memory;
    const address = layerAddress({ key, update: startUpdate, step: 0, row: 0 }, 'visible');
    const { visible, hidden } = this.chains;
    const isSpread = (row: number): boolean => spread && (row % ensembles) % 2 === 1;
    for (let row = 0; row < rows; row++) {
      for (let unit = 0; isSpread(row) && unit < hidden.columns; unit++) setUnit(hidden, row, unit);
    }
    const start = { inverseTemperatures: Float64Array.from({ length: rows }, (_, row) => (isSpread(row) ? 1 : 0)), baseVisibleBias };
    kernels.sampleVisible(model, hidden, rows, address, 0, visible, start);
  }

  /** The visible states at inverse temperature 1, one row for each ensemble; change with the next step. */
  get states(): VisibleStates {
    const { visible } = this.chains;
    return visibleRowsOf(visible, visible.rows - this.ensembles, this.ensembles);
  }

  /** The hidden states that {@link states} were drawn from, before swaps. */
  get hiddenStates(): BinaryMatrix {
    const { hidden } = this.chains;
    return rowsOf(hidden, hidden.rows - this.ensembles, this.ensembles);
  }

  /** Share of swaps accepted between rung r and r + 1, in expectation; NaN where none was tried. */
  get swapRates(): Float64Array {
    return this.#accepted.map((accepted, pair) => accepted / this.#tried[pair]);
  }

  /** How often replicas have come from the lowest rung to the highest, over all ensembles. */
  get roundTrips(): number {
    return this.#roundTrips[0];
  }

  /** Everything that later steps of {@link advance} and the figures depend on, by name: for a checkpoint. */
  get tensors(): Readonly<Record<string, Savable>> {
    return {
      visibleChains: this.chains.visible,
      hiddenChains: this.chains.hidden,
      ladder: this.ladder,
      swapsTried: this.#tried,
      swapsAccepted: this.#accepted,
      ends: this.#came,
      roundTrips: this.#roundTrips,
    };
  }

  /** One Gibbs step of every replica from its visible states, then swaps of even or odd neighbours. */
  async step(): Promise<void> {
    const update = this.#step++;
    const address = { key: this.#key, update, step: 0, row: 0 };
    const parity = update % 2;
    this.#setTemperatures(parity);
    await gibbsSteps(this.#kernels, this.#model, this.chains, this.chains.visible.rows, 1, address, this.#tempering);
    const pending = this.#swap(parity, address);
    if (pending !== undefined) await pending;
  }

  /**
   * `steps` times v ~ p_β(v | h) of every replica from its hidden states, swaps of even or odd neighbours' visible states,
   * h ~ p_β(h | v). For training, whose chains rest on hidden states: the visible ones are then drawn with the parameters
   * and the scale of the present update.
   *
   * p_β(v, h) of all rungs together is stationary: a swap leaves the product of the marginals p_β(v) as it is, and the
   * hidden states are drawn afresh after it.
   *
   * @param update number of the update; the steps' addresses start at step 0 of it
   * @param steps at least 1, below the limit of addresses
   */
  async advance(update: number, steps: number): Promise<void> {
    const kernels = this.#kernels;
    const model = this.#model;
    const { visible, hidden } = this.chains;
    for (let step = 0; step < steps; step++) {
      const address = { key: this.#key, update, step, row: 0 };
      // The parity of update · steps + step: pairs take turns across updates, too.
      const parity = ((update % 2) * (steps % 2) + step) % 2;
      this.#setTemperatures(parity);
      kernels.sampleVisible(model, hidden, visible.rows, layerAddress(address, 'visible'), 0, visible, this.#tempering);
      const pending = this.#swap(parity, address);
      if (pending !== undefined) await pending;
      this.#drawHidden({ ...address, step: step + 1 });
    }
  }

  /** Draws h ~ p_β(h | v) of every replica, where chains are to start from their visible states. */
  drawHidden(): void {
    this.#setTemperatures(0);
    this.#drawHidden({ key: this.#key, update: startUpdate, step: 0, row: 0 });
  }

  /** Starts the swap rates afresh, as after a change of the ladder. */
  forgetSwaps(): void {
    this.#tried.fill(0);
    this.#accepted.fill(0);
  }

  /** Frees the chains. */
  release(): void {
    this.#kernels.release(this.chains.visible, this.chains.hidden);
  }

  #drawHidden(address: GibbsAddress): void {
    const { visible, hidden } = this.chains;
    this.#kernels.sampleHidden(this.#model, visible, visible.rows, layerAddress(address, 'hidden'), 0, hidden, this.#tempering);
  }

  /** Of every row its own inverse temperature, and its neighbour's where the lower rungs of pairs are even (0) or odd (1). */
  #setTemperatures(parity: number): void {
    const { ladder, ensembles } = this;
    const { inverseTemperatures } = this.#tempering;
    const rungs = ladder.length;
    const rows = rungs * ensembles;
    for (let rung = 0; rung < rungs; rung++) {
      const partner = rung % 2 === parity ? rung + 1 : rung - 1;
      const own = ladder[rung];
      const other = partner >= 0 && partner < rungs ? ladder[partner] : own;
      inverseTemperatures.fill(own, rung * ensembles, (rung + 1) * ensembles);
      inverseTemperatures.fill(other, rows + rung * ensembles, rows + (rung + 1) * ensembles);
    }
  }

  /** Swaps visible states of neighbours, at once where the kernels need no waiting for. */
  #swap(parity: number, address: GibbsAddress): Promise<void> | undefined {
    const kernels = this.#kernels;
    const { visible } = this.chains;
    kernels.temperedFreeEnergies(this.#model, visible, visible.rows, this.#tempering, this.#energies);
    const pending = kernels.finish();
    if (pending !== undefined) return pending.then(() => this.#swapNeighbours(parity, address));
    this.#swapNeighbours(parity, address);
    return undefined;
  }

  #swapNeighbours(parity: number, at: GibbsAddress): void {
    const address = { ...layerAddress(at, 'visible'), layer: layers.swaps };
    for (let rung = parity; rung + 1 < this.ladder.length; rung += 2) this.#swapWithNext(rung, address);
    this.#noteEnds();
  }

  /** Metropolis–Hastings: accepted with probability min(1, p_β(v′)·p_β′(v) / (p_β(v)·p_β′(v′))). */
  #swapWithNext(rung: number, address: RandomAddress): void {
    const { ensembles } = this;
    const { visible } = this.chains;
    const energies = this.#energies;
    const { rows } = visible;
    for (let ensemble = 0; ensemble < ensembles; ensemble++) {
      const lower = rung * ensembles + ensemble;
      const upper = lower + ensembles;
      const logRatio = energies[lower] - energies[rows + lower] + (energies[upper] - energies[rows + upper]);
      const ratio = logRatio >= 0 ? 1 : exp(logRatio);
      this.#tried[rung] = this.#memory * this.#tried[rung] + 1;
      this.#accepted[rung] = this.#memory * this.#accepted[rung] + ratio;
      // Of a ratio that is no number, nothing is swapped.
      if (ratio !== 1 && !(uniform(address, lower, 0) < ratio)) continue;
      swapVisibleRows(visible, lower, upper);
      const came = this.#came[lower];
      this.#came[lower] = this.#came[upper];
      this.#came[upper] = came;
    }
  }

  #noteEnds(): void {
    const { ensembles } = this;
    const last = this.#came.length - ensembles;
    for (let ensemble = 0; ensemble < ensembles; ensemble++) {
      this.#came[ensemble] = 1;
      if (this.#came[last + ensemble] === 1) this.#roundTrips[0]++;
      this.#came[last + ensemble] = 2;
    }
  }
}

/** A ladder whose neighbours all reject equally often, as far as these rejection rates tell. */
export function evenlyRejectingLadder(ladder: Float64Array, swapRates: Float64Array): Float64Array {
  const rungs = ladder.length;
  const barrier = new Float64Array(rungs);
  // A floor keeps the ladder strictly ascending where nothing was rejected.
  for (let rung = 1; rung < rungs; rung++) barrier[rung] = barrier[rung - 1] + Math.max(1 - swapRates[rung - 1], 1e-3);
  return evenlySpaced(ladder, barrier, rungs - 1);
}
