/**
 * What a phase contributes to the gradient: means over its rows, in groups of four rows.
 */

import { getUnit, isBinaryMatrix } from '../binary-matrix.js';
import type { Phase } from '../kernels.js';
import { valuesOf } from './memory.js';

/** What one phase adds to gradients. */
export interface Contribution {
  /** Adds ± the mean of v, n. */
  addVisible(total: Float64Array): void;
  /** Adds ± the mean of E[h | v], m. */
  addHidden(total: Float64Array): void;
  /** Adds ± the mean of v_i E[h | v] of visible unit i, m. */
  addProducts(unit: number, total: Float64Array): void;
  /** Whether a visible unit is off in all rows; an expectation has none. */
  isOff(unit: number): boolean;
}

/** The contribution of a phase, n × m; `sign` is 1 for the positive phase, −1 for the negative one. */
export function contribution(phase: Phase, sign: 1 | -1, visibleUnits: number, hiddenUnits: number): Contribution {
  if (phase.kind === 'expectation') {
    const { visible, hidden, products } = phase.moments;
    return {
      addVisible(total) {
        for (let i = 0; i < visibleUnits; i++) total[i] += sign * visible[i];
      },
      addHidden(total) {
        for (let j = 0; j < hiddenUnits; j++) total[j] += sign * hidden[j];
      },
      addProducts(unit, total) {
        for (let j = 0; j < hiddenUnits; j++) total[j] += sign * products[unit * hiddenUnits + j];
      },
      isOff: () => false,
    };
  }
  const { rows, visible: states } = phase;
  const scale = sign * (1 / rows);
  const means = valuesOf(phase.hiddenMeans);
  const groupSum = new Float64Array(hiddenUnits);

  /** Adds the scaled means of the rows for which `isOn`, each multiplied by `factorOf` where that is given. */
  function addRows(total: Float64Array, isOn: (row: number) => boolean, factorOf?: (row: number) => number): void {
    for (let group = 0; group < rows; group += 4) {
      let terms = 0;
      for (let row = group; row < group + 4 && row < rows; row++) {
        if (!isOn(row)) continue;
        for (let j = 0; j < hiddenUnits; j++) {
          const scaled = means[row * hiddenUnits + j] * scale;
          const term = factorOf === undefined ? scaled : factorOf(row) * scaled;
          groupSum[j] = terms === 0 ? term : groupSum[j] + term;
        }
        terms++;
      }
      if (terms === 0) continue;
      for (let j = 0; j < hiddenUnits; j++) total[j] += groupSum[j];
    }
  }

  const isAny = (): boolean => true;
  if (!isBinaryMatrix(states)) {
    const values = valuesOf(states);
    return {
      addVisible(total) {
        for (let i = 0; i < visibleUnits; i++) {
          for (let group = 0; group < rows; group += 4) {
            let sum = values[group * visibleUnits + i] * scale;
            for (let row = group + 1; row < group + 4 && row < rows; row++) sum += values[row * visibleUnits + i] * scale;
            total[i] += sum;
          }
        }
      },
      addHidden: (total) => addRows(total, isAny),
      addProducts: (unit, total) => addRows(total, isAny, (row) => values[row * visibleUnits + unit]),
      isOff: () => false,
    };
  }
  const counts = new Float64Array(visibleUnits);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < visibleUnits; i++) counts[i] += getUnit(states, row, i);
  }
  return {
    addVisible(total) {
      for (let i = 0; i < visibleUnits; i++) total[i] += counts[i] * scale;
    },
    addHidden: (total) => addRows(total, isAny),
    addProducts: (unit, total) => addRows(total, (row) => getUnit(states, row, unit) === 1),
    isOff: (unit) => counts[unit] === 0,
  };
}
