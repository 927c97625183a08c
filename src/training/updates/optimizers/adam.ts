/**
 * Adam: steps along the running mean of the gradient, divided by the root of the running mean of its square.
 *
 * D. P. Kingma & J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1. Both means start at 0, and are
 * divided by 1 − decay^t after t updates; the powers are running products, kept in the checkpoint.
 */

import { decayKey, epsilonKey, type Optimizer, type OptimizerState } from './optimizer.js';

/** [firstDecay^t, secondDecay^t] beside the means. */
interface AdamState extends OptimizerState {
  readonly powers: Float64Array;
}

/** Adam. */
export const adam: Optimizer = {
  name: 'adam',
  summary: 'Adam: running mean of the gradient over the root of that of its square',
  synonyms: ['adaptive-moments'],
  usesMomentum: false,
  isLinear: false,
  keeps: { models: 2, numbers: 2 },
  keys: [
    decayKey('firstDecay', 'share of the running mean of the gradient (β₁) that is kept from update to update', 0.9),
    decayKey('secondDecay', 'share of the running mean of the squared gradient (β₂) that is kept from update to update', 0.999),
    epsilonKey,
  ],
  start({ kernels, model }) {
    const first = kernels.createModel(model.visibleUnits, model.hiddenUnits);
    const second = kernels.createModel(model.visibleUnits, model.hiddenUnits);
    const powers = Float64Array.of(1, 1);
    const state: AdamState = { means: { first, second }, tensors: { first, second, powers }, powers };
    return state;
  },
  nextRule(state, config) {
    const { powers } = state as AdamState;
    const { firstDecay, secondDecay, epsilon } = config as unknown as { firstDecay: number; secondDecay: number; epsilon: number };
    powers[0] *= firstDecay;
    powers[1] *= secondDecay;
    return {
      rule: 'adaptive',
      firstDecay,
      secondDecay,
      firstCorrection: 1 / (1 - powers[0]),
      secondCorrection: 1 / (1 - powers[1]),
      epsilon,
    };
  },
};
