/**
 * Random initial parameters, and biases that start from the data.
 */

import type { BiasConfig, ModelConfig, WeightsConfig } from '../config/run-config.js';
import { inverseNormalCumulative, log, type BinaryMatrix } from '../kernels/index.js';
import { hostRandom } from '../random/index.js';
import { createParameters, type ModelParameters } from './parameters.js';

/** Fills with U(−range, range) from a stream of its own. */
function fillUniform(values: Float64Array, range: number, seed: string, stream: string): void {
  const random = hostRandom(seed, stream);
  for (let index = 0; index < values.length; index++) values[index] = range * (2 * random.double() - 1);
}

function fillWeights(values: Float64Array, config: WeightsConfig, seed: string): void {
  if (config.distribution === 'uniform') {
    fillUniform(values, config.range ?? 0, seed, 'model/weights');
    return;
  }
  const random = hostRandom(seed, 'model/weights');
  const deviation = config.standardDeviation ?? 0;
  for (let index = 0; index < values.length; index++) values[index] = deviation * inverseNormalCumulative(random.double());
}

/** How often each unit is on, n counts. */
export function countActive(examples: BinaryMatrix): Float64Array {
  const { rows, columns, words, wordsPerRow } = examples;
  const counts = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const start = row * wordsPerRow;
    for (let column = 0; column < columns; column++) {
      counts[column] += (words[start + (column >>> 5)] >>> (column & 31)) & 1;
    }
  }
  return counts;
}

/** log(mean / (1 − mean)) of every unit, the mean smoothed and clipped as configured. */
function fillLogOdds(values: Float64Array, config: BiasConfig, examples: BinaryMatrix): void {
  values.set(logOdds(examples, config.smoothing ?? 0, config.clip ?? 0));
}

/**
 * log(mean / (1 − mean)) of every column, n values.
 *
 * @param smoothing pseudo-count added to both values of every unit
 * @param clip the mean is clipped to [clip, 1 − clip] after that
 */
export function logOdds(examples: BinaryMatrix, smoothing: number, clip = 0): Float64Array {
  const counts = countActive(examples);
  return counts.map((count) => {
    const mean = (count + smoothing) / (examples.rows + 2 * smoothing);
    const clipped = mean < clip ? clip : mean > 1 - clip ? 1 - clip : mean;
    return log(clipped) - log(1 - clipped);
  });
}

function fillBias(values: Float64Array, config: BiasConfig, layer: string, seed: string, examples: BinaryMatrix): void {
  if (config.start === 'log-odds') fillLogOdds(values, config, examples);
  else if (config.start === 'uniform') fillUniform(values, config.range ?? 0, seed, `model/${layer}Bias`);
  else values.fill(config.value ?? 0);
}

/**
 * The parameters that training starts from.
 *
 * @param config the `model` section, with `hiddenUnits`
 * @param examples the training data; its columns are the visible units
 * @returns parameters that may be infinite where a unit never changes and nothing smooths or clips its mean
 */
export function initialParameters(config: ModelConfig, seed: string, examples: BinaryMatrix): ModelParameters {
  const parameters = createParameters(examples.columns, config.hiddenUnits ?? 0);
  fillWeights(parameters.weights, config.weights ?? { distribution: 'normal', standardDeviation: 0.01 }, seed);
  fillBias(parameters.visibleBias, config.visibleBias ?? { start: 'constant' }, 'visible', seed, examples);
  fillBias(parameters.hiddenBias, config.hiddenBias ?? { start: 'constant' }, 'hidden', seed, examples);
  return parameters;
}
