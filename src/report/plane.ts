/**
 * Points in the plane as an image of how many fall where: rows of two real columns, which as rows of pixels say nothing.
 */

import { greyPlace, tileGrid, type Pixels } from './images.js';

const { floor, max, min, sqrt } = Math;

/** The image is so many squares wide and high. */
const squares = 40;

/** [least, largest] of the first column and of the second. */
export type PlaneRange = readonly [readonly [number, number], readonly [number, number]];

/** The range of both columns over several sets of points (values: points × 2). */
export function planeRange(sets: readonly Float64Array[]): PlaneRange {
  const ranges: [[number, number], [number, number]] = [[Infinity, -Infinity], [Infinity, -Infinity]];
  for (const values of sets) {
    values.forEach((value, index) => {
      const range = ranges[index % 2 === 0 ? 0 : 1];
      if (value < range[0]) range[0] = value;
      if (value > range[1]) range[1] = value;
    });
  }
  return ranges;
}

/**
 * An image of points: the first column from left to right, the second from bottom to top; squares without points are black, and
 * the one with the most is white, with shades by the root of the number so that single points are seen.
 *
 * @param values points × 2, NaN where not known: such points are left out
 */
export function planePixels(values: Float64Array, [horizontal, vertical]: PlaneRange): Pixels {
  const counts = new Float64Array(squares * squares);
  const squareOf = (value: number, [least, largest]: readonly [number, number]): number =>
    largest > least ? max(0, min(squares - 1, floor((squares * (value - least)) / (largest - least)))) : squares >> 1;
  for (let index = 0; index + 1 < values.length; index += 2) {
    const [x, y] = [values[index], values[index + 1]];
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    counts[(squares - 1 - squareOf(y, vertical)) * squares + squareOf(x, horizontal)] += 1;
  }
  const most = counts.reduce((larger, count) => max(larger, count), 0);
  const place = greyPlace(0, most > 0 ? sqrt(most) : 1);
  return tileGrid(1, [squares, squares], 1, (_, index) => place(sqrt(counts[index])));
}
