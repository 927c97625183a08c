/**
 * Units that are −1 or 1 (spins), with the energy terms of binary ones: 2·x − 1 of a binary x.
 */

import type { UnitType } from './unit-type.js';

/** See the opening comment. */
export const isingUnits: UnitType = {
  name: 'ising',
  summary: '−1 or 1',
  layers: ['visible', 'hidden'],
  standard: 'binary',
  scale: 2,
  offset: -1,
};
