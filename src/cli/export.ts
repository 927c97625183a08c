/**
 * `rbm-train export`: a model for numpy users, and a run's metrics for spreadsheets and TensorBoard.
 */

import { join, resolve } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { escapeUnprintable, exitCodes, printable, RbmError } from '../errors.js';
import { parameterTensors } from '../model/parameters.js';
import type { RunRecord } from '../report/run-record.js';
import { addModelOptions, readModelArgument, type ModelArgument, type ModelOptions } from './arguments.js';
import type { DefineCommand } from './options.js';
import { announceWritten, warner } from './remarks.js';
import type { Terminal } from './terminal.js';

interface Options extends ModelOptions {
  npz?: string;
  csv?: string;
  tensorboard?: string;
}

/** Stands for stdout. */
const standardOutput = '-';

/** @throws RbmError 'usage' where nothing is to be written, or two things in one place */
function checkOptions({ npz, csv, tensorboard, json }: Options): void {
  if (npz === undefined && csv === undefined && tensorboard === undefined) {
    throw new RbmError('usage', 'export needs to know what to write', {
      hint: 'Name --npz <file> for the parameters, --csv <file> or --tensorboard <directory> for the metrics of a run, or several of them.',
    });
  }
  if (csv === standardOutput && json) {
    throw new RbmError('usage', '--csv - and --json both write to stdout', { hint: 'Name a file with --csv, or leave out --json.' });
  }
  if (npz !== undefined && csv !== undefined && resolve(npz) === resolve(csv)) {
    throw new RbmError('usage', `--npz and --csv name the same file, ${printable(npz)}`, { hint: 'Name two files.' });
  }
}

/**
 * Reads the run that a model belongs to.
 *
 * @throws RbmError 'usage' where it belongs to none
 */
async function readRunOf({ run, file }: ModelArgument, option: string, options: Options, terminal: Terminal): Promise<RunRecord> {
  if (run === undefined) {
    throw new RbmError('usage', `${option}: ${printable(file)} does not lie in a run, so there are no metrics`, {
      hint: 'Name a run directory. --npz writes the parameters of any model.',
    });
  }
  const { readRun } = await import('../report/read-run.js');
  return readRun(run, warner(options, terminal));
}

/** The terminal, where errors and warnings are shown once: the model and the run look at the same checkpoints. */
function tellingOnce(terminal: Terminal): Terminal {
  const told = new Set<string>();
  const err = (text: string): void => {
    if (!told.has(text)) terminal.err(text);
    told.add(text);
  };
  return { ...terminal, err };
}

async function exportModel(argument: string, options: Options, givenTerminal: Terminal): Promise<void> {
  checkOptions(options);
  const { npz, csv, tensorboard } = options;
  const terminal = tellingOnce(givenTerminal);
  const model = readModelArgument(argument, options, terminal);
  const { parameters, checkpoint } = model;
  // Before anything is written.
  const run = csv === undefined && tensorboard === undefined ? undefined : await readRunOf(model, csv === undefined ? '--tensorboard' : '--csv', options, terminal);
  const outputs: string[] = [];
  const write = (file: string, content: Uint8Array | string): void => {
    writeFileAtomically(resolve(terminal.workingDirectory, file), content);
    outputs.push(file);
  };
  if (npz !== undefined) {
    const { writeNpz } = await import('../formats/npz-writer.js');
    const entries = new Map(parameterTensors(parameters).map(({ name, shape, values }) => [name, { shape, values }]));
    write(npz, writeNpz(entries));
  }
  if (csv !== undefined && run !== undefined) {
    const { csvText, metricsTable } = await import('../report/metrics-table.js');
    const text = csvText(metricsTable(run.events));
    if (csv === standardOutput) terminal.out(text.split('\n').map(escapeUnprintable).join('\n'));
    else write(csv, text);
  }
  if (tensorboard !== undefined && run !== undefined) {
    const { writeTensorboardEvents } = await import('../formats/tensorboard-events.js');
    const { eventFileName, tensorboardEvents } = await import('../report/tensorboard.js');
    const shown = { parameters, update: checkpoint?.progress.update ?? 0, shape: checkpoint?.identity.shape };
    write(join(tensorboard, eventFileName), writeTensorboardEvents(tensorboardEvents(run, shown)));
  }
  if (options.json) announceWritten(outputs[0], { outputs }, '', options, terminal);
  else for (const output of outputs) announceWritten(output, {}, '', options, terminal);
}

/** Defines the command. */
export const exportCommand: DefineCommand = (command, terminal, finish) => {
  addModelOptions(command)
    .option('--npz <file>', 'write the parameters for numpy')
    .option('--csv <file>', 'write the metrics of a run as a table, - for stdout')
    .option('--tensorboard <directory>', 'write the metrics of a run, and its weights as a picture, for TensorBoard')
    .action(async (argument: string, options: Options) => {
      await exportModel(argument, options, terminal);
      finish(exitCodes.ok);
    });
};
