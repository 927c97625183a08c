/**
 * Paths as people write them.
 */

import { relative } from 'node:path';

/** A path as the user would write it. */
export function shortPath(path: string, workingDirectory: string): string {
  const short = relative(workingDirectory, path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

/** A word for a POSIX shell. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
