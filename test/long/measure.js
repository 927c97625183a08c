/** Long trainings in processes of their own, and what grows in them. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const executable = fileURLToPath(new URL('../../bin/rbm-train.js', import.meta.url));
const probe = new URL('./probe.js', import.meta.url).href;

const barsAndStripes = { source: 'bars-and-stripes', height: 3, width: 3, duplicates: 'remove', validation: { count: 4 } };
const sml = { algorithm: 'sml', chains: 6 };

/** Trainings that differ in what they carry from update to update. */
export const longTrainings = {
  cd: { training: { algorithm: 'cd' } },
  'sml, 2 threads': { training: { ...sml, momentum: 0.5 }, threads: 2 },
  'tempered-sml': { training: { algorithm: 'tempered-sml', chains: 3, rungs: 4 } },
  'everything, averaged': {
    training: { ...sml, optimizer: 'nesterov', momentum: 0.5, sparsity: { target: 0.1, cost: 0.1 }, centring: { offsets: 'both' }, clipNorm: 1, averaging: { from: { updates: 10 } } },
  },
  adam: { training: { algorithm: 'cd', optimizer: 'adam' } },
  'tracked log Z': { training: sml, evaluation: { logLikelihood: 'tracked' } },
};

/** Slope of y over x by least squares. */
function slope(xs, ys) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x0, y0] = [mean(xs), mean(ys)];
  return xs.reduce((sum, x, index) => sum + (x - x0) * (ys[index] - y0), 0) / xs.reduce((sum, x) => sum + (x - x0) ** 2, 0);
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * Trains with 20 evaluations and checkpoints on the way, and says what grew in the second half: before, the compiler's own
 * tables grow with the code that it meets (0.4 MB over the first 15 evaluations, measured).
 *
 * @param {{training: object, evaluation?: object, threads?: number}} long
 * @param {{updates: number, terminal?: boolean, inject?: string}} options `terminal`: with progress to a terminal (by `script`)
 * instead of a file; `inject`: a module to load, too
 * @returns {Promise<{bytesPerUpdate: number, rssBytesPerUpdate: number, files: number, threads: number, slowdown: number, microseconds: number}>}
 * growth of heap and array buffers, and of the resident memory, per update; files and threads more at the end; CPU time per update of
 * the last third over that of the first third, warm-up left out, and in all
 */
export async function measureLongRun({ training, evaluation, threads = 1 }, { updates, terminal = false, inject }) {
  const folder = mkdtempSync(join(tmpdir(), 'rbm-train-long-'));
  try {
    const every = { updates: updates / 20 };
    const config = {
      seed: 'long', data: barsAndStripes, model: { hiddenUnits: 4 }, training: { batchSize: 4, learningRate: 0.01, ...training, updates },
      evaluation: { every, ...evaluation }, checkpoint: { every }, log: { every: { updates: 100 } }, output: join(folder, 'run'),
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const output = join(folder, 'notes.json');
    const modules = [probe, ...(inject === undefined ? [] : [inject])].flatMap((module) => ['--import', module]);
    const command = [process.execPath, '--expose-gc', ...modules, executable, '--config', join(folder, 'config.json'), '--threads', String(threads)];
    const [program, ...args] = terminal ? ['script', '-qec', command.join(' '), '/dev/null'] : command;
    const { NODE_OPTIONS: _options, ...environment } = process.env;
    const child = spawn(program, args, { env: { ...environment, PROBE_CHECKPOINTS: join(folder, 'run', 'checkpoints'), PROBE_OUTPUT: output }, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece) => (text = (text + piece).slice(-2000)));
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (code !== 0) throw new Error(`exit ${code}: ${text}`);
    return growth(JSON.parse(readFileSync(output, 'utf8')), updates);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function growth(all, updates) {
  const second = all.filter(({ update }) => update >= updates / 2);
  const at = second.map(({ update }) => update);
  const [first, last] = [all.find(({ update }) => update >= updates / 5), second.at(-1)];
  const timed = all.filter(({ update }) => update >= first.update);
  const rates = timed.slice(1).map(({ update, cpuSeconds }, index) => (cpuSeconds - timed[index].cpuSeconds) / (update - timed[index].update));
  const third = Math.floor(rates.length / 3);
  return {
    bytesPerUpdate: slope(at, second.map(({ heapUsed, arrayBuffers }) => heapUsed + arrayBuffers)),
    rssBytesPerUpdate: slope(at, second.map(({ rss }) => rss)),
    // The last note may be of a process that is ending: threads and files of kernels gone.
    files: all.at(-2).files - first.files,
    threads: all.at(-2).threads - first.threads,
    slowdown: median(rates.slice(-third)) / median(rates.slice(0, third)),
    microseconds: (1e6 * (last.cpuSeconds - first.cpuSeconds)) / (last.update - first.update),
  };
}
