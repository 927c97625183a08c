/**
 * Stub until the branch with the table is merged.
 */

import type { CommonOptions } from '../options.js';
import type { Terminal } from '../terminal.js';

/** Options of the command. */
export interface GatherOptions extends CommonOptions {
  report: boolean;
}

/** Stub. */
export function gather(_directory: string, _options: GatherOptions, _terminal: Terminal): Promise<number> {
  throw new Error('not merged yet');
}
