/**
 * Nesterov's accelerated gradient: the step is momentum·velocity + learningRate·g, with the velocity that already has g in it.
 *
 * I. Sutskever, J. Martens, G. Dahl & G. Hinton, "On the importance of initialization and momentum in deep learning", ICML
 * 2013, eqs. 3 and 4, after Y. Nesterov (1983). The parameters here are those the paper takes the gradient at, θ + μ·v: so
 * the gradient is that of the model as it stands, and chains, evaluations and checkpoints all mean the same parameters.
 * (Where the momentum follows a schedule, its value at an update serves for both of that update's products.)
 */

import { startVelocity, type Optimizer } from './optimizer.js';

/** Nesterov's accelerated gradient. */
export const nesterov: Optimizer = {
  name: 'nesterov',
  summary: 'Nesterov’s accelerated gradient: looks ahead along `momentum`',
  synonyms: ['nag', 'nesterov-momentum'],
  usesMomentum: true,
  isLinear: true,
  keeps: { models: 0, numbers: 0 },
  keys: [],
  start: (context) => ({ means: startVelocity(context), tensors: {} }),
  nextRule: (_state, _config, { momentum }) => ({ rule: 'nesterov', momentum }),
};
