/** The faults: one row each. */

import { fileCalls } from './file-calls.js';
import { kill } from './kill.js';
import { fullDisk, fullOutput, largestFile, noPermission, openFiles } from './limits.js';

/** @type {readonly import('../context.js').Fault[]} */
export const faults = [kill, fileCalls, fullDisk, largestFile, openFiles, fullOutput, noPermission];
