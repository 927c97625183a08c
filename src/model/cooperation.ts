/**
 * How a long computation shares the process: a synchronous loop would never let a signal handler run.
 */

/** What a long computation reports to, and gives way to. */
export interface Cooperation {
  /** Called between pieces of work of at most some tens of milliseconds; throws to cancel. */
  pause?(): Promise<void>;
  /** Share done, 0 to 1. */
  progress?(share: number): void;
}
