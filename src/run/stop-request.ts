/**
 * A polite request to stop, and the pauses in which it can arrive: a synchronous loop never runs signal handlers.
 */

/** The signals that ask a run to stop. USR1 belongs to Node's inspector. */
export type StopSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM' | 'SIGUSR2';

/** Set by the CLI's signal handlers; read by everything that takes long. */
export interface StopRequest {
  /** The signal, once one has come. */
  signal?: StopSignal;
}

/** Thrown out of a long computation when a stop was requested. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly signal: StopSignal;

  /** @param signal what asked for the stop */
  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/** Longest time without giving way to signals, in milliseconds. It decides nothing about the result. */
const longestStretch = 30;

/** Gives way to the event loop where the last time is long ago. */
export class Breath {
  #last = performance.now();

  /** Whether it is time to give way. */
  get isDue(): boolean {
    return performance.now() - this.#last >= longestStretch;
  }

  /** Lets signals, timers and output run. */
  async take(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#last = performance.now();
  }
}

/**
 * A `pause` for long computations: gives way now and then, and throws {@link Stopped} where a stop was requested.
 */
export function stoppablePause(stop: StopRequest): () => Promise<void> {
  const breath = new Breath();
  return async () => {
    if (breath.isDue) await breath.take();
    if (stop.signal !== undefined) throw new Stopped(stop.signal);
  };
}
