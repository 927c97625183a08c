/**
 * Where numbers are in panels of 8 columns; see ../panel-matrix.ts.
 */

/** Where the number of a row and unit is; `line` is the row's in the first panel, `stride` bytes between panels. */
// @ts-ignore: decorator
@inline
export function placeOf(line: usize, stride: usize, unit: i32): usize {
  return line + <usize>(unit >> 3) * stride + (<usize>(unit & 7) << 3);
}
