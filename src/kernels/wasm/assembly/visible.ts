/**
 * Visible layers that are not binary: tempered inputs, means and draws from exact inputs in panels; see
 * ../../reference/sampling.ts.
 *
 * Groups of categorical units are given by the first unit of each, and the number of units: groups + 1 words.
 */

import { exp } from './elementary';
import { inverseNormalOfPair } from './inverse-normal';
import { placeOf } from './panels';
import { fillWords } from './sampling';

/**
 * Turns inputs of a model into those of tempered ones, rows shared out among the parts.
 *
 * @param inverseTemperatures of every row
 * @param base biases at inverse temperature 0, or 0 where there are none
 */
export function temper(
  inputs: usize, stride: usize, units: i32, rows: i32, inverseTemperatures: usize, base: usize, part: i32, parts: i32,
): void {
  const last = <i32>((<i64>rows * (part + 1)) / parts);
  for (let row = <i32>((<i64>rows * part) / parts); row < last; row++) {
    const scale = load<f64>(inverseTemperatures + (<usize>row << 3));
    const rest = 1.0 - scale;
    const line = inputs + (<usize>row << 6);
    for (let unit = 0; unit < units; unit++) {
      const place = placeOf(line, stride, unit);
      const scaled = scale * load<f64>(place);
      store<f64>(place, base == 0 ? scaled : rest * load<f64>(base + (<usize>unit << 3)) + scaled);
    }
  }
}

/** The first unit of a group. */
// @ts-ignore: decorator
@inline
function firstOf(groups: usize, group: i32): i32 {
  return <i32>load<u32>(groups + (<usize>group << 2));
}

/** e_i = exp(x_i − max x) of the units of a group, in place; their sum, ascending. */
function exponentials(line: usize, stride: usize, first: i32, end: i32): f64 {
  let largest = load<f64>(placeOf(line, stride, first));
  for (let unit = first + 1; unit < end; unit++) {
    const input = load<f64>(placeOf(line, stride, unit));
    if (input > largest) largest = input;
  }
  let sum: f64 = 0;
  for (let unit = first; unit < end; unit++) {
    const place = placeOf(line, stride, unit);
    const value = exp(load<f64>(place) - largest);
    store<f64>(place, value);
    sum += value;
  }
  return sum;
}

/** Turns inputs of categorical units into means, in place; rows shared out among the parts. */
export function categoricalMeans(
  matrix: usize, stride: usize, groups: usize, count: i32, rows: i32, part: i32, parts: i32,
): void {
  const last = <i32>((<i64>rows * (part + 1)) / parts);
  for (let row = <i32>((<i64>rows * part) / parts); row < last; row++) {
    const line = matrix + (<usize>row << 6);
    for (let group = 0; group < count; group++) {
      const first = firstOf(groups, group), end = firstOf(groups, group + 1);
      const sum = exponentials(line, stride, first, end);
      for (let unit = first; unit < end; unit++) {
        const place = placeOf(line, stride, unit);
        store<f64>(place, load<f64>(place) / sum);
      }
    }
  }
}

/** The uniform of 52 bits from words of sixteen units and, 64 bytes behind them, of their refinement. */
// @ts-ignore: decorator
@inline
function uniformAt(words: usize, unit: i32): f64 {
  const place = words + (<usize>(unit & 15) << 2);
  return (<f64>load<u32>(place) * 1048576.0 + <f64>(load<u32>(place, 64) >>> 12) + 0.5) * 2.220446049250313e-16;
}

/** As `uniformAt`, of two units. */
// @ts-ignore: decorator
@inline
function uniformsAt(words: usize, unit: i32): v128 {
  const place = words + (<usize>(unit & 15) << 2);
  const upper = f64x2.mul(f64x2.convert_low_i32x4_u(v128.load64_zero(place)), f64x2.splat(1048576.0));
  const lower = f64x2.convert_low_i32x4_u(i32x4.shr_u(v128.load64_zero(place, 64), 12));
  return f64x2.mul(f64x2.add(f64x2.add(upper, lower), f64x2.splat(0.5)), f64x2.splat(2.220446049250313e-16));
}

/** The words that `uniformAt` needs. */
// @ts-ignore: decorator
@inline
function fillUniforms(address: usize, sixteen: i32, row: i32, words: usize): void {
  fillWords(address, sixteen, row, 0, words);
  fillWords(address, sixteen, row, 0x80000000, words + 64);
}

/**
 * Draws one unit of every group of categorical units, rows shared out among the parts.
 *
 * @param inputs overwritten
 * @param states receives rows of `wordsPerRow` words
 * @param address see `fillWords`
 * @param scratches 128 bytes for every part
 */
export function sampleCategorical(
  inputs: usize, stride: usize, groups: usize, count: i32, rows: i32, states: usize, wordsPerRow: i32, address: usize,
  scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const words = scratches + <usize>part * scratchStride;
  const last = <i32>((<i64>rows * (part + 1)) / parts);
  for (let row = <i32>((<i64>rows * part) / parts); row < last; row++) {
    const line = inputs + (<usize>row << 6);
    const target = states + ((<usize>row * <usize>wordsPerRow) << 2);
    memory.fill(target, 0, <usize>wordsPerRow << 2);
    let filled = -1;
    for (let group = 0; group < count; group++) {
      const first = firstOf(groups, group), end = firstOf(groups, group + 1);
      const total = exponentials(line, stride, first, end);
      if (first >> 4 != filled) {
        filled = first >> 4;
        fillUniforms(address, filled, row, words);
      }
      const threshold = uniformAt(words, first) * total;
      let sum: f64 = 0;
      let chosen = first;
      for (; chosen < end - 1; chosen++) {
        sum += load<f64>(placeOf(line, stride, chosen));
        if (sum > threshold) break;
      }
      const word = target + (<usize>(chosen >> 5) << 2);
      store<u32>(word, load<u32>(word) | (<u32>1 << (chosen & 31)));
    }
  }
}

/**
 * Draws Gaussian units of variance 1: their input and a normal variate. Rows are shared out among the parts.
 *
 * @param states panels; receives a line for every row
 * @param address see `fillWords`
 * @param scratches 128 bytes for every part
 */
export function sampleGaussian(
  inputs: usize, stride: usize, units: i32, rows: i32, states: usize, statesStride: usize, address: usize,
  scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const words = scratches + <usize>part * scratchStride;
  const last = <i32>((<i64>rows * (part + 1)) / parts);
  for (let row = <i32>((<i64>rows * part) / parts); row < last; row++) {
    const line = inputs + (<usize>row << 6);
    const target = states + (<usize>row << 6);
    for (let unit = 0; unit < units; unit += 2) {
      if ((unit & 15) == 0) fillUniforms(address, unit >> 4, row, words);
      const variates = inverseNormalOfPair(uniformsAt(words, unit));
      const sum = f64x2.add(v128.load(placeOf(line, stride, unit)), variates);
      const place = placeOf(target, statesStride, unit);
      // A unit that doesn't exist stays 0.
      if (unit + 1 < units) v128.store(place, sum);
      else v128.store64_lane(place, sum, 0);
    }
  }
}
