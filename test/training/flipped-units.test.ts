/**
 * Pseudo-likelihood and ratio matching: their gradients against central differences of the objectives themselves, both in
 * extended precision from p̃ of every state; what both phases are; smaller batches.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import { backends, loadKernels, packBinaryMatrix, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import { phaseStatistics, type PhaseStatistics } from '../../src/model/phase-statistics.js';
import { gradientEstimator } from '../../src/training/gradients/index.js';
import { statesOf } from '../kernels/support.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import type { Extended } from '../reference/extended-precision.js';
import * as gibbs from '../reference/gibbs.js';
import { normals, uniforms } from '../reference/numbers.js';

const { abs } = Math;

function randomModel(n: number, m: number, size: number): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1, size)),
    visibleBias: Float64Array.from(normals(n, 2, size)),
    hiddenBias: Float64Array.from(normals(m, 3, size)),
  };
}

/** What is ascended, as a function of the probability p_i of the unit's own value, given the others, summed over units. */
const objectives: Readonly<Record<string, (own: Extended) => Extended>> = {
  'pseudo-likelihood': (own) => ep.log(own),
  'ratio-matching': (own) => {
    const flip = ep.subtract(ep.one, own);
    return ep.negate(ep.multiply(flip, flip));
  },
};

/** The mean objective of data under changed parameters, from p̃ of all visible states. */
function objective(name: string, model: ModelParameters, parameters: bruteForce.ExtendedParameters, data: readonly number[]): Extended {
  const { visibleTotals } = bruteForce.enumerate(model, parameters);
  const terms = data.flatMap((visible) =>
    Array.from({ length: model.visibleUnits }, (_, i) => {
      const [own, flipped] = [visibleTotals[visible], visibleTotals[visible ^ (1 << i)]];
      return objectives[name](ep.divide(own, ep.add(own, flipped)));
    }),
  );
  return ep.divide(ep.total(terms), ep.fromNumber(data.length));
}

/** Central differences of step 2^-40: an error of about 2^-80. */
function gradientOf(name: string, model: ModelParameters, data: readonly number[], tensor: keyof bruteForce.ExtendedParameters): number[] {
  const exact = bruteForce.exactParameters(model);
  const step: Extended = { mantissa: 1n, exponent: -40 };
  const at = (index: number, change: Extended): Extended =>
    objective(name, model, { ...exact, [tensor]: exact[tensor].with(index, ep.add(exact[tensor][index], change)) }, data);
  return exact[tensor].map((_, index) =>
    ep.toNumber(ep.divide(ep.subtract(at(index, step), at(index, ep.negate(step))), ep.multiply(ep.fromNumber(2), step))),
  );
}

const tensors = [
  ['products', 'weights'],
  ['visible', 'visibleBias'],
  ['hidden', 'hiddenBias'],
] as const;

describe.each(backends)('backend $name', ({ name: backend }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend);
  });
  afterAll(() => kernels.close());

  /** Both phases of the first `rows` rows. */
  async function estimate(
    algorithm: string,
    parameters: ModelParameters,
    data: readonly number[],
    rows = data.length,
  ): Promise<{ positive: PhaseStatistics; negative: PhaseStatistics }> {
    const { visibleUnits: n, hiddenUnits: m } = parameters;
    const bytes = gibbs.unpackStates(data, n);
    const context = {
      kernels,
      model: createModel(kernels, parameters),
      config: { algorithm } as TrainingConfig,
      examples: packBinaryMatrix(bytes, data.length, n),
      key: { k0: 1, k1: 2 },
      batch: { visible: statesOf(kernels, bytes, data.length, n), hiddenMeans: kernels.createMatrix(data.length, m) },
    };
    const estimator = gradientEstimator(algorithm);
    const { positive, negative } = await estimator.estimate(context, await estimator.start(context), rows, 0);
    await kernels.finish();
    return { positive: phaseStatistics(positive, n, m), negative: phaseStatistics(negative, n, m) };
  }

  describe.each(Object.keys(objectives))('%s', (algorithm) => {
    test.each([
      [4, 3, 1],
      [3, 4, 0.1],
      [1, 1, 1],
      [3, 2, 10],
    ])('%i × %i, parameters of size %p: central differences of the objective', async (n, m, size) => {
      const model = randomModel(n, m, size);
      const data = uniforms(5, 4).map((u) => Math.floor(u * 2 ** n));
      const { positive, negative } = await estimate(algorithm, model, data);
      for (const [statistic, tensor] of tensors) {
        const expected = gradientOf(algorithm, model, data, tensor);
        expect(expected.length).toBe(positive[statistic].length);
        expected.forEach((value, index) => {
          expect(abs(positive[statistic][index] / positive.count - negative[statistic][index] - value)).toBeLessThan(1e-12);
        });
      }
    });

    test('the phases are the data, and the data of which shares have moved to their neighbours', async () => {
      const model = randomModel(4, 3, 1);
      const data = [3, 9, 9, 14];
      const states = bruteForce.enumerate(model);
      const total = (visible: number): number => ep.toNumber(states.visibleTotals[visible]);
      const shareOf = (visible: number, i: number): number => {
        const flip = total(visible ^ (1 << i)) / (total(visible) + total(visible ^ (1 << i)));
        return algorithm === 'pseudo-likelihood' ? flip : 2 * flip * flip * (1 - flip);
      };
      const before = Array.from({ length: 16 }, (_, visible) => data.filter((value) => value === visible).length / data.length);
      const after = [...before];
      for (const visible of data) {
        for (let i = 0; i < 4; i++) {
          const share = shareOf(visible, i) / data.length;
          after[visible] -= share;
          after[visible ^ (1 << i)] += share;
        }
      }
      const phases = await estimate(algorithm, model, data);
      for (const [phase, distribution] of [['positive', before], ['negative', after]] as const) {
        const expected = gibbs.expectationsUnder(model, states, distribution);
        for (const [statistic] of tensors) {
          const { count, [statistic]: sums } = phases[phase];
          expect(sums.length).toBe(expected[statistic].length);
          expected[statistic].forEach((value, index) => expect(abs(sums[index] / count - value)).toBeLessThan(1e-12));
        }
      }
    });

    test('a smaller batch in a larger buffer: only its rows count', async () => {
      const model = randomModel(4, 3, 1);
      expect(await estimate(algorithm, model, [1, 5, 7, 2, 15, 6], 4)).toEqual(await estimate(algorithm, model, [1, 5, 7, 2]));
    });
  });
});
