/**
 * Unit types, and the way between the parameters of declared units and those of the standard ones that kernels know.
 */

export { unitType, unitTypes, unitTypesOf, type UnitName, type UnitType } from './registry.js';
export {
  areStandard,
  binaryModelUnits,
  visibleDeviations,
  type Declared,
  type DeclaredModel,
  type DeclaredParameters,
  type ModelUnits,
} from './declared-parameters.js';
export {
  copyStandardRows,
  declaredHiddenValues,
  declaredShift,
  declaredVisibleValues,
  logVarianceGradient,
  noShift,
  pullBackGradient,
  refreshStandardModel,
  standardParameters,
  standardStates,
  type DeclaredShift,
} from './standard-parameters.js';
