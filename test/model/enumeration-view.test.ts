/** Which layer is enumerated, at what cost, and whether the view from it is the same model. */

import { expect, test } from '@jest/globals';

import { enumeratedLayer, enumerationCost, enumerationView } from '../../src/model/enumeration-view.js';

const model = {
  visibleUnits: 3,
  hiddenUnits: 2,
  weights: Float64Array.from([1, 2, 3, 4, 5, 6]),
  visibleBias: Float64Array.from([10, 20, 30]),
  hiddenBias: Float64Array.from([7, 8]),
};

test('the smaller layer is enumerated, the hidden one of two equal ones', () => {
  expect(enumeratedLayer({ visibleUnits: 3, hiddenUnits: 4 })).toBe('visible');
  expect(enumeratedLayer({ visibleUnits: 4, hiddenUnits: 3 })).toBe('hidden');
  expect(enumeratedLayer({ visibleUnits: 4, hiddenUnits: 4 })).toBe('hidden');
});

test('the cost is states of the smaller layer times units of the larger one', () => {
  expect(enumerationCost({ visibleUnits: 784, hiddenUnits: 20 })).toEqual({ outerUnits: 20, innerUnits: 784, states: 2 ** 20, stateUnits: 2 ** 20 * 784, cost: 2 ** 20 * 784 });
  expect(enumerationCost({ visibleUnits: 16, hiddenUnits: 500 })).toEqual({ outerUnits: 16, innerUnits: 500, states: 2 ** 16, stateUnits: 2 ** 16 * 500, cost: 2 ** 16 * 500 });
  expect(enumerationCost({ visibleUnits: 3000, hiddenUnits: 3000 }).stateUnits).toBe(Infinity);
});

test('the view has outer × inner weights and the biases of the layers', () => {
  expect(enumerationView(model)).toEqual({
    outerUnits: 2,
    innerUnits: 3,
    weights: Float64Array.from([1, 3, 5, 2, 4, 6]),
    outerBias: model.hiddenBias,
    innerBias: model.visibleBias,
  });
  const wide = { ...model, visibleUnits: 2, hiddenUnits: 3, visibleBias: model.hiddenBias, hiddenBias: model.visibleBias };
  expect(enumerationView(wide)).toEqual({
    outerUnits: 2,
    innerUnits: 3,
    weights: model.weights,
    outerBias: model.hiddenBias,
    innerBias: model.visibleBias,
  });
});
