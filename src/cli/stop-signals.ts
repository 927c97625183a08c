/**
 * The signals that ask a run to stop, and the exit codes they lead to.
 */

import { exitCodes } from '../errors.js';

/** Exit code by signal. USR1 belongs to Node's inspector. */
export const stopSignals = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGUSR2: exitCodes.stoppedByScheduler,
} as const;
