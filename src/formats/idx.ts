/**
 * The IDX format of the MNIST files: a magic number, the lengths of the dimensions, big-endian elements.
 *
 * Reads sets of images or vectors (two or more dimensions); files of labels (one dimension) are refused.
 */

import { printable, RbmError } from '../errors.js';
import { bytesPerNumber, decodeNumbers, elementCount, type NumberType } from './number-array.js';

/** An array as it stood in the file. */
export interface IdxArray {
  /** Length of every dimension, two or more; the first counts the examples. */
  readonly shape: number[];
  readonly type: NumberType;
  /** Last dimension fastest: bytes for u1, float64 for all other types. */
  readonly values: Float64Array | Uint8Array;
}

/** The third byte of the magic number. */
const types: ReadonlyMap<number, NumberType> = new Map([
  [0x08, 'u1'],
  [0x09, 'i1'],
  [0x0b, 'i2'],
  [0x0c, 'i4'],
  [0x0d, 'f4'],
  [0x0e, 'f8'],
]);

const fetchAgain = 'The file is cut short, damaged or of another format: fetch it again, or set data.format.';

/** Whether `bytes` start like an IDX file (of images or of labels). */
export function looksLikeIdx(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0 && types.has(bytes[2]) && bytes[3] >= 1 && bytes[3] <= 8;
}

/**
 * Decodes one (unpacked) IDX file.
 *
 * @param name the file, for messages
 * @throws RbmError 'data' where it is not one, is cut short or too long, or holds labels
 */
export function readIdx(bytes: Uint8Array, name: string): IdxArray {
  const fail = (message: string, hint = fetchAgain) => new RbmError('data', `${printable(name)}: ${message}`, { hint });
  if (!looksLikeIdx(bytes)) throw fail('is not an IDX file (images start with the bytes 00 00 08 03)');
  const type = types.get(bytes[2]) as NumberType;
  const dimensions = bytes[3];
  if (dimensions === 1) {
    throw fail('is an IDX file with one dimension: labels, not images', 'Give the images file (…-images-idx3-ubyte).');
  }
  const start = 4 + 4 * dimensions;
  if (bytes.length < start) throw fail(`is cut short: ${bytes.length} bytes are less than the header's ${start}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape: number[] = [];
  for (let dimension = 0; dimension < dimensions; dimension++) shape.push(view.getUint32(4 + 4 * dimension, false));
  const count = elementCount(shape);
  const expected = count * bytesPerNumber(type);
  const present = bytes.length - start;
  if (expected !== present) {
    throw fail(`the header claims ${shape.join(' × ')} elements of type ${type}, ${expected} bytes, but ${present} bytes follow it`);
  }
  return { shape, type, values: decodeNumbers(bytes, start, count, type, false, name) };
}
