/**
 * The WebAssembly memory: who uses which part of it.
 *
 * It is shared, so that threads can work on it. It only grows; what is freed is given out again. Views made once stay
 * valid: growing a shared memory moves nothing.
 */

/** Everything begins at a cache line. */
const alignment = 64;

const pageBytes = 65_536;

/** Where the constants in the module (assembly/) have ended for sure. */
const constantsEnd = 8192;

/** Pages reserved at most: 4 GiB, all that 32-bit addresses reach; less where the system grants no such range. */
const reservations = [65_536, 32_768, 16_384, 4096];

function reserve(): WebAssembly.Memory {
  let failure: unknown;
  for (const maximum of reservations) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Rounded up to whole cache lines. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** A stretch of memory. */
interface Stretch {
  start: number;
  end: number;
}

/** Gives out WebAssembly memory. */
export class KernelMemory {
  readonly memory = reserve();
  /** Every buffer that has stood for the memory: views keep the one that they were made with. */
  readonly #buffers = new WeakSet<ArrayBufferLike>([this.memory.buffer]);
  readonly #used = new Map<number, number>();
  /** Free stretches, ascending, no two adjacent. The beginning holds the kernels' constants. */
  #free: Stretch[] = [{ start: constantsEnd, end: pageBytes }];

  /**
   * A place for `bytes` bytes, all zero.
   *
   * @throws RangeError where the memory is exhausted
   */
  allocate(bytes: number): number {
    const start = this.allocateUnset(bytes);
    new Uint8Array(this.memory.buffer, start, this.#used.get(start)).fill(0);
    return start;
  }

  /**
   * A place for `bytes` bytes of any content.
   *
   * @throws RangeError where the memory is exhausted
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
    return new Float64Array(this.memory.buffer, start, length);
  }

  /** `length` unsigned 32-bit words from `start` on. */
  uint32(start: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, start, length);
  }

  #grow(size: number): void {
    const { byteLength } = this.memory.buffer;
    const last = this.#free.at(-1);
    const spare = last !== undefined && last.end === byteLength ? last.end - last.start : 0;
    const pages = Math.ceil((size - spare) / pageBytes);
    try {
      this.memory.grow(pages);
    } catch (error) {
      throw new RangeError(`the kernels' memory can't grow beyond ${byteLength} bytes by ${pages * pageBytes}`, { cause: error });
    }
    this.#buffers.add(this.memory.buffer);
    if (spare > 0 && last !== undefined) last.end = this.memory.buffer.byteLength;
    else this.#free.push({ start: byteLength, end: this.memory.buffer.byteLength });
  }
}
