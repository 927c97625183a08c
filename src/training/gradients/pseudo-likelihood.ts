/**
 * Maximum pseudo-likelihood: ascends Σ_i log p(v_i | the other units), the sum over units, in the mean over examples.
 *
 * J. Besag, "Statistical analysis of non-lattice data", The Statistician 24 (1975). Each term is −softplus(Δ_i), so that
 * c_i = sigmoid(Δ_i): see training/flipped-units.ts.
 */

import { sigmoid } from '../../kernels/index.js';
import { flippedUnitsGradient } from '../flipped-units.js';

/** Maximum pseudo-likelihood. */
export const pseudoLikelihood = flippedUnitsGradient(
  {
    name: 'pseudo-likelihood',
    summary: 'the gradient of the log pseudo-likelihood, summed over units (so use smaller learning rates than for cd); no samples',
    synonyms: ['mpl', 'pl', 'maximum-pseudo-likelihood', 'pseudolikelihood'],
  },
  sigmoid,
);
