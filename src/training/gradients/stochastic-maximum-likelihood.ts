/**
 * SML, also PCD: the negative phase's chains take k Gibbs steps from where the last update left them.
 *
 * L. Younes, "On the convergence of Markovian stochastic algorithms with rapidly decreasing ergodicity rates",
 * Stochastics 65 (1999); T. Tieleman, "Training restricted Boltzmann machines using approximations to the likelihood
 * gradient", ICML 2008. Follows the model as long as the parameters move more slowly than the chains mix.
 */

import type { GradientEstimator } from './gradient-estimator.js';
import { persistentPhases, startPersistentChains, type PersistentChains } from '../persistent-chains.js';

/** SML. */
export const stochasticMaximumLikelihood: GradientEstimator = {
  name: 'sml',
  summary: 'SML or PCD, stochastic maximum likelihood: k Gibbs steps from where the chains stood',
  synonyms: ['pcd', 'persistent-contrastive-divergence', 'stochastic-maximum-likelihood'],
  usesGibbsSteps: true,
  usesPersistentChains: true,
  keys: [],
  demand: ({ chains }) => ({ chainRows: chains as number }),
  start: startPersistentChains,
  estimate: (context, state, rows, update) => persistentPhases(context, context.model, state as PersistentChains, rows, update),
};
