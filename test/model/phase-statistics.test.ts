/** The sums of one phase, against their definition. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, loadKernels, type Kernels } from '../../src/kernels/index.js';
import { phaseStatistics } from '../../src/model/phase-statistics.js';
import { matrixOf, statesOf } from '../kernels/support.js';
import { uniforms } from '../reference/numbers.js';

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  test.each([[1, 1, 1], [3, 7, 5], [9, 33, 4]])('samples: %i rows, %i × %i; rows beyond them do not count', (rows, n, m) => {
    const bytes = Uint8Array.from(uniforms((rows + 1) * n, 1), (u) => (u < 0.4 ? 1 : 0));
    const means = Float64Array.from(uniforms((rows + 1) * m, 2));
    const statistics = phaseStatistics(
      {
        kind: 'samples',
        visible: statesOf(kernels, bytes, rows + 1, n),
        hiddenMeans: matrixOf(kernels, rows + 1, m, means),
        rows,
      },
      n,
      m,
    );
    const sum = (term: (row: number) => number) => Array.from({ length: rows }, (_, row) => term(row)).reduce((a, b) => a + b, 0);
    expect(statistics.count).toBe(rows);
    expect([...statistics.visible]).toEqual(Array.from({ length: n }, (_, i) => sum((row) => bytes[row * n + i])));
    for (let j = 0; j < m; j++) expect(statistics.hidden[j]).toBeCloseTo(sum((row) => means[row * m + j]), 14);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        expect(statistics.products[i * m + j]).toBeCloseTo(sum((row) => bytes[row * n + i] * means[row * m + j]), 14);
      }
    }
  });

  test('an expectation is taken as it is, with count 1', () => {
    const moments = {
      visible: Float64Array.from([0.25, 0.5]),
      hidden: Float64Array.from([0.75]),
      products: Float64Array.from([0.125, 0.375]),
    };
    expect(phaseStatistics({ kind: 'expectation', moments }, 2, 1)).toEqual({ count: 1, ...moments });
  });
});
