/**
 * Sufficient statistics of one phase of the gradient, for whoever looks at it: tests, diagnostics, the report. Updates
 * don't need them as arrays.
 */

import { readVisibleRow, type Model, type ModelMoments, type Phase } from '../kernels/index.js';
import { getParameters } from './parameters.js';

/** Sums over `count` samples (or an expectation, with count 1). */
export interface PhaseStatistics {
  readonly count: number;
  /** Σ v, n. */
  readonly visible: Float64Array;
  /** Σ E[h | v], m. */
  readonly hidden: Float64Array;
  /** Σ v E[h | v]ᵀ, n × m. */
  readonly products: Float64Array;
}

/** The statistics of a phase; summed row by row, so the last places may differ from those that an update uses. */
export function phaseStatistics(phase: Phase, visibleUnits: number, hiddenUnits: number): PhaseStatistics {
  if (phase.kind === 'expectation') return { count: 1, ...phase.moments };
  const visible = new Float64Array(visibleUnits);
  const hidden = new Float64Array(hiddenUnits);
  const products = new Float64Array(visibleUnits * hiddenUnits);
  const means = new Float64Array(hiddenUnits);
  const { visible: states } = phase;
  const values = new Float64Array(visibleUnits);
  for (let row = 0; row < phase.rows; row++) {
    phase.hiddenMeans.readRows(row, means);
    for (let j = 0; j < hiddenUnits; j++) hidden[j] += means[j];
    readVisibleRow(states, row, values);
    for (let i = 0; i < visibleUnits; i++) {
      const value = values[i];
      if (value === 0) continue;
      visible[i] += value;
      for (let j = 0; j < hiddenUnits; j++) products[i * hiddenUnits + j] += value * means[j];
    }
  }
  return { count: phase.rows, visible, hidden, products };
}

/** Means that the kernels' `accumulateGradient` has left in a model, as an expectation: a copy. */
export function momentsOf(means: Model): ModelMoments {
  const { visibleBias, hiddenBias, weights } = getParameters(means);
  return { visible: visibleBias, hidden: hiddenBias, products: weights };
}
