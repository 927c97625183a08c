/**
 * Hamming distances of binary states from the nearest of some examples.
 *
 * Of all 2^n states by a sweep over the hypercube, of a few states by comparing packed words. Knows nothing of models.
 */

import type { BinaryMatrix } from '../kernels/index.js';
import type { Cooperation } from '../model/cooperation.js';

const { imul, min } = Math;

/** Comparisons of words between two looks at the clock: some ten milliseconds. */
const wordsTogether = 8_388_608;

/** Most units whose states can be numbered here: a byte for each of them is 16 MiB. */
export const mostUnitsOfAllStates = 24;

/** Number of bits that are 1 (H. S. Warren, "Hacker's Delight", figure 5-2). */
export function countOnes(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/**
 * The distance of every state of n units from the nearest example; unit i of state s is bit i of s.
 *
 * One pass for each unit: a state is at most one farther than the state with that unit flipped. The distance is a sum over units,
 * so that after the pass of unit i all paths that flip some of the units 0 … i are accounted for, and after n passes all of
 * them: n·2^n comparisons, whatever the number of examples.
 *
 * @param examples N × n, N ≥ 1, n ≤ {@link mostUnitsOfAllStates}
 * @returns 2^n distances
 * @throws whatever `cooperation.pause` throws
 */
export async function distancesOfAllStates(examples: BinaryMatrix, cooperation: Cooperation = {}): Promise<Uint8Array> {
  const { rows, columns: n, words, wordsPerRow } = examples;
  const states = 2 * (1 << (n - 1));
  const distances = new Uint8Array(states).fill(255);
  for (let row = 0; row < rows; row++) distances[words[row * wordsPerRow]] = 0;
  for (let unit = 0; unit < n; unit++) {
    const bit = 1 << unit;
    for (let first = 0; first < states; first += 2 * bit) {
      for (let off = first; off < first + bit; off++) {
        const on = off + bit;
        if (distances[off] + 1 < distances[on]) distances[on] = distances[off] + 1;
        else if (distances[on] + 1 < distances[off]) distances[off] = distances[on] + 1;
      }
    }
    await cooperation.pause?.();
  }
  return distances;
}

/** Number of units that are on, of every row. */
function unitsOn({ rows, words, wordsPerRow }: BinaryMatrix): Uint32Array {
  const counts = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let word = row * wordsPerRow; word < (row + 1) * wordsPerRow; word++) counts[row] += countOnes(words[word]);
  }
  return counts;
}

/**
 * The distance of each of these states from the nearest example. Every state meets every example, but of an example that is
 * too far by the number of its units that are on, or by the words so far, no further word is read.
 *
 * @param states B × n
 * @param examples N × n, N ≥ 1
 * @returns B distances
 * @throws whatever `cooperation.pause` throws
 */
export async function nearestDistances(states: BinaryMatrix, examples: BinaryMatrix, cooperation: Cooperation = {}): Promise<Uint32Array> {
  const { columns: n, wordsPerRow, words: others } = examples;
  const { rows, words } = states;
  const onInExamples = unitsOn(examples);
  const onInStates = unitsOn(states);
  const nearest = new Uint32Array(rows).fill(n);
  const together = min(examples.rows, 1 + (wordsTogether / wordsPerRow >>> 0));
  for (let row = 0; row < rows; row++) {
    const on = onInStates[row];
    let best = n;
    for (let first = 0; first < examples.rows; first += together) {
      const end = min(examples.rows, first + together);
      for (let example = first; example < end && best > 0; example++) {
        const difference = on - onInExamples[example];
        let distance = difference < 0 ? -difference : difference;
        if (distance >= best) continue;
        distance = 0;
        for (let word = 0; word < wordsPerRow && distance < best; word++) {
          distance += countOnes(words[row * wordsPerRow + word] ^ others[example * wordsPerRow + word]);
        }
        if (distance < best) best = distance;
      }
      if (first + together < examples.rows || (row + 1) % (1 + (wordsTogether / (wordsPerRow * examples.rows) >>> 0)) === 0) {
        await cooperation.pause?.();
      }
    }
    nearest[row] = best;
  }
  return nearest;
}
