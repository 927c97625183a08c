/**
 * The exact gradient: the negative phase's expectation itself, by enumeration. Small models only; the oracle of all others.
 */

import { plainLogPartitionFunction } from '../../estimators/exact-log-partition-function.js';
import { enumerationCost } from '../../model/enumeration-view.js';
import { exactMoments } from '../../model/exact-moments.js';
import { getParameters } from '../../model/parameters.js';
import type { GradientEstimator } from './gradient-estimator.js';

/** Largest cost of one update, states × parameters: about a second with the reference kernels. */
const costLimit = 268_435_456;

/** The exact gradient. */
export const exactGradient: GradientEstimator = {
  name: 'exact',
  summary: 'the exact expectation, by enumerating the smaller layer (small models)',
  synonyms: ['enumeration'],
  usesGibbsSteps: false,
  keys: [],
  refuse(model) {
    const { states, outerUnits } = enumerationCost(model);
    const cost = states * model.visibleUnits * model.hiddenUnits;
    if (cost <= costLimit) return undefined;
    return {
      message:
        `the exact gradient of ${model.visibleUnits} visible × ${model.hiddenUnits} hidden units enumerates 2^${outerUnits} states ` +
        `in every update, ${cost.toExponential(1)} operations; the limit is ${costLimit.toExponential(1)}`,
      hint: 'Use algorithm cd or sml, or a smaller model.',
    };
  },
  start: () => ({ tensors: {} }),
  async estimate({ kernels, model, batch }, _state, rows) {
    const { visible, hiddenMeans } = batch;
    kernels.hiddenMeans(model, [{ visible, rows, means: hiddenMeans }]);
    const parameters = getParameters(model);
    const moments = await exactMoments(kernels, parameters, await plainLogPartitionFunction(kernels, parameters));
    return {
      positive: { kind: 'samples', visible, hiddenMeans, rows },
      negative: { kind: 'expectation', moments },
    };
  },
};
