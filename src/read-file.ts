/**
 * Reads whole files that the user named: regular files only, so that a pipe or a device can't make the tool wait or
 * read for ever.
 */

import { readFileSync, statSync } from 'node:fs';
import { printable, RbmError } from './errors.js';
import { fileError, type FileFailure } from './file-errors.js';

/**
 * The bytes of a file.
 *
 * @param failure how a failure is told
 * @throws RbmError of `failure.code` where there is no such file, it is not a regular one, or can't be read
 */
export function readWholeFile(path: string, failure: FileFailure): Uint8Array {
  const refuse = (what: string, hint: string): RbmError => new RbmError(failure.code, `${printable(path)}: ${what}`, { hint });
  let isFolder: boolean;
  let isRegular: boolean;
  try {
    const status = statSync(path);
    isFolder = status.isDirectory();
    isRegular = status.isFile();
  } catch (error) {
    throw fileError(error, path, failure);
  }
  if (isFolder) throw refuse('is a folder, not a file', 'Name the file itself.');
  if (!isRegular) throw refuse('is not a regular file (a pipe or device)', 'Write its content to a file first.');
  try {
    return readFileSync(path);
  } catch (error) {
    throw fileError(error, path, failure);
  }
}
