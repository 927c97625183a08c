/** The faults: one row each. */

import { damagedCache } from './cache.js';
import { clock } from './clock.js';
import { evaluateStopped, sharedCache, verifyStopped } from './commands.js';
import { fileCalls, fileCallsWithThreads, shortCalls } from './file-calls.js';
import { folderRemoved, folderRenamed } from './folder.js';
import { killInWrites } from './kill-in-writes.js';
import { kill } from './kill.js';
import { fullDisk, fullOutput, largestFile, noPermission, openFiles } from './limits.js';
import { addressSpace, heap, memoryGroup } from './memory.js';
import { pause } from './pause.js';
import { reportWrites } from './report.js';
import { hangUp, signalOnce, signalThenKill, signalTwice } from './signals.js';
import { streams } from './streams.js';
import { sweepPool } from './sweep-pool.js';
import { threadDies, threadHangs } from './threads.js';
import { bothStart, refused, restart, takeover, twins } from './twins.js';

/** @type {readonly import('../context.js').Fault[]} */
export const faults = [
  kill,
  killInWrites,
  reportWrites,
  signalOnce,
  signalTwice,
  signalThenKill,
  hangUp,
  pause,
  twins,
  takeover,
  restart,
  bothStart,
  refused,
  folderRemoved,
  folderRenamed,
  streams,
  clock,
  threadDies,
  threadHangs,
  addressSpace,
  heap,
  memoryGroup,
  evaluateStopped,
  verifyStopped,
  sharedCache,
  damagedCache,
  fileCalls,
  fileCallsWithThreads,
  shortCalls,
  fullDisk,
  largestFile,
  openFiles,
  fullOutput,
  noPermission,
  sweepPool,
];
