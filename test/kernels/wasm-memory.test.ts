/** The kernels' memory: what is given out is free, whole lines, and stays where it is. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aligned, KernelMemory } from '../../src/kernels/wasm/memory.js';

/** The compiled kernels' constants lie below; see test/kernels/wasm-module.test.ts. */
const constantsEnd = 8192;
const line = 64;
const gigabyte = 2 ** 30;

/** A place that was given out, and the byte that it was filled with. */
interface Place {
  readonly start: number;
  readonly bytes: number;
  readonly content: number;
}

function bytesAt(memory: KernelMemory, start: number, length: number): Buffer {
  return Buffer.from(memory.memory.buffer, start, length);
}

function isFilledWith(memory: KernelMemory, { start, bytes }: { start: number; bytes: number }, content: number): boolean {
  return bytesAt(memory, start, bytes).equals(Buffer.alloc(bytes, content));
}

function expectNoOverlap(memory: KernelMemory, places: readonly Place[]): void {
  let end = constantsEnd;
  for (const { start, bytes } of places.toSorted((left, right) => left.start - right.start)) {
    expect(start).toBeGreaterThanOrEqual(end);
    end = start + Math.max(bytes, line);
  }
  expect(end).toBeLessThanOrEqual(memory.memory.buffer.byteLength);
}

/** Everything that is free, in one piece, without growing. */
function expectOneFreeStretch(memory: KernelMemory): void {
  const { byteLength } = memory.memory.buffer;
  const all = memory.allocateUnset(byteLength - constantsEnd);
  expect(all).toBe(constantsEnd);
  expect(memory.memory.buffer.byteLength).toBe(byteLength);
  memory.free(all);
}

test('whole lines: the next multiple of 64', () => {
  expect([0, 1, 63, 64, 65, 2 ** 32 - 1, 2 ** 32].map(aligned)).toEqual([0, 64, 64, 64, 128, 2 ** 32, 2 ** 32]);
});

describe('places', () => {
  const memory = new KernelMemory();
  const sizes = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 70_000 }), fc.constantFrom(63, 64, 65, 65_535, 65_536));
  const allocation = fc.record({ kind: fc.constantFrom('zero', 'unset'), bytes: sizes });
  const release = fc.record({ kind: fc.constant('free'), which: fc.nat(1000) });
  const steps = fc.array(fc.oneof(allocation, allocation, release), { maxLength: 60 });

  test('are apart, begin at lines, are zero where asked for, keep what is in them, and come back in one piece', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat(1000)), (todo, order) => {
        const places: Place[] = [];
        const free = (which: number): void => {
          const [place] = places.splice(which % places.length, 1);
          expect(isFilledWith(memory, place, place.content)).toBe(true);
          memory.free(place.start);
        };
        for (const [index, step] of todo.entries()) {
          if ('which' in step) {
            if (places.length > 0) free(step.which);
            continue;
          }
          const { kind, bytes } = step;
          const start = kind === 'zero' ? memory.allocate(bytes) : memory.allocateUnset(bytes);
          expect(start % line).toBe(0);
          expect(kind === 'unset' || isFilledWith(memory, { start, bytes: aligned(bytes) }, 0)).toBe(true);
          const content = 1 + (index % 255);
          // The whole of it, to the end of the last line.
          bytesAt(memory, start, Math.max(aligned(bytes), line)).fill(content);
          places.push({ start, bytes, content });
          expectNoOverlap(memory, places);
        }
        while (places.length > 0) free(order.next().value);
        expectOneFreeStretch(memory);
      }),
      { numRuns: 200 },
    );
  });

  test('that are given back twice, or were never given out, change nothing', () => {
    const [first, second, third] = [memory.allocate(100), memory.allocate(100), memory.allocate(100)];
    memory.free(second);
    memory.free(second);
    memory.free(first + line / 2);
    memory.free(0);
    const again = [memory.allocate(100), memory.allocate(100)];
    expect(new Set([first, third, ...again]).size).toBe(4);
    expectNoOverlap(memory, [first, third, ...again].map((start) => ({ start, bytes: 100, content: 0 })));
    for (const start of [first, third, ...again]) memory.free(start);
    expectOneFreeStretch(memory);
  });

  test('are used again: no growth where as much is taken as was given back', () => {
    const sizesOfStep = [10, 5000, 64, 200_000, 1];
    const take = (): number[] => sizesOfStep.map((bytes) => memory.allocate(bytes));
    const first = take();
    first.forEach((start) => memory.free(start));
    const { byteLength } = memory.memory.buffer;
    for (let step = 0; step < 100; step++) {
      const places = take();
      expect(places).toEqual(first);
      for (const start of step % 2 === 0 ? places : places.toReversed()) memory.free(start);
    }
    expect(memory.memory.buffer.byteLength).toBe(byteLength);
  });
});

describe('growth', () => {
  test('moves nothing: views of before and of after see the same numbers', () => {
    const memory = new KernelMemory();
    const start = memory.allocate(8 * 100);
    const before = memory.float64(start, 100);
    before[99] = Math.PI;
    const { byteLength } = memory.memory.buffer;
    const far = memory.allocate(3_000_000);
    expect(memory.memory.buffer.byteLength).toBeGreaterThan(byteLength);
    const after = memory.float64(start, 100);
    expect(after[99]).toBe(Math.PI);
    after[0] = Math.E;
    expect(before[0]).toBe(Math.E);
    before[1] = -1;
    expect(after[1]).toBe(-1);
    expect(new DataView(memory.memory.buffer).getFloat64(start, true)).toBe(Math.E);
    const own = [before, after, before.subarray(3, 5), memory.uint32(far, 10), new Uint8Array(memory.memory.buffer)];
    expect(own.map((view) => memory.holds(view))).toEqual(own.map(() => true));
    expect([new Float64Array(4), new Uint32Array(new SharedArrayBuffer(8))].map((view) => memory.holds(view))).toEqual([false, false]);
  });

  test('takes no more pages than needed', () => {
    const memory = new KernelMemory();
    for (const bytes of [100_000, 65_536, 1, 1_000_000]) {
      const { byteLength } = memory.memory.buffer;
      const start = memory.allocateUnset(bytes);
      const grown = memory.memory.buffer.byteLength;
      expect(grown === byteLength || grown - (start + aligned(bytes)) < 65_536).toBe(true);
    }
  });
});

describe('exhausted memory', () => {
  test.each([2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER])('is an error of its own: %d bytes', (bytes) => {
    const memory = new KernelMemory();
    for (let repeat = 0; repeat < 2; repeat++) {
      expect(() => memory.allocateUnset(bytes)).toThrow(expect.objectContaining({ code: 'ERR_KERNEL_MEMORY', message: expect.stringContaining("can't get") }));
      const place = memory.allocate(1000);
      expect(memory.float64(place, 125).every((value) => value === 0)).toBe(true);
    }
  });

  test('has given out up to 4 GiB before, and gives it out again', () => {
    const memory = new KernelMemory();
    const places: Place[] = [];
    // Asked for, but never touched: it takes no memory of the machine.
    expect(() => {
      for (;;) places.push({ start: memory.allocateUnset(gigabyte / 2), bytes: gigabyte / 2, content: 0 });
    }).toThrow(expect.objectContaining({ code: 'ERR_KERNEL_MEMORY' }));
    expect(places.length).toBeGreaterThan(0);
    expect(places.length).toBeLessThan(8);
    expectNoOverlap(memory, places);
    const last = places[places.length - 1];
    const ends = memory.uint32(last.start + last.bytes - 8, 2);
    ends.set([1, 2]);
    expect([...memory.uint32(last.start + last.bytes - 8, 2)]).toEqual([1, 2]);
    const { byteLength } = memory.memory.buffer;
    for (const { start } of places.toReversed()) memory.free(start);
    for (const { start } of places) expect(memory.allocateUnset(gigabyte / 2)).toBe(start);
    expect(memory.memory.buffer.byteLength).toBe(byteLength);
  });
});
