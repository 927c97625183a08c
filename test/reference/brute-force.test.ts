/** Is the oracle right? Closed forms, and its ways of computing the same thing against each other. */

import { expect, test } from '@jest/globals';

import * as bruteForce from './brute-force.js';
import * as ep from './extended-precision.js';

const { abs } = Math;

/** Numbers in (−1, 1) from a linear congruential generator: tests need variety, not quality. */
function numbers(count: number, seed: number, size: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return (state / 1073741824 - 1) * size;
  });
}

function model(visibleUnits: number, hiddenUnits: number, size = 2): bruteForce.ReferenceModel {
  return {
    visibleUnits,
    hiddenUnits,
    weights: numbers(visibleUnits * hiddenUnits, 1, size),
    visibleBias: numbers(visibleUnits, 2, size),
    hiddenBias: numbers(hiddenUnits, 3, size),
  };
}

function difference(left: ep.Extended, right: ep.Extended): number {
  return abs(ep.toNumber(ep.subtract(left, right)));
}

test('without weights, Z is the product of all (1 + e^bias)', () => {
  const independent = { ...model(4, 3), weights: new Float64Array(12) };
  const biases = [...Array.from(independent.visibleBias), ...Array.from(independent.hiddenBias)];
  const expected = ep.total(biases.map((bias) => ep.log1p(ep.exp(ep.fromNumber(bias)))));
  expect(difference(bruteForce.logPartitionFunction(independent), expected)).toBeLessThan(1e-55);
});

test('the energy of a model of one unit each, by hand', () => {
  const tiny = { visibleUnits: 1, hiddenUnits: 1, weights: [4], visibleBias: [1], hiddenBias: [2] };
  expect([0, 1].map((v) => [0, 1].map((h) => ep.toNumber(bruteForce.energy(tiny, v, h)) + 0))).toEqual([
    [0, -2],
    [-1, -7],
  ]);
});

test('probabilities add up to one, and conditionals have their logistic form', () => {
  const small = model(3, 4);
  const states = bruteForce.enumerate(small);
  const sum = bruteForce.visibleProbabilities(states).reduce((total, value) => total + value, 0);
  expect(abs(sum - 1)).toBeLessThan(1e-14);
  for (let visible = 0; visible < 8; visible++) {
    for (let j = 0; j < 4; j++) {
      let input = ep.fromNumber(small.hiddenBias[j]);
      for (let i = 0; i < 3; i++) {
        if (bruteForce.unit(visible, i)) input = ep.add(input, ep.fromNumber(small.weights[i * 4 + j]));
      }
      const logistic = ep.divide(ep.one, ep.add(ep.one, ep.exp(ep.negate(input))));
      expect(difference(bruteForce.hiddenMeanGivenVisible(states, visible, j), logistic)).toBeLessThan(1e-55);
    }
  }
});

test('enumeration over the hidden layer agrees with enumeration over both', () => {
  for (const [n, m, size] of [[1, 1, 1], [5, 4, 2], [4, 5, 60], [9, 2, 20]]) {
    const small = model(n, m, size);
    const expected = bruteForce.logPartitionFunction(small);
    expect(difference(bruteForce.logPartitionFunctionOverHidden(small), expected)).toBeLessThan(1e-40);
  }
});

test('the gradient by definition is the gradient by central differences', () => {
  const small = model(3, 2);
  const data = [0, 5, 5, 7, 2];
  const byDefinition = bruteForce.gradient(small, data);
  const byDifferences = bruteForce.gradientByCentralDifferences(small, data);
  for (const tensor of ['weights', 'visibleBias', 'hiddenBias'] as const) {
    byDefinition[tensor].forEach((value, index) => {
      expect(difference(byDifferences[tensor][index], value)).toBeLessThan(1e-22);
    });
  }
});
