/**
 * Paths as people write them.
 */

import { extname, relative } from 'node:path';

/** Whether a file is called like a config. */
export function isConfigName(file: string): boolean {
  return ['.json', '.jsonc', '.json5', '.yaml', '.yml'].includes(extname(file).toLowerCase());
}

/** A path as the user would write it. */
export function shortPath(path: string, workingDirectory: string): string {
  const short = relative(workingDirectory, path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

/** A word for a POSIX shell. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
