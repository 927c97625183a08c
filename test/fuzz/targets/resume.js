/** Runs whose latest checkpoint lies, behind a right checksum, continued to their end. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { hostileNumbers } from '../draw.js';
import { sealCheckpoint } from './checkpoint.js';
import { faultOfCommand, pathOf, runCommand } from './folder.js';
import { jsonText } from './json.js';
import { encode } from './numbers.js';
import { safetensorsFile } from './safetensors.js';

const executable = fileURLToPath(new URL('../../../bin/rbm-train.js', import.meta.url));
const bars = "{ source: 'bars-and-stripes', height: 2, width: 2, validation: { count: 2 } }";
const real = "{ source: 'mixture-of-gaussians', values: 'real', dimensions: 4, examples: 20, standardize: 'columns' }";

/** What is trained: as much of what a checkpoint can hold as goes together. */
const trainings = [
  `data: ${bars}, training: { algorithm: 'sml', chains: 3, updates: 6, momentum: 0.5 }, evaluation: { every: { updates: 2 }, logLikelihood: 'tracked' }`,
  `data: ${bars}, training: { algorithm: 'fast-sml', chains: 3, fastLearningRate: 0.1, updates: 6, optimizer: 'adam', learningRate: 0.01, averaging: { from: { updates: 2 } }, sparsity: { target: 0.1, cost: 0.1 } }, evaluation: { every: { updates: 2 } }`,
  `data: ${bars}, training: { algorithm: 'tempered-sml', chains: 2, rungs: 3, updates: 6, optimizer: 'nesterov', momentum: 0.5, centring: { offsets: 'both' } }, evaluation: { every: 'never' }`,
  `data: ${real}, model: { hiddenUnits: 2, visible: { units: 'gaussian', variance: 'learned' } }, training: { algorithm: 'sml', chains: 3, updates: 6, learningRate: 0.01 }, evaluation: { every: { updates: 3 } }`,
].map((text) => `{ ${text.includes('model:') ? '' : 'model: { hiddenUnits: 2 }, '}${text}, checkpoint: { every: { updates: 1 }, keep: 10 } }`);

/** A run of each training: config, checkpoints, result, by their names in it. */
const runs = [];

function runOf(index) {
  if (runs[index] === undefined) {
    const folder = pathOf(`training-${index}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'config.json'), trainings[index]);
    execFileSync(process.execPath, [executable, '--config', 'config.json', '--output', 'run', '--threads', '1', '--quiet'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    const read = (name) => readFileSync(join(folder, 'run', name));
    runs[index] = { config: read('config.json'), digest: JSON.parse(read('result.json')).digest, checkpoint: read('checkpoints/update-0000000000003.safetensors') };
  }
  return runs[index];
}

/** A checkpoint like that of a run, lies and all. @param {import('../draw.js').Draw} draw @param {Buffer} whole */
function lyingCheckpoint(draw, whole) {
  const end = 8 + Number(whole.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(whole.toString('utf8', 8, end));
  const tensors = Object.entries(entries).map(([name, { dtype, shape, data_offsets: [start, stop] }]) => {
    const content = whole.subarray(end + start, end + stop);
    const lies = dtype === 'F64' ? hostileNumbers.map((value) => encode('f8', Array(content.length / 8).fill(value))) : [Buffer.alloc(content.length, 2), Buffer.alloc(content.length, 255)];
    const size = draw.lie(shape, [[], [0], [...shape, 1], shape.toReversed(), [shape.reduce((a, b) => a * b, 1)]]);
    return [name, { dtype: draw.lie(dtype, ['F64', 'U8']), shape: size, content: draw.lie(content, [...lies, content.subarray(0, Math.floor(content.length / 16) * 8), Buffer.concat([content, content])]) }];
  });
  const progress = jsonText(draw, JSON.parse(metadata.progress));
  const identity = draw.chance(0.8) ? metadata.identity : jsonText(draw, JSON.parse(metadata.identity));
  return sealCheckpoint(safetensorsFile(draw, new Map(draw.list(tensors)), { ...metadata, progress, identity }));
}

/** The run that a checkpoint belongs to, told by what only its config has; the first one where it can't be told. */
function trainingOf(bytes) {
  const text = bytes.toString('latin1');
  return Math.max(0, ['tracking.logWeights', 'fastLearningRate', 'tempered-sml', 'visibleLogVariance'].findIndex((word) => text.includes(word)));
}

/** @type {import('./index.js').Target} */
export const resume = {
  name: 'resume',
  cost: 40,
  generate(draw) {
    const { checkpoint, digest } = runOf(draw.integer(0, trainings.length - 1));
    return { bytes: lyingCheckpoint(draw, checkpoint), expected: digest };
  },
  async run(bytes) {
    const folder = pathOf('run');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'checkpoints'), { recursive: true });
    writeFileSync(join(folder, 'config.json'), runOf(trainingOf(bytes)).config);
    writeFileSync(join(folder, 'checkpoints', 'update-0000000000003.safetensors'), bytes);
    const outcome = await runCommand(['--resume', 'run', '--threads', '1']);
    const texts = outcome.code === 0 ? ['result.json', 'metrics.jsonl'].map((name) => readFileSync(join(folder, name), 'utf8')) : [];
    return { ...outcome, texts };
  },
  check({ texts, ...outcome }, _bytes, expected) {
    // 2: the checkpoint is of another training. 4: its numbers lead nowhere.
    const fault = faultOfCommand(outcome, expected === undefined ? [0, 2, 3, 4] : [0]);
    if (fault !== undefined || outcome.code !== 0) return fault;
    const [result, metrics] = texts;
    for (const line of [result, ...metrics.split('\n').slice(0, -1)]) {
      try {
        JSON.parse(line);
      } catch {
        return `wrote what is no JSON: ${line}`;
      }
      // What is no number is null in JSON.
      if (/null/.test(line)) return `wrote a figure that is no number: ${line}`;
    }
    const { digest } = JSON.parse(result);
    return expected === undefined || digest === expected ? undefined : `ended in the digest ${digest} instead of ${expected}`;
  },
  seal: sealCheckpoint,
  memory: (bytes) => 64 * bytes.length + (256 << 20),
};
