/**
 * Exact, independent samples of p(v) by enumeration: no chain, no burn-in, nothing to converge.
 *
 * A state of the enumerated layer is chosen with its probability, by one addressed uniform for its block and one for the
 * state within the block. Where the visible layer is enumerated, that is the sample; where the hidden layer is,
 * v ~ p(v | h) is drawn; a model of several components is drawn component by component. For models whose log Z is within
 * reach, as ground truth for chains and estimators.
 */

import {
  copyVisibleStates,
  createBinaryMatrix,
  createHostStates,
  isBinaryMatrix,
  layers,
  planEnumeration,
  powerOfTwo,
  rowsOf,
  setUnit,
  uniform,
  visibleRowsOf,
  type BinaryMatrix,
  type EnumerationView,
  type Kernels,
  type ModelParameters,
  type RandomAddress,
  type VisibleStates,
} from '../kernels/index.js';
import type { Cooperation } from '../model/cooperation.js';
import { enumerateBlocks } from '../model/enumeration-blocks.js';
import { enumerationStructure, partView, symmetricPolynomials, type EnumeratedPart } from '../model/enumeration-structure.js';
import { createModel } from '../model/parameters.js';
import type { StreamKey } from '../random/index.js';

const { floor, min } = Math;

/** The totals of all blocks are kept, 16 bytes each. */
const mostBlocks = 4_194_304;

/** Rows of visible states drawn at a time. */
const rowsTogether = 256;

/** The running sums of numbers mantissa · 2^exponent, as shares of their total, into `sums`. */
function cumulate(mantissas: Float64Array, exponents: Float64Array, sums: Float64Array): void {
  const { length } = sums;
  let largest = -Infinity;
  for (let index = 0; index < length; index++) {
    if (mantissas[index] > 0 && exponents[index] > largest) largest = exponents[index];
  }
  let sum = 0;
  for (let index = 0; index < length; index++) {
    const shift = exponents[index] - largest;
    if (!(shift < -1022) && mantissas[index] !== 0) sum += mantissas[index] * powerOfTwo(shift);
    sums[index] = sum;
  }
  if (!(sum > 0 && sum < Infinity)) {
    throw Object.assign(new RangeError('the parameters are so large that a probability overflows'), { code: 'ERR_PROBABILITY_OVERFLOW' });
  }
  for (let index = 0; index < length; index++) sums[index] /= sum;
}

/** The first place whose running sum is above u: one with a share of its own. */
function choose(sums: Float64Array, u: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle] > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * One state of the outer layer of `view` for every sample, with its probability.
 *
 * @param address samples are its rows
 * @param unit the uniforms of units `unit` (block) and `unit + 1` (state) are used
 */
async function chooseStates(
  kernels: Kernels,
  view: EnumerationView,
  count: number,
  address: RandomAddress,
  unit: number,
  cooperation: Cooperation,
): Promise<Float64Array> {
  const plan = planEnumeration(view);
  const { blocks, blockStates: states } = plan;
  if (blocks > mostBlocks) throw new RangeError(`${blocks} blocks are too many to sample from: at most ${mostBlocks}`);
  const mantissas = new Float64Array(blocks);
  const exponents = new Float64Array(blocks);
  await enumerateBlocks(kernels, plan, 0, blocks, mantissas, exponents, (done) => {
    cooperation.progress?.(done / blocks);
    return cooperation.pause?.();
  });
  const sums = new Float64Array(blocks);
  cumulate(mantissas, exponents, sums);
  const chosen = new Float64Array(count);
  for (let row = 0; row < count; row++) chosen[row] = choose(sums, uniform(address, row, unit));

  // Sample after sample by block, so that no block is computed twice.
  const order = Uint32Array.from({ length: count }, (_, row) => row).toSorted((left, right) => chosen[left] - chosen[right]);
  const stateMantissas = new Float64Array(states);
  const stateExponents = new Float64Array(states);
  const stateSums = new Float64Array(states);
  let block = -1;
  for (const row of order) {
    if (chosen[row] !== block) {
      block = chosen[row];
      kernels.enumerationStates(plan, block, stateMantissas, stateExponents);
      const pending = kernels.finish();
      if (pending !== undefined) await pending;
      cumulate(stateMantissas, stateExponents, stateSums);
      await cooperation.pause?.();
    }
    chosen[row] = block * states + choose(stateSums, uniform(address, row, unit + 1));
  }
  return chosen;
}

/** Sets the units that the states of a part mean in the rows of their layer. */
function setUnits(states: Float64Array, { outer }: EnumeratedPart, biases: Float64Array, address: RandomAddress, firstUnit: number, rows: BinaryMatrix): void {
  const polynomials = outer.map((group) => (group.length > 1 ? symmetricPolynomials(biases, group) : undefined));
  states.forEach((state, row) => {
    for (let k = 0, rest = state; rest > 0; k++) {
      const group = outer[k];
      const width = group.length + 1;
      let level = rest % width;
      rest = floor(rest / width);
      const known = polynomials[k];
      if (known === undefined) {
        if (level === 1) setUnit(rows, row, group[0]);
        continue;
      }
      // Which units of equal weights are on: one after the other from the last, off with probability e_l(before)/e_l(here).
      const { mantissas, exponents } = known;
      for (let count = group.length; level > 0; count--) {
        const here = count * width + level;
        const before = here - width;
        const shift = exponents[before] - exponents[here];
        const isOff =
          level < count &&
          shift >= -1022 &&
          uniform(address, row, firstUnit + group[count - 1]) * mantissas[here] < mantissas[before] * powerOfTwo(shift);
        if (isOff) continue;
        setUnit(rows, row, group[count - 1]);
        level -= 1;
      }
    }
  });
}

/**
 * Exact samples of p(v). What structure the model has is used (see model/enumeration-structure.ts).
 *
 * @param count samples; the first ones are the same whatever it is
 * @param key stream of the uniforms: sample r is row r of them
 * @param cooperation progress is that of the enumeration
 * @returns v, count × n, outside the kernels' memory
 * @throws RangeError where there are more than 2^22 blocks of states to choose from, or (code
 *   ERR_PROBABILITY_OVERFLOW) a probability overflows;
 *   whatever `cooperation.pause` throws
 */
export async function sampleExactly(
  kernels: Kernels,
  parameters: ModelParameters,
  count: number,
  key: StreamKey,
  cooperation: Cooperation = {},
): Promise<VisibleStates> {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const address = { key, update: 0, step: 0, temperature: 0 };
  const { parts, stateUnits } = enumerationStructure(parameters);
  // The states of a hidden layer lead to visible ones; those of a visible layer replace what was drawn for its units.
  const hidden = createBinaryMatrix(count, m);
  const enumerated = createBinaryMatrix(count, n);
  const isEnumerated = createBinaryMatrix(1, n);
  let done = 0;
  for (const [index, part] of parts.entries()) {
    const before = done;
    const states = await chooseStates(kernels, partView(parameters, part), count, { ...address, layer: layers.states }, 2 * index, {
      ...cooperation,
      progress: (share) => cooperation.progress?.((before + share * part.stateUnits) / stateUnits),
    });
    done += part.stateUnits;
    const among = { ...address, layer: layers.duplicates };
    if (part.layer === 'visible') {
      setUnits(states, part, parameters.visibleBias, among, 0, enumerated);
      for (const group of part.outer) {
        for (const unit of group) setUnit(isEnumerated, 0, unit);
      }
    } else setUnits(states, part, parameters.hiddenBias, among, n, hidden);
  }
  cooperation.progress?.(1);

  const visible = createHostStates(count, parameters);
  const model = createModel(kernels, parameters);
  const drawn = kernels.createVisibleStates(min(rowsTogether, count), parameters);
  try {
    for (let first = 0; first < count; first += rowsTogether) {
      const rows = min(rowsTogether, count - first);
      kernels.sampleVisible(model, rowsOf(hidden, first, rows), rows, { ...address, layer: layers.visible }, first, drawn);
      await kernels.finish();
      copyVisibleStates(drawn, visibleRowsOf(visible, first, rows));
      await cooperation.pause?.();
    }
  } finally {
    kernels.release(model, drawn);
  }
  if (isBinaryMatrix(visible)) {
    const { words, wordsPerRow } = visible;
    for (let word = 0; word < words.length; word++) {
      words[word] = (words[word] & ~isEnumerated.words[word % wordsPerRow]) | enumerated.words[word];
    }
  }
  return visible;
}
