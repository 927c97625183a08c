import { expect, test } from '@jest/globals';

import { getUnit, hostMatrixOf, loadKernels, packBinaryMatrix, type BinaryMatrix } from '../../src/kernels/index.js';
import { chainEvolutionSection } from '../../src/report/sections/chain-evolution.js';
import { integers, normals } from '../reference/numbers.js';
import { asText, contentOf, contextOf, copyingParameters, counting, randomParameters, shadesOf, waysToCompute, type TestRun } from './picture-context.js';

const { exp, floor } = Math;

function randomStates(rows: number, columns: number, seed: number): BinaryMatrix {
  return packBinaryMatrix(Uint8Array.from(integers(rows * columns, seed), (word) => word >>> 31), rows, columns);
}

const steps = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

test('chains of a model without weights forget their start at once: every frame but the first is sigmoid(a)', async () => {
  const parameters = { ...randomParameters(6, 2, 1), weights: new Float64Array(12) };
  const train = randomStates(9, 6, 4);
  const content = await contentOf(chainEvolutionSection, { parameters, shape: [2, 3], train });
  const { at, width, height } = shadesOf(content);
  expect([width, height]).toEqual([11 * 4 + 1, 2 * (4 * 3 + 1) + 3]);
  const [starts, differences, noise]: [number[], number[], number[]] = [[], [], []];
  for (let frame = 0; frame < 11; frame++) {
    for (let chain = 0; chain < 8; chain++) {
      const top = chain * 3 + 1 + (chain >= 4 ? 4 : 0);
      for (let unit = 0; unit < 6; unit++) {
        const shade = at(frame * 4 + 1 + (unit % 3), top + floor(unit / 3));
        if (frame > 0) differences.push(Math.abs(shade - 1 / (1 + exp(-parameters.visibleBias[unit]))));
        else (chain < 4 ? starts : noise).push(shade);
      }
    }
  }
  expect(Math.max(...differences)).toBeLessThan(1 / 250);
  expect(starts).toEqual([0, 2, 4, 6].flatMap((example) => Array.from({ length: 6 }, (_, unit) => getUnit(train, example, unit))));
  expect(new Set(noise)).toEqual(new Set([0, 1]));
  expect(content?.pictures?.[0].data?.rows.map(([step]) => Number(step))).toEqual(steps);
});

test('chains of a model that copies stay where they are, and the numbers say so', async () => {
  const content = await contentOf(chainEvolutionSection, { parameters: copyingParameters(4), shape: [2, 2], train: randomStates(8, 4, 2) });
  const { at, width, height } = shadesOf(content);
  let different = 0;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) different += at(x, y) === at(x < 3 ? x : ((x - 1) % 3) + 1, y) ? 0 : 1;
  expect(different).toBe(0);
  for (const [, ofData, , ofNoise] of content?.pictures?.[0].data?.rows ?? []) expect([ofData, ofNoise]).toEqual(['0 %', '0 %']);
  expect(content?.pictures?.[0].alternative).toContain('with 0 % of their units changed');
});

test('large models take fewer steps, within the budget, and both say how many', async () => {
  const { kernels, spent } = counting(await loadKernels());
  const content = await chainEvolutionSection.make(contextOf(kernels, { parameters: copyingParameters(600), shape: [20, 30], train: randomStates(70, 600, 1) }));
  await kernels.close();
  expect(spent()).toBeLessThanOrEqual(1_000_000_000);
  expect(content?.pictures?.[0].caption).toContain('Steps 0, 1, 2, 5, 10, 20, 50, 100, 200:');
  expect(content?.pictures?.[0].data?.rows.length).toBe(9);
});

const gaussian = { kind: 'gaussian' } as const;

const hostile: [string, TestRun][] = [
  ['one pixel', { parameters: randomParameters(1, 1, 1), shape: [1, 1], train: randomStates(1, 1, 1) }],
  ['a row of pixels, no data', { parameters: randomParameters(40, 2, 2), shape: [1, 40] }],
  [
    'real values',
    {
      parameters: { ...randomParameters(3, 3, 4), visibleLayer: gaussian, units: { visible: 'gaussian', hidden: 'binary' } },
      train: hostMatrixOf(Float64Array.from(normals(27, 6)), 9, 3),
      layer: gaussian,
    },
  ],
];

test.each(hostile)('%s: the same with either backend and any threads', async (_, run) => {
  const content = await contentOf(chainEvolutionSection, run);
  const text = asText(content);
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
  for (const [backend, threads] of waysToCompute) expect(asText(await contentOf(chainEvolutionSection, run, backend, threads))).toBe(text);
});

test('frames that are too large are left out', async () => {
  const parameters = { visibleUnits: 40_000, hiddenUnits: 1, weights: new Float64Array(40_000), visibleBias: new Float64Array(40_000), hiddenBias: new Float64Array(1) };
  expect(await contentOf(chainEvolutionSection, { parameters, shape: [200, 200] })).toBeUndefined();
  expect(await contentOf(chainEvolutionSection, { parameters })).toBeUndefined();
});
