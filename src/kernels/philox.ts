/**
 * Philox4x32-10, a counter-based generator: 128 bits of counter and 64 bits of key to 128 random bits, no state.
 *
 * J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 * What the bits of counter and key mean is decided in `random-address.ts`, not here.
 */

const { imul } = Math;

/** Upper 32 bits of a·b for unsigned 32-bit a and b, by 16-bit halves. */
function multiplyUpper(a: number, b: number): number {
  const aLower = a & 0xffff;
  const aUpper = a >>> 16;
  const bLower = b & 0xffff;
  const bUpper = b >>> 16;
  const lower = aLower * bLower;
  const middle = aUpper * bLower + (lower >>> 16);
  const carry = aLower * bUpper + (middle & 0xffff);
  // Sums of a 32-bit product and a 16-bit number pass 2^32 nowhere, but may pass 2^31: >>> keeps them unsigned.
  return (aUpper * bUpper + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/**
 * One block of four 32-bit words.
 *
 * @param c0 … c3 the counter, c0 the least significant word
 * @param k0 k1 the key
 * @param block receives the four words, unsigned
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  block: Uint32Array,
): void {
  let x0 = c0;
  let x1 = c1;
  let x2 = c2;
  let x3 = c3;
  let key0 = k0;
  let key1 = k1;
  for (let round = 0; round < 10; round++) {
    const upper0 = multiplyUpper(0xd2511f53, x0);
    const lower0 = imul(0xd2511f53, x0);
    const upper1 = multiplyUpper(0xcd9e8d57, x2);
    const lower1 = imul(0xcd9e8d57, x2);
    x0 = upper1 ^ x1 ^ key0;
    x1 = lower1;
    x2 = upper0 ^ x3 ^ key1;
    x3 = lower0;
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  block[0] = x0;
  block[1] = x1;
  block[2] = x2;
  block[3] = x3;
}
