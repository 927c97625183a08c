/**
 * Few examples that stand for all of them, where examples may lie in an order (digits by class).
 */

const { floor, min } = Math;

/** Numbers of `count` rows, evenly spaced over `rows`; all where there are no more. */
export function evenlySpacedRows(rows: number, count: number): Uint32Array {
  const taken = min(count, rows);
  return Uint32Array.from({ length: taken }, (_, index) => floor(((index + 0.5) * rows) / taken));
}
