/**
 * `rbm-train data`: what is in a dataset.
 */

import { describeDataset, renderRows } from '../datasets/index.js';
import { exitCodes, printable } from '../errors.js';
import { isBinaryMatrix } from '../kernels/index.js';
import { loadDataArgument } from './arguments.js';
import { table } from './figures.js';
import { wholeNumber } from './numbers.js';
import { collect, type CommonOptions, type DefineCommand } from './options.js';
import type { Terminal } from './terminal.js';

interface Options extends CommonOptions {
  set?: string[];
  rows: string;
}

async function showData(argument: string, options: Options, terminal: Terminal): Promise<void> {
  const rows = wholeNumber('--rows', options.rows, 0, 1000);
  // To look at grey data is no decision to train on them thresholded; 0 and 1 stay what they are.
  const dataset = await loadDataArgument(argument, options.set ?? [], terminal, { binarize: 'threshold' });
  const figures = describeDataset(dataset);
  if (options.json) {
    terminal.out(`${JSON.stringify(figures)}\n`);
    return;
  }
  const lines = [printable(figures.name)];
  const shape = figures.shape === undefined ? '' : ` (pictures of ${figures.shape[0]} × ${figures.shape[1]})`;
  lines.push(`${figures.columns} columns${shape}`);
  const header = ['split', 'rows', 'share on', 'distinct rows', 'columns always 0', 'columns always 1'];
  const body = figures.splits.map((split) => [
    split.name,
    String(split.rows),
    split.density.toFixed(4),
    String(split.distinctRows),
    String(split.alwaysOff),
    String(split.alwaysOn),
  ]);
  lines.push(table([header, ...body]), `fingerprint ${figures.fingerprint}`);
  for (const note of figures.notes) lines.push(`note: ${printable(note, 500)}`);
  const { states } = dataset.splits.train;
  const shown = Uint32Array.from({ length: Math.min(rows, states.rows) }, (_, row) => row);
  if (shown.length > 0 && isBinaryMatrix(states)) {
    lines.push(renderRows(states, shown, dataset.shape, { unicode: terminal.useUnicode, width: terminal.width }).trimEnd());
  }
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
