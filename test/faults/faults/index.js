/** The faults: one row each. */

import { damagedCache } from './cache.js';
import { fileCalls, fileCallsWithThreads, shortCalls } from './file-calls.js';
import { kill } from './kill.js';
import { fullDisk, fullOutput, largestFile, noPermission, openFiles } from './limits.js';

/** @type {readonly import('../context.js').Fault[]} */
export const faults = [kill, fileCalls, fileCallsWithThreads, shortCalls, damagedCache, fullDisk, largestFile, openFiles, fullOutput, noPermission];
