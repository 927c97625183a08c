/**
 * Addressed uniforms, and Bernoulli draws from them.
 *
 * A 32-bit word r stands for the uniform's interval [r, r+1)·2⁻³². Where the interval does not decide u < p, the word
 * r' of a second block refines it to (r + (r' + ½)·2⁻³²)·2⁻³². So p = 0 is never drawn and p = 1 always, and the
 * probability of a draw is p to within 2⁻⁶⁵.
 */

import type { BinaryMatrix } from './binary-matrix.js';
import { philox4x32 } from './philox.js';
import { checkRowsAndUnits, counterWords, refinementBit, type RandomAddress } from './random-address.js';

const block = new Uint32Array(4);
const refinement = new Uint32Array(4);

/**
 * Draws row `row` of `states`: unit i is 1 with probability probabilities[start + i].
 *
 * @param address stream, update, step, layer, temperature
 * @param addressRow which row of the mini-batch, chain or dataset; < 2^32
 * @param probabilities in [0, 1]
 * @throws RangeError where the address overflows its fields
 */
export function sampleBernoulliRow(
  address: RandomAddress,
  addressRow: number,
  units: number,
  probabilities: Float64Array,
  start: number,
  states: BinaryMatrix,
  row: number,
): void {
  checkRowsAndUnits(addressRow, 1, units);
  const { k0, k1 } = address.key;
  const [c0, c1, c2] = counterWords(address);
  const { words, wordsPerRow } = states;
  const target = row * wordsPerRow;
  let bits = 0;
  for (let unit = 0; unit < units; unit += 4) {
    const counter = (c0 | (unit >>> 2)) >>> 0;
    philox4x32(counter, c1, c2, addressRow, k0, k1, block);
    const lanes = units - unit < 4 ? units - unit : 4;
    for (let lane = 0; lane < lanes; lane++) {
      const scaled = probabilities[start + unit + lane] * 4294967296;
      const word = block[lane];
      let isOn = word + 1 <= scaled;
      if (!isOn && !(word >= scaled)) {
        philox4x32(counter, (c1 | refinementBit) >>> 0, c2, addressRow, k0, k1, refinement);
        isOn = (refinement[lane] + 0.5) * 2.3283064365386963e-10 < scaled - word;
      }
      if (isOn) bits |= 1 << ((unit + lane) & 31);
    }
    if ((unit & 31) === 28 || unit + 4 >= units) {
      words[target + (unit >>> 5)] = bits;
      bits = 0;
    }
  }
}

/**
 * One uniform in (0, 1) with 52 bits: the first word above, the top 20 bits of the refinement word below, plus half of
 * the last place. For values that are not a comparison (normal variates by inverse CDF).
 *
 * @throws RangeError where the address overflows its fields
 */
export function uniform(address: RandomAddress, row: number, unit: number): number {
  checkRowsAndUnits(row, 1, unit + 1);
  const { k0, k1 } = address.key;
  const [c0, c1, c2] = counterWords(address);
  const counter = (c0 | (unit >>> 2)) >>> 0;
  philox4x32(counter, c1, c2, row, k0, k1, block);
  philox4x32(counter, (c1 | refinementBit) >>> 0, c2, row, k0, k1, refinement);
  return (block[unit & 3] * 1048576 + (refinement[unit & 3] >>> 12) + 0.5) * 2.220446049250313e-16;
}
