/**
 * Stub until the branch with the local pool is merged.
 */

import type { Terminal } from '../terminal.js';
import type { RunOptions } from './run.js';

/** Stub. */
export function runLocally(_directory: string, _options: RunOptions, _terminal: Terminal): Promise<number> {
  throw new Error('not merged yet');
}
