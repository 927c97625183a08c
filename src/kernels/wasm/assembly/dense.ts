/**
 * Inputs of one layer from real numbers of the other: a dense product, no unit left out.
 */

import { claim } from './claim';
import { finishLines, transposePanel } from './layers';

/** Σ value·weight of a whole group of four units, for two outputs. */
// @ts-ignore: decorator
@inline
export function groupOfFour(v0: v128, v1: v128, v2: v128, v3: v128, line: usize): v128 {
  let sum = f64x2.mul(v0, v128.load(line));
  sum = f64x2.add(sum, f64x2.mul(v1, v128.load(line, 64)));
  sum = f64x2.add(sum, f64x2.mul(v2, v128.load(line, 128)));
  return f64x2.add(sum, f64x2.mul(v3, v128.load(line, 192)));
}

/** As `groupOfFour`, of the last `units` < 4 units; their values are `stride` bytes apart. */
// @ts-ignore: decorator
@inline
export function smallGroup(values: usize, stride: usize, units: usize, line: usize): v128 {
  let sum = f64x2.mul(v128.load64_splat(values), v128.load(line));
  for (let unit: usize = 1; unit < units; unit++) {
    sum = f64x2.add(sum, f64x2.mul(v128.load64_splat(values + unit * stride), v128.load(line + (unit << 6))));
  }
  return sum;
}

/**
 * Inputs or means of the units of one layer, from real values of the other; the parts claim panels. See `addProducts` of
 * ../../reference/inputs.ts.
 *
 * @param isVisible whether the layer asked about is the visible one
 * @param values panels of the given layer, a line for every row
 * @param areMeans whether means are wanted, else inputs
 * @param scratches for every part: a transposed panel
 */
export function denseLayer(
  isVisible: bool, weights: usize, panelStride: usize, biases: usize, givenUnits: i32, units: i32,
  values: usize, valuesStride: usize, rows: i32, areMeans: bool, target: usize, targetStride: usize,
  counter: usize, scratches: usize, scratchStride: usize, part: i32, parts: i32,
): void {
  const panels = (units + 7) >> 3;
  const transposed = scratches + <usize>part * scratchStride;
  const whole = givenUnits & ~3;
  const left = <usize>(givenUnits & 3);
  for (let panel = claim(counter); panel < panels; panel = claim(counter)) {
    let source = weights + <usize>panel * panelStride;
    if (isVisible) {
      transposePanel(weights, panelStride, panel, givenUnits, transposed);
      source = transposed;
    }
    const bias = biases + (<usize>panel << 6);
    const lines = target + <usize>panel * targetStride;
    for (let row = 0; row < rows; row++) {
      let t0 = v128.load(bias);
      let t1 = v128.load(bias, 16);
      let t2 = v128.load(bias, 32);
      let t3 = v128.load(bias, 48);
      let line = source;
      // Two groups to a panel of values.
      let value = values + (<usize>row << 6);
      for (let unit = 0; unit < whole; unit += 4) {
        const v0 = v128.load64_splat(value);
        const v1 = v128.load64_splat(value, 8);
        const v2 = v128.load64_splat(value, 16);
        const v3 = v128.load64_splat(value, 24);
        t0 = f64x2.add(t0, groupOfFour(v0, v1, v2, v3, line));
        t1 = f64x2.add(t1, groupOfFour(v0, v1, v2, v3, line + 16));
        t2 = f64x2.add(t2, groupOfFour(v0, v1, v2, v3, line + 32));
        t3 = f64x2.add(t3, groupOfFour(v0, v1, v2, v3, line + 48));
        line += 256;
        value += unit & 4 ? valuesStride - 32 : 32;
      }
      if (left != 0) {
        t0 = f64x2.add(t0, smallGroup(value, 8, left, line));
        t1 = f64x2.add(t1, smallGroup(value, 8, left, line + 16));
        t2 = f64x2.add(t2, smallGroup(value, 8, left, line + 32));
        t3 = f64x2.add(t3, smallGroup(value, 8, left, line + 48));
      }
      const place = lines + (<usize>row << 6);
      v128.store(place, t0);
      v128.store(place, t1, 16);
      v128.store(place, t2, 32);
      v128.store(place, t3, 48);
    }
    const here = min(8, units - (panel << 3));
    if (areMeans || here < 8) finishLines(lines, rows, here, areMeans);
  }
}
