/**
 * `rbm-train sample`: fantasy particles by Gibbs sampling, from noise or from data.
 */

import { Option } from 'commander';
import { exitCodes, printable, RbmError } from '../errors.js';
import { copyVisibleStates, rowsOf, statesAsNumbers, type Kernels, type Model } from '../kernels/index.js';
import { baseVisibleBias } from '../model/base-rate.js';
import { createModel } from '../model/parameters.js';
import { standardStates } from '../model/units/index.js';
import { streamKey } from '../random/index.js';
import { bytesPerChain, describeBytes, fitsIntoMemory } from '../run/memory.js';
import { declaredMatrix, describeCodes } from '../run/declared-values.js';
import { loadKernelsFor } from '../run/kernels.js';
import { stoppablePause } from '../run/stop-request.js';
import { createChains, fillWithExamples, fillWithNoise, gibbsSteps, layerAddress, type Chains } from '../sampling/gibbs.js';
import { TemperedChains, ladders } from '../sampling/tempered-chains.js';
import { makeLadder } from '../sampling/tempered-samples.js';
import {
  addDataOptions,
  addModelOptions,
  loadDataFor,
  loadPartialRowsFor,
  readComputableModel,
  splitOf,
  type DataOptions,
  type ModelOptions,
} from './arguments.js';
import { clampRows, describeClamping } from './clamp.js';
import { checkOutputName, showMatrix, type Matrix } from './matrix-output.js';
import { wholeNumber } from './numbers.js';
import type { DefineCommand } from './options.js';
import type { Terminal } from './terminal.js';

/** Rows of means computed at a time. */
const meansRows = 1000;

interface Options extends ModelOptions, DataOptions {
  count?: string;
  steps: string;
  start: string;
  split?: string;
  seed: string;
  means?: boolean;
  standardized?: boolean;
  clamp?: string;
  rungs?: string;
  ladder?: (typeof ladders)[number];
  output?: string;
}

/** Chains whose average gives conditional means, where no number of them is asked for. */
const meansChains = 1000;

/** Refuses options that have no effect on clamped rows. */
function checkClampOptions(options: Options, steps: number, rungs: number): void {
  const others = [...(rungs > 0 ? ['--rungs'] : []), ...(options.start === 'noise' ? [] : ['--start data'])];
  if (others.length > 0) {
    throw new RbmError('usage', `${others.join(' and ')} has no effect on clamped rows`, { hint: 'Leave it out: their chains start from noise, given the known values.' });
  }
  if (steps === 0) throw new RbmError('usage', '--steps 0: completing a row needs at least one step', { hint: 'Use --steps 1 or more.' });
}

async function sample(argument: string, options: Options, terminal: Terminal): Promise<void> {
  const count = wholeNumber('--count', options.count ?? (options.clamp === undefined ? '100' : '1'), 1, 1_000_000);
  const steps = wholeNumber('--steps', options.steps, 0, 1_000_000_000);
  const rungs = options.rungs === undefined ? 0 : wholeNumber('--rungs', options.rungs, 2, 4096);
  if (rungs === 0 && options.ladder !== undefined) {
    throw new RbmError('usage', '--ladder has no effect without --rungs', { hint: 'Add --rungs, or leave it out.' });
  }
  if (options.start !== 'noise' && options.start !== 'data') {
    throw new RbmError('usage', `--start ${printable(options.start)}: not a way to start`, { hint: 'Use noise or data.' });
  }
  if (options.start === 'noise' && (options.data !== undefined || (options.set !== undefined && options.clamp === undefined) || options.split !== undefined)) {
    throw new RbmError('usage', '--data, --set and --split have no effect on chains that start from noise', { hint: 'Add --start data, or leave them out.' });
  }
  if (options.clamp !== undefined) checkClampOptions(options, steps, rungs);
  if (options.output !== undefined) checkOutputName(options.output, true);
  const model = readComputableModel(argument, options, terminal);
  const { parameters, standard, checkpoint } = model;
  const identity = checkpoint?.identity;
  if (options.standardized && identity?.standardization === undefined) {
    throw new RbmError('usage', '--standardized has no effect: the model was not trained on standardized values', { hint: 'Leave it out.' });
  }
  const { visibleUnits } = parameters;
  /** Shows states, or means, of standard units. */
  const show = (matrix: Matrix, areStates: boolean): void => {
    const shown = { codes: areStates, standardized: options.standardized === true };
    if (areStates && !options.quiet && !options.json) for (const line of describeCodes(identity?.categories)) terminal.err(`${line}\n`);
    showMatrix(declaredMatrix(matrix, parameters, identity, shown), identity?.shape, ' ', options, terminal);
  };
  const bytes = count * Math.max(1, rungs) * bytesPerChain(standard);
  if (!fitsIntoMemory(bytes)) {
    throw new RbmError('usage', `--count ${count}: the particles need ${describeBytes(bytes)}, more than this machine has`, {
      hint: 'Ask for fewer particles at a time, each time with another --seed.',
    });
  }
  const kernels = await loadKernelsFor(parameters, { chains: count * Math.max(1, rungs) });
  const pause = stoppablePause(terminal.listenForStop());
  if (options.clamp !== undefined) {
    const rows = await loadPartialRowsFor(model, options.clamp, options.set ?? [], terminal);
    const settings = { count: options.means && options.count === undefined ? meansChains : count, steps, seed: options.seed, means: options.means === true, pause };
    const clamped = await clampRows(kernels, model, rows, settings);
    await kernels.close();
    if (!options.quiet && !options.json) terminal.err(`${describeClamping(clamped, settings)}\n`);
    show(clamped.matrix, !settings.means);
    return;
  }
  const key = streamKey(options.seed, 'sample');
  const chains = createChains(kernels, standard, count);
  const trained = createModel(kernels, standard);
  let base: Float64Array = new Float64Array(visibleUnits);
  if (options.start === 'data') {
    const dataset = await loadDataFor(model, options, terminal);
    const states = standardStates(splitOf(dataset, options.split ?? 'train').states, parameters);
    fillWithExamples(chains.visible, states);
    base = baseVisibleBias('data', states, dataset.layer);
  } else {
    await fillWithNoise(kernels, trained, chains.visible, key);
  }
  if (rungs > 0) {
    await runTempered(kernels, trained, chains, { rungs, steps, base, options, pause }, terminal);
  } else {
    for (let step = 0; step < steps; step++) {
      await gibbsSteps(kernels, trained, chains, count, 1, { key, update: step, step: 0, row: 0 });
      await kernels.finish();
      await pause();
    }
  }
  // Before the first step there are no means yet: the states themselves are shown.
  let values: Uint8Array | Float64Array;
  if (options.means && steps > 0) {
    values = new Float64Array(count * visibleUnits);
    const means = kernels.createMatrix(Math.min(count, meansRows), visibleUnits);
    for (let first = 0; first < count; first += meansRows) {
      const rows = Math.min(meansRows, count - first);
      kernels.visibleInputs(trained, rowsOf(chains.hidden, first, rows), rows, means);
      kernels.visibleMeans(trained, means, rows);
      await kernels.finish();
      means.readRows(0, values.subarray(first * visibleUnits, (first + rows) * visibleUnits));
    }
  } else {
    values = statesAsNumbers(chains.visible);
  }
  await kernels.close();
  const areStates = !(options.means && steps > 0);
  show({ rows: count, columns: visibleUnits, values }, areStates);
}

/** What tempered chains run with. */
interface TemperedRun {
  readonly rungs: number;
  readonly steps: number;
  readonly base: Float64Array;
  readonly options: Options;
  readonly pause: () => Promise<void>;
}

/** Runs tempered chains, puts those at inverse temperature 1 into `chains`, and shows how often neighbours swapped. */
async function runTempered(
  kernels: Kernels,
  model: Model,
  chains: Chains,
  { rungs, steps, base, options, pause }: TemperedRun,
  terminal: Terminal,
): Promise<void> {
  const count = chains.visible.rows;
  // Few replicas suffice to find the ladder.
  const sampling = { ladder: options.ladder ?? 'adaptive', rungs, ensembles: Math.min(count, 10), stepsBetween: 1 };
  const ladder = await makeLadder(kernels, model, base, sampling, options.seed, { pause });
  const tempered = new TemperedChains(kernels, model, base, ladder, count, streamKey(options.seed, 'sample/tempered'));
  for (let step = 0; step < steps; step++) {
    await tempered.step();
    await pause();
  }
  copyVisibleStates(tempered.states, chains.visible);
  const { swapRates, roundTrips } = tempered;
  tempered.release();
  // Means are p(v | h) of a last draw of h.
  const key = streamKey(options.seed, 'sample/tempered-means');
  kernels.sampleHidden(model, chains.visible, count, layerAddress({ key, update: 0, step: 0, row: 0 }, 'hidden'), 0, chains.hidden);
  await kernels.finish();
  if (options.quiet) return;
  const rates = Array.from(swapRates, (rate) => rate.toFixed(2)).join(' ');
  terminal.err(`inverse temperatures ${Array.from(ladder, (beta) => beta.toFixed(3)).join(' ')}\nswap rates ${rates}; ${roundTrips} replicas came from 0 to 1\n`);
}

/** Defines the command. */
export const sampleCommand: DefineCommand = (command, terminal, finish) => {
  command
    .option('--count <number>', 'number of particles, each from a chain of its own (default: 100; with --clamp 1 of each row)')
    .option('--steps <number>', 'Gibbs steps of each chain', '1000')
    .option('--start <noise|data>', 'what the chains start from', 'noise')
    .option('--split <name>', 'with --start data: the split (default: "train")')
    .option('--seed <seed>', 'seed of the chains', '1')
    .option('--rungs <number>', 'parallel tempering with so many inverse temperatures, from independent units (with --start data: of its marginals) to the model')
    .addOption(new Option('--ladder <name>', 'with --rungs: how they lie (default: "adaptive")').choices([...ladders]))
    .option('--means', 'write E[v | h] of the last step (of {0,1} units p(v = 1 | h)) instead of the states')
    .option('--standardized', 'write real values standardized, as the model has them, instead of as the data had them')
    .option('--clamp <rows>', 'complete the rows of a file in which values are missing (empty, NA, NaN); with --means, write what to expect of them given the others')
    .option('--output <file>', 'file to write; its ending decides the format');
  addDataOptions(addModelOptions(command), "with --start data, start from this instead of the run's own data").action(
    async (model: string, options: Options) => {
      await sample(model, options, terminal);
      finish(exitCodes.ok);
    },
  );
};
