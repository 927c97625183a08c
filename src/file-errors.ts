/**
 * Failures of the file system as messages that say which file, what could not be done, why, and what to do.
 */

import { messageOf, printable, RbmError, type ErrorCode } from './errors.js';

const checkPermissions = 'Check the permissions, or choose another place.';
const continueLater = 'Free some space; a run continues with --resume.';

/** Reason, and what to do where that does not depend on what the file was wanted for. */
const reasons: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  ENOENT: ['there is no such file'],
  ENOTDIR: ['there is no such file (a part of the path is not a folder)'],
  EISDIR: ['is a folder, not a file'],
  EACCES: ['permission denied', checkPermissions],
  EPERM: ['operation not permitted', checkPermissions],
  EROFS: ['the file system is read-only', 'Choose another place.'],
  ENOSPC: ['no space left on the device', continueLater],
  EDQUOT: ['the disk quota is used up', continueLater],
  EFBIG: ['the file would be larger than allowed', 'Raise the file-size limit (ulimit -f).'],
  EMFILE: ['too many open files', 'Raise the limit (ulimit -n).'],
  ENFILE: ['too many open files on this machine', 'Close some programs.'],
  ENAMETOOLONG: ['the name is too long'],
  EEXIST: ['a file of that name is in the way', 'Choose another place, or remove it.'],
  EIO: ['the device failed', 'Check the disk.'],
  ERR_FS_FILE_TOO_LARGE: ['has more than 2 GiB', 'Split it into several files, or pack it with gzip where that can be read.'],
  ERR_INVALID_ARG_VALUE: ['not a file name (it has a NUL character)'],
};

/** The system's code of an error (`ENOENT`), where it has one. */
export function systemCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** How a failure is told. */
export interface FileFailure {
  /** `usage` for files of the command line, `data` for data and models, `runtime` for what the tool itself writes. */
  readonly code: ErrorCode;
  /** What could not be done, such as `can't be written`; left out where the reason says it all. */
  readonly action?: string;
  /** What to do, where the reason itself does not tell. */
  readonly hint?: string;
}

/** A failure of the file system as `<path>: <action>: <reason>`. */
export function fileError(error: unknown, path: string, failure: FileFailure): RbmError {
  const system = systemCode(error) ?? '';
  const [reason, hint] = Object.hasOwn(reasons, system)
    ? reasons[system]
    : [`can't be used (${printable(messageOf(error))})`];
  const action = failure.action === undefined ? '' : `${failure.action}: `;
  return new RbmError(failure.code, `${printable(path)}: ${action}${reason}`, {
    hint: hint ?? failure.hint,
    cause: error,
  });
}
