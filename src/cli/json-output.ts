/**
 * JSON documents for stdout.
 */

import { escapeUnprintable } from '../errors.js';

/**
 * JSON of the same value on every terminal: what JSON itself would leave as it is (deletions, bidi marks, the C1 controls)
 * is escaped, too.
 *
 * @param indent spaces for each level; all on one line where left out
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).split('\n').map(escapeUnprintable).join('\n');
}
