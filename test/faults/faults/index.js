/** The faults: one row each. */

import { killInWrites } from './kill-in-writes.js';
import { kill } from './kill.js';
import { pause } from './pause.js';
import { hangUp, signalOnce, signalThenKill, signalTwice } from './signals.js';

/** @type {readonly import('../context.js').Fault[]} */
export const faults = [kill, killInWrites, signalOnce, signalTwice, signalThenKill, hangUp, pause];
