/**
 * Rows with one binary unit flipped; see ../../reference/flips.ts.
 *
 * Tables have two lines for every line of a panel: of hidden inputs x, sigmoid(−x) and sigmoid(x); of weights w, e^w and
 * e^−w, of which a flip that turns a unit on takes the first, one that turns it off the second.
 */

import { claim } from './claim';
import { expOfModerate, logOfNormal, sigmoid, sigmoidOfLine, softplus } from './elementary';
import { addToLane, clearLanes, sumOfLanes } from './free-energy';
import { finishLines } from './layers';
import { placeOf } from './panels';

/** As in the reference. */
const largestWeight: f64 = 75;
const mostPanels: f64 = 64;

/** Bytes of a table for every line. */
// @ts-ignore: decorator
@inline
const tableLine: usize = 128;

/** The largest magnitude of a panel's weights, or of `largest` where that is larger. */
function largestOf(source: usize, lines: i32, largest: v128): v128 {
  const bytes = <usize>lines << 6;
  for (let offset: usize = 0; offset < bytes; offset += 16) largest = f64x2.pmax(largest, f64x2.abs(v128.load(source + offset)));
  return largest;
}

/**
 * Prepares flips: the tables of hidden inputs, and the largest magnitude of a weight; panels shared out among the parts.
 *
 * @param tables receives the tables, `tablesStride` bytes between those of panels
 * @param largest receives a number of every part
 */
export function prepareFlips(
  weights: usize, weightsStride: usize, visibleUnits: i32, hiddenUnits: i32, inputs: usize, inputsStride: usize, rows: i32,
  tables: usize, tablesStride: usize, largest: usize, part: i32, parts: i32,
): void {
  const panels = (hiddenUnits + 7) >> 3;
  const last = (panels * (part + 1)) / parts;
  let sizes = i64x2.splat(0);
  for (let panel = (panels * part) / parts; panel < last; panel++) {
    sizes = largestOf(weights + <usize>panel * weightsStride, visibleUnits, sizes);
    const source = inputs + <usize>panel * inputsStride;
    const table = tables + <usize>panel * tablesStride;
    for (let row: usize = 0; row < <usize>rows; row++) {
      const target = table + row * tableLine;
      for (let column: usize = 0; column < 64; column += 16) {
        const x = v128.load(source + (row << 6) + column);
        v128.store(target + column, f64x2.neg(x));
        v128.store(target + column, x, 64);
      }
      sigmoidOfLine(target);
      sigmoidOfLine(target + 64);
    }
  }
  store<f64>(largest + (<usize>part << 3), max<f64>(f64x2.extract_lane(sizes, 0), f64x2.extract_lane(sizes, 1)));
}

/** The largest magnitude of a weight, of all parts. */
function largestOfParts(largest: usize, parts: i32): f64 {
  let result: f64 = 0;
  for (let part = 0; part < parts; part++) result = max<f64>(result, load<f64>(largest + (<usize>part << 3)));
  return result;
}

/** Makes the table of `lines` lines of weights. */
function weightTable(source: usize, lines: i32, table: usize): void {
  for (let line = 0; line < lines; line++) {
    for (let column: usize = 0; column < 64; column += 16) {
      const w = v128.load(source + column);
      v128.store(table + column, expOfModerate(w));
      v128.store(table + column, expOfModerate(f64x2.neg(w)), 64);
    }
    source += 64;
    table += tableLine;
  }
}

/** The product of the 8 lanes of a line, which are then 1. */
function takeProduct(lanes: usize): f64 {
  const p0 = load<f64>(lanes), p1 = load<f64>(lanes, 8), p2 = load<f64>(lanes, 16), p3 = load<f64>(lanes, 24);
  const p4 = load<f64>(lanes, 32), p5 = load<f64>(lanes, 40), p6 = load<f64>(lanes, 48), p7 = load<f64>(lanes, 56);
  for (let column: usize = 0; column < 64; column += 16) v128.store(lanes + column, f64x2.splat(1));
  return p0 * p1 * (p2 * p3) * (p4 * p5 * (p6 * p7));
}

/**
 * Multiplies the lanes of 8 flipped units by the factors of a panel's hidden units.
 *
 * @param inputs where the row is in its table
 * @param weights table of the flipped units' weights
 * @param states a bit for each of them
 */
function multiplyPanel(inputs: usize, weights: usize, states: usize, lanes: usize): void {
  const off0 = v128.load(inputs), off1 = v128.load(inputs, 16), off2 = v128.load(inputs, 32), off3 = v128.load(inputs, 48);
  const on0 = v128.load(inputs, 64), on1 = v128.load(inputs, 80), on2 = v128.load(inputs, 96), on3 = v128.load(inputs, 112);
  const end = lanes + 512;
  while (lanes < end) {
    const weight = weights + ((states & 1) << 6);
    v128.store(lanes, f64x2.mul(v128.load(lanes), f64x2.add(off0, f64x2.mul(on0, v128.load(weight)))));
    v128.store(lanes, f64x2.mul(v128.load(lanes, 16), f64x2.add(off1, f64x2.mul(on1, v128.load(weight, 16)))), 16);
    v128.store(lanes, f64x2.mul(v128.load(lanes, 32), f64x2.add(off2, f64x2.mul(on2, v128.load(weight, 32)))), 32);
    v128.store(lanes, f64x2.mul(v128.load(lanes, 48), f64x2.add(off3, f64x2.mul(on3, v128.load(weight, 48)))), 48);
    states >>= 1;
    weights += tableLine;
    lanes += 64;
  }
}

/** What the hidden units add to the ratio of one flipped unit, where weights are too large for tables. */
function plainRatio(inputs: usize, inputsStride: usize, weights: usize, weightsStride: usize, hiddenUnits: i32, direction: f64, lanes: usize): f64 {
  clearLanes(lanes);
  for (let unit = 0; unit < hiddenUnits; unit++) {
    const x = load<f64>(placeOf(inputs, inputsStride, unit));
    addToLane(lanes, unit, softplus(x + direction * load<f64>(placeOf(weights, weightsStride, unit))) - softplus(x));
  }
  return sumOfLanes(lanes);
}

/**
 * See `Kernels.flipLogRatios`; the parts claim panels of visible units.
 *
 * Factors of hidden units that the last panel lacks are 1: their inputs and weights are 0.
 *
 * @param scratches for every part: a line for the ratios, 8 lines of lanes, the tables of 8 lines of every panel of weights
 */
export function flipRatios(
  weights: usize, weightsStride: usize, visibleUnits: i32, hiddenUnits: i32, visibleBias: usize, words: usize, wordsPerRow: i32, rows: i32,
  inputs: usize, inputsStride: usize, tables: usize, tablesStride: usize, largest: usize, ratios: usize, ratiosStride: usize,
  counter: usize, scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const visiblePanels = (visibleUnits + 7) >> 3;
  const panels = (hiddenUnits + 7) >> 3;
  const sums = scratches + <usize>part * scratchStride;
  const lanes = sums + 64;
  const weightTables = lanes + 512;
  const largestHere = largestOfParts(largest, parts);
  const isModerate = largestHere <= largestWeight;
  const panelsPerLogarithm = isModerate ? <i32>min<f64>(mostPanels, floor<f64>(largestWeight / largestHere)) : 0;
  for (let visiblePanel = claim(counter); visiblePanel < visiblePanels; visiblePanel = claim(counter)) {
    const source = weights + (<usize>visiblePanel << 9);
    if (isModerate) {
      for (let panel: usize = 0; panel < <usize>panels; panel++) weightTable(source + panel * weightsStride, 8, weightTables + panel * 8 * tableLine);
    }
    const here = <usize>min(8, visibleUnits - (visiblePanel << 3));
    for (let row: usize = 0; row < <usize>rows; row++) {
      const states = <usize>load<u8>(words + ((row * <usize>wordsPerRow) << 2) + <usize>visiblePanel);
      clearLanes(sums);
      if (isModerate) {
        for (let unit: usize = 0; unit < 8; unit++) takeProduct(lanes + (unit << 6));
        for (let first = 0; first < panels; first += panelsPerLogarithm) {
          const last = min(panels, first + panelsPerLogarithm);
          for (let panel: usize = first; panel < <usize>last; panel++) {
            multiplyPanel(tables + panel * tablesStride + row * tableLine, weightTables + panel * 8 * tableLine, states, lanes);
          }
          for (let unit: usize = 0; unit < here; unit++) addToLane(sums, <i32>unit, logOfNormal(takeProduct(lanes + (unit << 6))));
        }
      }
      for (let unit: usize = 0; unit < here; unit++) {
        const direction = 1.0 - 2.0 * <f64>((states >> unit) & 1);
        const sum = isModerate
          ? load<f64>(sums + (unit << 3))
          : plainRatio(inputs + (row << 6), inputsStride, source + (unit << 6), weightsStride, hiddenUnits, direction, lanes);
        store<f64>(sums + (unit << 3), direction * load<f64>(visibleBias + (<usize>visiblePanel << 6) + (unit << 3)) + sum);
      }
      memory.copy(ratios + <usize>visiblePanel * ratiosStride + (row << 6), sums, 64);
    }
  }
}

/** Adds the mean of two hidden units, weighted, to the products; returns it. `signs` are −0 where a unit is turned off. */
// @ts-ignore: decorator
@inline
function addTerm(off: v128, on: v128, exponentials: usize, coefficient: v128, signs: v128, totals: usize): v128 {
  const ofOn = f64x2.mul(on, v128.load(exponentials));
  const term = f64x2.mul(coefficient, f64x2.div(ofOn, f64x2.add(off, ofOn)));
  v128.store(totals, f64x2.add(v128.load(totals), v128.xor(term, signs)));
  return term;
}

/**
 * Adds one row, with each of its units flipped, to the sums of a panel's hidden units and to the products.
 *
 * @param inputs where the row is in its table
 * @param weights table of the weights
 * @param coefficients where the row's are; then the bytes between panels
 */
function addRow(
  inputs: usize, weights: usize, visibleUnits: i32, states: usize, coefficients: usize, coefficientsStride: usize, sums: usize, totals: usize,
): void {
  const off0 = v128.load(inputs), off1 = v128.load(inputs, 16), off2 = v128.load(inputs, 32), off3 = v128.load(inputs, 48);
  const on0 = v128.load(inputs, 64), on1 = v128.load(inputs, 80), on2 = v128.load(inputs, 96), on3 = v128.load(inputs, 112);
  let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let bits: u32 = 0;
  for (let unit = 0; unit < visibleUnits; unit++) {
    if ((unit & 7) == 0) bits = load<u8>(states + <usize>(unit >> 3));
    const bit = bits & 1;
    bits >>= 1;
    const signs = i64x2.splat(<i64>bit << 63);
    const coefficient = v128.load64_splat(placeOf(coefficients, coefficientsStride, unit));
    const exponentials = weights + (<usize>bit << 6);
    s0 = f64x2.add(s0, addTerm(off0, on0, exponentials, coefficient, signs, totals));
    s1 = f64x2.add(s1, addTerm(off1, on1, exponentials + 16, coefficient, signs, totals + 16));
    s2 = f64x2.add(s2, addTerm(off2, on2, exponentials + 32, coefficient, signs, totals + 32));
    s3 = f64x2.add(s3, addTerm(off3, on3, exponentials + 48, coefficient, signs, totals + 48));
    weights += tableLine;
    totals += 64;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
}

/** As `addRow` from the inputs and weights themselves, where the weights are too large for tables. */
function addPlainRow(
  inputs: usize, weights: usize, visibleUnits: i32, states: usize, coefficients: usize, coefficientsStride: usize, sums: usize, totals: usize,
): void {
  clearLanes(sums);
  for (let unit = 0; unit < visibleUnits; unit++) {
    const direction = 1.0 - 2.0 * <f64>((<u32>load<u8>(states + <usize>(unit >> 3)) >> (unit & 7)) & 1);
    const coefficient = load<f64>(placeOf(coefficients, coefficientsStride, unit));
    for (let column: usize = 0; column < 64; column += 8) {
      const term = coefficient * sigmoid(load<f64>(inputs + column) + direction * load<f64>(weights + column));
      store<f64>(sums + column, load<f64>(sums + column) + term);
      store<f64>(totals + column, load<f64>(totals + column) + direction * term);
    }
    weights += 64;
    totals += 64;
  }
}

/**
 * See `Kernels.flipStatistics`; the parts claim panels of hidden units.
 *
 * @param scratches for every part: the table of a panel of weights
 */
export function flipSums(
  weights: usize, weightsStride: usize, visibleUnits: i32, hiddenUnits: i32, words: usize, wordsPerRow: i32, rows: i32,
  inputs: usize, inputsStride: usize, tables: usize, tablesStride: usize, largest: usize, coefficients: usize, coefficientsStride: usize,
  hidden: usize, hiddenStride: usize, products: usize, productsStride: usize,
  counter: usize, scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const panels = (hiddenUnits + 7) >> 3;
  const table = scratches + <usize>part * scratchStride;
  const isModerate = largestOfParts(largest, parts) <= largestWeight;
  for (let panel = claim(counter); panel < panels; panel = claim(counter)) {
    const lines = weights + <usize>panel * weightsStride;
    if (isModerate) weightTable(lines, visibleUnits, table);
    const sums = hidden + <usize>panel * hiddenStride;
    const totals = products + <usize>panel * productsStride;
    memory.fill(totals, 0, <usize>visibleUnits << 6);
    for (let row: usize = 0; row < <usize>rows; row++) {
      const states = words + ((row * <usize>wordsPerRow) << 2);
      const weighting = coefficients + (row << 6);
      const line = sums + (row << 6);
      if (isModerate) {
        addRow(tables + <usize>panel * tablesStride + row * tableLine, table, visibleUnits, states, weighting, coefficientsStride, line, totals);
      } else {
        addPlainRow(inputs + <usize>panel * inputsStride + (row << 6), lines, visibleUnits, states, weighting, coefficientsStride, line, totals);
      }
    }
    const here = min(8, hiddenUnits - (panel << 3));
    if (here < 8) {
      finishLines(sums, rows, here, false);
      finishLines(totals, visibleUnits, here, false);
    }
  }
}
