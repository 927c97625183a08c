/**
 * One step of gradient ascent, panel by panel and line by line: the gradient of one line of weights, then its new values.
 * So the gradient of the whole matrix is never held.
 */

import { claim } from './claim';
import { buildTable, listHeader } from './groups';

/** 2^−960; see ../../reference/update.ts. */
const flushBelow: f64 = 1.0261342003245941e-289;

/**
 * A phase is a record of 6 words: rows (0 for an expectation), its hidden means (panels, a line for every row) or
 * E[v hᵀ] (panels, a line for every visible unit), their stride, in how many rows every visible unit is on (u32), E[v]
 * (lines), E[h] (lines).
 */
// @ts-ignore: decorator
@inline
function rowsOf(phase: usize): i32 {
  return <i32>load<u32>(phase);
}

// @ts-ignore: decorator
@inline
function lineOf(phase: usize, panel: i32, line: i32): usize {
  return <usize>load<u32>(phase, 4) + <usize>panel * <usize>load<u32>(phase, 8) + (<usize>line << 6);
}

/**
 * The new value of two parameters from their gradient.
 *
 * @param velocity 0 for training without momentum
 * @param settings learning rate, momentum, l2, l1 (f64 each)
 * @returns 0 in both halves where both are finite
 */
// @ts-ignore: decorator
@inline
function updatePair(values: usize, velocity: usize, gradient: v128, settings: usize, hasDecay: bool): v128 {
  const value = v128.load(values);
  const zero = i64x2.splat(0);
  if (hasDecay) {
    const one = f64x2.splat(1);
    const sign = f64x2.sub(v128.and(f64x2.gt(value, zero), one), v128.and(f64x2.lt(value, zero), one));
    if (load<f64>(settings, 16) != 0) gradient = f64x2.sub(gradient, f64x2.mul(v128.load64_splat(settings, 16), value));
    if (load<f64>(settings, 24) != 0) gradient = f64x2.sub(gradient, f64x2.mul(v128.load64_splat(settings, 24), sign));
  }
  let step = f64x2.mul(v128.load64_splat(settings), gradient);
  if (velocity != 0) {
    step = f64x2.add(f64x2.mul(v128.load64_splat(settings, 8), v128.load(velocity)), step);
    step = v128.andnot(step, f64x2.lt(f64x2.abs(step), f64x2.splat(flushBelow)));
    v128.store(velocity, step);
  }
  const updated = f64x2.add(value, step);
  v128.store(values, updated);
  return f64x2.mul(updated, zero);
}

/** As `updatePair` for lines with their gradients in memory; returns what was not finite, added to `check`. */
function updateLines(values: usize, velocity: usize, gradients: usize, lines: i32, settings: usize, hasDecay: bool, check: v128): v128 {
  const bytes = <usize>lines << 6;
  for (let offset: usize = 0; offset < bytes; offset += 16) {
    const steps = velocity == 0 ? <usize>0 : velocity + offset;
    check = f64x2.add(check, updatePair(values + offset, steps, v128.load(gradients + offset), settings, hasDecay));
  }
  return check;
}

/** Adds an expectation, or subtracts it. */
// @ts-ignore: decorator
@inline
function addExpectation(total: v128, expectation: usize, isNegative: bool): v128 {
  return isNegative ? f64x2.sub(total, v128.load(expectation)) : f64x2.add(total, v128.load(expectation));
}

/**
 * Updates the lines of a panel from the lists of their units.
 *
 * @param positiveExpectation lines of E[v hᵀ], 0 where the phase is of samples
 * @param negativeExpectation likewise
 * @param maySkip whether lines without entries stay as they are
 */
function updatePanel(
  values: usize, velocity: usize, lines: i32, lists: usize, listStride: usize, table: usize,
  positiveExpectation: usize, negativeExpectation: usize, maySkip: bool, settings: usize, hasDecay: bool, check: v128,
): v128 {
  for (let index = 0; index < lines; index++) {
    const count = load<u32>(lists);
    if (!(maySkip && count == 0)) {
      let t0 = i64x2.splat(0), t1 = t0, t2 = t0, t3 = t0;
      if (positiveExpectation != 0) {
        t0 = addExpectation(t0, positiveExpectation, false);
        t1 = addExpectation(t1, positiveExpectation + 16, false);
        t2 = addExpectation(t2, positiveExpectation + 32, false);
        t3 = addExpectation(t3, positiveExpectation + 48, false);
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
      if (negativeExpectation != 0) {
        t0 = addExpectation(t0, negativeExpectation, true);
        t1 = addExpectation(t1, negativeExpectation + 16, true);
        t2 = addExpectation(t2, negativeExpectation + 32, true);
        t3 = addExpectation(t3, negativeExpectation + 48, true);
      }
      check = f64x2.add(check, updatePair(values, velocity, t0, settings, hasDecay));
      check = f64x2.add(check, updatePair(values + 16, velocity == 0 ? 0 : velocity + 16, t1, settings, hasDecay));
      check = f64x2.add(check, updatePair(values + 32, velocity == 0 ? 0 : velocity + 32, t2, settings, hasDecay));
      check = f64x2.add(check, updatePair(values + 48, velocity == 0 ? 0 : velocity + 48, t3, settings, hasDecay));
    }
    lists += listStride;
    values += 64;
    if (velocity != 0) velocity += 64;
    if (positiveExpectation != 0) positiveExpectation += 64;
    if (negativeExpectation != 0) negativeExpectation += 64;
  }
  return check;
}

/** The table of a phase's hidden means, multiplied by `scale`; `lines` is room for them. */
function scaledTable(phase: usize, panel: i32, scale: f64, lines: usize, table: usize): void {
  const rows = rowsOf(phase);
  const source = lineOf(phase, panel, 0);
  const bytes = <usize>rows << 6;
  const factor = f64x2.splat(scale);
  for (let offset: usize = 0; offset < bytes; offset += 16) v128.store(lines + offset, f64x2.mul(v128.load(source + offset), factor));
  buildTable<f64>(lines, rows, table);
}

/** Adds what a phase contributes to the gradient of a panel's hidden biases to the line `gradient`. */
function addHidden(phase: usize, panel: i32, isNegative: bool, table: usize, gradient: usize): void {
  const rows = rowsOf(phase);
  for (let column: usize = 0; column < 64; column += 16) {
    let total = v128.load(gradient + column);
    if (rows == 0) total = addExpectation(total, <usize>load<u32>(phase, 20) + (<usize>panel << 6) + column, isNegative);
    for (let row = 0; row < rows; row += 4) {
      const pattern: usize = (1 << <u32>min(4, rows - row)) - 1;
      total = f64x2.add(total, v128.load(table + (<usize>row << 8) + (pattern << 6) + column));
    }
    v128.store(gradient + column, total);
  }
}

/** What a phase contributes to the gradient of a visible bias. */
// @ts-ignore: decorator
@inline
function visibleMean(phase: usize, unit: i32, scale: f64): f64 {
  if (rowsOf(phase) == 0) return load<f64>(<usize>load<u32>(phase, 16) + (<usize>unit << 3));
  return <f64>load<u32>(<usize>load<u32>(phase, 12) + (<usize>unit << 2)) * scale;
}

// @ts-ignore: decorator
@inline
function tableBytes(phase: usize): usize {
  return <usize>((rowsOf(phase) + 3) >> 2) << 10;
}

// @ts-ignore: decorator
@inline
function scaleOf(phase: usize): f64 {
  return 1.0 / <f64>rowsOf(phase);
}

/**
 * One update; the parts claim panels, and after the last one the visible bias.
 *
 * @param velocity with the velocities of the biases, 0 for training without momentum
 * @param lists of the visible units: entries of the positive phase, then of the negative one (as far as they are samples)
 * @param settings of weights, then of biases: learning rate, momentum, l2, l1 each
 * @param notFinite set to 1 where a parameter is no longer finite
 * @param scratches for every part: lines of the visible units or of all rows, both tables
 */
export function update(
  weights: usize, velocity: usize, panelStride: usize, visibleUnits: i32, hiddenUnits: i32,
  visibleBias: usize, visibleVelocity: usize, hiddenBias: usize, hiddenVelocity: usize,
  positive: usize, negative: usize, lists: usize, listStride: usize, settings: usize, notFinite: usize,
  counter: usize, scratches: usize, scratchStride: usize, part: i32, _parts: i32,
): void {
  const panels = (hiddenUnits + 7) >> 3;
  const visibleLines = (visibleUnits + 7) >> 3;
  const lines = scratches + <usize>part * scratchStride;
  const table = lines + (<usize>max(visibleLines, max(rowsOf(positive), rowsOf(negative))) << 6);
  const negativeTable = table + tableBytes(positive);
  const positiveIsSamples = rowsOf(positive) > 0;
  const negativeIsSamples = rowsOf(negative) > 0;
  const hasDecay = load<f64>(settings, 16) != 0 || load<f64>(settings, 24) != 0;
  const maySkip = positiveIsSamples && negativeIsSamples && velocity == 0 && !hasDecay;
  const biasSettings = settings + 32;
  let check = i64x2.splat(0);
  let panel = claim(counter);
  for (; panel < panels; panel = claim(counter)) {
    if (positiveIsSamples) scaledTable(positive, panel, scaleOf(positive), lines, table);
    if (negativeIsSamples) scaledTable(negative, panel, -scaleOf(negative), lines, negativeTable);
    memory.fill(table, 0, 64);
    const place = <usize>panel * panelStride;
    check = updatePanel(
      weights + place, velocity == 0 ? 0 : velocity + place, visibleUnits, lists, listStride, table,
      positiveIsSamples ? 0 : lineOf(positive, panel, 0), negativeIsSamples ? 0 : lineOf(negative, panel, 0),
      maySkip, settings, hasDecay, check,
    );
    memory.fill(lines, 0, 64);
    addHidden(positive, panel, false, table, lines);
    addHidden(negative, panel, true, negativeTable, lines);
    const offset = <usize>panel << 6;
    check = updateLines(hiddenBias + offset, velocity == 0 ? 0 : hiddenVelocity + offset, lines, 1, biasSettings, false, check);
  }
  if (panel == panels) {
    memory.fill(lines, 0, <usize>visibleLines << 6);
    const positiveScale = positiveIsSamples ? scaleOf(positive) : 1;
    const negativeScale = negativeIsSamples ? scaleOf(negative) : 1;
    for (let unit = 0; unit < visibleUnits; unit++) {
      store<f64>(lines + (<usize>unit << 3), visibleMean(positive, unit, positiveScale) - visibleMean(negative, unit, negativeScale));
    }
    check = updateLines(visibleBias, velocity == 0 ? 0 : visibleVelocity, lines, visibleLines, biasSettings, false, check);
  }
  if (!i64x2.all_true(f64x2.eq(check, i64x2.splat(0)))) store<u32>(notFinite, 1);
}
