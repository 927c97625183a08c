/**
 * Clipping: a gradient longer than a limit is scaled down to it (its direction stays), before weight decay and optimizer.
 *
 * R. Pascanu, T. Mikolov & Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, algorithm 1.
 */

import type { SchemaKey } from '../../config/schema.js';
import { canonicalSum, type Model } from '../../kernels/index.js';
import type { StartDirection } from './direction.js';

const { sqrt } = Math;

/** The `training.clipNorm` key. */
export const clippingKey: SchemaKey = {
  name: 'clipNorm',
  meaning: 'largest Euclidean norm of the gradient over all parameters: longer ones are scaled down to it, before weight decay',
  type: { kind: 'number', exclusiveMinimum: 0 },
};

/** Canonical sum of the squares; overwrites the values. */
function sumOfSquares(values: Float64Array): number {
  for (let index = 0; index < values.length; index++) values[index] *= values[index];
  return canonicalSum(values);
}

/** Euclidean norm over all parameters: the squares of every row of W and of each bias have a canonical sum, and these sums, too. */
export function gradientNorm({ visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias }: Model): number {
  const sums = new Float64Array(n + 2);
  const row = new Float64Array(m);
  for (let i = 0; i < n; i++) {
    weights.readRows(i, row);
    sums[i] = sumOfSquares(row);
  }
  sums[n] = sumOfSquares(visibleBias.slice());
  sums[n + 1] = sumOfSquares(hiddenBias.slice());
  return sqrt(canonicalSum(sums));
}

/** Clipping, where the config has it. */
export const startClipping: StartDirection = ({ kernels, config: { clipNorm } }) => {
  if (clipNorm === undefined) return undefined;
  return {
    tensors: {},
    apply(gradient) {
      const norm = gradientNorm(gradient);
      if (norm > clipNorm) kernels.combineModels(gradient, clipNorm / norm, gradient, 0, gradient);
    },
  };
};
