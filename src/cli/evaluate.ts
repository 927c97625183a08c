/**
 * `rbm-train evaluate`: likelihoods of any model on any data.
 */

import { exitCodes, printable } from '../errors.js';
import { evaluateModel } from '../estimators/evaluation.js';
import { createModel } from '../model/parameters.js';
import { parametersDigest } from '../checkpoint/digest.js';
import { binarySplits } from '../run/prepare.js';
import { loadKernelsFor } from '../run/kernels.js';
import { addDataOptions, addModelOptions, loadDataFor, readModelArgument, type DataOptions, type ModelOptions } from './arguments.js';
import { forecastExact, withExactProgress } from './estimation-progress.js';
import { describeFigures } from './figures.js';
import { nonNegativeNumber, wholeNumber } from './numbers.js';
import type { DefineCommand } from './options.js';
import { shortPath } from './paths.js';
import type { Terminal } from './terminal.js';

interface Options extends ModelOptions, DataOptions {
  exactCostLimit: string;
  pseudoLikelihoodExamples: string;
}

async function evaluate(argument: string, options: Options, terminal: Terminal): Promise<void> {
  const costLimit = nonNegativeNumber('--exact-cost-limit', options.exactCostLimit);
  const pseudoLikelihoodExamples = wholeNumber('--pseudo-likelihood-examples', options.pseudoLikelihoodExamples, 1, 1e9);
  const model = readModelArgument(argument, options, terminal);
  const { parameters } = model;
  const dataset = await loadDataFor(model, options, terminal);
  const { cost, isAffordable, states, duration } = forecastExact(parameters, costLimit);
  const kernels = await loadKernelsFor(parameters, isAffordable ? cost : 0);
  if (!isAffordable && !options.quiet) {
    const way = Number.isFinite(cost) ? `--exact-cost-limit ${cost} allows it` : 'that is out of reach';
    terminal.err(`exact log Z left out: it costs ${states}, ${duration}; ${way}\n`);
  }
  const exactWork = { threads: kernels.threads, isExact: isAffordable, quiet: options.quiet === true };
  const figures = await withExactProgress(parameters, exactWork, terminal, (cooperation) =>
    evaluateModel(
      kernels,
      createModel(kernels, parameters),
      binarySplits(dataset),
      { logLikelihood: isAffordable, pseudoLikelihoodExamples },
      cooperation,
    ),
  );
  await kernels.close();
  const digest = parametersDigest(parameters);
  if (options.json) {
    const { visibleUnits, hiddenUnits } = parameters;
    terminal.out(`${JSON.stringify({ model: model.file, visibleUnits, hiddenUnits, digest, data: dataset.fingerprint, ...figures })}\n`);
  } else {
    const update = model.checkpoint === undefined ? '' : `, update ${model.checkpoint.progress.update}`;
    const why = `it costs ${states}, ${duration}, more than --exact-cost-limit`;
    terminal.out(`${printable(shortPath(model.file, terminal.workingDirectory))}${update}\n${describeFigures(figures, why)}\ndigest ${digest}\n`);
  }
}

/** Defines the command. */
export const evaluateCommand: DefineCommand = (command, terminal, finish) => {
  command
    .option('--exact-cost-limit <states×units>', 'largest cost of an exact log Z', String(2 ** 33))
    .option('--pseudo-likelihood-examples <number>', 'examples for pseudo-likelihood and reconstruction error', '100');
  addDataOptions(addModelOptions(command), "evaluate on this instead of the run's own data").action(
    async (model: string, options: Options) => {
      await evaluate(model, options, terminal);
      finish(exitCodes.ok);
    },
  );
};
