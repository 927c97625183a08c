/**
 * Matrices as files: .npy, .csv, text, pictures. The file's ending decides.
 */

import { extname, resolve } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { printable, RbmError } from '../errors.js';
import { writeNpy } from '../formats/npy.js';
import { writePng } from '../formats/png.js';
import type { Terminal } from './terminal.js';

/** A matrix to write: rows × columns, row-major; bytes for binary states, float64 for means. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Uint8Array | Float64Array;
}

/** One row to a line. */
export function matrixText({ rows, columns, values }: Matrix, separator: string): string {
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    lines.push(Array.from(values.subarray(row * columns, (row + 1) * columns)).join(separator));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** The rows as pictures in a grid about as wide as high, with a grey line between them. */
export function matrixPicture({ rows, columns, values }: Matrix, shape: readonly [number, number] | undefined): Uint8Array {
  const [height, width] = shape ?? [1, columns];
  const perLine = Math.ceil(Math.sqrt((rows * height) / width));
  const lines = Math.ceil(rows / perLine);
  const gridWidth = perLine * (width + 1) + 1;
  const gridHeight = lines * (height + 1) + 1;
  const grey = new Uint8Array(gridWidth * gridHeight).fill(128);
  for (let row = 0; row < rows; row++) {
    const top = Math.floor(row / perLine) * (height + 1) + 1;
    const left = (row % perLine) * (width + 1) + 1;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        grey[(top + y) * gridWidth + left + x] = Math.round(255 * values[row * columns + y * width + x]);
      }
    }
  }
  return writePng({ width: gridWidth, height: gridHeight, grey });
}

const endings = ['.npy', '.csv', '.txt', '.png'];

/**
 * Checks an output name before anything is computed.
 *
 * @param picture whether .png makes sense
 * @throws RbmError 'usage' where the ending is not known
 */
export function checkOutputName(file: string, picture: boolean): void {
  const known = picture ? endings : endings.filter((ending) => ending !== '.png');
  if (known.includes(extname(file).toLowerCase())) return;
  throw new RbmError('usage', `--output ${printable(file)}: the ending does not say what to write`, {
    hint: `Use one of: ${known.join(', ')}.`,
  });
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
