/**
 * A restricted Boltzmann machine by its definition: every sum runs over every state, in extended precision.
 *
 * The oracle for src/model, src/estimators, src/sampling and src/training; it shares no code with them. Enumeration of
 * both layers is refused above 16 units. A state of a layer is an integer: unit i is on where bit i is 1.
 */

import * as ep from './extended-precision.js';
import type { Extended } from './extended-precision.js';

/** Parameters: weights n × m row-major, visible bias n, hidden bias m. */
export interface ReferenceModel {
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  readonly weights: ArrayLike<number>;
  readonly visibleBias: ArrayLike<number>;
  readonly hiddenBias: ArrayLike<number>;
}

/** Parameters or a gradient in extended precision, laid out as in {@link ReferenceModel}. */
export interface ExtendedParameters {
  readonly weights: Extended[];
  readonly visibleBias: Extended[];
  readonly hiddenBias: Extended[];
}

/** One unit of a state: 0 or 1. */
export function unit(state: number, index: number): number {
  return (state >>> index) & 1;
}

/** The model's parameters, exactly. */
export function exactParameters(model: ReferenceModel): ExtendedParameters {
  return {
    weights: Array.from(model.weights, ep.fromNumber),
    visibleBias: Array.from(model.visibleBias, ep.fromNumber),
    hiddenBias: Array.from(model.hiddenBias, ep.fromNumber),
  };
}

/** Fraction bits in which every float64 (and every step of the central differences) is exact. */
const energyBits = 1100;

function fixed(value: Extended): bigint {
  return ep.toFixed(value, energyBits);
}

/** −E(v,h) = Σ a_i v_i + Σ b_j h_j + Σ v_i W_ij h_j as a function of the states, exact. */
function negativeEnergy(model: ReferenceModel, parameters: ExtendedParameters) {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const weights = parameters.weights.map(fixed);
  const visibleBias = parameters.visibleBias.map(fixed);
  const hiddenBias = parameters.hiddenBias.map(fixed);
  return (visible: number, hidden: number): Extended => {
    let sum = 0n;
    for (let i = 0; i < n; i++) {
      if (unit(visible, i)) sum += visibleBias[i];
    }
    for (let j = 0; j < m; j++) {
      if (unit(hidden, j)) sum += hiddenBias[j];
    }
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        if (unit(visible, i) && unit(hidden, j)) sum += weights[i * m + j];
      }
    }
    return ep.extended(sum, -energyBits);
  };
}

/** E(v,h). */
export function energy(model: ReferenceModel, visible: number, hidden: number): Extended {
  return ep.negate(negativeEnergy(model, exactParameters(model))(visible, hidden));
}

/** Everything that follows from the unnormalised probabilities exp(−E(v,h)) of all joint states. */
export interface Enumeration {
  /** exp(−E(v,h)), indexed [visible state][hidden state]. */
  readonly joint: Extended[][];
  /** p̃(v) = Σ_h exp(−E(v,h)). */
  readonly visibleTotals: Extended[];
  /** Σ_v exp(−E(v,h)). */
  readonly hiddenTotals: Extended[];
  readonly partitionFunction: Extended;
}

/** Visits all 2^(n+m) states. `parameters` replaces the model's own (for differences far below float64's spacing). */
export function enumerate(model: ReferenceModel, parameters = exactParameters(model)): Enumeration {
  const { visibleUnits: n, hiddenUnits: m } = model;
  if (n + m > 16) throw new RangeError(`${n} + ${m} units are too many to enumerate both layers`);
  const exponent = negativeEnergy(model, parameters);
  const joint = Array.from({ length: 2 ** n }, (_, visible) =>
    Array.from({ length: 2 ** m }, (__, hidden) => ep.exp(exponent(visible, hidden))),
  );
  const visibleTotals = joint.map((row) => ep.total(row));
  const hiddenTotals = Array.from({ length: 2 ** m }, (_, hidden) => ep.total(joint.map((row) => row[hidden])));
  return { joint, visibleTotals, hiddenTotals, partitionFunction: ep.total(visibleTotals) };
}

/** log Z. */
export function logPartitionFunction(model: ReferenceModel): Extended {
  return ep.log(enumerate(model).partitionFunction);
}

/**
 * log Z of a model with parameters so large that the state of least energy is all that counts at any precision:
 * max over all states of −E(v,h). Short of log Z by at most (n + m) ln 2.
 */
export function logPartitionFunctionOfLargest(model: ReferenceModel): Extended {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const exponent = negativeEnergy(model, exactParameters(model));
  let largest = ep.zero;
  for (let visible = 0; visible < 2 ** n; visible++) {
    for (let hidden = 0; hidden < 2 ** m; hidden++) {
      const value = exponent(visible, hidden);
      if (ep.compare(value, largest) > 0) largest = value;
    }
  }
  return largest;
}

/** F(v) = −log Σ_h exp(−E(v,h)). */
export function freeEnergy(states: Enumeration, visible: number): Extended {
  return ep.negate(ep.log(states.visibleTotals[visible]));
}

/** p(v) of every visible state, rounded to float64. */
export function visibleProbabilities(states: Enumeration): number[] {
  return states.visibleTotals.map((value) => ep.toNumber(ep.divide(value, states.partitionFunction)));
}

/** p(h_j = 1 | v). */
export function hiddenMeanGivenVisible(states: Enumeration, visible: number, index: number): Extended {
  const on = states.joint[visible].filter((_, hidden) => unit(hidden, index));
  return ep.divide(ep.total(on), states.visibleTotals[visible]);
}

/** p(v_i = 1 | h). */
export function visibleMeanGivenHidden(states: Enumeration, hidden: number, index: number): Extended {
  const on = states.joint.filter((_, visible) => unit(visible, index)).map((row) => row[hidden]);
  return ep.divide(ep.total(on), states.hiddenTotals[hidden]);
}

/** Mean of log p(v) over the data, a list of visible states. */
export function meanLogLikelihood(states: Enumeration, data: readonly number[]): Extended {
  const sum = ep.total(data.map((visible) => ep.negate(freeEnergy(states, visible))));
  return ep.subtract(ep.divide(sum, ep.fromNumber(data.length)), ep.log(states.partitionFunction));
}

/** E[v_i h_j], E[v_i], E[h_j] under the joint weights `probability(v, h)`. */
function expectations(
  model: ReferenceModel,
  probability: (visible: number, hidden: number) => Extended,
): ExtendedParameters {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const sumWhere = (isOn: (visible: number, hidden: number) => number) => {
    let sum = ep.zero;
    for (let visible = 0; visible < 2 ** n; visible++) {
      for (let hidden = 0; hidden < 2 ** m; hidden++) {
        if (isOn(visible, hidden)) sum = ep.add(sum, probability(visible, hidden));
      }
    }
    return sum;
  };
  return {
    weights: Array.from({ length: n * m }, (_, index) =>
      sumWhere((visible, hidden) => unit(visible, Math.floor(index / m)) & unit(hidden, index % m)),
    ),
    visibleBias: Array.from({ length: n }, (_, i) => sumWhere((visible) => unit(visible, i))),
    hiddenBias: Array.from({ length: m }, (_, j) => sumWhere((_visible, hidden) => unit(hidden, j))),
  };
}

/** ⟨v hᵀ⟩, ⟨v⟩, ⟨h⟩ under the model's distribution p(v,h): the exact negative phase. */
export function modelExpectations(model: ReferenceModel, states: Enumeration): ExtendedParameters {
  return expectations(model, (visible, hidden) =>
    ep.divide(states.joint[visible][hidden], states.partitionFunction),
  );
}

/** ⟨v hᵀ⟩, ⟨v⟩, ⟨h⟩ under p(h|v) with v from the data: the exact positive phase. */
export function dataExpectations(
  model: ReferenceModel,
  states: Enumeration,
  data: readonly number[],
): ExtendedParameters {
  const counts = new Map<number, number>();
  for (const visible of data) counts.set(visible, (counts.get(visible) ?? 0) + 1);
  return expectations(model, (visible, hidden) => {
    const count = counts.get(visible);
    if (count === undefined) return ep.zero;
    const conditional = ep.divide(states.joint[visible][hidden], states.visibleTotals[visible]);
    return ep.divide(ep.multiply(conditional, ep.fromNumber(count)), ep.fromNumber(data.length));
  });
}

function difference(left: readonly Extended[], right: readonly Extended[]): Extended[] {
  return left.map((value, index) => ep.subtract(value, right[index]));
}

/** ∇ of the mean log-likelihood: data expectations minus model expectations. */
export function gradient(model: ReferenceModel, data: readonly number[]): ExtendedParameters {
  const states = enumerate(model);
  const positive = dataExpectations(model, states, data);
  const negative = modelExpectations(model, states);
  return {
    weights: difference(positive.weights, negative.weights),
    visibleBias: difference(positive.visibleBias, negative.visibleBias),
    hiddenBias: difference(positive.hiddenBias, negative.hiddenBias),
  };
}

/** ∇ of the mean log-likelihood by central differences of step 2^-40 in every parameter (error about 2^-80). */
export function gradientByCentralDifferences(model: ReferenceModel, data: readonly number[]): ExtendedParameters {
  const exact = exactParameters(model);
  const step: Extended = { mantissa: 1n, exponent: -40 };
  const likelihoodWith = (tensor: keyof ExtendedParameters, index: number, change: Extended) => {
    const changed = { ...exact, [tensor]: exact[tensor].with(index, ep.add(exact[tensor][index], change)) };
    return meanLogLikelihood(enumerate(model, changed), data);
  };
  const differences = (tensor: keyof ExtendedParameters) =>
    exact[tensor].map((_, index) =>
      ep.divide(
        ep.subtract(likelihoodWith(tensor, index, step), likelihoodWith(tensor, index, ep.negate(step))),
        ep.multiply(ep.fromNumber(2), step),
      ),
    );
  return {
    weights: differences('weights'),
    visibleBias: differences('visibleBias'),
    hiddenBias: differences('hiddenBias'),
  };
}

/**
 * log Z of a model with many visible and at most 16 hidden units:
 * Z = Σ_h exp(Σ_j b_j h_j) Π_i (1 + exp(a_i + Σ_j W_ij h_j)).
 *
 * The hidden states are visited in Gray-code order, in fixed point: when unit j changes, every e^(input of unit i) is
 * multiplied by e^±W_ij. The fixed point leaves 160 significant bits below the smallest value that can occur.
 */
export function logPartitionFunctionOverHidden(model: ReferenceModel): Extended {
  const { visibleUnits: n, hiddenUnits: m } = model;
  if (m > 16) throw new RangeError(`${m} hidden units are too many for this oracle`);
  const exact = exactParameters(model);

  let largestInput = 0;
  for (let i = 0; i < n; i++) {
    let sum = Math.abs(model.visibleBias[i]);
    for (let j = 0; j < m; j++) sum += Math.abs(model.weights[i * m + j]);
    largestInput = Math.max(largestInput, sum);
  }
  const fractionBits = 160 + Math.ceil(largestInput * 1.45);
  const shift = BigInt(fractionBits);
  const unity = 1n << shift;
  const fixedExp = (value: Extended) => ep.toFixed(ep.exp(value), fractionBits);

  const turnOn = exact.weights.map(fixedExp);
  const turnOff = exact.weights.map((weight) => fixedExp(ep.negate(weight)));
  const factors = exact.visibleBias.map(fixedExp);

  let state = 0;
  let sum = ep.zero;
  for (let visit = 0; visit < 2 ** m; visit++) {
    if (visit > 0) {
      const changed = 31 - Math.clz32(visit & -visit);
      state ^= 1 << changed;
      const change = unit(state, changed) ? turnOn : turnOff;
      for (let i = 0; i < n; i++) factors[i] = (factors[i] * change[i * m + changed]) >> shift;
    }
    // Eight factors at a time are multiplied exactly; `extended` then cuts the product to 256 bits.
    let product = ep.exp(ep.total(exact.hiddenBias.filter((_, j) => unit(state, j))));
    for (let start = 0; start < n; start += 8) {
      let part = 1n;
      const end = Math.min(start + 8, n);
      for (let i = start; i < end; i++) part *= unity + factors[i];
      product = ep.multiply(product, ep.extended(part, -fractionBits * (end - start)));
    }
    sum = ep.add(sum, product);
  }
  return ep.log(sum);
}
