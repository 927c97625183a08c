/**
 * Bernoulli draws: the decisions of ../../addressed-uniform.ts, sixteen units (four Philox blocks) at a time.
 */

import { claim } from './claim';
import { sigmoid } from './elementary';
import { buildUsedLines, gather, listHeader } from './groups';
import { philoxFour } from './philox';
import { singlePanel, singlePanelFromRows } from './single';

/** 2^32. */
const wordRange: f64 = 4294967296.0;

/** Sixteen words of random numbers. An address is a record of 6 words: first row, c0, c1, c2, k0, k1. */
// @ts-ignore: decorator
@inline
export function fillWords(address: usize, sixteen: i32, row: i32, refinement: u32, words: usize): void {
  philoxFour(
    load<u32>(address, 4) | (<u32>sixteen << 2), load<u32>(address, 8) | refinement, load<u32>(address, 12),
    load<u32>(address) + <u32>row, load<u32>(address, 16), load<u32>(address, 20), words,
  );
}

/** The exact decision for one unit: word r stands for [r, r + 1)·2⁻³², refined by a second block where that is open. */
function decide(mean: f64, words: usize, unit: usize, address: usize, sixteen: i32, row: i32): u32 {
  const scaled = mean * wordRange;
  const word = <f64>load<u32>(words + (unit << 2));
  if (word + 1.0 <= scaled) return 1;
  if (word >= scaled) return 0;
  const refinement = words + 64;
  fillWords(address, sixteen, row, 0x80000000, refinement);
  const finer = <f64>load<u32>(refinement + (unit << 2));
  return (finer + 0.5) * 2.3283064365386963e-10 < scaled - word ? 1 : 0;
}

/** Bits of the units of sixteen that exist. */
// @ts-ignore: decorator
@inline
function maskOf(sixteen: i32, units: i32): u32 {
  const here = units - (sixteen << 4);
  return here >= 16 ? 0xffff : (1 << <u32>here) - 1;
}

/** As `constants` of elementary.ts, in single precision. */
const constants = memory.data<f32>([
  -1.442695, // 0: −log2 e
  126, // 4
  -126, // 8
  0.0013333558, // 12: Taylor coefficients of 2^t from t^5 down
  0.009618129, // 16
  0.05550411, // 20
  0.2402265, // 24
  0.6931472, // 28
  1, // 32
  8388735, // 36: 2^23 + 127
  5.9604644775390625e-8, // 40: 2^−24
]);

// @ts-ignore: decorator
@inline
function constant(offset: usize): v128 {
  return v128.load32_splat(constants + offset);
}

/**
 * A sigmoid of four inputs in single precision: 1 / (1 + 2^t), t = −x·log2 e, 2^(t − k) by its Taylor polynomial of
 * degree 5 on |t − k| ≤ ½, where it errs by less than 2.5e-6; with roundings, the result errs by less than 2e-6.
 */
// @ts-ignore: decorator
@inline
function roughSigmoid(x: v128): v128 {
  const t = f32x4.pmax(f32x4.pmin(f32x4.mul(x, constant(0)), constant(4)), constant(8));
  const k = f32x4.nearest(t);
  const f = f32x4.sub(t, k);
  let p = f32x4.add(constant(16), f32x4.mul(f, constant(12)));
  p = f32x4.add(constant(20), f32x4.mul(f, p));
  p = f32x4.add(constant(24), f32x4.mul(f, p));
  p = f32x4.add(constant(28), f32x4.mul(f, p));
  p = f32x4.add(constant(32), f32x4.mul(f, p));
  // As in `powerOfTwoOfPair`.
  const scale = i32x4.shl(f32x4.add(k, constant(36)), 23);
  return f32x4.div(constant(32), f32x4.add(constant(32), f32x4.mul(p, scale)));
}

/** Four decisions: bits 0–3 whether a unit is on, bits 4–7 whether that is sure. */
// @ts-ignore: decorator
@inline
function decideRoughly(inputs: usize, words: usize, margins: usize): u32 {
  const uniform = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(words), 8)), constant(40));
  const difference = f32x4.sub(roughSigmoid(v128.load(inputs)), uniform);
  const on = <u32>i32x4.bitmask(f32x4.gt(difference, i32x4.splat(0)));
  return on | (<u32>i32x4.bitmask(f32x4.gt(f32x4.abs(difference), v128.load(margins))) << 4);
}

/** Sixteen rough inputs of a row become those of a tempered model. */
// @ts-ignore: decorator
@inline
function temperLine(line: usize, inverseTemperature: f64, base: usize): void {
  const scale = f32x4.splat(<f32>inverseTemperature);
  const rest = f32x4.splat(<f32>(1.0 - inverseTemperature));
  for (let offset: usize = 0; offset < 64; offset += 16) {
    const scaled = f32x4.mul(scale, v128.load(line + offset));
    v128.store(line + offset, f32x4.add(f32x4.mul(rest, v128.load(base + offset)), scaled));
  }
}

/** The exact input of one unit, in the order of ../../kernels.ts. */
function exactInput(
  isVisible: bool, weights: usize, panelStride: usize, bias: f64, list: usize, unit: i32,
): f64 {
  let total = bias;
  const end = list + listHeader + (<usize>load<u32>(list) << 2);
  for (let entry = list + listHeader; entry < end; entry += 4) {
    const line = load<u32>(entry);
    let given = (line >> 10) << 2;
    let pattern = (line >> 6) & 15;
    let sum: f64 = 0;
    let isFirst = true;
    for (; pattern != 0; pattern >>= 1, given++) {
      if (!(pattern & 1)) continue;
      const weight = isVisible ? weightAt(weights, panelStride, <u32>unit, given) : weightAt(weights, panelStride, given, <u32>unit);
      sum = isFirst ? weight : sum + weight;
      isFirst = false;
    }
    total += sum;
  }
  return total;
}

// @ts-ignore: decorator
@inline
function weightAt(weights: usize, panelStride: usize, visible: u32, hidden: u32): f64 {
  return load<f64>(weights + <usize>(hidden >> 3) * panelStride + (<usize>visible << 6) + (<usize>(hidden & 7) << 3));
}

/**
 * Draws the states of a layer given the other; the parts claim sixteen units at a time.
 *
 * A state depends on its input only through the comparison of its mean with a uniform. So inputs are first added up in
 * single precision, in any order, at half the cost; where the mean is farther from the uniform than all errors together,
 * the exact input would decide the same. Else (one in some thousands) it is computed.
 *
 * @param isVisible whether the layer drawn is the visible one
 * @param lists of the given layer's rows
 * @param used what they need, see `rowLists`
 * @param states receives rows of `statesStride` bytes
 * @param address see `fillWords`
 * @param inverseTemperatures of every row, or 0 where there is no tempering
 * @param base biases at inverse temperature 0, or 0 where they are 0
 * @param scratches for every part: a panel and a table in single precision, biases, margins, base biases, words, lines for all rows
 */
export function sampleLayer(
  isVisible: bool, weights: usize, panelStride: usize, biases: usize, givenUnits: i32, units: i32,
  lists: usize, listStride: usize, used: usize, usedStride: usize, rows: i32, states: usize, statesStride: usize, address: usize,
  inverseTemperatures: usize, base: usize, counter: usize, scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const sixteens = (units + 15) >> 4;
  const panel = scratches + <usize>part * scratchStride;
  const table = panel + (<usize>((givenUnits + 7) & ~7) << 6);
  const start = table + (<usize>((givenUnits + 3) >> 2) << 10);
  const margins = start + 64;
  const bases = margins + 64;
  const words = bases + 64;
  const lines = words + 128;
  for (let sixteen = claim(counter); sixteen < sixteens; sixteen = claim(counter)) {
    if (isVisible) singlePanel(weights, panelStride, sixteen, givenUnits, units, panel, margins);
    else singlePanelFromRows(weights, panelStride, sixteen, givenUnits, units, panel, margins);
    const mask = maskOf(sixteen, units);
    for (let unit: usize = 0; unit < 16; unit++) {
      const bias = (mask >> <u32>unit) & 1 ? load<f64>(biases + (<usize>sixteen << 7) + (unit << 3)) : 0;
      const baseBias = base != 0 && (mask >> <u32>unit) & 1 ? load<f64>(base + (<usize>sixteen << 7) + (unit << 3)) : 0;
      store<f32>(start + (unit << 2), <f32>bias);
      store<f32>(bases + (unit << 2), <f32>baseBias);
      // Every number has a relative error of 2^−24, every addition one more, tempering four; a sigmoid rises by ¼ at most.
      // 2^−16 is for the rough sigmoid and the 24 bits of the uniform.
      const size = <f64>load<f32>(margins + (unit << 2)) * (1.01 + <f64>givenUnits * 1.2e-7) + abs<f64>(bias) + abs<f64>(baseBias);
      store<f32>(margins + (unit << 2), <f32>(size * <f64>((givenUnits >> 2) + 12) * 1.6e-8 + 1.52587890625e-5));
    }
    buildUsedLines<f32>(panel, givenUnits, table, used, usedStride, parts);
    gather<f32>(table, start, lists, listStride, rows, lines);
    let target = states + (<usize>sixteen << 1);
    let line = lines;
    for (let row = 0; row < rows; row++) {
      const inverseTemperature = inverseTemperatures != 0 ? load<f64>(inverseTemperatures + (<usize>row << 3)) : 1.0;
      if (inverseTemperatures != 0) temperLine(line, inverseTemperature, bases);
      fillWords(address, sixteen, row, 0, words);
      const d0 = decideRoughly(line, words, margins);
      const d1 = decideRoughly(line + 16, words + 16, margins + 16);
      const d2 = decideRoughly(line + 32, words + 32, margins + 32);
      const d3 = decideRoughly(line + 48, words + 48, margins + 48);
      let bits = (d0 & 15) | ((d1 & 15) << 4) | ((d2 & 15) << 8) | ((d3 & 15) << 12);
      let open = ~((d0 >> 4) | (d1 & 0xf0) | ((d2 & 0xf0) << 4) | ((d3 & 0xf0) << 8)) & mask;
      bits &= mask & ~open;
      while (open != 0) {
        const unit = ctz(open);
        open &= open - 1;
        const number = (sixteen << 4) + <i32>unit;
        let input = exactInput(isVisible, weights, panelStride, load<f64>(biases + (<usize>number << 3)), lists + <usize>row * listStride, number);
        if (inverseTemperatures != 0) {
          input = inverseTemperature * input;
          if (base != 0) input = (1.0 - inverseTemperature) * load<f64>(base + (<usize>number << 3)) + input;
        }
        bits |= decide(sigmoid(input), words, unit, address, sixteen, row) << unit;
      }
      store<u16>(target, <u16>bits);
      line += 64;
      target += statesStride;
    }
  }
}

/** Decisions for two units from their means: on in bits 0–1, off in bits 16–17. */
// @ts-ignore: decorator
@inline
function decideTwo(means: usize, words: v128): u32 {
  const scaled = f64x2.mul(v128.load(means), f64x2.splat(wordRange));
  const on = <u32>i64x2.bitmask(f64x2.le(f64x2.add(words, f64x2.splat(1)), scaled));
  return on | (<u32>i64x2.bitmask(f64x2.ge(words, scaled)) << 16);
}

/** Decisions for eight units, as `decideTwo`. */
// @ts-ignore: decorator
@inline
function decideEight(means: usize, words: usize): u32 {
  const first = v128.load(words);
  const second = v128.load(words, 16);
  return decideTwo(means, f64x2.convert_low_i32x4_u(first))
    | (decideTwo(means + 16, f64x2.convert_low_i32x4_u(v128.shuffle<i64>(first, first, 1, 1))) << 2)
    | (decideTwo(means + 32, f64x2.convert_low_i32x4_u(second)) << 4)
    | (decideTwo(means + 48, f64x2.convert_low_i32x4_u(v128.shuffle<i64>(second, second, 1, 1))) << 6);
}

/**
 * Draws states of probability `means`, shared out among the parts.
 *
 * @param means panels of `meansStride` bytes, a line for every row
 * @param states receives rows of `statesStride` bytes
 * @param address see `fillWords`
 * @param scratches 128 bytes for every part
 */
export function sampleBernoulli(
  means: usize, meansStride: usize, units: i32, rows: i32, states: usize, statesStride: usize, address: usize,
  scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const sixteens = (units + 15) >> 4;
  const last = (sixteens * (part + 1)) / parts;
  const words = scratches + <usize>part * scratchStride;
  for (let sixteen = (sixteens * part) / parts; sixteen < last; sixteen++) {
    const mask = maskOf(sixteen, units);
    const hasSecond = mask > 255;
    let line = means + <usize>(sixteen << 1) * meansStride;
    let target = states + (<usize>sixteen << 1);
    for (let row = 0; row < rows; row++) {
      fillWords(address, sixteen, row, 0, words);
      let decisions = decideEight(line, words);
      if (hasSecond) decisions |= decideEight(line + meansStride, words + 32) << 8;
      let bits = decisions & mask;
      let open = ~(decisions | (decisions >> 16)) & mask;
      while (open != 0) {
        const unit = <usize>ctz(open);
        open &= open - 1;
        const mean = load<f64>(unit < 8 ? line + (unit << 3) : line + meansStride + ((unit - 8) << 3));
        bits |= decide(mean, words, unit, address, sixteen, row) << <u32>unit;
      }
      store<u16>(target, <u16>bits);
      line += 64;
      target += statesStride;
    }
  }
}
