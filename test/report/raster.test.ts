import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { circle, dashed, Raster, strokeArea, type Line } from '../../src/report/raster.js';

const { abs, hypot, PI } = Math;
const black = [0, 0, 0] as const;

/** Share of black in every pixel, height × width. */
function sharesOf(raster: Raster): number[] {
  const bytes = raster.bytes();
  return Array.from({ length: bytes.length / 3 }, (_, pixel) => 1 - bytes[3 * pixel] / 255);
}

/** Whether a point lies within a closed line, by the number of times that the line winds around it. */
function windings(line: Line, x: number, y: number): number {
  let count = 0;
  for (let index = 0; index < line.length; index += 2) {
    const [x0, y0, x1, y1] = [line[index], line[index + 1], line[(index + 2) % line.length], line[(index + 3) % line.length]];
    if ((y0 <= y) === (y1 <= y)) continue;
    if (x0 + ((y - y0) * (x1 - x0)) / (y1 - y0) > x) count += y1 > y0 ? 1 : -1;
  }
  return count;
}

const side = 8;
const samples = 16;

/** Share of each pixel that lies within, by many points of it. */
function sampledShares(line: Line): number[] {
  return Array.from({ length: side * side }, (_, pixel) => {
    let inside = 0;
    for (let sample = 0; sample < samples * samples; sample++) {
      const x = (pixel % side) + ((sample % samples) + 0.5) / samples;
      const y = Math.floor(pixel / side) + (Math.floor(sample / samples) + 0.5) / samples;
      inside += windings(line, x, y) === 0 ? 0 : 1;
    }
    return inside / (samples * samples);
  });
}

test('triangles cover of every pixel what lies within them', () => {
  const corner = fc.double({ noNaN: true, min: 0, max: side });
  fc.assert(
    fc.property(fc.tuple(corner, corner, corner, corner, corner, corner), (line) => {
      const raster = new Raster(side, side);
      raster.fillArea([line], black, 1);
      const expected = sampledShares(line);
      const worst = Math.max(...sharesOf(raster).map((share, pixel) => abs(share - expected[pixel])));
      // What points can say of an area with three edges, and a shade of 255.
      expect(worst).toBeLessThan(3 / samples);
    }),
    { numRuns: 15 },
  );
});

test('what is outside of the picture changes nothing in it', () => {
  const raster = new Raster(4, 4);
  raster.fillArea([[-9, -9, 9, -9, 9, 2, -9, 2], [30, 0, 40, 0, 40, 4], [0, 30, 4, 30, 4, 40]], black, 1);
  expect(sharesOf(raster)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('lines of one direction join, of the other cut holes', () => {
  const square = [0, 0, 4, 0, 4, 4, 0, 4];
  const joined = new Raster(4, 4);
  joined.fillArea([square, [1, 1, 3, 1, 3, 3, 1, 3]], black, 1);
  expect(sharesOf(joined)).toEqual(Array.from({ length: 16 }, () => 1));
  const cut = new Raster(4, 4);
  cut.fillArea([square, [1, 1, 1, 3, 3, 3, 3, 1]], black, 1);
  expect(sharesOf(cut)).toEqual([1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
});

test('opacities mix', () => {
  const raster = new Raster(1, 1);
  raster.fillArea([[0, 0, 1, 0, 1, 1, 0, 1]], [0, 100, 255], 0.5);
  expect([...raster.bytes()]).toEqual([128, 178, 255]);
});

describe('lines', () => {
  test('a circle is round, and goes on in one direction', () => {
    const line = circle(3, 4, 2);
    for (let index = 0; index < line.length; index += 2) expect(abs(hypot(line[index] - 3, line[index + 1] - 4) - 2)).toBeLessThan(1e-12);
    let area = 0;
    for (let index = 0; index < line.length; index += 2) area += (line[index] * line[(index + 3) % line.length] - line[(index + 2) % line.length] * line[index + 1]) / 2;
    expect(abs(area / (4 * PI) - 1)).toBeLessThan(0.01);
  });

  test('the area of a line is its length times its width, whatever its direction', () => {
    for (const [x, y] of [[10, 20], [30, 5], [20, 34], [6, 33]]) {
      const raster = new Raster(40, 40);
      raster.fillArea(strokeArea([20, 20, x, y], 3), black, 1);
      const area = sharesOf(raster).reduce((sum, share) => sum + share, 0);
      expect(abs(area - 3 * hypot(x - 20, y - 20))).toBeLessThan(0.5);
    }
  });

  test('bends are filled, and stretches of no length are nothing', () => {
    const raster = new Raster(20, 20);
    raster.fillArea(strokeArea([2, 10, 10, 10, 10, 10, 10, 2], 4), black, 1);
    // The corner beyond both rectangles.
    expect(sharesOf(raster)[10 * 20 + 10]).toBeGreaterThan(0.9);
    expect(strokeArea([1, 1, 1, 1], 2)).toEqual([]);
  });

  test('dashes and gaps have their lengths, around corners too', () => {
    const pieces = dashed([0, 0, 10, 0, 10, 10], [4, 2]);
    expect(pieces).toEqual([[0, 0, 4, 0], [6, 0, 10, 0], [10, 2, 10, 6], [10, 8, 10, 10]]);
    expect(dashed([0, 0, 3, 0], [0])).toEqual([[0, 0, 3, 0]]);
    expect(dashed([0, 0, 5, 0, 5, 5], [7, 3])).toEqual([[0, 0, 5, 0, 5, 2]]);
  });
});
