/**
 * Walking through a dataset in chunks of rows, giving way between them.
 */

import { visibleRowsOf, type VisibleStates } from '../kernels/index.js';
import type { Cooperation } from '../model/cooperation.js';

/** Rows at a time. */
export const chunkRows = 100;

/**
 * Calls `visit` with successive chunks of at most `chunkRows` rows.
 *
 * @param visit receives the rows and the first one's number
 */
export async function forEachChunk<States extends VisibleStates>(
  examples: States,
  cooperation: Cooperation,
  visit: (chunk: States, firstRow: number) => void | Promise<void>,
): Promise<void> {
  for (let first = 0; first < examples.rows; first += chunkRows) {
    const rows = Math.min(chunkRows, examples.rows - first);
    await visit(visibleRowsOf(examples, first, rows) as States, first);
    cooperation.progress?.((first + rows) / examples.rows);
    await cooperation.pause?.();
  }
}
