/**
 * The contract of a unit type.
 *
 * Kernels know three kinds of *standard* visible units (binary, categorical, Gaussian of variance 1) and binary hidden ones.
 * A declared unit is an affine image of a standard one: value = scale·standard + offset. So every kernel, sampler and
 * estimator works on standard units, and only parameters are translated (`standard-parameters.ts`). A unit type is one file
 * and one row in `registry.ts`.
 */

/** The names of the unit types. */
export type UnitName = 'binary' | 'ising' | 'gaussian' | 'categorical';

/** A unit type. */
export interface UnitType {
  readonly name: UnitName;
  /** One line for help and documentation. */
  readonly summary: string;
  /** Where such units may stand. */
  readonly layers: readonly ('visible' | 'hidden')[];
  /** The standard layer that they are an image of. */
  readonly standard: 'binary' | 'categorical' | 'gaussian';
  /** Factor of the standard value; Gaussian units have σ of each unit beside it. */
  readonly scale: number;
  /** What is added to it. */
  readonly offset: number;
}
