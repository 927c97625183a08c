/**
 * Rows as small pictures for a terminal: two pixel rows to a line of text, several pictures side by side.
 *
 * Real values are shades: of two pixels that share a character the mean, from the least value of all rows drawn to the
 * largest.
 */

import { getUnit, isBinaryMatrix } from '../kernels/binary-matrix.js';
import type { VisibleStates } from '../kernels/kernels.js';

/** How pictures are drawn. */
export interface PictureOptions {
  /** Half blocks (▀▄█) and shades (░▒▓█); otherwise the ASCII characters ' . : and, as shades, . : - = + * # % @. */
  unicode: boolean;
  /** Characters to a line; a picture wider than that still stands alone on its line. */
  width?: number;
}

/** Rows without a shape are broken into lines of this many pixels. */
const unshapedWidth = 64;

/** By upper pixel + 2 · lower pixel. */
const glyphs = { unicode: [' ', '▀', '▄', '█'], ascii: [' ', "'", '.', ':'] } as const;

/** From the least value to the largest. */
const shades = { unicode: ' ░▒▓█', ascii: ' .:-=+*#%@' } as const;

/** [side, side] where the number of columns is a square of at least 3 × 3: most likely such rows are pictures. */
export function squareShape(columns: number): [number, number] | undefined {
  const side = Math.round(Math.sqrt(columns));
  return side >= 3 && side * side === columns ? [side, side] : undefined;
}

/** The character for two pixels, one above the other; `lower` is undefined below the last row of pixels. */
type Glyph = (upper: number, lower: number | undefined) => string;

/** The lines of one picture, between two bars that show its extent. */
function pictureLines(values: ArrayLike<number>, [height, width]: [number, number], glyph: Glyph, unicode: boolean): string[] {
  const bar = unicode ? '│' : '|';
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = bar;
    for (let x = 0; x < width; x++) {
      const upper = y * width + x;
      const lower = upper + width;
      // The last line of a row without a shape may be shorter.
      if (upper >= values.length) line += ' ';
      else line += glyph(values[upper], y + 1 < height && lower < values.length ? values[lower] : undefined);
    }
    lines.push(line + bar);
  }
  return lines;
}

/** The rows' values, and the characters for them. */
function valuesAndGlyph(states: VisibleStates, rows: readonly number[], unicode: boolean): { values: ArrayLike<number>[]; glyph: Glyph } {
  const { columns } = states;
  const name = unicode ? 'unicode' : 'ascii';
  if (isBinaryMatrix(states)) {
    const values = rows.map((row) => Array.from({ length: columns }, (_, column) => getUnit(states, row, column)));
    return { values, glyph: (upper, lower = 0) => glyphs[name][upper + 2 * lower] };
  }
  const values = rows.map((row) => {
    const target = new Float64Array(columns);
    states.readRows(row, target);
    return target;
  });
  let least = Infinity;
  let largest = -Infinity;
  for (const row of values) {
    for (const value of row) {
      least = Math.min(least, value);
      largest = Math.max(largest, value);
    }
  }
  const set = shades[name];
  const glyph: Glyph = (upper, lower = upper) => {
    // Halves, so that the range of the largest numbers does not overflow.
    const share = largest > least ? (upper / 4 + lower / 4 - least / 2) / (largest / 2 - least / 2) : 0;
    return set[Math.min(set.length - 1, Math.floor(share * set.length))];
  };
  return { values, glyph };
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
  matrix: VisibleStates,
  rows: ArrayLike<number>,
  shape: [number, number] | undefined,
  options: PictureOptions,
): string {
  const perLine = Math.min(matrix.columns, unshapedWidth);
  const [height, width] = shape ?? squareShape(matrix.columns) ?? [Math.ceil(matrix.columns / perLine), perLine];
  const perBand = Math.max(1, Math.floor(((options.width ?? 80) + 1) / (width + 3)));
  const { values, glyph } = valuesAndGlyph(matrix, Array.from(rows), options.unicode);
  const pictures = values.map((row) => pictureLines(row, [height, width], glyph, options.unicode));
  const bands: string[] = [];
  for (let first = 0; first < pictures.length; first += perBand) {
    const band = pictures.slice(first, first + perBand);
    bands.push(band[0].map((_, line) => band.map((picture) => picture[line]).join(' ')).join('\n'));
  }
  return bands.join('\n\n');
}
