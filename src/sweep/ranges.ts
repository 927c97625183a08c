/**
 * Sets of task numbers as people and Slurm write them: `0-2,5`.
 */

/** Runs of consecutive numbers as [first, last], ascending; the numbers come ascending and once each. */
export function runsOf(numbers: readonly number[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

/** Ranges that messages name, where there are more. */
export const namedRanges = 20;

/**
 * Ascending numbers in words: `0-2,5`.
 *
 * @param most runs that are named, where there are more: `0-2,5,… (400 in all)`; all where left out
 */
export function rangesText(numbers: readonly number[], most = Infinity): string {
  const runs = runsOf(numbers);
  const words = runs.slice(0, most).map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
  return runs.length > most ? `${words.join(',')},… (${numbers.length} in all)` : words.join(',');
}
