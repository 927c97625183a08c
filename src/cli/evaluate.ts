/**
 * `rbm-train evaluate`: likelihoods of any model on any data.
 */

import { exitCodes, printable } from '../errors.js';
import { evaluateModel } from '../estimators/evaluation.js';
import { exactEstimator, isAffordable } from '../estimators/log-partition-function.js';
import { createModel } from '../model/parameters.js';
import { parametersDigest } from '../checkpoint/digest.js';
import { binarySplits, describeCost } from '../run/prepare.js';
import { stoppablePause } from '../run/stop-request.js';
import { loadKernelsFor } from '../run/kernels.js';
import { addDataOptions, addModelOptions, loadDataFor, readModelArgument, type DataOptions, type ModelOptions } from './arguments.js';
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
  const affordable = isAffordable(parameters, costLimit);
  const kernels = await loadKernelsFor(parameters, affordable ? exactEstimator.cost(parameters) : 0);
  if (!affordable && !options.quiet) {
    const cost = exactEstimator.cost(parameters);
    const way = Number.isFinite(cost) ? `--exact-cost-limit ${cost} allows it` : 'that is out of reach';
    terminal.err(`exact log Z left out: it costs ${describeCost(parameters)}; ${way}\n`);
  }
  let shown = 0;
  const figures = await evaluateModel(
    kernels,
    createModel(kernels, parameters),
    binarySplits(dataset),
    { logLikelihood: affordable, pseudoLikelihoodExamples },
    {
      pause: stoppablePause(terminal.listenForStop()),
      progress: (share) => {
        if (options.quiet || !terminal.isErrorTerminal || share < shown + 0.01) return;
        shown = share;
        terminal.err(share < 1 ? `\rexact log Z ${Math.round(share * 100)}%` : '\r\u001b[K');
      },
    },
  );
  await kernels.close();
  const digest = parametersDigest(parameters);
  if (options.json) {
    const { visibleUnits, hiddenUnits } = parameters;
    terminal.out(`${JSON.stringify({ model: model.file, visibleUnits, hiddenUnits, digest, data: dataset.fingerprint, ...figures })}\n`);
  } else {
    const update = model.checkpoint === undefined ? '' : `, update ${model.checkpoint.progress.update}`;
    const why = `it costs ${describeCost(parameters)}, more than --exact-cost-limit`;
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
