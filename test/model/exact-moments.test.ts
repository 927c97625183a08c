/** The model's expectations by enumeration of the smaller layer, against sums over all joint states. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { exactLogPartitionFunction } from '../../src/estimators/exact-log-partition-function.js';
import { backends, loadKernels, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { exactMoments } from '../../src/model/exact-moments.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { normals } from '../reference/numbers.js';

function randomModel(n: number, m: number, size: number): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1, size)),
    visibleBias: Float64Array.from(normals(n, 2, size)),
    hiddenBias: Float64Array.from(normals(m, 3, size)),
  };
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  test.each([
    [1, 1, 1, 1e-14],
    [5, 3, 1, 1e-14],
    [3, 5, 1, 1e-14],
    [4, 4, 2, 1e-14],
    [1, 6, 3, 1e-14],
    [4, 3, 20, 1e-12],
    [3, 4, 400, 1e-11],
  ])('%i × %i, parameters of size %i: within %p of the definition', async (n, m, size, tolerance) => {
    const model = randomModel(n, m, size);
    const moments = await exactMoments(kernels, model, await exactLogPartitionFunction(kernels, model));
    const exact = bruteForce.modelExpectations(model, bruteForce.enumerate(model));
    const pairs = [
      [moments.products, exact.weights],
      [moments.visible, exact.visibleBias],
      [moments.hidden, exact.hiddenBias],
    ] as const;
    for (const [actual, expected] of pairs) {
      expect(actual.length).toBe(expected.length);
      const errors = expected.map((value, index) => Math.abs(actual[index] - ep.toNumber(value)));
      expect(Math.max(...errors)).toBeLessThan(tolerance);
    }
  });
});
