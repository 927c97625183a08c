/**
 * Stochastic gradient ascent, with momentum where the config has it: the step is momentum·(last step) + learningRate·g.
 *
 * B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational Mathematics and
 * Mathematical Physics 4 (1964).
 */

import { startVelocity, type Optimizer } from './optimizer.js';

/** Stochastic gradient ascent. */
export const sgd: Optimizer = {
  name: 'sgd',
  summary: 'stochastic gradient ascent, with `momentum` where that is not 0',
  synonyms: ['gradient-ascent', 'momentum'],
  usesMomentum: true,
  isLinear: true,
  keeps: { models: 0, numbers: 0 },
  keys: [],
  start: (context) => ({ means: startVelocity(context), tensors: {} }),
  nextRule: (_state, _config, { momentum }) => ({ rule: 'momentum', momentum }),
};
