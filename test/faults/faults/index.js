/** The faults: one row each. */

import { killInWrites } from './kill-in-writes.js';
import { kill } from './kill.js';

/** @type {readonly import('../context.js').Fault[]} */
export const faults = [kill, killInWrites];
