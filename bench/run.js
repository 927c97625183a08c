/**
 * `npm run bench -- [suite …] [options]`: runs benchmarks and prints their tables. See bench/README.md.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { peerVersions } from './contenders.js';
import { describeMachine, formatMachine } from './machine.js';
import { ais } from './suites/ais.js';
import { algorithms } from './suites/algorithms.js';
import { diagnostics } from './suites/diagnostics.js';
import { training } from './suites/training.js';
import { threads } from './suites/threads.js';
import { logZ } from './suites/log-z.js';
import { load } from './suites/load.js';
import { scaling } from './suites/scaling.js';
import { startup } from './suites/startup.js';
import { memory } from './suites/memory.js';

/**
 * @typedef {object} BenchContext
 * @property {{rounds: number, seconds: number, threads: number, large: boolean, only: string, output: string}} options
 * @property {string} folder temporary, removed at the end
 * @property {Record<string, any> | undefined} versions of the peers
 * @property {(message: string) => void} warn
 * @property {(message: string) => void} progress
 */

/** @type {Record<string, (context: BenchContext) => Promise<{text: string, raw: unknown}>>} */
const suites = { training, algorithms, threads, 'log-z': logZ, ais, load, scaling, startup, memory, diagnostics };

const usage = `npm run bench -- [suite …] [options]

suites: ${Object.keys(suites).join(', ')}; all where none is named

  --quick          3 rounds of 0.2 s, for a first look
  --rounds N       rounds (default 7)
  --seconds S      CPU time of each run in a round (default 0.5)
  --threads N      threads of every contender in the training suite (default 1)
  --only TEXT      only the cases of the training and threads suites whose name contains TEXT
  --large          log-z: also 784×25, our backend alone
  --json FILE      all raw numbers
  --output FOLDER  folder of the plots (default bench/results)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    large: { type: 'boolean', default: false },
    json: { type: 'string' },
    output: { type: 'string', default: 'bench/results' },
    help: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !Object.hasOwn(suites, name));
if (values.help || unknown.length > 0) {
  process.stderr.write(`${unknown.length > 0 ? `no suite ${unknown.join(', ')}\n\n` : ''}${usage}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}
const options = {
  rounds: Number(values.rounds ?? (values.quick ? 3 : 7)),
  seconds: Number(values.seconds ?? (values.quick ? 0.2 : 0.5)),
  threads: Number(values.threads),
  large: values.large,
  only: values.only,
  output: values.output,
};
if (!(options.rounds >= 1 && options.seconds > 0 && options.threads >= 1)) {
  process.stderr.write('--rounds, --seconds and --threads must be positive numbers\n');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'rbm-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
const print = (text) => process.stdout.write(`${text}\n`);
const warn = (message) => process.stderr.write(`!!! ${message}\n`);
const progress = (message) => process.stderr.write(`… ${message}\n`);

const versions = await peerVersions();
const machine = describeMachine(versions);
print(formatMachine(machine));
print('CPU time counts all threads of a contender for exactly the work stated, start and set-up excluded. On a shared machine');
print('the CPU-time ratios within a run are what counts; wall-clock times need idle cores, absolute times move with the clock.\n');
if (versions === undefined || !versions.torch || !versions.sklearn) warn('some peers are missing (see above): their columns are left out');

const results = {};
for (const name of positionals.length > 0 ? positionals : Object.keys(suites)) {
  try {
    const { text, raw } = await suites[name]({ options, folder, versions, warn, progress });
    print(text);
    results[name] = raw;
  } catch (error) {
    warn(`${name} failed: ${error.stack}`);
    process.exitCode = 1;
  }
  // After every suite, so that a run that is stopped leaves what it has.
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, options, results }, undefined, 1)}\n`);
}
