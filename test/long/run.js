/** `npm run test:long -- [options]`: what grows in long trainings, as a table. */

import { parseArgs } from 'node:util';

import { longTrainings, measureLongRun } from './measure.js';

const usage = `npm run test:long -- [options]

  --updates N    updates of each training (default 100000)
  --only TEXT    only the trainings whose name contains TEXT
  --bounded      for CI: one training of 320,000, and one with a leak, which must be noticed
`;

/** Bytes per update that are no leak: less than one number. Measured of 10^5 updates: 0.5 to 2, of 10^6 next to nothing. */
const limit = 4;

const { values } = parseArgs({
  options: {
    updates: { type: 'string', default: '100000' },
    only: { type: 'string', default: '' },
    bounded: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const chosen = Object.keys(longTrainings).filter((name) => name.includes(values.only));
const updates = Number(values.updates);
const problem =
  chosen.length === 0 ? `no training has ${JSON.stringify(values.only)} in its name; there are: ${Object.keys(longTrainings).join('; ')}`
  : !(Number.isInteger(updates) && updates > 0 && updates % 20 === 0) ? '--updates needs a multiple of 20: there are 20 evaluations on the way'
  : undefined;
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}

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
  // Evaluations with diagnostics are more code for the compiler: its tables grow by about 240 kB in the second half, however
  // long that is (80,000 updates: 4.9 and 6.9 bytes each; 320,000: 1.5).
  const clean = await measured('cd', { updates: 320_000 });
  const leaking = await measured('cd', { updates: 40_000, inject: new URL('leak.js', import.meta.url).href });
  // The compiler's tables still grow by 4 bytes per update within so few.
  if (grows(clean) || leaking.bytesPerUpdate < 3 * limit) process.exitCode = 1;
} else {
  for (const name of chosen) {
    for (const terminal of name.startsWith('sml') ? [false, true] : [false]) {
      if (grows(await measured(name, { updates, terminal }))) process.exitCode = 1;
    }
  }
}
