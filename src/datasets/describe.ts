/**
 * What a dataset looks like in figures: rows, density, duplicates, constant columns.
 */

import { isBinaryMatrix, type BinaryMatrix } from '../kernels/binary-matrix.js';
import { splitNames, type Dataset, type SplitName } from './dataset.js';

/** Figures of one split. */
export interface SplitFigures {
  readonly name: SplitName;
  readonly rows: number;
  /** Share of units that are on. */
  readonly density: number;
  /** Number of different rows. */
  readonly distinctRows: number;
  /** Columns that are 0 in every row. */
  readonly alwaysOff: number;
  /** Columns that are 1 in every row. */
  readonly alwaysOn: number;
}

/** Figures of a dataset. */
export interface DatasetFigures {
  readonly name: string;
  readonly columns: number;
  readonly shape: [number, number] | undefined;
  readonly fingerprint: string;
  readonly notes: readonly string[];
  readonly splits: readonly SplitFigures[];
}

/** Number of bits that are on. */
function countBits(words: Uint32Array): number {
  let count = 0;
  for (let index = 0; index < words.length; index++) {
    for (let word = words[index]; word !== 0; word &= word - 1) count++;
  }
  return count;
}

function distinctRows(matrix: BinaryMatrix): number {
  const rowBytes = matrix.wordsPerRow * 4;
  const bytes = Buffer.from(matrix.words.buffer, matrix.words.byteOffset, matrix.words.byteLength);
  const seen = new Set<string>();
  for (let row = 0; row < matrix.rows; row++) seen.add(bytes.toString('latin1', row * rowBytes, (row + 1) * rowBytes));
  return seen.size;
}

function splitFigures(name: SplitName, matrix: BinaryMatrix): SplitFigures {
  const { rows, columns, words, wordsPerRow } = matrix;
  const everOn = new Uint32Array(wordsPerRow);
  const alwaysOn = new Uint32Array(words.subarray(0, wordsPerRow));
  for (let row = 0; row < rows; row++) {
    for (let word = 0; word < wordsPerRow; word++) {
      everOn[word] |= words[row * wordsPerRow + word];
      alwaysOn[word] &= words[row * wordsPerRow + word];
    }
  }
  return {
    name,
    rows,
    density: countBits(words) / (rows * columns),
    distinctRows: distinctRows(matrix),
    alwaysOff: columns - countBits(everOn),
    alwaysOn: countBits(alwaysOn),
  };
}

/** The figures of a dataset; with `dynamic`, of its fixed binarization. */
export function describeDataset(dataset: Dataset): DatasetFigures {
  const { name, columns, shape, fingerprint, notes } = dataset;
  const splits = splitNames.flatMap((split) => {
    const examples = dataset.splits[split];
    return examples === undefined || !isBinaryMatrix(examples.states) ? [] : [splitFigures(split, examples.states)];
  });
  return { name, columns, shape, fingerprint, notes, splits };
}
