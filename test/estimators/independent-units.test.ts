/**
 * The likelihood of independent units, against the definition.
 */

import { expect, test } from '@jest/globals';
import { independentUnitsLogLikelihood } from '../../src/estimators/independent-units.js';
import { binaryLayer, packBinaryMatrix } from '../../src/kernels/index.js';

test('is the mean log-probability of the rows under their own means', () => {
  // Means ¼, 1, ½, 0: constant columns cost nothing.
  const rows = [
    [1, 1, 0, 0],
    [0, 1, 1, 0],
    [0, 1, 1, 0],
    [0, 1, 0, 0],
  ];
  const means = [0.25, 1, 0.5, 0];
  const probabilityOf = (row: number[]): number => row.reduce((product, value, i) => product * (value === 1 ? means[i] : 1 - means[i]), 1);
  const expected = rows.reduce((sum, row) => sum + Math.log(probabilityOf(row)), 0) / rows.length;
  expect(independentUnitsLogLikelihood(packBinaryMatrix(Uint8Array.from(rows.flat()), 4, 4), binaryLayer)).toBeCloseTo(expected, 14);
});
