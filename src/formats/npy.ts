/**
 * The `.npy` format of numpy (versions 1 to 3): one array, a header that is a Python dictionary, raw elements.
 *
 * Arrays of numbers and booleans only: object arrays need Python's pickle, which runs code, and are refused, as are
 * structured, complex and text arrays. What the header claims is compared with the bytes there before anything is
 * allocated.
 */

import { printable, RbmError } from '../errors.js';
import { littleEndianBytes } from './little-endian.js';
import { bytesPerNumber, decodeNumbers, elementCount, toRowMajor, type NumberType } from './number-array.js';

/** An array as it stood in the file. */
export interface NpyArray {
  /** Length of every dimension; empty for a single number. */
  readonly shape: number[];
  /** The type as the file names it, such as `<f8` or `|b1`. */
  readonly dtype: string;
  /** Elements in C order (last dimension fastest): bytes for u1 and b1, float64 for all other types. */
  readonly values: Float64Array | Uint8Array;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const headerLimit = 65_536;
const dimensionLimit = 64;
const saveAgain = 'Save the array again with numpy.save, as numbers (for example array.astype("float64")).';

/** Whether `bytes` start like an `.npy` file. */
export function looksLikeNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

interface NpyHeader {
  descr: string;
  fortranOrder: boolean;
  shape: number[];
}

/** Reads the Python dictionary of the header, which has three keys in any order. */
function parseHeader(text: string, fail: (message: string, hint?: string) => RbmError): NpyHeader {
  const unreadable = (key: string) => fail(`the header's '${key}' is missing or can't be read: ${printable(text.trim())}`, saveAgain);
  if (/['"]descr['"]\s*:\s*\[/.test(text)) throw fail('holds a structured array (records with named fields)', saveAgain);
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]*)['"]/.exec(text);
  if (descr === null) throw unreadable('descr');
  const order = /['"]fortran_order['"]\s*:\s*(True|False)\b/.exec(text);
  if (order === null) throw unreadable('fortran_order');
  const tuple = /['"]shape['"]\s*:\s*\(([^()]*)\)/.exec(text);
  if (tuple === null) throw unreadable('shape');
  const parts = tuple[1].split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  // Python 2 wrote long integers with an L.
  if (!parts.every((part) => /^\d{1,20}L?$/.test(part))) throw unreadable('shape');
  if (parts.length > dimensionLimit) throw fail(`has ${parts.length} dimensions; at most ${dimensionLimit} can be read`);
  const shape = parts.map((part) => Number.parseInt(part, 10));
  // Beside a size of 0 any other one would fit the bytes there.
  if (!shape.every(Number.isSafeInteger)) throw fail(`claims shape (${parts.join(', ')}), more than any array has`, saveAgain);
  return { descr: descr[1], fortranOrder: order[1] === 'True', shape };
}

/** Element type and byte order of a `descr` such as `<f4`. */
function parseType(descr: string, fail: (message: string, hint?: string) => RbmError): { type: NumberType; littleEndian: boolean } {
  if (/^[|<>=]?O/.test(descr)) {
    throw fail('holds Python objects (dtype object), which only Python can read, by running code from the file', saveAgain);
  }
  if (/^[|<>]?[bu]1$/.test(descr)) return { type: 'u1', littleEndian: true };
  if (/^[|<>]?i1$/.test(descr)) return { type: 'i1', littleEndian: true };
  if (/^[<>](f[248]|[iu][248])$/.test(descr)) return { type: descr.slice(1) as NumberType, littleEndian: descr.startsWith('<') };
  throw fail(
    `has elements of type '${printable(descr)}'; readable are b1, u1, i1 and f2, f4, f8, i2, i4, i8, u2, u4, u8 in either byte order`,
    saveAgain,
  );
}

/**
 * Decodes one `.npy` file.
 *
 * @param name the file, for messages
 * @throws RbmError 'data' where it is not one, is cut short or too long, or holds something other than numbers
 */
export function readNpy(bytes: Uint8Array, name: string): NpyArray {
  const fail = (message: string, hint?: string) => new RbmError('data', `${printable(name)}: ${message}`, { hint });
  if (!looksLikeNpy(bytes)) throw fail('is not an .npy file (it does not start with \\x93NUMPY)', saveAgain);
  const version = bytes[6];
  const lengthBytes = version === 1 ? 2 : 4;
  if (bytes.length < 8 + lengthBytes) throw fail(`is cut short: ${bytes.length} bytes are less than a header`, saveAgain);
  if (version < 1 || version > 3) throw fail(`is of .npy version ${version}; versions 1, 2 and 3 can be read`, saveAgain);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = 8 + lengthBytes + headerLength;
  if (headerLength > headerLimit) throw fail(`claims a header of ${headerLength} bytes; at most ${headerLimit} are read`, saveAgain);
  if (start > bytes.length) throw fail(`is cut short: the header ends at byte ${start} of ${bytes.length}`, saveAgain);

  const text = Buffer.from(bytes.buffer, bytes.byteOffset + 8 + lengthBytes, headerLength).toString(version === 3 ? 'utf8' : 'latin1');
  const { descr, fortranOrder, shape } = parseHeader(text, fail);
  const { type, littleEndian } = parseType(descr, fail);
  const count = elementCount(shape);
  const expected = count * bytesPerNumber(type);
  const present = bytes.length - start;
  if (expected !== present) {
    throw fail(
      `the header claims shape (${shape.join(', ')}) of '${printable(descr)}', ${expected} bytes, but ${present} bytes follow it`,
      expected > present ? 'The file is cut short or damaged: fetch or save it again.' : saveAgain,
    );
  }
  const values = decodeNumbers(bytes, start, count, type, littleEndian, name);
  return { shape, dtype: descr, values: fortranOrder && shape.length > 1 ? toRowMajor(values, shape) : values };
}

/**
 * Encodes an array as `.npy` version 1.0, little-endian, elements from a multiple of 64 bytes on.
 *
 * @param values in C order; float64 is written as `<f8`, bytes as `|u1`
 * @throws RangeError where the shape does not fit the number of values, or is too long for a header
 */
export function writeNpy(values: Float64Array | Uint8Array, shape: readonly number[]): Uint8Array {
  const count = elementCount(shape);
  if (count !== values.length) throw new RangeError(`shape (${shape.join(', ')}) does not hold ${values.length} values`);
  const descr = values.BYTES_PER_ELEMENT === 1 ? '|u1' : '<f8';
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const prefix = 10;
  const start = Math.ceil((prefix + dictionary.length + 1) / 64) * 64;
  if (start - prefix > 65_535) throw new RangeError(`shape with ${shape.length} dimensions is too long for a header`);
  const file = new Uint8Array(start + values.byteLength);
  file.set([...magic, 1, 0, (start - prefix) & 255, (start - prefix) >>> 8]);
  file.set(Buffer.from(`${dictionary.padEnd(start - prefix - 1)}\n`, 'latin1'), prefix);
  file.set(littleEndianBytes(values), start);
  return file;
}
