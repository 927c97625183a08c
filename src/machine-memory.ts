/**
 * What this machine can hold, asked before anything large is allocated.
 */

import { totalmem } from 'node:os';

/** Whether so much fits into this machine, or into what the process may use of it, at all. */
export function fitsIntoMemory(bytes: number): boolean {
  // 0 or absent where there is no limit, or none is known.
  const limit = process.constrainedMemory?.() || Infinity;
  return bytes <= Math.min(totalmem(), limit);
}

/** Bytes in the unit that suits: 264 kB, 1.5 TB. */
export function describeBytes(count: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}
