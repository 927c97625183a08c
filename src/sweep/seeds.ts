/**
 * Seeds as people write them: ranges and single ones, `1-5` or `1,2,7`.
 *
 * Knows neither where the text stands nor how a mistake is told: that is the caller's.
 */

import { printable } from '../errors.js';

/**
 * The seeds of a text, in its order.
 *
 * @param most more seeds than this are refused
 * @param fail makes the error for what is wrong with the text
 * @throws what `fail` makes, where the text is no list of seeds, or one comes twice
 */
export function parseSeeds(text: string, most: number, fail: (what: string) => Error): string[] {
  const seeds = new Set<string>();
  const add = (seed: string): void => {
    if (seeds.has(seed)) throw fail(`seed ${printable(seed)} comes twice`);
    seeds.add(seed);
    if (seeds.size > most) throw fail(`more than ${most} seeds`);
  };
  for (const part of text.split(',')) {
    const range = /^\s*(\d{1,9})\s*-\s*(\d{1,9})\s*$/.exec(part);
    if (range === null) {
      const seed = part.trim();
      if (!/^[\w.]+$/.test(seed)) throw fail('not a list of seeds');
      add(seed);
      continue;
    }
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (first > last) throw fail(`${first} is larger than ${last}`);
    for (let seed = first; seed <= last; seed++) add(String(seed));
  }
  return [...seeds];
}
