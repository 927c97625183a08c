/**
 * Exact distributions of Gibbs chains, and bounds on how far samples may be from them: oracles for sampling and training.
 */

import { hiddenMeanGivenVisible, type Enumeration, type ReferenceModel } from './brute-force.js';
import * as bruteForce from './brute-force.js';
import * as ep from './extended-precision.js';

function ratio(part: ep.Extended, whole: ep.Extended): number {
  return ep.toNumber(ep.divide(part, whole));
}

/** p(v' | v) of one Gibbs step v → h → v', as rows of float64 probabilities. */
export function transitionMatrix(states: Enumeration): number[][] {
  const { joint, visibleTotals, hiddenTotals } = states;
  const hiddenGivenVisible = joint.map((row, visible) => row.map((value) => ratio(value, visibleTotals[visible])));
  const visibleGivenHidden = hiddenTotals.map((whole, hidden) => joint.map((row) => ratio(row[hidden], whole)));
  return hiddenGivenVisible.map((row) =>
    joint.map((_, next) => row.reduce((sum, p, hidden) => sum + p * visibleGivenHidden[hidden][next], 0)),
  );
}

/** The distribution of v after `steps` Gibbs steps from the distribution `start`. */
export function afterSteps(transition: number[][], start: readonly number[], steps: number): number[] {
  let current = [...start];
  for (let step = 0; step < steps; step++) {
    current = current.map((_, next) => current.reduce((sum, p, state) => sum + p * transition[state][next], 0));
  }
  return current;
}

/** ⟨v hᵀ⟩, ⟨v⟩, ⟨h⟩ with v from `distribution` and h from p(h | v). */
export function expectationsUnder(model: ReferenceModel, states: Enumeration, distribution: readonly number[]) {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const means = distribution.map((_, visible) =>
    Array.from({ length: m }, (__, j) => ep.toNumber(hiddenMeanGivenVisible(states, visible, j))),
  );
  const sum = (term: (visible: number) => number) =>
    distribution.reduce((total, p, visible) => total + p * term(visible), 0);
  return {
    visible: Array.from({ length: n }, (_, i) => sum((visible) => bruteForce.unit(visible, i))),
    hidden: Array.from({ length: m }, (_, j) => sum((visible) => means[visible][j])),
    products: Array.from({ length: n * m }, (_, index) =>
      sum((visible) => bruteForce.unit(visible, Math.floor(index / m)) * means[visible][index % m]),
    ),
  };
}

/** `count` samples of a distribution over 0, 1, 2, …, from given uniforms by the inverse of its cumulative sums. */
export function sampleDistribution(distribution: readonly number[], uniforms: readonly number[]): number[] {
  return uniforms.map((u) => {
    let rest = u;
    let state = 0;
    while (state < distribution.length - 1 && rest >= distribution[state]) rest -= distribution[state++];
    return state;
  });
}

/** States as one byte per unit. */
export function unpackStates(states: readonly number[], units: number): Uint8Array {
  return Uint8Array.from({ length: states.length * units }, (_, index) =>
    bruteForce.unit(states[Math.floor(index / units)], index % units),
  );
}

/** The inverse of {@link unpackStates}. */
export function packStates(bytes: Uint8Array, units: number): number[] {
  return Array.from({ length: bytes.length / units }, (_, row) => {
    let state = 0;
    for (let i = 0; i < units; i++) state += bytes[row * units + i] << i;
    return state;
  });
}

/** ½ Σ |frequency − probability|. */
export function totalVariation(samples: readonly number[], distribution: readonly number[]): number {
  const counts = distribution.map(() => 0);
  for (const state of samples) counts[state] += 1;
  return distribution.reduce((sum, p, state) => sum + Math.abs(counts[state] / samples.length - p), 0) / 2;
}

/**
 * What the total variation between `count` independent samples and their own distribution p exceeds with a probability
 * of at most 1e-9.
 *
 * Its mean: the frequency f of a state has variance p(1 − p)/N, so E|f − p| ≤ √(p(1 − p)/N) by Jensen, and
 * E[TV] ≤ ½ Σ √(p(1 − p)/N). Its deviation: changing one sample changes TV by at most 1/N, so by McDiarmid's inequality
 * P(TV ≥ E[TV] + t) ≤ exp(−2 N t²), which is 1e-9 at t = √(ln(1e9) / (2N)).
 */
export function totalVariationBound(distribution: readonly number[], count: number): number {
  const mean = distribution.reduce((sum, p) => sum + Math.sqrt((p * (1 - p)) / count), 0) / 2;
  return mean + Math.sqrt(Math.log(1e9) / (2 * count));
}

/**
 * What none of `figures` means of `count` independent values in [0, 1] is off by, except with a probability of at most
 * 1e-9: Hoeffding's inequality P(|mean − E| ≥ t) ≤ 2 exp(−2 N t²) and the union bound.
 */
export function meanBound(figures: number, count: number): number {
  return Math.sqrt(Math.log((2 * figures) / 1e-9) / (2 * count));
}
