/**
 * Failures of the file system as messages that say what could not be done, why, and what to do.
 */

import { printable, RbmError, type ErrorCode } from './errors.js';

const reasons: Readonly<Record<string, [reason: string, hint: string]>> = {
  ENOENT: ['it does not exist', 'Check the path; relative paths start from the current folder.'],
  EISDIR: ['it is a folder, not a file', 'Name a file inside it.'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Check the path.'],
  EACCES: ['permission denied', 'Check the permissions, or choose another place.'],
  EPERM: ['operation not permitted', 'Check the permissions, or choose another place.'],
  EROFS: ['the file system is read-only', 'Choose another place.'],
  ENOSPC: ['no space left on the device', 'Free some space; then the same command with --resume continues.'],
  EDQUOT: ['the disk quota is used up', 'Free some space; then the same command with --resume continues.'],
  EFBIG: ['the file would be larger than allowed', 'Raise the file-size limit (ulimit -f).'],
  EMFILE: ['too many open files', 'Raise the limit (ulimit -n).'],
  ENAMETOOLONG: ['the name is too long', 'Choose a shorter one.'],
  EEXIST: ['a file of that name is in the way', 'Choose another place, or remove it.'],
  EIO: ['the device failed', 'Check the disk.'],
};

/** The system's code of an error (`ENOENT`), where it has one. */
export function systemCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/**
 * A failure of the file system as an RbmError.
 *
 * @param action what could not be done, such as `can't read`
 */
export function fileError(error: unknown, action: string, path: string, code: ErrorCode): RbmError {
  const system = systemCode(error) ?? '';
  const [reason, hint] = reasons[system] ?? [error instanceof Error ? printable(error.message) : String(error), undefined];
  return new RbmError(code, `${action} ${printable(path)}: ${reason}`, { hint, cause: error });
}
