/**
 * Who runs the module's functions: the calling thread alone, or a pool of threads (thread-pool.ts).
 */

import { functionNumbers, instantiate, type FunctionName } from './instance.js';
import type { WasmMemory, WasmModule } from './webassembly.js';

/** Runs functions of the module, one after the other. */
export interface Executor {
  readonly threads: number;
  /** Asks for a call; it may be done later. */
  run(name: FunctionName, ...values: number[]): void;
  /** Waits for all calls asked for. Returns nothing where they are done. */
  finish(): Promise<void> | undefined;
  close(): Promise<void>;
}

/** Does everything at once, in the calling thread. */
export function createDirectExecutor(module: WasmModule, memory: WasmMemory): Executor {
  const functions = instantiate(module, memory);
  return {
    threads: 1,
    run: (name, ...values) => functions[functionNumbers.get(name) as number](...values, 0, 1),
    finish: () => undefined,
    close: () => Promise.resolve(),
  };
}
