/**
 * One step of stochastic gradient ascent with momentum and weight decay.
 */

import type { Model, Phase, UpdateSettings } from '../kernels.js';
import { valuesOf } from './memory.js';
import { phaseSums } from './statistics.js';

/** 2^−960: momentum below it is flushed to zero, before it decays into subnormals, which are slow. */
const flushBelow = 1.0261342003245941e-289;

/** Updates one tensor (or a part of it) and tells whether it is finite afterwards. */
function updateTensor(
  values: Float64Array,
  velocity: Float64Array,
  positive: Float64Array,
  negative: Float64Array,
  positiveScale: number,
  negativeScale: number,
  { learningRate, momentum, l1, l2 }: UpdateSettings,
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
  model: Model,
  velocity: Model,
  positive: Phase,
  negative: Phase,
  settings: UpdateSettings,
): { readonly finite: boolean } {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const p = phaseSums(positive, n, m);
  const q = phaseSums(negative, n, m);
  const pScale = 1 / p.count;
  const qScale = 1 / q.count;
  const weights = valuesOf(model.weights);
  const weightVelocity = valuesOf(velocity.weights);
  const positiveProducts = new Float64Array(m);
  const negativeProducts = new Float64Array(m);
  let finite = true;
  for (let i = 0; i < n; i++) {
    p.productsOf(i, positiveProducts);
    q.productsOf(i, negativeProducts);
    const row = weights.subarray(i * m, (i + 1) * m);
    const step = weightVelocity.subarray(i * m, (i + 1) * m);
    if (!updateTensor(row, step, positiveProducts, negativeProducts, pScale, qScale, settings)) finite = false;
  }
  const biases = { ...settings, l1: 0, l2: 0 };
  if (!updateTensor(model.visibleBias, velocity.visibleBias, p.visible, q.visible, pScale, qScale, biases)) finite = false;
  if (!updateTensor(model.hiddenBias, velocity.hiddenBias, p.hidden, q.hidden, pScale, qScale, biases)) finite = false;
  return { finite };
}
