/**
 * Training: `rbm-train --config <file>` starts a run, `--resume <run>` continues one.
 */

import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import type { Command } from 'commander';
import { RunDirectory } from '../checkpoint/run-directory.js';
import { loadConfig, type LoadedConfig } from '../config/index.js';
import type { RunConfig } from '../config/run-config.js';
import { exitCodes, printable, RbmError } from '../errors.js';
import { backends } from '../kernels/index.js';
import { configKeys } from '../run/config-schema.js';
import { checkpointToContinue, loadRunConfig, openRunDirectory, withKeptStart } from '../run/open-run.js';
import { describeCost, prepareRun, type PreparedRun } from '../run/prepare.js';
import { Breath, Stopped } from '../run/stop-request.js';
import { trainRun, type RunResult } from '../run/train-run.js';
import { dryRun } from './dry-run.js';
import { criterionName, describeFigures, nats } from './figures.js';
import { collect, unknownCommand, type CommonOptions } from './options.js';
import { shellWord, shortPath } from './paths.js';
import { progressDisplay } from './progress.js';
import { stopSignals } from './stop-signals.js';
import type { Terminal } from './terminal.js';

interface TrainOptions extends CommonOptions {
  config?: string;
  resume?: string;
  resumeOrStart?: boolean;
  set?: string[];
  seed?: string;
  output?: string;
  force?: boolean;
  printConfig?: boolean;
  dryRun?: boolean;
  expect?: string;
  backend?: string;
  threads?: string;
}

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

function checkOptions(options: TrainOptions): void {
  const fail = (message: string, hint: string): RbmError => new RbmError('usage', message, { hint });
  for (const name of ['config', 'resume', 'seed', 'output', 'expect', 'backend', 'threads'] as const) {
    if (options[name] === '') throw fail(`--${name} has an empty value`, 'Give a value, or leave the option out; perhaps a variable of the shell is not set.');
  }
  if (options.config === undefined && options.resume === undefined) {
    throw fail('nothing to do: name a config to train, or a command', 'Start with: rbm-train init > my.json; rbm-train --config my.json. Options: rbm-train --help.');
  }
  if (options.config !== undefined && options.resume !== undefined) {
    throw fail('--config and --resume exclude each other', 'A run has its config inside. To start or continue with one line, use --config <file> --resume-or-start.');
  }
  const setsOutput = options.set?.some((entry) => /^\s*output\s*=/.test(entry)) === true;
  if (options.resume !== undefined && (options.force || options.output !== undefined || setsOutput)) {
    throw fail('--resume continues a run where it is: --force and --output do not go with it', 'Leave them out.');
  }
  if (options.resumeOrStart && options.force) {
    throw fail('--resume-or-start and --force exclude each other', 'The first keeps what is there, the second removes it.');
  }
  if (options.expect !== undefined && !/^[0-9a-f]{64}$/i.test(options.expect)) {
    throw fail(`--expect ${printable(options.expect)}: not a digest`, 'A digest is 64 hexadecimal digits, as result.json has it.');
  }
}

/** What the user should know before the run starts. */
function notesOn({ config, dataset }: PreparedRun, loaded: LoadedConfig): string[] {
  const { batchSize } = config.training;
  const { rows } = dataset.splits.train;
  const notes = [...dataset.notes];
  // The default is for larger data, and nothing to remark on.
  const isGiven = loaded.frame('training.batchSize') !== undefined;
  if (isGiven && batchSize !== 'full' && batchSize > rows) {
    notes.push(`training.batchSize is ${batchSize}, but there are ${rows} training examples: every update takes all of them.`);
  }
  return notes;
}

/** Why evaluations have no exact log Z, where they have none. */
function whyUnknown({ config, parameters }: PreparedRun): string {
  if (config.evaluation.logLikelihood === 'never') return 'evaluation.logLikelihood is never';
  return `it costs ${describeCost(parameters)}, more than evaluation.exactCostLimit`;
}

function describeResult(result: RunResult, output: string, why: string): string {
  const { visibleUnits, hiddenUnits, updates, epochs, figures, best, digest } = result;
  const lines = [
    `trained ${visibleUnits}×${hiddenUnits} RBM: ${updates} updates, ${epochs === 1 ? '1 epoch' : `${Number(epochs.toFixed(2))} epochs`}`,
    describeFigures(figures, why),
  ];
  if (best !== undefined) lines.push(`best validation ${criterionName(best.criterion)} ${nats(best.value)} at update ${best.update}`);
  lines.push(`digest ${digest}`, `run    ${printable(output, 1000)}`);
  return lines.join('\n');
}

async function train(options: TrainOptions, terminal: Terminal): Promise<number> {
  checkOptions(options);
  const loaded = await loadTrainingConfig(options, terminal);
  if (options.printConfig) {
    terminal.out(`${JSON.stringify(loaded.config, undefined, 2)}\n`);
    return exitCodes.ok;
  }
  const config = loaded.config as unknown as RunConfig;
  const directory = new RunDirectory(config.output);
  const short = shortPath(config.output, terminal.workingDirectory);
  if (directory.hasConfig() && !directory.holdsRun()) {
    throw new RbmError('usage', `${printable(short)} has a config.json that is not of a run, and would be overwritten`, {
      hint: 'Choose another --output.',
    });
  }
  const resuming = options.resume !== undefined || (options.resumeOrStart === true && directory.holdsRun());
  if (!resuming && !options.force && !options.dryRun && directory.holdsRun()) {
    throw new RbmError('usage', `${printable(short)} already holds a run`, {
      hint: `Continue it with --resume ${shellWord(short)}, replace it with --force, or choose another --output.`,
    });
  }
  const stop = terminal.listenForStop();
  const isOriginalGone = resuming && config.model.from !== undefined && !existsSync(config.model.from);
  const prepared = await prepareRun(isOriginalGone ? withKeptStart(loaded, directory) : loaded);
  // A signal that came while data was loading is seen once the event loop has turned.
  await new Breath().take();
  if (stop.signal !== undefined) throw new Stopped(stop.signal);
  if (!options.quiet) for (const note of notesOn(prepared, loaded)) terminal.err(`note: ${printable(note, 500)}\n`);
  const display = progressDisplay(terminal, config.log, options.quiet === true);
  const warn = (message: string): void => display.report({ type: 'warning', message });
  const checkpoint = resuming ? checkpointToContinue(directory, prepared, warn) : undefined;
  if (options.dryRun) {
    if (!resuming && !options.force && directory.holdsRun()) warn(`${printable(short)} already holds a run; training needs --force or another --output`);
    dryRun(prepared, checkpoint?.progress.update, options.json === true, terminal);
    return exitCodes.ok;
  }
  if (options.force && !resuming) directory.clear();
  const outcome = await trainRun({ prepared, directory, checkpoint, stop, report: display.report }).finally(() => {
    display.end();
    return prepared.kernels.close();
  });
  if (outcome.status === 'stopped') {
    terminal.err(`stopped by ${outcome.signal} after update ${outcome.update}; to continue:\n  rbm-train --resume ${shellWord(short)}\n`);
    return stopSignals[outcome.signal];
  }
  const { result } = outcome;
  terminal.out(options.json ? `${JSON.stringify({ ...result, output: config.output })}\n` : `${describeResult(result, short, whyUnknown(prepared))}\n`);
  if (options.expect !== undefined && options.expect.toLowerCase() !== result.digest) {
    throw new RbmError('digestMismatch', `${printable(short)}: digest mismatch: --expect ${options.expect.toLowerCase()}, trained ${result.digest}`, {
      hint: 'Compare configHash, dataFingerprint and numericsVersion in result.json with those of the run that gave the expected digest.',
    });
  }
  return exitCodes.ok;
}

/** Makes training the program's default action. */
export function trainCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .argument('[command]')
    .allowExcessArguments()
    .option('-c, --config <file>', 'config of the run: JSON with comments, or YAML')
    .option('--resume <run>', 'continue a run directory where its last checkpoint left off')
    .option('--resume-or-start', 'with --config: continue the run if it has been started, else start it')
    .option('--set <key=value>', 'override a key of the config, e.g. training.epochs=5 (repeatable)', collect)
    .option('--seed <seed>', 'override the seed')
    .option('-o, --output <directory>', 'run directory')
    .option('--threads <number>', 'threads that share the work, or auto; the result is the same with any number')
    .option('--backend <name>', `numeric kernels: ${backends.map(({ name }) => name).join(' or ')}; the result is the same with each`)
    .option('--force', 'remove the run that is in the run directory, and start again')
    .option('--print-config', 'print the resolved config and stop')
    .option('--dry-run', 'check everything, including the data; train and write nothing')
    .option('--expect <digest>', 'exit with 5 unless the trained parameters have this digest')
    .action(async (word: string | undefined, options: TrainOptions) => {
      if (word !== undefined) throw unknownCommand(program, word);
      finish(await train(options, terminal));
    });
}
