/**
 * Local maxima of p(v) over binary states: no state that differs in one unit is more probable.
 *
 * Two steps that both only ever climb, until neither moves. −F(v) = aᵀv + Σ_j softplus(b_j + vᵀW_·j) is convex in v, so it lies
 * above its tangent at the present state v₀, and the state that maximises the tangent, v_i = 1 where a_i + Σ_j W_ij E[h_j | v₀] > 0,
 * is at least as probable as v₀: all units at once (an EM step with its M step over {0,1}^n). From its fixed points the best
 * single flip, as long as there is one.
 */

import { createHostStates, isBinaryMatrix, rowsOf, type BinaryMatrix, type Kernels, type Matrix, type Model } from '../kernels/index.js';
import type { Cooperation } from '../model/cooperation.js';

const { floor, max, min } = Math;

/** Rows × n × m climbing together, so that a step takes some ten milliseconds. */
const rowsUnits = 4_194_304;

/** Most steps of either kind; of states still on their way then nothing is claimed. */
const mostSteps = 1000;

/** A flip that gains less, in nats, is a tie up to rounding. */
const leastGain = 1e-9;

/** What climbs together. */
interface Climbers {
  readonly kernels: Kernels;
  readonly model: Model;
  readonly states: BinaryMatrix;
  readonly rows: number;
  /** Hidden inputs or means, rows × m. */
  readonly hidden: Matrix;
  /** Visible inputs or log-ratios of flips, rows × n. */
  readonly visible: Matrix;
  readonly values: Float64Array;
}

/** All units to where the tangent is largest; an input of 0 leaves its unit. Whether any has moved. */
async function stepOnTangent({ kernels, model, states, rows, hidden, visible, values }: Climbers): Promise<boolean> {
  const n = model.visibleUnits;
  kernels.hiddenMeans(model, [{ visible: states, rows, means: hidden }]);
  kernels.visibleInputsFromMeans(model, hidden, rows, visible);
  await kernels.finish();
  visible.readRows(0, values);
  const { words, wordsPerRow } = states;
  let moved = false;
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < n; unit++) {
      const input = values[row * n + unit];
      const bit = 1 << (unit & 31);
      const word = row * wordsPerRow + (unit >>> 5);
      const isOn = (words[word] & bit) !== 0;
      if (isOn ? !(input < 0) : !(input > 0)) continue;
      words[word] ^= bit;
      moved = true;
    }
  }
  return moved;
}

/** The best single flip of every row that gains something. Which rows have moved is noted in `moving`; whether any has. */
async function flipBest({ kernels, model, states, rows, hidden, visible, values }: Climbers, moving: Uint8Array): Promise<boolean> {
  const n = model.visibleUnits;
  kernels.hiddenInputs(model, states, rows, hidden);
  await kernels.finish();
  kernels.flipLogRatios(model, states, rows, hidden, visible);
  await kernels.finish();
  visible.readRows(0, values);
  const { words, wordsPerRow } = states;
  let moved = false;
  for (let row = 0; row < rows; row++) {
    let best = -1;
    let gain = leastGain;
    for (let unit = 0; unit < n; unit++) {
      if (values[row * n + unit] > gain) {
        gain = values[row * n + unit];
        best = unit;
      }
    }
    moving[row] = best < 0 ? 0 : 1;
    if (best < 0) continue;
    words[row * wordsPerRow + (best >>> 5)] ^= 1 << (best & 31);
    moved = true;
  }
  return moved;
}

/**
 * The local maxima that these states climb to.
 *
 * @param states B × n, of a model of binary visible units; not changed
 * @returns B × n outside the kernels' memory, and of every row whether it arrived (1) or was still on its way after 1,000 steps (0)
 * @throws whatever `cooperation.pause` throws
 */
export async function climbToLocalMaxima(
  kernels: Kernels,
  model: Model,
  states: BinaryMatrix,
  cooperation: Cooperation = {},
): Promise<{ readonly states: BinaryMatrix; readonly arrived: Uint8Array }> {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const count = states.rows;
  const climbed = createHostStates(count, model);
  if (!isBinaryMatrix(climbed)) throw new RangeError('states that are not binary have no single flips');
  const arrived = new Uint8Array(count);
  const together = max(1, min(count, floor(rowsUnits / (n * m))));
  const room = kernels.createStates(together, n);
  const hidden = kernels.createMatrix(together, m);
  const visible = kernels.createMatrix(together, n);
  try {
    for (let first = 0; first < count; first += together) {
      const rows = min(together, count - first);
      room.words.set(rowsOf(states, first, rows).words);
      const climbers = { kernels, model, states: room, rows, hidden, visible, values: new Float64Array(together * n) };
      for (let step = 0; step < mostSteps; step++) {
        if (!(await stepOnTangent(climbers))) break;
        await cooperation.pause?.();
      }
      const moving = new Uint8Array(rows).fill(1);
      for (let step = 0; step < mostSteps; step++) {
        if (!(await flipBest(climbers, moving))) break;
        await cooperation.pause?.();
      }
      for (let row = 0; row < rows; row++) arrived[first + row] = 1 - moving[row];
      climbed.words.set(rowsOf(room, 0, rows).words, first * climbed.wordsPerRow);
    }
  } finally {
    kernels.release(room, hidden, visible);
  }
  return { states: climbed, arrived };
}
