/**
 * Small writers of binary formats for damaged inputs: they write what they are told, true or not.
 *
 * They share no code with src/formats, whose writers refuse to lie.
 */

import { createHash } from 'node:crypto';
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';

/** `.npy` version 1.0: the header's text as given, then the bytes as given. */
export function npy(dictionary: string, content: Uint8Array): Buffer {
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >>> 8]);
  return Buffer.concat([prefix, Buffer.from(`${dictionary.padEnd(length - 1)}\n`, 'latin1'), content]);
}

/** Header of an `.npy` array in C order. */
export function npyHeader(descr: string, shape: readonly (number | bigint)[]): string {
  return `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
}

/** Little-endian float64. */
export function float64(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, 8 * index);
  return bytes;
}

/** An `.npy` array of float64. */
export function npyFloat64(shape: readonly number[], values: readonly number[]): Buffer {
  return npy(npyHeader('<f8', shape), float64(values));
}

/** An entry of an archive; `claimedSize` stands in for its true size in the directory. */
export interface ArchiveEntry {
  readonly content: Buffer;
  readonly deflate?: boolean;
  readonly claimedSize?: number;
}

/** A zip archive with the entries in their order. */
export function zip(entries: Readonly<Record<string, ArchiveEntry>>): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, { content, deflate, claimedSize }] of Object.entries(entries)) {
    const packed = deflate ? deflateRawSync(content) : content;
    // Version, flags, method, time, date, checksum, both sizes, length of the name, length of the extra field.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claimedSize ?? content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const head = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), common, Buffer.from(name, 'latin1')]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\u0001\u0002\u0014\u0000', 'latin1'), common, tail, Buffer.from(name, 'latin1'));
    local.push(head, packed);
    offset += head.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(Object.keys(entries).length, 8);
  end.writeUInt16LE(Object.keys(entries).length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, listing, end]);
}

/** An IDX file: type byte, dimensions as claimed, the bytes as given. */
export function idx(type: number, shape: readonly number[], content: Uint8Array): Buffer {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, type, shape.length]);
  for (const [index, length] of shape.entries()) head.writeUInt32BE(length, 4 + 4 * index);
  return Buffer.concat([head, content]);
}

/** A header entry of a safetensors file. */
export interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** A safetensors file taken apart: header as JSON, bytes behind it. */
export interface SafetensorsParts {
  readonly header: { __metadata__: Record<string, string> } & Record<string, TensorEntry>;
  readonly data: Buffer;
}

/** Takes a safetensors file apart. */
export function safetensorsParts(file: Buffer): SafetensorsParts {
  const end = 8 + Number(file.readBigUInt64LE(0));
  return { header: JSON.parse(file.toString('utf8', 8, end)) as SafetensorsParts['header'], data: Buffer.from(file.subarray(end)) };
}

/** Puts a safetensors file together. */
export function safetensors(header: object, data: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const text = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** A checkpoint whose checksum is right for its (changed) content: SHA-256 with the checksum's own digits as zeros. */
export function sealedCheckpoint({ header, data }: SafetensorsParts): Buffer {
  const blank = '0'.repeat(64);
  header.__metadata__.checksum = blank;
  const file = safetensors(header, data);
  file.write(createHash('sha256').update(file).digest('hex'), file.indexOf(blank), 'latin1');
  return file;
}

/** Numbers of a `.mat` file's element types, by their names in the format's description. */
export const matTypes = {
  int8: 1,
  uint8: 2,
  int16: 3,
  uint16: 4,
  int32: 5,
  uint32: 6,
  single: 7,
  double: 9,
  int64: 12,
  uint64: 13,
  matrix: 14,
  compressed: 15,
  utf8: 16,
} as const;

/** Element types that hold numbers. */
export type MatNumberType = Exclude<keyof typeof matTypes, 'matrix' | 'compressed' | 'utf8'>;

/** Numbers as their bytes. */
export function matNumbers(type: MatNumberType, values: readonly (number | bigint)[], bigEndian = false): Buffer {
  const size = { int8: 1, uint8: 1, int16: 2, uint16: 2, int32: 4, uint32: 4, single: 4, double: 8, int64: 8, uint64: 8 }[type];
  const view = new DataView(new ArrayBuffer(size * values.length));
  for (const [index, value] of values.entries()) {
    const place = size * index;
    if (type === 'int64') view.setBigInt64(place, BigInt(value), !bigEndian);
    else if (type === 'uint64') view.setBigUint64(place, BigInt(value), !bigEndian);
    else if (type === 'double') view.setFloat64(place, Number(value), !bigEndian);
    else if (type === 'single') view.setFloat32(place, Number(value), !bigEndian);
    // Two's complement: the sign of an integer is in how it is read.
    else if (size === 4) view.setUint32(place, Number(value), !bigEndian);
    else if (size === 2) view.setUint16(place, Number(value), !bigEndian);
    else view.setUint8(place, Number(value));
  }
  return Buffer.from(view.buffer);
}

/** An element of a `.mat` file, filled up to a multiple of eight bytes; one of 1 to 4 bytes may be of the small form. */
export function matElement(
  type: number,
  content: Uint8Array,
  { bigEndian = false, small = false, claimedLength = content.length, pad = true } = {},
): Buffer {
  if (small && content.length >= 1 && content.length <= 4) {
    const tag = matNumbers('uint32', [content.length * 65_536 + type], bigEndian);
    return Buffer.concat([tag, content, Buffer.alloc(4 - content.length)]);
  }
  const padding = Buffer.alloc(pad ? (8 - (content.length % 8)) % 8 : 0);
  return Buffer.concat([matNumbers('uint32', [type, claimedLength], bigEndian), content, padding]);
}

/** A variable of a `.mat` file: what it says of itself, true or not; numbers with the first dimension fastest. */
export interface MatVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | bigint)[];
  /** Default double. */
  readonly type?: MatNumberType;
  /** Number of the class: 6 double, 7 single, 8 to 15 int8, uint8, … uint64. Default double. */
  readonly arrayClass?: number;
  /** Bits beside the class: 0x200 logical, 0x400 global, 0x800 complex. */
  readonly flags?: number;
}

/** How a `.mat` file is written. */
export interface MatForm {
  readonly bigEndian?: boolean;
  /** Whether parts of 1 to 4 bytes stand in their tags. */
  readonly small?: boolean;
  /** Whether variables are packed by zlib. */
  readonly compress?: boolean;
}

/** The element of one variable, packed or not. */
export function matVariable(variable: MatVariable, { bigEndian, small, compress }: MatForm = {}): Buffer {
  const { name, shape, values, type = 'double', arrayClass = 6, flags = 0 } = variable;
  const form = { bigEndian, small };
  const content = Buffer.concat([
    matElement(matTypes.uint32, matNumbers('uint32', [flags + arrayClass, 0], bigEndian), form),
    matElement(matTypes.int32, matNumbers('int32', shape, bigEndian), form),
    matElement(matTypes.int8, Buffer.from(name, 'utf8'), form),
    matElement(matTypes[type], matNumbers(type, values, bigEndian), form),
  ]);
  const element = matElement(matTypes.matrix, content, { bigEndian });
  return compress ? matElement(matTypes.compressed, deflateSync(element), { bigEndian, pad: false }) : element;
}

/** A `.mat` file of level 5: its header (version as given), then the elements as given. */
export function matFile(elements: readonly Uint8Array[], { bigEndian = false, version = 0x0100 } = {}): Buffer {
  const text = Buffer.from('MATLAB 5.0 MAT-file, written by a test'.padEnd(116), 'latin1');
  const end = Buffer.concat([matNumbers('uint16', [version], bigEndian), Buffer.from(bigEndian ? 'MI' : 'IM', 'latin1')]);
  return Buffer.concat([text, Buffer.alloc(8), end, ...elements]);
}

/** A `.mat` file of the variables. */
export function mat(variables: readonly MatVariable[], form: MatForm = {}): Buffer {
  return matFile(variables.map((variable) => matVariable(variable, form)), form);
}
