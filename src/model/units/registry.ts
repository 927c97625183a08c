/**
 * Registry of unit types. To add one: its file, and a row here.
 */

import { binaryUnits } from './binary.js';
import { categoricalUnits } from './categorical.js';
import { gaussianUnits } from './gaussian.js';
import { isingUnits } from './ising.js';
import type { UnitName, UnitType } from './unit-type.js';

export type { UnitName, UnitType } from './unit-type.js';

/** All unit types. */
export const unitTypes: readonly UnitType[] = [binaryUnits, isingUnits, gaussianUnits, categoricalUnits];

/** Those that may stand in a layer. */
export function unitTypesOf(layer: 'visible' | 'hidden'): readonly UnitType[] {
  return unitTypes.filter(({ layers }) => layers.includes(layer));
}

/** The unit type of that name. */
export function unitType(name: UnitName): UnitType {
  const found = unitTypes.find((type) => type.name === name);
  if (found === undefined) throw new RangeError(`no unit type is named ${name}`);
  return found;
}
