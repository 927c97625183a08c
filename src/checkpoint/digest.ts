/**
 * The digest of a model: what two runs must have in common to be called the same.
 */

import { createHash } from 'node:crypto';
import { littleEndianBytes } from '../formats/little-endian.js';
import { binaryLayer, type ModelParameters } from '../kernels/index.js';
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

/** What the digest says nothing of, and log Z depends on: `784x500 binary`; of categorical units with their groups. */
export function modelShape({ visibleUnits, hiddenUnits, visibleLayer = binaryLayer }: ModelParameters): string {
  const groups = visibleLayer.kind === 'categorical' ? ` ${visibleLayer.groups.join()}` : '';
  return `${visibleUnits}x${hiddenUnits} ${visibleLayer.kind}${groups}`;
}
