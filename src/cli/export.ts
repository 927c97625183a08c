/**
 * `rbm-train export`: a model for numpy users.
 */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { exitCodes } from '../errors.js';
import { writeNpz } from '../formats/npz.js';
import { parameterTensors } from '../model/parameters.js';
import { addModelOptions, readModelArgument, type ModelOptions } from './arguments.js';
import { addCommonOptions } from './options.js';
import { announceWritten } from './remarks.js';
import type { Terminal } from './terminal.js';

/** Adds the command. */
export function exportCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  addModelOptions(addCommonOptions(program.command('export <model>')))
    .description('write weights (n × m), visibleBias and hiddenBias as an .npz file')
    .requiredOption('--npz <file>', 'file to write')
    .action((argument: string, options: ModelOptions & { npz: string }) => {
      const { parameters } = readModelArgument(argument, options, terminal);
      const entries = new Map(parameterTensors(parameters).map(({ name, shape, values }) => [name, { shape, values }]));
      writeFileAtomically(resolve(terminal.workingDirectory, options.npz), writeNpz(entries));
      announceWritten(options.npz, {}, '', options, terminal);
      finish(exitCodes.ok);
    });
}
