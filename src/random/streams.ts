/**
 * Named random streams: the seed string of the config and a stream's name become a key, or a host-side generator.
 *
 * Two names give unrelated streams; a stream depends on nothing else that has been drawn. Seeds are always strings:
 * integer seeds give correlated streams in several of seedrandom's generators.
 */

import seedrandom from 'seedrandom';

/** Key of a stream for the kernels' counter-based generator: two unsigned 32-bit words. */
export interface StreamKey {
  readonly k0: number;
  readonly k1: number;
}

/** A sequential generator for host-side needs (initial weights, shuffles). */
export interface HostRandom {
  /** A uniform in (0, 1) with 53 bits. */
  double(): number;
}

/** Seed and name in one string that no other pair shares. */
function streamSeed(seed: string, stream: string): string {
  return JSON.stringify([seed, stream]);
}

/** The key of the stream `stream` under the config's seed. */
export function streamKey(seed: string, stream: string): StreamKey {
  const generator = seedrandom.xor4096(streamSeed(seed, stream));
  return { k0: generator.int32() >>> 0, k1: generator.int32() >>> 0 };
}

/** A generator of its own for the stream `stream` under the config's seed. */
export function hostRandom(seed: string, stream: string): HostRandom {
  const generator = seedrandom.xor4096(streamSeed(seed, stream));
  return { double: () => generator.double() };
}

/**
 * A uniformly random permutation of 0 … count − 1 (Fisher–Yates, from the last place down).
 *
 * @param count < 2^32
 */
export function permutation(seed: string, stream: string, count: number): Uint32Array {
  const { double } = hostRandom(seed, stream);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let last = count - 1; last > 0; last--) {
    const chosen = Math.floor(double() * (last + 1));
    const value = order[last];
    order[last] = order[chosen];
    order[chosen] = value;
  }
  return order;
}
