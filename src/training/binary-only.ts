/**
 * The refusal of algorithms that know {0,1} visible units only.
 */

import type { VisibleLayer } from '../kernels/index.js';

/** Why `algorithm` cannot train a model whose visible units are not binary; undefined where they are. */
export function refuseUnlessBinary(
  algorithm: string,
  { visibleLayer }: { readonly visibleLayer?: VisibleLayer },
): { message: string; hint: string } | undefined {
  if (visibleLayer === undefined || visibleLayer.kind === 'binary') return undefined;
  return {
    message: `the algorithm ${algorithm} trains models of binary visible units only; those of this model are ${visibleLayer.kind}`,
    hint: 'Use algorithm cd or sml, or binary data.',
  };
}
