/**
 * `rbm-train export`: a model for numpy users.
 */

import { resolve } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { exitCodes } from '../errors.js';
import { writeNpz } from '../formats/npz-writer.js';
import { parameterTensors } from '../model/parameters.js';
import { addModelOptions, readModelArgument, type ModelOptions } from './arguments.js';
import type { DefineCommand } from './options.js';
import { announceWritten } from './remarks.js';

/** Defines the command. */
export const exportCommand: DefineCommand = (command, terminal, finish) => {
  addModelOptions(command)
    .requiredOption('--npz <file>', 'file to write')
    .action((argument: string, options: ModelOptions & { npz: string }) => {
      const { parameters } = readModelArgument(argument, options, terminal);
      const entries = new Map(parameterTensors(parameters).map(({ name, shape, values }) => [name, { shape, values }]));
      writeFileAtomically(resolve(terminal.workingDirectory, options.npz), writeNpz(entries));
      announceWritten(options.npz, {}, '', options, terminal);
      finish(exitCodes.ok);
    });
};
