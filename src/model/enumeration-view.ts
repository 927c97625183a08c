/**
 * Which layer of an RBM is enumerated, and the model as seen from there.
 */

import type { EnumerationView, ModelParameters } from '../kernels/index.js';

/** The layer whose states are enumerated: the smaller one; the hidden one where both are equal. */
export function enumeratedLayer(model: { visibleUnits: number; hiddenUnits: number }): 'visible' | 'hidden' {
  return model.visibleUnits < model.hiddenUnits ? 'visible' : 'hidden';
}

/** Cost of enumerating a model exactly: 2^(units of the smaller layer) states × units of the larger layer. */
export function enumerationCost(model: { visibleUnits: number; hiddenUnits: number }): {
  states: number;
  stateUnits: number;
} {
  const outer = Math.min(model.visibleUnits, model.hiddenUnits);
  const inner = Math.max(model.visibleUnits, model.hiddenUnits);
  // A running product: ** is left to the implementation by ECMAScript.
  let states = 1;
  for (let unit = 0; unit < outer; unit++) states *= 2;
  return { states, stateUnits: states * inner };
}

/** The model with its smaller layer outside; weights are outer × inner. */
export function enumerationView(parameters: ModelParameters): EnumerationView {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias } = parameters;
  if (enumeratedLayer(parameters) === 'visible') {
    return { outerUnits: n, innerUnits: m, weights, outerBias: visibleBias, innerBias: hiddenBias };
  }
  const transposed = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) transposed[j * n + i] = weights[i * m + j];
  }
  return { outerUnits: m, innerUnits: n, weights: transposed, outerBias: hiddenBias, innerBias: visibleBias };
}
