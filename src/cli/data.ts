/**
 * `rbm-train data`: what is in a dataset.
 */

import {
  describeDataset,
  renderRows,
  type BinarySplitFigures,
  type CommonSplitFigures,
  type Dataset,
  type DatasetFigures,
  type RealSplitFigures,
} from '../datasets/index.js';
import { exitCodes, printable } from '../errors.js';
import { getUnit, isBinaryMatrix } from '../kernels/index.js';
import { loadDataArgument } from './arguments.js';
import { table } from './figures.js';
import { jsonText } from './json-output.js';
import { wholeNumber } from './numbers.js';
import { collect, type CommonOptions, type DefineCommand } from './options.js';
import type { Terminal } from './terminal.js';

interface Options extends CommonOptions {
  set?: string[];
  rows: string;
}

/** Columns and categories that are shown. */
const shownColumns = 20;
const shownCategories = 12;

function real(value: number): string {
  return Number(value.toPrecision(5)).toString();
}

function orUnknown(value: number | undefined): string {
  return value === undefined ? '–' : String(value);
}

/** One line for each split. */
function splitTable({ kind, splits }: DatasetFigures): string {
  const own = {
    binary: {
      header: ['share on', 'distinct rows', 'columns always 0', 'columns always 1'],
      cells: ({ density, distinctRows, alwaysOff, alwaysOn }: BinarySplitFigures) => [density.toFixed(4), orUnknown(distinctRows), String(alwaysOff), String(alwaysOn)],
    },
    real: {
      header: ['distinct rows', 'least', 'largest', 'mean', 'deviation'],
      cells: ({ distinctRows, minimum, maximum, mean, deviation }: RealSplitFigures) => [orUnknown(distinctRows), ...[minimum, maximum, mean, deviation].map(real)],
    },
    categorical: { header: ['distinct rows'], cells: ({ distinctRows }: CommonSplitFigures) => [orUnknown(distinctRows)] },
  }[kind] as { header: string[]; cells: (split: DatasetFigures['splits'][number]) => string[] };
  const anyMissing = splits.some(({ missing }) => missing !== undefined);
  const header = ['split', 'rows', ...own.header, ...(anyMissing ? ['missing'] : [])];
  const body = splits.map((split) => [
    split.name,
    String(split.rows),
    ...own.cells(split),
    ...(anyMissing ? [String(split.missing ?? 0)] : []),
  ]);
  return table([header, ...body]);
}

/** Of real data: a line for each of the first columns. */
function realColumns({ columnFigures = [] }: DatasetFigures): string[] {
  if (columnFigures.length === 0) return [];
  const isStandardized = columnFigures[0].standardizedBy !== undefined;
  const header = ['column', 'least', 'largest', 'mean', 'deviation', ...(isStandardized ? ['mean before', 'deviation before'] : [])];
  const body = columnFigures.slice(0, shownColumns).map(({ minimum, maximum, mean, deviation, standardizedBy }, column) => [
    String(column + 1),
    ...[minimum, maximum, mean, deviation].map(real),
    ...(standardizedBy === undefined ? [] : [real(standardizedBy.mean), real(standardizedBy.deviation)]),
  ]);
  return ['training columns:', table([header, ...body]), ...moreColumns(columnFigures.length)];
}

/** Of categorical data: a line for each of the first columns, its values with how often they occur. */
function categoricalColumns({ categories = [] }: DatasetFigures): string[] {
  if (categories.length === 0) return [];
  const lines = categories.slice(0, shownColumns).map(({ column, values, trainingCounts }) => {
    const shown = values.slice(0, shownCategories).map((value, index) => `${printable(value, 40)} (${trainingCounts[index]})`);
    const more = values.length > shownCategories ? `, … ${values.length - shownCategories} more` : '';
    return `  ${printable(String(column), 40)}: ${shown.join(', ')}${more}`;
  });
  return ['values and how often they stand in the training rows:', ...lines, ...moreColumns(categories.length)];
}

function moreColumns(count: number): string[] {
  return count > shownColumns ? [`  … ${count - shownColumns} more columns (all of them with --json)`] : [];
}

/** The first training rows: pictures, or the values of categories. */
function firstRows({ layer, categories, shape, splits }: Dataset, rows: number, terminal: Terminal): string[] {
  const { states, missing } = splits.train;
  const shown = Array.from({ length: Math.min(rows, states.rows) }, (_, row) => row);
  if (shown.length === 0) return [];
  if (layer.kind !== 'categorical' || categories === undefined || !isBinaryMatrix(states)) {
    return [renderRows(states, shown, shape, { unicode: terminal.useUnicode, width: terminal.width }).trimEnd()];
  }
  return shown.map((row) => {
    const values = categories.slice(0, shownColumns).map((column, group) => {
      const first = layer.groups[group];
      if (missing !== undefined && getUnit(missing, row, first) === 1) return '?';
      return printable(column.values.find((_, index) => getUnit(states, row, first + index) === 1) ?? '?', 40);
    });
    return values.join(', ') + (categories.length > shownColumns ? ', …' : '');
  });
}

async function showData(argument: string, options: Options, terminal: Terminal): Promise<void> {
  const rows = wholeNumber('--rows', options.rows, 0, 1000);
  // To look at grey data is no decision to train on them thresholded; 0 and 1 stay what they are.
  const dataset = await loadDataArgument(argument, options.set ?? [], terminal, { binarize: 'threshold' });
  const figures = describeDataset(dataset);
  if (options.json) {
    terminal.out(`${jsonText(figures)}\n`);
    return;
  }
  const lines = [printable(figures.name)];
  const shape = figures.shape === undefined ? '' : ` (pictures of ${figures.shape[0]} × ${figures.shape[1]})`;
  const { categories } = figures;
  lines.push(categories === undefined ? `${figures.columns} ${figures.kind === 'binary' ? '' : 'real '}columns${shape}` : `${categories.length} categorical columns with ${figures.columns} values in all`);
  lines.push(splitTable(figures), ...realColumns(figures), ...categoricalColumns(figures), `fingerprint ${figures.fingerprint}`);
  for (const note of figures.notes) lines.push(`note: ${printable(note, 500)}`);
  lines.push(...firstRows(dataset, rows, terminal));
  terminal.out(`${lines.join('\n')}\n`);
}

/** Defines the command. */
export const dataCommand: DefineCommand = (command, terminal, finish) => {
  command
    .option('--set <key=value>', 'set a key of the data, e.g. data.binarize=threshold (repeatable)', collect)
    .option('--rows <number>', 'how many training rows to show as pictures', '8')
    .action(async (source: string, options: Options) => {
      await showData(source, options, terminal);
      finish(exitCodes.ok);
    });
};
