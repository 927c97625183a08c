/**
 * Free energies of visible states, in nats.
 */

import { getUnit, type BinaryMatrix } from '../binary-matrix.js';
import { canonicalSum } from '../canonical-sum.js';
import { softplus } from '../elementary.js';
import type { Model } from '../kernels.js';
import { hiddenInputsInto } from './inputs.js';

/** See `Kernels.freeEnergies`. */
export function freeEnergies(model: Model, visible: BinaryMatrix, rows: number, energies: Float64Array): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
  const inputs = new Float64Array(m);
  const biases = new Float64Array(n);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) biases[i] = getUnit(visible, row, i) === 0 ? 0 : visibleBias[i];
    hiddenInputsInto(model, visible, row, inputs, 0);
    for (let j = 0; j < m; j++) inputs[j] = softplus(inputs[j]);
    energies[row] = -canonicalSum(biases) - canonicalSum(inputs);
  }
}
