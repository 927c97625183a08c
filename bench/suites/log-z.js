/**
 * Exact log Z of 784×20, a model trained on MNIST: CPU time per hidden state, against numpy.
 */

import { join } from 'node:path';

import { readParameters, writeParameters } from '../children/library.js';
import { logZContenders, oursWithThreads, startContender, threadCounts } from '../contenders.js';
import { mnistData } from '../data.js';
import { costs, interleave, ratio, statistics } from '../rounds.js';
import { prepareCase } from '../start.js';
import { formatNumber, formatRange, formatRatio, formatTable } from '../table.js';

/** Updates of CD-1 (20 epochs): weights and log Z are those of a trained model. */
const trainingUpdates = 2000;

/** A model of 784 visible units, trained for some epochs on MNIST. */
export async function trainedModel(hiddenUnits, folder) {
  const trainingCase = { visibleUnits: 784, hiddenUnits, batch: 100, algorithm: 'cd', k: 1, learningRate: 0.1, data: mnistData };
  const { settings } = await prepareCase(trainingCase, folder, trainingUpdates);
  return { visibleUnits: 784, hiddenUnits, parametersFile: settings.parametersFile };
}

/** The model's first `hiddenUnits` hidden units. */
function smallerModel(model, hiddenUnits, folder) {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias } = readParameters(model.parametersFile, 784, model.hiddenUnits);
  const parametersFile = join(folder, `parameters-log-z-${hiddenUnits}.bin`);
  const chosen = Float64Array.from({ length: n * hiddenUnits }, (_, index) => {
    const row = Math.floor(index / hiddenUnits);
    return weights[row * m + (index % hiddenUnits)];
  });
  writeParameters(parametersFile, { weights: chosen, visibleBias, hiddenBias: hiddenBias.subarray(0, hiddenUnits) });
  return { ...model, hiddenUnits, parametersFile };
}

/** Lets every contender compute the whole log Z of a small model; a warning for one that differs. */
async function checkAgreement(contenders, model, warn) {
  const values = {};
  for (const contender of contenders) {
    const { child, about } = await startContender(contender, model);
    try {
      const { value } = await child.request({ op: 'run', count: Math.ceil(2 ** model.hiddenUnits / about.statesPerCount) });
      values[contender.id] = value;
    } finally {
      await child.close();
    }
  }
  const expected = values[contenders[0].id];
  for (const [id, value] of Object.entries(values)) {
    if (!(Math.abs(value - expected) < 1e-9 * Math.abs(expected))) warn(`log Z of ${id} is ${value}, not ${expected}`);
  }
  return values;
}

/** 784×25: 2^25 states, ours alone, once. */
async function large(folder, warn) {
  const model = await trainedModel(25, folder);
  const rows = [];
  const raw = [];
  for (const contender of threadCounts.map((count) => oursWithThreads('log-z.js', count))) {
    try {
      const { child } = await startContender(contender, model);
      try {
        const result = await child.request({ op: 'run', count: 1 });
        rows.push([contender.id, formatNumber(result.cpuSeconds), formatNumber(result.wallSeconds), result.value.toFixed(6)]);
        raw.push({ contender: contender.id, ...result });
      } finally {
        await child.close();
      }
    } catch (error) {
      warn(`${contender.id} is left out: ${error.message}`);
    }
  }
  return { text: formatTable('Exact log Z of 784×25, ours alone, one evaluation', ['', 'CPU s', 'wall s', 'log Z'], rows), raw };
}

/** @param {import('../run.js').BenchContext} context */
export async function logZ({ options, folder, versions, warn, progress }) {
  progress('log-z: training the model');
  const contenders = logZContenders(versions);
  const model = await trainedModel(20, folder);
  progress('log-z: checking that all agree');
  const agreement = await checkAgreement(contenders, smallerModel(model, 12, folder), warn);
  progress('log-z: 784×20');
  const measured = await interleave(contenders, model, { ...options, warn });
  const perState = (id) => {
    const { about, rounds } = measured.get(id);
    return costs(rounds, 'cpuSeconds', about.statesPerCount);
  };
  const states = 2 ** model.hiddenUnits;
  const ours = perState(contenders[0].id);
  const rows = [...measured.keys()].map((id) => {
    const seconds = statistics(perState(id));
    return [
      id,
      formatRange(seconds, states),
      formatNumber((seconds.median * 1e9) / model.visibleUnits),
      id === contenders[0].id ? undefined : formatRatio(ratio(perState(id), ours)),
      agreement[id]?.toFixed(9),
    ];
  });
  const title =
    'Exact log Z of 784×20 (trained on MNIST), CPU time, one thread, median (min–max). numpy is measured on a share of the 2^20\n' +
    'states and scaled by the exact factor: its work is the same for every chunk of states. Ratio: CPU time relative to ours.';
  const text = formatTable(title, ['', 'CPU s per log Z', 'ns per state and unit', 'ratio', 'log Z of 784×12'], rows);
  const raw = { agreement, contenders: Object.fromEntries(measured) };
  if (!options.large) return { text, raw };
  progress('log-z: 784×25');
  const largeModel = await large(folder, warn);
  return { text: `${text}\n${largeModel.text}`, raw: { ...raw, large: largeModel.raw } };
}
