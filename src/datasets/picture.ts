/**
 * Rows as small pictures for a terminal: two pixel rows to a line of text, several pictures side by side.
 */

import { getUnit, type BinaryMatrix } from '../kernels/binary-matrix.js';

/** How pictures are drawn. */
export interface PictureOptions {
  /** Half blocks (▀▄█); otherwise the ASCII characters ' . and :. */
  unicode: boolean;
  /** Characters to a line; a picture wider than that still stands alone on its line. */
  width?: number;
}

/** Rows without a shape are broken into lines of this many pixels. */
const unshapedWidth = 64;

/** By upper pixel + 2 · lower pixel. */
const glyphs = { unicode: [' ', '▀', '▄', '█'], ascii: [' ', "'", '.', ':'] } as const;

/** [side, side] where the number of columns is a square of at least 3 × 3: most likely such rows are pictures. */
export function squareShape(columns: number): [number, number] | undefined {
  const side = Math.round(Math.sqrt(columns));
  return side >= 3 && side * side === columns ? [side, side] : undefined;
}

/** The lines of one picture, between two bars that show its extent. */
function pictureLines(matrix: BinaryMatrix, row: number, [height, width]: [number, number], unicode: boolean): string[] {
  const pixel = (y: number, x: number) => {
    const column = y * width + x;
    return y < height && column < matrix.columns ? getUnit(matrix, row, column) : 0;
  };
  const set = unicode ? glyphs.unicode : glyphs.ascii;
  const bar = unicode ? '│' : '|';
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = bar;
    for (let x = 0; x < width; x++) line += set[pixel(y, x) + 2 * pixel(y + 1, x)];
    lines.push(line + bar);
  }
  return lines;
}

/**
 * Draws rows of a matrix.
 *
 * @param rows which rows, from 0
 * @param shape [height, width] of a row; where undefined, a square if the number of columns is one, else its units in
 * reading order, 64 to a line
 * @returns lines of text, without a last line break
 */
export function renderRows(
  matrix: BinaryMatrix,
  rows: ArrayLike<number>,
  shape: [number, number] | undefined,
  options: PictureOptions,
): string {
  const perLine = Math.min(matrix.columns, unshapedWidth);
  const [height, width] = shape ?? squareShape(matrix.columns) ?? [Math.ceil(matrix.columns / perLine), perLine];
  const perBand = Math.max(1, Math.floor(((options.width ?? 80) + 1) / (width + 3)));
  const pictures = Array.from(rows, (row) => pictureLines(matrix, row, [height, width], options.unicode));
  const bands: string[] = [];
  for (let first = 0; first < pictures.length; first += perBand) {
    const band = pictures.slice(first, first + perBand);
    bands.push(band[0].map((_, line) => band.map((picture) => picture[line]).join(' ')).join('\n'));
  }
  return bands.join('\n\n');
}
