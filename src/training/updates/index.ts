/**
 * From both phases of the gradient to new parameters: the pipeline, and the config keys of its parts.
 */

import type { SchemaKey } from '../../config/schema.js';
import { centringKey } from './centring.js';
import { clippingKey } from './clipping.js';
import { sparsityKey } from './sparsity.js';

export { momentumOptimizers, optimizerKeys, optimizerOf, optimizers } from './optimizers/index.js';
export { startDeclaredUnits } from './declared-units.js';
export { identityParameterization, type Parameterization } from './parameterization.js';
export type { PhaseMeans } from './phase-means.js';
export { needsGradient, UpdatePipeline, type UpdateContext } from './pipeline.js';

/** Keys of the `training` section between the gradient and the step, beside those of the optimizers. */
export const updateKeys: readonly SchemaKey[] = [sparsityKey, centringKey, clippingKey];
