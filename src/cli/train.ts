/**
 * Training: `rbm-train --config <file>` starts a run, `--resume <run>` continues one.
 */

import { basename, extname, resolve } from 'node:path';
import { RunDirectory } from '../checkpoint/run-directory.js';
import { loadConfig, type LoadedConfig } from '../config/index.js';
import type { RunConfig } from '../config/run-config.js';
import { exitCodes, isRbmError, messageOf, printable, RbmError } from '../errors.js';
import { kindAt } from '../read-file.js';
import { configKeys } from '../run/config-schema.js';
import { checkpointToContinue, loadRunConfig, openRunDirectory, withKeptStart } from '../run/open-run.js';
import { describeCost, prepareRun, type PreparedRun } from '../run/prepare.js';
import { Breath, Stopped, stoppablePause, type StopRequest } from '../run/stop-request.js';
import { trainRun, type RunResult } from '../run/train-run.js';
import { collectGarbage } from './collect-garbage.js';
import { dryRun } from './dry-run.js';
import { criterionName, densityOf, describeFigures, nats } from './figures.js';
import { jsonText } from './json-output.js';
import { shellWord, shortPath } from './paths.js';
import { progressDisplay } from './progress.js';
import { warner } from './remarks.js';
import { stopSignals } from './stop-signals.js';
import type { Terminal } from './terminal.js';
import type { TrainOptions } from './train-options.js';

/** Fills in the run directory that depends on the config file's name. */
function withOutput(loaded: LoadedConfig, output: string): LoadedConfig {
  return { ...loaded, config: { ...loaded.config, output } };
}

async function loadTrainingConfig(options: TrainOptions, terminal: Terminal): Promise<LoadedConfig> {
  const { workingDirectory } = terminal;
  const set = [...(options.set ?? [])];
  if (options.seed !== undefined) set.push(`seed=${options.seed}`);
  if (options.backend !== undefined) set.push(`execution.backend=${options.backend}`);
  if (options.threads !== undefined) set.push(`execution.threads=${options.threads}`);
  if (options.resume !== undefined) {
    const directory = openRunDirectory(options.resume, workingDirectory);
    // The run may have been moved since it was started.
    return withOutput(await loadRunConfig(directory, set, workingDirectory), directory.path);
  }
  if (options.output !== undefined) set.push(`output=${options.output}`);
  const file = options.config ?? '';
  const loaded = await loadConfig(configKeys, { file, set, workingDirectory });
  if (loaded.config.output !== undefined) return loaded;
  return withOutput(loaded, resolve(workingDirectory, 'runs', basename(file, extname(file))));
}

/** Whether anything is at a path, as far as this user can see: it may be in the home folder of another one. */
function isReachable(path: string): boolean {
  try {
    return kindAt(path) !== undefined;
  } catch {
    return false;
  }
}

/** What the user should know before the run starts. */
function notesOn({ config, dataset, kernels, parameters }: PreparedRun, loaded: LoadedConfig): string[] {
  const { batchSize } = config.training;
  const { rows } = dataset.splits.train;
  const notes = [...dataset.notes];
  // The default is for larger data, and nothing to remark on.
  const isGiven = loaded.frame('training.batchSize') !== undefined;
  if (isGiven && batchSize !== 'full' && batchSize > rows) {
    notes.push(`training.batchSize is ${batchSize}, but there are ${rows} training examples: every update takes all of them.`);
  }
  if (parameters.units?.variance === 'learned' && config.training.algorithm === 'cd') {
    notes.push('learned variances and contrastive divergence: its bias makes them too small, the more the smaller k; algorithm sml has less of it.');
  }
  if (kernels.name !== config.execution.backend) {
    notes.push(`the ${config.execution.backend} kernels can't be used for this model on this machine: the ${kernels.name} kernels train it, with the same result but more slowly.`);
  }
  return notes;
}

/** Why evaluations have no exact log Z, where they have none. */
function whyUnknown({ config, parameters }: PreparedRun): string {
  if (config.evaluation.logLikelihood === 'never') return 'evaluation.logLikelihood is never';
  return `it costs ${describeCost(parameters)}, more than evaluation.exactCostLimit`;
}

function describeResult(result: RunResult, output: string, prepared: PreparedRun): string {
  const why = whyUnknown(prepared);
  const density = densityOf(prepared.parameters, prepared.dataset.standardization !== undefined);
  const { visibleUnits, hiddenUnits, updates, epochs, figures, averaged, best, digest } = result;
  const lines = [
    `trained ${visibleUnits}×${hiddenUnits} RBM: ${updates} updates, ${epochs === 1 ? '1 epoch' : `${Number(epochs.toFixed(2))} epochs`}`,
    ...(averaged === undefined ? [] : ['averaged parameters (the run’s model)', describeFigures(averaged, why), 'last parameters']),
    describeFigures(figures, why),
  ];
  if (density !== undefined) lines.push(`likelihoods are ${density}`);
  if (best !== undefined) lines.push(`best validation ${criterionName(best.criterion)} ${nats(best.value)} at update ${best.update}`);
  lines.push(`digest ${digest}`, `run    ${printable(output, 1000)}`);
  return lines.join('\n');
}

/** Makes the page of a run that has just ended. What goes wrong with it is told, and takes nothing from the result. */
async function writeRunReport(
  directory: RunDirectory,
  { dataset }: PreparedRun,
  { digest }: RunResult,
  stop: StopRequest,
  options: TrainOptions,
  terminal: Terminal,
): Promise<void> {
  const { writeReport } = await import('../report/write-report.js');
  const warn = warner(options, terminal);
  try {
    // A training that has taken the directory over meanwhile writes a report of its own.
    if (directory.readJson(directory.result)?.digest !== digest) return;
    await writeReport(directory, { dataset, warn, pause: stoppablePause(stop) });
  } catch (error) {
    if (error instanceof Stopped) warn(`${error.message}: no report was written; rbm-train report makes it`);
    else if (isRbmError(error)) terminal.err(`warning: ${messageOf(error)}; the run is complete without its report\n`);
    else throw error;
  }
}

/**
 * Trains as the options ask for; they have been checked.
 *
 * @returns the exit code
 */
export async function train(options: TrainOptions, terminal: Terminal): Promise<number> {
  const loaded = await loadTrainingConfig(options, terminal);
  if (options.printConfig) {
    terminal.out(`${jsonText(loaded.config, 2)}\n`);
    return exitCodes.ok;
  }
  const config = loaded.config as unknown as RunConfig;
  const directory = new RunDirectory(config.output);
  const short = shortPath(config.output, terminal.workingDirectory);
  if (directory.hasConfig() && !directory.holdsRun()) {
    throw new RbmError('usage', `${printable(short)} has a config.json, which would be overwritten, but no checkpoints`, {
      hint: 'Choose another --output; where a run has lost its checkpoints, put them back or remove the rest of it, too.',
    });
  }
  const resuming = options.resume !== undefined || (options.resumeOrStart === true && directory.holdsRun());
  if (!resuming && !options.force && !options.dryRun && directory.holdsRun()) {
    throw new RbmError('usage', `${printable(short)} already holds a run`, {
      hint: `Continue it with --resume ${shellWord(short)}, replace it with --force, or choose another --output.`,
    });
  }
  const stop = terminal.listenForStop();
  const isOriginalGone = resuming && config.model.from !== undefined && !isReachable(config.model.from);
  const prepared = await prepareRun(isOriginalGone ? withKeptStart(loaded, directory) : loaded);
  // A signal that came while data was loading is seen once the event loop has turned.
  await new Breath().take();
  if (stop.signal !== undefined) throw new Stopped(stop.signal);
  if (!options.quiet) for (const note of notesOn(prepared, loaded)) terminal.err(`note: ${printable(note, 500)}\n`);
  const display = await progressDisplay(terminal, config.log, options.quiet === true);
  const warn = (message: string): void => display.report({ type: 'warning', message });
  const checkpoint = resuming ? checkpointToContinue(directory, prepared, warn) : undefined;
  if (options.dryRun) {
    if (!resuming && !options.force && directory.holdsRun()) warn(`${printable(short)} already holds a run; training needs --force or another --output`);
    dryRun(prepared, checkpoint?.progress.update, options.json === true, terminal);
    return exitCodes.ok;
  }
  collectGarbage();
  const replace = options.force === true && !resuming;
  const outcome = await trainRun({ prepared, directory, checkpoint, replace, stop, report: display.report }).finally(() => {
    display.end();
    return prepared.kernels.close();
  });
  if (outcome.status === 'stopped') {
    terminal.err(`stopped by ${outcome.signal} after update ${outcome.update}; to continue:\n  rbm-train --resume ${shellWord(short)}\n`);
    return stopSignals[outcome.signal];
  }
  const { result } = outcome;
  if (config.report !== false && options.report && process.env.RBM_TRAIN_REPORT !== 'never') await writeRunReport(directory, prepared, result, stop, options, terminal);
  terminal.out(options.json ? `${jsonText({ ...result, output: config.output })}\n` : `${describeResult(result, short, prepared)}\n`);
  if (options.expect !== undefined && options.expect.toLowerCase() !== result.digest) {
    throw new RbmError('digestMismatch', `${printable(short)}: digest mismatch: --expect ${options.expect.toLowerCase()}, trained ${result.digest}`, {
      hint: 'Compare configHash, dataFingerprint and numericsVersion in result.json with those of the run that gave the expected digest.',
    });
  }
  return exitCodes.ok;
}
