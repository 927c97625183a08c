/**
 * Arrays of numbers as they stand in binary files (npy, IDX, mat): element types, byte orders, and their decoding.
 *
 * Unsigned bytes stay bytes; every other type becomes float64. Integers that float64 can't hold are refused, never
 * rounded.
 */

import { hostIsLittleEndian } from './little-endian.js';
import { printable, RbmError } from '../errors.js';

/** Element types: kind (float, signed, unsigned) and bytes per element, as numpy writes them. */
export type NumberType = 'f8' | 'f4' | 'f2' | 'i8' | 'i4' | 'i2' | 'i1' | 'u8' | 'u4' | 'u2' | 'u1';

/** Bytes of one element. */
export function bytesPerNumber(type: NumberType): number {
  return Number(type[1]);
}

/** How many elements an array of this shape has; Infinity where they are beyond float64, also beside a size of 0. */
export function elementCount(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  return Number.isNaN(count) ? Infinity : count;
}

/** Half-precision bits to their value. */
function decodeHalf(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  // 5.96e-8 is 2^-24, the place of a subnormal's last bit; each exponent above 1 doubles it.
  if (exponent === 0) return sign * fraction * 5.9604644775390625e-8;
  return (sign * (1024 + fraction) * (1 << (exponent - 1))) * 5.9604644775390625e-8;
}

/** The reader of one element at a byte offset. */
function elementReader(view: DataView, type: NumberType, littleEndian: boolean): (offset: number) => number {
  switch (type) {
    case 'f8':
      return (offset) => view.getFloat64(offset, littleEndian);
    case 'f4':
      return (offset) => view.getFloat32(offset, littleEndian);
    case 'f2':
      return (offset) => decodeHalf(view.getUint16(offset, littleEndian));
    case 'i8':
      return (offset) => Number(view.getBigInt64(offset, littleEndian));
    case 'i4':
      return (offset) => view.getInt32(offset, littleEndian);
    case 'i2':
      return (offset) => view.getInt16(offset, littleEndian);
    case 'i1':
      return (offset) => view.getInt8(offset);
    case 'u8':
      return (offset) => Number(view.getBigUint64(offset, littleEndian));
    case 'u4':
      return (offset) => view.getUint32(offset, littleEndian);
    case 'u2':
      return (offset) => view.getUint16(offset, littleEndian);
    case 'u1':
      return (offset) => view.getUint8(offset);
  }
}

/**
 * Decodes `count` elements from byte `start` on. The caller has checked that they are all there.
 *
 * @param name the file, for messages
 * @returns a view of `bytes` for u1, and for f8 where bytes and host allow it; new float64 values for all other types
 * @throws RbmError 'data' where a 64-bit integer is too large for float64
 */
export function decodeNumbers(
  bytes: Uint8Array,
  start: number,
  count: number,
  type: NumberType,
  littleEndian: boolean,
  name: string,
): Uint8Array | Float64Array {
  if (type === 'u1') return new Uint8Array(bytes.buffer, bytes.byteOffset + start, count);
  const place = bytes.byteOffset + start;
  if (type === 'f8' && littleEndian && hostIsLittleEndian && place % 8 === 0) return new Float64Array(bytes.buffer, place, count);
  const size = bytesPerNumber(type);
  const read = elementReader(new DataView(bytes.buffer, bytes.byteOffset + start, count * size), type, littleEndian);
  const values = new Float64Array(count);
  const limit = type === 'i8' || type === 'u8' ? Number.MAX_SAFE_INTEGER : Infinity;
  for (let index = 0; index < count; index++) {
    const value = read(index * size);
    if (value > limit || value < -limit) {
      throw new RbmError('data', `${printable(name)}: element ${index} is about ${value}, more than float64 holds exactly`, {
        hint: 'Store the array as float64 or as smaller integers.',
      });
    }
    values[index] = value;
  }
  return values;
}

/** The same array with the last dimension fastest instead of the first. */
export function toRowMajor(values: Float64Array | Uint8Array, shape: readonly number[]): Float64Array | Uint8Array {
  const result = values.BYTES_PER_ELEMENT === 1 ? new Uint8Array(values.length) : new Float64Array(values.length);
  const strides: number[] = [];
  let stride = 1;
  for (const length of shape) {
    strides.push(stride);
    stride *= length;
  }
  const position = shape.map(() => 0);
  let source = 0;
  for (let target = 0; target < result.length; target++) {
    result[target] = values[source];
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      source += strides[dimension];
      position[dimension]++;
      if (position[dimension] < shape[dimension]) break;
      source -= strides[dimension] * shape[dimension];
      position[dimension] = 0;
    }
  }
  return result;
}
