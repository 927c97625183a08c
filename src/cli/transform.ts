/**
 * `rbm-train transform`: E[h | v] of every row of a dataset, in the model's units, as features for other models.
 */

import { exitCodes } from '../errors.js';
import { chunkRows, forEachChunk } from '../estimators/chunks.js';
import { createModel } from '../model/parameters.js';
import { declaredHiddenValues, standardStates } from '../model/units/index.js';
import { loadKernelsFor } from '../run/kernels.js';
import { stoppablePause } from '../run/stop-request.js';
import {
  addDataOptions,
  addModelOptions,
  loadDataFor,
  readComputableModel,
  splitOf,
  type DataOptions,
  type ModelOptions,
} from './arguments.js';
import { checkOutputName, showMatrix } from './matrix-output.js';
import type { DefineCommand } from './options.js';
import type { Terminal } from './terminal.js';

interface Options extends ModelOptions, DataOptions {
  split: string;
  output?: string;
}

async function transform(argument: string, options: Options, terminal: Terminal): Promise<void> {
  if (options.output !== undefined) checkOutputName(options.output, false);
  const model = readComputableModel(argument, options, terminal);
  const { parameters } = model;
  const { hiddenUnits } = parameters;
  const dataset = await loadDataFor(model, options, terminal);
  const states = standardStates(splitOf(dataset, options.split).states, parameters);
  const kernels = await loadKernelsFor(parameters);
  const means = new Float64Array(states.rows * hiddenUnits);
  const trained = createModel(kernels, model.standard);
  const chunkMeans = kernels.createMatrix(chunkRows, hiddenUnits);
  await forEachChunk(states, { pause: stoppablePause(terminal.listenForStop()) }, async (chunk, first) => {
    kernels.hiddenMeans(trained, [{ visible: chunk, rows: chunk.rows, means: chunkMeans }]);
    await kernels.finish();
    chunkMeans.readRows(0, means.subarray(first * hiddenUnits, (first + chunk.rows) * hiddenUnits));
  });
  await kernels.close();
  const matrix = { rows: states.rows, columns: hiddenUnits, values: declaredHiddenValues(means, parameters) };
  showMatrix(matrix, undefined, ',', options, terminal);
}

/** Defines the command. */
export const transformCommand: DefineCommand = (command, terminal, finish) => {
  command
    .option('--split <name>', 'the split to transform', 'train')
    .option('--output <file>', 'file to write; its ending decides the format');
  addDataOptions(addModelOptions(command), "transform this instead of the run's own data").action(
    async (model: string, options: Options) => {
      await transform(model, options, terminal);
      finish(exitCodes.ok);
    },
  );
};
