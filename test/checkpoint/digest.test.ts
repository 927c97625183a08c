import { createHash } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { parametersDigest } from '../../src/checkpoint/digest.js';
import { sampleParameters } from './sample.js';

/** SHA-256 of the numbers as explicit little-endian float64, in the order given. */
function digestOf(numbers: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(8 * numbers.length));
  numbers.forEach((value, index) => view.setFloat64(8 * index, value, true));
  return createHash('sha256').update(new Uint8Array(view.buffer)).digest('hex');
}

describe('digest', () => {
  test('is SHA-256 of weights (n × m, row-major), visible bias, hidden bias', () => {
    const size = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(size, size, fc.infiniteStream(fc.double({ noNaN: true })), (n, m, stream) => {
        const take = (count: number): Float64Array => Float64Array.from({ length: count }, () => Number(stream.next().value));
        const parameters = { visibleUnits: n, hiddenUnits: m, weights: take(n * m), visibleBias: take(n), hiddenBias: take(m) };
        const { weights, visibleBias, hiddenBias } = parameters;
        expect(parametersDigest(parameters)).toBe(digestOf([...weights, ...visibleBias, ...hiddenBias]));
      }),
    );
  });

  test('of known bytes: 1 × 1, weight 1, biases 2 and −0', () => {
    const hex = ['000000000000f03f', '0000000000000040', '0000000000000080'].join('');
    const expected = createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
    const parameters = { visibleUnits: 1, hiddenUnits: 1, weights: Float64Array.of(1), visibleBias: Float64Array.of(2), hiddenBias: Float64Array.of(-0) };
    expect(parametersDigest(parameters)).toBe(expected);
  });

  test('depends on every bit: the sign of zero, the last place, the order', () => {
    const digests = new Set([parametersDigest(sampleParameters(3, 2))]);
    const zero = sampleParameters(3, 2);
    zero.weights[0] = 0;
    const last = sampleParameters(3, 2);
    last.visibleBias[2] *= 1 + 2 ** -52;
    const swapped = sampleParameters(3, 2);
    swapped.weights.reverse();
    for (const other of [zero, last, swapped]) digests.add(parametersDigest(other));
    expect(digests.size).toBe(4);
  });

  test('reads only its own part of a larger buffer', () => {
    const memory = Float64Array.of(9, 1, 2, -0, 9);
    const part = (index: number): Float64Array => memory.subarray(index, index + 1);
    const parameters = { visibleUnits: 1, hiddenUnits: 1, weights: part(1), visibleBias: part(2), hiddenBias: part(3) };
    expect(parametersDigest(parameters)).toBe(digestOf([1, 2, -0]));
  });
});
