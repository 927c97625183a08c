/**
 * Means over examples, with their standard errors.
 */

import { canonicalSum } from '../kernels/index.js';

/** A mean over independent examples. */
export interface MeanWithError {
  readonly mean: number;
  /** Standard deviation / √examples; `undefined` for fewer than two examples. */
  readonly standardError: number | undefined;
}

/** Mean and standard error of `values`, by canonical sums. */
export function meanWithError(values: Float64Array): MeanWithError {
  const count = values.length;
  const mean = canonicalSum(values) / count;
  if (count < 2) return { mean, standardError: undefined };
  const squares = new Float64Array(count);
  for (let index = 0; index < count; index++) squares[index] = (values[index] - mean) * (values[index] - mean);
  return { mean, standardError: Math.sqrt(canonicalSum(squares) / (count - 1) / count) };
}
