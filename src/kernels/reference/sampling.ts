/**
 * Means and states of units.
 */

import { sampleBernoulliRow, uniform } from '../addressed-uniform.js';
import { setUnit, type BinaryMatrix } from '../binary-matrix.js';
import { exp, sigmoid } from '../elementary.js';
import { inverseNormalCumulative } from '../inverse-normal.js';
import type { HiddenMeansRequest, Matrix, Model, Tempering, VisibleStates } from '../kernels.js';
import type { RandomAddress } from '../random-address.js';
import { forEachGroup, largestOf, layerMeans } from '../visible-layer.js';
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
  visible: VisibleStates,
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

/** See `Kernels.visibleMeans`. */
export function visibleMeans(model: Model, inputs: Matrix, rows: number): void {
  const { visibleUnits: n, visibleLayer } = model;
  for (let row = 0; row < rows; row++) layerMeans(visibleLayer, valuesOf(inputs), row * n, n);
}

/** Draws one unit of every group of a row, from its inputs. */
function sampleCategorical(
  groups: Uint32Array,
  inputs: Float64Array,
  start: number,
  address: RandomAddress,
  addressRow: number,
  states: BinaryMatrix,
  row: number,
): void {
  const { words, wordsPerRow } = states;
  words.fill(0, row * wordsPerRow, (row + 1) * wordsPerRow);
  forEachGroup(groups, (first, end) => {
    const largest = largestOf(inputs, start + first, start + end);
    let total = 0;
    for (let unit = first; unit < end; unit++) total += exp(inputs[start + unit] - largest);
    const threshold = uniform(address, addressRow, first) * total;
    let sum = 0;
    let chosen = first;
    for (; chosen < end - 1; chosen++) {
      sum += exp(inputs[start + chosen] - largest);
      if (sum > threshold) break;
    }
    setUnit(states, row, chosen);
  });
}

/** See `Kernels.sampleVisible`. */
export function sampleVisible(
  model: Model,
  hidden: BinaryMatrix,
  rows: number,
  address: RandomAddress,
  firstRow: number,
  visible: VisibleStates,
  tempering?: Tempering,
): void {
  const { visibleUnits: n, visibleLayer } = model;
  const inputs = createMatrix(rows, n);
  const { values } = inputs;
  visibleInputs(model, hidden, rows, inputs);
  if (tempering !== undefined) temper(values, rows, n, tempering.inverseTemperatures, tempering.baseVisibleBias);
  if (visibleLayer.kind === 'gaussian') {
    const target = valuesOf(visible as Matrix);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < n; i++) target[row * n + i] = values[row * n + i] + inverseNormalCumulative(uniform(address, firstRow + row, i));
    }
  } else if (visibleLayer.kind === 'categorical') {
    for (let row = 0; row < rows; row++) {
      sampleCategorical(visibleLayer.groups, values, row * n, address, firstRow + row, visible as BinaryMatrix, row);
    }
  } else {
    bernoulliMeans(inputs, rows);
    sampleBernoulli(address, firstRow, rows, inputs, visible as BinaryMatrix);
  }
}
