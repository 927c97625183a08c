/**
 * What a phase says of the units on their own: ⟨v⟩ and ⟨h⟩, without the n × m products that `phaseStatistics` adds up.
 */

import { isBinaryMatrix, type Phase, type VisibleStates } from '../../kernels/index.js';

/** Means over one phase: of v (n) and of E[h | v] (m). */
export interface PhaseMeans {
  readonly visible: Float64Array;
  readonly hidden: Float64Array;
}

/** Σ over the first rows of a matrix, one after the other. */
function sumRows(matrix: { readRows(firstRow: number, target: Float64Array): void }, rows: number, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  const values = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    matrix.readRows(row, values);
    for (let column = 0; column < columns; column++) sums[column] += values[column];
  }
  return sums;
}

/** In how many of the first rows each unit is on; of real states, their sums. */
function sumStates(states: VisibleStates, rows: number): Float64Array {
  if (!isBinaryMatrix(states)) return sumRows(states, rows, states.columns);
  const { words, wordsPerRow, columns } = states;
  const counts = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let word = 0; word < wordsPerRow; word++) {
      // Most pixels are off: from one unit that is on to the next.
      for (let rest = words[row * wordsPerRow + word]; rest !== 0; rest &= rest - 1) counts[32 * word + 31 - Math.clz32(rest & -rest)]++;
    }
  }
  return counts;
}

/** ⟨v⟩ over the first rows, n. */
export function meanStates(states: VisibleStates, rows: number): Float64Array {
  return sumStates(states, rows).map((sum) => sum / rows);
}

/** The means of a phase, after the kernels have finished it: sums over rows ascending, divided by their number. */
export function phaseMeans(phase: Phase): PhaseMeans {
  if (phase.kind === 'expectation') return { visible: phase.moments.visible, hidden: phase.moments.hidden };
  const { visible, hiddenMeans, rows } = phase;
  return {
    visible: meanStates(visible, rows),
    hidden: sumRows(hiddenMeans, rows, hiddenMeans.columns).map((sum) => sum / rows),
  };
}
