/** Parameters on their way between ordinary arrays and a backend's memory: the same bits, whole or piece by piece. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { backends, loadKernels, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createModel, getParameters, parameterTensors, setParameters, tensorSources } from '../../src/model/parameters.js';
import { firstDifference } from '../kernels/support.js';
import { uniforms } from '../reference/numbers.js';

function randomParameters(n: number, m: number, seed: number): ModelParameters {
  const values = (count: number, stream: number) => Float64Array.from(uniforms(count, 3 * seed + stream), (u) => (u < 0.1 ? -0 : u));
  return { visibleUnits: n, hiddenUnits: m, weights: values(n * m, 0), visibleBias: values(n, 1), hiddenBias: values(m, 2) };
}

function concatenated(pieces: Iterable<Float64Array>, length: number): Float64Array {
  const values = new Float64Array(length);
  let position = 0;
  for (const piece of pieces) {
    values.set(piece, position);
    position += piece.length;
  }
  expect(position).toBe(length);
  return values;
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  // The last two have more weights than are copied at a time; one row of the last has.
  test.each([[1, 1], [5, 3], [3, 65], [700, 401], [2, 140_000]])('%i × %i', (n, m) => {
    const parameters = randomParameters(n, m, 1);
    const model = createModel(kernels, randomParameters(n, m, 2));
    setParameters(model, parameters);
    const copy = parameterTensors(getParameters(model));
    parameterTensors(parameters).forEach(({ name, shape, values }, index) => {
      expect(firstDifference(copy[index].values, values)).toBeUndefined();
      for (const source of [tensorSources(model)[index], tensorSources(parameters)[index]]) {
        expect([source.name, source.shape]).toEqual([name, shape]);
        expect(firstDifference(concatenated(source.pieces(), values.length), values)).toBeUndefined();
      }
    });
    kernels.release(model);
  });
});
