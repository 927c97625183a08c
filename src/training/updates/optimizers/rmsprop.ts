/**
 * RMSProp: steps along the gradient, divided by the root of the running mean of its square.
 *
 * T. Tieleman & G. Hinton, "Lecture 6.5: rmsprop", COURSERA: Neural Networks for Machine Learning (2012). The mean starts
 * at 0 and is not corrected for that, so that the first steps are larger: learningRate/√(1 − decay) at the first update.
 */

import { decayKey, epsilonKey, type Optimizer } from './optimizer.js';

/** RMSProp. */
export const rmsprop: Optimizer = {
  name: 'rmsprop',
  summary: 'RMSProp: the gradient over the root of the running mean of its square',
  synonyms: ['rms'],
  usesMomentum: false,
  isLinear: false,
  keeps: { models: 1, numbers: 0 },
  keys: [decayKey('decay', 'share of the running mean of the squared gradient that is kept from update to update', 0.9), epsilonKey],
  start({ kernels, model }) {
    const second = kernels.createModel(model.visibleUnits, model.hiddenUnits);
    return { means: { second }, tensors: { second } };
  },
  nextRule(_state, config) {
    const { decay, epsilon } = config as unknown as { decay: number; epsilon: number };
    return { rule: 'adaptive', firstDecay: 0, secondDecay: decay, firstCorrection: 1, secondCorrection: 1, epsilon };
  },
};
