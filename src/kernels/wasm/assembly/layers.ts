/**
 * One layer given the other: inputs or means of its units, panel by panel.
 */

import { claim } from './claim';
import { sigmoidOfLine } from './elementary';
import { buildUsedLines, gather } from './groups';

/**
 * 8 rows of visible units (from 8·panel on) of W become a panel of 8 columns, a line for every hidden unit.
 */
export function transposePanel(weights: usize, panelStride: usize, panel: i32, hiddenUnits: i32, target: usize): void {
  let source = weights + (<usize>panel << 9);
  for (let unit = 0; unit < hiddenUnits; unit += 8) {
    for (let column: usize = 0; column < 64; column += 16) {
      for (let row: usize = 0; row < 8; row += 2) {
        const above = v128.load(source + (row << 6) + column);
        const below = v128.load(source + (row << 6) + column + 64);
        const place = target + (column << 3) + (row << 3);
        v128.store(place, v128.shuffle<f64>(above, below, 0, 2));
        v128.store(place, v128.shuffle<f64>(above, below, 1, 3), 64);
      }
    }
    source += panelStride;
    target += 512;
  }
}

/** Sets the units of a line that don't exist to 0. */
// @ts-ignore: decorator
@inline
function clearPadding(line: usize, here: i32): void {
  for (let unit = here; unit < 8; unit++) store<f64>(line + (<usize>unit << 3), 0);
}

/** Turns inputs into means in place where these are wanted, for the rows of one panel, and clears the padding. */
export function finishLines(lines: usize, rows: i32, here: i32, areMeans: bool): void {
  for (let row = 0; row < rows; row++) {
    const line = lines + (<usize>row << 6);
    if (areMeans) sigmoidOfLine(line);
    if (here < 8) clearPadding(line, here);
  }
}

/**
 * Answers requests about one layer; the parts claim panels.
 *
 * Requests are records of 6 words: lists, list stride, rows, whether means are wanted (else inputs), the matrix that
 * receives them, bytes between its panels.
 *
 * @param weights panels of hidden units, a line for every visible unit
 * @param isVisible whether the layer asked about is the visible one
 * @param used what the requests' lists need, see `rowLists`
 * @param scratches for every part: a transposed panel, a table
 */
export function layer(
  isVisible: bool, weights: usize, panelStride: usize, biases: usize, givenUnits: i32, units: i32,
  requests: usize, count: i32, used: usize, usedStride: usize, counter: usize, scratches: usize, scratchStride: usize,
  part: i32, parts: i32,
): void {
  const panels = (units + 7) >> 3;
  const transposed = scratches + <usize>part * scratchStride;
  const table = transposed + (<usize>((givenUnits + 7) & ~7) << 6);
  for (let panel = claim(counter); panel < panels; panel = claim(counter)) {
    let source = weights + <usize>panel * panelStride;
    if (isVisible) {
      transposePanel(weights, panelStride, panel, givenUnits, transposed);
      source = transposed;
    }
    buildUsedLines<f64>(source, givenUnits, table, used, usedStride, parts);
    const here = min(8, units - (panel << 3));
    for (let index = 0; index < count; index++) {
      const request = requests + <usize>index * 24;
      const rows = <i32>load<u32>(request, 8);
      const areMeans = load<u32>(request, 12) != 0;
      const lines = <usize>load<u32>(request, 16) + <usize>panel * <usize>load<u32>(request, 20);
      gather<f64>(table, biases + (<usize>panel << 6), load<u32>(request), load<u32>(request, 4), rows, lines);
      if (areMeans || here < 8) finishLines(lines, rows, here, areMeans);
    }
  }
}

/** sigmoid of the first `rows` rows of a matrix, in place; panels shared out among the parts. */
export function bernoulliMeans(matrix: usize, stride: usize, columns: i32, rows: i32, part: i32, parts: i32): void {
  const panels = (columns + 7) >> 3;
  const last = (panels * (part + 1)) / parts;
  for (let panel = (panels * part) / parts; panel < last; panel++) {
    finishLines(matrix + <usize>panel * stride, rows, min(8, columns - (panel << 3)), true);
  }
}
