/**
 * `npm run test:slurm -- [options]`: sweeps on a real Slurm, brought up on this machine for it. Prints a line for every check,
 * and ends at the first that fails. A scenario is a file in scenarios/ and a row in scenarios/index.js.
 *
 * Without Slurm it is skipped, loudly; with RBM_REQUIRE_SLURM=1 that is a failure.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Cluster, whyNoSlurm } from './cluster.js';
import { SlurmContext } from './context.js';
import { scenarios } from './scenarios/index.js';

const usage = `npm run test:slurm -- [options]

  --only TEXT    only the scenarios whose name contains TEXT
  --keep         leave the sweeps and Slurm's logs for inspection
`;

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const missing = whyNoSlurm();
if (missing !== undefined) {
  const isRequired = process.env.RBM_REQUIRE_SLURM === '1';
  process.stderr.write(`${isRequired ? 'FAILED' : 'SKIPPED'}: no sweep was tried on Slurm: ${missing}\n`);
  process.exit(isRequired ? 1 : 0);
}

const chosen = scenarios.filter(({ name }) => name.includes(values.only));
if (chosen.length === 0) {
  process.stderr.write(`no scenario has ${JSON.stringify(values.only)} in its name; there are: ${scenarios.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'rbm-train-slurm-'));
const cluster = new Cluster(join(folder, 'slurm'));
const context = new SlurmContext(folder, cluster);

let cleaning;

/** Ends what was started, once: a signal also ends what is being tried, which comes here, too. Slurm's daemons would outlive this process. */
function cleanUp() {
  return (cleaning ??= endAll());
}

async function endAll() {
  context.stop();
  await cluster.down(!values.keep);
  if (values.keep) process.stderr.write(`the sweeps are in ${folder}\n`);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    process.stderr.write(`ended by ${signal}\n`);
    await cleanUp();
    process.exit(1);
  });
}

const start = performance.now();
try {
  await cluster.up();
  for (const { name, run } of chosen) {
    process.stdout.write(`${name}\n`);
    await run(context);
  }
  process.stdout.write(`all ${context.checks} checks passed, in ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
} catch (error) {
  process.stderr.write(`FAILED: ${error.stack}\n`);
  context.tellMore();
  process.exitCode = 1;
} finally {
  await cleanUp();
}
