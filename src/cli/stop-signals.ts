/**
 * The signals that ask a run to stop, and the exit codes they lead to.
 */

import { exitCodes } from '../errors.js';
import type { StopSignal } from '../run/stop-request.js';

/** Exit code by signal. */
export const stopSignals: Readonly<Record<StopSignal, number>> = {
  SIGHUP: exitCodes.hungUp,
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGUSR2: exitCodes.stoppedByScheduler,
};
