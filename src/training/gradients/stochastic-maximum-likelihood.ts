/**
 * SML, also PCD: the negative phase's chains take k Gibbs steps from where the last update left them.
 *
 * L. Younes, "On the convergence of Markovian stochastic algorithms with rapidly decreasing ergodicity rates",
 * Stochastics 65 (1999); T. Tieleman, "Training restricted Boltzmann machines using approximations to the likelihood
 * gradient", ICML 2008. Follows the model as long as the parameters move more slowly than the chains mix.
 *
 * A chain rests on its hidden states, as in Tieleman's and in scikit-learn's implementations: they are drawn from the
 * means that the negative phase needs anyway, and the next update draws v from them with the new parameters.
 */

import type { Matrix } from '../../kernels/index.js';
import {
  createChains,
  fillWithExamples,
  fillWithNoise,
  gibbsSteps,
  layerAddress,
  startUpdate,
  type Chains,
} from '../../sampling/gibbs.js';
import type { GradientEstimator, GradientState } from './gradient-estimator.js';

/** The chains and the room for their hidden means. */
interface PersistentChains extends GradientState {
  readonly chains: Chains;
  readonly hiddenMeans: Matrix;
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
  async start({ kernels, model, config, examples, key }) {
    const count = config.chains as number;
    const chains = createChains(kernels, model, count);
    if (config.chainStart === 'data') fillWithExamples(chains.visible, examples);
    else await fillWithNoise(kernels, model, chains.visible, key);
    const address = layerAddress({ key, update: startUpdate, step: 0, row: 0 }, 'hidden');
    kernels.sampleHidden(model, chains.visible, count, address, 0, chains.hidden);
    await kernels.finish();
    const state: PersistentChains = {
      tensors: { visibleChains: chains.visible, hiddenChains: chains.hidden },
      chains,
      hiddenMeans: kernels.createMatrix(count, model.hiddenUnits),
    };
    return state;
  },
  async estimate({ kernels, model, batch, key, config }, state, rows, update) {
    const { chains, hiddenMeans } = state as PersistentChains;
    const { visible, hidden } = chains;
    const count = visible.rows;
    const k = config.k ?? 1;
    const first = { key, update, step: 0, row: 0 };
    kernels.sampleVisible(model, hidden, count, layerAddress(first, 'visible'), 0, visible);
    await gibbsSteps(kernels, model, chains, count, k - 1, { ...first, step: 1 });
    kernels.hiddenMeans(model, [
      { visible: batch.visible, rows, means: batch.hiddenMeans },
      { visible, rows: count, means: hiddenMeans },
    ]);
    kernels.sampleBernoulli(layerAddress({ ...first, step: k }, 'hidden'), 0, count, hiddenMeans, hidden);
    return {
      positive: { kind: 'samples', visible: batch.visible, hiddenMeans: batch.hiddenMeans, rows },
      negative: { kind: 'samples', visible, hiddenMeans, rows: count },
    };
  },
};
