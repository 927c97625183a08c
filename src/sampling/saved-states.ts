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
import { getParameters, setParameters } from '../model/parameters.js';

/** A tensor as the checkpoint stores it: packed states as one byte for every unit, numbers as float64. */
export interface SavedTensor {
  readonly shape: readonly number[];
  readonly values: Float64Array | Uint8Array;
}

/** What can be saved: packed states, matrices, whole models, ordinary numbers. */
export type Savable = BinaryMatrix | Matrix | Model | Float64Array;

/** The tensors of a model in their order, by the ends of their names. */
const modelTensors = ['weights', 'visibleBias', 'hiddenBias'] as const;

/** The tensors of what can be saved, by name; a model gives three: `name.weights` and so on. */
export function saveTensors(savable: Readonly<Record<string, Savable>>): Record<string, SavedTensor> {
  const saved: Record<string, SavedTensor> = {};
  for (const [name, item] of Object.entries(savable)) {
    if ('weights' in item) {
      const parameters = getParameters(item);
      const { visibleUnits: n, hiddenUnits: m } = parameters;
      const shapes = { weights: [n, m], visibleBias: [n], hiddenBias: [m] };
      for (const tensor of modelTensors) saved[`${name}.${tensor}`] = { shape: shapes[tensor], values: parameters[tensor] };
    } else if (!('rows' in item)) {
      saved[name] = { shape: [item.length], values: Float64Array.from(item) };
    } else saved[name] = { shape: [item.rows, item.columns], values: statesAsNumbers(item) };
  }
  return saved;
}

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
 * @throws RangeError where names, shapes or values are not those of `savable`
 */
export function restoreTensors(savable: Readonly<Record<string, Savable>>, tensors: ReadonlyMap<string, SavedTensor>): void {
  for (const [name, item] of Object.entries(savable)) {
    if ('weights' in item) {
      const { visibleUnits, hiddenUnits } = item;
      const values = (tensor: (typeof modelTensors)[number], shape: number[]): Float64Array =>
        tensorOf(tensors, `${name}.${tensor}`, shape, 8).values as Float64Array;
      setParameters(item, {
        visibleUnits,
        hiddenUnits,
        weights: values('weights', [visibleUnits, hiddenUnits]),
        visibleBias: values('visibleBias', [visibleUnits]),
        hiddenBias: values('hiddenBias', [hiddenUnits]),
      });
    } else if (!('rows' in item)) {
      item.set(tensorOf(tensors, name, [item.length], 8).values);
    } else if (isBinaryMatrix(item)) {
      const { values } = tensorOf(tensors, name, [item.rows, item.columns], 1);
      item.words.set(packBinaryMatrix(values as Uint8Array, item.rows, item.columns).words);
    } else {
      item.writeRows(0, tensorOf(tensors, name, [item.rows, item.columns], 8).values as Float64Array);
    }
  }
}
