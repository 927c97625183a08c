/**
 * Gradients from both phases, and steps along them.
 */

import type { Matrix, Model, Phase, StepRule, StepState, UpdateSettings, WeightTransformation } from '../kernels.js';
import { contribution, type Contribution } from './gradient.js';
import { valuesOf } from './memory.js';

const { sqrt } = Math;

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
  const visible = new Float64Array(n);
  p.addVisible(visible);
  q.addVisible(visible);
  if (!updateTensor(model.visibleBias, velocity?.visibleBias, visible, biasSettings)) finite = false;
  const hidden = new Float64Array(m);
  p.addHidden(hidden);
  q.addHidden(hidden);
  if (!updateTensor(model.hiddenBias, velocity?.hiddenBias, hidden, biasSettings)) finite = false;
  return { finite };
}

/** A phase that is left out. */
const nothing: Contribution = {
  addVisible: () => undefined,
  addHidden: () => undefined,
  addProducts: () => undefined,
  isOff: () => true,
};

/** See `Kernels.accumulateGradient`. */
export function accumulateGradient(
  target: Model,
  positive: Phase | undefined,
  negative: Phase | undefined,
  { scale, decay }: { readonly scale: number; readonly decay: number },
): void {
  const { visibleUnits: n, hiddenUnits: m, visibleBias, hiddenBias } = target;
  const p = positive === undefined ? nothing : contribution(positive, 1, n, m);
  const q = negative === undefined ? nothing : contribution(negative, -1, n, m);
  const accumulate = (values: Float64Array, index: number, gradient: number): void => {
    values[index] = decay === 0 ? scale * gradient : decay * values[index] + scale * gradient;
  };
  const weights = valuesOf(target.weights);
  const gradients = new Float64Array(m);
  for (let i = 0; i < n; i++) {
    gradients.fill(0);
    p.addProducts(i, gradients);
    q.addProducts(i, gradients);
    for (let j = 0; j < m; j++) accumulate(weights, i * m + j, gradients[j]);
  }
  const visible = new Float64Array(n);
  p.addVisible(visible);
  q.addVisible(visible);
  for (let i = 0; i < n; i++) accumulate(visibleBias, i, visible[i]);
  gradients.fill(0);
  p.addHidden(gradients);
  q.addHidden(gradients);
  for (let j = 0; j < m; j++) accumulate(hiddenBias, j, gradients[j]);
}

/** See `Kernels.transformWeights`. */
export function transformWeights(
  source: Matrix,
  target: Matrix,
  { rowFactors, columnFactors, terms = [] }: WeightTransformation,
): void {
  const { rows, columns } = source;
  const from = valuesOf(source);
  const to = valuesOf(target);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let value = from[i * columns + j];
      if (rowFactors !== undefined) value *= rowFactors[i];
      if (columnFactors !== undefined) value *= columnFactors[j];
      for (const term of terms) value += term.rows[i] * term.columns[j];
      to[i * columns + j] = value;
    }
  }
}

/** See `Kernels.multiplyElements`. */
export function multiplyElements(x: Matrix, y: Matrix, target: Matrix): void {
  const left = valuesOf(x);
  const right = valuesOf(y);
  const values = valuesOf(target);
  for (let index = 0; index < values.length; index++) values[index] = left[index] * right[index];
}

/** The tensors of a model. */
function tensorsOf({ weights, visibleBias, hiddenBias }: Model): [weights: Float64Array, visibleBias: Float64Array, hiddenBias: Float64Array] {
  return [valuesOf(weights), visibleBias, hiddenBias];
}

/** See `Kernels.combineModels`. */
export function combineModels(target: Model, alpha: number, x: Model, beta: number, y: Model): void {
  const left = tensorsOf(x);
  const right = tensorsOf(y);
  for (const [tensor, values] of tensorsOf(target).entries()) {
    for (let index = 0; index < values.length; index++) {
      values[index] = alpha * left[tensor][index] + beta * right[tensor][index];
    }
  }
}

/** 0 for what is too small to be kept from step to step. */
function flushed(value: number): number {
  return value < flushBelow && value > -flushBelow ? 0 : value;
}

/** See `Kernels.stepParameters`. */
export function stepParameters(model: Model, gradient: Model, state: StepState, rule: StepRule): { readonly finite: boolean } {
  const { learningRate, l1, l2 } = rule;
  const gradients = tensorsOf(gradient);
  const firsts = state.first === undefined ? undefined : tensorsOf(state.first);
  const seconds = state.second === undefined ? undefined : tensorsOf(state.second);
  // x·0 is 0 for finite x and NaN otherwise; a sum of zeros stays 0.
  let check = 0;
  for (const [tensor, values] of tensorsOf(model).entries()) {
    const first = firsts?.[tensor];
    const second = seconds?.[tensor];
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      let g = gradients[tensor][index];
      if (tensor === 0 && l2 !== 0) g -= l2 * value;
      if (tensor === 0 && l1 !== 0) g -= l1 * (value > 0 ? 1 : value < 0 ? -1 : 0);
      let step: number;
      if (rule.rule === 'adaptive') {
        let direction = g;
        if (first !== undefined) {
          direction = flushed(rule.firstDecay * first[index] + (1 - rule.firstDecay) * g);
          first[index] = direction;
        }
        const square = flushed(rule.secondDecay * (second?.[index] ?? 0) + (1 - rule.secondDecay) * (g * g));
        if (second !== undefined) second[index] = square;
        const dividend = learningRate * (direction * rule.firstCorrection);
        step = dividend === 0 ? dividend : dividend / (sqrt(square * rule.secondCorrection) + rule.epsilon);
      } else {
        step = learningRate * g;
        if (first !== undefined) {
          const velocity = flushed(rule.momentum * first[index] + step);
          first[index] = velocity;
          step = rule.rule === 'nesterov' ? rule.momentum * velocity + step : velocity;
        }
      }
      const updated = value + step;
      values[index] = updated;
      check += updated * 0;
    }
  }
  return { finite: check === 0 };
}
