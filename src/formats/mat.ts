/**
 * Reading MATLAB's `.mat` format, level 5 (`save -v6`, `save -v7`, scipy.io.savemat): a header of 128 bytes, then one
 * element for each variable, packed by zlib or not.
 *
 * Full arrays of real numbers and of logicals only; variables of other classes (texts, cells, structs, objects, sparse
 * and complex arrays) are passed over. What a size claims is compared with the bytes there before anything is
 * allocated, and all variables of a file are unpacked within one limit.
 * Format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
 */

import { inflateSync } from 'node:zlib';

import { messageOf, printable, RbmError } from '../errors.js';
import { inflationLimit } from './gzip.js';
import { bytesPerNumber, decodeNumbers, elementCount, toRowMajor, type NumberType } from './number-array.js';

/** An array of a `.mat` file. */
export interface MatArray {
  /** Length of every dimension, at least two: MATLAB's vectors are 1 × n or n × 1. */
  readonly shape: readonly number[];
  /**
   * Elements in C order (last dimension fastest), decoded anew each time they are asked for: bytes where they are stored
   * as unsigned bytes, else float64. Numbers are as stored, which may be a smaller type than the array's class.
   *
   * @throws RbmError 'data' where a 64-bit integer is too large for float64
   */
  readonly values: Float64Array | Uint8Array;
}

const headerSize = 128;
const tagSize = 8;
const dimensionLimit = 32;
/** Room for unpacked bytes at once, as zlib has it by itself. */
const smallestChunk = 16_384;
const saveAgain = 'The file is cut short or damaged: fetch or save it again.';
const saveAsLevel5 = 'Save it again: with -v7 in MATLAB or Octave (save model.mat -v7 …), or with scipy.io.savemat in Python.';

/** Types of elements that hold no numbers, or have a meaning of their own. */
const elementTypes = { int8: 1, uint8: 2, int32: 5, uint32: 6, matrix: 14, compressed: 15, utf8: 16 } as const;

/** Types in which the numbers of an array may be stored, whatever its class. */
const storageTypes: ReadonlyMap<number, NumberType> = new Map([
  [1, 'i1'],
  [2, 'u1'],
  [3, 'i2'],
  [4, 'u2'],
  [5, 'i4'],
  [6, 'u4'],
  [7, 'f4'],
  [9, 'f8'],
  [12, 'i8'],
  [13, 'u8'],
]);

/** Classes of arrays without numbers of their own. */
const otherClasses: ReadonlyMap<number, string> = new Map([
  [1, 'cell'],
  [2, 'struct'],
  [3, 'object'],
  [4, 'char'],
  [5, 'sparse'],
  [16, 'function'],
  [17, 'opaque'],
  [18, 'object'],
]);

/** Classes of full arrays of numbers: double, single, and the integers up to uint64. */
const firstNumericClass = 6;
const lastNumericClass = 15;
const complexFlag = 0x800;

const hdf5Signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Where the HDF5 data of a version 7.3 file begin. */
const hdf5Offset = 512;

function startsWith(bytes: Uint8Array, start: readonly number[], offset = 0): boolean {
  return start.every((byte, index) => bytes[offset + index] === byte);
}

/** Whether the header says in which order the bytes are: 'MI' as a 16-bit number, so 'IM' where the last byte comes first. */
function endianIndicator(bytes: Uint8Array): 'little' | 'big' | undefined {
  if (bytes[126] === 0x49 && bytes[127] === 0x4d) return 'little';
  return bytes[126] === 0x4d && bytes[127] === 0x49 ? 'big' : undefined;
}

/** The header's version: 0x0100 of level 5, 0x0200 of version 7.3. */
function headerVersion(bytes: Uint8Array): number {
  return endianIndicator(bytes) === 'big' ? bytes[124] * 256 + bytes[125] : bytes[125] * 256 + bytes[124];
}

/** Whether `bytes` are HDF5, by itself or behind the header of MATLAB's version 7.3. */
function looksLikeHdf5(bytes: Uint8Array): boolean {
  return startsWith(bytes, hdf5Signature) || startsWith(bytes, hdf5Signature, hdf5Offset);
}

/** Whether `bytes` start like a file of level 4: no header, but a first variable of plausible type, size and name. */
function looksLikeLevel4(bytes: Uint8Array): boolean {
  if (bytes.length < 22) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [true, false].some((littleEndian) => {
    const [type, rows, columns, imaginary, nameLength] = [0, 4, 8, 12, 16].map((offset) => view.getInt32(offset, littleEndian));
    // Thousands: the machine; hundreds: 0; tens: the type of number; ones: full, text or sparse.
    if (type < 0 || type > 4052 || type % 1000 > 52 || type % 10 > 2) return false;
    if (rows < 0 || columns < 0 || (imaginary !== 0 && imaginary !== 1)) return false;
    if (nameLength < 2 || nameLength > 64 || 20 + nameLength > bytes.length) return false;
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + 20, nameLength).toString('latin1');
    return /^[A-Za-z]\w*\0$/.test(name);
  });
}

/**
 * Whether `bytes` start like a `.mat` file of any level, also of those that {@link readMat} refuses by name (4 and 7.3,
 * which is HDF5).
 */
export function looksLikeMat(bytes: Uint8Array): boolean {
  if (startsWith(bytes, [...Buffer.from('MATLAB ')]) || looksLikeHdf5(bytes) || looksLikeLevel4(bytes)) return true;
  return endianIndicator(bytes) !== undefined && [0x0100, 0x0200].includes(headerVersion(bytes));
}

/** Some bytes of a file, what they are called in messages, and in which order they are. */
interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly littleEndian: boolean;
  fail(message: string, hint?: string, cause?: unknown): RbmError;
}

function sourceOf(bytes: Uint8Array, littleEndian: boolean, place: string): Source {
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    littleEndian,
    fail: (message, hint = saveAgain, cause?) => new RbmError('data', `${place}: ${message}`, { hint, cause }),
  };
}

/** A piece of a file: what kind it is, and where its bytes lie. */
interface Element {
  readonly type: number;
  readonly start: number;
  readonly length: number;
}

/** The element whose tag stands at `position`; up to four bytes may stand in the tag itself. */
function elementAt({ view, littleEndian, fail }: Source, position: number): Element {
  const end = view.byteLength;
  if (end - position < tagSize) throw fail(`is cut short: ${end - position} bytes at byte ${position} are less than an element`);
  const word = view.getUint32(position, littleEndian);
  const smallLength = word >>> 16;
  if (smallLength > 4) throw fail(`the element at byte ${position} is of unknown kind (0x${word.toString(16)})`);
  if (smallLength > 0) return { type: word & 0xffff, start: position + 4, length: smallLength };
  const start = position + tagSize;
  const length = view.getUint32(position + 4, littleEndian);
  if (length > end - start) throw fail(`the element at byte ${position} claims ${length} bytes, but ${end - start} follow it`);
  return { type: word, start, length };
}

/** The parts of an array, which are elements one after the other, each filled up to a multiple of eight bytes. */
class Parts {
  readonly #source: Source;
  #position = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  next(what: string, types: readonly number[]): Element {
    const { view, fail } = this.#source;
    if (this.#position >= view.byteLength) throw fail(`ends before its ${what}`);
    const element = elementAt(this.#source, this.#position);
    if (!types.includes(element.type)) throw fail(`its ${what} can't be of element type ${element.type}`);
    this.#position = Math.ceil((element.start + element.length) / 8) * 8;
    return element;
  }
}

/** A variable: an array of numbers with its name, or the kind of those that are passed over. */
type Variable = { readonly name: string; readonly array: MatArray } | { readonly other: string };

function readShape({ view, littleEndian, fail }: Source, { start, length }: Element): number[] {
  const count = length / 4;
  if (!Number.isInteger(count) || count < 2 || count > dimensionLimit) {
    throw fail(`its shape takes ${length} bytes; 2 to ${dimensionLimit} dimensions of 4 bytes can be read`);
  }
  // Sizes are signed, though some writers call them unsigned.
  const shape = Array.from({ length: count }, (_, index) => view.getInt32(start + 4 * index, littleEndian));
  if (shape.some((size) => size < 0)) throw fail(`has a negative size: its shape is ${shape.join(' × ')}`);
  return shape;
}

/** Reads the content of a matrix element; numbers are found, but not decoded. */
function readVariable(source: Source, file: string): Variable {
  const { bytes, view, littleEndian, fail } = source;
  const parts = new Parts(source);
  const flagsElement = parts.next('flags', [elementTypes.uint32]);
  if (flagsElement.length !== 8) throw fail(`its flags take ${flagsElement.length} bytes instead of 8`);
  const flags = view.getUint32(flagsElement.start, littleEndian);
  const arrayClass = flags & 0xff;
  const other = otherClasses.get(arrayClass);
  if (other !== undefined) return { other };
  if (arrayClass < firstNumericClass || arrayClass > lastNumericClass) throw fail(`is of unknown class ${arrayClass}`);
  if ((flags & complexFlag) !== 0) return { other: 'complex' };

  const shape = readShape(source, parts.next('shape', [elementTypes.int32, elementTypes.uint32]));
  const nameElement = parts.next('name', [elementTypes.int8, elementTypes.uint8, elementTypes.utf8]);
  const name = Buffer.from(bytes.buffer, bytes.byteOffset + nameElement.start, nameElement.length).toString('utf8');
  // MATLAB keeps data of its own in an array without a name.
  if (name === '') return { other: 'unnamed' };
  const { type: storage, start, length } = parts.next(`numbers (${printable(name, 80)})`, [...storageTypes.keys()]);
  const type = storageTypes.get(storage) as NumberType;
  const count = elementCount(shape);
  const expected = count * bytesPerNumber(type);
  if (expected !== length) {
    throw fail(`${printable(name, 80)} has shape ${shape.join(' × ')}, so ${expected} bytes of numbers, but holds ${length}`);
  }
  const array = {
    shape,
    get values() {
      const values = decodeNumbers(bytes, start, count, type, littleEndian, `${file}[${name}]`);
      return shape.filter((size) => size !== 1).length > 1 ? toRowMajor(values, shape) : values;
    },
  };
  return { name, array };
}

/** Unpacks a compressed element, to at most `limit` bytes. */
function inflate(compressed: Uint8Array, limit: number, fail: Source['fail']): Uint8Array {
  const tooLarge = (cause?: unknown): RbmError =>
    fail(
      `grows to more than the ${limit} bytes that are left for it when unpacked (from ${compressed.length})`,
      'If it is really what it should be, save the weights and biases alone, with -v6 (not compressed).',
      cause,
    );
  // A limit of 0 means none to zlib.
  if (limit <= 0) throw tooLarge();
  try {
    return inflateSync(compressed, { maxOutputLength: limit, chunkSize: Math.max(smallestChunk, compressed.length) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(error);
    if (messageOf(error).startsWith('Array buffer allocation failed')) throw error;
    const reason = code === 'Z_BUF_ERROR' ? 'are cut short' : `are damaged (${printable(message)})`;
    throw fail(`its zlib data ${reason}`, saveAgain, error);
  }
}

/** Refuses what is no file of level 5, by the name of what it is. */
function checkHeader(bytes: Uint8Array, file: string): void {
  const fail = (message: string, hint: string) => new RbmError('data', `${printable(file)}: ${message}`, { hint });
  if (looksLikeHdf5(bytes) || (endianIndicator(bytes) !== undefined && headerVersion(bytes) === 0x0200)) {
    throw fail('is HDF5, as MATLAB saves with -v7.3, which is not read', saveAsLevel5);
  }
  if (bytes.length < headerSize && !looksLikeLevel4(bytes)) {
    throw fail(`is ${bytes.length} bytes long, too short for the header of a .mat file (${headerSize})`, saveAgain);
  }
  if (endianIndicator(bytes) === undefined) {
    if (looksLikeLevel4(bytes)) throw fail('is a MATLAB file of level 4 (save -v4), which is not read', saveAsLevel5);
    throw fail('is no .mat file of level 5: its header does not end in the byte order, IM or MI', saveAsLevel5);
  }
  const version = headerVersion(bytes);
  if (version !== 0x0100) {
    throw fail(`is of version 0x${version.toString(16).padStart(4, '0')}; version 0x0100 (level 5) can be read`, saveAsLevel5);
  }
}

/**
 * Reads a `.mat` file of level 5, in either byte order.
 *
 * @param file its name, for messages
 * @returns its full arrays of real numbers and of logicals, by their names
 * @throws RbmError 'data' where it is of another level, is cut short or damaged, grows without measure when unpacked,
 *   names an array twice, or has none of numbers
 */
export function readMat(bytes: Uint8Array, file: string): Map<string, MatArray> {
  checkHeader(bytes, file);
  const littleEndian = endianIndicator(bytes) === 'little';
  const arrays = new Map<string, MatArray>();
  const others = new Set<string>();
  let budget = inflationLimit(bytes.length);
  let count = 0;
  let position = headerSize;
  while (position < bytes.length) {
    const place = `${printable(file)}: variable ${++count} (at byte ${position})`;
    const source = sourceOf(bytes, littleEndian, place);
    let { type, start, length } = elementAt(source, position);
    // Elements of the outermost level are not filled up: arrays are multiples of 8 bytes, packed ones follow directly.
    position = Math.max(start + length, position + tagSize);
    let content = bytes;
    if (type === elementTypes.compressed) {
      content = inflate(bytes.subarray(start, start + length), budget, source.fail);
      budget -= content.length;
      ({ type, start, length } = elementAt(sourceOf(content, littleEndian, `${place}, unpacked`), 0));
    }
    if (type !== elementTypes.matrix) throw source.fail(`is of element type ${type}, which is no array`);
    const variable = readVariable(sourceOf(content.subarray(start, start + length), littleEndian, place), file);
    if ('other' in variable) {
      others.add(variable.other);
      continue;
    }
    const { name, array } = variable;
    if (arrays.has(name)) throw source.fail(`has the name ${printable(name, 80)} of an earlier one`);
    arrays.set(name, array);
  }
  if (arrays.size === 0) {
    const found = count === 0 ? 'is a .mat file without variables' : `has no full array of real numbers, only: ${[...others].join(', ')}`;
    throw new RbmError('data', `${printable(file)}: ${found}`, { hint: 'Save the weights and biases as matrices of their own.' });
  }
  return arrays;
}
