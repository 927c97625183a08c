import { describe, expect, test } from '@jest/globals';
import { decode } from 'fast-png';

import type { Tensor } from '../../src/formats/safetensors.js';
import { getUnit, hostMatrixOf, loadKernels, packBinaryMatrix, type BinaryMatrix } from '../../src/kernels/index.js';
import { affordableSteps, nearestDistances, particlesOf, stepsBudget } from '../../src/report/particles.js';
import { planePixels } from '../../src/report/plane.js';
import { fantasiesSection } from '../../src/report/sections/fantasies.js';
import { integers, normals } from '../reference/numbers.js';
import { asText, contentOf, contextOf, copyingParameters, counting, randomParameters, shadesOf, waysToCompute, type TestRun } from './picture-context.js';

const { exp, floor } = Math;

function randomBytes(count: number, seed: number): Uint8Array {
  return Uint8Array.from(integers(count, seed), (word) => word >>> 31);
}

function randomStates(rows: number, columns: number, seed: number): BinaryMatrix {
  return packBinaryMatrix(randomBytes(rows * columns, seed), rows, columns);
}

/** The pixels of the pictures of the first grid. */
function tilesOf(at: (x: number, y: number) => number, count: number, perLine: number, [height, width]: [number, number]): number[][] {
  const pixel = (tile: number, index: number): number =>
    at((tile % perLine) * (width + 1) + 1 + (index % width), floor(tile / perLine) * (height + 1) + 1 + floor(index / width));
  return Array.from({ length: count }, (_, tile) => Array.from({ length: height * width }, (__, index) => pixel(tile, index)));
}

/** Rows of bytes as lists. */
function rowsOf(bytes: Uint8Array, columns: number, first: number, count: number): number[][] {
  return Array.from({ length: count }, (_, row) => [...bytes.subarray((first + row) * columns, (first + row + 1) * columns)]);
}

test('the left grid is training examples, spread over the data', async () => {
  const train = randomStates(130, 12, 3);
  const content = await contentOf(fantasiesSection, { parameters: randomParameters(12, 5, 1), shape: [3, 4], train });
  const { at, width } = shadesOf(content);
  // 64 of 130 examples, 8 grids of 4 pixels in 7 lines: ⌈√(64·3/4)⌉ = 7 in a line.
  const expected = Array.from({ length: 64 }, (_, tile) => Array.from({ length: 12 }, (__, unit) => getUnit(train, floor((tile * 130) / 64), unit)));
  expect(tilesOf(at, 64, 7, [3, 4])).toEqual(expected);
  expect(width).toBe(2 * (7 * 5 + 1) + 2);
  expect([0, 1].map((x) => at(36 + x, 10))).toEqual([-2, -2]);
});

test('missing values are neither black nor white', async () => {
  const missing = packBinaryMatrix(Uint8Array.of(0, 1, 0, 0), 1, 4);
  const train = packBinaryMatrix(Uint8Array.of(1, 0, 1, 0), 1, 4);
  const parameters = randomParameters(4, 2, 1);
  const dataset = { splits: { train: { rows: 1, columns: 4, states: train, missing } } };
  const { at } = shadesOf(await contentOf(fantasiesSection, { parameters, shape: [2, 2], train, dataset }));
  expect([at(1, 1), at(2, 1), at(1, 2), at(2, 2)]).toEqual([1, -1, 1, 0]);
});

test('exact samples where the model can be enumerated: their means are those of the model', async () => {
  const parameters = randomParameters(6, 4, 9, 1);
  const kernels = await loadKernels();
  const context = contextOf(kernels, { parameters });
  const { states, isExact } = await particlesOf(context);
  expect(isExact).toBe(true);
  expect(await particlesOf(context)).toBe(await particlesOf(context));
  await kernels.close();
  // E[v] by brute force over all joint states.
  const expected = new Float64Array(6);
  let total = 0;
  for (let v = 0; v < 64; v++) {
    for (let h = 0; h < 16; h++) {
      let energy = 0;
      for (let i = 0; i < 6; i++) if ((v >> i) & 1) energy -= parameters.visibleBias[i];
      for (let j = 0; j < 4; j++) if ((h >> j) & 1) energy -= parameters.hiddenBias[j];
      for (let i = 0; i < 6; i++) for (let j = 0; j < 4; j++) if (((v >> i) & 1) !== 0 && ((h >> j) & 1) !== 0) energy -= parameters.weights[i * 4 + j];
      const weight = exp(-energy);
      total += weight;
      for (let i = 0; i < 6; i++) expected[i] += ((v >> i) & 1) * weight;
    }
  }
  for (let unit = 0; unit < 6; unit++) {
    let on = 0;
    for (let row = 0; row < states.rows; row++) on += getUnit(states as BinaryMatrix, row, unit);
    // 4.5 standard errors, at most ½/√rows each.
    expect(Math.abs(on / states.rows - expected[unit] / total)).toBeLessThan((4.5 * 0.5) / Math.sqrt(states.rows));
  }
});

describe('where the model can not be enumerated', () => {
  const units = 36;
  const bytes = randomBytes(5 * units, 8);
  const state = new Map([['visibleChains', { shape: [5, units], values: bytes }]]);
  const parameters = copyingParameters(units);

  test('the persistent chains of training are shown as they stand', async () => {
    const content = await contentOf(fantasiesSection, { parameters, shape: [6, 6], state });
    const { at } = shadesOf(content);
    expect(content?.pictures?.[0].caption).toContain('the first 5 of the 5 persistent chains');
    expect(tilesOf(at, 5, 3, [6, 6])).toEqual(rowsOf(bytes, units, 0, 5));
  });

  test('of tempered chains those at inverse temperature 1', async () => {
    const chains = randomBytes(6 * units, 9);
    const tempered = new Map<string, Tensor>([
      ['visibleChains', { shape: [6, units], values: chains }],
      ['ladder', { shape: [3], values: Float64Array.of(0, 0.5, 1) }],
    ]);
    const { at } = shadesOf(await contentOf(fantasiesSection, { parameters, shape: [6, 6], state: tempered }));
    expect(tilesOf(at, 2, 2, [6, 6])).toEqual(rowsOf(chains, units, 4, 2));
  });

  test('else tempered chains, within the budget', async () => {
    const { kernels, spent } = counting(await loadKernels());
    const run = { parameters: randomParameters(units, units, 3), shape: [6, 6] as [number, number], train: randomStates(20, units, 1) };
    const content = await fantasiesSection.make(contextOf(kernels, run));
    await kernels.close();
    expect(content?.pictures?.[0].caption).toContain('tempered chains');
    expect(spent()).toBeLessThanOrEqual(stepsBudget);
  });

  test('else Gibbs chains from examples, within the budget; how many steps is said', async () => {
    const { kernels, spent } = counting(await loadKernels());
    const content = await fantasiesSection.make(contextOf(kernels, { parameters: copyingParameters(600), shape: [20, 30], train: randomStates(70, 600, 1) }));
    await kernels.close();
    const steps = affordableSteps(360_000, 64).steps;
    expect(steps).toBe(86);
    expect(content?.pictures?.[0].caption).toContain(`Gibbs chains after ${steps} steps from training examples`);
    expect(spent()).toBeLessThanOrEqual(stepsBudget);
    // They stay where they are, and so the grids are the same.
    const { at, width, height } = shadesOf(content);
    let different = 0;
    for (let y = 0; y < height; y++) for (let x = 0; x < (width - 4) / 2; x++) different += at(x, y) === at(x + (width - 4) / 2 + 4, y) ? 0 : 1;
    expect(different).toBe(0);
  });
});

test('steps and chains are within any budget, and fewer chains come before too few steps', () => {
  for (const weights of [1, 1000, 392_000, 10_000_000, 1e8, 1e12]) {
    const { chains, steps } = affordableSteps(weights, 64);
    expect(chains * steps === 1 || chains * steps * weights <= stepsBudget).toBe(true);
    expect(chains === 1 || steps >= 10).toBe(true);
    expect(steps).toBeLessThanOrEqual(1000);
  }
});

test('distances to the nearest example', () => {
  const [states, examples] = [randomStates(20, 70, 1), randomStates(30, 70, 2)];
  const expected = Array.from({ length: 20 }, (_, row) =>
    Math.min(...Array.from({ length: 30 }, (__, example) => Array.from({ length: 70 }, (___, unit): number => getUnit(states, row, unit) ^ getUnit(examples, example, unit)).reduce((sum, bit) => sum + bit, 0))),
  );
  expect([...(nearestDistances(states, examples) ?? [])]).toEqual(expected);
});

test('points in the plane: the second column goes up', () => {
  const { width, places } = planePixels(Float64Array.of(0, 0, 1, 1, 1, 1, 0, NaN), [[0, 1], [0, 1]]);
  const at = (x: number, y: number): number => places[y * width + x];
  expect([at(1, 40), at(40, 1), at(1, 1), at(40, 40)]).toEqual([2 + Math.round(252 / Math.sqrt(2)), 254, 2, 2]);
});

const gaussian = { kind: 'gaussian' } as const;
const realModel = (n: number): TestRun['parameters'] => ({ ...randomParameters(n, 3, 4), visibleLayer: gaussian, units: { visible: 'gaussian', hidden: 'binary' } });
const real = (rows: number, n: number): TestRun['train'] => hostMatrixOf(Float64Array.from(normals(rows * n, 6)), rows, n);

const hostile: [string, TestRun][] = [
  ['one pixel', { parameters: randomParameters(1, 1, 1), shape: [1, 1], train: randomStates(1, 1, 1) }],
  ['a row of pixels', { parameters: randomParameters(100, 3, 2), shape: [1, 100], train: randomStates(10, 100, 1) }],
  ['no data', { parameters: randomParameters(4, 3, 2), shape: [2, 2] }],
  ['no shape', { parameters: randomParameters(9, 3, 2), train: randomStates(7, 9, 1) }],
  ['real values of a shape', { parameters: realModel(4), shape: [2, 2], train: real(9, 4), layer: gaussian }],
  ['real values, two columns', { parameters: realModel(2), train: real(9, 2), layer: gaussian }],
  ['real values, three columns', { parameters: realModel(3), train: real(9, 3), layer: gaussian }],
];

test.each(hostile)('%s: the same with either backend and any threads', async (_, run) => {
  const content = await contentOf(fantasiesSection, run);
  const text = asText(content);
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
  expect(decode(content?.pictures?.[0].png?.bytes ?? new Uint8Array()).width).toBe(content?.pictures?.[0].png?.width);
  for (const [backend, threads] of waysToCompute) expect(asText(await contentOf(fantasiesSection, run, backend, threads))).toBe(text);
  expect(asText(await contentOf(fantasiesSection, { ...run, seed: '2' }))).not.toBe(text);
});

test('categorical rows are words', async () => {
  const layer = { kind: 'categorical', groups: Uint32Array.of(0, 2, 5) } as const;
  const categories = [{ column: 'shape', values: ['round', 'square'] }, { column: 2, values: ['red', 'green', 'blue'] }];
  const parameters = { ...randomParameters(5, 2, 3), visibleLayer: layer, units: { visible: 'categorical', hidden: 'binary' } } as const;
  const train = packBinaryMatrix(Uint8Array.of(1, 0, 0, 0, 1, 0, 1, 1, 0, 0), 2, 5);
  const content = await contentOf(fantasiesSection, { parameters, train, layer, identity: { categories } });
  const table = content?.tables?.[0];
  expect(table?.columns).toEqual(['', 'shape', 'column 2']);
  expect(table?.rows.slice(0, 2)).toEqual([['example', 'round', 'blue'], ['example', 'square', 'red']]);
  for (const [, shape, colour] of table?.rows ?? []) {
    expect(categories[0].values).toContain(shape);
    expect(categories[1].values).toContain(colour);
  }
});
