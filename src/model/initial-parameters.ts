/**
 * Random initial parameters, and biases that start from the data.
 */

import type { BiasConfig, ModelConfig, WeightsConfig } from '../config/run-config.js';
import { binaryLayer, inverseNormalCumulative, type BinaryMatrix, type VisibleLayer, type VisibleStates } from '../kernels/index.js';
import { hostRandom } from '../random/index.js';
import { marginalBias } from './marginal-bias.js';
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

function fillBias(values: Float64Array, config: BiasConfig, layer: string, seed: string, marginal: () => Float64Array): void {
  if (config.start === 'log-odds') values.set(marginal());
  else if (config.start === 'uniform') fillUniform(values, config.range ?? 0, seed, `model/${layer}Bias`);
  else values.fill(config.value ?? 0);
}

/**
 * The parameters that training starts from.
 *
 * @param config the `model` section, with `hiddenUnits`
 * @param examples the training data; its columns are the visible units
 * @param layer what the visible units are, as kernels have them
 * @param visibleScale of the declared units (2 of ±1), by which their biases are smaller
 * @param missing N × n, 1 where an example lacks a value
 * @returns parameters that may be infinite where a unit never changes and nothing smooths or clips its mean
 */
export function initialParameters(
  config: ModelConfig,
  seed: string,
  examples: VisibleStates,
  layer: VisibleLayer = binaryLayer,
  visibleScale = 1,
  missing?: BinaryMatrix,
): ModelParameters {
  const parameters = createParameters(examples.columns, config.hiddenUnits ?? 0, layer);
  const { smoothing = 0, clip = 0 } = config.visibleBias ?? {};
  const marginal = (): Float64Array => marginalBias(examples, layer, smoothing, clip, missing).map((bias) => bias / visibleScale);
  fillWeights(parameters.weights, config.weights ?? { distribution: 'normal', standardDeviation: 0.01 }, seed);
  fillBias(parameters.visibleBias, config.visibleBias ?? { start: 'constant' }, 'visible', seed, marginal);
  fillBias(parameters.hiddenBias, config.hiddenBias ?? { start: 'constant' }, 'hidden', seed, marginal);
  return parameters;
}
