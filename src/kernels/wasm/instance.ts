/**
 * The compiled module and its functions.
 */

import { moduleText } from './module.js';
import { webAssembly, type WasmMemory, type WasmModule } from './webassembly.js';

/** A function of the module: its arguments, then the part to do and the number of parts. */
export type KernelFunction = (...values: number[]) => void;

/** The functions in the order of their numbers in the queue of commands. */
export const functionNames = [
  'rowLists',
  'unitLists',
  'layer',
  'bernoulliMeans',
  'denseLayer',
  'temper',
  'categoricalMeans',
  'sampleCategorical',
  'sampleGaussian',
  'sampleBernoulli',
  'sampleLayer',
  'update',
  'step',
  'combine',
  'multiply',
  'transform',
  'prepareFlips',
  'flipRatios',
  'flipSums',
  'freeEnergies',
  'temperedFreeEnergies',
  'enumerationTable',
  'enumerationBlocks',
  'enumerationMoments',
] as const;

/** Name of a function of the module. */
export type FunctionName = (typeof functionNames)[number];

/** The number of every function. */
export const functionNumbers: ReadonlyMap<FunctionName, number> = new Map(functionNames.map((name, number) => [name, number]));

let decoded: Uint8Array | undefined;

/** The module's code. */
function moduleBytes(): Uint8Array {
  decoded ??= Uint8Array.from(atob(moduleText), (character) => character.charCodeAt(0));
  return decoded;
}

/** Whether this machine can run the kernels at all: WebAssembly with SIMD and shared memory, little-endian words. */
export function isSupported(): boolean {
  const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  return isLittleEndian && typeof webAssembly === 'object' && webAssembly.validate(moduleBytes());
}

/** Compiles the module. */
export function compile(): WasmModule {
  return new webAssembly.Module(moduleBytes());
}

/** The module's functions, by number, on a memory. */
export function instantiate(module: WasmModule, memory: WasmMemory): readonly KernelFunction[] {
  const { exports } = new webAssembly.Instance(module, { env: { memory } });
  return functionNames.map((name) => exports[name] as KernelFunction);
}
