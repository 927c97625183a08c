/**
 * The safetensors format: a length, a JSON header with names, types, shapes and offsets, then the tensors' bytes.
 *
 * Reads and writes bytes only. What the header claims is compared with the bytes there before anything is allocated, and
 * no byte belongs to two tensors: many that share their bytes could fill the memory.
 * Format: https://github.com/huggingface/safetensors#format
 */

import { printable, RbmError } from '../errors.js';
import { littleEndianBytes } from './little-endian.js';
import { bytesPerNumber, decodeNumbers, elementCount, type NumberType } from './number-array.js';

/** A tensor to write: row-major values of that shape. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float64Array | Uint8Array;
}

/** A tensor to write that is made piece by piece. */
export interface TensorPieces {
  readonly shape: readonly number[];
  readonly type: 'F64' | 'U8';
  /** The values in row-major order; each piece is valid until the next is asked for. */
  pieces(): Iterable<Float64Array | Uint8Array>;
}

/** A file as read. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Types that can be read; others are refused by name. */
const numberTypes: Readonly<Record<string, NumberType>> = {
  F64: 'f8',
  F32: 'f4',
  F16: 'f2',
  I64: 'i8',
  I32: 'i4',
  I16: 'i2',
  I8: 'i1',
  U64: 'u8',
  U32: 'u4',
  U16: 'u2',
  U8: 'u1',
  BOOL: 'u1',
};

/** The format's own limit. */
const headerLimit = 100_000_000;

/** Whether `bytes` start like a safetensors file: a plausible length, then a JSON object. */
export function looksLikeSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(bytes.length - 8);
}

/** A file to write: its header, then the bytes of its tensors, piece by piece. */
export interface SafetensorsPieces {
  readonly header: Uint8Array;
  /** May be walked through more than once. */
  data(): Iterable<Uint8Array>;
}

/**
 * Encodes tensors and metadata, without ever holding all of them.
 *
 * Float64 tensors come first, so that with a header padded to 8 bytes every one of them is aligned.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorPieces>,
  metadata: Readonly<Record<string, string>>,
): SafetensorsPieces {
  const entries = [...tensors];
  const ordered = [...entries.filter(([, { type }]) => type === 'F64'), ...entries.filter(([, { type }]) => type === 'U8')];
  const described: [string, unknown][] = [['__metadata__', metadata]];
  let offset = 0;
  for (const [name, { shape, type }] of ordered) {
    const length = shape.reduce((product, size) => product * size, type === 'F64' ? 8 : 1);
    described.push([name, { dtype: type, shape, data_offsets: [offset, offset + length] }]);
    offset += length;
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(described)), 'utf8');
  const headerLength = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + headerLength);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerLength), true);
  header.fill(0x20, 8);
  header.set(text, 8);
  return {
    header,
    *data() {
      for (const [, { pieces }] of ordered) {
        for (const piece of pieces()) yield littleEndianBytes(piece);
      }
    },
  };
}

/** A tensor at hand as one to write. */
export function wholeTensor({ shape, values }: Tensor): TensorPieces {
  return { shape, type: values.BYTES_PER_ELEMENT === 8 ? 'F64' : 'U8', pieces: () => [values] };
}

/** The whole file of tensors at hand. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const pieces = new Map([...tensors].map(([name, tensor]) => [name, wholeTensor(tensor)]));
  const { header, data } = encodeSafetensors(pieces, metadata);
  return Buffer.concat([header, ...data()]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** An entry of the header: what it claims, which the bytes behind the header can hold. */
interface DescribedTensor {
  readonly name: string;
  readonly type: NumberType;
  readonly shape: readonly number[];
  readonly count: number;
  /** The first byte, and that after the last, from the end of the header on. */
  readonly begin: number;
  readonly end: number;
}

/** Reads one entry of the header, behind which `dataLength` bytes follow. */
function readEntry(dataLength: number, name: string, entry: unknown, file: string): DescribedTensor {
  const fail = (message: string): RbmError =>
    new RbmError('data', `${printable(file)}: tensor ${printable(JSON.stringify(name), 80)}: ${message}`, {
      hint: 'The file is damaged, or not a safetensors file; write it again.',
    });
  if (!isObject(entry)) throw fail('its header entry is not an object');
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = typeof dtype === 'string' && Object.hasOwn(numberTypes, dtype) ? numberTypes[dtype] : undefined;
  if (type === undefined) {
    const shown = typeof dtype === 'string' ? `"${printable(dtype, 20)}"` : 'that is no text';
    throw fail(`type ${shown} can't be read; these can: ${Object.keys(numberTypes).join(', ')}`);
  }
  if (!Array.isArray(shape) || !shape.every(isIndex)) throw fail('its shape is not a list of sizes');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isIndex)) {
    throw fail('its data_offsets are not two byte positions');
  }
  const [begin, end] = offsets as [number, number];
  const count = elementCount(shape as number[]);
  const length = count * bytesPerNumber(type);
  if (end < begin || end > dataLength) throw fail(`lies at bytes ${begin} to ${end} of ${dataLength} bytes of data`);
  if (length !== end - begin) throw fail(`has shape [${printable(shape.join(', '), 80)}] (${length} bytes) but ${end - begin} bytes of data`);
  return { name, type, shape: shape as number[], count, begin, end };
}

/** The first tensor that begins within another one; undefined where none does. */
function firstOverlap(described: readonly DescribedTensor[]): DescribedTensor | undefined {
  let position = 0;
  for (const tensor of described.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (tensor.begin < position) return tensor;
    position = tensor.end;
  }
  return undefined;
}

/**
 * Decodes a safetensors file.
 *
 * @param file its name, for messages
 * @returns values as float64 (bytes for U8 and BOOL)
 * @throws RbmError 'data' where the file is not one, is cut short, or contradicts itself
 */
export function readSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const fail = (message: string): RbmError =>
    new RbmError('data', `${printable(file)}: ${message}`, { hint: 'The file is damaged or not a safetensors file.' });
  if (bytes.length < 8) throw fail(`is ${bytes.length} bytes long, too short for a safetensors file`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (headerLength > headerLimit || headerLength > bytes.length - 8) {
    throw fail(`claims a header of ${headerLength} bytes, but has ${bytes.length - 8} bytes behind its length`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerLength)));
  } catch (error) {
    throw new RbmError('data', `${printable(file)}: its header is not JSON text`, {
      hint: 'The file is damaged or not a safetensors file.',
      cause: error,
    });
  }
  if (!isObject(header)) throw fail('its header is not a JSON object');
  const metadata = header.__metadata__ ?? {};
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw fail('its __metadata__ is not a map of texts');
  }
  const dataStart = 8 + headerLength;
  const dataLength = bytes.length - dataStart;
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  const described = entries.map(([name, entry]) => readEntry(dataLength, name, entry, file));
  const overlap = firstOverlap(described);
  if (overlap !== undefined) throw fail(`tensor ${printable(JSON.stringify(overlap.name), 80)} shares bytes with another one (from byte ${overlap.begin} on)`);
  const tensors = new Map<string, Tensor>();
  for (const { name, type, shape, count, begin } of described) {
    tensors.set(name, { shape, values: decodeNumbers(bytes, dataStart + begin, count, type, true, file) });
  }
  return { tensors, metadata: metadata as Record<string, string> };
}
