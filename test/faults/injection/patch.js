/**
 * Makes calls of node:fs fail, those that concern files below one folder: preloaded with `node --import`, armed by `arm`
 * or by the environment variable RBM_FAULT (the same, as JSON).
 *
 * Only what the tool itself asks for is counted: Node.js loads modules by other ways. A call that fails is not made, except
 * that a file is closed.
 */

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, resolve, sep } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/**
 * @typedef {object} Injection
 * @property {string} below folder whose files are meant
 * @property {number} [at] number of the first call that fails, from 1; none where left out
 * @property {string} [code] what it fails with
 * @property {boolean} [lasting] all later calls that the code can come from fail, too
 * @property {boolean} [short] every read and every write does only a part of what it is asked for
 */

/** What a call does: each code comes from some of these. */
const kinds = {
  openSync: 'open',
  open: 'open',
  readdirSync: 'list',
  statSync: 'look',
  lstatSync: 'look',
  existsSync: 'look',
  realpathSync: 'look',
  readlinkSync: 'look',
  accessSync: 'look',
  mkdirSync: 'change',
  mkdtempSync: 'change',
  rmdirSync: 'change',
  rmSync: 'change',
  unlinkSync: 'change',
  renameSync: 'change',
  readSync: 'read',
  read: 'read',
  fstatSync: 'read',
  stat: 'read',
  writeSync: 'write',
  write: 'write',
  fsyncSync: 'write',
  sync: 'write',
  closeSync: 'close',
  close: 'close',
};

const onPath = ['open', 'list', 'look', 'change', 'create'];

/** The kinds of calls that a code can come from. */
const kindsOf = {
  EIO: [...onPath, 'read', 'write', 'close'],
  ESTALE: [...onPath, 'read', 'write', 'close'],
  ETIMEDOUT: [...onPath, 'read', 'write', 'close'],
  ENOSPC: ['create', 'change', 'write', 'close'],
  EDQUOT: ['create', 'change', 'write', 'close'],
  EMFILE: ['open', 'create', 'list'],
  ENFILE: ['open', 'create', 'list'],
  EACCES: onPath,
  EROFS: ['create', 'change'],
};

/** The codes that can be injected. */
export const codes = Object.keys(kindsOf);

/** Whether a call, as `calls` lists it, can fail with this code. */
export function canFail({ kind }, code) {
  return kindsOf[code].includes(kind);
}

/** @type {Injection | undefined} */
let injection;
/** @type {{kind: string, name: string}[]} */
let calls = [];
const paths = new Map();

/** Starts to count, and to fail as asked. @param {Injection | undefined} next */
export function arm(next) {
  injection = next;
  calls = [];
}

/** The calls since `arm`, in order. */
export function callsMade() {
  return calls;
}

function isMeant(path) {
  return injection !== undefined && typeof path === 'string' && `${resolve(path)}${sep}`.startsWith(`${injection.below}${sep}`);
}

/** Counts a call; the error that it is to fail with. */
function failureOf(name, path, kind) {
  const call = { kind, name: `${name} ${basename(path).replace(/\.[^.]*\.\d+\.\d*\.tmp$/, '.tmp')}` };
  calls.push(call);
  const { at, code, lasting } = injection;
  const isDue = calls.length === at || (lasting === true && calls.length > at && canFail(call, code));
  if (!isDue) return undefined;
  return Object.assign(new Error(`${code}: injected, ${name} '${path}'`), { code, syscall: name, path });
}

/** As Node.js opens a file: whether that makes one. */
function kindOfOpen(flags) {
  return typeof flags === 'string' && /[wa]/.test(flags) ? 'create' : 'open';
}

/** Half of the length asked for, and never nothing where something is. */
function half(length) {
  return Math.ceil(length / 2);
}

function patchPathCalls() {
  for (const name of Object.keys(kinds).filter((other) => other.endsWith('Sync') && typeof fs[other] === 'function')) {
    const original = fs[name];
    fs[name] = (first, ...others) => {
      const path = typeof first === 'number' ? paths.get(first) : first;
      if (!isMeant(path)) return original(first, ...others);
      const kind = name === 'openSync' ? kindOfOpen(others[0]) : kinds[name];
      const failure = failureOf(name, path, kind);
      if (name === 'closeSync') {
        original(first);
        paths.delete(first);
      }
      if (failure !== undefined) {
        if (name === 'existsSync') return false;
        throw failure;
      }
      if (name === 'closeSync') return undefined;
      if (injection.short === true && (name === 'readSync' || name === 'writeSync')) return partly(original, first, others);
      const result = original(first, ...others);
      if (name === 'openSync') paths.set(result, path);
      return result;
    };
    Object.assign(fs[name], original);
  }
}

/** `readSync` and `writeSync` of (descriptor, buffer, offset, length, position), the last three optional. */
function partly(original, descriptor, [buffer, offset = 0, length = buffer.byteLength - offset, position = null]) {
  return original(descriptor, buffer, offset, half(length), position);
}

/** The one user of promises opens a file and reads it. */
function patchPromises() {
  const original = fs.promises.open;
  fs.promises.open = async (path, flags = 'r', ...others) => {
    if (!isMeant(path)) return await original(path, flags, ...others);
    const failure = failureOf('open', path, kindOfOpen(flags));
    if (failure !== undefined) throw failure;
    const handle = await original(path, flags, ...others);
    for (const name of ['read', 'write', 'stat', 'sync', 'close']) {
      const method = handle[name].bind(handle);
      handle[name] = async (...rest) => {
        const refused = isMeant(path) ? failureOf(name, path, kinds[name]) : undefined;
        if (name === 'close') await method();
        if (refused !== undefined) throw refused;
        if (name === 'close') return undefined;
        if (injection?.short !== true || name !== 'read') return await method(...rest);
        const [buffer, offset, length, position] = rest;
        return await method(buffer, offset, half(length), position);
      };
    }
    return handle;
  };
}

if (isMainThread) {
  patchPathCalls();
  patchPromises();
  syncBuiltinESMExports();
  if (process.env.RBM_FAULT !== undefined) arm(JSON.parse(process.env.RBM_FAULT));
}
