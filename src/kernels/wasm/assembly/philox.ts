/**
 * Philox4x32-10, two neighbouring blocks at a time; see ../../philox.ts.
 */

/**
 * The blocks of counters (c0, c1, c2, c3) and (c0 + 1, c1, c2, c3): eight words from `result` on.
 */
export function philoxPair(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32, result: usize): void {
  let x0: u64 = c0, x1: u64 = c1, x2: u64 = c2, x3: u64 = c3;
  let y0: u64 = c0 + 1, y1: u64 = c1, y2: u64 = c2, y3: u64 = c3;
  for (let round = 0; round < 10; round++) {
    const xp = x0 * 0xd2511f53;
    const xq = x2 * 0xcd9e8d57;
    const yp = y0 * 0xd2511f53;
    const yq = y2 * 0xcd9e8d57;
    x0 = (xq >> 32) ^ x1 ^ k0;
    x1 = xq & 0xffffffff;
    x2 = (xp >> 32) ^ x3 ^ k1;
    x3 = xp & 0xffffffff;
    y0 = (yq >> 32) ^ y1 ^ k0;
    y1 = yq & 0xffffffff;
    y2 = (yp >> 32) ^ y3 ^ k1;
    y3 = yp & 0xffffffff;
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  store<u64>(result, x0 | (x1 << 32));
  store<u64>(result, x2 | (x3 << 32), 8);
  store<u64>(result, y0 | (y1 << 32), 16);
  store<u64>(result, y2 | (y3 << 32), 24);
}
