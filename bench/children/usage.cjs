/**
 * Preloaded (`node --require`) into a process that is measured from outside: on exit, writes its CPU time and its peak
 * resident memory to the file named by RBM_BENCH_USAGE. CommonJS, because it must not start the ES module loader in a
 * process that would not start it itself.
 */

'use strict';

const { readFileSync, writeFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

/**
 * Linux carries ru_maxrss over exec, so that a small child of a large parent would report the parent's; VmHWM is the
 * process's own.
 */
function peakBytes() {
  try {
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

if (isMainThread) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const usage = { cpuSeconds: (user + system) / 1e6, wallSeconds: performance.now() / 1e3, peakBytes: peakBytes() };
    writeFileSync(process.env.RBM_BENCH_USAGE, JSON.stringify(usage));
  });
}
