/**
 * Ratio matching: descends Σ_i p(v_i flipped | the other units)², the sum over units, in the mean over examples.
 *
 * A. Hyvärinen, "Some extensions of score matching", Computational Statistics & Data Analysis 51 (2007). With p_i =
 * sigmoid(Δ_i), the derivative of p_i² in Δ_i is c_i = 2 p_i² (1 − p_i): see training/flipped-units.ts.
 */

import { sigmoid } from '../../kernels/index.js';
import { flippedUnitsGradient } from '../flipped-units.js';

/** Ratio matching. */
export const ratioMatching = flippedUnitsGradient(
  {
    name: 'ratio-matching',
    summary: 'ratio matching: the negative gradient of the squared probabilities of flips, summed over units; no samples',
    synonyms: ['rm', 'ratio_matching'],
  },
  (logRatio) => {
    const flip = sigmoid(logRatio);
    return 2 * flip * flip * sigmoid(-logRatio);
  },
);
