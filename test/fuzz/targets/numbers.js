/** Numbers as the bytes of binary files. */

const writers = {
  f8: (bytes, value, at, little) => (little ? bytes.writeDoubleLE(value, at) : bytes.writeDoubleBE(value, at)),
  f4: (bytes, value, at, little) => (little ? bytes.writeFloatLE(value, at) : bytes.writeFloatBE(value, at)),
  i8: (bytes, value, at, little) => (little ? bytes.writeBigInt64LE(BigInt(value), at) : bytes.writeBigInt64BE(BigInt(value), at)),
  i4: (bytes, value, at, little) => (little ? bytes.writeInt32LE(value, at) : bytes.writeInt32BE(value, at)),
  i2: (bytes, value, at, little) => (little ? bytes.writeInt16LE(value, at) : bytes.writeInt16BE(value, at)),
  i1: (bytes, value, at) => bytes.writeInt8(value, at),
  u4: (bytes, value, at, little) => (little ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at)),
  u2: (bytes, value, at, little) => (little ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at)),
  u1: (bytes, value, at) => bytes.writeUInt8(value, at),
};

/** Types of numbers, as numpy names them. */
export const numberTypes = Object.keys(writers);

/** Whole numbers that a type holds. @param {import('../draw.js').Draw} draw */
export function numbersOf(draw, type, count) {
  return draw.numbers(count, type.startsWith('u') ? 0 : -8);
}

/** Numbers as bytes. */
export function encode(type, values, little = true) {
  const size = Number(type[1]);
  const bytes = Buffer.alloc(size * values.length);
  for (const [index, value] of values.entries()) writers[type](bytes, value, size * index, little);
  return bytes;
}

/** A whole number in so many bytes; what does not fit is cut, as a lie may be larger than its field. */
export function integer(value, width, little = true) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  const cut = bytes.subarray(0, width);
  return Buffer.from(little ? cut : cut.toReversed());
}

/** The product of sizes. */
export function countOf(shape) {
  return shape.reduce((product, size) => product * size, 1);
}

/** The elements of a matrix with those of a column one after the other; of other shapes as they are. */
export function columnMajor(values, shape) {
  if (shape.length !== 2) return values;
  const [rows, columns] = shape;
  return Array.from({ length: values.length }, (_, index) => values[(index % rows) * columns + Math.floor(index / rows)]);
}
