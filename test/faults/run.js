/**
 * `npm run test:faults -- [options]`: does to real training processes what happens to them in batch jobs, and prints the
 * table of what they survived. A fault is a file in faults/ and a row in faults/index.js.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { FaultContext } from './context.js';
import { faults } from './faults/index.js';

const usage = `npm run test:faults -- [options]

  --bounded      few of each, for CI
  --only TEXT    only the faults whose name contains TEXT
  --seed TEXT    seed of the instants and places (default 1)
  --keep         leave the runs for inspection
`;

const { values } = parseArgs({
  options: {
    bounded: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const chosen = faults.filter(({ name }) => name.includes(values.only));
if (chosen.length === 0) {
  process.stderr.write(`no fault has ${JSON.stringify(values.only)} in its name; there are: ${faults.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}

/** The tries of a fault; one that fails to be tried at all counts as not survived. */
async function* attempts(fault, context) {
  try {
    yield* fault.run(context);
  } catch (error) {
    yield { what: 'the fault itself', failure: String(error.stack) };
  }
}

const folder = mkdtempSync(join(tmpdir(), 'rbm-train-faults-'));
const rows = [];
const failures = [];
try {
  for (const fault of chosen) {
    const context = new FaultContext(join(folder, String(rows.length)), { bounded: values.bounded, seed: `${values.seed} ${fault.name}` });
    let [tried, survived, skipped] = [0, 0, 0];
    const start = performance.now();
    const kinds = {};
    for await (const { what, failure, skip, kind } of attempts(fault, context)) {
      if (skip !== undefined) {
        skipped++;
        process.stderr.write(`SKIPPED ${fault.name}: ${what}: ${skip}\n`);
        continue;
      }
      tried++;
      if (kind !== undefined) kinds[kind] = (kinds[kind] ?? 0) + 1;
      if (failure === undefined) survived++;
      else {
        failures.push(`${fault.name}: ${what}: ${failure}`);
        process.stderr.write(`FAILED ${failures.at(-1)}\n`);
      }
    }
    const counts = Object.entries(kinds).map(([kind, count]) => `${kind} ${count}`);
    rows.push([fault.name, String(tried), String(survived), String(skipped), counts.join(', ')]);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    process.stderr.write(`${fault.name}: tried ${tried}, survived ${survived}, in ${seconds} s\n`);
    if (!values.keep) rmSync(context.folder, { recursive: true, force: true });
  }
} finally {
  if (values.keep) process.stderr.write(`the runs are in ${folder}\n`);
  else rmSync(folder, { recursive: true, force: true });
}

const header = ['fault', 'tried', 'survived', 'skipped', 'of these'];
const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
for (const row of [header, ...rows]) {
  process.stdout.write(`${row.map((cell, column) => (column % 4 === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd()}\n`);
}

// What is skipped (a machine that grants no mounts, say) stands in the table; what was neither tried nor skipped is a fault of ours.
const untried = rows.filter(([, tried, , skipped]) => tried === '0' && skipped === '0');
for (const [name] of untried) process.stderr.write(`FAILED ${name}: nothing was tried\n`);
if (failures.length > 0 || untried.length > 0) process.exitCode = 1;
