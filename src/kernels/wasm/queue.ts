/**
 * How the main thread and the workers talk: a queue of commands and a few words in the shared memory.
 *
 * A command is a record of numbers: the function's number, how many values, the values. Workers run every command
 * together, each its own part, and meet at a barrier before the next one.
 */

import type { WasmMemory, WasmModule } from './webassembly.js';

/** Words of the control block. */
export const control = {
  /** Counts the batches of commands published. */
  batch: 0,
  /** Commands in the batch. */
  commands: 1,
  /** Workers done with the batch. */
  done: 2,
  /** Workers waiting at the barrier. */
  arrived: 3,
  /** Counts the barriers passed. */
  barrier: 4,
  /** Set to 1 where the workers must end. */
  closed: 5,
} as const;

/** Words of the control block, each on a cache line of its own so that waiting for one doesn't slow writing another. */
export const controlWords = 6 * 16;

/** Index of a word of the control block. */
export function word(name: keyof typeof control): number {
  return control[name] * 16;
}

/** Numbers in the queue: hundreds of commands. */
export const queueLength = 8192;

/**
 * Looks at a word before sleeping on it: some tens of microseconds, what falling asleep and waking up costs (300 looks
 * instead of 3,000 made an update of 784×500 on two threads a quarter slower).
 */
export const spins = 3000;

/** What a worker starts with. */
export interface WorkerStart {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly thread: number;
  readonly threads: number;
  /** Where the control block and the queue lie in the memory. */
  readonly control: number;
  readonly queue: number;
}
