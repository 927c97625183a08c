/**
 * Preloaded (`node --import`) into a command: on exit, writes to the file named by RBM_TEST_MEASURES which modules it has
 * loaded, ES modules and CommonJS, and on Linux its peak resident memory.
 *
 * Plain JavaScript, because Node.js 20 runs no TypeScript.
 */

import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const file = process.env.RBM_TEST_MEASURES;

/** Runs in the thread of the module loader. */
const hooks = `
import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  appendFileSync(${JSON.stringify(file)}, 'module ' + url + '\\n');
  return await next(url, context);
}`;

if (isMainThread) {
  if (process.env.RBM_TEST_MODULES) register(`data:text/javascript,${encodeURIComponent(hooks)}`);
  process.on('exit', () => {
    for (const path of Object.keys(createRequire(import.meta.url).cache)) appendFileSync(file, `module ${path}\n`);
    // ru_maxrss would be the parent's where that is larger; this is the process's own.
    if (process.platform === 'linux') appendFileSync(file, `peak ${/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]}\n`);
  });
}
