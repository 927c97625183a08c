/**
 * Readers of the files that the tool writes for others, from the formats' specifications; they share no code with src/.
 *
 * They read what a correct writer of ours may write, and throw at everything else.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateRawSync, inflateSync } from 'node:zlib';

/** An array of a .npy or .npz file. */
export interface ForeignArray {
  readonly descr: string;
  readonly shape: number[];
  readonly values: number[];
}

/** The parameters of a model: weights n × m row-major. */
export interface ForeignModel {
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  readonly weights: number[];
  readonly visibleBias: number[];
  readonly hiddenBias: number[];
}

function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** The array in the bytes of a .npy file (NumPy Enhancement Proposal 1). */
export function parseNpy(bytes: Buffer): ForeignArray {
  expectThat(bytes.toString('latin1', 0, 6) === '\u0093NUMPY', 'npy: wrong magic bytes');
  const [start, length] = bytes[6] === 1 ? [10, bytes.readUInt16LE(8)] : [12, bytes.readUInt32LE(8)];
  expectThat((start + length) % 16 === 0, 'npy: data not aligned');
  const header = bytes.toString('latin1', start, start + length);
  const match = /^\{'descr': '([^']*)', 'fortran_order': False, 'shape': \(([\d, ]*)\),? *\} *\n$/.exec(header);
  if (match === null) throw new Error(`npy: unexpected header ${header}`);
  const shape = match[2].split(',').filter((size) => size.trim() !== '').map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  const data = bytes.subarray(start + length);
  if (match[1] === '<f8') {
    expectThat(data.length === 8 * count, 'npy: wrong length');
    return { descr: match[1], shape, values: Array.from({ length: count }, (_, index) => data.readDoubleLE(8 * index)) };
  }
  expectThat(match[1] === '|u1' && data.length === count, `npy: unexpected type ${match[1]} or length`);
  return { descr: match[1], shape, values: [...data] };
}

/** The files in a zip archive, by name (PKWARE's APPNOTE; stored and deflated entries). */
export function parseZip(bytes: Buffer): Map<string, Buffer> {
  const end = bytes.lastIndexOf('PK\u0005\u0006', undefined, 'latin1');
  expectThat(end >= 0, 'zip: no end of central directory');
  const entries = new Map<string, Buffer>();
  let position = bytes.readUInt32LE(end + 16);
  for (let entry = 0; entry < bytes.readUInt16LE(end + 10); entry++) {
    expectThat(bytes.toString('latin1', position, position + 4) === 'PK\u0001\u0002', 'zip: no central header');
    const [method, packedSize, size] = [bytes.readUInt16LE(position + 10), bytes.readUInt32LE(position + 20), bytes.readUInt32LE(position + 24)];
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => bytes.readUInt16LE(position + offset));
    const name = bytes.toString('utf8', position + 46, position + 46 + nameLength);
    const local = bytes.readUInt32LE(position + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const packed = bytes.subarray(start, start + packedSize);
    const content = method === 0 ? packed : inflateRawSync(packed);
    expectThat(content.length === size, `zip: ${name} has a wrong size`);
    entries.set(name, Buffer.from(content));
    position += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

/** The model in an .npz file that `export` wrote. */
export function readExportedModel(file: string): ForeignModel {
  const entries = parseZip(readFileSync(file));
  expectThat([...entries.keys()].toSorted().join() === 'hiddenBias.npy,visibleBias.npy,weights.npy', 'npz: other arrays than expected');
  const array = (name: string): ForeignArray => parseNpy(entries.get(`${name}.npy`) ?? Buffer.alloc(0));
  const [weights, visibleBias, hiddenBias] = ['weights', 'visibleBias', 'hiddenBias'].map(array);
  const [visibleUnits, hiddenUnits] = weights.shape;
  expectThat(visibleBias.shape.join() === `${visibleUnits}` && hiddenBias.shape.join() === `${hiddenUnits}`, 'npz: shapes do not fit');
  return { visibleUnits, hiddenUnits, weights: weights.values, visibleBias: visibleBias.values, hiddenBias: hiddenBias.values };
}

/** SHA-256 of the parameters as little-endian float64: weights, visible bias, hidden bias. */
export function digestOf({ weights, visibleBias, hiddenBias }: ForeignModel): string {
  const values = [...weights, ...visibleBias, ...hiddenBias];
  const bytes = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, 8 * index);
  return createHash('sha256').update(bytes).digest('hex');
}

/** A safetensors file with float64 tensors `W` (hidden × visible), `vbias` and `hbias`, as another tool might write it. */
export function foreignSafetensors({ visibleUnits, hiddenUnits, weights, visibleBias, hiddenBias }: ForeignModel): Buffer {
  const transposed = Array.from({ length: weights.length }, (_, index) => {
    const [j, i] = [Math.floor(index / visibleUnits), index % visibleUnits];
    return weights[i * hiddenUnits + j];
  });
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let offset = 0;
  const add = (name: string, shape: number[], values: number[]): void => {
    parts.push(Buffer.from(Float64Array.from(values).buffer));
    header[name] = { dtype: 'F64', shape, data_offsets: [offset, offset + 8 * values.length] };
    offset += 8 * values.length;
  };
  add('W', [hiddenUnits, visibleUnits], transposed);
  add('vbias', [visibleUnits], visibleBias);
  add('hbias', [hiddenUnits], hiddenBias);
  const text = Buffer.from(JSON.stringify(header).padEnd(Math.ceil(JSON.stringify(header).length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts]);
}

/** The pixels of an 8-bit greyscale PNG file (W3C PNG specification), row by row. */
export function parseGreyPng(bytes: Buffer): { width: number; height: number; rows: number[][] } {
  expectThat(bytes.toString('latin1', 0, 8) === '\u0089PNG\r\n\u001a\n', 'png: wrong signature');
  expectThat(bytes.toString('latin1', 12, 16) === 'IHDR', 'png: no IHDR');
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  expectThat(bytes[24] === 8 && bytes[25] === 0 && bytes[28] === 0, 'png: not 8-bit grey without interlacing');
  const parts: Buffer[] = [];
  for (let position = 8; position < bytes.length; position += 12 + bytes.readUInt32BE(position)) {
    const length = bytes.readUInt32BE(position);
    if (bytes.toString('latin1', position + 4, position + 8) === 'IDAT') parts.push(bytes.subarray(position + 8, position + 8 + length));
  }
  const raw = inflateSync(Buffer.concat(parts));
  expectThat(raw.length === height * (width + 1), 'png: wrong amount of data');
  const rows: number[][] = [];
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (width + 1)];
    const above = rows[y - 1] ?? Array.from({ length: width }, () => 0);
    const row: number[] = [];
    for (let x = 0; x < width; x++) {
      const [left, up, corner] = [row[x - 1] ?? 0, above[x], x > 0 ? above[x - 1] : 0];
      const distance = (value: number): number => Math.abs(left + up - corner - value);
      const paeth = distance(left) <= distance(up) && distance(left) <= distance(corner) ? left : distance(up) <= distance(corner) ? up : corner;
      const prediction = [0, left, up, Math.floor((left + up) / 2), paeth][filter];
      row.push((raw[y * (width + 1) + 1 + x] + prediction) % 256);
    }
    rows.push(row);
  }
  return { width, height, rows };
}
