/**
 * Sparsity: hidden units that are on in about a given share of the examples.
 *
 * H. Lee, C. Ekanadham & A. Y. Ng, "Sparse deep belief net model for visual area V2", NIPS 2007; G. E. Hinton, "A practical
 * guide to training restricted Boltzmann machines" (2010), section 11: q_j is a running mean of E[h_j | v] over the
 * data, and the input of unit j is pushed along target − q_j, the gradient of −cost × the cross-entropy of target and q_j by
 * the input of a unit whose activity is q_j:
 *
 *     q ← decay·q + (1 − decay)·⟨h⟩        ∇b_j += cost·(target − q_j)        ∇W_ij += cost·(target − q_j)·⟨v_i⟩
 *
 * with the means of this mini-batch. q starts at the target: nothing is pushed before the data were seen.
 */

import type { SchemaKey } from '../../config/schema.js';
import type { StartDirection } from './direction.js';

/** The `training.sparsity` key. */
export const sparsityKey: SchemaKey = {
  name: 'sparsity',
  meaning: 'pushes hidden units towards being on in a given share of the examples',
  type: {
    kind: 'object',
    keys: [
      { name: 'target', meaning: 'share of the examples that a unit is to be on in', type: { kind: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, required: true },
      { name: 'cost', meaning: 'weight of the cross-entropy of target and activity beside the log-likelihood', type: { kind: 'number', exclusiveMinimum: 0 }, required: true },
      { name: 'decay', meaning: 'share of the running mean of the activities that is kept from update to update', type: { kind: 'number', minimum: 0, exclusiveMaximum: 1 }, default: 0.9 },
    ],
  },
};

/** Sparsity, where the config has it. */
export const startSparsity: StartDirection = ({ kernels, model, config, parameterization }) => {
  if (config.sparsity === undefined) return undefined;
  const { target: share, cost, decay } = config.sparsity;
  const { visibleUnits: n, hiddenUnits: m } = model;
  // In the units' own values: 2·share − 1 of units that are −1 or 1.
  const { hidden: target } = parameterization.meansOf({ visible: new Float64Array(n), hidden: new Float64Array(m).fill(share) });
  const activity = Float64Array.from(target);
  return {
    tensors: { activity },
    apply({ weights, hiddenBias }, { positive: { visible, hidden } }) {
      const push = new Float64Array(m);
      for (let j = 0; j < m; j++) {
        activity[j] = decay * activity[j] + (1 - decay) * hidden[j];
        push[j] = cost * (target[j] - activity[j]);
        hiddenBias[j] += push[j];
      }
      kernels.transformWeights(weights, weights, { terms: [{ rows: visible, columns: push }] });
    },
  };
};
