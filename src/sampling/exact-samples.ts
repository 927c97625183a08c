/**
 * Exact, independent samples of a small model: a state of the smaller layer by enumeration, the other layer given it.
 */

import {
  copyRows,
  createBinaryMatrix,
  layers,
  planEnumeration,
  powerOfTwo,
  setUnit,
  uniform,
  type BinaryMatrix,
  type Kernels,
  type ModelParameters,
} from '../kernels/index.js';
import { enumeratedLayer, enumerationView } from '../model/enumeration-view.js';
import { createModel } from '../model/parameters.js';
import type { StreamKey } from '../random/index.js';
import type { Cooperation } from './cooperation.js';
import { layerAddress, startUpdate } from './gibbs.js';

/** Blocks whose totals are kept at most. */
const mostBlocks = 4_194_304;

/** State-units asked of the kernels at a time, as in the exact estimator. */
const batchStateUnits = 33_554_432;

/** Scales mantissa · 2^exponent so that the largest exponent becomes 0; those 2^−1022 below are 0. */
function relative(mantissas: Float64Array, exponents: Float64Array): Float64Array {
  const largest = exponents.reduce((a, b) => Math.max(a, b), -Infinity);
  return mantissas.map((mantissa, index) => (exponents[index] - largest < -1022 ? 0 : mantissa * powerOfTwo(exponents[index] - largest)));
}

/** The index that a uniform in (0, 1) chooses among weights of this sum. */
function choose(weights: Float64Array, sum: number, u: number): number {
  let left = u * sum;
  let index = 0;
  while (index + 1 < weights.length && left >= weights[index]) left -= weights[index++];
  return index;
}

/**
 * `count` exact samples of visible states.
 *
 * The block of states comes from one addressed uniform of 52 bits, the state within it from another.
 *
 * @returns count × n
 * @throws RangeError where the smaller layer has too many states; whatever `cooperation.pause` throws
 */
export async function sampleExactly(
  kernels: Kernels,
  parameters: ModelParameters,
  count: number,
  key: StreamKey,
  { pause }: Cooperation = {},
): Promise<BinaryMatrix> {
  const view = enumerationView(parameters);
  const plan = planEnumeration(view);
  const { blocks, blockBits } = plan;
  if (!(blocks <= mostBlocks)) throw new RangeError(`${blocks} blocks of states are too many for exact samples`);
  const mantissas = new Float64Array(blocks);
  const exponents = new Float64Array(blocks);
  const states = powerOfTwo(blockBits);
  const together = plan.form === 'streamed' ? 1 : Math.max(1, Math.floor(batchStateUnits / (states * view.innerUnits)));
  for (let first = 0; first < blocks; first += together) {
    const end = Math.min(blocks, first + together);
    kernels.enumerationBlocks(plan, first, end - first, mantissas.subarray(first, end), exponents.subarray(first, end));
    await kernels.finish();
    await pause?.();
  }
  const blockWeights = relative(mantissas, exponents);
  const blockSum = blockWeights.reduce((a, b) => a + b, 0);

  // Samples of one block together: its states are enumerated once.
  const layer = enumeratedLayer(parameters);
  const address = layerAddress({ key, update: startUpdate, step: 0, row: 0 }, layer);
  const rowsOfBlocks = new Map<number, number[]>();
  for (let row = 0; row < count; row++) {
    const index = choose(blockWeights, blockSum, uniform(address, row, 0));
    rowsOfBlocks.set(index, [...(rowsOfBlocks.get(index) ?? []), row]);
  }
  const enumerated = createBinaryMatrix(count, view.outerUnits);
  const stateMantissas = new Float64Array(states);
  const stateExponents = new Float64Array(states);
  for (const [block, rows] of rowsOfBlocks) {
    kernels.enumerationStates(plan, block, stateMantissas, stateExponents);
    const weights = relative(stateMantissas, stateExponents);
    const sum = weights.reduce((a, b) => a + b, 0);
    for (const row of rows) {
      const index = choose(weights, sum, uniform(address, row, 4));
      for (let unit = 0; unit < view.outerUnits; unit++) {
        const isOn = unit < blockBits ? Math.floor(index / powerOfTwo(unit)) % 2 : Math.floor(block / powerOfTwo(unit - blockBits)) % 2;
        if (isOn === 1) setUnit(enumerated, row, unit);
      }
    }
    await pause?.();
  }
  if (layer === 'visible') return enumerated;

  const model = createModel(kernels, parameters);
  const visible = kernels.createStates(count, parameters.visibleUnits);
  kernels.sampleVisible(model, enumerated, count, { ...address, layer: layers.visible }, 0, visible);
  await kernels.finish();
  const samples = createBinaryMatrix(count, parameters.visibleUnits);
  copyRows(visible, Uint32Array.from({ length: count }, (_, row) => row), samples);
  kernels.release(model, visible);
  return samples;
}
