/**
 * What a dataset looks like in figures: rows, densities or moments, categories, duplicates, constant columns, missing values.
 */

import { getUnit, isBinaryMatrix, type BinaryMatrix } from '../kernels/binary-matrix.js';
import { canonicalSum } from '../kernels/canonical-sum.js';
import type { Matrix } from '../kernels/kernels.js';
import type { VisibleLayer } from '../kernels/visible-layer.js';
import { splitNames, type CategoricalColumn, type Dataset, type Examples, type SplitName } from './dataset.js';

const { sqrt } = Math;

/** Figures of one split, whatever its values are. */
export interface CommonSplitFigures {
  readonly name: SplitName;
  readonly rows: number;
  /** Number of different rows; absent where there are more rows than can be compared (2^24). */
  readonly distinctRows?: number;
  /** Values that are missing, over all rows and columns; absent where there is none. */
  readonly missing?: number;
}

/** Figures of one split of binary data; missing states count as 0. */
export interface BinarySplitFigures extends CommonSplitFigures {
  /** Share of units that are on. */
  readonly density: number;
  /** Columns that are 0 in every row. */
  readonly alwaysOff: number;
  /** Columns that are 1 in every row. */
  readonly alwaysOn: number;
}

/** Figures of one split of real data, as it is used (standardized), over its known values. */
export interface RealSplitFigures extends CommonSplitFigures {
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  readonly deviation: number;
}

/** A column of categorical data with how often each of its values stands in the training rows. */
export interface CategoryFigures extends CategoricalColumn {
  readonly trainingCounts: readonly number[];
}

/** Figures of a column of real training data, as it is used (standardized), over its known values. */
export interface RealColumnFigures {
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  readonly deviation: number;
  /** What it was standardized by. */
  readonly standardizedBy?: { readonly mean: number; readonly deviation: number };
}

/** Figures of a dataset. */
export interface DatasetFigures {
  readonly name: string;
  readonly kind: 'binary' | 'real' | 'categorical';
  readonly columns: number;
  readonly shape: [number, number] | undefined;
  readonly fingerprint: string;
  readonly notes: readonly string[];
  /** In the order train, validation, test; of the kind that the data are of. */
  readonly splits: readonly (BinarySplitFigures | RealSplitFigures | CommonSplitFigures)[];
  /** Of categorical data. */
  readonly categories?: readonly CategoryFigures[];
  /** Of real data, one for each column. */
  readonly columnFigures?: readonly RealColumnFigures[];
}

/** Number of bits that are on. */
function countBits(words: Uint32Array): number {
  let count = 0;
  for (let index = 0; index < words.length; index++) {
    for (let word = words[index]; word !== 0; word &= word - 1) count++;
  }
  return count;
}

/** V8 keeps no more in a Set. */
const comparedRows = 2 ** 24;

/** Number of different rows of so many bytes; undefined where there are too many. */
function distinctRows(rowBytes: number, rows: number, rowOf: (row: number) => Buffer): number | undefined {
  if (rows > comparedRows) return undefined;
  const seen = new Set<string>();
  for (let row = 0; row < rows; row++) seen.add(rowOf(row).toString('latin1', 0, rowBytes));
  return seen.size;
}

function distinctBinaryRows({ rows, words, wordsPerRow }: BinaryMatrix): number | undefined {
  const rowBytes = wordsPerRow * 4;
  return distinctRows(rowBytes, rows, (row) => Buffer.from(words.buffer, words.byteOffset + row * rowBytes, rowBytes));
}

function distinctRealRows(matrix: Matrix): number | undefined {
  const values = new Float64Array(matrix.columns);
  const bytes = Buffer.from(values.buffer);
  return distinctRows(bytes.length, matrix.rows, (row) => {
    matrix.readRows(row, values);
    return bytes;
  });
}

/** Number of missing values: of a categorical one, the whole group is marked. */
function countMissing(mask: BinaryMatrix, layer: VisibleLayer): number {
  if (layer.kind !== 'categorical') return countBits(mask.words);
  let count = 0;
  for (let row = 0; row < mask.rows; row++) {
    for (let group = 0; group + 1 < layer.groups.length; group++) count += getUnit(mask, row, layer.groups[group]);
  }
  return count;
}

function commonFigures(name: SplitName, { rows, states, missing }: Examples, layer: VisibleLayer): CommonSplitFigures {
  return {
    name,
    rows,
    distinctRows: isBinaryMatrix(states) ? distinctBinaryRows(states) : distinctRealRows(states),
    ...(missing !== undefined && { missing: countMissing(missing, layer) }),
  };
}

function binaryFigures(name: SplitName, examples: Examples, matrix: BinaryMatrix, layer: VisibleLayer): BinarySplitFigures {
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
    ...commonFigures(name, examples, layer),
    density: countBits(words) / (rows * columns),
    alwaysOff: columns - countBits(everOn),
    alwaysOn: countBits(alwaysOn),
  };
}

/** Range and moments of every column's known values; of a column without any, zeros. */
function columnMoments({ states, missing, rows, columns }: Examples): (RealColumnFigures & { known: number })[] {
  if (isBinaryMatrix(states)) return [];
  const row = new Float64Array(columns);
  const isKnown = (index: number, column: number) => missing === undefined || getUnit(missing, index, column) === 0;
  const figures = Array.from({ length: columns }, () => ({ minimum: Infinity, maximum: -Infinity, mean: 0, deviation: 0, known: 0 }));
  const visit = (use: (figures: { -readonly [K in keyof RealColumnFigures]: RealColumnFigures[K] } & { known: number }, value: number) => void) => {
    for (let index = 0; index < rows; index++) {
      states.readRows(index, row);
      for (let column = 0; column < columns; column++) if (isKnown(index, column)) use(figures[column], row[column]);
    }
  };
  visit((column, value) => {
    column.known++;
    if (value < column.minimum) column.minimum = value;
    if (value > column.maximum) column.maximum = value;
    column.mean += (value - column.mean) / column.known;
  });
  visit((column, value) => (column.deviation += (value - column.mean) * (value - column.mean)));
  return figures.map((column) => ({
    ...column,
    minimum: column.known === 0 ? 0 : column.minimum,
    maximum: column.known === 0 ? 0 : column.maximum,
    deviation: column.known === 0 ? 0 : sqrt(column.deviation / column.known),
  }));
}

function realFigures(name: SplitName, examples: Examples, layer: VisibleLayer): RealSplitFigures {
  const columns = columnMoments(examples).filter(({ known }) => known > 0);
  const all = canonicalSum(Float64Array.from(columns, ({ known }) => known));
  const mean = canonicalSum(Float64Array.from(columns, (column) => column.known * column.mean)) / all;
  // Within the columns, and between them.
  const squares = columns.map((column) => column.known * (column.deviation * column.deviation + (column.mean - mean) * (column.mean - mean)));
  return {
    ...commonFigures(name, examples, layer),
    minimum: columns.reduce((least, { minimum }) => (minimum < least ? minimum : least), Infinity),
    maximum: columns.reduce((largest, { maximum }) => (maximum > largest ? maximum : largest), -Infinity),
    mean,
    deviation: sqrt(canonicalSum(Float64Array.from(squares)) / all),
  };
}

function splitFigures(dataset: Dataset, name: SplitName): DatasetFigures['splits'] {
  const examples = dataset.splits[name];
  if (examples === undefined) return [];
  const { layer } = dataset;
  const { states } = examples;
  if (!isBinaryMatrix(states)) return [realFigures(name, examples, layer)];
  return [layer.kind === 'categorical' ? commonFigures(name, examples, layer) : binaryFigures(name, examples, states, layer)];
}

/** How often each unit of the training rows is on. */
function unitCounts({ states, rows, columns }: Examples): Float64Array {
  const counts = new Float64Array(columns);
  if (!isBinaryMatrix(states)) return counts;
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < columns; unit++) counts[unit] += getUnit(states, row, unit);
  }
  return counts;
}

function categoryFigures({ categories, splits }: Dataset): CategoryFigures[] | undefined {
  if (categories === undefined) return undefined;
  const counts = unitCounts(splits.train);
  let first = 0;
  return categories.map(({ column, values }) => {
    const trainingCounts = [...counts.subarray(first, first + values.length)];
    first += values.length;
    return { column, values, trainingCounts };
  });
}

function columnFigures({ layer, splits, standardization }: Dataset): RealColumnFigures[] | undefined {
  if (layer.kind !== 'gaussian') return undefined;
  return columnMoments(splits.train).map(({ minimum, maximum, mean, deviation }, column) => ({
    minimum,
    maximum,
    mean,
    deviation,
    ...(standardization && { standardizedBy: { mean: standardization.means[column], deviation: standardization.deviations[column] } }),
  }));
}

/** The figures of a dataset; with `dynamic`, of its fixed binarization. */
export function describeDataset(dataset: Dataset): DatasetFigures {
  const { name, columns, shape, fingerprint, notes, layer } = dataset;
  return {
    name,
    kind: layer.kind === 'gaussian' ? 'real' : layer.kind,
    columns,
    shape,
    fingerprint,
    notes,
    splits: splitNames.flatMap((split) => splitFigures(dataset, split)),
    categories: categoryFigures(dataset),
    columnFigures: columnFigures(dataset),
  };
}
