/**
 * What is at a path, and reading whole files that the user named: regular files only, so that a pipe or a device can't
 * make the tool wait or read for ever.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { isRbmError, printable, RbmError } from './errors.js';
import { fileError, systemCode, type FileFailure } from './file-errors.js';

/** Where the system says one of these, there is nothing at a path. */
const isNothing = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ERR_INVALID_ARG_VALUE']);

/**
 * What is at a path, links followed; undefined where nothing is. (Node.js's own existsSync takes a file that can't be
 * looked at for one that is not there, which is how files are overwritten.)
 *
 * @throws RbmError of `failure.code`, or 'runtime', where that can't be told
 */
export function kindAt(path: string, failure: FileFailure = { code: 'runtime' }): 'file' | 'folder' | 'other' | undefined {
  try {
    const status = statSync(path);
    return status.isFile() ? 'file' : status.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (isNothing.has(systemCode(error) ?? '')) return undefined;
    throw fileError(error, path, failure);
  }
}

/**
 * Names of what is in a folder; none where it is not there.
 *
 * @throws RbmError of `failure.code` where it is no folder, or can't be read
 */
export function namesIn(folder: string, failure: FileFailure): string[] {
  try {
    return kindAt(folder, failure) === undefined ? [] : readdirSync(folder);
  } catch (error) {
    throw isRbmError(error) ? error : fileError(error, folder, failure);
  }
}

/**
 * The bytes of a file.
 *
 * @param failure how a failure is told
 * @throws RbmError of `failure.code` where there is no such file, it is not a regular one, or can't be read
 */
export function readWholeFile(path: string, failure: FileFailure): Uint8Array {
  const refuse = (what: string, hint: string): RbmError => new RbmError(failure.code, `${printable(path)}: ${what}`, { hint });
  const kind = kindAt(path, failure);
  if (kind === 'folder') throw refuse('is a folder, not a file', 'Name the file itself.');
  if (kind === 'other') throw refuse('is not a regular file (a pipe or device)', 'Write its content to a file first.');
  try {
    return readFileSync(path);
  } catch (error) {
    throw fileError(error, path, failure);
  }
}
