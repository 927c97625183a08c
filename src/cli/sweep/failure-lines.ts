/**
 * Why tasks have no result, as the commands of a sweep tell it.
 */

import { printable } from '../../errors.js';
import { taskName, type Sweep, type TaskFailure } from '../../sweep/sweep.js';

/** More failures than these are in the JSON only. */
const toldFailures = 20;

/** A task and why it has no result. */
export interface Told extends TaskFailure {
  readonly index: number;
}

/** A heading and a line for each; nothing where there is none. */
export function failureLines(sweep: Sweep, heading: string, told: readonly Told[]): string[] {
  const lines = told.slice(0, toldFailures).map(({ index, message }) => `  ${taskName(sweep, index)}: ${printable(message, 500)}`);
  if (told.length > toldFailures) lines.push(`  and ${told.length - toldFailures} more (--json has all)`);
  return told.length === 0 ? [] : [`${heading}:`, ...lines];
}
