/**
 * Sums over the rows of one phase, in groups of four rows.
 */

import { getUnit } from '../binary-matrix.js';
import type { Phase } from '../kernels.js';
import { valuesOf } from './memory.js';

/** Sums of one phase over its rows. */
export interface PhaseSums {
  /** Number of rows; 1 for an expectation. */
  readonly count: number;
  /** Σ v, n. */
  readonly visible: Float64Array;
  /** Σ E[h | v], m. */
  readonly hidden: Float64Array;
  /** Sets `products` to Σ v_i E[h | v] of visible unit i, m. */
  productsOf(unit: number, products: Float64Array): void;
}

/** The sums of a phase; products unit by unit, so that no n × m array is needed. */
export function phaseSums(phase: Phase, visibleUnits: number, hiddenUnits: number): PhaseSums {
  if (phase.kind === 'expectation') {
    const { visible, hidden, products } = phase.moments;
    return {
      count: 1,
      visible,
      hidden,
      productsOf: (unit, target) => target.set(products.subarray(unit * hiddenUnits, (unit + 1) * hiddenUnits)),
    };
  }
  const { rows, visible: states } = phase;
  const means = valuesOf(phase.hiddenMeans);
  const groupSum = new Float64Array(hiddenUnits);

  /** Adds the means of the rows for which `isOn`. */
  function addRows(total: Float64Array, isOn: (row: number) => boolean): void {
    for (let group = 0; group < rows; group += 4) {
      let terms = 0;
      for (let row = group; row < group + 4 && row < rows; row++) {
        if (!isOn(row)) continue;
        for (let j = 0; j < hiddenUnits; j++) groupSum[j] = terms === 0 ? means[row * hiddenUnits + j] : groupSum[j] + means[row * hiddenUnits + j];
        terms++;
      }
      if (terms === 0) continue;
      for (let j = 0; j < hiddenUnits; j++) total[j] += groupSum[j];
    }
  }

  const visible = new Float64Array(visibleUnits);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < visibleUnits; i++) visible[i] += getUnit(states, row, i);
  }
  const hidden = new Float64Array(hiddenUnits);
  addRows(hidden, () => true);
  return {
    count: rows,
    visible,
    hidden,
    productsOf(unit, products) {
      products.fill(0);
      addRows(products, (row) => getUnit(states, row, unit) === 1);
    },
  };
}
