/**
 * The state that all contenders of a case start from: small random weights, trained for a while, so that the hidden
 * units are as often on as in a model in training.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { packBinaryMatrix } from '../dist/kernels/index.js';
import { initialParameters } from '../dist/model/initial-parameters.js';
import { readParameters, writeParameters } from './children/library.js';
import { oursWithThreads, startContender } from './contenders.js';
import { writeData } from './data.js';

let files = 0;

/**
 * @typedef {object} TrainingCase
 * @property {number} visibleUnits
 * @property {number} hiddenUnits
 * @property {number} batch
 * @property {'cd' | 'sml'} algorithm
 * @property {number} k
 * @property {number} learningRate
 * @property {import('./data.js').DataSpec} data
 */

/** Mean of E[h | v] over the first examples: how dense the hidden states are. */
function hiddenDensity(parameters, bytes, rows) {
  const { visibleUnits: n, hiddenUnits: m, weights, hiddenBias } = parameters;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const inputs = Float64Array.from(hiddenBias);
    for (let i = 0; i < n; i++) {
      if (bytes[row * n + i] === 0) continue;
      for (let j = 0; j < m; j++) inputs[j] += weights[i * m + j];
    }
    for (const input of inputs) total += 1 / (1 + Math.exp(-input));
  }
  return total / (rows * m);
}

/**
 * Writes data and starting state of a case.
 *
 * @param {TrainingCase} trainingCase
 * @param {string} folder
 * @param {number} [updates] of the warm-up
 * @returns {Promise<{settings: object, visibleDensity: number, hiddenDensity: number}>} `settings` for `startContender`
 */
export async function prepareCase(trainingCase, folder, updates = 300) {
  const { data, ...shape } = trainingCase;
  const { dataFile, density } = await writeData(data, folder);
  const parametersFile = join(folder, `parameters-${files++}.bin`);
  const settings = { ...shape, chains: shape.batch, rows: data.rows, dataFile, parametersFile };

  const bytes = readFileSync(dataFile);
  const model = {
    hiddenUnits: shape.hiddenUnits,
    weights: { distribution: 'normal', standardDeviation: 0.01 },
    visibleBias: { start: 'log-odds', smoothing: 1 },
    hiddenBias: { start: 'constant', value: 0 },
  };
  writeParameters(parametersFile, initialParameters(model, 'bench', packBinaryMatrix(bytes, data.rows, data.columns)));

  const { child } = await startContender(oursWithThreads('train.js', 1), settings);
  try {
    await child.request({ op: 'run', count: updates });
    await child.request({ op: 'save', path: parametersFile });
  } finally {
    await child.close();
  }
  const parameters = readParameters(parametersFile, shape.visibleUnits, shape.hiddenUnits);
  return {
    settings,
    visibleDensity: density,
    hiddenDensity: hiddenDensity(parameters, bytes, Math.min(100, data.rows)),
  };
}
