/**
 * The gradient, panel by panel and line by line, and what becomes of it: one step of gradient ascent, or a running sum.
 * Where it is a step, the gradient of the whole matrix is never held.
 */

import { claim } from './claim';
import { groupOfFour, smallGroup } from './dense';
import { buildTable, listHeader } from './groups';
import { stepPair } from './steps';

/** What a phase is of, as the host numbers it: nothing (it is left out), an expectation, or samples. */
const expectation = 1;
const binarySamples = 2;
const realSamples = 3;

/** What becomes of the gradient, as the host numbers it: a step, the same with weight decay, or a running sum. */
const plainStep = 0;
const runningSum = 2;

/**
 * A phase is a record of 8 words and a double:
 *
 *      0  what it is of
 *      4  rows: 1 of an expectation, 0 of nothing
 *      8  E[h | v] in panels, a line for every row, or E[h]; then the bytes between panels
 *     16  real samples in panels, a line for every row, or E[v], then the bytes between panels; of binary samples in how
 *         many rows each visible unit is on (u32)
 *     24  E[v hᵀ] in panels, a line for every visible unit, of an expectation; then the bytes between panels
 *     32  what its terms are multiplied by: ±1/rows
 */
// @ts-ignore: decorator
@inline
function kindOf(phase: usize): i32 {
  return load<i32>(phase);
}

// @ts-ignore: decorator
@inline
function rowsOf(phase: usize): i32 {
  return load<i32>(phase, 4);
}

/** A panel named in a record. */
// @ts-ignore: decorator
@inline
function panelAt(record: usize, panel: i32): usize {
  return <usize>load<u32>(record) + <usize>panel * <usize>load<u32>(record, 4);
}

/** Whether a phase's products are added up here, not by lists. */
// @ts-ignore: decorator
@inline
function isDense(phase: usize): bool {
  return kindOf(phase) == expectation || kindOf(phase) == realSamples;
}

/**
 * Adds factor·line of every row to the line `total`, in groups of four rows.
 *
 * @param factors one for every row, `stride` bytes apart
 */
function addRows(total: usize, factors: usize, stride: usize, lines: usize, rows: i32): void {
  let t0 = v128.load(total);
  let t1 = v128.load(total, 16);
  let t2 = v128.load(total, 32);
  let t3 = v128.load(total, 48);
  const left = <usize>(rows & 3);
  const end = lines + (<usize>(rows & ~3) << 6);
  while (lines < end) {
    const v0 = v128.load64_splat(factors);
    const v1 = v128.load64_splat(factors + stride);
    const v2 = v128.load64_splat(factors + 2 * stride);
    const v3 = v128.load64_splat(factors + 3 * stride);
    t0 = f64x2.add(t0, groupOfFour(v0, v1, v2, v3, lines));
    t1 = f64x2.add(t1, groupOfFour(v0, v1, v2, v3, lines + 16));
    t2 = f64x2.add(t2, groupOfFour(v0, v1, v2, v3, lines + 32));
    t3 = f64x2.add(t3, groupOfFour(v0, v1, v2, v3, lines + 48));
    lines += 256;
    factors += 4 * stride;
  }
  if (left != 0) {
    t0 = f64x2.add(t0, smallGroup(factors, stride, left, lines));
    t1 = f64x2.add(t1, smallGroup(factors, stride, left, lines + 16));
    t2 = f64x2.add(t2, smallGroup(factors, stride, left, lines + 32));
    t3 = f64x2.add(t3, smallGroup(factors, stride, left, lines + 48));
  }
  v128.store(total, t0);
  v128.store(total, t1, 16);
  v128.store(total, t2, 32);
  v128.store(total, t3, 48);
}

/** Adds what a dense phase contributes to a line of weights; `scaled` are a panel of E[h | v], multiplied by ±1/rows. */
function addProducts(phase: usize, panel: i32, unit: i32, scaled: usize, total: usize): void {
  if (kindOf(phase) == expectation) addRows(total, phase + 32, 0, panelAt(phase + 24, panel) + (<usize>unit << 6), 1);
  else addRows(total, panelAt(phase + 16, unit >> 3) + (<usize>(unit & 7) << 3), 64, scaled, rowsOf(phase));
}

/** Adds what a phase contributes to a panel's hidden biases. */
function addHidden(phase: usize, panel: i32, total: usize): void {
  addRows(total, phase + 32, 0, panelAt(phase + 8, panel), rowsOf(phase));
}

/** Adds what a phase contributes to a panel's visible biases. */
function addVisible(phase: usize, panel: i32, visibleUnits: i32, total: usize): void {
  if (kindOf(phase) != binarySamples) {
    addRows(total, phase + 32, 0, panelAt(phase + 16, panel), rowsOf(phase));
    return;
  }
  const last = min(visibleUnits, (panel + 1) << 3);
  for (let unit = panel << 3; unit < last; unit++) {
    store<f64>(total, load<f64>(total) + <f64>load<u32>(<usize>load<u32>(phase, 16) + (<usize>unit << 2)) * load<f64>(phase, 32));
    total += 8;
  }
}

/** A panel of a phase's hidden means, multiplied by ±1/rows, and for lists its table. */
function scaleMeans(phase: usize, panel: i32, lines: usize, table: usize): void {
  const source = panelAt(phase + 8, panel);
  const bytes = <usize>rowsOf(phase) << 6;
  const factor = v128.load64_splat(phase, 32);
  for (let offset: usize = 0; offset < bytes; offset += 16) v128.store(lines + offset, f64x2.mul(v128.load(source + offset), factor));
  if (kindOf(phase) == binarySamples) buildTable<f64>(lines, rowsOf(phase), table);
}

/**
 * Uses the gradient of two parameters.
 *
 * @param settings of a step, or factor and decay of a running sum (f64 each)
 * @returns 0 in both halves where both are finite, or nobody asks
 */
// @ts-ignore: decorator
@inline
function usePair(values: usize, velocity: usize, gradient: v128, settings: usize, use: i32): v128 {
  if (use != runningSum) return stepPair(values, velocity, gradient, settings, use != plainStep, false);
  let sum = f64x2.mul(v128.load64_splat(settings), gradient);
  if (load<f64>(settings, 8) != 0) sum = f64x2.add(f64x2.mul(v128.load64_splat(settings, 8), v128.load(values)), sum);
  v128.store(values, sum);
  return i64x2.splat(0);
}

/** As `usePair` for a line of biases, with their gradients in memory; returns what was not finite, added to `check`. */
function useLine(values: usize, velocity: usize, gradients: usize, settings: usize, use: i32, check: v128): v128 {
  const biasUse = use == runningSum ? runningSum : plainStep;
  for (let column: usize = 0; column < 64; column += 16) {
    const steps = velocity == 0 ? <usize>0 : velocity + column;
    check = f64x2.add(check, usePair(values + column, steps, v128.load(gradients + column), settings, biasUse));
  }
  return check;
}

// @ts-ignore: decorator
@inline
function clearLine(line: usize): void {
  memory.fill(line, 0, 64);
}

/**
 * Uses the gradients of a panel's weights.
 *
 * @param lists of the visible units, of as many of the phases as are of binary samples
 * @param positiveScaled the positive phase's hidden means, multiplied by 1/rows; likewise `negativeScaled`
 * @param maySkip whether lines without entries stay as they are
 * @param total room for a line
 */
function usePanel(
  values: usize, velocity: usize, lines: i32, lists: usize, listStride: usize, table: usize, panel: i32,
  positive: usize, positiveScaled: usize, negative: usize, negativeScaled: usize,
  maySkip: bool, settings: usize, use: i32, total: usize, check: v128,
): v128 {
  const positiveIsDense = isDense(positive);
  const negativeIsDense = isDense(negative);
  for (let index = 0; index < lines; index++) {
    const count = load<u32>(lists);
    if (!(maySkip && count == 0)) {
      let t0 = i64x2.splat(0), t1 = t0, t2 = t0, t3 = t0;
      if (positiveIsDense) {
        clearLine(total);
        addProducts(positive, panel, index, positiveScaled, total);
        t0 = v128.load(total);
        t1 = v128.load(total, 16);
        t2 = v128.load(total, 32);
        t3 = v128.load(total, 48);
      }
      const end = lists + listHeader + (<usize>count << 2);
      for (let entry = lists + listHeader; entry < end; entry += 8) {
        const first = table + <usize>load<u32>(entry);
        const second = table + <usize>load<u32>(entry, 4);
        t0 = f64x2.add(t0, v128.load(first));
        t1 = f64x2.add(t1, v128.load(first, 16));
        t2 = f64x2.add(t2, v128.load(first, 32));
        t3 = f64x2.add(t3, v128.load(first, 48));
        t0 = f64x2.add(t0, v128.load(second));
        t1 = f64x2.add(t1, v128.load(second, 16));
        t2 = f64x2.add(t2, v128.load(second, 32));
        t3 = f64x2.add(t3, v128.load(second, 48));
      }
      if (negativeIsDense) {
        v128.store(total, t0);
        v128.store(total, t1, 16);
        v128.store(total, t2, 32);
        v128.store(total, t3, 48);
        addProducts(negative, panel, index, negativeScaled, total);
        t0 = v128.load(total);
        t1 = v128.load(total, 16);
        t2 = v128.load(total, 32);
        t3 = v128.load(total, 48);
      }
      check = f64x2.add(check, usePair(values, velocity, t0, settings, use));
      check = f64x2.add(check, usePair(values + 16, velocity == 0 ? 0 : velocity + 16, t1, settings, use));
      check = f64x2.add(check, usePair(values + 32, velocity == 0 ? 0 : velocity + 32, t2, settings, use));
      check = f64x2.add(check, usePair(values + 48, velocity == 0 ? 0 : velocity + 48, t3, settings, use));
    }
    lists += listStride;
    values += 64;
    if (velocity != 0) velocity += 64;
  }
  return check;
}

/** Bytes of the table of a phase. */
// @ts-ignore: decorator
@inline
function tableBytes(phase: usize): usize {
  return kindOf(phase) == binarySamples ? <usize>((rowsOf(phase) + 3) >> 2) << 10 : 0;
}

/**
 * One update, or one gradient; the parts claim panels, and after the last one the visible bias.
 *
 * @param velocity with the velocities of the biases, 0 for none
 * @param lists of the visible units: entries of the positive phase, then of the negative one (as far as they are binary samples)
 * @param settings see `usePair`
 * @param use what becomes of the gradients of the weights
 * @param notFinite set to 1 where a parameter is no longer finite
 * @param scratches for every part: a line, the lines of both phases' rows, their tables (at least one line)
 */
export function update(
  weights: usize, velocity: usize, panelStride: usize, visibleUnits: i32, hiddenUnits: i32,
  visibleBias: usize, visibleVelocity: usize, hiddenBias: usize, hiddenVelocity: usize,
  positive: usize, negative: usize, lists: usize, listStride: usize, settings: usize, use: i32, notFinite: usize,
  counter: usize, scratches: usize, scratchStride: usize, part: i32, _parts: i32,
): void {
  const panels = (hiddenUnits + 7) >> 3;
  const total = scratches + <usize>part * scratchStride;
  const positiveScaled = total + 64;
  const negativeScaled = positiveScaled + (<usize>rowsOf(positive) << 6);
  const table = negativeScaled + (<usize>rowsOf(negative) << 6);
  const negativeTable = table + tableBytes(positive);
  const maySkip = kindOf(positive) == binarySamples && kindOf(negative) == binarySamples && velocity == 0 && use == plainStep;
  let check = i64x2.splat(0);
  let panel = claim(counter);
  for (; panel < panels; panel = claim(counter)) {
    scaleMeans(positive, panel, positiveScaled, table);
    scaleMeans(negative, panel, negativeScaled, negativeTable);
    clearLine(table);
    const place = <usize>panel * panelStride;
    check = usePanel(
      weights + place, velocity == 0 ? 0 : velocity + place, visibleUnits, lists, listStride, table, panel,
      positive, positiveScaled, negative, negativeScaled, maySkip, settings, use, total, check,
    );
    clearLine(total);
    addHidden(positive, panel, total);
    addHidden(negative, panel, total);
    const offset = <usize>panel << 6;
    check = useLine(hiddenBias + offset, velocity == 0 ? 0 : hiddenVelocity + offset, total, settings, use, check);
  }
  if (panel == panels) {
    const visiblePanels = (visibleUnits + 7) >> 3;
    for (let visiblePanel = 0; visiblePanel < visiblePanels; visiblePanel++) {
      clearLine(total);
      addVisible(positive, visiblePanel, visibleUnits, total);
      addVisible(negative, visiblePanel, visibleUnits, total);
      const offset = <usize>visiblePanel << 6;
      check = useLine(visibleBias + offset, velocity == 0 ? 0 : visibleVelocity + offset, total, settings, use, check);
    }
  }
  if (!i64x2.all_true(f64x2.eq(check, i64x2.splat(0)))) store<u32>(notFinite, 1);
}
