/**
 * `rbm-train compare`: trains what is not trained yet, and puts runs side by side on the same examples.
 *
 * Arguments are runs and configs. Everything is checked before anything is trained. Every config is trained with each of the
 * seeds, in a run directory of its own below the output: what is finished there is taken as it is, what was stopped goes on,
 * and so does the whole command when it is given again.
 */

import { basename, extname, join, resolve } from 'node:path';
import { RunDirectory } from '../checkpoint/run-directory.js';
import { canonicalHash, closest, loadConfig, type LoadedConfig } from '../config/index.js';
import type { RunConfig } from '../config/run-config.js';
import type { CheckpointIdentity } from '../checkpoint/checkpoint.js';
import { fingerprint } from '../datasets/fingerprint.js';
import { splitNames, type Dataset, type SplitName } from '../datasets/dataset.js';
import { exitCodes, printable, RbmError } from '../errors.js';
import { logPseudoLikelihoods } from '../estimators/pseudo-likelihood.js';
import { binaryLayer, isBinaryMatrix, type VisibleStates } from '../kernels/index.js';
import { createModel } from '../model/parameters.js';
import { kindAt } from '../read-file.js';
import { compareRuns, type ComparedRun, type Comparison, type Quantity } from '../report/comparison.js';
import { readRun } from '../report/read-run.js';
import { configKeys } from '../run/config-schema.js';
import { loadKernelsFor } from '../run/kernels.js';
import { gradientDemand } from '../run/memory.js';
import { checkpointToContinue, loadRunConfig, openRunDirectory } from '../run/open-run.js';
import { prepareRun, splitStates, type PreparedRun } from '../run/prepare.js';
import { stoppablePause, type StopRequest } from '../run/stop-request.js';
import { trainRun } from '../run/train-run.js';
import { parseSeeds } from '../sweep/seeds.js';
import { batchRows } from '../training/trainer.js';
import { readComputableModel } from './arguments.js';
import { collectGarbage } from './collect-garbage.js';
import { describeComparison, describeIntervals, sourceOf } from './compare-text.js';
import { addEstimationOptions, planEstimation, type EstimationOptions } from './estimation-options.js';
import { evaluateParameters, workloadOf } from './evaluate-model.js';
import { jsonText } from './json-output.js';
import { collect, type CommonOptions, type DefineCommand } from './options.js';
import { isConfigName, shellWord, shortPath } from './paths.js';
import { progressDisplay } from './progress.js';
import { warner } from './remarks.js';
import { stopSignals } from './stop-signals.js';
import type { Terminal } from './terminal.js';

interface Options extends CommonOptions, EstimationOptions {
  seeds?: string;
  output: string;
  baseline?: string;
  set?: string[];
  report: boolean;
}

/** More seeds than this are a slip of the keyboard. */
const mostSeeds = 1000;

/** The file of the page, in the output directory. */
const pageName = 'comparison.html';

/** The seeds of --seeds. */
function seedsOf(text: string): string[] {
  const fail = (what: string): RbmError => new RbmError('usage', `--seeds ${printable(text)}: ${what}`, { hint: 'Write ranges and single seeds: --seeds 1-5, or --seeds 1,2,7.' });
  return parseSeeds(text, mostSeeds, fail);
}

/** A run that is to be compared: there already, or to be trained. */
interface Candidate {
  readonly loaded: LoadedConfig;
  readonly directory: RunDirectory;
  /** Its directory, as the user would write it. */
  readonly path: string;
  /** Name of the config, or of the run without its seed: what its group is called unless another run comes first. */
  readonly groupName: string;
  readonly seed: string;
}

/** A candidate that has been checked. */
interface CheckedRun extends Candidate {
  readonly group: string;
  readonly updates: number;
  readonly gibbsSteps: ComparedRun['gibbsSteps'];
  readonly isFinished: boolean;
}

function configOf({ loaded }: Pick<Candidate, 'loaded'>): RunConfig {
  return loaded.config as unknown as RunConfig;
}

/** A part of a file name: what may not stand in one becomes `_`. */
function fileWord(text: string): string {
  return text.replaceAll(/[^\w.-]+/g, '_').slice(0, 60) || '_';
}

async function runCandidate(argument: string, terminal: Terminal): Promise<Candidate> {
  const directory = openRunDirectory(argument, terminal.workingDirectory);
  const loaded = await loadRunConfig(directory, [], terminal.workingDirectory);
  const { seed } = configOf({ loaded });
  const name = basename(directory.path);
  const ending = `-${fileWord(seed)}`;
  return {
    loaded: withOutput(loaded, directory.path),
    directory,
    path: shortPath(directory.path, terminal.workingDirectory),
    groupName: name.length > ending.length && name.endsWith(ending) ? name.slice(0, -ending.length) : name,
    seed,
  };
}

/** Fills in where the run is, or is to be. */
function withOutput(loaded: LoadedConfig, output: string): LoadedConfig {
  return { ...loaded, config: { ...loaded.config, output } };
}

/** The runs of a config: one for each seed, or one with its own. */
async function configCandidates(file: string, seeds: readonly string[] | undefined, output: string, set: readonly string[], terminal: Terminal): Promise<Candidate[]> {
  const { workingDirectory } = terminal;
  const groupName = basename(file, extname(file));
  const candidates: Candidate[] = [];
  for (const wanted of seeds ?? [undefined]) {
    const loaded = await loadConfig(configKeys, { file, set: [...set, ...(wanted === undefined ? [] : [`seed=${wanted}`])], workingDirectory });
    const { seed } = configOf({ loaded });
    const directory = new RunDirectory(join(output, `${groupName}-${fileWord(seed)}`));
    candidates.push({ loaded: withOutput(loaded, directory.path), directory, path: shortPath(directory.path, workingDirectory), groupName, seed });
  }
  return candidates;
}

async function candidatesOf(args: readonly string[], options: Options, output: string, terminal: Terminal): Promise<Candidate[]> {
  const seeds = options.seeds === undefined ? undefined : seedsOf(options.seeds);
  const candidates: Candidate[] = [];
  for (const argument of args) {
    const isFolder = kindAt(resolve(terminal.workingDirectory, argument)) === 'folder';
    if (isFolder) candidates.push(await runCandidate(argument, terminal));
    else if (isConfigName(argument)) candidates.push(...(await configCandidates(argument, seeds, output, options.set ?? [], terminal)));
    else throw new RbmError('usage', `${printable(argument)}: neither a run nor a config`, { hint: 'Name run directories, and configs that end in .json or .yaml.' });
  }
  const places = new Map<string, string>();
  for (const { directory, path, groupName } of candidates) {
    if (places.has(directory.path)) {
      throw new RbmError('usage', `${printable(path)} would be compared twice`, {
        hint: `Name every run and config once; two configs of the same name (${printable(groupName)}) need other names.`,
      });
    }
    places.set(directory.path, groupName);
  }
  return candidates;
}

/** What makes two trainings the same but for the seed. */
function groupKey({ identity, length }: PreparedRun): string {
  const { seed: _, ...others } = identity.config as Record<string, unknown>;
  return canonicalHash([others, identity.dataFingerprint, length]);
}

/** Gibbs steps of single chains in so many updates: of CD as many chains as examples, whose last mini-batch may be smaller. */
function gibbsStepsOf({ config: { training }, dataset, updatesPerEpoch }: PreparedRun): ComparedRun['gibbsSteps'] {
  const { k } = training;
  if (k === undefined) return () => 0;
  const { chainRows } = gradientDemand(training);
  if (chainRows > 0) return (updates) => k * chainRows * updates;
  const { rows } = dataset.splits.train;
  const batch = batchRows(training, rows);
  return (updates) => k * (Math.floor(updates / updatesPerEpoch) * rows + (updates % updatesPerEpoch) * batch);
}

/** Says of what the likelihoods would be: equal for runs that can be compared. */
function examplesKey(dataset: Dataset, split: SplitName, identity: CheckpointIdentity): string | undefined {
  const examples = dataset.splits[split];
  if (examples === undefined) return undefined;
  // Under one name, whatever the split is called.
  return canonicalHash([fingerprint(dataset.layer, [{ name: 'test', examples }]), identity.standardization ?? null, identity.units?.visible ?? 'binary']);
}

/** Everything that can be known before training: groups, and whether all can be compared. */
async function checkCandidates(
  candidates: readonly Candidate[],
  options: Options,
  terminal: Terminal,
): Promise<{ runs: CheckedRun[]; dataset: Dataset; split: SplitName }> {
  const warn = warner(options, terminal);
  const groups = new Map<string, string>();
  const trained = new Map<string, string>();
  const runs: CheckedRun[] = [];
  let reference: { dataset: Dataset; split: SplitName; key: string | undefined; path: string } | undefined;
  for (const candidate of candidates) {
    const { directory, path, loaded, groupName, seed } = candidate;
    const prepared = await prepareRun(loaded);
    await prepared.kernels.close();
    const { dataset, identity, length } = prepared;
    const checkpoint = directory.holdsRun() ? checkpointToContinue(directory, prepared, warn) : undefined;
    if (checkpoint === undefined && directory.hasConfig()) {
      throw new RbmError('usage', `${printable(path)} has a config.json, which would be overwritten, but no checkpoints`, { hint: 'Choose another --output.' });
    }
    reference ??= firstReference(dataset, identity, path);
    if (examplesKey(dataset, reference.split, identity) !== reference.key) {
      throw new RbmError('usage', `${printable(path)}: its ${reference.split} examples are not those of ${printable(reference.path)}`, {
        hint: 'Likelihoods can be compared on the same examples only: the same source, data.seed and splits, and for real values the same standardization.',
      });
    }
    const key = groupKey(prepared);
    const twin = trained.get(`${key} ${seed}`);
    if (twin !== undefined) {
      warn(`${printable(path)} is left out: it is the same training as ${printable(twin)}`);
      continue;
    }
    trained.set(`${key} ${seed}`, path);
    if (!groups.has(key)) groups.set(key, unusedName(groupName, new Set(groups.values())));
    const isFinished = checkpoint?.progress.update === length && directory.hasResult();
    runs.push({ ...candidate, group: groups.get(key) ?? groupName, updates: length, gibbsSteps: gibbsStepsOf(prepared), isFinished });
  }
  if (reference === undefined || groups.size < 2) {
    throw new RbmError('usage', 'there is nothing to compare: all that is named is one training, or differs in the seed only', {
      hint: 'Name at least two runs or configs.',
    });
  }
  return { runs, dataset: reference.dataset, split: reference.split };
}

/** The examples that all are compared on: what the first one has of test, validation and training examples. */
function firstReference(dataset: Dataset, identity: CheckpointIdentity, path: string): { dataset: Dataset; split: SplitName; key: string | undefined; path: string } {
  const split = splitNames.toReversed().find((name) => dataset.splits[name] !== undefined) ?? 'train';
  return { dataset, split, key: examplesKey(dataset, split, identity), path };
}

function unusedName(wanted: string, used: ReadonlySet<string>): string {
  let name = wanted;
  for (let number = 2; used.has(name); number++) name = `${wanted} (${number})`;
  return name;
}

function baselineOf(runs: readonly CheckedRun[], wanted: string | undefined): string {
  const names = [...new Set(runs.map(({ group }) => group))];
  if (wanted === undefined) return names[0];
  const found = names.find((name) => name === wanted) ?? runs.find(({ path }) => path === wanted)?.group;
  if (found !== undefined) return found;
  const close = closest(wanted, names);
  throw new RbmError('usage', `--baseline ${printable(wanted)}: no such group`, {
    hint: `${close === undefined ? '' : `Did you mean ${printable(close)}? `}Groups are: ${names.map((name) => printable(name)).join(', ')}.`,
  });
}

/**
 * Trains a run to its end, from where it stands.
 *
 * @returns the exit code where a signal stopped it
 */
async function trainToEnd({ loaded, directory, path }: CheckedRun, place: string, stop: StopRequest, options: Options, terminal: Terminal): Promise<number | undefined> {
  const quiet = options.quiet === true;
  const prepared = await prepareRun(loaded);
  const display = await progressDisplay(terminal, prepared.config.log, quiet);
  const warn = (message: string): void => display.report({ type: 'warning', message });
  const checkpoint = directory.holdsRun() ? checkpointToContinue(directory, prepared, warn) : undefined;
  if (!quiet) terminal.err(`${place} ${printable(path)}: ${checkpoint === undefined ? 'training' : `goes on after update ${checkpoint.progress.update}`}\n`);
  collectGarbage();
  const outcome = await trainRun({ prepared, directory, checkpoint, stop, report: display.report }).finally(() => {
    display.end();
    return prepared.kernels.close();
  });
  if (outcome.status === 'finished') return undefined;
  terminal.err(`stopped by ${outcome.signal} after update ${outcome.update} of ${printable(path)}; the same command goes on from there\n`);
  return stopSignals[outcome.signal];
}

/** The model's figures of the examples. */
async function evaluateRun(run: CheckedRun, dataset: Dataset, split: SplitName, options: Options, terminal: Terminal): Promise<ComparedRun> {
  const quiet = options.quiet === true;
  const model = readComputableModel(run.directory.path, options, terminal);
  const states = splitStates(dataset, model.parameters);
  const examples: VisibleStates | undefined = states[split];
  if (examples === undefined) throw new RbmError('data', `${printable(dataset.name)}: every row of the ${split} split has missing values, and likelihoods are of whole rows`);
  const plan = planEstimation(options, model.standard, states.train ?? examples);
  const kernels = await loadKernelsFor(model.parameters, workloadOf(plan));
  const { group, seed, path, updates, gibbsSteps, directory } = run;
  const { events, warnings } = readRun(directory, warner(options, terminal));
  const shared = { group, seed, path, algorithm: configOf(run).training.algorithm, updates, gibbsSteps, events, warnings };
  try {
    if (plan.estimator === undefined) {
      if (!isBinaryMatrix(examples) || (model.standard.visibleLayer ?? binaryLayer).kind !== 'binary') {
        throw new RbmError('usage', '--estimator none leaves the pseudo-likelihood, which is of binary units only', { hint: 'Leave it out.' });
      }
      const pause = stoppablePause(terminal.listenForStop());
      const values = await logPseudoLikelihoods(kernels, createModel(kernels, model.standard), examples, { pause });
      return { ...shared, energies: values.map((value) => -value) };
    }
    const { figures, energies } = await evaluateParameters(kernels, model, { [split]: examples }, plan, 1, quiet, terminal);
    return { ...shared, energies: energies[split], logPartitionFunction: figures.logPartitionFunction };
  } finally {
    await kernels.close();
  }
}

/** The options that decide what is compared, for the command on the page. */
function commandOptions({ seeds, baseline, set = [], estimator }: Options): string[] {
  const given = { seeds, baseline, estimator: estimator === 'auto' ? undefined : estimator };
  const named = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${shellWord(value)}`]));
  return [...named, ...set.map((entry) => `--set ${shellWord(entry)}`)];
}

async function compare(args: readonly string[], options: Options, terminal: Terminal): Promise<number> {
  if (args.length === 0) throw new RbmError('usage', 'nothing to compare', { hint: 'Name at least two runs or configs.' });
  const output = resolve(terminal.workingDirectory, options.output);
  const stop = terminal.listenForStop();
  const { runs, dataset, split } = await checkCandidates(await candidatesOf(args, options, output, terminal), options, terminal);
  const baseline = baselineOf(runs, options.baseline);
  for (const [index, run] of runs.entries()) {
    const code = run.isFinished ? undefined : await trainToEnd(run, `run ${index + 1} of ${runs.length}:`, stop, options, terminal);
    if (code !== undefined) return code;
  }
  const compared: ComparedRun[] = [];
  for (const run of runs) compared.push(await evaluateRun(run, dataset, split, options, terminal));
  const quantity: Quantity = options.estimator === 'none' ? 'log pseudo-likelihood' : 'log-likelihood';
  const comparison: Comparison = compareRuns(compared, baseline, split, quantity);
  const page = options.report ? join(output, pageName) : undefined;
  if (page !== undefined) {
    const command = ['rbm-train compare', ...args.map(shellWord), ...commandOptions(options)].join(' ');
    const { writeComparisonPage } = await import('../report/comparison-page.js');
    await writeComparisonPage(page, comparison, { data: dataset.name, source: sourceOf(comparison), intervals: describeIntervals(comparison), command });
  }
  if (options.json) {
    terminal.out(`${jsonText({ ...comparison, ...(page !== undefined && { page }) })}\n`);
    return exitCodes.ok;
  }
  terminal.out(`${describeComparison(comparison)}\n`);
  if (page !== undefined && !options.quiet) terminal.err(`wrote ${printable(shortPath(page, terminal.workingDirectory))}\n`);
  return exitCodes.ok;
}

/** Defines the command. */
export const compareCommand: DefineCommand = (command, terminal, finish) => {
  addEstimationOptions(command)
    .option('--seeds <seeds>', 'train each config with each of these seeds: 1-5, or 1,2,7 (default: the seed that it names)')
    .option('-o, --output <directory>', `where runs (<config name>-<seed>) and ${pageName} go; what is trained there already is not trained again`, join('runs', 'compare'))
    .option('--baseline <group>', 'the config or run that the others are compared with (default: the first)')
    .option('--set <key=value>', 'override a key of every config (not of runs), e.g. training.updates=1000 (repeatable)', collect)
    .option('--no-report', `write no ${pageName}`)
    .action(async (args: string[], options: Options) => {
      finish(await compare(args, options, terminal));
    });
};
