/**
 * Missing values in the positive phase: they are completed by Gibbs chains of the present model in which the observed values
 * stay as they are, so that the positive phase is E ∇log p̃ over p(missing | observed).
 *
 * The chains start anew in every update: missing units are drawn given hidden units that are drawn from the observed values
 * alone (missing ones taken as 0). A finite number of steps leaves a small bias towards that start, as in CD.
 */

import {
  copyVisibleRows,
  getUnit,
  isBinaryMatrix,
  type BinaryMatrix,
  type Kernels,
  type Model,
  type VisibleStates,
} from '../kernels/index.js';
import type { StreamKey } from '../random/index.js';
import { createChains, layerAddress, type Chains } from '../sampling/gibbs.js';

/** Steps where the config names none. */
export const defaultCompletionSteps = 10;

/** Completes mini-batches. */
export class MissingValues {
  readonly #kernels: Kernels;
  readonly #model: Model;
  /** N × n: 1 where a value is missing. */
  readonly #missing: BinaryMatrix;
  readonly #steps: number;
  readonly #key: StreamKey;
  readonly #chains: Chains;
  readonly #batchMissing: BinaryMatrix;

  /**
   * @param missing N × n, 1 where a training example lacks a value
   * @param steps Gibbs steps of each completion, at least 1
   * @param batchRows rows of the largest mini-batch
   * @param key of a stream that nothing else uses
   */
  constructor(kernels: Kernels, model: Model, missing: BinaryMatrix, steps: number, batchRows: number, key: StreamKey) {
    this.#kernels = kernels;
    this.#model = model;
    this.#missing = missing;
    this.#steps = steps;
    this.#key = key;
    this.#chains = createChains(kernels, model, batchRows);
    this.#batchMissing = kernels.createStates(batchRows, model.visibleUnits);
  }

  /**
   * Draws the missing values of a mini-batch, in place.
   *
   * @param visible the mini-batch, its missing values 0
   * @param chosen rows of the training data that its first rows are
   * @param update number of the update, from 0
   */
  async complete(visible: VisibleStates, chosen: Uint32Array, update: number): Promise<void> {
    const kernels = this.#kernels;
    const rows = chosen.length;
    const { visible: drawn, hidden } = this.#chains;
    copyVisibleRows(this.#missing, chosen, this.#batchMissing);
    if (!this.#isAnyMissing(rows)) return;
    for (let step = 0; step < this.#steps; step++) {
      const at = { key: this.#key, update, step, row: 0 };
      kernels.sampleHidden(this.#model, visible, rows, layerAddress(at, 'hidden'), 0, hidden);
      kernels.sampleVisible(this.#model, hidden, rows, layerAddress(at, 'visible'), 0, drawn);
      const pending = kernels.finish();
      if (pending !== undefined) await pending;
      this.#fillIn(drawn, visible, rows);
    }
  }

  #isAnyMissing(rows: number): boolean {
    const { words, wordsPerRow } = this.#batchMissing;
    for (let word = 0; word < rows * wordsPerRow; word++) {
      if (words[word] !== 0) return true;
    }
    return false;
  }

  /** The missing values of `visible` become those of `drawn`. */
  #fillIn(drawn: VisibleStates, visible: VisibleStates, rows: number): void {
    const missing = this.#batchMissing;
    if (isBinaryMatrix(drawn) && isBinaryMatrix(visible)) {
      const { words } = visible;
      for (let word = 0; word < rows * missing.wordsPerRow; word++) {
        const mask = missing.words[word];
        words[word] = (drawn.words[word] & mask) | (words[word] & ~mask);
      }
      return;
    }
    if (isBinaryMatrix(drawn) || isBinaryMatrix(visible)) throw new RangeError('the states are of different kinds');
    const { columns } = visible;
    const [old, fresh] = [new Float64Array(columns), new Float64Array(columns)];
    for (let row = 0; row < rows; row++) {
      visible.readRows(row, old);
      drawn.readRows(row, fresh);
      for (let unit = 0; unit < columns; unit++) {
        if (getUnit(missing, row, unit) === 1) old[unit] = fresh[unit];
      }
      visible.writeRows(row, old);
    }
  }
}
