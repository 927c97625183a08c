/**
 * Matrices from matrices, element by element. The lines of every panel are shared out among the parts; columns that a
 * matrix does not have stay 0.
 */

/** The first line of a part. */
// @ts-ignore: decorator
@inline
function firstLine(lines: i32, part: i32, parts: i32): usize {
  return <usize>(<i32>((<i64>lines * part) / parts));
}

/** See `Kernels.multiplyElements`. */
export function multiply(
  x: usize, xStride: usize, y: usize, yStride: usize, target: usize, targetStride: usize, lines: i32, panels: i32, part: i32, parts: i32,
): void {
  const begin = firstLine(lines, part, parts) << 6;
  const end = firstLine(lines, part + 1, parts) << 6;
  for (let panel = 0; panel < panels; panel++) {
    for (let offset = begin; offset < end; offset += 16) v128.store(target + offset, f64x2.mul(v128.load(x + offset), v128.load(y + offset)));
    x += xStride;
    y += yStride;
    target += targetStride;
  }
}

/** target = alpha·x + beta·y for tensors of `stride` bytes between panels; see `Kernels.combineModels`. */
export function combine(
  target: usize, alpha: f64, x: usize, beta: f64, y: usize, stride: usize, lines: i32, panels: i32, part: i32, parts: i32,
): void {
  const begin = firstLine(lines, part, parts) << 6;
  const end = firstLine(lines, part + 1, parts) << 6;
  const left = f64x2.splat(alpha);
  const right = f64x2.splat(beta);
  for (let panel: usize = 0; panel < <usize>panels; panel++) {
    for (let offset = panel * stride + begin; offset < panel * stride + end; offset += 16) {
      v128.store(target + offset, f64x2.add(f64x2.mul(left, v128.load(x + offset)), f64x2.mul(right, v128.load(y + offset))));
    }
  }
}

/**
 * See `Kernels.transformWeights`.
 *
 * @param rowFactors one for every line, 0 for none
 * @param columnFactors lines, 0 for none; 0 in columns that there are not
 * @param firstRows of the first term, 0 for none: one for every line
 * @param firstColumns its lines; likewise of the second term
 */
export function transform(
  source: usize, sourceStride: usize, target: usize, targetStride: usize, lines: i32, panels: i32, rowFactors: usize, columnFactors: usize,
  firstRows: usize, firstColumns: usize, secondRows: usize, secondColumns: usize, part: i32, parts: i32,
): void {
  const begin = firstLine(lines, part, parts);
  const end = firstLine(lines, part + 1, parts);
  for (let panel: usize = 0; panel < <usize>panels; panel++) {
    for (let line = begin; line < end; line++) {
      const row = line << 3;
      for (let column: usize = 0; column < 64; column += 16) {
        const offset = (line << 6) + column;
        const columns = (panel << 6) + column;
        let value = v128.load(source + offset);
        if (rowFactors != 0) value = f64x2.mul(value, v128.load64_splat(rowFactors + row));
        if (columnFactors != 0) value = f64x2.mul(value, v128.load(columnFactors + columns));
        if (firstRows != 0) value = f64x2.add(value, f64x2.mul(v128.load64_splat(firstRows + row), v128.load(firstColumns + columns)));
        if (secondRows != 0) value = f64x2.add(value, f64x2.mul(v128.load64_splat(secondRows + row), v128.load(secondColumns + columns)));
        v128.store(target + offset, value);
      }
    }
    source += sourceStride;
    target += targetStride;
  }
}
