/**
 * The examples that all contenders read: raw files of one byte (0 or 1) per unit, written once per run to a temporary
 * folder.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { loadDataset } from '../dist/datasets/index.js';
import { unpackBinaryMatrix } from '../dist/kernels/index.js';

/** Real MNIST's training images, where they are beside the project. */
export const mnistPath = fileURLToPath(new URL('../../shared/data/mnist/train-images-idx3-ubyte.gz', import.meta.url));

/** @typedef {{source: 'mnist' | 'bernoulli' | 'bars-and-stripes', rows: number, columns: number, density?: number}} DataSpec */

/** MNIST with pixels above one half on. */
export const mnistData = { source: 'mnist', rows: 10_000, columns: 784 };

/** Independent units, each on with probability `density`. */
export function bernoulliData(columns, density, rows = 4000) {
  return { source: 'bernoulli', rows, columns, density };
}

/** A seeded uniform generator (mulberry32): the data need be the same in every run, not good randomness. */
function uniformGenerator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Independent bits. */
export function bernoulliBytes(rows, columns, density) {
  const uniform = uniformGenerator(rows * 31 + columns);
  return Uint8Array.from({ length: rows * columns }, () => (uniform() < density ? 1 : 0));
}

async function bytesOfSource(config, rows) {
  const { splits } = await loadDataset({ seed: 'data', invert: false, shuffle: true, ...config });
  const { states } = splits.train;
  const bytes = new Uint8Array(rows * states.columns);
  // A small dataset is repeated.
  unpackBinaryMatrix(states, bytes, Uint32Array.from({ length: rows }, (_, row) => row % states.rows));
  return bytes;
}

/** @param {DataSpec} spec @returns {Promise<Uint8Array>} rows × columns */
async function makeBytes({ source, rows, columns, density }) {
  if (source === 'bernoulli') return bernoulliBytes(rows, columns, density);
  if (source === 'bars-and-stripes') {
    const side = Math.sqrt(columns);
    return await bytesOfSource({ source, binarize: 'none', height: side, width: side, duplicates: 'keep' }, rows);
  }
  const mnist = existsSync(mnistPath) ? { source: 'file', path: mnistPath, format: 'auto' } : { source: 'mnist' };
  return await bytesOfSource({ ...mnist, binarize: 'threshold', threshold: 0.5 }, rows);
}

/** @type {Map<string, {dataFile: string, density: number}>} */
const written = new Map();

/**
 * Writes the data of a case.
 *
 * @param {DataSpec} spec
 * @param {string} folder
 * @returns {Promise<{dataFile: string, density: number}>}
 */
export async function writeData(spec, folder) {
  const key = JSON.stringify(spec);
  let file = written.get(key);
  if (file === undefined) {
    const bytes = await makeBytes(spec);
    file = { dataFile: join(folder, `data-${written.size}.bin`), density: bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length };
    writeFileSync(file.dataFile, bytes);
    written.set(key, file);
  }
  return file;
}
