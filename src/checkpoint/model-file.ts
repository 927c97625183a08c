/**
 * Models from any file: our own checkpoints, and weight matrices with two biases that other tools wrote
 * (`.safetensors`, `.npz`, MATLAB's `.mat`).
 *
 * A foreign file's arrays are told apart by their shapes, and by name where shapes leave a choice. It never guesses
 * between two readings that both fit: it says which options decide.
 */

import { printable, RbmError } from '../errors.js';
import { readWholeFile } from '../read-file.js';
import { looksLikeMat, readMat } from '../formats/mat.js';
import { readNpy } from '../formats/npy.js';
import { openNpz } from '../formats/npz.js';
import { looksLikeSafetensors, readSafetensors, type Tensor } from '../formats/safetensors.js';
import { looksLikeZip } from '../formats/zip.js';
import type { ModelParameters } from '../kernels/index.js';
import { areParametersFinite } from '../model/parameters.js';
import type { DeclaredParameters } from '../model/units/index.js';
import { decodeCheckpoint, isCheckpoint, type Checkpoint } from './checkpoint.js';

/** How to read a foreign file where its shapes and names do not decide. */
export interface ArrayNames {
  weights?: string;
  visibleBias?: string;
  hiddenBias?: string;
  /** Whether the weights are stored hidden × visible (as scikit-learn's components_). */
  transpose?: boolean;
}

/** A model as read. */
export interface ModelFile {
  /** In the units of the checkpoint; of another tool's model binary ones. */
  readonly parameters: DeclaredParameters;
  /** The whole checkpoint where the file is one of ours. */
  readonly checkpoint?: Checkpoint;
}

/** Names that tools and tutorials give to the arrays, compared without case, dots and underscores. */
const knownNames = {
  weights: ['weights', 'weight', 'w', 'components', 'vishid', 'kernel'],
  visibleBias: ['visiblebias', 'vbias', 'bv', 'interceptvisible', 'visbiases', 'vb', 'a', 'visible'],
  hiddenBias: ['hiddenbias', 'hbias', 'bh', 'intercepthidden', 'hidbiases', 'hb', 'b', 'hidden'],
} as const;

/** Tools that store the weights hidden × visible, by the name they give them. */
const hiddenFirstNames = ['components'];

/** So many arrays are named in a message; a workspace may have hundreds. */
const listedArrays = 20;

function normalised(name: string): string {
  return name.toLowerCase().replace(/[._\- ]/g, '');
}

/** Sizes of dimensions larger than 1, so that a bias stored as 1 × n or n × 1 is a vector. */
function essentialShape(tensor: Tensor): number[] {
  const sizes = tensor.shape.filter((size) => size !== 1);
  return sizes.length === 0 ? [1] : sizes;
}

/** Whether a tensor is a vector, also one stored as a matrix of one row or column. */
function isVector(tensor: Tensor): boolean {
  return tensor.shape.length <= 2 && essentialShape(tensor).length === 1;
}

/**
 * The arrays of an .npz file that can be read; texts and objects beside them are none of the model's business. A damaged one
 * may well be: without it another array could be taken for the weights.
 */
function readArrays(bytes: Uint8Array, path: string): ReadonlyMap<string, Tensor> {
  const archive = openNpz(bytes, path);
  const arrays = new Map<string, Tensor>();
  let failure: unknown;
  for (const name of archive.names) {
    const content = archive.unpack(name);
    try {
      arrays.set(name, readNpy(content, `${path}[${name}]`));
    } catch (error) {
      failure = error;
    }
  }
  if (arrays.size === 0) throw failure;
  return arrays;
}

function asFloat64(values: Float64Array | Uint8Array): Float64Array {
  return values.BYTES_PER_ELEMENT === 8 ? (values as Float64Array) : Float64Array.from(values);
}

/** Picks weights and biases out of a foreign file's arrays. */
class ForeignModel {
  readonly #arrays: ReadonlyMap<string, Tensor>;
  readonly #names: ArrayNames;
  readonly #path: string;

  constructor(arrays: ReadonlyMap<string, Tensor>, names: ArrayNames, path: string) {
    this.#arrays = arrays;
    this.#names = names;
    this.#path = path;
  }

  #fail(message: string): RbmError {
    const shown = [...this.#arrays].slice(0, listedArrays).map(([name, { shape }]) => `${printable(name)} [${shape.join(' × ')}]`);
    const listing = shown.join(', ') + (this.#arrays.size > listedArrays ? ` and ${this.#arrays.size - listedArrays} more` : '');
    return new RbmError('data', `${printable(this.#path)}: ${message}; its arrays are: ${listing || 'none'}`, {
      hint: 'Name them with --weights-name, --visible-bias-name and --hidden-bias-name, and say --transpose for hidden × visible weights.',
    });
  }

  /** The array that the user named, or that has a known name, for this role. */
  #named(role: keyof typeof knownNames): [string, Tensor] | undefined {
    const asked = this.#names[role];
    if (asked !== undefined) {
      const found = this.#arrays.get(asked);
      if (found === undefined) throw this.#fail(`has no array named ${printable(JSON.stringify(asked))}`);
      return [asked, found];
    }
    const known = knownNames[role] as readonly string[];
    const found = [...this.#arrays].filter(([name]) => known.includes(normalised(name)));
    return found.length === 1 ? found[0] : undefined;
  }

  #weights(): [string, Tensor] {
    const planes = [...this.#arrays].filter(([, tensor]) => tensor.shape.length === 2);
    // Where vectors are matrices too, as in MATLAB, the one that is none holds the weights.
    const matrices = planes.length === 1 ? planes : planes.filter(([, tensor]) => !isVector(tensor));
    const named = this.#named('weights') ?? (matrices.length === 1 ? matrices[0] : undefined);
    if (named === undefined) throw this.#fail(`has ${matrices.length} matrices, so which one holds the weights is not clear`);
    if (named[1].shape.length !== 2) throw this.#fail(`the array ${printable(named[0])} is not a matrix`);
    return named;
  }

  /** Both biases, by name, else by length: that of the matrix's side which is left where one of them has a name. */
  #biases(weightsName: string, rows: number, columns: number): [visible: Tensor, hidden: Tensor] {
    const visible = this.#named('visibleBias');
    const hidden = this.#named('hiddenBias');
    for (const named of [visible, hidden]) {
      if (named !== undefined && !isVector(named[1])) throw this.#fail(`the array ${printable(named[0])} is not a vector`);
    }
    if (visible !== undefined && hidden !== undefined) return [visible[1], hidden[1]];
    const vectors = [...this.#arrays].filter(([name, tensor]) => name !== weightsName && isVector(tensor));
    const others = vectors.filter(([name]) => name !== visible?.[0] && name !== hidden?.[0]);
    if (visible !== undefined && others.length === 1) return [visible[1], others[0][1]];
    if (hidden !== undefined && others.length === 1) return [others[0][1], hidden[1]];
    const ofLength = (length: number): Tensor[] =>
      others.filter(([, tensor]) => essentialShape(tensor)[0] === length).map(([, tensor]) => tensor);
    const unclear = 'which arrays hold the two biases is not clear';
    const known = (visible ?? hidden)?.[1];
    if (known !== undefined) {
      const length = essentialShape(known)[0];
      const found = length === rows ? ofLength(columns) : length === columns ? ofLength(rows) : [];
      if (found.length !== 1) throw this.#fail(unclear);
      return visible === undefined ? [found[0], known] : [known, found[0]];
    }
    const [visibleLength, hiddenLength] = this.#isHiddenFirst(weightsName) ? [columns, rows] : [rows, columns];
    const visibleFound = ofLength(visibleLength);
    const hiddenFound = ofLength(hiddenLength);
    if (rows === columns || visibleFound.length !== 1 || hiddenFound.length !== 1) throw this.#fail(unclear);
    return [visibleFound[0], hiddenFound[0]];
  }

  /** Whether the weights are hidden × visible, by what the user says or by the name they have. */
  #isHiddenFirst(weightsName: string): boolean {
    return this.#names.transpose ?? hiddenFirstNames.includes(normalised(weightsName));
  }

  read(): ModelParameters {
    const [weightsName, weights] = this.#weights();
    const [rows, columns] = weights.shape;
    const [visibleTensor, hiddenTensor] = this.#biases(weightsName, rows, columns);
    const visibleUnits = essentialShape(visibleTensor)[0];
    const hiddenUnits = essentialShape(hiddenTensor)[0];
    if (visibleUnits === 0 || hiddenUnits === 0) throw this.#fail('a model needs at least one unit in each layer');
    const fits = rows === visibleUnits && columns === hiddenUnits;
    const fitsTransposed = rows === hiddenUnits && columns === visibleUnits;
    const isSquare = fits && fitsTransposed;
    const transpose = this.#names.transpose ?? (isSquare ? this.#isHiddenFirst(weightsName) : !fits);
    if (!(transpose ? fitsTransposed : fits)) {
      throw this.#fail(`weights of ${rows} × ${columns} do not fit biases of ${visibleUnits} visible and ${hiddenUnits} hidden units`);
    }
    const values = asFloat64(weights.values);
    let ordered = values;
    if (transpose) {
      ordered = new Float64Array(values.length);
      for (let i = 0; i < visibleUnits; i++) {
        for (let j = 0; j < hiddenUnits; j++) ordered[i * hiddenUnits + j] = values[j * visibleUnits + i];
      }
    }
    const parameters: ModelParameters = {
      visibleUnits,
      hiddenUnits,
      weights: ordered,
      visibleBias: asFloat64(visibleTensor.values),
      hiddenBias: asFloat64(hiddenTensor.values),
    };
    if (!areParametersFinite(parameters)) throw this.#fail('some of its values are not finite numbers');
    return parameters;
  }
}

/**
 * Reads a model from a file.
 *
 * @param names how to read a foreign file where its shapes do not decide
 * @throws RbmError 'data' where the file can't be read, is damaged, or does not hold exactly one model
 */
export function readModelFile(path: string, names: ArrayNames): ModelFile {
  const hint = 'Name a run, a checkpoint, or a model file (.safetensors, .npz, .mat).';
  const bytes = readWholeFile(path, { code: 'data', hint });
  if (looksLikeZip(bytes)) return { parameters: new ForeignModel(readArrays(bytes, path), names, path).read() };
  if (!looksLikeSafetensors(bytes)) {
    if (looksLikeMat(bytes)) return { parameters: new ForeignModel(readMat(bytes, path), names, path).read() };
    throw new RbmError('data', `${printable(path)}: is neither a safetensors, an .npz nor a .mat file, or is damaged at its start`, { hint });
  }
  const contents = readSafetensors(bytes, path);
  if (!isCheckpoint(contents.metadata)) return { parameters: new ForeignModel(contents.tensors, names, path).read() };
  const checkpoint = decodeCheckpoint(bytes, path, contents);
  return { parameters: checkpoint.parameters, checkpoint };
}
