/**
 * Philox4x32-10, four neighbouring blocks at a time; see ../../philox.ts.
 */

/** The upper halves of four 64-bit products. */
// @ts-ignore: decorator
@inline
function upperProducts(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/** Their lower halves. */
// @ts-ignore: decorator
@inline
function lowerProducts(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}

/**
 * The blocks of counters (c0 … c0 + 3, c1, c2, c3): sixteen words from `result` on, block after block.
 */
export function philoxFour(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32, result: usize): void {
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  let x0 = i32x4.add(i32x4.splat(c0), i32x4(0, 1, 2, 3));
  let x1 = i32x4.splat(c1);
  let x2 = i32x4.splat(c2);
  let x3 = i32x4.splat(c3);
  for (let round = 0; round < 10; round++) {
    const low0 = i64x2.extmul_low_i32x4_u(x0, m0);
    const high0 = i64x2.extmul_high_i32x4_u(x0, m0);
    const low1 = i64x2.extmul_low_i32x4_u(x2, m1);
    const high1 = i64x2.extmul_high_i32x4_u(x2, m1);
    x0 = v128.xor(v128.xor(upperProducts(low1, high1), x1), i32x4.splat(k0));
    x1 = lowerProducts(low1, high1);
    x2 = v128.xor(v128.xor(upperProducts(low0, high0), x3), i32x4.splat(k1));
    x3 = lowerProducts(low0, high0);
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  // Word w of block b is in lane b of x_w: transposed.
  const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(result, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(result, v128.shuffle<i64>(low01, low23, 1, 3), 16);
  v128.store(result, v128.shuffle<i64>(high01, high23, 0, 2), 32);
  v128.store(result, v128.shuffle<i64>(high01, high23, 1, 3), 48);
}
