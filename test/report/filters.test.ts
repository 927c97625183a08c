import { describe, expect, test } from '@jest/globals';
import { decode } from 'fast-png';
import * as fc from 'fast-check';

import { packBinaryMatrix } from '../../src/kernels/index.js';
import { cosines, commonMagnitude, largestFirst, likeness, orderByLikeness, weightNorms } from '../../src/report/receptive-fields.js';
import { filtersSection } from '../../src/report/sections/filters.js';
import type { SectionContent } from '../../src/report/section.js';
import { integers, uniforms } from '../reference/numbers.js';
import { asText, contentOf, randomParameters, waysToCompute, type TestRun } from './picture-context.js';

const { exp, hypot, max, sqrt } = Math;

function randomStates(rows: number, columns: number, seed: number): ReturnType<typeof packBinaryMatrix> {
  return packBinaryMatrix(Uint8Array.from(integers(rows * columns, seed), (word) => word >>> 31), rows, columns);
}

/** The units of the table of places, from 0, in the order shown. */
function unitsShown(content: SectionContent | undefined): number[] {
  return (content?.pictures?.[0].data?.rows ?? []).flatMap(([, units]) => units.split(' ').map((unit) => Number(unit) - 1));
}

describe('the order', () => {
  const sizes = fc.record({ count: fc.integer({ min: 1, max: 12 }), perLine: fc.integer({ min: 1, max: 5 }), seed: fc.nat(1000) });

  function similaritiesOf(count: number, seed: number): Float64Array {
    const values = uniforms(count * count, seed).map((value) => 2 * value - 1);
    return Float64Array.from(values, (_, index) => {
      const [row, column] = [Math.floor(index / count), index % count];
      return row === column ? 1 : values[max(row, column) * count + Math.min(row, column)];
    });
  }

  test('is a permutation that begins with 0, and the same every time', () => {
    fc.assert(
      fc.property(sizes, ({ count, perLine, seed }) => {
        const similarities = similaritiesOf(count, seed);
        const order = [...orderByLikeness(similarities, count, perLine)];
        expect(order.toSorted((one, other) => one - other)).toEqual(Array.from({ length: count }, (_, unit) => unit));
        expect(order[0]).toBe(0);
        expect([...orderByLikeness(similarities, count, perLine)]).toEqual(order);
      }),
      { numRuns: 50 },
    );
  });

  test('can not be made better by exchanging two places', () => {
    fc.assert(
      fc.property(sizes, ({ count, perLine, seed }) => {
        const similarities = similaritiesOf(count, seed);
        const order = [...orderByLikeness(similarities, count, perLine)];
        const reached = likeness(order, similarities, perLine);
        for (let one = 1; one < count; one++) {
          for (let other = one + 1; other < count; other++) {
            const exchanged = order.map((unit, place) => (place === one ? order[other] : place === other ? order[one] : unit));
            expect(likeness(exchanged, similarities, perLine)).toBeLessThan(reached + 1e-6);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('of a chain of alike units is the chain, whatever their numbers', () => {
    const hidden = [4, 0, 7, 2, 9, 5, 1, 8, 3, 6];
    const similarities = new Float64Array(100);
    // Place in the chain decides likeness; unit 0 is its first.
    const positions = hidden.map((position) => (position === hidden[0] ? 0 : position < hidden[0] ? position + 1 : position));
    positions.forEach((one, unit) => positions.forEach((other, another) => {
      similarities[unit * 10 + another] = exp(-((one - other) ** 2) / 4);
    }));
    const order = [...orderByLikeness(similarities, 10, 1)];
    expect(order.map((unit) => positions[unit])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('likeness counts every pair of neighbours once', () => {
    // 0 1 / 2: 0–1 and 0–2 are neighbours.
    expect(likeness([0, 1, 2], Float64Array.of(1, 0.5, 0.25, 0.5, 1, 9, 0.25, 9, 1), 2)).toBe(0.75);
  });

  test('cosines and norms are those of the columns', () => {
    const { weights } = randomParameters(7, 5, 3);
    const column = (unit: number): number[] => Array.from({ length: 7 }, (_, row) => weights[row * 5 + unit]);
    const norms = weightNorms(weights, 5);
    const units = Uint32Array.of(4, 1, 3);
    const found = cosines(weights, 5, units);
    units.forEach((one, row) => {
      expect(norms[one]).toBeCloseTo(hypot(...column(one)), 12);
      units.forEach((other, place) => {
        const product = column(one).reduce((sum, value, index) => sum + value * column(other)[index], 0);
        expect(found[row * 3 + place]).toBeCloseTo(product / hypot(...column(one)) / hypot(...column(other)), 12);
      });
    });
    expect([...cosines(new Float64Array(4), 2, Uint32Array.of(0, 1))]).toEqual([0, 0, 0, 0]);
    expect([...largestFirst(Float64Array.of(1, 3, 1, 2), 3)]).toEqual([1, 3, 0]);
    expect(commonMagnitude(Float64Array.of(-5, 1, 2, -3), 0.75)).toBe(3);
  });
});

describe('the section', () => {
  const parameters = randomParameters(12, 7, 11);
  const train = randomStates(40, 12, 5);

  test('shows every unit as an image of its weights', async () => {
    const content = await contentOf(filtersSection, { parameters, shape: [3, 4], train });
    const units = unitsShown(content);
    expect(units.toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const { bytes } = content?.pictures?.[0].png ?? { bytes: new Uint8Array() };
    const { width, data, palette = [] } = decode(bytes);
    const largest = max(...parameters.weights.map(Math.abs));
    const perLine = (width - 1) / 5;
    /** Colours that a weight may not have; the larger it is, the darker it must be. */
    const isWrong = (weight: number, [red, green, blue]: readonly number[]): boolean =>
      (weight > largest / 100 && red <= blue) ||
      (weight < -largest / 100 && blue <= red) ||
      (Math.abs(weight) > 0.6 * largest && green >= 150) ||
      (Math.abs(weight) < 0.1 * largest && green <= 215);
    const wrong = units.flatMap((unit, tile) =>
      Array.from({ length: 12 }, (_, index) => ({ unit, index })).filter(({ index }) => {
        const x = (tile % perLine) * 5 + 1 + (index % 4);
        const y = Math.floor(tile / perLine) * 4 + 1 + Math.floor(index / 4);
        return isWrong(parameters.weights[index * 7 + unit], palette[data[y * width + x]]);
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('chooses the units by norm × variance of their activity over the examples, the most useful one first', async () => {
    const many = randomParameters(12, 130, 21);
    const content = await contentOf(filtersSection, { parameters: many, shape: [4, 3], train });
    const units = unitsShown(content);
    expect(units.length).toBe(100);
    expect(content?.pictures?.[0].caption).toContain('the 100 most useful of 130 hidden units');
    const bytes = new Uint8Array(40 * 12);
    for (let row = 0; row < 40; row++) for (let unit = 0; unit < 12; unit++) bytes[row * 12 + unit] = (train.words[row] >>> unit) & 1;
    const useful = Array.from({ length: 130 }, (_, unit) => {
      const column = Array.from({ length: 12 }, (__, row) => many.weights[row * 130 + unit]);
      const means = Array.from({ length: 40 }, (__, row) => 1 / (1 + exp(-column.reduce((sum, weight, index) => sum + weight * bytes[row * 12 + index], many.hiddenBias[unit]))));
      const mean = means.reduce((sum, value) => sum + value, 0) / 40;
      return sqrt(column.reduce((sum, weight) => sum + weight * weight, 0)) * (means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 40);
    });
    const expected = useful.map((value, unit) => ({ value, unit })).toSorted((one, other) => other.value - one.value).slice(0, 100);
    expect(units.toSorted((one, other) => one - other)).toEqual(expected.map(({ unit }) => unit).toSorted((one, other) => one - other));
    expect(units[0]).toBe(expected[0].unit);
  });

  const hostile: [string, TestRun][] = [
    ['one pixel, one unit', { parameters: randomParameters(1, 1, 1), shape: [1, 1] }],
    ['a single row of pixels', { parameters: randomParameters(784, 3, 2), shape: [1, 784] }],
    ['a single column of pixels', { parameters: randomParameters(784, 3, 3), shape: [784, 1] }],
    ['many units', { parameters: randomParameters(4, 300, 4), shape: [2, 2], train: randomStates(3, 4, 1) }],
    ['no shape', { parameters: randomParameters(9, 4, 5), train: randomStates(3, 9, 1) }],
    ['weights that are all 0', { parameters: { ...randomParameters(4, 2, 6), weights: new Float64Array(8) }, shape: [2, 2], train: randomStates(3, 4, 1) }],
  ];

  test.each(hostile)('%s: the same with either backend and any threads', async (_, run) => {
    const content = await contentOf(filtersSection, run);
    const { png, alternative } = content?.pictures?.[0] ?? {};
    const { width, height } = decode(png?.bytes ?? new Uint8Array());
    expect([png?.width, png?.height]).toEqual([width, height]);
    expect(width * height).toBeLessThanOrEqual(400_000);
    expect(alternative).not.toMatch(/NaN|undefined|Infinity/);
    for (const [backend, threads] of waysToCompute) expect(asText(await contentOf(filtersSection, run, backend, threads))).toBe(asText(content));
  });

  test('what is too large is said in words', async () => {
    const large = (visibleUnits: number, hiddenUnits: number): TestRun['parameters'] => ({
      visibleUnits, hiddenUnits, weights: new Float64Array(visibleUnits * hiddenUnits), visibleBias: new Float64Array(visibleUnits), hiddenBias: new Float64Array(hiddenUnits),
    });
    expect((await contentOf(filtersSection, { parameters: large(400, 300) }))?.paragraphs?.[0]).toMatch(/400 visible × 300 hidden/);
    expect((await contentOf(filtersSection, { parameters: large(1_000_000, 1), shape: [1000, 1000] }))?.pictures).toBeUndefined();
  });
});
