/**
 * SML, also PCD: the negative phase's chains take k Gibbs steps from where the last update left them.
 *
 * L. Younes, "On the convergence of Markovian stochastic algorithms with rapidly decreasing ergodicity rates",
 * Stochastics 65 (1999); T. Tieleman, "Training restricted Boltzmann machines using approximations to the likelihood
 * gradient", ICML 2008. Follows the model as long as the parameters move more slowly than the chains mix.
 */

import {
  createChains,
  fillWithExamples,
  fillWithNoise,
  gibbsSteps,
  hiddenMeansGivenVisible,
  type Chains,
} from '../../sampling/gibbs.js';
import { positivePhase, type GradientEstimator, type GradientState } from './gradient-estimator.js';

/** The chains' states are the state's tensor; `chains` shares their memory and adds the room that steps need. */
interface PersistentChains extends GradientState {
  readonly chains: Chains;
}

/** SML. */
export const stochasticMaximumLikelihood: GradientEstimator = {
  name: 'sml',
  summary: 'SML or PCD, stochastic maximum likelihood: k Gibbs steps from where the chains stood',
  synonyms: ['pcd', 'persistent-contrastive-divergence', 'stochastic-maximum-likelihood'],
  usesGibbsSteps: true,
  keys: [
    {
      name: 'chains',
      meaning: 'number of persistent chains',
      type: { kind: 'integer', minimum: 1, maximum: 1 << 24 },
      default: 100,
      onlyWith: { key: 'algorithm', values: ['sml'] },
    },
    {
      name: 'chainStart',
      meaning: 'states that the chains start from',
      type: {
        kind: 'choice',
        values: ['data', 'noise'],
        meanings: ['the first training examples, repeated where there are more chains', 'every unit on with probability ½'],
      },
      default: 'data',
      onlyWith: { key: 'algorithm', values: ['sml'] },
    },
  ],
  start(context) {
    const { kernels, config, examples, key } = context;
    const count = config.chains as number;
    const columns = examples.columns;
    const values = new Uint8Array(count * columns);
    if (config.chainStart === 'data') fillWithExamples(values, count, examples);
    else fillWithNoise(kernels, values, count, columns, key);
    const state: PersistentChains = {
      tensors: { chains: { shape: [count, columns], values } },
      chains: createChains(context.parameters, count, values),
    };
    return state;
  },
  estimate(context, state, rows, update) {
    const { kernels, parameters, negative, key, config } = context;
    const { chains } = state as PersistentChains;
    const count = state.tensors.chains.shape[0];
    positivePhase(context, rows);
    hiddenMeansGivenVisible(kernels, parameters, chains.visible, count, chains.hiddenMeans);
    gibbsSteps(kernels, parameters, chains, count, config.k ?? 1, { key, update, step: 0, row: 0 });
    kernels.collectStatistics(parameters, chains.visible, chains.hiddenMeans, count, negative);
  },
};
