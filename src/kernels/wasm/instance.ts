/**
 * The compiled module and its functions.
 */

import { moduleText } from './module.js';

/** A function of the module: its arguments, then the part to do and the number of parts. */
export type KernelFunction = (...values: number[]) => void;

/** The functions in the order of their numbers in the queue of commands. */
export const functionNames = [
  'rowLists',
  'unitLists',
  'layer',
  'bernoulliMeans',
  'visibleInputsFromMeans',
  'sampleBernoulli',
  'update',
  'freeEnergies',
  'enumerationBlocks',
  'enumerationMoments',
] as const;

/** Name of a function of the module. */
export type FunctionName = (typeof functionNames)[number];

/** The module's code. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const text = atob(moduleText);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Whether this machine can run the kernels at all: WebAssembly with SIMD and shared memory, little-endian words. */
export function isSupported(): boolean {
  const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  return isLittleEndian && typeof WebAssembly === 'object' && WebAssembly.validate(moduleBytes());
}

/** Compiles the module. */
export function compile(): WebAssembly.Module {
  return new WebAssembly.Module(moduleBytes());
}

/** The module's functions, by number, on a memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): readonly KernelFunction[] {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return functionNames.map((name) => exports[name] as KernelFunction);
}
