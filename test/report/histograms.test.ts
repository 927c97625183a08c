import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { packBinaryMatrix } from '../../src/kernels/index.js';
import { describeValues, histogramOf, histogramTable, outlines } from '../../src/report/histogram.js';
import { histogramsSection } from '../../src/report/sections/histograms.js';
import { integers } from '../reference/numbers.js';
import { asText, contentOf, randomParameters, waysToCompute, type TestRun } from './picture-context.js';

const values = fc.array(fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.integer({ min: -3, max: 3 }).map((value) => value / 10)), { minLength: 1, maxLength: 60 });

test('bins cover all values once, are equally wide, and are neither few nor many', () => {
  fc.assert(
    fc.property(values, values, (one, other) => {
      const histogram = histogramOf([{ name: 'one', values: Float64Array.from(one) }, { name: 'other', values: Float64Array.from(other) }]);
      const { edges = [], shares = [] } = histogram ?? {};
      const bins = edges.length - 1;
      expect(bins).toBeGreaterThanOrEqual(1);
      expect(bins).toBeLessThanOrEqual(45);
      for (const [index, numbers] of [one, other].entries()) {
        // Counted from the value's side.
        const counted = edges.slice(1).map((end, bin) => numbers.filter((value) => value >= edges[bin] && (value < end || (bin === bins - 1 && value <= end))).length);
        expect(shares[index].shares.map((share) => Math.round(share * numbers.length))).toEqual(counted);
        expect(counted.reduce((sum, count) => sum + count, 0)).toBe(numbers.length);
      }
      const widths = edges.slice(1).map((end, bin) => end - edges[bin]);
      expect(Math.max(...widths) - Math.min(...widths)).toBeLessThan(1e-6 * Math.max(...widths));
    }),
    { numRuns: 200 },
  );
});

test('ends of bins are round numbers', () => {
  expect(histogramOf([{ name: '', values: Float64Array.of(0.03, 0.97) }], [0, 1])?.edges).toEqual(Array.from({ length: 21 }, (_, index) => index / 20));
  expect(histogramOf([{ name: '', values: Float64Array.of(-31, 128) }])?.edges).toEqual(Array.from({ length: 34 }, (_, index) => -35 + 5 * index));
});

test.each([[[0]], [[3]], [[-2e-7]], [[5e300]], [[1, 1, 1]], [[1, 1 + 1e-15]]])('values that are all the same have one bin: %j', (same) => {
  const { edges, shares } = histogramOf([{ name: '', values: Float64Array.from(same) }]) ?? { edges: [], shares: [] };
  expect(shares[0].shares.filter((share) => share > 0)).toEqual([1]);
  expect(edges[0] <= same[0] && edges[edges.length - 1] >= same[0]).toBe(true);
});

test('no values, no histogram; what is not finite is left out', () => {
  expect(histogramOf([{ name: '', values: Float64Array.of(NaN, Infinity) }])).toBeUndefined();
  expect(histogramOf([{ name: '', values: Float64Array.of(NaN, 1) }])?.shares[0].shares).toContain(1);
});

test('outlines go along the tops of the bins, and the table says the same', () => {
  const histogram = { edges: [0, 1, 2], shares: [{ name: 'one', style: 2, shares: [0.25, 0.75] }] };
  expect(outlines(histogram)).toEqual([
    {
      name: 'one',
      style: 2,
      points: [
        { x: 0, y: 0.25, low: 0, high: 0.25 },
        { x: 1, y: 0.25, low: 0, high: 0.25 },
        { x: 1, y: 0.75, low: 0, high: 0.75 },
        { x: 2, y: 0.75, low: 0, high: 0.75 },
      ],
    },
  ]);
  expect(histogramTable('numbers', histogram)).toEqual({ caption: 'numbers', columns: ['from', 'to', 'one'], rows: [['0', '1', '25 %'], ['1', '2', '75 %']] });
});

test('values in words', () => {
  expect(describeValues({ name: 'weights', values: Float64Array.of(2, 4, 4, 4, 5, 5, 7, 9) })).toBe('weights: 8 values from 2 to 9, mean 5, standard deviation 2, median 4');
  expect(describeValues({ name: 'none', values: new Float64Array(0) })).toBe('none: none');
});

const train = packBinaryMatrix(Uint8Array.from(integers(40 * 9, 3), (word) => word >>> 31), 40, 9);

test('the section shows energies of data and fantasies, activities, weights and biases', async () => {
  const validation = { rows: 40, columns: 9, states: train };
  const content = await contentOf(histogramsSection, { parameters: randomParameters(9, 4, 2), train, dataset: { splits: { train: validation, validation } } });
  expect(content?.pictures?.map(({ name }) => name)).toEqual(['free-energies', 'hidden-activities', 'weights', 'biases']);
  const [energies, , weights] = content?.pictures ?? [];
  expect(energies.data?.columns).toEqual(['from', 'to', 'training', 'validation', 'fantasies']);
  expect(energies.alternative).toMatch(/training: 40 values.*validation: 40 values.*fantasies: 500 values/);
  // The same examples have the same energies.
  for (const [, , one, other] of energies.data?.rows ?? []) expect(one).toBe(other);
  expect(weights.alternative).toContain('weights: 36 values');
  for (const { svg = '' } of content?.pictures ?? []) expect(svg).toMatch(/^<svg[^]*<\/svg>$/);
});

const hostile: [string, TestRun][] = [
  ['one unit each, no data', { parameters: randomParameters(1, 1, 1) }],
  ['parameters that are all 0', { parameters: { visibleUnits: 9, hiddenUnits: 2, weights: new Float64Array(18), visibleBias: new Float64Array(9), hiddenBias: new Float64Array(2) }, train }],
];

test.each(hostile)('%s: the same with either backend and any threads', async (_, run) => {
  const text = asText(await contentOf(histogramsSection, run));
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
  for (const [backend, threads] of waysToCompute) expect(asText(await contentOf(histogramsSection, run, backend, threads))).toBe(text);
});
