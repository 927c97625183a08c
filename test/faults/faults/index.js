/** The faults: one row each. */

import { kill } from './kill.js';

/** @type {readonly import('../context.js').Fault[]} */
export const faults = [kill];
