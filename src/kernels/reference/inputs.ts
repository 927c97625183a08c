/**
 * Inputs of the units of one layer given the other: bias + Σ state·weight, in groups of four units.
 */

import { getUnit, isBinaryMatrix, type BinaryMatrix } from '../binary-matrix.js';
import type { Matrix, Model, VisibleStates } from '../kernels.js';
import { valuesOf } from './memory.js';

/**
 * total += the group's sum, for every group of four units of `states` row `row` that has a unit on.
 *
 * @param units of the given layer
 * @param totals receives the inputs, `length` from `target` on; holds the biases on entry
 * @param weightOf the weight between a unit of the given layer and output `index`
 */
function addGroups(
  states: BinaryMatrix,
  row: number,
  units: number,
  totals: Float64Array,
  target: number,
  length: number,
  weightOf: (unit: number, index: number) => number,
): void {
  const active: number[] = [];
  for (let group = 0; group < units; group += 4) {
    active.length = 0;
    for (let unit = group; unit < group + 4 && unit < units; unit++) {
      if (getUnit(states, row, unit) === 1) active.push(unit);
    }
    if (active.length === 0) continue;
    for (let index = 0; index < length; index++) {
      let sum = weightOf(active[0], index);
      for (let other = 1; other < active.length; other++) sum += weightOf(active[other], index);
      totals[target + index] += sum;
    }
  }
}

/**
 * totals += Σ value·weight over the units of the given layer in groups of four, none left out.
 *
 * @param values of the given layer, `units` from `start` on
 * @param totals receives the inputs, `length` from `target` on; holds the biases on entry
 */
function addProducts(
  values: Float64Array,
  start: number,
  units: number,
  totals: Float64Array,
  target: number,
  length: number,
  weightOf: (unit: number, index: number) => number,
): void {
  for (let index = 0; index < length; index++) {
    for (let group = 0; group < units; group += 4) {
      let sum = values[start + group] * weightOf(group, index);
      for (let unit = group + 1; unit < group + 4 && unit < units; unit++) sum += values[start + unit] * weightOf(unit, index);
      totals[target + index] += sum;
    }
  }
}

/** See `Kernels.hiddenInputs`; into a row-major array. */
export function hiddenInputsInto(model: Model, visible: VisibleStates, row: number, inputs: Float64Array, target: number): void {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const weights = valuesOf(model.weights);
  const weightOf = (i: number, j: number): number => weights[i * m + j];
  inputs.set(model.hiddenBias, target);
  if (isBinaryMatrix(visible)) addGroups(visible, row, n, inputs, target, m, weightOf);
  else addProducts(valuesOf(visible), row * n, n, inputs, target, m, weightOf);
}

/** See `Kernels.hiddenInputs`. */
export function hiddenInputs(model: Model, visible: VisibleStates, rows: number, inputs: Matrix): void {
  for (let row = 0; row < rows; row++) hiddenInputsInto(model, visible, row, valuesOf(inputs), row * model.hiddenUnits);
}

/** See `Kernels.visibleInputs`. */
export function visibleInputs(model: Model, hidden: BinaryMatrix, rows: number, inputs: Matrix): void {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const weights = valuesOf(model.weights);
  const values = valuesOf(inputs);
  for (let row = 0; row < rows; row++) {
    values.set(model.visibleBias, row * n);
    addGroups(hidden, row, m, values, row * n, n, (j, i) => weights[i * m + j]);
  }
}

/** See `Kernels.visibleInputsFromMeans`. */
export function visibleInputsFromMeans(model: Model, hidden: Matrix, rows: number, inputs: Matrix): void {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const weights = valuesOf(model.weights);
  const values = valuesOf(inputs);
  for (let row = 0; row < rows; row++) {
    values.set(model.visibleBias, row * n);
    addProducts(valuesOf(hidden), row * m, m, values, row * n, n, (j, i) => weights[i * m + j]);
  }
}
