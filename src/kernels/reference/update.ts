/**
 * One step of stochastic gradient ascent with momentum and weight decay.
 */

import type { ModelParameters, PhaseStatistics, UpdateSettings } from '../kernels.js';

/** 2^−960: momentum below it is flushed to zero, before it decays into subnormals, which are slow. */
const flushBelow = 1.0261342003245941e-289;

function updateTensor(
  values: Float64Array,
  velocity: Float64Array,
  positive: Float64Array,
  negative: Float64Array,
  positiveScale: number,
  negativeScale: number,
  learningRate: number,
  momentum: number,
  l1: number,
  l2: number,
): boolean {
  // x·0 is 0 for finite x and NaN otherwise; a sum of zeros stays 0.
  let check = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    const sign = value > 0 ? 1 : value < 0 ? -1 : 0;
    const gradient = positive[index] * positiveScale - negative[index] * negativeScale - l2 * value - l1 * sign;
    let step = momentum * velocity[index] + learningRate * gradient;
    if (step < flushBelow && step > -flushBelow) step = 0;
    velocity[index] = step;
    const updated = value + step;
    values[index] = updated;
    check += updated * 0;
  }
  return check === 0;
}

/** See `Kernels.updateParameters`. */
export function updateParameters(
  parameters: ModelParameters,
  velocity: ModelParameters,
  positive: PhaseStatistics,
  negative: PhaseStatistics,
  settings: UpdateSettings,
): boolean {
  const { learningRate, momentum, l1, l2 } = settings;
  const p = 1 / positive.count;
  const q = 1 / negative.count;
  const { weights, visibleBias, hiddenBias } = parameters;
  const weightsFinite = updateTensor(
    weights, velocity.weights, positive.products, negative.products, p, q, learningRate, momentum, l1, l2,
  );
  const visibleFinite = updateTensor(
    visibleBias, velocity.visibleBias, positive.visible, negative.visible, p, q, learningRate, momentum, 0, 0,
  );
  const hiddenFinite = updateTensor(
    hiddenBias, velocity.hiddenBias, positive.hidden, negative.hidden, p, q, learningRate, momentum, 0, 0,
  );
  return weightsFinite && visibleFinite && hiddenFinite;
}
