/**
 * Inputs of the units of one layer given the other: bias + Σ state·weight, every output on its own, ascending.
 */

import type { ModelParameters } from '../kernels.js';

/** See `Kernels.hiddenInputs`. */
export function hiddenInputs(parameters: ModelParameters, visible: Uint8Array, rows: number, inputs: Float64Array): void {
  const { visibleUnits: n, hiddenUnits: m, weights, hiddenBias } = parameters;
  for (let row = 0; row < rows; row++) {
    const target = row * m;
    for (let j = 0; j < m; j++) inputs[target + j] = hiddenBias[j];
    for (let i = 0; i < n; i++) {
      if (visible[row * n + i] === 0) continue;
      const source = i * m;
      for (let j = 0; j < m; j++) inputs[target + j] += weights[source + j];
    }
  }
}

/** Indices of the units that are on, reused between rows. */
let activeUnits = new Int32Array(0);

/** See `Kernels.visibleInputs`. */
export function visibleInputs(parameters: ModelParameters, hidden: Uint8Array, rows: number, inputs: Float64Array): void {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias } = parameters;
  if (activeUnits.length < m) activeUnits = new Int32Array(m);
  const active = activeUnits;
  for (let row = 0; row < rows; row++) {
    let count = 0;
    for (let j = 0; j < m; j++) {
      if (hidden[row * m + j] !== 0) active[count++] = j;
    }
    for (let i = 0; i < n; i++) {
      let sum = visibleBias[i];
      const source = i * m;
      for (let index = 0; index < count; index++) sum += weights[source + active[index]];
      inputs[row * n + i] = sum;
    }
  }
}

/** See `Kernels.visibleInputsFromMeans`. */
export function visibleInputsFromMeans(
  parameters: ModelParameters,
  hidden: Float64Array,
  rows: number,
  inputs: Float64Array,
): void {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias } = parameters;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) {
      let sum = visibleBias[i];
      for (let j = 0; j < m; j++) sum += hidden[row * m + j] * weights[i * m + j];
      inputs[row * n + i] = sum;
    }
  }
}
