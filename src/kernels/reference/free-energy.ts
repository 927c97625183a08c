/**
 * Free energies of visible states, in nats.
 */

import { canonicalSum } from '../canonical-sum.js';
import { softplus } from '../elementary.js';
import type { ModelParameters } from '../kernels.js';
import { hiddenInputs } from './inputs.js';

/** See `Kernels.freeEnergies`. */
export function freeEnergies(parameters: ModelParameters, visible: Uint8Array, rows: number, energies: Float64Array): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = parameters;
  const inputs = new Float64Array(m);
  const biases = new Float64Array(n);
  for (let row = 0; row < rows; row++) {
    const states = visible.subarray(row * n, (row + 1) * n);
    for (let i = 0; i < n; i++) biases[i] = states[i] === 0 ? 0 : visibleBias[i];
    hiddenInputs(parameters, states, 1, inputs);
    for (let j = 0; j < m; j++) inputs[j] = softplus(inputs[j]);
    energies[row] = -canonicalSum(biases) - canonicalSum(inputs);
  }
}
