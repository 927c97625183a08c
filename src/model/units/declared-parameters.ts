/**
 * Parameters of a model in the units that its config declares: what is trained, saved and hashed.
 *
 *     E(v,h) = −aᵀv − bᵀh − vᵀWh
 *     E(v,h) = Σ_i (v_i − a_i)²/(2σ_i²) − bᵀh − Σ_ij v_i·W_ij·h_j/σ_i²      of Gaussian visible units, z_i = log σ_i²
 */

import { exp, type Model, type ModelParameters } from '../../kernels/index.js';
import type { WithVariances } from '../parameters.js';
import { unitType, type UnitName } from './registry.js';

/** What the units of a model are. */
export interface ModelUnits {
  readonly visible: UnitName;
  readonly hidden: UnitName;
  /** Of Gaussian visible units: whether log σ² is learned; fixed where left out. */
  readonly variance?: 'fixed' | 'learned';
}

/** Units of models that say nothing of them. */
export const binaryModelUnits: ModelUnits = { visible: 'binary', hidden: 'binary' };

/**
 * What declared parameters have beside weights and biases: `visibleLogVariance` is z, n: log σ_i² of Gaussian visible
 * units; all variances are 1 where it is left out.
 */
export interface Declared extends WithVariances {
  /** Binary where left out. */
  readonly units?: ModelUnits;
}

/** Declared parameters in ordinary arrays; `visibleLayer` is the standard layer that the visible units are an image of. */
export interface DeclaredParameters extends ModelParameters, Declared {}

/** Declared parameters in a backend's memory. */
export type DeclaredModel = Model & Declared;

/** Whether parameters stand for themselves: declared and standard ones are the same numbers. */
export function areStandard({ units = binaryModelUnits, visibleLogVariance }: Declared): boolean {
  const isStandard = (name: UnitName): boolean => unitType(name).scale === 1;
  return visibleLogVariance === undefined && isStandard(units.visible) && isStandard(units.hidden);
}

/** The standard deviations σ of Gaussian visible units, n; undefined where all are 1. */
export function visibleDeviations({ visibleLogVariance }: Declared): Float64Array | undefined {
  return visibleLogVariance?.map((value) => exp(0.5 * value));
}
