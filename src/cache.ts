/**
 * Files in the user's cache folder. They only save time: every failure, to read or to write, is silent, and what is
 * read must be checked by the caller.
 */

import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `$XDG_CACHE_HOME/rbm-train`, `%LOCALAPPDATA%\rbm-train` or `~/.cache/rbm-train`. */
function cacheFolder(): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'rbm-train');
  if (process.platform === 'win32' && local !== undefined && isAbsolute(local)) return join(local, 'rbm-train');
  return join(homedir(), '.cache', 'rbm-train');
}

/**
 * The bytes of a cached file.
 *
 * @param shortest bytes that it must have at least
 * @param longest bytes that it may have at most
 * @returns undefined where there is none of such a length, or it can't be read
 */
export function readCached(name: string, shortest: number, longest = shortest): Uint8Array | undefined {
  try {
    const path = join(cacheFolder(), name);
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

/** Writes a file to the cache, by atomic rename, so that readers see all of it or nothing. */
export function writeCached(name: string, bytes: Uint8Array): void {
  let temporary: string | undefined;
  try {
    const folder = cacheFolder();
    mkdirSync(folder, { recursive: true });
    temporary = join(folder, `.${name}.${hostname()}.${process.pid}`);
    writeFileSync(temporary, bytes);
    renameSync(temporary, join(folder, name));
  } catch {
    try {
      if (temporary !== undefined) unlinkSync(temporary);
    } catch {
      // Nothing was written, or nothing may be removed: either way the cache is merely not there.
    }
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
