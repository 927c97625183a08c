/**
 * Free energies from the inputs of the hidden units; see ../../reference/free-energy.ts.
 */

import { exp, expOfModerate, logOfNormal, softplus } from './elementary';
import { placeOf } from './panels';

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

/** The canonical sum of the values of a row's units that are on. */
function sumOfActive(row: usize, rowBytes: usize, values: usize, lanes: usize): f64 {
  clearLanes(lanes);
  for (let word = 0; word < <i32>(rowBytes >> 2); word++) {
    let bits = load<u32>(row + (<usize>word << 2));
    while (bits != 0) {
      const unit = (word << 5) + <i32>ctz(bits);
      bits &= bits - 1;
      addToLane(lanes, unit, load<f64>(values + (<usize>unit << 3)));
    }
  }
  return sumOfLanes(lanes);
}

/** ‖v − origin‖², the canonical sum, for a row of panels of real states. */
function squaredDistance(row: usize, stride: usize, units: i32, origin: usize, lanes: usize): f64 {
  clearLanes(lanes);
  for (let unit = 0; unit < units; unit++) {
    const distance = load<f64>(placeOf(row, stride, unit)) - load<f64>(origin + (<usize>unit << 3));
    addToLane(lanes, unit, distance * distance);
  }
  return sumOfLanes(lanes);
}

/** (v − origin)ᵀ(end − origin), the canonical sum. */
function projection(row: usize, stride: usize, units: i32, origin: usize, end: usize, lanes: usize): f64 {
  clearLanes(lanes);
  for (let unit = 0; unit < units; unit++) {
    const start = load<f64>(origin + (<usize>unit << 3));
    const distance = load<f64>(placeOf(row, stride, unit)) - start;
    addToLane(lanes, unit, distance * (load<f64>(end + (<usize>unit << 3)) - start));
  }
  return sumOfLanes(lanes);
}

/** ‖end − origin‖², the canonical sum. */
function squaredShift(units: i32, origin: usize, end: usize, lanes: usize): f64 {
  clearLanes(lanes);
  for (let unit: usize = 0; unit < <usize>units; unit++) {
    const shift = load<f64>(end + (unit << 3)) - load<f64>(origin + (unit << 3));
    addToLane(lanes, <i32>unit, shift * shift);
  }
  return sumOfLanes(lanes);
}

/**
 * Free energies of `rows` rows, shared out among the parts.
 *
 * @param inputs panels of hidden inputs, a line for every row
 * @param isReal whether the visible states are panels of real numbers, else words of bits
 * @param statesStride bytes between panels, or between rows of words
 * @param scratches 64 bytes for every part
 */
export function freeEnergies(
  inputs: usize, inputsStride: usize, hiddenUnits: i32, isReal: bool, states: usize, statesStride: usize, visibleUnits: i32,
  visibleBias: usize, rows: i32, energies: usize, scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const lanes = scratches + <usize>part * scratchStride;
  const last = <i32>((<i64>rows * (part + 1)) / parts);
  for (let row = <i32>((<i64>rows * part) / parts); row < last; row++) {
    const visible = isReal
      ? 0.5 * squaredDistance(states + (<usize>row << 6), statesStride, visibleUnits, visibleBias, lanes)
      : -sumOfActive(states + <usize>row * statesStride, statesStride, visibleBias, lanes);
    clearLanes(lanes);
    for (let unit = 0; unit < hiddenUnits; unit++) {
      const input = load<f64>(placeOf(inputs + (<usize>row << 6), inputsStride, unit));
      addToLane(lanes, unit, softplus(input));
    }
    store<f64>(energies + (<usize>row << 3), visible - sumOfLanes(lanes));
  }
}

/** As in the reference: units between logarithms, in panels. */
const panelsPerLogarithm = 512;

/** As in the reference: 1 + exp of less is 1. */
const smallestExponent: f64 = -690;

/** Two units of a whole panel: adds max(y, 0) to two sums, multiplies two products by 1 + exp(−|y|). */
// @ts-ignore: decorator
@inline
function softplusPair(inputs: usize, scale: v128, lanes: usize): void {
  const y = f64x2.mul(scale, v128.load(inputs));
  const e = expOfModerate(f64x2.pmax(f64x2.neg(f64x2.abs(y)), f64x2.splat(smallestExponent)));
  v128.store(lanes, f64x2.add(v128.load(lanes), f64x2.pmax(f64x2.splat(0), y)));
  v128.store(lanes, f64x2.mul(v128.load(lanes, 64), f64x2.add(f64x2.splat(1), e)), 64);
}

/** Σ softplus(scale · input) of one row; see `temperedSoftplusSum` of the reference. */
function temperedSoftplusSum(inputs: usize, inputsStride: usize, hiddenUnits: i32, scale: f64, lanes: usize): f64 {
  const products = lanes + 64;
  clearLanes(lanes);
  for (let offset: usize = 0; offset < 64; offset += 8) store<f64>(products + offset, 1);
  const panels = (hiddenUnits + 7) >> 3;
  const scales = f64x2.splat(scale);
  for (let first = 0; first < panels; first += panelsPerLogarithm) {
    const last = min(panels, first + panelsPerLogarithm);
    for (let panel = first; panel < last; panel++) {
      const line = inputs + <usize>panel * inputsStride;
      const here = hiddenUnits - (panel << 3);
      if (here >= 8) {
        softplusPair(line, scales, lanes);
        softplusPair(line + 16, scales, lanes + 16);
        softplusPair(line + 32, scales, lanes + 32);
        softplusPair(line + 48, scales, lanes + 48);
        continue;
      }
      for (let unit: usize = 0; unit < <usize>here; unit++) {
        const y = scale * load<f64>(line + (unit << 3));
        const exponent = -abs<f64>(y);
        addToLane(lanes, <i32>unit, y > 0 ? y : 0);
        const product = products + (unit << 3);
        store<f64>(product, load<f64>(product) * (1.0 + exp(exponent < smallestExponent ? smallestExponent : exponent)));
      }
    }
    for (let offset: usize = 0; offset < 64; offset += 8) {
      store<f64>(lanes + offset, load<f64>(lanes + offset) + logOfNormal(load<f64>(products + offset)));
      store<f64>(products + offset, 1);
    }
  }
  return sumOfLanes(lanes);
}

/**
 * Free energies of `rows` rows under `models` tempered models each, rows shared out among the parts.
 *
 * @param isReal whether the visible states are panels of real numbers, else words of bits
 * @param statesStride bytes between panels, or between rows of words
 * @param inverseTemperatures models × rows, as `energies`
 * @param scratches 128 bytes for every part
 */
export function temperedFreeEnergies(
  inputs: usize, inputsStride: usize, hiddenUnits: i32, isReal: bool, states: usize, statesStride: usize, visibleUnits: i32,
  visibleBias: usize, baseVisibleBias: usize, rows: i32, models: i32, inverseTemperatures: usize, energies: usize,
  scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const lanes = scratches + <usize>part * scratchStride;
  const s2 = isReal ? squaredShift(visibleUnits, baseVisibleBias, visibleBias, lanes) : 0;
  const last = <i32>((<i64>rows * (part + 1)) / parts);
  for (let row = <i32>((<i64>rows * part) / parts); row < last; row++) {
    // What the visible term is made of, whatever the temperature.
    let s0: f64, s1: f64;
    if (isReal) {
      const line = states + (<usize>row << 6);
      s0 = squaredDistance(line, statesStride, visibleUnits, baseVisibleBias, lanes);
      s1 = projection(line, statesStride, visibleUnits, baseVisibleBias, visibleBias, lanes);
    } else {
      const words = states + <usize>row * statesStride;
      s0 = sumOfActive(words, statesStride, baseVisibleBias, lanes);
      s1 = sumOfActive(words, statesStride, visibleBias, lanes);
    }
    for (let model = 0; model < models; model++) {
      const place = (<usize>model * <usize>rows + <usize>row) << 3;
      const scale = load<f64>(inverseTemperatures + place);
      const hidden = temperedSoftplusSum(inputs + (<usize>row << 6), inputsStride, hiddenUnits, scale, lanes);
      const visible = isReal ? 0.5 * (s0 - 2.0 * scale * s1 + scale * scale * s2) : -((1 - scale) * s0 + scale * s1);
      store<f64>(energies + place, visible - hidden);
    }
  }
}
