/**
 * The digest of a model: what two runs must have in common to be called the same.
 */

import { createHash } from 'node:crypto';
import { littleEndianBytes } from '../formats/little-endian.js';
import type { Model, ModelParameters } from '../kernels/index.js';
import { tensorSources } from '../model/parameters.js';

/** SHA-256 (hex) of the parameters as little-endian float64: weights (n × m, row-major), visibleBias, hiddenBias. */
export function parametersDigest(parameters: Model | ModelParameters): string {
  const hash = createHash('sha256');
  for (const { pieces } of tensorSources(parameters)) {
    for (const piece of pieces()) hash.update(littleEndianBytes(piece));
  }
  return hash.digest('hex');
}
