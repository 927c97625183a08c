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
  type Tempering,
  type VisibleStates,
} from '../kernels/index.js';
import type { StreamKey } from '../random/index.js';
import { evenlySpaced } from './evenly-spaced.js';
import { createChains, gibbsSteps, layerAddress, startUpdate, type Chains } from './gibbs.js';

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

/** Replicas of `ensembles` chains at every rung of a ladder. */
export class TemperedChains {
  readonly ensembles: number;
  readonly ladder: Float64Array;
  readonly #kernels: Kernels;
  readonly #model: Model;
  readonly #key: StreamKey;
  /** Row `rung · ensembles + ensemble`. */
  readonly #chains: Chains;
  readonly #tempering: Tempering;
  /** For each pair of rungs (lower one's number): swaps tried, expected acceptances. */
  readonly #tried: Float64Array;
  readonly #accepted: Float64Array;
  /** Of every row's replica: whether it was last at the lowest rung (1) or the highest (2). */
  readonly #came: Uint8Array;
  #roundTrips = 0;
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
    { spread = false }: { spread?: boolean } = {},
  ) {
    const rows = ladder.length * ensembles;
    this.ensembles = ensembles;
    this.ladder = ladder;
    this.#kernels = kernels;
    this.#model = model;
    this.#key = key;
    this.#chains = createChains(kernels, model, rows);
    const inverseTemperatures = Float64Array.from({ length: rows }, (_, row) => ladder[Math.floor(row / ensembles)]);
    this.#tempering = { inverseTemperatures, baseVisibleBias };
    this.#tried = new Float64Array(ladder.length - 1);
    this.#accepted = new Float64Array(ladder.length - 1);
    this.#came = new Uint8Array(rows);
    const address = layerAddress({ key, update: startUpdate, step: 0, row: 0 }, 'visible');
    const { visible, hidden } = this.#chains;
    const isSpread = (row: number): boolean => spread && (row % ensembles) % 2 === 1;
    for (let row = 0; row < rows; row++) {
      for (let unit = 0; isSpread(row) && unit < hidden.columns; unit++) setUnit(hidden, row, unit);
    }
    const start = { inverseTemperatures: Float64Array.from({ length: rows }, (_, row) => (isSpread(row) ? 1 : 0)), baseVisibleBias };
    kernels.sampleVisible(model, hidden, rows, address, 0, visible, start);
  }

  /** The visible states at inverse temperature 1, one row for each ensemble; change with the next step. */
  get states(): VisibleStates {
    const { visible } = this.#chains;
    return visibleRowsOf(visible, visible.rows - this.ensembles, this.ensembles);
  }

  /** The hidden states that {@link states} were drawn from, before swaps. */
  get hiddenStates(): BinaryMatrix {
    const { hidden } = this.#chains;
    return rowsOf(hidden, hidden.rows - this.ensembles, this.ensembles);
  }

  /** Share of swaps accepted between rung r and r + 1, in expectation; NaN where none was tried. */
  get swapRates(): Float64Array {
    return this.#accepted.map((accepted, pair) => accepted / this.#tried[pair]);
  }

  /** How often replicas have come from the lowest rung to the highest, over all ensembles. */
  get roundTrips(): number {
    return this.#roundTrips;
  }

  /** One Gibbs step of every replica, then swaps of even or odd neighbours. */
  async step(): Promise<void> {
    const kernels = this.#kernels;
    const { visible } = this.#chains;
    const { rows } = visible;
    const update = this.#step++;
    await gibbsSteps(kernels, this.#model, this.#chains, rows, 1, { key: this.#key, update, step: 0, row: 0 }, this.#tempering);
    const { inverseTemperatures: own, baseVisibleBias } = this.#tempering;
    const parity = update % 2;
    const both = new Float64Array(2 * rows);
    both.set(own);
    const rungs = this.ladder.length;
    for (let row = 0; row < rows; row++) {
      const rung = Math.floor(row / this.ensembles);
      const partner = rung % 2 === parity ? rung + 1 : rung - 1;
      both[rows + row] = partner >= 0 && partner < rungs ? this.ladder[partner] : own[row];
    }
    const energies = new Float64Array(2 * rows);
    kernels.temperedFreeEnergies(this.#model, visible, rows, { inverseTemperatures: both, baseVisibleBias }, energies);
    await kernels.finish();
    for (let rung = parity; rung + 1 < rungs; rung += 2) this.#swapWithNext(rung, energies, update);
    this.#noteEnds();
  }

  /** Frees the chains. */
  release(): void {
    this.#kernels.release(this.#chains.visible, this.#chains.hidden);
  }

  #swapWithNext(rung: number, energies: Float64Array, update: number): void {
    const { ensembles } = this;
    const { visible } = this.#chains;
    const { rows } = visible;
    const address = { ...layerAddress({ key: this.#key, update, step: 0, row: 0 }, 'visible'), layer: layers.swaps };
    for (let ensemble = 0; ensemble < ensembles; ensemble++) {
      const lower = rung * ensembles + ensemble;
      const upper = lower + ensembles;
      const logRatio = energies[lower] - energies[rows + lower] + (energies[upper] - energies[rows + upper]);
      const ratio = logRatio >= 0 ? 1 : exp(logRatio);
      this.#tried[rung]++;
      this.#accepted[rung] += ratio;
      if (!(uniform(address, lower, 0) < ratio)) continue;
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
      if (this.#came[last + ensemble] === 1) this.#roundTrips++;
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
