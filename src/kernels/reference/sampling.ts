/**
 * Means and states of {0,1} units.
 */

import { sampleBernoulliRow } from '../addressed-uniform.js';
import type { BinaryMatrix } from '../binary-matrix.js';
import { sigmoid } from '../elementary.js';
import type { HiddenMeansRequest, Matrix, Model, Tempering } from '../kernels.js';
import type { RandomAddress } from '../random-address.js';
import { hiddenInputs, visibleInputs } from './inputs.js';
import { createMatrix, valuesOf } from './memory.js';

/** See `Kernels.bernoulliMeans`. */
export function bernoulliMeans(matrix: Matrix, rows: number): void {
  const values = valuesOf(matrix);
  const length = rows * matrix.columns;
  for (let index = 0; index < length; index++) values[index] = sigmoid(values[index]);
}

/** See `Kernels.hiddenMeans`. */
export function hiddenMeans(model: Model, requests: readonly HiddenMeansRequest[]): void {
  for (const { visible, rows, means } of requests) {
    hiddenInputs(model, visible, rows, means);
    bernoulliMeans(means, rows);
  }
}

/** See `Kernels.sampleBernoulli`. */
export function sampleBernoulli(
  address: RandomAddress,
  firstRow: number,
  rows: number,
  means: Matrix,
  states: BinaryMatrix,
): void {
  const { columns } = states;
  for (let row = 0; row < rows; row++) {
    sampleBernoulliRow(address, firstRow + row, columns, valuesOf(means), row * columns, states, row);
  }
}

/** Turns inputs x of the model into inputs of the tempered ones: β·x, or (1 − β)·base + β·x where there is a base. */
function temper(inputs: Float64Array, rows: number, units: number, inverseTemperatures: Float64Array, base?: Float64Array): void {
  for (let row = 0; row < rows; row++) {
    const scale = inverseTemperatures[row];
    const rest = 1 - scale;
    for (let unit = 0; unit < units; unit++) {
      const scaled = scale * inputs[row * units + unit];
      inputs[row * units + unit] = base === undefined ? scaled : rest * base[unit] + scaled;
    }
  }
}

/** See `Kernels.sampleHidden`. */
export function sampleHidden(
  model: Model,
  visible: BinaryMatrix,
  rows: number,
  address: RandomAddress,
  firstRow: number,
  hidden: BinaryMatrix,
  tempering?: Tempering,
): void {
  const means = createMatrix(rows, model.hiddenUnits);
  hiddenInputs(model, visible, rows, means);
  if (tempering !== undefined) temper(valuesOf(means), rows, model.hiddenUnits, tempering.inverseTemperatures);
  bernoulliMeans(means, rows);
  sampleBernoulli(address, firstRow, rows, means, hidden);
}

/** See `Kernels.sampleVisible`. */
export function sampleVisible(
  model: Model,
  hidden: BinaryMatrix,
  rows: number,
  address: RandomAddress,
  firstRow: number,
  visible: BinaryMatrix,
  tempering?: Tempering,
): void {
  const means = createMatrix(rows, model.visibleUnits);
  visibleInputs(model, hidden, rows, means);
  if (tempering !== undefined) {
    const { inverseTemperatures, baseVisibleBias } = tempering;
    temper(valuesOf(means), rows, model.visibleUnits, inverseTemperatures, baseVisibleBias);
  }
  bernoulliMeans(means, rows);
  sampleBernoulli(address, firstRow, rows, means, visible);
}
