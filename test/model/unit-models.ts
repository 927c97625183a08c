/**
 * Small models of every unit type, as declared parameters of src and as the reference sees them.
 */

import { binaryLayer, type VisibleLayer } from '../../src/kernels/index.js';
import type { DeclaredParameters } from '../../src/model/units/declared-parameters.js';
import type { DeclaredReference } from '../reference/declared-units.js';
import { normals } from '../reference/numbers.js';

/** A case. */
export interface UnitCase {
  readonly name: string;
  readonly reference: DeclaredReference;
  readonly declared: DeclaredParameters;
  /** Examples in declared units. */
  readonly examples: readonly (readonly number[])[];
}

const groups = [0, 2, 5];

function layerOf(visible: DeclaredReference['visible']): VisibleLayer {
  if (visible === 'gaussian') return { kind: 'gaussian' };
  return visible === 'categorical' ? { kind: 'categorical', groups: Uint32Array.from(groups) } : binaryLayer;
}

function examplesOf(visible: DeclaredReference['visible'], n: number): number[][] {
  if (visible === 'categorical') return [[1, 0, 0, 1, 0], [0, 1, 0, 0, 1], [1, 0, 1, 0, 0], [1, 0, 0, 1, 0]];
  const numbers = normals(5 * n, 7, 1.2);
  const rows = Array.from({ length: 5 }, (_, row) => Array.from(numbers).slice(row * n, (row + 1) * n));
  if (visible === 'gaussian') return rows;
  return rows.map((row) => row.map((value) => (value > 0 ? 1 : visible === 'ising' ? -1 : 0)));
}

function unitCase(visible: DeclaredReference['visible'], hidden: DeclaredReference['hidden'], n: number, m: number, z?: readonly number[]): UnitCase {
  const weights = Float64Array.from(normals(n * m, 11, 0.7));
  const visibleBias = Float64Array.from(normals(n, 12, 0.7));
  const hiddenBias = Float64Array.from(normals(m, 13, 0.7));
  const visibleLogVariance = z === undefined ? {} : { visibleLogVariance: Float64Array.from(z) };
  const shared = { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias, ...visibleLogVariance };
  return {
    name: `${visible} × ${hidden}${z === undefined ? '' : ', variances'}${n === 1 ? ', one visible unit' : ''}`,
    reference: { ...shared, visible, hidden, ...(visible === 'categorical' && { groups }) },
    declared: { ...shared, visibleLayer: layerOf(visible), units: { visible, hidden } },
    examples: examplesOf(visible, n),
  };
}

/** Every unit type with every other. */
export const unitCases: readonly UnitCase[] = [
  unitCase('binary', 'binary', 4, 3),
  unitCase('ising', 'ising', 4, 3),
  unitCase('ising', 'binary', 4, 3),
  unitCase('binary', 'ising', 4, 3),
  unitCase('gaussian', 'binary', 1, 2),
  unitCase('gaussian', 'binary', 2, 3),
  unitCase('gaussian', 'ising', 2, 3),
  unitCase('gaussian', 'binary', 2, 3, [-0.8, 0.5]),
  unitCase('gaussian', 'ising', 2, 3, [-0.8, 0.5]),
  unitCase('categorical', 'binary', 5, 3),
  unitCase('categorical', 'ising', 5, 3),
];
