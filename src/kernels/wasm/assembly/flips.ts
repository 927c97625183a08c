/**
 * Rows with one binary unit flipped; see ../../reference/flips.ts.
 *
 * Exponentials are made once for every input and every weight, and multiplied for every pair of them: two products take
 * the place of an exponential. A panel's table has three lines for every line of the panel: its values, their
 * exponentials, and the inverses of these.
 */

import { claim } from './claim';
import { exp, expOfModerate, logOfNormal } from './elementary';
import { clearLanes, sumOfLanes } from './free-energy';
import { finishLines } from './layers';

/** As in the reference. */
const largestInput: f64 = 400;
const largestWeight: f64 = 300;
const smallestExponent: f64 = -690;
const panelsPerLogarithm = 125;

/** Bytes of a table for every line. */
// @ts-ignore: decorator
@inline
const tableLine: usize = 192;

/**
 * Makes the table of `lines` lines, of values within ±limit.
 *
 * @returns whether all were within
 */
function exponentialTable(source: usize, lines: i32, limit: f64, table: usize): bool {
  const highest = f64x2.splat(limit);
  const lowest = f64x2.splat(-limit);
  let within = f64x2.eq(highest, highest);
  for (let line = 0; line < lines; line++) {
    for (let column: usize = 0; column < 64; column += 16) {
      const values = v128.load(source + column);
      within = v128.and(within, f64x2.le(f64x2.abs(values), highest));
      const exponentials = expOfModerate(f64x2.pmax(f64x2.pmin(values, highest), lowest));
      v128.store(table + column, values);
      v128.store(table + column, exponentials, 64);
      v128.store(table + column, f64x2.div(f64x2.splat(1), exponentials), 128);
    }
    source += 64;
    table += tableLine;
  }
  return i64x2.all_true(within);
}

/** The tables of hidden inputs, panels shared out among the parts. */
export function inputTables(
  inputs: usize, inputsStride: usize, rows: i32, hiddenUnits: i32, tables: usize, tablesStride: usize, part: i32, parts: i32,
): void {
  const panels = (hiddenUnits + 7) >> 3;
  const last = (panels * (part + 1)) / parts;
  for (let panel = (panels * part) / parts; panel < last; panel++) {
    exponentialTable(inputs + <usize>panel * inputsStride, rows, largestInput, tables + <usize>panel * tablesStride);
  }
}

/** Replaces e^−|y| where the weight is too large for its exponential. */
function replaceLarge(exponentials: v128, y: v128, weights: v128): v128 {
  if (!(abs<f64>(f64x2.extract_lane(weights, 0)) <= largestWeight)) {
    exponentials = f64x2.replace_lane(exponentials, 0, exp(max<f64>(-abs<f64>(f64x2.extract_lane(y, 0)), smallestExponent)));
  }
  if (!(abs<f64>(f64x2.extract_lane(weights, 1)) <= largestWeight)) {
    exponentials = f64x2.replace_lane(exponentials, 1, exp(max<f64>(-abs<f64>(f64x2.extract_lane(y, 1)), smallestExponent)));
  }
  return exponentials;
}

/**
 * e^−|y| of two inputs y = x + d·w.
 *
 * @param input where x is in its table
 * @param weight where w is in its table
 * @param swap 64 where d is −1, else 0
 * @param isModerate whether no weight is too large
 */
// @ts-ignore: decorator
@inline
function exponentialOf(y: v128, input: usize, weight: usize, swap: usize, isModerate: bool): v128 {
  const rising = f64x2.mul(v128.load(input, 64), v128.load(weight + swap, 64));
  const falling = f64x2.mul(v128.load(input, 128), v128.load(weight - swap, 128));
  const exponentials = f64x2.pmin(rising, falling);
  return isModerate ? exponentials : replaceLarge(exponentials, y, v128.load(weight));
}

/** The product of the 8 lanes. */
// @ts-ignore: decorator
@inline
function productOfLanes(lanes: usize): f64 {
  const p0 = load<f64>(lanes), p1 = load<f64>(lanes, 8), p2 = load<f64>(lanes, 16), p3 = load<f64>(lanes, 24);
  const p4 = load<f64>(lanes, 32), p5 = load<f64>(lanes, 40), p6 = load<f64>(lanes, 48), p7 = load<f64>(lanes, 56);
  return p0 * p1 * (p2 * p3) * (p4 * p5 * (p6 * p7));
}

/** Sets the 8 lanes of products to 1. */
// @ts-ignore: decorator
@inline
function resetProducts(lanes: usize): void {
  for (let offset: usize = 0; offset < 64; offset += 16) v128.store(lanes + offset, f64x2.splat(1));
}

/** Bytes that `flipRatios` keeps for every unit: lanes of sums, lanes of products, logarithms. */
// @ts-ignore: decorator
@inline
const unitBytes: usize = 192;

/**
 * See `Kernels.flipLogRatios`; the parts claim panels of visible units.
 *
 * Units that the last panel of hidden inputs lacks (all 0) double both products, which changes no quotient.
 *
 * @param tables of the hidden inputs
 * @param scratches for every part: room for 8 units and a line, the table of 8 lines of every panel of weights
 */
export function flipRatios(
  weights: usize, weightsStride: usize, visibleUnits: i32, hiddenUnits: i32, visibleBias: usize, words: usize, wordsPerRow: i32, rows: i32,
  tables: usize, tablesStride: usize, ratios: usize, ratiosStride: usize,
  counter: usize, scratches: usize, scratchStride: usize, part: i32, _parts: i32,
): void {
  const visiblePanels = (visibleUnits + 7) >> 3;
  const panels = (hiddenUnits + 7) >> 3;
  const units = scratches + <usize>part * scratchStride;
  const before = units + 8 * unitBytes;
  const weightTables = before + 64;
  for (let visiblePanel = claim(counter); visiblePanel < visiblePanels; visiblePanel = claim(counter)) {
    let isModerate = true;
    for (let panel = 0; panel < panels; panel++) {
      const source = weights + <usize>panel * weightsStride + (<usize>visiblePanel << 9);
      if (!exponentialTable(source, 8, largestWeight, weightTables + <usize>panel * 8 * tableLine)) isModerate = false;
    }
    const here = <usize>min(8, visibleUnits - (visiblePanel << 3));
    for (let row = 0; row < rows; row++) {
      const states = <usize>load<u8>(words + ((<usize>row * <usize>wordsPerRow) << 2) + <usize>visiblePanel);
      for (let unit = units; unit < before; unit += unitBytes) {
        clearLanes(unit);
        resetProducts(unit + 64);
        store<f64>(unit, 0, 128);
      }
      for (let first = 0; first < panels; first += panelsPerLogarithm) {
        const last = min(panels, first + panelsPerLogarithm);
        resetProducts(before);
        for (let panel = first; panel < last; panel++) {
          addPanel(
            tables + <usize>panel * tablesStride + <usize>row * tableLine, weightTables + <usize>panel * 8 * tableLine,
            states, here, units, before, isModerate,
          );
        }
        const denominator = productOfLanes(before);
        for (let unit = units; unit < units + here * unitBytes; unit += unitBytes) {
          store<f64>(unit, load<f64>(unit, 128) + logOfNormal(productOfLanes(unit + 64) / denominator), 128);
          resetProducts(unit + 64);
        }
      }
      const target = ratios + <usize>visiblePanel * ratiosStride + (<usize>row << 6);
      for (let unit: usize = 0; unit < 8; unit++) {
        let ratio: f64 = 0;
        if (unit < here) {
          const direction = 1.0 - 2.0 * <f64>((states >> unit) & 1);
          const bias = load<f64>(visibleBias + (<usize>visiblePanel << 6) + (unit << 3));
          ratio = direction * bias + sumOfLanes(units + unit * unitBytes) + load<f64>(units + unit * unitBytes, 128);
        }
        store<f64>(target + (unit << 3), ratio);
      }
    }
  }
}

/**
 * Adds the hidden units of a panel to the lanes of `here` flipped units.
 *
 * @param inputs where the row is in its table
 * @param weights table of the flipped units' weights
 * @param states a bit for each of them
 * @param before lanes of products before any is flipped
 */
function addPanel(inputs: usize, weights: usize, states: usize, here: usize, units: usize, before: usize, isModerate: bool): void {
  const zero = i64x2.splat(0);
  const one = f64x2.splat(1);
  for (let column: usize = 0; column < 64; column += 16) {
    const input = inputs + column;
    const x = v128.load(input);
    const positive = f64x2.pmax(zero, x);
    const exponential = f64x2.pmin(v128.load(input, 64), v128.load(input, 128));
    v128.store(before + column, f64x2.mul(v128.load(before + column), f64x2.add(one, exponential)));
    let weight = weights + column;
    let lanes = units + column;
    for (let unit: usize = 0; unit < here; unit++) {
      const bit = (states >> unit) & 1;
      const y = f64x2.add(x, f64x2.mul(f64x2.splat(1.0 - 2.0 * <f64>bit), v128.load(weight)));
      const e = exponentialOf(y, input, weight, bit << 6, isModerate);
      v128.store(lanes, f64x2.add(v128.load(lanes), f64x2.sub(f64x2.pmax(zero, y), positive)));
      v128.store(lanes, f64x2.mul(v128.load(lanes, 64), f64x2.add(one, e)), 64);
      weight += tableLine;
      lanes += unitBytes;
    }
  }
}

/**
 * See `Kernels.flipStatistics`; the parts claim panels of hidden units.
 *
 * @param tables of the hidden inputs
 * @param scratches for every part: the table of a panel of weights
 */
export function flipSums(
  weights: usize, weightsStride: usize, visibleUnits: i32, hiddenUnits: i32, words: usize, wordsPerRow: i32, rows: i32,
  tables: usize, tablesStride: usize, coefficients: usize, coefficientsStride: usize,
  hidden: usize, hiddenStride: usize, products: usize, productsStride: usize,
  counter: usize, scratches: usize, scratchStride: usize, part: i32, _parts: i32,
): void {
  const panels = (hiddenUnits + 7) >> 3;
  const table = scratches + <usize>part * scratchStride;
  for (let panel = claim(counter); panel < panels; panel = claim(counter)) {
    const isModerate = exponentialTable(weights + <usize>panel * weightsStride, visibleUnits, largestWeight, table);
    const sums = hidden + <usize>panel * hiddenStride;
    const totals = products + <usize>panel * productsStride;
    memory.fill(sums, 0, <usize>rows << 6);
    memory.fill(totals, 0, <usize>visibleUnits << 6);
    for (let row = 0; row < rows; row++) {
      addRow(
        tables + <usize>panel * tablesStride + <usize>row * tableLine, table, visibleUnits, words + ((<usize>row * <usize>wordsPerRow) << 2),
        coefficients + (<usize>row << 6), coefficientsStride, sums + (<usize>row << 6), totals, isModerate,
      );
    }
    const here = min(8, hiddenUnits - (panel << 3));
    if (here < 8) {
      finishLines(sums, rows, here, false);
      finishLines(totals, visibleUnits, here, false);
    }
  }
}

/** Adds one row, with each of its units flipped, to the sums of the hidden units and to the products. */
function addRow(
  inputs: usize, weights: usize, visibleUnits: i32, states: usize, coefficients: usize, coefficientsStride: usize, sums: usize, totals: usize,
  isModerate: bool,
): void {
  const zero = i64x2.splat(0);
  const one = f64x2.splat(1);
  let bits: usize = 0;
  for (let unit = 0; unit < visibleUnits; unit++) {
    if ((unit & 7) == 0) {
      bits = <usize>load<u8>(states + <usize>(unit >> 3));
      if (unit > 0) coefficients += coefficientsStride - 64;
    }
    const bit = bits & 1;
    bits >>= 1;
    const direction = f64x2.splat(1.0 - 2.0 * <f64>bit);
    const coefficient = v128.load64_splat(coefficients);
    for (let column: usize = 0; column < 64; column += 16) {
      const weight = weights + column;
      const y = f64x2.add(v128.load(inputs + column), f64x2.mul(direction, v128.load(weight)));
      const e = exponentialOf(y, inputs + column, weight, bit << 6, isModerate);
      const mean = f64x2.div(v128.bitselect(one, e, f64x2.ge(y, zero)), f64x2.add(one, e));
      const term = f64x2.mul(coefficient, mean);
      v128.store(sums + column, f64x2.add(v128.load(sums + column), term));
      v128.store(totals + column, f64x2.add(v128.load(totals + column), f64x2.mul(direction, term)));
    }
    coefficients += 8;
    weights += tableLine;
    totals += 64;
  }
}
