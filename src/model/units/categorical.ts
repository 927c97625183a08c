/**
 * Groups of units of which exactly one is 1 (the columns of a categorical value), with energy terms −a·v (Salakhutdinov,
 * Mnih & Hinton 2007, eq. 1).
 */

import type { UnitType } from './unit-type.js';

/** See the opening comment. */
export const categoricalUnits: UnitType = {
  name: 'categorical',
  summary: 'groups of columns of which exactly one is 1',
  layers: ['visible'],
  standard: 'categorical',
  scale: 1,
  offset: 0,
};
