/**
 * Whole files or none: written to a temporary name in the same folder, flushed to disk, renamed.
 *
 * Two processes may write the same file at once: each has its own temporary name, and each rename is atomic. Temporary
 * files name their writer, so that those of processes provably dead can be collected and no others.
 */

import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { isRbmError, printable, RbmError } from '../errors.js';
import { fileError, systemCode, type FileFailure } from '../file-errors.js';
import { kindAt } from '../read-file.js';

/** When a process started, in the kernel's ticks; tells a reused process id from the old one. Linux only, else ''. */
function startTime(processId: number): string {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, 'utf8');
    // The name in parentheses may hold spaces; state and start time are the 1st and 20th fields behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : fields[19];
  } catch {
    return '';
  }
}

/** Text of one of the kernel's files or links, '' where there is none. */
function kernelText(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

/**
 * What process ids are counted within: this host, since its last boot, in this pid namespace. Two containers may share
 * the host's name and a volume, but a process of the one is not to be seen, and so not known dead, from the other.
 */
export const processSpace = describeProcessSpace();

function describeProcessSpace(): string {
  const boot = kernelText(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = kernelText(() => readlinkSync('/proc/self/ns/pid'));
  const mark = createHash('sha256').update(`${hostname()}\n${boot}\n${namespace}`).digest('hex').slice(0, 12);
  return `${hostname().replace(/[^A-Za-z0-9-]/g, '_')}-${mark}`;
}

/** The end of the name of everything temporary that this process makes; more letters may follow, as mkdtemp adds them. */
export const ownSuffix = `${processSpace}.${process.pid}.${startTime(process.pid)}.tmp`;
const temporaryName = /^\..+\.([A-Za-z0-9_-]+)\.(\d+)\.(\d*)\.tmp\w*$/;

/** Where the system says one of these, it does not flush folders here, or not for us, which does no harm. */
const isRefusal = new Set(['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM']);

/** Flushes a folder's entries. */
function flushFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (!isRefusal.has(systemCode(error) ?? '')) throw error;
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}

/** Makes a folder below `root`, which must be there, and those in between. */
function makeFolders(folder: string, root: string | undefined): void {
  if (folder === root || (existsSync(folder) && statSync(folder).isDirectory())) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolders(parent, root);
  try {
    mkdirSync(folder);
  } catch (error) {
    // A twin may have been faster.
    if (!(systemCode(error) === 'EEXIST' && statSync(folder).isDirectory())) throw error;
  }
}

/**
 * Makes a folder and those above it. (Node.js's own recursive mkdir never ends where a file system answers that the
 * parent of a folder to be made does not exist though it does, as /proc.)
 *
 * @param root a folder that must be there, and is not made
 * @throws RbmError 'runtime' where it can't be made
 */
export function makeFolder(folder: string, root?: string): void {
  try {
    makeFolders(folder, root);
  } catch (error) {
    throw fileError(error, folder, { code: 'runtime', action: "can't be made a folder", hint: 'Choose another place.' });
  }
}

/** Where a link leads, also to what is not there yet; the path itself where there is no link. */
function linkTarget(path: string): string {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EINVAL'].includes(systemCode(error) ?? '')) return path;
    throw error;
  }
}

/** The file to replace: what a link points to; a device or a pipe can't be replaced, and must not be. */
function replaceable(path: string): string {
  let kind: ReturnType<typeof kindAt>;
  try {
    kind = kindAt(path, cantBeWritten);
    if (kind === 'file') return realpathSync(path);
    if (kind === undefined) return linkTarget(path);
  } catch (error) {
    // Removed by a twin this very moment.
    if (systemCode(error) === 'ENOENT') return path;
    throw isRbmError(error) ? error : fileError(error, path, cantBeWritten);
  }
  const what = kind === 'folder' ? 'it is a folder' : 'it is not a regular file (a device or a pipe)';
  throw new RbmError('runtime', `${printable(path)}: can't be written: ${what}`, { hint: 'Choose another place, or remove it.' });
}

/** One try at writing a file. */
function writeOnce(path: string, temporary: string, content: FileContent): void {
  const descriptor = openSync(temporary, 'w');
  try {
    for (const piece of typeof content === 'string' || ArrayBuffer.isView(content) ? [content] : content) {
      writeAll(descriptor, typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}

const cantBeWritten: FileFailure = { code: 'runtime', action: "can't be written", hint: 'Choose another place.' };

/** Bytes or a text, whole or in pieces. */
export type FileContent = Uint8Array | string | Iterable<Uint8Array | string>;

/**
 * Writes a file so that its name only ever stands for the old or the new content.
 *
 * Removes what dead processes have left in the folder, too.
 *
 * @param root a folder that must be there: it and those above it are not made
 * @throws RbmError 'runtime' where the file system fails: the old content is there then, or the whole new one that may not
 * be on the disk yet
 */
export function writeFileAtomically(path: string, content: FileContent, root?: string): void {
  const target = replaceable(path);
  const folder = dirname(target);
  const temporary = join(folder, `.${basename(target)}.${ownSuffix}`);
  makeFolder(folder, root);
  collectTemporaryFiles(folder);
  try {
    writeOnce(target, temporary, content);
    flushFolder(folder);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made, or is gone already.
    }
    throw fileError(error, path, cantBeWritten);
  }
}

/** Removes a file; that it is gone already (a twin was faster) is as good. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(error, path, { code: 'runtime', action: "can't be removed" });
  }
}

function isProvablyDead(writerSpace: string, processId: number, started: string): boolean {
  if (writerSpace !== processSpace || processId === process.pid) return false;
  const now = startTime(processId);
  if (now !== '') return now === 'dead' || now !== started;
  return hasEnded(processId);
}

/** Whether there is certainly no process of that number on this machine; another one may have taken the number of one that ended. */
export function hasEnded(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}

/** Whether a name is that of something temporary whose maker was on this host and is dead. */
export function isLeftover(name: string): boolean {
  const match = temporaryName.exec(name);
  return match !== null && isProvablyDead(match[1], Number(match[2]), match[3]);
}

/** Removes the temporary files in `folder` whose writers were on this host and are dead, as far as that is possible. */
export function collectTemporaryFiles(folder: string): void {
  try {
    for (const name of readdirSync(folder)) if (isLeftover(name)) removeFile(join(folder, name));
  } catch {
    // They are in nobody's way; the next one may have more luck.
  }
}
