/**
 * Which kernels a task gets: how many threads pay, and which backend can hold it.
 */

import { availableParallelism } from 'node:os';
import type { RunConfig, TrainingConfig } from '../config/run-config.js';
import { defaultBackend, largestKernelMemory, loadKernels, type Kernels } from '../kernels/index.js';
import { batchRows } from '../training/trainer.js';
import { gradientDemand, kernelBytes, parameterBytes, roomPerThread } from './memory.js';

/** Below so many weights × rows per update, threads spend more on meeting than they gain (bench: threads). */
const smallestWork = 8_000_000;

/** More threads than this share the work of one update badly. */
const mostThreads = 16;

/** Bytes of working room that the threads may take together: each needs some for every row. */
const mostRoom = 268_435_456;

/**
 * One thread per core where an update is large enough, else one.
 *
 * @param rows training examples
 */
export function automaticThreads(training: TrainingConfig, model: { visibleUnits: number; hiddenUnits: number }, rows: number): number {
  const batch = batchRows(training, rows);
  const chains = gradientDemand(training).chainRows || batch;
  const work = model.visibleUnits * model.hiddenUnits * (batch + chains * (training.k ?? 1));
  // The exact gradient's enumeration is one thread's.
  if (work < smallestWork || training.algorithm === 'exact') return 1;
  const fitting = Math.floor(mostRoom / roomPerThread(batch + chains));
  return Math.max(1, Math.min(availableParallelism(), mostThreads, fitting));
}

/**
 * The backend that can hold so much: beyond WebAssembly's addresses it is the other one, with the same result but more
 * slowly.
 */
function backendFor(backend: string, bytes: number): string {
  return bytes > largestKernelMemory ? 'reference' : backend;
}

/**
 * The kernels that a training asks for.
 *
 * @param rows training examples
 */
export function loadKernelsForTraining(
  { execution, training }: RunConfig,
  model: { visibleUnits: number; hiddenUnits: number },
  rows: number,
): Promise<Kernels> {
  const threads = execution.threads === 'auto' ? automaticThreads(training, model, rows) : execution.threads;
  return loadKernels(backendFor(execution.backend, kernelBytes(training, model, rows, threads)), { threads });
}

/** State-units of an exact log Z from which threads pay: a quarter of a second of one thread. */
const smallestEnumeration = 1_600_000_000;

/** What is to be done with a model that is not trained. */
export interface Workload {
  /** State-units of an exact log Z that is to be computed. */
  readonly stateUnits?: number;
  /** Chains that walk side by side. */
  readonly chains?: number;
  /** Asked for by the user; decides where given. */
  readonly threads?: number;
}

/** Kernels of the default backend for a model that is not trained. */
export function loadKernelsFor(
  model: { visibleUnits: number; hiddenUnits: number },
  { stateUnits = 0, chains = 0, threads: wanted }: Workload = {},
): Promise<Kernels> {
  const isLarge = stateUnits >= smallestEnumeration || model.visibleUnits * model.hiddenUnits * chains >= smallestWork;
  const threads = wanted ?? (isLarge ? Math.min(availableParallelism(), mostThreads) : 1);
  return loadKernels(backendFor(defaultBackend, parameterBytes(model) * 1.1), { threads });
}
