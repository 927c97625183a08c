/**
 * Matrices as files: .npy, .csv, text, pictures. The file's ending decides.
 */

import { extname, resolve } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { printable, RbmError } from '../errors.js';
import { writeNpy } from '../formats/npy.js';
import { squareShape } from '../datasets/index.js';
import { writePng, type GreyPicture } from '../formats/png.js';
import { tileGrid, tilesPerLine } from '../report/images.js';
import type { CommonOptions } from './options.js';
import { announceWritten } from './remarks.js';
import type { Terminal } from './terminal.js';

/** A matrix to write: rows × columns, row-major; bytes for binary states, float64 for means and real values. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Uint8Array | Float64Array;
}

/** Rows put into one piece of text: a whole large matrix would be longer than a string can be. */
const rowsPerPiece = 100;

/** The rows as text, in pieces; `join` makes one row, `between` stands between rows. */
function* rowPieces({ rows, columns, values }: Matrix, join: (row: number[]) => string, between: string): Generator<string> {
  for (let first = 0; first < rows; first += rowsPerPiece) {
    const texts: string[] = [];
    for (let row = first; row < Math.min(rows, first + rowsPerPiece); row++) {
      texts.push(join(Array.from(values.subarray(row * columns, (row + 1) * columns))));
    }
    yield (first === 0 ? '' : between) + texts.join(between);
  }
}

/** One row to a line. */
function* matrixText(matrix: Matrix, separator: string): Generator<string> {
  yield* rowPieces(matrix, (row) => row.join(separator), '\n');
  yield '\n';
}

/** A list of rows. */
function* matrixJson(matrix: Matrix): Generator<string> {
  yield '[';
  yield* rowPieces(matrix, (row) => JSON.stringify(row), ',');
  yield ']\n';
}

/** From values to shades of grey, 0 to 255: of [0, 1], or of the range of the values where some lie outside. */
function shading(values: Matrix['values']): (value: number) => number {
  let [least, most] = [0, 1];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least === 0 && most === 1) return (value) => Math.round(255 * value);
  return (value) => Math.round((255 * (value - least)) / (most - least));
}

/** The rows as pictures in a grid about as wide as high, with a grey line between them. */
function matrixPicture({ rows, columns, values }: Matrix, shape: readonly [number, number] | undefined): Uint8Array {
  const [height, width] = shape ?? squareShape(columns) ?? [1, columns];
  const shade = shading(values);
  const pixel = (row: number, index: number): number => shade(values[row * columns + index]);
  const { places, ...size } = tileGrid(rows, [height, width], tilesPerLine(rows, [height, width]), pixel, { line: 128, empty: 128 });
  return writePng(enlarge({ ...size, grey: places }));
}

/** Pictures narrower than this are enlarged by a whole factor, so that single pixels can be seen. */
const smallestWidth = 240;

function enlarge({ width, height, grey }: GreyPicture): GreyPicture {
  const factor = Math.ceil(smallestWidth / width);
  if (factor === 1) return { width, height, grey };
  const enlarged = new Uint8Array(width * factor * height * factor);
  for (let index = 0; index < enlarged.length; index++) {
    const x = index % (width * factor);
    const y = (index - x) / (width * factor);
    enlarged[index] = grey[Math.floor(y / factor) * width + Math.floor(x / factor)];
  }
  return { width: width * factor, height: height * factor, grey: enlarged };
}

const endings = ['.npy', '.csv', '.txt', '.png'];

/**
 * Checks an output name before anything is computed.
 *
 * @param picture whether .png makes sense
 * @param option that named it
 * @throws RbmError 'usage' where the ending is not known
 */
export function checkOutputName(file: string, picture: boolean, option = '--output'): void {
  const known = picture ? endings : endings.filter((ending) => ending !== '.png');
  if (known.includes(extname(file).toLowerCase())) return;
  throw new RbmError('usage', `${option} ${printable(file)}: the ending does not say what to write`, {
    hint: `Use one of: ${known.join(', ')}.`,
  });
}

/**
 * Writes the matrix to the file that `--output` names, else to stdout: as text with this separator, or as JSON.
 *
 * @param shape [height, width] of a row as a picture
 */
export function showMatrix(
  matrix: Matrix,
  shape: readonly [number, number] | undefined,
  separator: string,
  options: CommonOptions & { readonly output?: string },
  terminal: Terminal,
): void {
  const { output, json } = options;
  if (output !== undefined) {
    writeMatrix(output, matrix, shape, terminal);
    const { rows, columns } = matrix;
    announceWritten(output, { rows, columns }, ` (${rows} rows × ${columns} columns)`, options, terminal);
    return;
  }
  for (const piece of json ? matrixJson(matrix) : matrixText(matrix, separator)) terminal.out(piece);
}

/** Writes the matrix in the format that the file's ending names. */
export function writeMatrix(file: string, matrix: Matrix, shape: readonly [number, number] | undefined, terminal: Terminal): void {
  const path = resolve(terminal.workingDirectory, file);
  switch (extname(file).toLowerCase()) {
    case '.npy':
      writeFileAtomically(path, writeNpy(matrix.values, [matrix.rows, matrix.columns]));
      break;
    case '.png':
      writeFileAtomically(path, matrixPicture(matrix, shape));
      break;
    case '.csv':
      writeFileAtomically(path, matrixText(matrix, ','));
      break;
    default:
      writeFileAtomically(path, matrixText(matrix, ' '));
  }
}
