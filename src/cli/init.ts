/**
 * `rbm-train init`: a commented config to start from.
 */

import { resolve } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { startingConfig } from '../config/index.js';
import { exitCodes, printable, RbmError } from '../errors.js';
import { kindAt } from '../read-file.js';
import { configKeys } from '../run/config-schema.js';
import type { CommonOptions, DefineCommand } from './options.js';
import { shellWord } from './paths.js';
import { announceWritten } from './remarks.js';

/** What the starting config sets: MNIST digits with so few hidden units that log Z is exact. */
const startingValues = {
  seed: '1',
  data: {
    source: 'mnist',
    binarize: 'threshold',
    validation: { count: 1000 },
    test: { count: 1000 },
  },
  model: { hiddenUnits: 20 },
  training: {
    algorithm: 'sml',
    k: 1,
    epochs: 20,
    batchSize: 100,
    learningRate: { schedule: 'linear', initial: 0.05, final: 0, horizon: { epochs: 20 } },
  },
};

/** Defines the command. */
export const initCommand: DefineCommand = (command, terminal, finish) => {
  command
    .option('--force', 'replace an existing file')
    .action((file: string | undefined, options: CommonOptions & { force?: boolean }) => {
      // Comments are no JSON.
      const text = options.json && file === undefined ? `${JSON.stringify(startingValues)}\n` : startingConfig(configKeys, startingValues);
      finish(exitCodes.ok);
      if (file === undefined) {
        terminal.out(text);
        return;
      }
      const path = resolve(terminal.workingDirectory, file);
      if (!options.force && kindAt(path) !== undefined) {
        throw new RbmError('usage', `${printable(file)} exists already`, { hint: 'Choose another name, or replace it with --force.' });
      }
      writeFileAtomically(path, text);
      announceWritten(file, {}, `; train with: rbm-train --config ${shellWord(file)}`, options, terminal);
    });
};
