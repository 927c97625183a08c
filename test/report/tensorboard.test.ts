/** A run for TensorBoard: tags of figures, steps, and the picture of the weights. */

import { decode } from 'fast-png';
import { describe, expect, test } from '@jest/globals';

import type { MeasuredEvent } from '../../src/report/run-record.js';
import { tagOf, tensorboardEvents } from '../../src/report/tensorboard.js';

const figures = { examples: 3, meanLogLikelihood: -1, standardError: 0.1, exact: true, meanFreeEnergy: 2, meanReconstructionError: 3, pseudoLikelihoodExamples: 3 };
const events: MeasuredEvent[] = [
  { update: 0, epoch: 0, splits: { train: figures, validation: { ...figures, meanLogLikelihood: -1.5 } }, logPartitionFunction: 7, freeEnergyGap: 0.5, learningRate: 0.1, momentum: 0.9 },
  { update: 20, epoch: 2, algorithm: { swapRates: [0.5, 0.25] }, diagnostics: { fit: { moments: { modelSource: 'chains', visible: 0.125 }, singularValues: [4, 3] } } },
];
// Two hidden units, of which the weights are 0 … 5 and their negatives.
const parameters = { visibleUnits: 6, hiddenUnits: 2, weights: Float64Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? 1 : -1) * (index >>> 1)), visibleBias: new Float64Array(6), hiddenBias: new Float64Array(2) };

describe('tags', () => {
  test.each([
    ['splits.train.meanLogLikelihood', 'logLikelihood/train'],
    ['splits.validation.meanReconstructionError', 'reconstructionError/validation'],
    ['splits.train.examples', undefined],
    ['splits.train.logLikelihoodInterval[0]', undefined],
    ['splits.train.toString', undefined],
    ['learningRate', 'training/learningRate'],
    ['logPartitionFunction', 'model/logPartitionFunction'],
    ['freeEnergyGap', 'model/freeEnergyGap'],
    ['algorithm.swapRates[1]', 'algorithm/swapRates/1'],
    ['diagnostics.fit.singularValues[4]', 'fit/singularValues/4'],
    ['diagnostics.spurious.modes[0].probability', 'spurious/modes/0/probability'],
    ['epoch', undefined],
    ['update', undefined],
  ])('%s: %s', (path, tag) => {
    expect(tagOf(path)).toBe(tag);
  });
});

test('every number of every event is a scalar at its update', () => {
  expect(tensorboardEvents({ events }, { parameters, update: 20 })).toEqual([
    {
      step: 0,
      wallTime: 0,
      summaries: [
        { tag: 'logLikelihood/train', value: -1 },
        { tag: 'freeEnergy/train', value: 2 },
        { tag: 'reconstructionError/train', value: 3 },
        { tag: 'logLikelihood/validation', value: -1.5 },
        { tag: 'freeEnergy/validation', value: 2 },
        { tag: 'reconstructionError/validation', value: 3 },
        { tag: 'model/logPartitionFunction', value: 7 },
        { tag: 'model/freeEnergyGap', value: 0.5 },
        { tag: 'training/learningRate', value: 0.1 },
        { tag: 'training/momentum', value: 0.9 },
      ],
    },
    {
      step: 20,
      wallTime: 20,
      summaries: [
        { tag: 'algorithm/swapRates/0', value: 0.5 },
        { tag: 'algorithm/swapRates/1', value: 0.25 },
        { tag: 'fit/moments/visible', value: 0.125 },
        { tag: 'fit/singularValues/0', value: 4 },
        { tag: 'fit/singularValues/1', value: 3 },
      ],
    },
  ]);
});

test('the weights of hidden units are a picture, in the order of steps', () => {
  const written = tensorboardEvents({ events }, { parameters, update: 10, shape: [2, 3] });
  expect(written.map(({ step }) => step)).toEqual([0, 10, 20]);
  const [image] = written[1].summaries;
  if (!('png' in image)) throw new Error('no picture');
  expect(image).toMatchObject({ tag: 'weights/filters', width: 9, height: 4 });
  const { width, height, data, palette } = decode(image.png);
  expect([width, height]).toEqual([9, 4]);
  /** Red minus blue of a pixel: orange is positive, blue negative. */
  const warmth = (x: number, y: number): number => {
    const [red, , blue] = palette?.[data[y * width + x]] ?? [];
    return red - blue;
  };
  const at = (unit: number, index: number): number => warmth(1 + 4 * unit + (index % 3), 1 + Math.floor(index / 3));
  for (let index = 1; index < 6; index++) {
    expect(at(0, index)).toBeGreaterThan(0);
    expect(at(1, index)).toBeLessThan(0);
  }
  expect(at(0, 0)).toBe(0);
  expect(at(1, 0)).toBe(0);
});

test('many units of large pictures: as many as there is room for, and none where one is too large', () => {
  const large = (pixels: number) => ({ ...parameters, visibleUnits: pixels, weights: new Float64Array(2 * pixels).fill(1) });
  const pictureOf = (shape: [number, number]) => tensorboardEvents({ events: [] }, { parameters: large(shape[0] * shape[1]), update: 1, shape }).flatMap(({ summaries }) => summaries);
  expect(pictureOf([400, 500])).toEqual([expect.objectContaining({ height: 402, width: 502 })]);
  expect(pictureOf([1000, 1000])).toEqual([]);
});
