/**
 * What the kernels use of JavaScript's WebAssembly interface, typed here: TypeScript declares it for browsers only, and a
 * declaration of ours would meet the one of a user's project.
 */

/** A compiled module. */
export type WasmModule = object;

/** A memory that threads share. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  /** @returns the number of pages before */
  grow(pages: number): number;
}

interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => WasmMemory;
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, WasmMemory>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  validate(bytes: Uint8Array): boolean;
}

declare const WebAssembly: WebAssemblyInterface;

/** JavaScript's own WebAssembly object (`isSupported` in instance.ts tells whether there is one). */
export const webAssembly = typeof WebAssembly === 'object' ? WebAssembly : (undefined as unknown as WebAssemblyInterface);
