/**
 * Objectives of single flipped units, which need no partition function: what pseudo-likelihood and ratio matching share.
 *
 * With v^i the example v with unit i flipped, Δ_i = log p̃(v^i) − log p̃(v) and p_i = sigmoid(Δ_i), the probability that a Gibbs
 * step of unit i alone flips it, both objectives have gradients of the form
 *
 *     Σ_i c_i·[∇log p̃(v) − ∇log p̃(v^i)],  c_i a function of Δ_i.
 *
 * The positive phase is the data. The negative one is what becomes of them where of each example the share c_i moves to v^i: of
 * pseudo-likelihood, the data and the expected changes by a Gibbs step of every unit on its own. So both phases weigh the
 * same. With d_i = 1 − 2v_i, C = Σ_i c_i, s_ij = c_i E[h_j | v^i] and S_j = Σ_i s_ij, of one example:
 *
 *     ⟨v_i⟩ = v_i + c_i d_i    ⟨h⟩ = (1 − C)·E[h | v] + S    ⟨v hᵀ⟩ = v ((1 − C)·E[h | v] + S)ᵀ + (d_i s_ij)
 *
 * B. M. Marlin, K. Swersky, B. Chen & N. de Freitas, "Inductive principles for restricted Boltzmann machine learning",
 * AISTATS 2010.
 */

import { canonicalSum, getUnit, type BinaryMatrix, type Matrix, type Model } from '../kernels/index.js';
import { momentsOf } from '../model/phase-statistics.js';
import { refuseUnlessBinary } from './binary-only.js';
import type { GradientEstimator, GradientState } from './gradients/gradient-estimator.js';

/** Room for the statistics of a mini-batch of B rows; nothing is carried from update to update. */
interface FlipRoom extends GradientState {
  /** Hidden inputs, B × m. */
  readonly inputs: Matrix;
  /** Δ, then c, B × n. */
  readonly coefficients: Matrix;
  /** S, then (1 − C)·E[h | v] + S, B × m. */
  readonly hidden: Matrix;
  /** Σ over rows of d_i s_ij, n × m. */
  readonly products: Matrix;
  /** Means of the negative phase, but for what flips. */
  readonly means: Model;
}

/** A training algorithm of this kind: `coefficientOf` gives c_i from Δ_i. */
export function flippedUnitsGradient(
  { name, summary, synonyms }: { readonly name: string; readonly summary: string; readonly synonyms: readonly string[] },
  coefficientOf: (logRatio: number) => number,
): GradientEstimator {
  return {
    name,
    summary,
    synonyms,
    usesGibbsSteps: false,
    keys: [],
    // Flipped products, means; moments and a copy as arrays.
    demand: () => ({ models: 4 }),
    refuse: (model) => refuseUnlessBinary(name, model),
    start({ kernels, model, batch }) {
      const { visibleUnits: n, hiddenUnits: m } = model;
      const { rows } = batch.visible;
      const state: FlipRoom = {
        tensors: {},
        inputs: kernels.createMatrix(rows, m),
        coefficients: kernels.createMatrix(rows, n),
        hidden: kernels.createMatrix(rows, m),
        products: kernels.createMatrix(n, m),
        means: kernels.createModel(n, m),
      };
      return state;
    },
    async estimate({ kernels, model, batch }, state, rows) {
      const { visibleUnits: n, hiddenUnits: m } = model;
      const { inputs, coefficients, hidden, products, means } = state as FlipRoom;
      const { hiddenMeans } = batch;
      const visible = batch.visible as BinaryMatrix;
      kernels.hiddenInputs(model, visible, rows, inputs);
      kernels.flipLogRatios(model, visible, rows, inputs, coefficients);
      kernels.hiddenMeans(model, [{ visible, rows, means: hiddenMeans }]);
      await kernels.finish();

      const c = new Float64Array(rows * n);
      coefficients.readRows(0, c);
      for (let index = 0; index < c.length; index++) c[index] = coefficientOf(c[index]);
      coefficients.writeRows(0, c);
      kernels.flipStatistics(model, visible, rows, inputs, coefficients, hidden, products);
      await kernels.finish();

      // What the examples keep is added to what moves.
      const moved = new Float64Array(rows * m);
      const own = new Float64Array(rows * m);
      hidden.readRows(0, moved);
      hiddenMeans.readRows(0, own);
      for (let row = 0; row < rows; row++) {
        const kept = 1 - canonicalSum(c, n, row * n);
        for (let index = row * m; index < (row + 1) * m; index++) moved[index] += kept * own[index];
      }
      hidden.writeRows(0, moved);
      kernels.accumulateGradient(means, { kind: 'samples', visible, hiddenMeans: hidden, rows }, undefined, { scale: 1, decay: 0 });
      await kernels.finish();

      const moments = momentsOf(means);
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < n; i++) moments.visible[i] += ((1 - 2 * getUnit(visible, row, i)) * c[row * n + i]) / rows;
      }
      const flips = new Float64Array(n * m);
      products.readRows(0, flips);
      for (let index = 0; index < flips.length; index++) moments.products[index] += flips[index] / rows;
      return {
        positive: { kind: 'samples', visible, hiddenMeans, rows },
        negative: { kind: 'expectation', moments },
      };
    },
  };
}
