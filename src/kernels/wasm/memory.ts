/**
 * The WebAssembly memory: who uses which part of it.
 *
 * It is shared, so that threads can work on it. It only grows; what is freed is given out again. Views made once stay
 * valid: growing a shared memory moves nothing.
 */

import { webAssembly } from './webassembly.js';

/** Everything begins at a cache line. */
const alignment = 64;

const pageBytes = 65_536;

/** Where the constants in the module (assembly/) have ended for sure. */
const constantsEnd = 8192;

/**
 * What 32-bit addresses reach, 4 GiB, less a page: so the end of a place is an address, too. Nothing of it is taken before
 * it is needed.
 */
const maximumPages = 65_535;

/** Bytes that kernels can have at most. */
export const largestKernelMemory = maximumPages * pageBytes;

/** Rounded up to whole cache lines. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Thrown where the memory is exhausted; `code` tells it from other errors. */
export class KernelMemoryError extends RangeError {
  override readonly name = 'KernelMemoryError';
  readonly code = 'ERR_KERNEL_MEMORY';

  /**
   * @param size bytes that it has
   * @param missing bytes that it can't get
   */
  constructor(size: number, missing: number, cause: unknown) {
    super(`the kernels have ${size} bytes of memory, and can't get ${missing} more`, { cause });
  }
}

/** A stretch of memory. */
interface Stretch {
  start: number;
  end: number;
}

/** Gives out WebAssembly memory. */
export class KernelMemory {
  readonly memory = new webAssembly.Memory({ initial: 1, maximum: maximumPages, shared: true });
  /** Every buffer that has stood for the memory: views keep the one that they were made with. */
  readonly #buffers = new WeakSet<ArrayBufferLike>([this.memory.buffer]);
  readonly #used = new Map<number, number>();
  /** Free stretches, ascending, no two adjacent. The beginning holds the kernels' constants. */
  #free: Stretch[] = [{ start: constantsEnd, end: pageBytes }];

  /**
   * A place for `bytes` bytes, all zero.
   *
   * @throws KernelMemoryError where the memory is exhausted
   */
  allocate(bytes: number): number {
    const start = this.allocateUnset(bytes);
    new Uint8Array(this.memory.buffer, start, this.#used.get(start)).fill(0);
    return start;
  }

  /**
   * A place for `bytes` bytes of any content.
   *
   * @throws KernelMemoryError where the memory is exhausted
   */
  allocateUnset(bytes: number): number {
    const size = Math.max(alignment, aligned(bytes));
    let index = this.#free.findIndex(({ start, end }) => end - start >= size);
    if (index < 0) {
      this.#grow(size);
      index = this.#free.length - 1;
    }
    const stretch = this.#free[index];
    const { start } = stretch;
    stretch.start += size;
    if (stretch.start === stretch.end) this.#free.splice(index, 1);
    this.#used.set(start, size);
    return start;
  }

  /** Gives a place back. */
  free(start: number): void {
    const size = this.#used.get(start);
    if (size === undefined) return;
    this.#used.delete(start);
    let index = this.#free.findIndex((stretch) => stretch.start > start);
    if (index < 0) index = this.#free.length;
    this.#free.splice(index, 0, { start, end: start + size });
    for (const first of [index, index - 1]) {
      if (first >= 0 && first + 1 < this.#free.length && this.#free[first].end === this.#free[first + 1].start) {
        this.#free[first].end = this.#free[first + 1].end;
        this.#free.splice(first + 1, 1);
      }
    }
  }

  /** Whether a view lies in this memory. */
  holds(view: ArrayBufferView): boolean {
    return this.#buffers.has(view.buffer);
  }

  /** `length` float64 numbers from `start` on. */
  float64(start: number, length: number): Float64Array {
    return this.#noted(new Float64Array(this.memory.buffer, start, length));
  }

  /** `length` unsigned 32-bit words from `start` on. */
  uint32(start: number, length: number): Uint32Array {
    return this.#noted(new Uint32Array(this.memory.buffer, start, length));
  }

  /** Remembers the buffer of a view: where another memory grows, V8 may give this one a new buffer, too. */
  #noted<View extends ArrayBufferView>(view: View): View {
    this.#buffers.add(view.buffer);
    return view;
  }

  #grow(size: number): void {
    const { byteLength } = this.memory.buffer;
    const last = this.#free.at(-1);
    const spare = last !== undefined && last.end === byteLength ? last.end - last.start : 0;
    const pages = Math.ceil((size - spare) / pageBytes);
    try {
      this.memory.grow(pages);
    } catch (error) {
      throw new KernelMemoryError(byteLength, pages * pageBytes, error);
    }
    if (spare > 0 && last !== undefined) last.end = this.memory.buffer.byteLength;
    else this.#free.push({ start: byteLength, end: this.memory.buffer.byteLength });
  }
}
