/** `.npz` and the zip archives below it: stored and deflated entries, data descriptors, extra fields, comments. */

import { crc32, inflateRawSync } from 'node:zlib';

import { readNpz } from '../../../dist/formats/npz.js';
import { faultOfArray, hostileName } from './checks.js';
import { deflateRaw } from './deflate.js';
import { npyFile } from './npy.js';
import { integer } from './numbers.js';

const names = ['../../etc/passwd.npy', '/etc/passwd.npy', 'C:\\x.npy', '\u001b[2J.npy', 'nul\u0000.npy', '.npy', '__proto__.npy', 'a.txt', '\u202e.npy', `${'x'.repeat(60_000)}.npy`, 'twice.npy', 'twice.npy'];

/** An archive of some contents by name. @param {import('../draw.js').Draw} draw @param {Readonly<Record<string, Buffer>>} contents */
export function zipFile(draw, contents) {
  const locals = [];
  const directory = [];
  let offset = 0;
  for (const [name, content] of draw.list(Object.entries(contents))) {
    const isDeflated = draw.chance(0.5);
    const hasDescriptor = draw.chance(0.2);
    const packed = isDeflated ? deflateRaw(content) : content;
    const label = Buffer.from(draw.lie(name, names));
    const extra = draw.chance(0.2) ? Buffer.concat([integer(draw.pick([1, 0x5455, 0xcafe]), 2), integer(4, 2), draw.bytes(4)]) : Buffer.alloc(0);
    const checksum = integer(draw.lie(crc32(content)), 4);
    const sizes = Buffer.concat([integer(draw.lie(BigInt(packed.length)), 4), integer(draw.lie(BigInt(content.length)), 4)]);
    const flags = draw.lie(hasDescriptor ? 8 : 0, [1, 8, 0x40, 0x800, 0xffff]);
    const head = [integer(draw.lie(20), 2), integer(flags, 2), integer(draw.lie(isDeflated ? 8 : 0, [0, 8, 9, 12, 14, 93, 99]), 2), draw.bytes(4)];
    const lengths = [integer(draw.lie(BigInt(label.length)), 2), integer(draw.lie(BigInt(extra.length)), 2)];
    const local = Buffer.concat([
      Buffer.from(draw.lie('PK\u0003\u0004', ['PK\u0001\u0002', 'PK\u0006\u0006']), 'latin1'),
      ...head,
      ...(hasDescriptor ? [Buffer.alloc(12)] : [checksum, sizes]),
      ...lengths,
      label,
      extra,
      packed,
      ...(hasDescriptor ? [Buffer.from('PK\u0007\u0008', 'latin1'), checksum, sizes] : []),
    ]);
    const comment = draw.chance(0.1) ? draw.bytes(3) : Buffer.alloc(0);
    const place = integer(draw.lie(BigInt(offset), [0n, 1n, 0xffff_ffffn, 0xffff_fffen, 1n << 31n]), 4);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0003', 'latin1'), ...head, checksum, sizes, ...lengths, integer(draw.lie(comment.length), 2), Buffer.alloc(8), place, label, extra, comment]));
    locals.push(local);
    offset += local.length;
  }
  const records = draw.list(directory);
  const listing = Buffer.concat(records);
  const comment = draw.chance(0.2) ? draw.bytes(draw.integer(1, 30)) : Buffer.alloc(0);
  const counts = integer(draw.lie(BigInt(records.length)), 2);
  const end = [Buffer.from('PK\u0005\u0006', 'latin1'), integer(draw.lie(0), 4), counts, counts, integer(draw.lie(BigInt(listing.length)), 4), integer(draw.lie(BigInt(offset)), 4), integer(draw.lie(BigInt(comment.length)), 2), comment];
  return Buffer.concat([...locals, listing, ...end]);
}

/** Makes the checksums of all entries right again that can be found and unpacked. */
export function sealZip(bytes) {
  const sealed = Buffer.from(bytes);
  for (let at = sealed.indexOf('PK\u0001\u0002', 0, 'latin1'); at >= 0 && at + 46 <= sealed.length; at = sealed.indexOf('PK\u0001\u0002', at + 4, 'latin1')) {
    const offset = sealed.readUInt32LE(at + 42);
    if (offset + 30 > sealed.length) continue;
    const start = offset + 30 + sealed.readUInt16LE(offset + 26) + sealed.readUInt16LE(offset + 28);
    const packed = sealed.subarray(start, start + sealed.readUInt32LE(at + 20));
    try {
      const content = sealed.readUInt16LE(at + 10) === 8 ? inflateRawSync(packed, { maxOutputLength: 1 << 20 }) : packed;
      sealed.writeUInt32LE(crc32(content), at + 16);
    } catch {
      // Its checksum stays as it is.
    }
  }
  return sealed;
}

/** @type {import('./index.js').Target} */
export const npz = {
  name: 'npz',
  generate(draw) {
    const arrays = new Map();
    const contents = {};
    for (let count = draw.integer(1, 4); count > 0; count--) {
      const name = draw.name();
      const { bytes, expected } = npyFile(draw);
      contents[`${name}.npy`] = bytes;
      arrays.set(name, expected);
    }
    if (draw.chance(0.2)) contents['notes.txt'] = draw.bytes(9);
    return { bytes: zipFile(draw, contents), expected: arrays };
  },
  run: (bytes) => readNpz(bytes, hostileName),
  check(arrays, _bytes, expected) {
    if (expected !== undefined && String([...arrays.keys()]) !== String([...expected.keys()])) return `has the arrays ${[...arrays.keys()]}`;
    for (const [name, array] of arrays) {
      const fault = faultOfArray(array, expected?.get(name));
      if (fault !== undefined) return `${name} ${fault}`;
    }
    return undefined;
  },
  seal: sealZip,
  memory: (bytes) => 2 * 1032 * bytes.length + (1 << 20),
};
