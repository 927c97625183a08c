/**
 * Weights in single precision, for decisions that only need bounds: panels of 16 columns, with the sizes Σ |weight| that
 * bound the errors of sums over them.
 */

// @ts-ignore: decorator
@inline
function addSize(sizes: usize, values: v128): void {
  v128.store(sizes, f32x4.add(v128.load(sizes), f32x4.abs(values)));
}

// @ts-ignore: decorator
@inline
function clearSizes(sizes: usize): void {
  for (let offset: usize = 0; offset < 64; offset += 8) store<u64>(sizes + offset, 0);
}

/** Two pairs of doubles as four singles: [a0, b0, a1, b1]. */
// @ts-ignore: decorator
@inline
function interleaved(a: usize, b: usize): v128 {
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(v128.load(a)), f32x4.demote_f64x2_zero(v128.load(b)), 0, 4, 1, 5);
}

/**
 * Sixteen visible units (from 16·sixteen on) as columns, a line for every hidden unit; `sizes` receives their Σ |weight|.
 */
export function singlePanel(weights: usize, panelStride: usize, sixteen: i32, hiddenUnits: i32, visibleUnits: i32, target: usize, sizes: usize): void {
  clearSizes(sizes);
  let source = weights + (<usize>sixteen << 10);
  // W's rows are padded to a multiple of 8 only.
  const end: usize = (sixteen << 4) + 8 < visibleUnits ? 1024 : 512;
  if (end < 1024) memory.fill(target, 0, <usize>hiddenUnits << 6);
  for (let unit = 0; unit < hiddenUnits; unit += 8) {
    for (let column: usize = 0; column < 64; column += 16) {
      const place = target + (column << 3);
      for (let row: usize = 0; row < end; row += 256) {
        const from = source + row + column;
        const upper = interleaved(from, from + 64);
        const lower = interleaved(from + 128, from + 192);
        const first = v128.shuffle<i64>(upper, lower, 0, 2);
        const second = v128.shuffle<i64>(upper, lower, 1, 3);
        v128.store(place + (row >> 4), first);
        v128.store(place + (row >> 4), second, 64);
        v128.store(sizes + (row >> 4), f32x4.add(v128.load(sizes + (row >> 4)), f32x4.add(f32x4.abs(first), f32x4.abs(second))));
      }
    }
    source += panelStride;
    target += 512;
  }
}

/**
 * Sixteen hidden units (from 16·sixteen on) as columns, a line for every visible unit; `sizes` receives their Σ |weight|.
 */
export function singlePanelFromRows(weights: usize, panelStride: usize, sixteen: i32, visibleUnits: i32, hiddenUnits: i32, target: usize, sizes: usize): void {
  clearSizes(sizes);
  const source = weights + <usize>(sixteen << 1) * panelStride;
  const panels: usize = (sixteen << 4) + 8 < hiddenUnits ? 2 : 1;
  if (panels < 2) memory.fill(target, 0, <usize>visibleUnits << 6);
  for (let panel: usize = 0; panel < panels; panel++) {
    for (let half: usize = 0; half < 32; half += 16) {
      const place = target + (panel << 5) + half;
      const size = sizes + (panel << 5) + half;
      for (let unit = 0; unit < visibleUnits; unit++) {
        const from = source + panel * panelStride + (<usize>unit << 6) + (half << 1);
        const values = v128.shuffle<i32>(f32x4.demote_f64x2_zero(v128.load(from)), f32x4.demote_f64x2_zero(v128.load(from, 16)), 0, 1, 4, 5);
        v128.store(place + (<usize>unit << 6), values);
        addSize(size, values);
      }
    }
  }
}
