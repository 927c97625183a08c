/**
 * Registry of training algorithms. To add one: its file, and a row here.
 */

import type { SchemaKey } from '../../config/schema.js';
import { addressLimits } from '../../kernels/index.js';
import { persistentChainKeys } from '../persistent-chains.js';
import { contrastiveDivergence } from './contrastive-divergence.js';
import { exactGradient } from './exact.js';
import { fastWeights } from './fast-weights.js';
import type { GradientEstimator } from './gradient-estimator.js';
import { meanField } from './mean-field.js';
import { pseudoLikelihood } from './pseudo-likelihood.js';
import { ratioMatching } from './ratio-matching.js';
import { stochasticMaximumLikelihood } from './stochastic-maximum-likelihood.js';
import { temperedStochasticMaximumLikelihood } from './tempered-stochastic-maximum-likelihood.js';

export type { GradientContext, GradientDemand, GradientEstimator, GradientState, Phases } from './gradient-estimator.js';

/** All training algorithms, by the names that a config may give. */
export const gradientEstimators: readonly GradientEstimator[] = [
  contrastiveDivergence,
  stochasticMaximumLikelihood,
  temperedStochasticMaximumLikelihood,
  fastWeights,
  exactGradient,
  meanField,
  pseudoLikelihood,
  ratioMatching,
];

/** Names of the algorithms that a shared key applies to. */
function namesOf(applies: (estimator: GradientEstimator) => boolean | undefined): string[] {
  return gradientEstimators.filter(applies).map(({ name }) => name);
}

/** Keys of the `training` section that belong to one algorithm or to several. */
export const gradientKeys: readonly SchemaKey[] = [
  {
    name: 'k',
    meaning: 'Gibbs steps per update',
    type: { kind: 'integer', minimum: 1, maximum: addressLimits.step - 1 },
    default: 1,
    onlyWith: { key: 'algorithm', values: namesOf(({ usesGibbsSteps }) => usesGibbsSteps) },
  },
  ...persistentChainKeys(namesOf(({ usesPersistentChains }) => usesPersistentChains)),
  ...gradientEstimators.flatMap((estimator) => estimator.keys),
];

/**
 * The algorithm of that name.
 *
 * @throws RangeError where there is none (the config loader has refused it before)
 */
export function gradientEstimator(name: string): GradientEstimator {
  const found = gradientEstimators.find((estimator) => estimator.name === name);
  if (found === undefined) throw new RangeError(`no training algorithm ${JSON.stringify(name)}`);
  return found;
}
