/**
 * What it costs to look at training: whole trainings through the command line with the diagnostics of the defaults, and with
 * the report, against the same training without; the digest must be the same.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { executable, measuredNode } from '../measured-node.js';
import { ratio } from '../rounds.js';
import { formatRatio, formatTable } from '../table.js';

const file = (name) => fileURLToPath(new URL(`../../configs/${name}`, import.meta.url));

/** Config and what is set beside it. */
const trainings = {
  'cd1-500.json': ['cd1-500.json'],
  'cd1-500.json with SML': ['cd1-500.json', '--set', 'training.algorithm=sml', '--set', 'training.chains=100', '--set', 'training.learningRate=0.01'],
  'sml.json, 4000 updates': ['sml.json', '--set', 'training.updates=4000'],
};

const without = ['--set', 'diagnostics.fit.every=never', '--set', 'diagnostics.mixing.every=never'];

/** What is looked at. */
const ways = { nothing: ['--no-report', ...without], diagnostics: ['--no-report'], report: without };

/** @param {import('../run.js').BenchContext} context */
export async function diagnostics({ options, folder, progress, warn }) {
  const raw = {};
  const rows = [];
  for (const [name, [config, ...set]] of Object.entries(trainings).filter(([key]) => key.includes(options.only))) {
    progress(`diagnostics: ${name}`);
    const measured = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
    const digests = new Set();
    // The first round fills the dataset's cache and the file system's, and is discarded.
    for (let round = -1; round < options.rounds; round++) {
      for (const [way, more] of Object.entries(ways)) {
        const run = join(folder, 'run');
        const args = [executable, '--config', file(config), '--output', run, '--force', '--quiet', '--threads', String(options.threads), ...set, ...more];
        const { cpuSeconds } = await measuredNode(args, folder);
        if (round >= 0) measured[way].push(cpuSeconds);
        digests.add(JSON.parse(readFileSync(join(run, 'result.json'), 'utf8')).digest);
      }
    }
    if (digests.size !== 1) warn(`${name}: the digest depends on what is looked at`);
    raw[name] = measured;
    rows.push([name, formatRatio(ratio(measured.diagnostics, measured.nothing)), formatRatio(ratio(measured.report, measured.nothing))]);
  }
  const title = `CPU time of whole trainings relative to the same without diagnostics and report: median (min–max) of ${options.rounds} interleaved rounds`;
  return { text: formatTable(title, ['training', 'with diagnostics', 'with the report'], rows), raw };
}
