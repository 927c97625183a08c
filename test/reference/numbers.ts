/** Numbers for tests from a small generator of their own (a 32-bit xorshift), so that no test depends on src/random. */

const { imul } = Math;

/** `count` unsigned 32-bit integers. */
export function integers(count: number, seed: number): number[] {
  let state = (imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  return Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  });
}

/** `count` numbers in [0, 1) with 53 bits. */
export function uniforms(count: number, seed: number): number[] {
  const words = integers(2 * count, seed);
  return Array.from({ length: count }, (_, k) => ((words[2 * k] >>> 5) * 67108864 + (words[2 * k + 1] >>> 6)) / 2 ** 53);
}

/** `count` numbers around 0: about N(0, σ²) by the sum of twelve uniforms. */
export function normals(count: number, seed: number, standardDeviation = 1): number[] {
  const values = uniforms(12 * count, seed);
  return Array.from({ length: count }, (_, k) => {
    let sum = -6;
    for (let term = 0; term < 12; term++) sum += values[12 * k + term];
    return standardDeviation * sum;
  });
}
