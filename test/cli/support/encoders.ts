/**
 * Small writers of binary formats for damaged inputs: they write what they are told, true or not.
 *
 * They share no code with src/formats, whose writers refuse to lie.
 */

import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';

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
