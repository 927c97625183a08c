/**
 * `npm run test:long -- [--updates N] [--only TEXT] [--bounded]`: what grows in trainings of 10^5 updates (or N), as a table.
 * `--bounded`, for CI: one training of 80,000, and one with a leak, which must be noticed.
 */

import { parseArgs } from 'node:util';

import { longTrainings, measureLongRun } from './measure.js';

/** Bytes per update that are no leak: less than one number. Measured of 10^5 updates: 0.5 to 2, of 10^6 next to nothing. */
const limit = 4;

const { values } = parseArgs({
  options: { updates: { type: 'string', default: '100000' }, only: { type: 'string', default: '' }, bounded: { type: 'boolean', default: false } },
});

/** One row of the table. */
async function measured(name, options) {
  const result = await measureLongRun(longTrainings[name], options);
  const { bytesPerUpdate, rssBytesPerUpdate, files, threads, slowdown, microseconds } = result;
  const where = options.inject === undefined ? (options.terminal ? 'a terminal' : 'a file') : 'and leaking';
  const cells = [name.padEnd(20), where.padEnd(11), bytesPerUpdate.toFixed(2).padStart(12), rssBytesPerUpdate.toFixed(1).padStart(16), String(files).padStart(5), String(threads).padStart(7), slowdown.toFixed(2).padStart(17), microseconds.toFixed(0).padStart(13)];
  process.stdout.write(`${cells.join('  ')}\n`);
  return result;
}

const grows = ({ bytesPerUpdate, files, threads }) => bytesPerUpdate > limit || files > 0 || threads > 0;

process.stdout.write('training              progress to  bytes/update  RSS bytes/update  files  threads  CPU end/beginning  CPU µs/update\n');
if (values.bounded) {
  const clean = await measured('cd', { updates: 80_000 });
  const leaking = await measured('cd', { updates: 40_000, inject: new URL('leak.js', import.meta.url).href });
  // The compiler's tables still grow by 4 bytes per update within so few.
  if (grows(clean) || leaking.bytesPerUpdate < 3 * limit) process.exitCode = 1;
} else {
  for (const name of Object.keys(longTrainings).filter((other) => other.includes(values.only))) {
    for (const terminal of name.startsWith('sml') ? [false, true] : [false]) {
      if (grows(await measured(name, { updates: Number(values.updates), terminal }))) process.exitCode = 1;
    }
  }
}
