/**
 * Real units with energy terms (v − a)²/(2σ²) and −v·W·h/σ² (Cho, Ilin & Raiko 2011, eq. 4): given h they are normal with
 * mean a + W·h and variance σ². They are σ·u of standard units u.
 */

import type { UnitType } from './unit-type.js';

/** See the opening comment. */
export const gaussianUnits: UnitType = {
  name: 'gaussian',
  summary: 'real numbers, normal given the hidden units',
  layers: ['visible'],
  standard: 'gaussian',
  scale: 1,
  offset: 0,
};
