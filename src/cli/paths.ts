/**
 * Paths as people write them.
 */

import { extname, relative } from 'node:path';
import { escapeUnprintable } from '../errors.js';

/** Whether a file is called like a config. */
export function isConfigName(file: string): boolean {
  return ['.json', '.jsonc', '.json5', '.yaml', '.yml'].includes(extname(file).toLowerCase());
}

/** A path as the user would write it. */
export function shortPath(path: string, workingDirectory: string): string {
  const short = relative(workingDirectory, path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

/** A word for a POSIX shell; where characters can't be printed, with the octal escapes of `$'…'`. */
export function shellWord(word: string): string {
  if (/^[A-Za-z0-9_./:=@%+-]+$/.test(word)) return word;
  if (escapeUnprintable(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
  const escaped = Array.from(word, (character) =>
    character === '\\' || character === "'" || escapeUnprintable(character) !== character ? Array.from(Buffer.from(character), octal).join('') : character,
  );
  return `$'${escaped.join('')}'`;
}
