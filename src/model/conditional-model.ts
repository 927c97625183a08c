/**
 * The RBM that is left when some visible units are known: p(v_missing, h | v_observed) is that of an RBM of the missing units,
 * whose hidden biases have taken in the observed ones, b_j + Σ_{i observed} v_i·W_ij.
 */

import type { ModelParameters, VisibleLayer } from '../kernels/index.js';

/** A row of which some units are known. */
export interface PartialRow {
  /** v, n; of missing units anything. */
  readonly values: Float64Array;
  /** 1 for every missing unit, n; of a categorical group all units or none. */
  readonly missing: Uint8Array;
}

/** Numbers of the missing units, ascending. */
export function missingUnits({ missing }: PartialRow): Uint32Array {
  return Uint32Array.from(missing.keys()).filter((unit) => missing[unit] === 1);
}

/** What the missing units are. */
function layerOf(layer: VisibleLayer | undefined, missing: Uint8Array): VisibleLayer | undefined {
  if (layer?.kind !== 'categorical') return layer;
  const starts = [0];
  for (let group = 0; group + 1 < layer.groups.length; group++) {
    const [first, end] = [layer.groups[group], layer.groups[group + 1]];
    const count = missing.subarray(first, end).reduce((sum, value) => sum + value, 0);
    if (count !== 0 && count !== end - first) throw new RangeError(`units ${first} to ${end - 1} are one variable: all of them are missing, or none`);
    if (count > 0) starts.push(starts[starts.length - 1] + count);
  }
  return { kind: 'categorical', groups: Uint32Array.from(starts) };
}

/**
 * Parameters of the RBM of the missing units, in their order, given the others.
 *
 * @throws RangeError where no unit is missing, or only a part of a categorical group
 */
export function conditionalModel(parameters: ModelParameters, row: PartialRow): ModelParameters {
  const { hiddenUnits: m, weights, visibleBias } = parameters;
  const units = missingUnits(row);
  if (units.length === 0) throw new RangeError('no unit is missing');
  const hiddenBias = Float64Array.from(parameters.hiddenBias);
  for (let i = 0; i < row.values.length; i++) {
    if (row.missing[i] === 1 || row.values[i] === 0) continue;
    for (let j = 0; j < m; j++) hiddenBias[j] += row.values[i] * weights[i * m + j];
  }
  const left = new Float64Array(units.length * m);
  for (const [index, i] of units.entries()) left.set(weights.subarray(i * m, (i + 1) * m), index * m);
  return {
    visibleUnits: units.length,
    hiddenUnits: m,
    weights: left,
    visibleBias: Float64Array.from(units, (i) => visibleBias[i]),
    hiddenBias,
    visibleLayer: layerOf(parameters.visibleLayer, row.missing),
  };
}
