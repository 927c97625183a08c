/**
 * Free energies from the inputs of the hidden units; see ../../reference/free-energy.ts.
 */

import { softplus } from './elementary';

/** The 8 lanes of a canonical sum, combined; see ../../canonical-sum.ts. */
// @ts-ignore: decorator
@inline
export function sumOfLanes(lanes: usize): f64 {
  const s0 = load<f64>(lanes), s1 = load<f64>(lanes, 8), s2 = load<f64>(lanes, 16), s3 = load<f64>(lanes, 24);
  const s4 = load<f64>(lanes, 32), s5 = load<f64>(lanes, 40), s6 = load<f64>(lanes, 48), s7 = load<f64>(lanes, 56);
  return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
}

/** Adds `value` to lane `index & 7`. */
// @ts-ignore: decorator
@inline
export function addToLane(lanes: usize, index: i32, value: f64): void {
  const lane = lanes + (<usize>(index & 7) << 3);
  store<f64>(lane, load<f64>(lane) + value);
}

/** Sets the 8 lanes to +0. */
// @ts-ignore: decorator
@inline
export function clearLanes(lanes: usize): void {
  for (let offset: usize = 0; offset < 64; offset += 8) store<f64>(lanes + offset, 0);
}

/**
 * Free energies of `rows` rows, shared out among the parts.
 *
 * @param inputs panels of hidden inputs, a line for every row
 * @param words binary visible states
 * @param scratches 64 bytes for every part
 */
export function freeEnergies(
  inputs: usize, inputsStride: usize, hiddenUnits: i32, words: usize, wordsPerRow: i32, visibleBias: usize, rows: i32,
  energies: usize, scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const lanes = scratches + <usize>part * scratchStride;
  const last = <i32>((<i64>rows * (part + 1)) / parts);
  for (let row = <i32>((<i64>rows * part) / parts); row < last; row++) {
    clearLanes(lanes);
    for (let word = 0; word < wordsPerRow; word++) {
      let bits = load<u32>(words + ((<usize>row * <usize>wordsPerRow + <usize>word) << 2));
      while (bits != 0) {
        const unit = (word << 5) + <i32>ctz(bits);
        bits &= bits - 1;
        addToLane(lanes, unit, load<f64>(visibleBias + (<usize>unit << 3)));
      }
    }
    const biases = sumOfLanes(lanes);
    clearLanes(lanes);
    for (let unit = 0; unit < hiddenUnits; unit++) {
      const input = load<f64>(inputs + <usize>(unit >> 3) * inputsStride + (<usize>row << 6) + (<usize>(unit & 7) << 3));
      addToLane(lanes, unit, softplus(input));
    }
    store<f64>(energies + (<usize>row << 3), -biases - sumOfLanes(lanes));
  }
}
