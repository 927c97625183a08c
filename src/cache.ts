/**
 * Files in the user's cache folder. They only save time: every failure, to read or to write, is silent, and what is
 * read must be checked by the caller.
 */

import { closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { writeFileAtomically } from './checkpoint/atomic-write.js';

/** `$XDG_CACHE_HOME/rbm-train`, `%LOCALAPPDATA%\rbm-train` or `~/.cache/rbm-train`. */
function cacheFolder(): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'rbm-train');
  if (process.platform === 'win32' && local !== undefined && isAbsolute(local)) return join(local, 'rbm-train');
  return join(homedir(), '.cache', 'rbm-train');
}

/**
 * The bytes of a file that may be missing or anything else.
 *
 * @param shortest bytes that it must have at least
 * @param longest bytes that it may have at most
 * @returns undefined where there is none of such a length, or it can't be read
 */
export function readSizedFile(path: string, shortest: number, longest: number): Uint8Array | undefined {
  try {
    // Before opening: to open a named pipe would wait for a writer.
    if (!statSync(path).isFile()) return undefined;
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      return size >= shortest && size <= longest ? readFileSync(file) : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** The bytes of a cached file, as {@link readSizedFile}. */
export function readCached(name: string, shortest: number, longest = shortest): Uint8Array | undefined {
  return readSizedFile(join(cacheFolder(), name), shortest, longest);
}

/** Writes a file to the cache, by atomic rename, so that readers see all of it or nothing. */
export function writeCached(name: string, bytes: Uint8Array): void {
  try {
    writeFileAtomically(join(cacheFolder(), name), bytes);
  } catch {
    // The cache is merely not there.
  }
}

/** Removes a file from the cache. */
export function removeCached(name: string): void {
  try {
    unlinkSync(join(cacheFolder(), name));
  } catch {
    // There is none, or it may not be removed: what is read is checked in any case.
  }
}

/**
 * Removes files from the cache that nobody has written for long.
 *
 * @param start of their names
 * @param days since they were written
 */
export function pruneCached(start: string, days: number): void {
  const oldest = Date.now() - days * 86_400_000;
  try {
    const folder = cacheFolder();
    for (const name of readdirSync(folder)) {
      if (name.startsWith(start) && statSync(join(folder, name)).mtimeMs < oldest) removeCached(name);
    }
  } catch {
    // There is no cache, or one that may not be read.
  }
}
