/**
 * A Node process measured from outside: CPU time and peak memory from its start to its exit.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runOnce } from './child.js';

const usageScript = fileURLToPath(new URL('children/usage.cjs', import.meta.url));

/** rbm-train's executable. */
export const executable = fileURLToPath(new URL('../bin/rbm-train.js', import.meta.url));

/**
 * Runs `node <args>`.
 *
 * @param {string[]} args
 * @param {string} folder for the result and for rbm-train's cache
 * @returns {Promise<{cpuSeconds: number, wallSeconds: number, peakBytes: number}>}
 */
export async function measuredNode(args, folder) {
  const file = join(folder, 'usage.json');
  const environment = { RBM_BENCH_USAGE: file, XDG_CACHE_HOME: join(folder, 'cache') };
  await runOnce(process.execPath, ['--require', usageScript, ...args], environment);
  return JSON.parse(readFileSync(file, 'utf8'));
}
