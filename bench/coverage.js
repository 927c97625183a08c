/**
 * How often the intervals of log Z cover the exact value, over models and seeds.
 *
 *   node bench/coverage.js [--seeds 20] [--chains 200] [--temperatures 1000] [--json <file>]
 *
 * Models: random ones from weak to strong weights, trained ones (bars and stripes, MNIST digits, inverted MNIST), 10 to 20
 * hidden units. No timing here: figures only.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { exactLogPartitionFunction } from '../dist/estimators/exact-log-partition-function.js';
import { defaultAnnealing } from '../dist/estimators/annealing-settings.js';
import { logPartitionFunctionEstimator } from '../dist/estimators/log-partition-function.js';
import { binaryLayer, createBinaryMatrix, inverseNormalCumulative } from '../dist/kernels/index.js';
import { createModel, createParameters, getParameters, loadKernels, Trainer, loadDataset } from '../dist/index.js';
import { baseVisibleBias } from '../dist/model/base-rate.js';
import { createChains, fillWithNoise, gibbsSteps } from '../dist/sampling/gibbs.js';
import { hostRandom, streamKey } from '../dist/random/index.js';

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    chains: { type: 'string', default: '200' },
    temperatures: { type: 'string', default: '1000' },
    json: { type: 'string' },
  },
});
const seeds = Number(options.seeds);
const kernels = await loadKernels('wasm');

/** Examples for the base rate of a random model: its own Gibbs samples. */
async function gibbsExamples(parameters) {
  const model = createModel(kernels, parameters);
  const chains = createChains(kernels, parameters, 500);
  const key = streamKey('coverage', 'examples');
  await fillWithNoise(kernels, model, chains.visible, key);
  for (let step = 0; step < 200; step++) await gibbsSteps(kernels, model, chains, 500, 1, { key, update: step, step: 0, row: 0 });
  await kernels.finish();
  const copy = createBinaryMatrix(500, parameters.visibleUnits);
  copy.words.set(chains.visible.words);
  return copy;
}

function randomModel(visibleUnits, hiddenUnits, scale, seed) {
  const parameters = createParameters(visibleUnits, hiddenUnits);
  const random = hostRandom(String(seed), 'coverage/model');
  const fill = (values, sigma) => values.forEach((_, index) => (values[index] = sigma * inverseNormalCumulative(random.double())));
  fill(parameters.weights, scale);
  fill(parameters.visibleBias, 0.5);
  fill(parameters.hiddenBias, 0.5);
  return parameters;
}

async function trainedModel(examples, hiddenUnits, training) {
  const parameters = createParameters(examples.columns, hiddenUnits);
  const random = hostRandom('1', 'coverage/initial');
  parameters.weights.forEach((_, index) => (parameters.weights[index] = 0.01 * inverseNormalCumulative(random.double())));
  parameters.visibleBias.set(baseVisibleBias('data', examples, binaryLayer));
  const config = { batchSize: 100, order: 'shuffled', momentum: 0, weightDecay: { l1: 0, l2: 0 }, ...training };
  const trainer = await Trainer.create(kernels, config, parameters, { states: examples }, '1');
  for (let update = 0; update < training.updates; update++) await trainer.step();
  return getParameters(trainer.model);
}

const fail = (key, message) => new Error(`${key}: ${message}`);
async function data(config) {
  const dataset = await loadDataset(config, { fail });
  return dataset.splits.train.states;
}

const models = [];
for (const scale of [0.05, 0.2, 0.5, 1]) {
  for (const [n, m] of [[20, 10], [40, 12], [100, 15], [200, 20]]) {
    const parameters = randomModel(n, m, scale, models.length);
    models.push({ name: `random ${n}×${m}, weights ${scale}`, parameters, examples: await gibbsExamples(parameters) });
  }
}
const bars = await data({ source: 'bars-and-stripes', seed: '1', height: 4, width: 4, side: 4, binarize: 'none' });
const digits = await data({ source: 'mnist', seed: '1', binarize: 'threshold', threshold: 0.5 });
const inverted = createBinaryMatrix(digits.rows, digits.columns);
for (let row = 0; row < digits.rows; row++) {
  for (let unit = 0; unit < digits.columns; unit++) {
    const place = row * digits.wordsPerRow + (unit >>> 5);
    if (((digits.words[place] >>> (unit & 31)) & 1) === 0) inverted.words[place] |= 1 << (unit & 31);
  }
}
for (const [name, examples] of [['bars and stripes', bars], ['MNIST', digits], ['inverted MNIST', inverted]]) {
  for (const [algorithm, k, updates] of [['cd', 1, 500], ['cd', 1, 4000], ['sml', 1, 500], ['sml', 1, 4000]]) {
    for (const hiddenUnits of [10, 16]) {
      const learningRate = name === 'bars and stripes' ? 0.05 : 0.02;
      const parameters = await trainedModel(examples, hiddenUnits, { algorithm, k, chains: 100, updates, learningRate });
      models.push({ name: `${name} ×${hiddenUnits}, ${algorithm}, ${updates} updates`, parameters, examples });
    }
  }
}

const rows = [];
for (const { name, parameters, examples } of models) {
  const exact = await exactLogPartitionFunction(kernels, parameters);
  const model = createModel(kernels, parameters);
  const counts = { forward: 0, forwardBootstrap: 0, forwardLogNormal: 0, reverse: 0, reverseBootstrap: 0, reverseLogNormal: 0, bennett: 0, stated: 0, consistent: 0 };
  const errors = { forward: 0, reverse: 0, bennett: 0 };
  let ess = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const annealing = {
      ...defaultAnnealing,
      chains: Number(options.chains),
      temperatures: Number(options.temperatures),
      baseVisibleBias: baseVisibleBias('data', examples, binaryLayer),
      seed: String(seed),
      reverseStart: 'exact',
      budget: 0,
    };
    const estimate = await logPartitionFunctionEstimator('two-sided').estimate(model, { kernels, annealing });
    const { forward, reverse, bennett } = estimate.evidence;
    const covers = ([low, high]) => (low <= exact && exact <= high ? 1 : 0);
    counts.forward += covers(forward.interval);
    counts.forwardBootstrap += covers(forward.bootstrapInterval);
    counts.forwardLogNormal += covers(forward.logNormalInterval);
    counts.reverse += covers(reverse.interval);
    counts.reverseBootstrap += covers(reverse.bootstrapInterval);
    counts.reverseLogNormal += covers(reverse.logNormalInterval);
    counts.bennett += covers(bennett.interval);
    counts.stated += covers(estimate.interval);
    counts.consistent += estimate.verdict.status === 'consistent' ? 1 : 0;
    errors.forward += (forward.logZ - exact) / seeds;
    errors.reverse += (reverse.logZ - exact) / seeds;
    errors.bennett += (bennett.logZ - exact) / seeds;
    ess += forward.effectiveSampleSize / seeds / Number(options.chains);
  }
  kernels.release(model);
  rows.push({ name, logZ: exact, effectiveShare: ess, errors, counts });
  const share = (count) => `${Math.round((100 * count) / seeds)}%`.padStart(5);
  console.log(
    `${name.padEnd(44)} log Z ${exact.toFixed(2).padStart(8)}  ESS ${ess.toFixed(2)}  mean error forward ${errors.forward.toFixed(3).padStart(7)} reverse ${errors.reverse.toFixed(3).padStart(7)} Bennett ${errors.bennett.toFixed(3).padStart(7)}  covered: forward ${share(counts.forward)} (boot ${share(counts.forwardBootstrap)} logN ${share(counts.forwardLogNormal)}) reverse ${share(counts.reverse)} (boot ${share(counts.reverseBootstrap)} logN ${share(counts.reverseLogNormal)}) Bennett ${share(counts.bennett)} stated ${share(counts.stated)}  consistent ${share(counts.consistent)}`,
  );
}
const total = (key) => rows.reduce((sum, { counts }) => sum + counts[key], 0);
const runs = rows.length * seeds;
console.log(`${rows.length} models × ${seeds} seeds: ` + Object.keys(rows[0].counts).map((key) => `${key} ${((100 * total(key)) / runs).toFixed(1)} %`).join(', '));
const { min, max } = Math;
console.log(`mean errors: forward ≤ 0 in ${rows.filter(({ errors }) => errors.forward <= 0).length} of ${rows.length} models, reverse ≥ 0 in ${rows.filter(({ errors }) => errors.reverse >= 0).length}; Bennett ${min(...rows.map(({ errors }) => errors.bennett)).toFixed(3)} to ${max(...rows.map(({ errors }) => errors.bennett)).toFixed(3)}`);
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(rows));
await kernels.close();
