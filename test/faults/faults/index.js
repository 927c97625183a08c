/** The faults: one row each. */

import { fileCalls } from './file-calls.js';
import { kill } from './kill.js';

/** @type {readonly import('../context.js').Fault[]} */
export const faults = [kill, fileCalls];
