/**
 * Sufficient statistics of one phase: sums over the rows, ascending.
 */

import type { ModelParameters, PhaseStatistics } from '../kernels.js';

/** See `Kernels.collectStatistics`. */
export function collectStatistics(
  parameters: ModelParameters,
  visible: Uint8Array,
  hiddenMeans: Float64Array,
  rows: number,
  statistics: PhaseStatistics,
): void {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const { visible: visibleSum, hidden: hiddenSum, products } = statistics;
  statistics.count = rows;
  visibleSum.fill(0);
  hiddenSum.fill(0);
  products.fill(0);
  for (let row = 0; row < rows; row++) {
    const source = row * m;
    for (let j = 0; j < m; j++) hiddenSum[j] += hiddenMeans[source + j];
    for (let i = 0; i < n; i++) {
      if (visible[row * n + i] === 0) continue;
      visibleSum[i] += 1;
      const target = i * m;
      for (let j = 0; j < m; j++) products[target + j] += hiddenMeans[source + j];
    }
  }
}
