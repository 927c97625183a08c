/**
 * `rbm-train evaluate`: likelihoods of any model on any data.
 */

import { parametersDigest } from '../checkpoint/digest.js';
import { exitCodes, printable, RbmError } from '../errors.js';
import type { Figures } from '../estimators/evaluation.js';
import { comparePaired, type PairedComparison } from '../estimators/likelihood-interval.js';
import { meanWithError, type MeanWithError } from '../estimators/mean.js';
import { raise } from '../estimators/raise.js';
import { visibleRowsOf, type VisibleStates } from '../kernels/index.js';
import { createModel } from '../model/parameters.js';
import { declaredShift } from '../model/units/index.js';
import { loadKernelsFor } from '../run/kernels.js';
import { splitStates } from '../run/prepare.js';
import { stoppablePause } from '../run/stop-request.js';
import { addDataOptions, addModelOptions, loadDataFor, readComputableModel, type DataOptions, type ModelArgument, type ModelOptions } from './arguments.js';
import { addEstimationOptions, planEstimation, type EstimationOptions } from './estimation-options.js';
import { checkShardOptions, defaultShards, estimateFromShards, type ShardOptions } from './evaluate-shards.js';
import { evaluateParameters, tooLarge, workloadOf, type Evaluated } from './evaluate-model.js';
import { densityOf, describeEstimate, describeFigures, nats } from './figures.js';
import { jsonText } from './json-output.js';
import { checkOutputName, writeMatrix } from './matrix-output.js';
import { wholeNumber } from './numbers.js';
import type { DefineCommand } from './options.js';
import { shortPath } from './paths.js';
import type { Terminal } from './terminal.js';

interface Options extends ModelOptions, DataOptions, EstimationOptions, ShardOptions {
  pseudoLikelihoodExamples: string;
  threads?: string;
  perExample?: string;
  raise?: string;
  raiseChains: string;
}

/** Refuses to compare likelihoods of different things. */
function checkComparable(model: ModelArgument, other: ModelArgument, name: string): void {
  const kindOf = ({ parameters }: ModelArgument): string => parameters.visibleLayer?.kind ?? 'binary';
  const standardizationOf = ({ checkpoint }: ModelArgument): string => JSON.stringify(checkpoint?.identity.standardization ?? null);
  if (kindOf(model) === kindOf(other) && standardizationOf(model) === standardizationOf(other)) return;
  throw new RbmError('usage', `--against ${printable(name)}: its likelihoods are of other values`, {
    hint: 'Only models of the same kind of data, standardized in the same way, can be compared.',
  });
}

/** Compares both models on every split. */
function compare(own: Evaluated, other: Evaluated): Record<string, PairedComparison> | undefined {
  const [estimate, otherEstimate] = [own.figures.logPartitionFunction, other.figures.logPartitionFunction];
  if (estimate === undefined || otherEstimate === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(own.energies).map(([split, energies]) => [split, comparePaired(energies, estimate, other.energies[split], otherEstimate)]),
  );
}

/** Writes the log-likelihood of every example: splits one after the other. */
function writePerExample(file: string, energies: Evaluated['energies'], logZ: number, terminal: Terminal): void {
  const all = Object.values(energies).flatMap((values) => Array.from(values, (energy) => -energy - logZ));
  writeMatrix(file, { rows: all.length, columns: 1, values: Float64Array.from(all) }, undefined, terminal);
}

function describeComparison(against: string, comparisons: Readonly<Record<string, PairedComparison>>): string {
  const lines = Object.entries(comparisons).map(
    ([split, { difference, interval }]) => `  ${split} ${nats(difference)} nats/example (${interval === undefined ? 'no interval: nothing is known of the error of a log Z' : `95 % ${interval.map(nats).join(' … ')}`})`,
  );
  return [`log-likelihood minus that of ${printable(against)}, paired:`, ...lines].join('\n');
}

async function evaluate(argument: string, options: Options, terminal: Terminal): Promise<void> {
  const pseudoLikelihoodExamples = wholeNumber('--pseudo-likelihood-examples', options.pseudoLikelihoodExamples, 1, 1e9);
  const threads = options.threads === undefined ? undefined : wholeNumber('--threads', options.threads, 1, 256);
  const raiseExamples = options.raise === undefined ? 0 : wholeNumber('--raise', options.raise, 1, 1e9);
  const raiseChains = wholeNumber('--raise-chains', options.raiseChains, 1, 1e6);
  if (options.perExample !== undefined) {
    checkOutputName(options.perExample, false, '--per-example');
    if (options.estimator === 'none') throw new RbmError('usage', '--per-example needs log Z', { hint: 'Leave out --estimator none.' });
  }
  checkShardOptions(options);
  const model = readComputableModel(argument, options, terminal);
  const other = options.against === undefined ? undefined : readComputableModel(options.against, {}, terminal);
  const { parameters } = model;
  const dataset = await loadDataFor(model, options, terminal);
  if (other !== undefined && other.parameters.visibleUnits !== parameters.visibleUnits) {
    throw new RbmError('usage', `--against ${printable(options.against ?? '')}: has ${other.parameters.visibleUnits} visible units, not ${parameters.visibleUnits}`, {
      hint: 'Only models of the same data can be compared.',
    });
  }
  if (other !== undefined) checkComparable(model, other, options.against ?? '');
  const splits = splitStates(dataset, parameters);
  const examples: VisibleStates | undefined = splits.train ?? Object.values(splits)[0];
  if (examples === undefined) {
    throw new RbmError('data', `${printable(dataset.name)}: every row has missing values, and likelihoods are of whole rows`, {
      hint: 'Name data with --data in which some rows are complete.',
    });
  }
  const plan = planEstimation(options, model.standard, examples);
  const known = options.shards === undefined ? undefined : await estimateFromShards(options.shards, model, plan, options, terminal);
  // Planned just now: there is nothing to evaluate with yet.
  if (options.shards !== undefined && known === undefined) return;
  if (options.estimator === 'auto' && plan.estimator !== 'exact' && !options.quiet) terminal.err(`log Z is estimated, not exact: ${plan.why}\n`);
  const cooperation = { pause: stoppablePause(terminal.listenForStop()) };
  const quiet = options.quiet === true;

  const kernels = await loadKernelsFor(parameters, known === undefined ? workloadOf(plan, threads) : { threads });
  const own = await evaluateParameters(kernels, model, splits, plan, pseudoLikelihoodExamples, quiet, terminal, known);
  let raised: (MeanWithError & { examples: number; chains: number; meanLogLikelihood?: number }) | undefined;
  if (raiseExamples > 0) {
    const tested = splits.test ?? examples;
    const count = Math.min(raiseExamples, tested.rows);
    const chosen = visibleRowsOf(tested, 0, count);
    const { logPartitionFunction } = own.figures;
    const energies = (own.energies.test ?? own.energies.train ?? Object.values(own.energies)[0]).subarray(0, count);
    const ofStandard = await raise(kernels, createModel(kernels, model.standard), chosen, raiseChains, plan.annealing, cooperation);
    if (!Number.isFinite(ofStandard.mean)) throw tooLarge(model.file);
    raised = {
      ...ofStandard,
      mean: ofStandard.mean - declaredShift(parameters).logVolume,
      examples: count,
      chains: raiseChains,
      // Of the same examples, for comparison.
      ...(logPartitionFunction !== undefined && { meanLogLikelihood: -meanWithError(energies).mean - logPartitionFunction.logZ }),
    };
  }
  await kernels.close();
  let comparison: Record<string, PairedComparison> | undefined;
  let otherFigures: Figures | undefined;
  if (other !== undefined) {
    const otherSplits = splitStates(dataset, other.parameters);
    const otherPlan = planEstimation(options, other.standard, otherSplits.train ?? Object.values(otherSplits)[0]);
    const otherKernels = await loadKernelsFor(other.parameters, workloadOf(otherPlan, threads));
    const evaluated = await evaluateParameters(otherKernels, other, otherSplits, otherPlan, pseudoLikelihoodExamples, quiet, terminal);
    await otherKernels.close();
    comparison = compare(own, evaluated);
    otherFigures = evaluated.figures;
  }
  const digest = parametersDigest(parameters);
  const density = densityOf(parameters, model.checkpoint?.identity.standardization !== undefined);
  const { figures, energies } = own;
  const { logPartitionFunction } = figures;
  if (options.perExample !== undefined && logPartitionFunction !== undefined) {
    writePerExample(options.perExample, energies, logPartitionFunction.logZ, terminal);
  }
  if (options.json) {
    const { visibleUnits, hiddenUnits, units } = parameters;
    const document = { model: model.file, visibleUnits, hiddenUnits, ...(units && { units }), ...(density !== undefined && { density }), digest, data: dataset.fingerprint, ...figures };
    terminal.out(`${jsonText({ ...document, ...(raised && { raise: raised }), ...(comparison && { against: { model: other?.file, ...otherFigures, comparison } }) })}\n`);
    return;
  }
  const update = model.checkpoint === undefined ? '' : `, update ${model.checkpoint.progress.update}`;
  const lines = [`${printable(shortPath(model.file, terminal.workingDirectory))}${update}`, describeFigures(figures, plan.why)];
  if (density !== undefined) lines.push(`likelihoods are ${density}`);
  if (raised !== undefined) {
    const error = raised.standardError === undefined ? '' : ` ± ${nats(raised.standardError)}`;
    lines.push(`RAISE: ${nats(raised.mean)}${error} nats/example, ${raised.examples} examples${raised.meanLogLikelihood === undefined ? '' : `, whose log-likelihood with the log Z above is ${nats(raised.meanLogLikelihood)}`}: from below, of the annealing model's likelihood (no bound of the RBM's own)`);
  }
  if (options.against !== undefined && otherFigures?.logPartitionFunction !== undefined) {
    lines.push(`${printable(options.against)}: ${describeEstimate(otherFigures.logPartitionFunction)}`);
  }
  if (options.against !== undefined && comparison !== undefined) lines.push(describeComparison(options.against, comparison));
  lines.push(`digest ${digest}`);
  terminal.out(`${lines.join('\n')}\n`);
}

/** Defines the command. */
export const evaluateCommand: DefineCommand = (command, terminal, finish) => {
  addEstimationOptions(command)
    .option('--pseudo-likelihood-examples <number>', 'examples for pseudo-likelihood and reconstruction error', '100')
    .option('--threads <number>', 'threads that share the work; no result depends on it (default: as many as pay)')
    .option('--per-example <file>', 'also write the log-likelihood of every example, splits one after the other (.npy, .csv, .txt)')
    .option('--against <model>', 'compare with another model on the same examples, paired')
    .option('--shards <directory>', 'share an exact log Z or AIS among processes: plans it in a new directory, and uses what rbm-train sweep run has computed there')
    .option('--shard-count <number>', `into how many shards it is cut (default: ${defaultShards})`)
    .option('--raise <examples>', 'also RAISE on the first examples of the test split')
    .option('--raise-chains <number>', 'chains from every example of RAISE', '1');
  addDataOptions(addModelOptions(command), "evaluate on this instead of the run's own data").action(
    async (model: string, options: Options) => {
      await evaluate(model, options, terminal);
      finish(exitCodes.ok);
    },
  );
};
