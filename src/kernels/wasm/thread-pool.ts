/**
 * A pool of worker threads on one WebAssembly memory.
 *
 * Every function's work is cut into panels, rows or blocks, and those are shared out or claimed; which thread computes a
 * number changes nothing about it. The main thread only hands out work and waits, so that it can serve signals meanwhile.
 */

import { Worker } from 'node:worker_threads';
import type { Executor } from './executor.js';
import { functionNumbers } from './instance.js';
import type { KernelMemory } from './memory.js';
import type { WasmModule } from './webassembly.js';
import { controlWords, queueLength, spins, word, type WorkerStart } from './queue.js';

const { add, load, notify, store, wait } = Atomics;

/** What `finish` rejects with where a thread has died; `code` tells it from other errors. */
export class ThreadFailure extends Error {
  override readonly name = 'ThreadFailure';
  readonly code = 'ERR_COMPUTE_THREAD';
}

/** How long the main thread waits without serving anything else, in milliseconds. */
const longestWait = 20;

/** A pool of `threads` ≥ 2 workers. They don't keep the process alive. */
export function createThreadPool(module: WasmModule, memory: KernelMemory, threads: number): Executor {
  const controlStart = memory.allocate(4 * controlWords);
  const queueStart = memory.allocate(8 * queueLength);
  const words = new Int32Array(memory.memory.buffer, controlStart, controlWords);
  const queue = memory.float64(queueStart, queueLength);
  let commands = 0;
  let length = 0;
  let isClosed = false;
  let failure: Error | undefined;

  const workers: Worker[] = [];

  /** Starts the threads when there is something to do: a dry run has none. */
  function startWorkers(): void {
    for (let thread = 0; thread < threads; thread++) {
      const start: WorkerStart = { module, memory: memory.memory, thread, threads, control: controlStart, queue: queueStart };
      const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: start, execArgv: [] });
      worker.on('error', (error: unknown) => {
        failure ??= new ThreadFailure(`a compute thread died: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      });
      worker.on('exit', (code) => {
        failure ??= new ThreadFailure(isClosed ? 'the kernels were closed' : `a compute thread died with exit code ${code}`);
      });
      worker.unref();
      workers.push(worker);
    }
  }

  function end(): Promise<unknown> {
    isClosed = true;
    store(words, word('closed'), 1);
    notify(words, word('batch'));
    notify(words, word('barrier'));
    return Promise.all(workers.map((worker) => worker.terminate()));
  }

  function areDone(): boolean {
    return load(words, word('done')) === threads;
  }

  /** Waits for the batch while signals and messages are served. */
  async function waitForEnd(): Promise<void> {
    while (!areDone()) {
      if (failure !== undefined) {
        await end();
        throw failure;
      }
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 1);
      });
    }
  }

  return {
    threads,
    run(name, ...values) {
      // What is asked of dead kernels is never done; `finish` says so.
      if (isClosed || failure !== undefined) return;
      if (length + 2 + values.length > queueLength) throw new RangeError('too many commands without a finish');
      queue[length] = functionNumbers.get(name) as number;
      queue[length + 1] = values.length;
      queue.set(values, length + 2);
      length += 2 + values.length;
      commands++;
    },
    finish() {
      if (failure !== undefined) return Promise.reject(failure);
      if (isClosed) return Promise.reject(new ThreadFailure('the kernels were closed'));
      if (commands === 0) return undefined;
      if (workers.length === 0) {
        try {
          startWorkers();
        } catch (error) {
          // The system grants no more threads.
          failure = new ThreadFailure(`a compute thread could not be started: ${String(error)}`, { cause: error });
          return end().then(() => Promise.reject(failure));
        }
      }
      store(words, word('done'), 0);
      store(words, word('commands'), commands);
      add(words, word('batch'), 1);
      notify(words, word('batch'));
      commands = 0;
      length = 0;
      for (let spin = 0; spin < spins; spin++) {
        if (areDone()) return undefined;
      }
      const limit = performance.now() + longestWait;
      for (let left = longestWait; left > 0; left = limit - performance.now()) {
        const done = load(words, word('done'));
        if (done === threads) return undefined;
        wait(words, word('done'), done, left);
      }
      return areDone() ? undefined : waitForEnd();
    },
    async close() {
      if (!isClosed) await end();
    },
  };
}
