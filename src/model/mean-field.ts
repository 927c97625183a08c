/**
 * The mean-field free energy of an RBM of {0,1} units, in the orders naive, TAP and third: its fixed points and its slope.
 *
 * M. Gabrié, E. W. Tramel & F. Krzakala, "Training restricted Boltzmann machines via the Thouless–Anderson–Palmer free energy",
 * NIPS 2015, after the expansion of A. Georges & J. S. Yedidia, J. Phys. A 24 (1991). With the magnetisations m_i = E[v_i] and
 * m_j = E[h_j], the cumulants κ₁ = m, κ₂ = m − m², κ₃ = (m − m²)(1 − 2m) of a {0,1} unit and its entropy S,
 *
 *     −Γ(m) = Σ S(m) + aᵀm_v + bᵀm_h + Σ_{k ≤ order} 1/k! Σ_ij W_ij^k κ_k(m_i) κ_k(m_j)
 *
 * A bipartite graph has no triangles, so that up to third order nothing but pairs enters. At a fixed point log Z ≈ −Γ; in
 * first order −Γ(m) is a lower bound of log Z for every m (Gibbs–Bogoliubov), the higher orders are no bounds.
 *
 * Powers of W stand in models of the kernels; κ and the slopes, of a few numbers for every chain and unit, are host arithmetic.
 */

import { canonicalSum, log, sigmoid, type Kernels, type Matrix, type Model, type ModelMoments } from '../kernels/index.js';
import { momentsOf } from './phase-statistics.js';

/** 1: naive mean field; 2: TAP; 3: one term further. */
export type MeanFieldOrder = 1 | 2 | 3;

/** B sets of magnetisations, each in [0, 1]. */
export interface Magnetisations {
  /** m_v, B × n. */
  readonly visible: Matrix;
  /** m_h, B × m. */
  readonly hidden: Matrix;
}

type LayerName = keyof Magnetisations;

/** κ_k of a {0,1} unit of mean m. */
function cumulant(k: number, m: number): number {
  if (k === 1) return m;
  const variance = m - m * m;
  return k === 2 ? variance : variance * (1 - 2 * m);
}

/** dκ_k/dm. */
function cumulantSlope(k: number, m: number): number {
  if (k === 1) return 1;
  return k === 2 ? 1 - 2 * m : 1 - 6 * (m - m * m);
}

/** −m·log m − (1 − m)·log(1 − m), in nats; 0 at both ends. */
function entropy(m: number): number {
  return (m > 0 ? -m * log(m) : 0) + (m < 1 ? -(1 - m) * log(1 - m) : 0);
}

/** 1/k!. */
const inverseFactorials = [1, 1, 1 / 2, 1 / 6];

/** What one layer needs: the arrays are copies of the first matrices, B × units. */
interface LayerRoom {
  readonly units: number;
  readonly magnetisations: Matrix;
  readonly values: Float64Array;
  /** κ_k at place k − 1: the magnetisations themselves, and on to the order. */
  readonly cumulants: readonly Matrix[];
  /** Σ W^k κ_k of the other layer at place k − 1, the first with the bias. */
  readonly inputs: readonly Matrix[];
  readonly scratch: Float64Array;
  readonly sums: Float64Array;
}

/** B sets of magnetisations under a model, which they follow. */
export class MeanField {
  readonly magnetisations: Magnetisations;

  readonly #kernels: Kernels;
  readonly #model: Model;
  readonly #order: MeanFieldOrder;
  /** W^k at place k − 1: the model itself, the others without biases. */
  readonly #powers: readonly Model[];
  readonly #slope: Model;
  readonly #layers: Readonly<Record<LayerName, LayerRoom>>;

  /**
   * Makes room, the magnetisations 0.
   *
   * @param model of {0,1} units in both layers
   * @param rows B
   */
  constructor(kernels: Kernels, model: Model, order: MeanFieldOrder, rows: number) {
    const { visibleUnits: n, hiddenUnits: m } = model;
    const roomFor = (units: number): LayerRoom => {
      const magnetisations = kernels.createMatrix(rows, units);
      const matrices = (count: number) => Array.from({ length: count }, () => kernels.createMatrix(rows, units));
      return {
        units,
        magnetisations,
        values: new Float64Array(rows * units),
        cumulants: [magnetisations, ...matrices(order - 1)],
        inputs: matrices(order),
        scratch: new Float64Array(rows * units),
        sums: new Float64Array(rows * units),
      };
    };
    this.#kernels = kernels;
    this.#model = model;
    this.#order = order;
    this.#powers = [model, ...Array.from({ length: order - 1 }, () => kernels.createModel(n, m))];
    this.#slope = kernels.createModel(n, m);
    this.#layers = { visible: roomFor(n), hidden: roomFor(m) };
    this.magnetisations = { visible: this.#layers.visible.magnetisations, hidden: this.#layers.hidden.magnetisations };
  }

  /** Follows the model's weights: to be called whenever they have changed, before anything else. */
  refresh(): void {
    for (let k = 2; k <= this.#order; k++) {
      this.#kernels.multiplyElements(this.#powers[k - 2].weights, this.#model.weights, this.#powers[k - 1].weights);
    }
  }

  /**
   * One step of the fixed-point iteration, the visible layer first, then the hidden one:
   *
   *     m ← damping·m + (1 − damping)·sigmoid(bias + Σ_k 1/k! κ_k′(m) Σ W^k κ_k(m of the other layer))
   *
   * @returns the largest change of a magnetisation of every set, B
   */
  async iterate(damping: number): Promise<Float64Array> {
    const changes = new Float64Array(this.magnetisations.visible.rows);
    await this.#update('visible', damping, changes);
    await this.#update('hidden', damping, changes);
    return changes;
  }

  /** −Γ of every set, in nats, B. */
  async negativeFreeEnergies(): Promise<Float64Array> {
    const { visible, hidden } = this.#layers;
    const { visibleBias } = this.#model;
    await this.#loadInputs('hidden');
    // Per row: visible entropies and biases; then for every hidden unit its entropy and all pairs it is in.
    const terms = new Float64Array(visible.units + hidden.units);
    const pairs = new Float64Array(hidden.values.length);
    for (let k = 1; k <= this.#order; k++) {
      hidden.inputs[k - 1].readRows(0, hidden.scratch);
      for (let index = 0; index < pairs.length; index++) {
        pairs[index] += inverseFactorials[k] * cumulant(k, hidden.values[index]) * hidden.scratch[index];
      }
    }
    return Float64Array.from({ length: this.magnetisations.visible.rows }, (_, row) => {
      for (let i = 0; i < visible.units; i++) {
        const m = visible.values[row * visible.units + i];
        terms[i] = entropy(m) + visibleBias[i] * m;
      }
      for (let j = 0; j < hidden.units; j++) {
        const index = row * hidden.units + j;
        terms[visible.units + j] = entropy(hidden.values[index]) + pairs[index];
      }
      return canonicalSum(terms);
    });
  }

  /**
   * Mean over the sets of −∂Γ/∂θ at fixed magnetisations, in the places of E[v], E[h] and E[v hᵀ]; it is the slope of −Γ at
   * a fixed point, too:
   *
   *     a: m_v    b: m_h    W_ij: Σ_k 1/(k−1)! W_ij^(k−1) κ_k(m_i) κ_k(m_j)
   */
  async moments(): Promise<ModelMoments> {
    const kernels = this.#kernels;
    const { visible, hidden } = this.#layers;
    const { rows } = visible.magnetisations;
    this.#loadCumulants(visible);
    this.#loadCumulants(hidden);
    const slope = this.#slope;
    for (let k = this.#order; k >= 1; k--) {
      const phase = { kind: 'samples', visible: visible.cumulants[k - 1], hiddenMeans: hidden.cumulants[k - 1], rows } as const;
      if (k < this.#order) {
        kernels.multiplyElements(slope.weights, this.#model.weights, slope.weights);
        await kernels.finish();
        // Means of higher cumulants, which are no part of the slope.
        slope.visibleBias.fill(0);
        slope.hiddenBias.fill(0);
      }
      kernels.accumulateGradient(slope, phase, undefined, { scale: k * inverseFactorials[k], decay: k < this.#order ? 1 : 0 });
    }
    await kernels.finish();
    return momentsOf(slope);
  }

  /** Frees the room. */
  release(): void {
    const { visible, hidden } = this.#layers;
    for (const { cumulants, inputs } of [visible, hidden]) this.#kernels.release(...cumulants, ...inputs);
    this.#kernels.release(this.#slope, ...this.#powers.slice(1));
  }

  /** Reads a layer's magnetisations and works out its cumulants. */
  #loadCumulants({ magnetisations, values, cumulants, scratch }: LayerRoom): void {
    magnetisations.readRows(0, values);
    for (let k = 2; k <= this.#order; k++) {
      for (let index = 0; index < values.length; index++) scratch[index] = cumulant(k, values[index]);
      cumulants[k - 1].writeRows(0, scratch);
    }
  }

  /** Works out the inputs of a layer of every order, and reads the magnetisations of both. */
  async #loadInputs(name: LayerName): Promise<void> {
    const kernels = this.#kernels;
    const target = this.#layers[name];
    const source = this.#layers[name === 'visible' ? 'hidden' : 'visible'];
    const { rows } = target.magnetisations;
    this.#loadCumulants(source);
    target.magnetisations.readRows(0, target.values);
    for (let k = 1; k <= this.#order; k++) {
      if (name === 'hidden') kernels.hiddenInputs(this.#powers[k - 1], source.cumulants[k - 1], rows, target.inputs[k - 1]);
      else kernels.visibleInputsFromMeans(this.#powers[k - 1], source.cumulants[k - 1], rows, target.inputs[k - 1]);
    }
    await kernels.finish();
  }

  async #update(name: LayerName, damping: number, changes: Float64Array): Promise<void> {
    await this.#loadInputs(name);
    const { units, magnetisations, values, inputs, scratch, sums } = this.#layers[name];
    sums.fill(0);
    for (let k = 1; k <= this.#order; k++) {
      inputs[k - 1].readRows(0, scratch);
      for (let index = 0; index < sums.length; index++) {
        sums[index] += inverseFactorials[k] * cumulantSlope(k, values[index]) * scratch[index];
      }
    }
    for (let row = 0; row < changes.length; row++) {
      for (let index = row * units; index < (row + 1) * units; index++) {
        const updated = damping * values[index] + (1 - damping) * sigmoid(sums[index]);
        const change = updated > values[index] ? updated - values[index] : values[index] - updated;
        if (change > changes[row]) changes[row] = change;
        values[index] = updated;
      }
    }
    magnetisations.writeRows(0, values);
  }
}
