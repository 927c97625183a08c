/**
 * Peak resident memory of whole trainings through the command line, against Node itself.
 */

import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { bernoulliBytes, mnistPath } from '../data.js';
import { executable, measuredNode } from '../measured-node.js';
import { statistics } from '../rounds.js';
import { formatNumber, formatTable } from '../table.js';

/** Writes a rows × columns .npy file of bytes, each 1 with probability `density`. */
function writeNpy(path, rows, columns, density) {
  const description = `{'descr': '|u1', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  // The header, with the 10 bytes before it and its newline, is a multiple of 64 bytes.
  const padded = description.padEnd(Math.ceil((description.length + 11) / 64) * 64 - 11);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length + 1);
  const start = [Buffer.from([0x93]), Buffer.from('NUMPY'), Buffer.from([1, 0]), length, Buffer.from(`${padded}\n`)];
  writeFileSync(path, Buffer.concat([...start, bernoulliBytes(rows, columns, density)]));
}

/** 60,000 × 784 binary examples: MNIST, or independent bits of the same density. */
function largeData(folder) {
  if (existsSync(mnistPath)) return { source: 'file', path: mnistPath, binarize: 'threshold' };
  const path = join(folder, 'like-mnist.npy');
  writeNpy(path, 60_000, 784, 0.13);
  return { source: 'file', path };
}

function wideData(folder) {
  const path = join(folder, 'wide.npy');
  writeNpy(path, 1000, 10_000, 0.05);
  return { source: 'file', path };
}

/** Rows: name, visible and hidden units, config without output. */
function trainings(folder) {
  const data = largeData(folder);
  const small = (training) => ({ model: { hiddenUnits: 20 }, training: { algorithm: 'cd', k: 1, batchSize: 100, ...training } });
  const wideExamples = wideData(folder);
  const wide = (momentum) => ({
    data: wideExamples,
    model: { hiddenUnits: 2000 },
    training: { algorithm: 'cd', k: 1, batchSize: 100, updates: 4, learningRate: 0.01, momentum },
    checkpoint: { every: { updates: 2 } },
  });
  return [
    ['60,000 × 784 examples, m = 20, no update', 784, 20, { data, ...small({ updates: 0 }) }],
    ['60,000 × 784 examples, m = 20, 1 epoch', 784, 20, { data, ...small({ epochs: 1 }) }],
    ['60,000 × 784 examples, m = 20, 5 epochs', 784, 20, { data, ...small({ epochs: 5 }) }],
    ['inverted (87 % on), m = 20, 1 epoch', 784, 20, { data: { ...data, invert: true }, ...small({ epochs: 1 }) }],
    ['60,000 × 784 examples, m = 500, 20 updates', 784, 500, { data, ...small({ updates: 20 }), model: { hiddenUnits: 500 } }],
    ['1,000 × 10,000 examples, m = 2,000, momentum 0, 4 updates', 10_000, 2000, wide(0)],
    ['1,000 × 10,000 examples, m = 2,000, momentum 0.9, 4 updates', 10_000, 2000, wide(0.9)],
  ];
}

/** As little evaluation as there can be: that is another cost. At the end of a run there is always one. */
const evaluation = { every: 'never', logLikelihood: 'never', pseudoLikelihoodExamples: 1 };

async function peak(config, folder) {
  const runFolder = mkdtempSync(join(folder, 'memory-'));
  const path = join(runFolder, 'config.json');
  writeFileSync(path, JSON.stringify({ evaluation, ...config, output: join(runFolder, 'run') }));
  return await measuredNode([executable, '--config', path], folder);
}

/** @param {import('../run.js').BenchContext} context */
export async function memory({ folder, progress }) {
  const megabytes = (bytes) => formatNumber(bytes / 1e6);
  const node = [];
  for (let run = 0; run < 5; run++) node.push((await measuredNode(['-e', '0'], folder)).peakBytes);
  const nodeBytes = statistics(node).median;
  const raw = { 'node -e 0': node };
  const rows = [['node -e 0', megabytes(nodeBytes)]];
  for (const [name, visibleUnits, hiddenUnits, config] of trainings(folder)) {
    progress(`memory: ${name}`);
    const usage = await peak(config, folder);
    raw[name] = usage;
    const parameterBytes = 8 * (visibleUnits * hiddenUnits + visibleUnits + hiddenUnits);
    const beyond = usage.peakBytes - nodeBytes;
    rows.push([
      name,
      megabytes(usage.peakBytes),
      megabytes(beyond),
      megabytes(parameterBytes),
      formatNumber(beyond / parameterBytes),
      formatNumber(usage.cpuSeconds),
    ]);
  }
  const headings = ['training (rbm-train --config …)', 'peak MB', 'beyond Node', 'parameters MB', 'beyond Node / parameters', 'CPU s'];
  return { text: formatTable('Peak resident memory of the process, loading and checkpoints included (1 MB = 10^6 bytes)', headings, rows), raw };
}
