/**
 * Chains that go from the base-rate model to the model through a schedule of inverse temperatures, or back, and what they
 * gain on the way: the weights of annealed importance sampling.
 *
 * R. Neal, "Annealed importance sampling", Statistics and Computing 11 (2001); R. Salakhutdinov & I. Murray, "On the
 * quantitative analysis of deep belief networks", ICML 2008. A chain depends on its row's number and the schedule only.
 */

import { copyVisibleStates, isBinaryMatrix, visibleRowsOf, type Kernels, type Model, type VisibleStates } from '../kernels/index.js';
import type { StreamKey } from '../random/index.js';
import type { Cooperation } from '../model/cooperation.js';
import { createChains, layerAddress, startUpdate, type Chains } from './gibbs.js';
import { restoreTensors, saveTensors } from './saved-states.js';

/** What chains walk along. */
export interface AnnealingPath {
  /** Visible bias of the base-rate model, n. */
  readonly baseVisibleBias: Float64Array;
  /** Inverse temperatures, ascending: the first is 0, the last 1. */
  readonly schedule: Float64Array;
}

/** Temperatures asked of the kernels at a time. */
const temperaturesTogether = 8;

/** Chains walked together: tables of weights are made once for all of them, and the kernels' room for them is bounded. */
export const chainsTogether = 250;

/** Steps after which a walk that goes on can be kept, a multiple of {@link temperaturesTogether}: seconds of a large model's. */
const stepsBetweenKeeping = 128;

/**
 * A walk under way, to be kept: the number of its first chain, steps done, every chain's gain, then the visible states, row by
 * row. The hidden states are drawn from these anew.
 */
function packWalk(firstRow: number, done: number, gains: Float64Array, visible: VisibleStates): Float64Array {
  const states = saveTensors({ visible }).visible.values;
  const kept = new Float64Array(2 + gains.length + states.length);
  kept.set([firstRow, done]);
  kept.set(gains, 2);
  kept.set(states, 2 + gains.length);
  return kept;
}

/**
 * Puts gains and visible states back where a walk of these chains along so many steps was kept.
 *
 * @returns steps that are done; 0, and nothing is put back, where it was another walk
 */
function unpackWalk(kept: Float64Array | undefined, firstRow: number, steps: number, gains: Float64Array, visible: VisibleStates): number {
  const { rows, columns } = visible;
  if (kept === undefined || kept.length !== 2 + rows + rows * columns || kept[0] !== firstRow) return 0;
  const done = kept[1];
  const ownGains = kept.subarray(2, 2 + rows);
  if (!(done > 0 && done < steps && done % stepsBetweenKeeping === 0 && ownGains.every(Number.isFinite))) return 0;
  const states = kept.subarray(2 + rows);
  const isBinary = isBinaryMatrix(visible);
  // As bytes, 0.5 and NaN would be states, too.
  if (isBinary && !states.every((state) => state === 0 || state === 1)) return 0;
  try {
    const values = isBinary ? Uint8Array.from(states) : Float64Array.from(states);
    restoreTensors({ visible }, new Map([['visible', { shape: [rows, columns], values }]]));
  } catch {
    // States that none of these units has: it was another walk.
    return 0;
  }
  gains.set(ownGains);
  return done;
}

/** Draws the visible states at inverse temperature 0, where they don't depend on the hidden ones. */
function drawBaseRate(kernels: Kernels, model: Model, { visible, hidden }: Chains, base: Float64Array, key: StreamKey, row: number): void {
  const tempering = { inverseTemperatures: new Float64Array(visible.rows), baseVisibleBias: base };
  kernels.sampleVisible(model, hidden, visible.rows, layerAddress({ key, update: startUpdate, step: 0, row }, 'visible'), row, visible, tempering);
}

/** Walks some chains; see {@link annealForward} and {@link annealReverse}. */
async function walk(
  kernels: Kernels,
  model: Model,
  { baseVisibleBias, schedule }: AnnealingPath,
  start: VisibleStates | undefined,
  end: VisibleStates | undefined,
  rows: number,
  firstRow: number,
  key: StreamKey,
  gains: Float64Array,
  onTemperature: ((index: number, increments: Float64Array) => void) | undefined,
  { pause, progress }: Cooperation,
  { underWay, onSteps }: Pick<WalkedChains, 'underWay' | 'onSteps'> = {},
): Promise<void> {
  const chains = createChains(kernels, model, rows);
  const { visible, hidden } = chains;
  const steps = schedule.length - 1;
  const before = unpackWalk(underWay, firstRow, steps, gains, visible);
  if (start !== undefined) copyVisibleStates(start, visible);
  else if (before === 0) drawBaseRate(kernels, model, chains, baseVisibleBias, key, firstRow);
  const pairs = Array.from({ length: temperaturesTogether }, () => new Float64Array(2 * rows));
  const increments = new Float64Array(rows);

  /** One Gibbs step at the schedule's entry `index`. */
  function move(index: number): void {
    const tempering = { inverseTemperatures: new Float64Array(rows).fill(schedule[index]), baseVisibleBias };
    const at = { key, update: index, step: 0, row: firstRow };
    kernels.sampleHidden(model, visible, rows, layerAddress(at, 'hidden'), firstRow, hidden, tempering);
    kernels.sampleVisible(model, hidden, rows, layerAddress(at, 'visible'), firstRow, visible, tempering);
  }

  /** Free energies at the entries `from` and `to`. */
  function ask(from: number, to: number, energies: Float64Array): void {
    const inverseTemperatures = new Float64Array(2 * rows).fill(schedule[from], 0, rows).fill(schedule[to], rows);
    kernels.temperedFreeEnergies(model, visible, rows, { inverseTemperatures, baseVisibleBias }, energies);
  }

  for (let first = before; first < steps; first += temperaturesTogether) {
    const count = Math.min(temperaturesTogether, steps - first);
    for (let index = 0; index < count; index++) {
      const done = first + index;
      if (start === undefined) {
        // Forward: weigh, then move; the move at 1 itself changes no weight.
        ask(done, done + 1, pairs[index]);
        if (done + 1 < steps) move(done + 1);
      } else {
        move(steps - done);
        ask(steps - done, steps - done - 1, pairs[index]);
      }
    }
    await kernels.finish();
    for (let index = 0; index < count; index++) {
      const energies = pairs[index];
      for (let row = 0; row < rows; row++) {
        increments[row] = energies[row] - energies[rows + row];
        gains[row] += increments[row];
      }
      onTemperature?.(first + index, increments);
    }
    const done = first + count;
    if (done < steps && done % stepsBetweenKeeping === 0) onSteps?.(packWalk(firstRow, done, gains, visible));
    progress?.(done / steps);
    await pause?.();
  }
  if (end !== undefined) copyVisibleStates(visible, end);
  kernels.release(visible, hidden);
}

/** Chains that are walked, by their numbers, and what of them has been before. */
export interface WalkedChains {
  /** Number of the first chain. */
  readonly firstRow?: number;
  readonly count: number;
  /** Gains of the first of these chains, which then are not walked again. */
  readonly known?: Float64Array;
  /** Called after every batch with the gains so far; they do not change any more. */
  onBatch?(gains: Float64Array): void;
  /** A batch that was under way in an earlier walk from the base rate, as `onSteps` was given it; any other is ignored. */
  readonly underWay?: Float64Array;
  /** Called now and then within a batch, with what it can be continued from. */
  onSteps?(underWay: Float64Array): void;
}

/** Walks any number of chains, some at a time. */
async function walkAll(
  kernels: Kernels,
  model: Model,
  path: AnnealingPath,
  start: VisibleStates | undefined,
  end: VisibleStates | undefined,
  { firstRow = 0, count, known, onBatch, underWay, onSteps }: WalkedChains,
  key: StreamKey,
  cooperation: Cooperation,
): Promise<Float64Array> {
  const gains = new Float64Array(count);
  if (known !== undefined) gains.set(known);
  for (let first = known?.length ?? 0; first < count; first += chainsTogether) {
    const rows = Math.min(chainsTogether, count - first);
    const part = start === undefined ? undefined : visibleRowsOf(start, first, rows);
    const ends = end === undefined ? undefined : visibleRowsOf(end, first, rows);
    await walk(kernels, model, path, part, ends, rows, firstRow + first, key, gains.subarray(first, first + rows), undefined, {
      pause: cooperation.pause,
      progress: (share) => cooperation.progress?.((first + share * rows) / count),
    }, { underWay, onSteps });
    onBatch?.(gains.subarray(0, first + rows));
  }
  return gains;
}

/**
 * Log-weights of `chains` chains from the base-rate model to the model, in nats: the mean of their exponentials is an
 * unbiased estimate of Z / Z_base (Neal 2001, eq. 11).
 *
 * @param end where given, receives the chains' last visible states, chains × n: weighted by the weights, they are samples
 *   of the model
 * @throws whatever `cooperation.pause` throws
 */
export function annealForward(
  kernels: Kernels,
  model: Model,
  path: AnnealingPath,
  chains: number,
  key: StreamKey,
  cooperation: Cooperation = {},
  end?: VisibleStates,
): Promise<Float64Array> {
  return walkAll(kernels, model, path, undefined, end, { count: chains }, key, cooperation);
}

/**
 * Log-weights of some of the chains of {@link annealForward}: the same bits, whichever others are walked beside them.
 *
 * @param walked.known log-weights of the first of them, from an earlier walk
 * @param walked.onBatch called after every {@link chainsTogether} chains with the log-weights so far
 * @param walked.underWay a batch of these that was under way
 * @throws whatever `cooperation.pause` throws
 */
export function annealSomeForward(
  kernels: Kernels,
  model: Model,
  path: AnnealingPath,
  walked: WalkedChains,
  key: StreamKey,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  return walkAll(kernels, model, path, undefined, undefined, walked, key, cooperation);
}

/**
 * Log-weights of chains from given states back to the base-rate model, in nats. From exact samples of the model, the mean
 * of their exponentials is an unbiased estimate of Z_base / Z (R. Grosse, Z. Ghahramani & R. Adams, "Sandwiching the
 * marginal likelihood using bidirectional Monte Carlo", 2015); from an example v, that of RAISE (Burda, Grosse &
 * Salakhutdinov 2015, eq. 5).
 *
 * @param start where chains start, one row each
 * @throws whatever `cooperation.pause` throws
 */
export function annealReverse(
  kernels: Kernels,
  model: Model,
  path: AnnealingPath,
  start: VisibleStates,
  key: StreamKey,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  return walkAll(kernels, model, path, start, undefined, { count: start.rows }, key, cooperation);
}

/**
 * Standard deviations over the chains of what they gain at every step of a forward walk, K values in nats: the steps'
 * difficulty, for schedules that adapt.
 *
 * @throws whatever `cooperation.pause` throws
 */
export async function annealingDifficulty(
  kernels: Kernels,
  model: Model,
  path: AnnealingPath,
  chains: number,
  key: StreamKey,
  cooperation: Cooperation = {},
): Promise<Float64Array> {
  const deviations = new Float64Array(path.schedule.length - 1);
  const gains = new Float64Array(chains);
  await walk(kernels, model, path, undefined, undefined, chains, 0, key, gains, (index, increments) => {
    let mean = 0;
    for (const increment of increments) mean += increment;
    mean /= chains;
    let squares = 0;
    for (const increment of increments) squares += (increment - mean) * (increment - mean);
    deviations[index] = Math.sqrt(squares / (chains - 1));
  }, cooperation);
  return deviations;
}
