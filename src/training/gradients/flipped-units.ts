/**
 * Objectives of single flipped units, which need no partition function and so no negative phase of the model: what
 * pseudo-likelihood and ratio matching share.
 *
 * With v^i the row v with unit i flipped, Δ_i = log p̃(v^i) − log p̃(v) and p_i = sigmoid(Δ_i), the probability of a flip given
 * the other units, both objectives have gradients of the form
 *
 *     Σ_i c_i·[∇log p̃(v) − ∇log p̃(v^i)],  c_i a function of Δ_i,
 *
 * so the positive phase is the example with the weight C = Σ_i c_i, the negative one its n neighbours with the weights c_i:
 * both of the same total weight, neither divided by it. With d_i = 1 − 2v_i and s_ij = c_i E[h_j | v^i], S_j = Σ_i s_ij:
 *
 *     positive  ⟨v⟩ = C·v                ⟨h⟩ = C·E[h | v]   ⟨vhᵀ⟩ = v (C·E[h | v])ᵀ
 *     negative  ⟨v⟩ = C·v + (c_i d_i)    ⟨h⟩ = S            ⟨vhᵀ⟩ = v Sᵀ + (d_i s_ij)
 *
 * B. M. Marlin, K. Swersky, B. Chen & N. de Freitas, "Inductive principles for restricted Boltzmann machine learning",
 * AISTATS 2010.
 */

import { getUnit, type BinaryMatrix, type Matrix, type Model, type ModelMoments } from '../../kernels/index.js';
import { getParameters } from '../../model/parameters.js';
import { refuseUnlessBinary } from './binary-only.js';
import type { GradientEstimator, GradientState } from './gradient-estimator.js';

/** Room for the statistics of a mini-batch of B rows; nothing is carried from update to update. */
interface FlipRoom extends GradientState {
  /** Hidden inputs, then C·E[h | v], B × m. */
  readonly inputs: Matrix;
  /** Δ, then c, B × n. */
  readonly coefficients: Matrix;
  /** S, B × m. */
  readonly hidden: Matrix;
  /** Σ over rows of d_i s_ij, n × m. */
  readonly products: Matrix;
  /** Sums of one phase. */
  readonly sums: Model;
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
        sums: kernels.createModel(n, m),
      };
      return state;
    },
    async estimate({ kernels, model, batch }, state, rows) {
      const { visibleUnits: n, hiddenUnits: m } = model;
      const { inputs, coefficients, hidden, products, sums } = state as FlipRoom;
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

      const means = new Float64Array(rows * m);
      hiddenMeans.readRows(0, means);
      const positiveVisible = new Float64Array(n);
      const negativeVisible = new Float64Array(n);
      for (let row = 0; row < rows; row++) {
        let weight = 0;
        for (let i = 0; i < n; i++) weight += c[row * n + i];
        for (let j = 0; j < m; j++) means[row * m + j] *= weight;
        for (let i = 0; i < n; i++) {
          const isOn = getUnit(visible, row, i) === 1;
          const own = c[row * n + i] / rows;
          if (isOn) positiveVisible[i] += weight / rows;
          negativeVisible[i] += isOn ? weight / rows - own : own;
        }
      }
      await kernels.finish();
      inputs.writeRows(0, means);

      const statistics = async (visibleMeans: Float64Array, hiddenRows: Matrix): Promise<ModelMoments> => {
        kernels.accumulateGradient(sums, { kind: 'samples', visible, hiddenMeans: hiddenRows, rows }, undefined, { scale: 1, decay: 0 });
        await kernels.finish();
        const { hiddenBias, weights } = getParameters(sums);
        return { visible: visibleMeans, hidden: hiddenBias, products: weights };
      };
      const positive = await statistics(positiveVisible, inputs);
      const negative = await statistics(negativeVisible, hidden);
      const corrections = new Float64Array(n * m);
      products.readRows(0, corrections);
      for (let index = 0; index < corrections.length; index++) negative.products[index] += corrections[index] / rows;
      return {
        positive: { kind: 'expectation', moments: positive },
        negative: { kind: 'expectation', moments: negative },
      };
    },
  };
}
