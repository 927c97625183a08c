import { expect, test } from '@jest/globals';

import { renderRows } from '../../src/datasets/index.js';
import { hostMatrixOf } from '../../src/kernels/index.js';
import { packBinaryMatrix } from '../../src/kernels/binary-matrix.js';

const matrix = packBinaryMatrix(Uint8Array.of(1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1), 2, 6);

test('two pixel rows to a line', () => {
  expect(renderRows(matrix, [0], [2, 3], { unicode: true })).toBe('│█▄▄│');
  expect(renderRows(matrix, [0], [3, 2], { unicode: true })).toBe('│▀▄│\n│▀▀│');
  expect(renderRows(matrix, [0], [3, 2], { unicode: false })).toBe("|'.|\n|''|");
});

test('side by side to the width, then below', () => {
  const picture = '|:..|';
  const upper = renderRows(matrix, [0, 1, 0], [2, 3], { unicode: false, width: 11 });
  expect(upper.split('\n\n')[0].length).toBeLessThanOrEqual(11);
  expect(upper).toBe(`${picture} ${renderRows(matrix, [1], [2, 3], { unicode: false })}\n\n${picture}`);
  expect(renderRows(matrix, [0, 0], [2, 3], { unicode: false, width: 4 })).toBe(`${picture}\n\n${picture}`);
});

test('without a shape, in reading order, 64 units to a line', () => {
  const long = packBinaryMatrix(new Uint8Array(101).fill(1), 1, 101);
  expect(renderRows(long, [0], undefined, { unicode: true })).toBe(`│${'█'.repeat(37)}${'▀'.repeat(27)}│`);
  expect(renderRows(matrix, [0], undefined, { unicode: true })).toBe('│▀  ▀▀▀│');
});

test('without a shape, a square number of units is a square', () => {
  const square = packBinaryMatrix(new Uint8Array(16).fill(1), 1, 16);
  expect(renderRows(square, [0], undefined, { unicode: true })).toBe('│████│\n│████│');
});

test('no rows give no text', () => {
  expect(renderRows(matrix, [], [2, 3], { unicode: true })).toBe('');
});

test('real values are shades from the least to the largest of the rows drawn; of two pixels the mean', () => {
  const shades = hostMatrixOf(Float64Array.of(-1, 0, 1, 3, -1, 2, 1, 3, 99, 99, 99, 99), 3, 4);
  // Row 0: −1 and 1 give 0, a quarter; 0 and 3 give 1.5.
  expect(renderRows(shades, [0, 1], [2, 2], { unicode: true })).toBe('│░▓│ │░█│');
  expect(renderRows(shades, [0], [1, 4], { unicode: true })).toBe('│ ░▒█│');
  expect(renderRows(shades, [2], [1, 4], { unicode: true })).toBe('│    │');
  const ramp = hostMatrixOf(Float64Array.from({ length: 10 }, (_, i) => i * 1e307), 1, 10);
  expect(renderRows(ramp, [0], undefined, { unicode: false })).toBe('| .:-=+*#%@|');
});
