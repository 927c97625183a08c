/**
 * CD-k: the negative phase's chains start at the data and take k Gibbs steps.
 *
 * G. E. Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation 14 (2002).
 * Cheap and biased: the samples stay near the data, so probability far from the data goes unnoticed.
 */

import { gibbsSteps } from '../../sampling/gibbs.js';
import { positivePhase, type GradientEstimator } from './gradient-estimator.js';

/** CD-k. */
export const contrastiveDivergence: GradientEstimator = {
  name: 'cd',
  summary: 'CD-k, contrastive divergence: k Gibbs steps from the data',
  synonyms: ['contrastive-divergence', 'cd-k', 'cd1'],
  usesGibbsSteps: true,
  keys: [],
  start: () => ({ tensors: {} }),
  estimate(context, _state, rows, update) {
    const { kernels, parameters, batch, negative, key, config } = context;
    positivePhase(context, rows);
    gibbsSteps(kernels, parameters, batch, rows, config.k ?? 1, { key, update, step: 0, row: 0 });
    kernels.collectStatistics(parameters, batch.visible, batch.hiddenMeans, rows, negative);
  },
};
