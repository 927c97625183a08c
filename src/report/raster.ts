/**
 * Shapes as pixels: areas and lines of any direction, with smooth edges.
 *
 * A pixel's share in an area is computed exactly, from the signed areas that its edges leave to their right in every pixel that
 * they cross (as font rasterisers do). Only sums, products, quotients and square roots: the same pixels on every machine.
 */

const { abs, ceil, floor, max, min, sqrt } = Math;

/** A closed or open line through points: x0, y0, x1, y1, … */
export type Line = readonly number[];

/** Red, green, blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** A picture in the making: white at first. */
export class Raster {
  readonly width: number;
  readonly height: number;
  /** height × width × 3. */
  readonly #values: Float64Array;
  /** Signed area of the shape at hand that each pixel adds to those from it to the right. */
  readonly #cover: Float64Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#values = new Float64Array(width * height * 3).fill(255);
    this.#cover = new Float64Array((width + 2) * height);
  }

  /**
   * Fills an area; where lines of the same direction overlap it stays one area, those of the other direction cut holes.
   *
   * @param lines closed where they are not
   */
  fillArea(lines: readonly Line[], colour: Colour, opacity: number): void {
    let [top, bottom, left] = [this.height, 0, this.width];
    for (const line of lines) {
      const { length } = line;
      for (let index = 0; index < length; index += 2) {
        const next = (index + 2) % length;
        this.#addEdge(line[index], line[index + 1], line[next], line[next + 1]);
        top = min(top, line[index + 1]);
        bottom = max(bottom, line[index + 1]);
        left = min(left, line[index]);
      }
    }
    this.#blend(max(0, floor(top)), min(this.height, ceil(bottom) + 1), max(0, floor(left)), colour, opacity);
  }

  /** Adds an edge's areas, row of pixels by row of pixels. */
  #addEdge(x0: number, y0: number, x1: number, y1: number): void {
    if (y0 === y1) return;
    const sign = y0 < y1 ? 1 : -1;
    const [upperX, upperY, lowerX, lowerY] = y0 < y1 ? [x0, y0, x1, y1] : [x1, y1, x0, y0];
    const slope = (lowerX - upperX) / (lowerY - upperY);
    const stride = this.width + 2;
    const lastRow = min(this.height, ceil(lowerY));
    for (let row = max(0, floor(upperY)); row < lastRow; row++) {
      const from = max(upperY, row);
      const to = min(lowerY, row + 1);
      if (to <= from) continue;
      const height = (to - from) * sign;
      // Beyond the sides, an edge is as good as at them.
      const left = min(this.width, max(0, upperX + (from - upperY) * slope));
      const right = min(this.width, max(0, upperX + (to - upperY) * slope));
      this.#addStretch(row * stride, min(left, right), max(left, right), height);
    }
  }

  /** Adds the part of an edge that lies within one row of pixels, between two x. */
  #addStretch(start: number, left: number, right: number, height: number): void {
    const cover = this.#cover;
    const last = floor(right);
    for (let column = floor(left); column <= last; column++) {
      const [from, to] = [max(left, column), min(right, column + 1)];
      const within = right > left ? (height * (to - from)) / (right - left) : height;
      // What of the pixel lies to the right of the edge; all pixels after it get the rest, too.
      const share = 1 - ((from + to) / 2 - column);
      cover[start + column] += within * share;
      cover[start + column + 1] += within * (1 - share);
    }
  }

  /** Puts the colour where the shape is, and forgets the shape. */
  #blend(top: number, bottom: number, left: number, [red, green, blue]: Colour, opacity: number): void {
    const { width } = this;
    const values = this.#values;
    const cover = this.#cover;
    for (let row = top; row < bottom; row++) {
      let sum = 0;
      const start = row * (width + 2);
      for (let column = left; column < width; column++) {
        sum += cover[start + column];
        const share = min(1, abs(sum)) * opacity;
        if (share < 1e-6) continue;
        const pixel = (row * width + column) * 3;
        values[pixel] += share * (red - values[pixel]);
        values[pixel + 1] += share * (green - values[pixel + 1]);
        values[pixel + 2] += share * (blue - values[pixel + 2]);
      }
      cover.fill(0, start, start + width + 2);
    }
  }

  /** Red, green and blue of all pixels, height × width × 3. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#values.length);
    for (let index = 0; index < bytes.length; index++) bytes[index] = this.#values[index] + 0.5;
    return bytes;
  }
}

/** Sides of the polygon that stands for a circle: 2 to this power × 4. */
const circleHalvings = 3;

/** A circle as a closed line: a square, its sides bisected again and again, so that no sine is needed. */
export function circle(x: number, y: number, radius: number): Line {
  let directions: [number, number][] = [[1, 0], [0, 1], [-1, 0], [0, -1]];
  for (let halving = 0; halving < circleHalvings; halving++) {
    directions = directions.flatMap((one, index) => {
      const other = directions[(index + 1) % directions.length];
      const [sumX, sumY] = [one[0] + other[0], one[1] + other[1]];
      const size = sqrt(sumX * sumX + sumY * sumY);
      return [one, [sumX / size, sumY / size] as [number, number]];
    });
  }
  return directions.flatMap(([dx, dy]) => [x + radius * dx, y + radius * dy]);
}

/** A line cut into dashes and gaps of these lengths, over and over. */
export function dashed(line: Line, lengths: readonly number[]): Line[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (!(total > 0)) return [line];
  const pieces: number[][] = [];
  let [which, left] = [0, lengths[0]];
  let piece: number[] = [line[0], line[1]];
  for (let index = 2; index < line.length; index += 2) {
    let [x, y] = [line[index - 2], line[index - 1]];
    const [endX, endY] = [line[index], line[index + 1]];
    let rest = sqrt((endX - x) * (endX - x) + (endY - y) * (endY - y));
    while (rest > left) {
      const share = left / rest;
      x += (endX - x) * share;
      y += (endY - y) * share;
      rest -= left;
      if (left > 0) piece.push(x, y);
      if (which % 2 === 0) pieces.push(piece);
      piece = [x, y];
      which += 1;
      left = lengths[which % lengths.length];
    }
    left -= rest;
    piece.push(endX, endY);
  }
  if (which % 2 === 0 && piece.length > 2) pieces.push(piece);
  return pieces;
}

/**
 * The area of a line so wide, as closed lines of one direction: a rectangle for every stretch, a disc at every bend.
 *
 * @param hasRoundEnds discs at both ends, too
 */
export function strokeArea(line: Line, width: number, hasRoundEnds = false): Line[] {
  const area: Line[] = [];
  const half = width / 2;
  if (hasRoundEnds) area.push(circle(line[0], line[1], half), circle(line[line.length - 2], line[line.length - 1], half));
  for (let index = 2; index < line.length; index += 2) {
    const [x0, y0, x1, y1] = [line[index - 2], line[index - 1], line[index], line[index + 1]];
    const length = sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
    if (length === 0) continue;
    const [acrossX, acrossY] = [(-(y1 - y0) / length) * half, ((x1 - x0) / length) * half];
    // The direction of circles: from x towards y.
    area.push([x0 - acrossX, y0 - acrossY, x1 - acrossX, y1 - acrossY, x1 + acrossX, y1 + acrossY, x0 + acrossX, y0 + acrossY]);
    if (index + 2 < line.length && width > 1) area.push(circle(x1, y1, half));
  }
  return area;
}
