/**
 * "Did you mean": the valid word that a mistyped one most likely stands for.
 */

import { distance } from 'fastest-levenshtein';

/** Longer words are no typing mistakes, and comparing them takes time. */
const longestWord = 64;

/** The word without what writing habits change: `learning_rate`, `learning-rate` and `LearningRate` are one word. */
function bare(word: string): string {
  return word.toLowerCase().replaceAll(/[_\-\s]/g, '');
}

/** Whether two words differ at most in what writing habits change. */
export function isSameWord(first: string, second: string): boolean {
  return bare(first) === bare(second);
}

/**
 * The candidate closest to `word`, if it is close: the same but for case, hyphens and underscores, or at most two
 * fifths of its letters away (so that swapped letters are forgiven in `widht`, and nothing is close to `k`).
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > longestWord) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const length = Math.max(bare(word).length, bare(candidate).length);
    const steps = distance(bare(word), bare(candidate));
    if (steps <= 0.4 * length && steps < bestDistance) {
      best = candidate;
      bestDistance = steps;
    }
  }
  return best;
}
