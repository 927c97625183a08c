/**
 * Bernoulli draws: the decisions of ../../addressed-uniform.ts, eight units (one panel, one byte of states) at a time.
 */

import { sigmoid } from './elementary';
import { philoxPair } from './philox';

/** 2^32. */
const wordRange: f64 = 4294967296.0;

/** The exact decision for one unit: word r stands for [r, r + 1)·2⁻³², refined by a second block where that is open. */
function decide(mean: f64, words: usize, lane: usize, c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32, refinement: usize): u32 {
  const scaled = mean * wordRange;
  const word = <f64>load<u32>(words + (lane << 2));
  if (word + 1.0 <= scaled) return 1;
  if (word >= scaled) return 0;
  philoxPair(c0, c1 | 0x80000000, c2, c3, k0, k1, refinement);
  const finer = <f64>load<u32>(refinement + (lane << 2));
  return (finer + 0.5) * 2.3283064365386963e-10 < scaled - word ? 1 : 0;
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
  1.52587890625e-5, // 44: 2^−16, the margin
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

// @ts-ignore: decorator
@inline
function inSinglePrecision(inputs: usize): v128 {
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(v128.load(inputs)), f32x4.demote_f64x2_zero(v128.load(inputs, 16)), 0, 1, 4, 5);
}

/**
 * Decisions for four units from their inputs: where the rough sigmoid is farther from the uniform than the margin, which is
 * far more than the sigmoid and 24 bits of the uniform can be off, it
 * decides as the exact one would; the others (three in 100,000) are decided exactly.
 */
// @ts-ignore: decorator
@inline
function decideFour(inputs: usize, words: usize, c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32, refinement: usize): u32 {
  const uniform = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(words), 8)), constant(40));
  const difference = f32x4.sub(roughSigmoid(inSinglePrecision(inputs)), uniform);
  const on = <u32>i32x4.bitmask(f32x4.gt(difference, i32x4.splat(0)));
  const sure = <u32>i32x4.bitmask(f32x4.gt(f32x4.abs(difference), constant(44)));
  if (sure == 15) return on;
  let bits = on & sure;
  for (let lane: usize = 0; lane < 4; lane++) {
    if ((sure >> <u32>lane) & 1) continue;
    const mean = sigmoid(load<f64>(inputs + (lane << 3)));
    bits |= decide(mean, words, lane, c0, c1, c2, c3, k0, k1, refinement) << <u32>lane;
  }
  return bits;
}

/**
 * Draws one panel of states from its inputs.
 *
 * @param inputs `rows` lines
 * @param states the first row's byte of this panel
 * @param stride bytes between rows of states
 * @param mask the units of this panel that exist
 * @param scratch 64 bytes
 */
export function sampleFromInputs(
  inputs: usize, rows: i32, panel: u32, mask: u32, states: usize, stride: usize,
  firstRow: u32, c0: u32, c1: u32, c2: u32, k0: u32, k1: u32, scratch: usize,
): void {
  const counter = c0 | (panel << 1);
  for (let row = 0; row < rows; row++) {
    const c3 = firstRow + <u32>row;
    philoxPair(counter, c1, c2, c3, k0, k1, scratch);
    const lower = decideFour(inputs, scratch, counter, c1, c2, c3, k0, k1, scratch + 32);
    const upper = decideFour(inputs + 32, scratch + 16, counter + 1, c1, c2, c3, k0, k1, scratch + 32);
    store<u8>(states, <u8>((lower | (upper << 4)) & mask));
    inputs += 64;
    states += stride;
  }
}

/** Decisions for four units from their means. */
function decideFourFromMeans(means: usize, words: usize, c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32, refinement: usize): u32 {
  const all = v128.load(words);
  const w0 = f64x2.convert_low_i32x4_u(all);
  const w1 = f64x2.convert_low_i32x4_u(v128.shuffle<i64>(all, all, 1, 1));
  const s0 = f64x2.mul(v128.load(means), f64x2.splat(wordRange));
  const s1 = f64x2.mul(v128.load(means, 16), f64x2.splat(wordRange));
  const one = f64x2.splat(1);
  const on = <u32>i64x2.bitmask(f64x2.le(f64x2.add(w0, one), s0)) | (<u32>i64x2.bitmask(f64x2.le(f64x2.add(w1, one), s1)) << 2);
  const off = <u32>i64x2.bitmask(f64x2.ge(w0, s0)) | (<u32>i64x2.bitmask(f64x2.ge(w1, s1)) << 2);
  if ((on | off) == 15) return on;
  let bits = on;
  for (let lane: usize = 0; lane < 4; lane++) {
    if (((on | off) >> <u32>lane) & 1) continue;
    bits |= decide(load<f64>(means + (lane << 3)), words, lane, c0, c1, c2, c3, k0, k1, refinement) << <u32>lane;
  }
  return bits;
}

/**
 * Draws states of probability `means`, panels shared out among the parts.
 *
 * @param means panels of `meansStride` bytes, a line for every row
 * @param states rows of `statesStride` bytes
 */
export function sampleBernoulli(
  means: usize, meansStride: usize, units: i32, rows: i32, states: usize, statesStride: usize,
  firstRow: u32, c0: u32, c1: u32, c2: u32, k0: u32, k1: u32, scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const panels = (units + 7) >> 3;
  const scratch = scratches + <usize>part * scratchStride;
  const last = (panels * (part + 1)) / parts;
  for (let panel = (panels * part) / parts; panel < last; panel++) {
    const mask = maskOfPanel(panel, units);
    const counter = c0 | (<u32>panel << 1);
    let line = means + <usize>panel * meansStride;
    let target = states + <usize>panel;
    for (let row = 0; row < rows; row++) {
      const c3 = firstRow + <u32>row;
      philoxPair(counter, c1, c2, c3, k0, k1, scratch);
      const lower = decideFourFromMeans(line, scratch, counter, c1, c2, c3, k0, k1, scratch + 32);
      const upper = decideFourFromMeans(line + 32, scratch + 16, counter + 1, c1, c2, c3, k0, k1, scratch + 32);
      store<u8>(target, <u8>((lower | (upper << 4)) & mask));
      line += 64;
      target += statesStride;
    }
  }
}

/** Bits of the units of a panel that exist. */
export function maskOfPanel(panel: i32, units: i32): u32 {
  const here = units - (panel << 3);
  return here >= 8 ? 255 : (1 << <u32>here) - 1;
}
