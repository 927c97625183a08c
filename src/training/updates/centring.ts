/**
 * Centred gradient: the direction of steepest ascent of an RBM whose units are measured from offsets μ (n) and λ (m), near
 * their means. It does not depend on which of two values of a unit is called 1, and is better conditioned.
 *
 * G. Montavon & K.-R. Müller, "Deep Boltzmann machines and the centering trick" (2012); J. Melchior, A. Fischer & L. Wiskott,
 * "How to center deep Boltzmann machines", JMLR 17 (2016). A centred RBM, E(v,h) = −(v − μ)ᵀa' − (h − λ)ᵀb' − (v − μ)ᵀW(h − λ),
 * is the ordinary one of the same W with a = a' − W·λ, b = b' − Wᵀ·μ (μ/σ² of Gaussian units, whose inputs are that). A step along its gradient moves the ordinary
 * parameters along
 *
 *     ∇W' = ∇W − ∇a·λᵀ − μ·∇bᵀ        ∇a' = ∇a − ∇W'·λ        ∇b' = ∇b − ∇W'ᵀ·μ
 *
 * (∇: the ordinary gradient). So parameters, checkpoints, momentum and weight decay stay those of the ordinary RBM; only the
 * gradient changes. (Weight decay is then what still depends on which value is called 1.)
 *
 * As in the paper's algorithm 1, the offsets first slide to the means of this mini-batch, then the gradient is centred:
 * μ ← (1 − ν)·μ + ν·⟨v⟩, λ ← (1 − ν)·λ + ν·⟨h⟩. The means are those of the data, of the model's samples, or the average of both: with
 * ν = 1, these give the enhanced gradient (K. Cho, T. Raiko & A. Ilin, "Enhanced gradient and adaptive learning rate for
 * training restricted Boltzmann machines", ICML 2011). μ starts at the mean of the training data, λ at ½.
 */

import type { SchemaKey } from '../../config/schema.js';
import type { Model } from '../../kernels/index.js';
import type { MeansOfPhases, StartDirection } from './direction.js';
import { meanStates } from './phase-means.js';

/** The `training.centring` key. */
export const centringKey: SchemaKey = {
  name: 'centring',
  meaning: 'centred gradient: the step of an RBM whose units are measured from their means',
  type: {
    kind: 'object',
    keys: [
      {
        name: 'offsets',
        meaning: 'the means that units are measured from',
        type: {
          kind: 'choice',
          values: ['data', 'model', 'both'],
          meanings: ['of the data', 'of the model’s samples', 'the average of both: the enhanced gradient, with slidingFactor 1'],
          synonyms: { average: 'both', enhanced: 'both', positive: 'data', negative: 'model' },
        },
        required: true,
      },
      {
        name: 'slidingFactor',
        meaning: 'share ν of each mini-batch in the running means of the offsets; 1 for the mini-batch alone',
        type: { kind: 'number', exclusiveMinimum: 0, maximum: 1 },
        default: 0.01,
      },
    ],
  },
};

/** The centred gradient, where the config has it. */
export const startCentring: StartDirection = ({ kernels, model, config, examples, parameterization }) => {
  if (config.centring === undefined) return undefined;
  const { offsets, slidingFactor } = config.centring;
  const { visibleUnits: n, hiddenUnits: m } = model;
  const start = parameterization.meansOf({ visible: meanStates(examples, examples.rows), hidden: new Float64Array(m).fill(0.5) });
  const visible = Float64Array.from(start.visible);
  const hidden = Float64Array.from(start.hidden);
  // One row each: the negative offsets, and the biases that they give.
  const visibleRow = kernels.createMatrix(1, n);
  const hiddenRow = kernels.createMatrix(1, m);
  const visibleBias = kernels.createMatrix(1, n);
  const hiddenBias = kernels.createMatrix(1, m);

  /** Moves offsets towards this mini-batch's means. */
  function slide(offset: Float64Array, layer: 'visible' | 'hidden', means: MeansOfPhases): void {
    const first = offsets === 'model' ? means.negative[layer] : means.positive[layer];
    const second = offsets === 'both' ? means.negative[layer] : first;
    for (let unit = 0; unit < offset.length; unit++) {
      const mean = offsets === 'both' ? 0.5 * (first[unit] + second[unit]) : first[unit];
      offset[unit] = (1 - slidingFactor) * offset[unit] + slidingFactor * mean;
    }
  }

  return {
    tensors: { visible, hidden },
    async apply(gradient: Model, means) {
      slide(visible, 'visible', means);
      slide(hidden, 'hidden', means);
      const negativeVisible = visible.map((offset) => -offset);
      const negativeHidden = hidden.map((offset) => -offset);
      const factors = parameterization.inputFactors?.();
      visibleRow.writeRows(0, negativeVisible.map((value, unit) => value * (factors?.[unit] ?? 1)));
      hiddenRow.writeRows(0, negativeHidden);
      kernels.transformWeights(gradient.weights, gradient.weights, {
        terms: [
          { rows: gradient.visibleBias, columns: negativeHidden },
          { rows: negativeVisible, columns: gradient.hiddenBias },
        ],
      });
      // ∇a' and ∇b' are the inputs that the units of a model of parameters ∇a, ∇b, ∇W' have in the states −λ and −μ.
      kernels.visibleInputsFromMeans(gradient, hiddenRow, 1, visibleBias);
      kernels.hiddenInputs(gradient, visibleRow, 1, hiddenBias);
      await kernels.finish();
      visibleBias.readRows(0, gradient.visibleBias);
      hiddenBias.readRows(0, gradient.hiddenBias);
    },
  };
};
