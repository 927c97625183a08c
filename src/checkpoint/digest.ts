/**
 * The digest of a model: what two runs must have in common to be called the same.
 */

import { createHash } from 'node:crypto';
import { littleEndianBytes } from '../formats/little-endian.js';
import { tensorSources } from '../model/parameters.js';
import type { DeclaredModel, DeclaredParameters } from '../model/units/index.js';

/**
 * SHA-256 (hex) of the declared parameters as little-endian float64: weights (n × m, row-major), visibleBias, hiddenBias,
 * and visibleLogVariance where there is one.
 */
export function parametersDigest(parameters: DeclaredModel | DeclaredParameters): string {
  const hash = createHash('sha256');
  for (const { pieces } of tensorSources(parameters)) {
    for (const piece of pieces()) hash.update(littleEndianBytes(piece));
  }
  return hash.digest('hex');
}
