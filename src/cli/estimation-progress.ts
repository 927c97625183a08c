/**
 * A log Z that takes long: what an exact one will cost, how far it is, and where it goes on after an interruption. What an
 * estimator finishes is kept for exact log Z and AIS, whose pieces are the same in every order.
 */

import { openFinishedWork } from '../checkpoint/finished-work.js';
import { modelShape, parametersDigest } from '../checkpoint/digest.js';
import { canonicalJson } from '../config/index.js';
import { plainForwardSettings, type ForwardSettings } from '../estimators/annealing-settings.js';
import type { ContinuedCooperation } from '../estimators/finished-work.js';
import { exactEstimator } from '../estimators/log-partition-function.js';
import { numericsVersion, planEnumeration, type ModelParameters } from '../kernels/index.js';
import { enumerationStructure, partView } from '../model/enumeration-structure.js';
import { describeBytes } from '../run/memory.js';
import { describeSeconds, describeStates, secondsPerStateUnit } from '../run/prepare.js';
import { stoppablePause } from '../run/stop-request.js';
import { barLook } from './bar-look.js';
import { duration } from './progress.js';
import type { Terminal } from './terminal.js';

/** What an exact log Z will take. */
export interface ExactForecast {
  /** States × units over all parts of the model; Infinity where it is out of reach. */
  readonly cost: number;
  readonly isAffordable: boolean;
  /** How many states and units, in words. */
  readonly states: string;
  /** The time on one thread, in words. */
  readonly duration: string;
}

/** Seconds for one state and unit (of `quadratic`, for one state) in the forms that one thread computes alone. */
const secondsOfForms = { streamed: 1.3e-7, cumulant: 5e-8, quadratic: 3e-8 };

/** Seconds of one thread from which on a forecast is told and finished work is kept. */
const longSeconds = 2;

/** Milliseconds between lines of progress where there is no terminal to draw a bar on. */
const lineInterval = 10_000;

/**
 * What an exact log Z of these parameters costs, their structure taken into account.
 *
 * @param costLimit states × units
 */
export function forecastExact(parameters: ModelParameters, costLimit: number): ExactForecast {
  const cost = exactEstimator.costOf(parameters);
  const structure = enumerationStructure(parameters);
  const { parts, states, stateUnits } = structure;
  const isPlain = structure.cost === exactEstimator.cost(parameters) || !Number.isFinite(states);
  const count = states < 1e6 ? states : states.toExponential(1);
  return {
    cost,
    isAffordable: Number.isFinite(cost) && cost <= costLimit,
    states: isPlain
      ? describeStates(parameters)
      : `${count} states in ${parts.length === 1 ? '1 part' : `${parts.length} parts`}, states × units = ${stateUnits.toExponential(1)}`,
    duration: describeSeconds(structure.cost * secondsPerStateUnit),
  };
}

/** Seconds and bytes that the enumeration takes on so many threads. */
function demands(parameters: ModelParameters, threads: number): { seconds: number; bytes: number } {
  let seconds = 0;
  let bytes = 0;
  for (const part of enumerationStructure(parameters).parts) {
    const { form, view, blockStates, blocks } = planEnumeration(partView(parameters, part));
    // Weights and their copy, the table, every thread's room for 16 blocks, totals of the chunks.
    let room = 0;
    if (form === 'product') {
      seconds += (part.stateUnits * secondsPerStateUnit) / threads;
      room = blockStates * view.innerUnits + threads * 16 * (view.innerUnits + 2 * blockStates);
    } else seconds += secondsOfForms[form] * (form === 'quadratic' ? part.states : part.stateUnits);
    bytes = Math.max(bytes, 8 * (2 * view.weights.length + room + (2 * blocks) / 1024));
  }
  return { seconds, bytes };
}

/** Shows a share that grows; `end` leaves the terminal tidy. */
interface ShareDisplay {
  show(share: number): void;
  end(): void;
}

/** The time that is left at the pace since the first share was shown. */
function timeLeft(): (share: number) => string {
  let first: { share: number; time: number } | undefined;
  return (share) => {
    const time = performance.now();
    first ??= { share, time };
    const pace = (share - first.share) / (time - first.time);
    return pace > 0 ? duration((1 - share) / pace / 1000) : '–';
  };
}

async function barDisplay(label: string, terminal: Terminal): Promise<ShareDisplay> {
  const { Presets, SingleBar } = await import('cli-progress');
  const left = timeLeft();
  const bar = new SingleBar({
    ...barLook(terminal, Presets.shades_classic),
    format: `${label} {bar} {percentage}%  {left} left`,
  });
  // Thousandths, so that a bar of many hours moves.
  const total = 1000;
  bar.start(total, 0, { left: '–' });
  return {
    show(share) {
      bar.update(Math.floor(share * total), { left: left(share) });
    },
    end: () => bar.stop(),
  };
}

function lineDisplay(label: string, terminal: Terminal): ShareDisplay {
  const left = timeLeft();
  let lastTime = performance.now();
  return {
    show(share) {
      const remaining = left(share);
      if (share === 1 || performance.now() - lastTime < lineInterval) return;
      lastTime = performance.now();
      terminal.err(`${label} ${(share * 100).toFixed(1)}%  ${remaining} left\n`);
    },
    end: () => {},
  };
}

async function showShares(label: string, terminal: Terminal): Promise<ShareDisplay> {
  return terminal.isErrorTerminal ? await barDisplay(label, terminal) : lineDisplay(label, terminal);
}

/** The key of the finished work of a log Z: all that decides its bits. */
function keyOf(what: string, parameters: ModelParameters): string {
  return `${what}, numerics ${numericsVersion}, ${modelShape(parameters)}, ${parametersDigest(parameters)}`;
}

/**
 * Does work and keeps what is finished for the next time where it is stopped.
 *
 * @param key of the finished work; undefined where none is kept
 * @param introduce tells what is about to be done
 */
async function withProgress<T>(
  label: string,
  key: string | undefined,
  quiet: boolean,
  terminal: Terminal,
  introduce: () => void,
  work: (cooperation: ContinuedCooperation) => Promise<T>,
): Promise<T> {
  const pause = stoppablePause(terminal.listenForStop());
  const finished = key === undefined ? undefined : openFinishedWork(key);
  if (!quiet) {
    introduce();
    if (finished?.isContinued === true) terminal.err(`${label}: goes on where it was stopped\n`);
  }
  const display = quiet ? undefined : await showShares(label, terminal);
  try {
    const result = await work({ pause, finished, progress: (share) => display?.show(share) });
    finished?.remove();
    return result;
  } catch (error) {
    // Whatever the reason, what is finished is right.
    finished?.save();
    throw error;
  } finally {
    display?.end();
  }
}

/**
 * Does work of which an estimate of log Z is the longest part, and tells how far its present round is.
 *
 * @param ais settings of an estimate by AIS, whose finished chains are kept for the next time where it is stopped
 * @param work receives what the estimator reports to; its result is passed on
 * @throws Stopped where a signal asked for it; whatever `work` throws
 */
export function withEstimateProgress<T>(
  parameters: ModelParameters,
  { ais, quiet }: { readonly ais: ForwardSettings | undefined; readonly quiet: boolean },
  terminal: Terminal,
  work: (cooperation: ContinuedCooperation) => Promise<T>,
): Promise<T> {
  const key = ais === undefined ? undefined : keyOf(`ais log Z ${canonicalJson(plainForwardSettings(ais))}`, parameters);
  return withProgress('estimating log Z', key, quiet, terminal, () => {}, work);
}

/**
 * Does work of which an exact log Z is the longest part: tells beforehand what it will take, then how far it is, and keeps
 * what is finished for the next time where it is stopped. Short work is done without a word.
 *
 * @param work receives what the estimator reports to; its result is passed on
 * @throws Stopped where a signal asked for it; whatever `work` throws
 */
export function withExactProgress<T>(
  parameters: ModelParameters,
  { threads, quiet }: { readonly threads: number; readonly quiet: boolean },
  terminal: Terminal,
  work: (cooperation: ContinuedCooperation) => Promise<T>,
): Promise<T> {
  const { seconds, bytes } = demands(parameters, threads);
  if (seconds * threads < longSeconds) return work({ pause: stoppablePause(terminal.listenForStop()) });
  const introduce = (): void => {
    const { states } = forecastExact(parameters, Infinity);
    const how = `${describeSeconds(seconds)} on ${threads === 1 ? '1 thread' : `${threads} threads`}, ${describeBytes(bytes)} of memory`;
    terminal.err(`exact log Z: ${states}; ${how}\n`);
  };
  return withProgress('exact log Z', keyOf('exact log Z', parameters), quiet, terminal, introduce, work);
}
