/**
 * `node test/portability/run.js [options]`: trains what trainings.js lists, on whatever Node.js, flags and machine it is
 * started with, all in this process; prints `{ host, shipped, small, commands }` as JSON. `small` and `commands` have hashes of
 * files and output, too, which must be the same on all hosts but are not recorded: they change with what is evaluated.
 *
 * Compares nothing: that is done by digests.test.ts and scripts/check-portability.js. `--write` records.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { numericsVersion } from '../../dist/kernels/index.js';
import { runMain } from '../support/run-main.js';
import { files, shipped, smallTrainings, smallUpdates } from './trainings.js';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'wasm' },
    threads: { type: 'string', default: '1' },
    // none, short (the first updates) or full
    shipped: { type: 'string', default: 'none' },
    write: { type: 'boolean', default: false },
  },
});

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rbm-train-portability-')));
process.env.XDG_CACHE_HOME = join(folder, 'cache');
process.env.RBM_TRAIN_REPORT = 'never';
process.chdir(folder);
const execution = ['--backend', values.backend, '--threads', values.threads];

const command = (...args) => runMain(args, folder);

/** @returns what a command that must succeed prints on stdout */
async function succeed(...args) {
  const { code, stdout, stderr } = await command(...args);
  if (code !== 0) throw new Error(`rbm-train ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

const hashOf = (...contents) => contents.reduce((hash, content) => hash.update(content), createHash('sha256')).digest('hex');
const resultOf = (run) => JSON.parse(readFileSync(join(run, 'result.json'), 'utf8'));

/** The hash of all that a run leaves but when and where it was made. */
function filesOf(run) {
  const names = readdirSync(run, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !['config.json', 'execution.json'].includes(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .toSorted();
  return hashOf(...names.map((name) => readFileSync(name)));
}

async function trainShipped({ name, file, updates }) {
  const digests = {};
  for (const length of updates) {
    if (length === 'full' && values.shipped !== 'full') continue;
    const run = `shipped-${name.replaceAll('/', '-')}-${length}`;
    const shorter = length === 'full' ? [] : ['--set', `training.updates=${length}`];
    const quicker = ['--set', 'evaluation.every=never', '--set', 'evaluation.logLikelihood=never'];
    await succeed('--config', file, '--output', run, '--quiet', ...shorter, ...quicker, ...execution);
    digests[length] = resultOf(run).digest;
  }
  return digests;
}

/** Half the training, and then, from its checkpoint, the rest. */
async function trainSmall({ config }, id) {
  const run = `small-${id}`;
  writeFileSync(`${run}.json`, config);
  const first = await command('--config', `${run}.json`, '--output', run, '--quiet', '--set', `training.updates=${smallUpdates / 2}`, ...execution);
  if (first.code === 2) return { digest: 'refused' };
  if (first.code !== 0) throw new Error(`${config}ended with ${first.code}: ${first.stderr}`);
  await succeed('--resume', run, '--quiet', '--set', `training.updates=${smallUpdates}`, ...execution);
  return { digest: resultOf(run).digest, files: filesOf(run) };
}

/** What the other commands make of a run and of the files that they have written themselves. */
async function runCommands() {
  const config = "{ seed: 'c', data: { source: 'bars-and-stripes', height: 4, width: 4, validation: { count: 5 } }, model: { hiddenUnits: 6 }, training: { algorithm: 'cd', updates: 50, batchSize: 10 } }\n";
  writeFileSync('source.json', config);
  await succeed('--config', 'source.json', '--output', 'source', '--quiet', ...execution);
  const effort = ['--chains', '20', '--temperatures', '30', '--budget', '20000', '--json', '--quiet'];
  const outputs = {};
  for (const estimator of ['exact', 'two-sided', 'ais', 'reverse-ais', 'importance', 'tap3']) {
    const printed = await succeed('evaluate', 'source', '--estimator', estimator, ...effort);
    outputs[`evaluate --estimator ${estimator}`] = hashOf(printed.replaceAll(folder, ''));
  }
  for (const format of ['npy', 'csv', 'txt', 'png']) {
    await succeed('sample', 'source', '--count', '20', '--steps', '5', '--output', `sampled.${format}`, '--quiet');
    outputs[`sample to ${format}`] = hashOf(readFileSync(`sampled.${format}`));
  }
  await succeed('transform', 'source', '--output', 'features.npy', '--quiet');
  outputs.transform = hashOf(readFileSync('features.npy'));
  await succeed('export', 'source', '--npz', 'source.npz', '--quiet');
  outputs.export = hashOf(readFileSync('source.npz'));
  await succeed('export', 'source', '--csv', 'source.csv', '--quiet');
  outputs['export --csv'] = hashOf(readFileSync('source.csv'));
  await succeed('report', 'source', '--quiet');
  outputs.report = hashOf(readFileSync(join('source', 'report.html')));
  // Features as real data, in both byte orders; the exported model on sampled data.
  const swapped = readFileSync('features.npy');
  const start = 10 + swapped.readUInt16LE(8);
  swapped.subarray(start).swap64();
  swapped.write(swapped.toString('latin1', 0, start).replace("'<f8'", "'>f8'"), 0, 'latin1');
  writeFileSync('swapped.npy', swapped);
  const real = (path) => `{ data: { source: 'file', path: '${path}', values: 'real' }, model: { hiddenUnits: 3 }, training: { algorithm: 'cd', updates: 5, batchSize: 7, learningRate: 0.01 } }\n`;
  const again = "{ data: { source: 'file', path: 'sampled.npy' }, model: { from: 'source.npz' }, training: { algorithm: 'sml', chains: 9, updates: 5, batchSize: 7 } }\n";
  for (const [name, text] of [['features', real('features.npy')], ['swapped', real('swapped.npy')], ['from-npz', again]]) {
    writeFileSync(`${name}.json`, text);
    await succeed('--config', `${name}.json`, '--output', name, '--quiet', ...execution);
    outputs[`training: ${name}`] = resultOf(name).digest;
  }
  // Drawn values, and what they are ranked by; shards that are cut in the middle of everything.
  const draw = { 'training.learningRate': { distribution: 'logUniform', low: 0.01, high: 1 }, 'model.hiddenUnits': { distribution: 'integer', low: 2, high: 9 } };
  writeFileSync('sweep.json', JSON.stringify({ config: 'source.json', seeds: '1-2', random: { samples: 2, draw } }));
  await succeed('sweep', 'plan', 'sweep.json', '--dir', 'sweep', '--quiet');
  await succeed('sweep', 'task', 'sweep', '--index', '0', '--chunk', '4', '--quiet');
  await succeed('sweep', 'gather', 'sweep', '--quiet');
  for (const file of ['manifest.json', 'results.csv', 'results.json']) outputs[`sweep: ${file}`] = hashOf(readFileSync(join('sweep', file)));
  for (const estimator of ['exact', 'ais']) {
    const shards = ['--estimator', estimator, '--shards', `shards-${estimator}`];
    await succeed('evaluate', 'source', ...effort, ...shards, '--shard-count', '3');
    await succeed('sweep', 'task', `shards-${estimator}`, '--index', '0', '--chunk', '3', '--quiet');
    outputs[`evaluate --estimator ${estimator} --shards`] = hashOf((await succeed('evaluate', 'source', ...effort, ...shards)).replaceAll(folder, ''));
  }
  return outputs;
}

try {
  mkdirSync('cache');
  for (const [name, content] of Object.entries(files)) writeFileSync(name, content);
  const report = { host: {}, shipped: {}, small: {}, commands: {} };
  if (values.shipped !== 'none') for (const config of shipped) report.shipped[config.name] = await trainShipped(config);
  for (const [id, training] of smallTrainings.entries()) report.small[training.name] = await trainSmall(training, id);
  report.commands = await runCommands();
  const { sessions } = JSON.parse(readFileSync('source/execution.json', 'utf8'));
  const { user, system } = process.cpuUsage();
  report.host = {
    node: process.version, architecture: process.arch, endianness: endianness(), flags: process.execArgv, backend: sessions[0].backend, threads: sessions[0].threads,
    cpuSeconds: Math.round((user + system) / 1e5) / 10,
  };
  if (values.write) {
    const small = Object.fromEntries(Object.entries(report.small).map(([name, { digest }]) => [name, digest]));
    writeFileSync(new URL('./digests.json', import.meta.url), `${JSON.stringify({ numericsVersion, shipped: report.shipped, small }, null, 2)}\n`);
  }
  process.stdout.write(`${JSON.stringify(report)}\n`);
} finally {
  process.chdir('/');
  rmSync(folder, { recursive: true, force: true });
}
