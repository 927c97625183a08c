/**
 * `rbm-train sample`: fantasy particles by Gibbs sampling, from noise or from data.
 */

import { exitCodes, printable, RbmError } from '../errors.js';
import { rowsOf, unpackBinaryMatrix } from '../kernels/index.js';
import { createModel } from '../model/parameters.js';
import { streamKey } from '../random/index.js';
import { bytesPerChain, describeBytes, fitsIntoMemory } from '../run/memory.js';
import { loadKernelsFor } from '../run/kernels.js';
import { stoppablePause } from '../run/stop-request.js';
import { createChains, fillWithExamples, fillWithNoise, gibbsSteps } from '../sampling/gibbs.js';
import {
  addDataOptions,
  addModelOptions,
  loadDataFor,
  readModelArgument,
  splitOf,
  type DataOptions,
  type ModelOptions,
} from './arguments.js';
import { checkOutputName, showMatrix } from './matrix-output.js';
import { wholeNumber } from './numbers.js';
import type { DefineCommand } from './options.js';
import type { Terminal } from './terminal.js';

/** Rows of means computed at a time. */
const meansRows = 1000;

interface Options extends ModelOptions, DataOptions {
  count: string;
  steps: string;
  start: string;
  split?: string;
  seed: string;
  means?: boolean;
  output?: string;
}

async function sample(argument: string, options: Options, terminal: Terminal): Promise<void> {
  const count = wholeNumber('--count', options.count, 1, 1_000_000);
  const steps = wholeNumber('--steps', options.steps, 0, 1_000_000_000);
  if (options.start !== 'noise' && options.start !== 'data') {
    throw new RbmError('usage', `--start ${printable(options.start)}: not a way to start`, { hint: 'Use noise or data.' });
  }
  if (options.start === 'noise' && (options.data !== undefined || options.set !== undefined || options.split !== undefined)) {
    throw new RbmError('usage', '--data, --set and --split have no effect on chains that start from noise', { hint: 'Add --start data, or leave them out.' });
  }
  if (options.output !== undefined) checkOutputName(options.output, true);
  const model = readModelArgument(argument, options, terminal);
  const { parameters } = model;
  const { visibleUnits } = parameters;
  if (!fitsIntoMemory(count * bytesPerChain(parameters))) {
    throw new RbmError('usage', `--count ${count}: the particles need ${describeBytes(count * bytesPerChain(parameters))}, more than this machine has`, {
      hint: 'Ask for fewer particles at a time, each time with another --seed.',
    });
  }
  const kernels = await loadKernelsFor(parameters);
  const key = streamKey(options.seed, 'sample');
  const chains = createChains(kernels, parameters, count);
  const trained = createModel(kernels, parameters);
  if (options.start === 'data') {
    const dataset = await loadDataFor(model, options, terminal);
    const { binary } = splitOf(dataset, options.split ?? 'train');
    fillWithExamples(chains.visible, binary);
  } else {
    await fillWithNoise(kernels, chains.visible, key);
  }
  const pause = stoppablePause(terminal.listenForStop());
  for (let step = 0; step < steps; step++) {
    await gibbsSteps(kernels, trained, chains, count, 1, { key, update: step, step: 0, row: 0 });
    await kernels.finish();
    await pause();
  }
  // Before the first step there are no means yet: the states themselves are shown.
  let values: Uint8Array | Float64Array;
  if (options.means && steps > 0) {
    values = new Float64Array(count * visibleUnits);
    const means = kernels.createMatrix(Math.min(count, meansRows), visibleUnits);
    for (let first = 0; first < count; first += meansRows) {
      const rows = Math.min(meansRows, count - first);
      kernels.visibleInputs(trained, rowsOf(chains.hidden, first, rows), rows, means);
      kernels.bernoulliMeans(means, rows);
      await kernels.finish();
      means.readRows(0, values.subarray(first * visibleUnits, (first + rows) * visibleUnits));
    }
  } else {
    values = new Uint8Array(count * visibleUnits);
    unpackBinaryMatrix(chains.visible, values);
  }
  await kernels.close();
  const matrix = { rows: count, columns: visibleUnits, values };
  showMatrix(matrix, model.checkpoint?.identity.shape, ' ', options, terminal);
}

/** Defines the command. */
export const sampleCommand: DefineCommand = (command, terminal, finish) => {
  command
    .option('--count <number>', 'number of particles, each from a chain of its own', '100')
    .option('--steps <number>', 'Gibbs steps of each chain', '1000')
    .option('--start <noise|data>', 'what the chains start from', 'noise')
    .option('--split <name>', 'with --start data: the split (default: "train")')
    .option('--seed <seed>', 'seed of the chains', '1')
    .option('--means', 'write p(v = 1 | h) of the last step instead of the states')
    .option('--output <file>', 'file to write; its ending decides the format');
  addDataOptions(addModelOptions(command), "with --start data, start from this instead of the run's own data").action(
    async (model: string, options: Options) => {
      await sample(model, options, terminal);
      finish(exitCodes.ok);
    },
  );
};
