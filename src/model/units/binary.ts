/**
 * Units that are 0 or 1, with energy terms −a·v and −b·h: the standard ones.
 */

import type { UnitType } from './unit-type.js';

/** See the opening comment. */
export const binaryUnits: UnitType = {
  name: 'binary',
  summary: '0 or 1',
  layers: ['visible', 'hidden'],
  standard: 'binary',
  scale: 1,
  offset: 0,
};
