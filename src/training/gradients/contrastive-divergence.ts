/**
 * CD-k: the negative phase's chains start at the data and take k Gibbs steps.
 *
 * G. E. Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation 14 (2002).
 * Cheap and biased: the samples stay near the data, so probability far from the data goes unnoticed.
 */

import { createChains, gibbsSteps, layerAddress, type Chains } from '../../sampling/gibbs.js';
import type { Matrix } from '../../kernels/index.js';
import type { GradientEstimator, GradientState } from './gradient-estimator.js';

/** Room for the reconstructions of a mini-batch; nothing is carried from update to update. */
interface Reconstructions extends GradientState {
  readonly chains: Chains;
  readonly hiddenMeans: Matrix;
}

/** CD-k. */
export const contrastiveDivergence: GradientEstimator = {
  name: 'cd',
  summary: 'CD-k, contrastive divergence: k Gibbs steps from the data',
  synonyms: ['contrastive-divergence', 'cd-k', 'cd1'],
  usesGibbsSteps: true,
  keys: [],
  start({ kernels, model, batch }) {
    const state: Reconstructions = {
      tensors: {},
      chains: createChains(kernels, model, batch.visible.rows),
      hiddenMeans: kernels.createMatrix(batch.visible.rows, model.hiddenUnits),
    };
    return state;
  },
  async estimate({ kernels, model, batch, key, config }, state, rows, update) {
    const { chains, hiddenMeans } = state as Reconstructions;
    const { visible, hidden } = chains;
    const first = { key, update, step: 0, row: 0 };
    kernels.hiddenMeans(model, [{ visible: batch.visible, rows, means: batch.hiddenMeans }]);
    // The first half step has its means already.
    kernels.sampleBernoulli(layerAddress(first, 'hidden'), 0, rows, batch.hiddenMeans, hidden);
    kernels.sampleVisible(model, hidden, rows, layerAddress(first, 'visible'), 0, visible);
    await gibbsSteps(kernels, model, chains, rows, (config.k ?? 1) - 1, { ...first, step: 1 });
    kernels.hiddenMeans(model, [{ visible, rows, means: hiddenMeans }]);
    return {
      positive: { kind: 'samples', visible: batch.visible, hiddenMeans: batch.hiddenMeans, rows },
      negative: { kind: 'samples', visible, hiddenMeans, rows },
    };
  },
};
