/** Random choices of a fuzzed case, the same for the same seed; and lies: fields of a file that say something else than is true. */

import seedrandom from 'seedrandom';

/** Integers at which sizes, counts and offsets go wrong. */
export const interestingIntegers = [
  0n, 1n, 2n, 3n, 7n, 8n, 63n, 64n, 127n, 128n, 255n, 256n, 32_767n, 32_768n, 65_535n, 65_536n, 1n << 24n, (1n << 31n) - 1n, 1n << 31n, (1n << 32n) - 1n,
  1n << 32n, (1n << 53n) - 1n, 1n << 53n, 1n << 60n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, -1n, -2n, -(1n << 31n),
];

/** Texts at which names go wrong: paths, NUL, terminal sequences, directions of writing, prototypes, what is no text at all. */
export const hostileTexts = [
  '', '.', '..', '../../etc/passwd', '/etc/passwd', 'C:\\x', 'a/b', 'nul\u0000byte', '\u001b[2J\u001b]0;owned\u0007', '\u009b31m', '\r\nrbm-train: fine', '\u202egnp.exe',
  '\u2028', '__proto__', 'constructor', 'toString', '__metadata__', '\ud800', 'ü€😀', "'", '"', '\\', '%s%n', 'x'.repeat(5000), 'NaN', '-0', '1e999', 'undefined',
];

/** Numbers that no parameter should be, beside some that it may. */
export const hostileNumbers = [NaN, Infinity, -Infinity, -0, 5e-324, 1.7976931348623157e308, -1, 2 ** 53, 0.5];

/** The choices of one case. */
export class Draw {
  #random;
  #liars;

  /** @param {string} seed @param {number} lies the probability that `lie` and `list` change what they are given */
  constructor(seed, lies = 0) {
    this.#random = seedrandom.alea(seed);
    this.#liars = lies;
  }

  /** Whether something of this probability happens. */
  chance(probability) {
    return this.#random() < probability;
  }

  /** A whole number from `minimum` to `maximum`, both possible. */
  integer(minimum, maximum) {
    return minimum + Math.floor(this.#random() * (maximum - minimum + 1));
  }

  /** One of a list. @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return list[this.integer(0, list.length - 1)];
  }

  /** Random bytes. */
  bytes(count) {
    return Buffer.from(Array.from({ length: count }, () => this.integer(0, 255)));
  }

  /** Numbers with few digits, so that any format can hold them. */
  numbers(count, minimum = -8, maximum = 8) {
    return Array.from({ length: count }, () => this.integer(minimum, maximum));
  }

  /** A name as people give it. */
  name() {
    return Array.from({ length: this.integer(1, 8) }, () => this.pick([...'abcdefgWbv_x1'])).join('').replace(/^1/, 'n');
  }

  /**
   * What a field of the file says: mostly the truth. A lie is of the same kind: an interesting integer, a hostile text.
   *
   * @template T @param {T} truth @param {readonly T[]} [lies] instead of those of its kind
   * @returns {T}
   */
  lie(truth, lies) {
    if (!this.chance(this.#liars)) return truth;
    if (lies !== undefined) return this.pick(lies);
    if (typeof truth === 'string') return /** @type {T} */ (this.pick(hostileTexts));
    if (typeof truth === 'bigint') return /** @type {T} */ (this.pick(interestingIntegers));
    if (this.chance(0.3)) return /** @type {T} */ (truth + this.integer(-2, 2));
    return /** @type {T} */ (Number(this.pick(interestingIntegers)));
  }

  /** A list of parts as the file has them: mostly all of them; else one is left out, is there twice, or stands elsewhere. @template T @param {readonly T[]} parts @returns {T[]} */
  list(parts) {
    const changed = [...parts];
    if (parts.length === 0 || !this.chance(this.#liars)) return changed;
    const [part] = changed.splice(this.integer(0, parts.length - 1), 1);
    const copies = this.integer(0, 2);
    for (let copy = 0; copy < copies; copy++) changed.splice(this.integer(0, changed.length), 0, part);
    return changed;
  }
}
