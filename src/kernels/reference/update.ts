/**
 * One step of stochastic gradient ascent with momentum and weight decay.
 */

import type { Model, Phase, UpdateSettings } from '../kernels.js';
import { contribution } from './gradient.js';
import { valuesOf } from './memory.js';

/** 2^−960: momentum below it is flushed to zero, before it decays into subnormals, which are slow. */
const flushBelow = 1.0261342003245941e-289;

/** Updates one tensor (or a part of it) and tells whether it is finite afterwards. */
function updateTensor(
  values: Float64Array,
  velocity: Float64Array | undefined,
  gradients: Float64Array,
  { learningRate, momentum, l1, l2 }: UpdateSettings,
): boolean {
  // x·0 is 0 for finite x and NaN otherwise; a sum of zeros stays 0.
  let check = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    const sign = value > 0 ? 1 : value < 0 ? -1 : 0;
    let gradient = gradients[index];
    if (l2 !== 0) gradient -= l2 * value;
    if (l1 !== 0) gradient -= l1 * sign;
    let step = learningRate * gradient;
    if (velocity !== undefined) {
      step = momentum * velocity[index] + step;
      if (step < flushBelow && step > -flushBelow) step = 0;
      velocity[index] = step;
    }
    const updated = value + step;
    values[index] = updated;
    check += updated * 0;
  }
  return check === 0;
}

/** See `Kernels.updateParameters`. */
export function updateParameters(
  model: Model,
  velocity: Model | undefined,
  positive: Phase,
  negative: Phase,
  settings: UpdateSettings,
): { readonly finite: boolean } {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const p = contribution(positive, 1, n, m);
  const q = contribution(negative, -1, n, m);
  const weights = valuesOf(model.weights);
  const weightVelocity = velocity === undefined ? undefined : valuesOf(velocity.weights);
  const gradients = new Float64Array(m);
  const maySkip = velocity === undefined && settings.l1 === 0 && settings.l2 === 0;
  let finite = true;
  for (let i = 0; i < n; i++) {
    if (maySkip && p.isOff(i) && q.isOff(i)) continue;
    gradients.fill(0);
    p.addProducts(i, gradients);
    q.addProducts(i, gradients);
    const row = weights.subarray(i * m, (i + 1) * m);
    if (!updateTensor(row, weightVelocity?.subarray(i * m, (i + 1) * m), gradients, settings)) finite = false;
  }
  const biasSettings = { ...settings, l1: 0, l2: 0 };
  const visible = Float64Array.from({ length: n }, (_, i) => p.visible(i) + q.visible(i));
  if (!updateTensor(model.visibleBias, velocity?.visibleBias, visible, biasSettings)) finite = false;
  const hidden = new Float64Array(m);
  p.addHidden(hidden);
  q.addHidden(hidden);
  if (!updateTensor(model.hiddenBias, velocity?.hiddenBias, hidden, biasSettings)) finite = false;
  return { finite };
}
