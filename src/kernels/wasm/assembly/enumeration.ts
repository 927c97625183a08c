/**
 * Sums over the states of the smaller layer; see ../../reference/enumeration.ts and ../../enumeration-plan.ts.
 */

import { exp, expOfModerate, expScaled, powerOfTwo, sigmoid, softplus } from './elementary';
import { addToLane, clearLanes, sumOfLanes } from './free-energy';

/** Blocks worked on together, so that a panel of the table serves all of them from the nearest cache. */
const blocksTogether = 16;

/**
 * Lists the outer units that are on in a block (or, from unit 0, in a state of the table), ascending: for each its row of
 * weights, its level, and where the log weight of that level is.
 *
 * @param plan see `enumerationBlocks`
 * @param list receives 16 bytes for each
 * @returns the end of the list
 */
function listUnits(plan: usize, block: i64, firstUnit: i32, list: usize): usize {
  const rowStride = <usize>load<u32>(plan, 4), outerBias = <usize>load<u32>(plan, 12);
  let row = <usize>load<u32>(plan) + <usize>firstUnit * rowStride;
  let levels = <usize>load<u32>(plan, 52) + (<usize>firstUnit << 2);
  let offsets = <usize>load<u32>(plan, 56) + (<usize>firstUnit << 2);
  let end = list;
  for (let rest = block; rest > 0; ) {
    const radix = <i64>load<u32>(levels) + 1;
    const level = <i32>(rest % radix);
    if (level > 0) {
      store<u32>(end, <u32>row);
      store<i32>(end, level, 4);
      store<u32>(end, <u32>(outerBias + (<usize>(<i32>load<u32>(offsets) + level - 1) << 3)), 8);
      end += 16;
    }
    rest /= radix;
    row += rowStride;
    levels += 4;
    offsets += 4;
  }
  return end;
}

/**
 * Factors of one block: exp of every inner unit's input from the units listed, kept to about 106 bits before the exp.
 *
 * @param list see `listUnits`; rows of an even number of units
 */
function blockFactors(list: usize, listEnd: usize, innerBias: usize, innerUnits: i32, factors: usize): void {
  const bytes = <usize>((innerUnits + 1) & ~1) << 3;
  for (let offset: usize = 0; offset < bytes; offset += 16) {
    let upper = v128.load(innerBias + offset);
    let lower = f64x2.splat(0);
    for (let entry = list; entry < listEnd; entry += 16) {
      const x = v128.load(<usize>load<u32>(entry) + offset);
      for (let level = load<i32>(entry, 4); level > 0; level--) {
        const total = f64x2.add(upper, x);
        const shifted = f64x2.sub(total, upper);
        lower = f64x2.add(lower, f64x2.add(f64x2.sub(upper, f64x2.sub(total, shifted)), f64x2.sub(x, shifted)));
        upper = total;
      }
    }
    const rounded = f64x2.add(upper, lower);
    lower = f64x2.add(f64x2.sub(upper, rounded), lower);
    let value: v128;
    if (i64x2.all_true(f64x2.lt(f64x2.abs(rounded), f64x2.splat(700)))) {
      value = expOfModerate(rounded);
    } else {
      value = f64x2.replace_lane(f64x2.splat(exp(f64x2.extract_lane(rounded, 0))), 1, exp(f64x2.extract_lane(rounded, 1)));
    }
    v128.store(factors + offset, f64x2.add(value, f64x2.mul(value, lower)));
  }
}

/** exp of the log weights of the units listed, scaled, at `result`. */
function blockWeight(list: usize, listEnd: usize, result: usize): void {
  let upper: f64 = 0;
  let lower: f64 = 0;
  for (let entry = list; entry < listEnd; entry += 16) {
    const x = load<f64>(<usize>load<u32>(entry, 8));
    const total = upper + x;
    const shifted = total - upper;
    lower += upper - (total - shifted) + (x - shifted);
    upper = total;
  }
  const rounded = upper + lower;
  expScaled(rounded, upper - rounded + lower, result);
}

// @ts-ignore: decorator
@inline
function exponentOf(p: v128): v128 {
  // The exponent's bits become the lowest of the mantissa of 2^52.
  const biased = v128.or(i64x2.shr_u(p, 52), i64x2.splat(0x4330000000000000));
  return f64x2.sub(biased, f64x2.splat(4503599627371519.0));
}

// @ts-ignore: decorator
@inline
function mantissaOf(p: v128): v128 {
  return v128.or(v128.and(p, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3ff0000000000000));
}

// @ts-ignore: decorator
@inline
function storeStates(p: v128, exponent: v128, offset: usize, stateMantissas: usize, stateExponents: usize, weight: usize, mantissas: usize, exponents: usize): void {
  const scaled = f64x2.mul(f64x2.mul(p, v128.load(stateMantissas + offset)), v128.load64_splat(weight));
  v128.store(mantissas + offset, scaled);
  v128.store(exponents + offset, f64x2.add(f64x2.add(exponent, v128.load(stateExponents + offset)), v128.load64_splat(weight, 8)));
}

/** p̃ of the 8 states of a table panel: Π (1 + factor · table), in ascending order of the inner units. */
function productPanel(
  table: usize, factors: usize, groupEnds: usize, groups: i32, offset: usize,
  stateMantissas: usize, stateExponents: usize, weight: usize, mantissas: usize, exponents: usize,
): void {
  const one = f64x2.splat(1);
  let p0 = one, p1 = one, p2 = one, p3 = one;
  let e0 = f64x2.splat(0), e1 = e0, e2 = e0, e3 = e0;
  let factor = factors;
  for (let group = 0; group < groups; group++) {
    const end = factors + (<usize>load<u32>(groupEnds + (<usize>group << 2)) << 3);
    while (factor < end) {
      const f = v128.load64_splat(factor);
      p0 = f64x2.mul(p0, f64x2.add(one, f64x2.mul(f, v128.load(table))));
      p1 = f64x2.mul(p1, f64x2.add(one, f64x2.mul(f, v128.load(table, 16))));
      p2 = f64x2.mul(p2, f64x2.add(one, f64x2.mul(f, v128.load(table, 32))));
      p3 = f64x2.mul(p3, f64x2.add(one, f64x2.mul(f, v128.load(table, 48))));
      factor += 8;
      table += 64;
    }
    e0 = f64x2.add(e0, exponentOf(p0)), p0 = mantissaOf(p0);
    e1 = f64x2.add(e1, exponentOf(p1)), p1 = mantissaOf(p1);
    e2 = f64x2.add(e2, exponentOf(p2)), p2 = mantissaOf(p2);
    e3 = f64x2.add(e3, exponentOf(p3)), p3 = mantissaOf(p3);
  }
  storeStates(p0, e0, offset, stateMantissas, stateExponents, weight, mantissas, exponents);
  storeStates(p1, e1, offset + 16, stateMantissas, stateExponents, weight, mantissas, exponents);
  storeStates(p2, e2, offset + 32, stateMantissas, stateExponents, weight, mantissas, exponents);
  storeStates(p3, e3, offset + 48, stateMantissas, stateExponents, weight, mantissas, exponents);
}

/**
 * The table of a plan: exp of every inner unit's input from the lower units, and exp of their bias terms; panels shared
 * out among the parts.
 *
 * @param plan see `enumerationBlocks`
 * @param scratches for every part: a row of zeros, a row of factors, 2 numbers, and room for a list of all outer units
 */
export function enumerationTable(plan: usize, scratches: usize, scratchStride: usize, part: i32, parts: i32): void {
  const rowStride = <usize>load<u32>(plan, 4);
  const innerUnits = <i32>load<u32>(plan, 16);
  const table = <usize>load<u32>(plan, 24), tableStride = <usize>load<u32>(plan, 28);
  const stateMantissas = <usize>load<u32>(plan, 40), stateExponents = <usize>load<u32>(plan, 44);
  const zeros = scratches + <usize>part * scratchStride;
  const factors = zeros + rowStride;
  const scaled = factors + rowStride;
  const list = scaled + 16;
  memory.fill(zeros, 0, rowStride);
  const states = <i32>load<u32>(plan, 48);
  const panels = (states + 7) >> 3;
  const last = (panels * (part + 1)) / parts;
  for (let panel = (panels * part) / parts; panel < last; panel++) {
    const end = min(states, (panel + 1) << 3);
    for (let state = panel << 3; state < end; state++) {
      const listEnd = listUnits(plan, state, 0, list);
      blockFactors(list, listEnd, zeros, innerUnits, factors);
      let target = table + <usize>panel * tableStride + (<usize>(state & 7) << 3);
      for (let unit = 0; unit < innerUnits; unit++, target += 64) store<f64>(target, load<f64>(factors + (<usize>unit << 3)));
      blockWeight(list, listEnd, scaled);
      store<f64>(stateMantissas + (<usize>state << 3), load<f64>(scaled));
      store<f64>(stateExponents + (<usize>state << 3), load<f64>(scaled, 8));
    }
  }
}

/** See ../../scaled-sum.ts; mantissa to `mantissa`, exponent to `exponent`. */
function scaledSum(mantissas: usize, exponents: usize, states: i32, lanes: usize, mantissa: usize, exponent: usize): void {
  let largest = load<f64>(exponents);
  for (let state = 1; state < states; state++) {
    const candidate = load<f64>(exponents + (<usize>state << 3));
    if (candidate > largest) largest = candidate;
  }
  clearLanes(lanes);
  for (let state = 0; state < states; state++) {
    const shift = load<f64>(exponents + (<usize>state << 3)) - largest;
    const value = shift < -1022 ? 0.0 : load<f64>(mantissas + (<usize>state << 3)) * powerOfTwo(<i32>shift);
    addToLane(lanes, state, value);
  }
  store<f64>(mantissa, sumOfLanes(lanes));
  store<f64>(exponent, largest);
}

/**
 * Blocks of an enumeration in product form, shared out among the parts.
 *
 * @param plan a record: weights, row stride, inner bias, outer bias, inner units, block units, table (panels of 8 states,
 *   a line for every inner unit), table panel stride, group ends, groups, state mantissas, state exponents, states of a
 *   block, highest levels and places of the log weights of the outer units
 * @param mantissas receives `blocks` numbers
 * @param exponents receives `blocks` numbers
 * @param scratches for every part: 64 bytes, 2 numbers and the factors for each of `blocksTogether`,
 *   and their states' mantissas and exponents, then room for a list of all outer units
 */
export function enumerationBlocks(
  plan: usize, firstBlock: f64, blocks: i32, mantissas: usize, exponents: usize,
  scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const innerBias = <usize>load<u32>(plan, 8);
  const innerUnits = <i32>load<u32>(plan, 16), blockUnits = <i32>load<u32>(plan, 20);
  const table = <usize>load<u32>(plan, 24), tableStride = <usize>load<u32>(plan, 28);
  const groupEnds = <usize>load<u32>(plan, 32), groups = <i32>load<u32>(plan, 36);
  const stateMantissas = <usize>load<u32>(plan, 40), stateExponents = <usize>load<u32>(plan, 44);
  const states = <i32>load<u32>(plan, 48);
  const panels = (states + 7) >> 3;
  const factorBytes = <usize>((innerUnits + 1) & ~1) << 3;
  const stateBytes = <usize>panels << 6;

  const lanes = scratches + <usize>part * scratchStride;
  const blockWeights = lanes + 64;
  const factors = blockWeights + blocksTogether * 16;
  const ownMantissas = factors + <usize>blocksTogether * factorBytes;
  const ownExponents = ownMantissas + <usize>blocksTogether * stateBytes;
  const list = ownExponents + <usize>blocksTogether * stateBytes;
  const last = (blocks * (part + 1)) / parts;
  for (let first = (blocks * part) / parts; first < last; first += blocksTogether) {
    const count = min(blocksTogether, last - first);
    for (let index = 0; index < count; index++) {
      const block = <i64>firstBlock + <i64>(first + index);
      const listEnd = listUnits(plan, block, blockUnits, list);
      blockFactors(list, listEnd, innerBias, innerUnits, factors + <usize>index * factorBytes);
      blockWeight(list, listEnd, blockWeights + (<usize>index << 4));
    }
    for (let panel = 0; panel < panels; panel++) {
      for (let index: usize = 0; index < <usize>count; index++) {
        productPanel(
          table + <usize>panel * tableStride, factors + index * factorBytes, groupEnds, groups, <usize>panel << 6,
          stateMantissas, stateExponents, blockWeights + (index << 4),
          ownMantissas + index * stateBytes, ownExponents + index * stateBytes,
        );
      }
    }
    for (let index: usize = 0; index < <usize>count; index++) {
      const place = (<usize>first + index) << 3;
      scaledSum(ownMantissas + index * stateBytes, ownExponents + index * stateBytes, states, lanes, mantissas + place, exponents + place);
    }
  }
}

/**
 * Adds the expectations over a range of states; see `enumerationMoments` of the reference. Not shared out.
 *
 * @param weights rows of `rowStride` bytes, of an even number of units
 * @param scratch 64 bytes, then a row
 */
export function enumerationMoments(
  weights: usize, rowStride: usize, outerBias: usize, innerBias: usize, innerUnits: i32, logPartitionFunction: f64,
  firstState: f64, states: f64, outer: usize, inner: usize, products: usize, scratch: usize, part: i32, _parts: i32,
): void {
  if (part != 0) return;
  const lanes = scratch;
  const inputs = scratch + 64;
  const end = <i64>(firstState + states);
  for (let state = <i64>firstState; state < end; state++) {
    for (let offset: usize = 0; offset < rowStride; offset += 16) v128.store(inputs + offset, v128.load(innerBias + offset));
    clearLanes(lanes);
    let unit = 0;
    for (let rest = state; rest > 0; rest >>= 1, unit++) {
      if (!(rest & 1)) continue;
      addToLane(lanes, unit, load<f64>(outerBias + (<usize>unit << 3)));
      const row = weights + <usize>unit * rowStride;
      for (let offset: usize = 0; offset < rowStride; offset += 16) {
        v128.store(inputs + offset, f64x2.add(v128.load(inputs + offset), v128.load(row + offset)));
      }
    }
    const biases = sumOfLanes(lanes);
    clearLanes(lanes);
    for (let index = 0; index < innerUnits; index++) addToLane(lanes, index, softplus(load<f64>(inputs + (<usize>index << 3))));
    const probability = exp(biases + sumOfLanes(lanes) - logPartitionFunction);
    if (probability == 0) continue;
    for (let index = 0; index < innerUnits; index++) {
      const place = <usize>index << 3;
      const value = probability * sigmoid(load<f64>(inputs + place));
      store<f64>(inputs + place, value);
      store<f64>(inner + place, load<f64>(inner + place) + value);
    }
    unit = 0;
    for (let rest = state; rest > 0; rest >>= 1, unit++) {
      if (!(rest & 1)) continue;
      const place = outer + (<usize>unit << 3);
      store<f64>(place, load<f64>(place) + probability);
      const row = products + <usize>unit * rowStride;
      for (let offset: usize = 0; offset < rowStride; offset += 16) {
        v128.store(row + offset, f64x2.add(v128.load(row + offset), v128.load(inputs + offset)));
      }
    }
  }
}
