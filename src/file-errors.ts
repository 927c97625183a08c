/**
 * Failures of the file system as messages that say which file, what could not be done, why, and what to do.
 */

import { isRbmError, messageOf, printable, RbmError, type ErrorCode } from './errors.js';

const checkPermissions = 'Check the permissions, or choose another place.';
const continueLater = 'Free some space; a run continues with --resume.';
const tryAgain = 'Try again; a run continues with --resume.';

/** Reason, and what to do where that does not depend on what the file was wanted for. */
const reasons: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  ENOENT: ['there is no such file'],
  ENOTDIR: ['there is no such file (a part of the path is not a folder)'],
  EISDIR: ['is a folder, not a file'],
  EACCES: ['permission denied', checkPermissions],
  EPERM: ['operation not permitted', checkPermissions],
  EROFS: ['the file system is read-only', 'Choose another place.'],
  ENAMETOOLONG: ['the name is too long'],
  ELOOP: ['its links lead back to each other'],
  EEXIST: ['a file of that name is in the way', 'Choose another place, or remove it.'],
  ERR_FS_FILE_TOO_LARGE: ['has more than 2 GiB', 'Split it into several files, or pack it with gzip where that can be read.'],
  ERR_INVALID_ARG_VALUE: ['not a file name (it has a NUL character)'],
};

/** Reasons that say nothing of the file: the machine fails, whatever the file was wanted for. */
const machineReasons: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOSPC: ['no space left on the device', continueLater],
  EDQUOT: ['the disk quota is used up', continueLater],
  EFBIG: ['the file would be larger than allowed', 'Raise the file-size limit (ulimit -f); a run continues with --resume.'],
  EMFILE: ['too many open files', 'Raise the limit (ulimit -n).'],
  ENFILE: ['too many open files on this machine', 'Close some programs.'],
  ENOMEM: ['not enough memory', 'Close some programs.'],
  EIO: ['the device failed', 'Check the disk.'],
  ESTALE: ['the server has lost it (a stale handle)', tryAgain],
  ETIMEDOUT: ['the server did not answer', tryAgain],
  ENOTCONN: ['the file system is no longer there', tryAgain],
  EBUSY: ['something else is using it', tryAgain],
  EAGAIN: ['it is not ready', tryAgain],
  EINTR: ['it was interrupted', tryAgain],
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

/** A failure of the file system as `<path>: <action>: <reason>`; of the machine it is 'runtime', whatever `failure` says. */
export function fileError(error: unknown, path: string, failure: FileFailure): RbmError {
  const system = systemCode(error) ?? '';
  const isMachines = Object.hasOwn(machineReasons, system);
  const [reason, hint] = isMachines
    ? machineReasons[system]
    : Object.hasOwn(reasons, system)
      ? reasons[system]
      : [`can't be used (${printable(messageOf(error))})`];
  const action = failure.action === undefined ? '' : `${failure.action}: `;
  return new RbmError(isMachines ? 'runtime' : failure.code, `${printable(path)}: ${action}${reason}`, {
    hint: hint ?? failure.hint,
    cause: error,
  });
}

/** Whether an error is what {@link fileError} makes of a failure of the file system. */
export function isFileError(error: unknown): boolean {
  return isRbmError(error) && systemCode(error.cause) !== undefined;
}
