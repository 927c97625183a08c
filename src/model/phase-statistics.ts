/**
 * Room for the sufficient statistics of one phase.
 */

import type { PhaseStatistics } from '../kernels/index.js';

/** Zero statistics of no samples: visible n, hidden m, products n × m. */
export function createPhaseStatistics(visibleUnits: number, hiddenUnits: number): PhaseStatistics {
  return {
    count: 0,
    visible: new Float64Array(visibleUnits),
    hidden: new Float64Array(hiddenUnits),
    products: new Float64Array(visibleUnits * hiddenUnits),
  };
}
