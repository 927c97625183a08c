/**
 * States, matrices and models as tensors that a checkpoint can hold, and back.
 */

import {
  isBinaryMatrix,
  packBinaryMatrix,
  statesAsNumbers,
  type BinaryMatrix,
  type Matrix,
  type Model,
} from '../kernels/index.js';
import { createParameters, getParameters, parameterTensors, setParameters } from '../model/parameters.js';

/** A tensor as the checkpoint stores it: packed states as one byte for every unit, numbers as float64. */
export interface SavedTensor {
  readonly shape: readonly number[];
  readonly values: Float64Array | Uint8Array;
}

/** What can be saved: packed states, matrices, whole models, ordinary numbers. */
export type Savable = BinaryMatrix | Matrix | Model | Float64Array;

/** The tensors of what can be saved, by name; a model gives three: `name.weights` and so on. */
export function saveTensors(savable: Readonly<Record<string, Savable>>): Record<string, SavedTensor> {
  const saved: Record<string, SavedTensor> = {};
  for (const [name, item] of Object.entries(savable)) {
    if ('weights' in item) {
      for (const { name: tensor, shape, values } of parameterTensors(getParameters(item))) saved[`${name}.${tensor}`] = { shape, values };
    } else if (!('rows' in item)) {
      saved[name] = { shape: [item.length], values: Float64Array.from(item) };
    } else saved[name] = { shape: [item.rows, item.columns], values: statesAsNumbers(item) };
  }
  return saved;
}

/** Names of a model's three tensors. */
const modelTensorNames = ['weights', 'visibleBias', 'hiddenBias'];

/** The saved tensor of that name, checked. */
function tensorOf(tensors: ReadonlyMap<string, SavedTensor>, name: string, shape: readonly number[], bytes: 1 | 8): SavedTensor {
  const found = tensors.get(name);
  if (found === undefined || found.shape.join() !== shape.join() || found.values.BYTES_PER_ELEMENT !== bytes) {
    throw new RangeError(`its state has no tensor ${name} of shape [${shape.join(', ')}]`);
  }
  const isRight = bytes === 1 ? (value: number) => value === 0 || value === 1 : Number.isFinite;
  if (!found.values.every((value) => isRight(value))) {
    throw new RangeError(`its state ${name} has values other than ${bytes === 1 ? '0 and 1' : 'finite numbers'}`);
  }
  return found;
}

/**
 * Puts saved tensors back where {@link saveTensors} took them from.
 *
 * @throws RangeError where names, shapes or values are not those of `savable`, or there are more
 */
export function restoreTensors(savable: Readonly<Record<string, Savable>>, tensors: ReadonlyMap<string, SavedTensor>): void {
  for (const [name, item] of Object.entries(savable)) {
    if ('weights' in item) {
      const parameters = createParameters(item.visibleUnits, item.hiddenUnits, item.visibleLayer);
      for (const { name: tensor, shape, values } of parameterTensors(parameters)) values.set(tensorOf(tensors, `${name}.${tensor}`, shape, 8).values);
      setParameters(item, parameters);
    } else if (!('rows' in item)) {
      item.set(tensorOf(tensors, name, [item.length], 8).values);
    } else if (isBinaryMatrix(item)) {
      const { values } = tensorOf(tensors, name, [item.rows, item.columns], 1);
      item.words.set(packBinaryMatrix(values as Uint8Array, item.rows, item.columns).words);
    } else {
      item.writeRows(0, tensorOf(tensors, name, [item.rows, item.columns], 8).values as Float64Array);
    }
  }
  const known = Object.entries(savable).flatMap(([name, item]) => ('weights' in item ? modelTensorNames.map((tensor) => `${name}.${tensor}`) : [name]));
  const unknown = [...tensors.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`its state has a tensor ${unknown}, which this training does not know`);
}
