/**
 * Registry of optimizers. To add one: its file, and a row here.
 */

import type { TrainingConfig } from '../../../config/run-config.js';
import type { SchemaKey } from '../../../config/schema.js';
import { adam } from './adam.js';
import { nesterov } from './nesterov.js';
import type { Optimizer } from './optimizer.js';
import { rmsprop } from './rmsprop.js';
import { sgd } from './sgd.js';

export type { Optimizer, OptimizerContext, OptimizerRule, OptimizerState, StepSizes } from './optimizer.js';

/** All optimizers, by the names that a config may give. */
export const optimizers: readonly Optimizer[] = [sgd, nesterov, adam, rmsprop];

/** Optimizers that the key `momentum` applies to. */
export const momentumOptimizers: readonly string[] = optimizers.filter(({ usesMomentum }) => usesMomentum).map(({ name }) => name);

/** The optimizers' own keys: one row for all that share a key of the same kind and default. */
function ownKeys(): SchemaKey[] {
  const rows = new Map<string, SchemaKey>();
  for (const { name, keys } of optimizers) {
    for (const key of keys) {
      const same = JSON.stringify(key);
      const values = [...(rows.get(same)?.onlyWith?.values ?? []), name];
      rows.set(same, { ...key, onlyWith: { key: 'optimizer', values } });
    }
  }
  return [...rows.values()];
}

/** Keys of the `training` section that choose and describe the optimizer. */
export const optimizerKeys: readonly SchemaKey[] = [
  {
    name: 'optimizer',
    meaning: 'how the gradient becomes a step; sgd where left out',
    type: {
      kind: 'choice',
      values: optimizers.map(({ name }) => name),
      meanings: optimizers.map(({ summary }) => summary),
      synonyms: Object.fromEntries(optimizers.flatMap(({ name, synonyms }) => synonyms.map((synonym) => [synonym, name]))),
    },
  },
  ...ownKeys(),
];

/**
 * The optimizer of a training.
 *
 * @throws RangeError where there is none of that name (the config loader has refused it before)
 */
export function optimizerOf({ optimizer = sgd.name }: TrainingConfig): Optimizer {
  const found = optimizers.find(({ name }) => name === optimizer);
  if (found === undefined) throw new RangeError(`no optimizer ${JSON.stringify(optimizer)}`);
  return found;
}
