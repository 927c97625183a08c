/**
 * One step of gradient ascent, panel by panel: the sums of both phases for a stretch of a panel, then its new values.
 * So the sums of the whole matrix are never held.
 */

import { buildTable, gather } from './groups';

/** 2^−960; see ../../reference/update.ts. */
const flushBelow: f64 = 1.0261342003245941e-289;

/** Visible units whose sums are made at a time. */
const stretch = 64;

/** Settings: positive scale, negative scale, learning rate, momentum, l2, l1 (f64 each). */
function updateLines(values: usize, velocity: usize, positive: usize, negative: usize, lines: i32, settings: usize): bool {
  const p = v128.load64_splat(settings);
  const q = v128.load64_splat(settings, 8);
  const rate = v128.load64_splat(settings, 16);
  const momentum = v128.load64_splat(settings, 24);
  const l2 = v128.load64_splat(settings, 32);
  const l1 = v128.load64_splat(settings, 40);
  const zero = f64x2.splat(0);
  const one = f64x2.splat(1);
  let check = zero;
  const bytes = <usize>lines << 6;
  for (let offset: usize = 0; offset < bytes; offset += 16) {
    const value = v128.load(values + offset);
    const sign = f64x2.sub(v128.and(f64x2.gt(value, zero), one), v128.and(f64x2.lt(value, zero), one));
    let gradient = f64x2.sub(f64x2.mul(v128.load(positive + offset), p), f64x2.mul(v128.load(negative + offset), q));
    gradient = f64x2.sub(f64x2.sub(gradient, f64x2.mul(l2, value)), f64x2.mul(l1, sign));
    let step = f64x2.add(f64x2.mul(momentum, v128.load(velocity + offset)), f64x2.mul(rate, gradient));
    step = v128.andnot(step, f64x2.lt(f64x2.abs(step), f64x2.splat(flushBelow)));
    v128.store(velocity + offset, step);
    const updated = f64x2.add(value, step);
    v128.store(values + offset, updated);
    check = f64x2.add(check, f64x2.mul(updated, zero));
  }
  return i64x2.all_true(f64x2.eq(check, zero));
}

/**
 * A phase is a record of 8 words: rows (0 for an expectation), its hidden means (panels, a line for every row) or
 * E[v hᵀ] (panels, a line for every visible unit), their stride, unit lists, list stride, E[v] (lines), E[h] (lines).
 */
// @ts-ignore: decorator
@inline
function rowsOf(phase: usize): i32 {
  return <i32>load<u32>(phase);
}

/** The sums of visible units first … first + count − 1 with the hidden units of a panel: `count` lines. */
function products(phase: usize, panel: i32, first: i32, count: i32, table: usize, zeroLine: usize, lines: usize): usize {
  if (rowsOf(phase) == 0) {
    return <usize>load<u32>(phase, 4) + <usize>panel * <usize>load<u32>(phase, 8) + (<usize>first << 6);
  }
  const stride = <usize>load<u32>(phase, 16);
  gather(table, zeroLine, <usize>load<u32>(phase, 12) + <usize>first * stride, stride, count, lines);
  return lines;
}

/** The sum of the hidden units of a panel: one line. */
function hiddenSum(phase: usize, panel: i32, table: usize, line: usize): usize {
  const rows = rowsOf(phase);
  if (rows == 0) return <usize>load<u32>(phase, 24) + (<usize>panel << 6);
  for (let column: usize = 0; column < 64; column += 16) {
    let total = f64x2.splat(0);
    for (let row = 0; row < rows; row += 4) {
      const pattern: usize = (1 << <u32>min(4, rows - row)) - 1;
      total = f64x2.add(total, v128.load(table + (<usize>row << 8) + (pattern << 6) + column));
    }
    v128.store(line + column, total);
  }
  return line;
}

/** The sums of the visible units: lines. */
function visibleSums(phase: usize, visibleUnits: i32, lines: usize): usize {
  if (rowsOf(phase) == 0) return <usize>load<u32>(phase, 20);
  const lists = <usize>load<u32>(phase, 12);
  const stride = <usize>load<u32>(phase, 16);
  for (let unit = 0; unit < visibleUnits; unit++) {
    store<f64>(lines + (<usize>unit << 3), <f64>load<u32>(lists + <usize>unit * stride, 4));
  }
  for (let unit = visibleUnits; unit < ((visibleUnits + 7) & ~7); unit++) store<f64>(lines + (<usize>unit << 3), 0);
  return lines;
}

// @ts-ignore: decorator
@inline
function tableBytes(phase: usize): usize {
  return <usize>((rowsOf(phase) + 3) >> 2) << 10;
}

/**
 * One update; panels shared out among the parts, the visible bias is part 0's.
 *
 * @param settings of weights, then of biases: 6 numbers each
 * @param notFinite set to 1 where a parameter is no longer finite
 * @param scratches for every part: 64 bytes of zeros, both tables, 2 stretches of lines or 2 rows of visible sums
 */
export function update(
  weights: usize, velocity: usize, panelStride: usize, visibleUnits: i32, hiddenUnits: i32,
  visibleBias: usize, visibleVelocity: usize, hiddenBias: usize, hiddenVelocity: usize,
  positive: usize, negative: usize, settings: usize, notFinite: usize,
  scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const panels = (hiddenUnits + 7) >> 3;
  const last = (panels * (part + 1)) / parts;
  const zeroLine = scratches + <usize>part * scratchStride;
  for (let offset: usize = 0; offset < 64; offset += 8) store<f64>(zeroLine + offset, 0);
  const positiveTable = zeroLine + 64;
  const negativeTable = positiveTable + tableBytes(positive);
  const positiveLines = negativeTable + tableBytes(negative);
  const negativeLines = positiveLines + (<usize>max(stretch, (visibleUnits + 7) >> 3) << 6);
  let finite = true;
  for (let panel = (panels * part) / parts; panel < last; panel++) {
    buildTable(<usize>load<u32>(positive, 4) + <usize>panel * <usize>load<u32>(positive, 8), rowsOf(positive), positiveTable);
    buildTable(<usize>load<u32>(negative, 4) + <usize>panel * <usize>load<u32>(negative, 8), rowsOf(negative), negativeTable);
    const start = <usize>panel * panelStride;
    for (let first = 0; first < visibleUnits; first += stretch) {
      const count = min(stretch, visibleUnits - first);
      const place = start + (<usize>first << 6);
      const p = products(positive, panel, first, count, positiveTable, zeroLine, positiveLines);
      const q = products(negative, panel, first, count, negativeTable, zeroLine, negativeLines);
      if (!updateLines(weights + place, velocity + place, p, q, count, settings)) finite = false;
    }
    const p = hiddenSum(positive, panel, positiveTable, positiveLines);
    const q = hiddenSum(negative, panel, negativeTable, negativeLines);
    const place = <usize>panel << 6;
    if (!updateLines(hiddenBias + place, hiddenVelocity + place, p, q, 1, settings + 48)) finite = false;
  }
  if (part == 0) {
    const p = visibleSums(positive, visibleUnits, positiveLines);
    const q = visibleSums(negative, visibleUnits, negativeLines);
    if (!updateLines(visibleBias, visibleVelocity, p, q, (visibleUnits + 7) >> 3, settings + 48)) finite = false;
  }
  if (!finite) store<u32>(notFinite, 1);
}
