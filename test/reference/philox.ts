/**
 * Philox4x32-10 written from the paper's definition with BigInt: an oracle, slow, sharing no code with src/.
 *
 * One round on the counter (L0, R0, L1, R1 in the paper's naming of the 4-word variant):
 *     (hi, lo) of M0·x0 and of M1·x2;  x ← (hi1 ⊕ x1 ⊕ k0, lo1, hi0 ⊕ x3 ⊕ k1, lo0);  k ← k + Weyl constants.
 */

const mask = 0xffffffffn;
const multipliers = [0xd2511f53n, 0xcd9e8d57n] as const;
/** ⌊2^32 · (golden ratio − 1)⌋ and ⌊2^32 · (√3 − 1)⌋. */
const weyl = [0x9e3779b9n, 0xbb67ae85n] as const;

/** The four words for a counter of four and a key of two 32-bit words, least significant first. */
export function philox4x32(counter: readonly number[], key: readonly number[], rounds = 10): number[] {
  let x = counter.map(BigInt);
  let k = key.map(BigInt);
  for (let round = 0; round < rounds; round++) {
    const product0 = multipliers[0] * x[0];
    const product1 = multipliers[1] * x[2];
    x = [(product1 >> 32n) ^ x[1] ^ k[0], product1 & mask, (product0 >> 32n) ^ x[3] ^ k[1], product0 & mask];
    k = [(k[0] + weyl[0]) & mask, (k[1] + weyl[1]) & mask];
  }
  return x.map(Number);
}

/** What names a row of random numbers in rbm-train; its units are told apart by their index. */
export interface Address {
  readonly key: readonly [number, number];
  readonly update: number;
  readonly step: number;
  readonly layer: number;
  readonly temperature: number;
  readonly row: number;
}

/**
 * The 64-bit integer (first word above, refinement word below) of one unit, from the documented layout of the counter:
 * bits 0–23 unit / 4, 24–31 upper update, 32–47 step, 48–59 temperature, 60–62 layer, 63 refinement, 64–95 lower update,
 * 96–127 row.
 */
export function addressedWord(address: Address, unit: number): bigint {
  const update = BigInt(address.update);
  const counter =
    (BigInt(unit) >> 2n) |
    ((update >> 32n) << 24n) |
    (BigInt(address.step) << 32n) |
    (BigInt(address.temperature) << 48n) |
    (BigInt(address.layer) << 60n) |
    ((update & mask) << 64n) |
    (BigInt(address.row) << 96n);
  const word = (bits: bigint) => {
    const words = [0n, 32n, 64n, 96n].map((shift) => Number((bits >> shift) & mask));
    return BigInt(philox4x32(words, address.key)[unit & 3]);
  };
  return (word(counter) << 32n) | word(counter | (1n << 63n));
}
