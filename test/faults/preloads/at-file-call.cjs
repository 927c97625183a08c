/**
 * Counts the calls of the file system that change something below the folder FAULT_FOLDER, and does FAULT_DO at number
 * FAULT_CALL (from 0):
 *
 *     kill           ends the process by SIGKILL before the call
 *     kill half      lets a write write its first half, then as kill
 *     remove         removes the folder before the call
 *     rename         renames the folder to FAULT_AWAY before the call
 *     wait           waits before the call until the file FAULT_AWAY is there; says so by the file FAULT_AWAY.waiting
 *
 * At the end of the process, the calls are listed in the file FAULT_LOG, where that is given.
 */

const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const { FAULT_FOLDER: folder = '', FAULT_CALL: wanted, FAULT_DO: what = '', FAULT_AWAY: away = '', FAULT_LOG: log } = process.env;
const original = { ...fs };
const calls = [];
/** While the deed is done: Node.js's own functions call each other by their patched names. */
let isActing = false;
const names = new Map();

const deeds = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  'kill half'(name, [descriptor, bytes, start = 0]) {
    if (name !== 'writeSync') return;
    original.writeSync(descriptor, bytes, start, Math.floor((bytes.length - start) / 2));
    process.kill(process.pid, 'SIGKILL');
  },
  remove: () => original.rmSync(folder, { recursive: true, force: true }),
  rename: () => original.renameSync(folder, away),
  wait() {
    original.writeFileSync(`${away}.waiting`, '');
    while (!original.existsSync(away)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  },
};

/** Whether opening with these flags changes the file system. */
const isForWriting = (flags) => typeof flags === 'string' && /[wa+]/.test(flags);

function watch(name, isOurs) {
  fs[name] = (...values) => {
    const path = typeof values[0] === 'number' ? names.get(values[0]) : String(values[0]);
    if (path !== undefined && !isActing && path.startsWith(folder) && isOurs(values)) {
      isActing = true;
      if (String(calls.length) === wanted) deeds[what](name, values);
      isActing = false;
      calls.push(`${name} ${path.slice(folder.length)}`);
    }
    const result = original[name](...values);
    if (name === 'openSync' && isOurs(values)) names.set(result, path);
    return result;
  };
}

if (isMainThread && folder !== '') {
  watch('openSync', ([, flags]) => isForWriting(flags));
  for (const name of ['writeSync', 'fsyncSync', 'renameSync', 'unlinkSync', 'mkdirSync', 'rmdirSync', 'writeFileSync']) watch(name, () => true);
  require('node:module').syncBuiltinESMExports();
  if (log !== undefined) process.on('exit', () => original.writeFileSync(log, JSON.stringify(calls)));
}
