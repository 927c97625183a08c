/** Gzip, of several members, with the optional fields of their headers. */

import { crc32, inflateRawSync } from 'node:zlib';

import { gunzip, inflationLimit } from '../../../dist/formats/gzip.js';
import { hostileName } from './checks.js';
import { bomb, deflateRaw } from './deflate.js';
import { integer } from './numbers.js';

const flags = { text: 1, headerChecksum: 2, extra: 4, name: 8, comment: 16 };

/** Zeros unpack from a thousandth of their size. */
const bombs = [1 << 10, 1 << 16, 1 << 20];

/** A member: header, deflated content, checksum, size. @param {import('../draw.js').Draw} draw */
function member(draw, content, packed = deflateRaw(content)) {
  const optional = Object.values(flags).filter(() => draw.chance(0.3));
  const extra = draw.bytes(draw.integer(0, 9));
  const parts = [
    Buffer.from([0x1f, 0x8b, draw.lie(8, [0, 7, 9, 255]), draw.lie(optional.reduce((sum, flag) => sum + flag, 0), [32, 64, 128, 255]), ...draw.bytes(4), 0, 3]),
    ...(optional.includes(flags.extra) ? [integer(draw.lie(BigInt(extra.length)), 2), extra] : []),
    ...(optional.includes(flags.name) ? [Buffer.from(`${draw.lie(draw.name())}\0`)] : []),
    ...(optional.includes(flags.comment) ? [Buffer.from(`${draw.lie(draw.name())}\0`)] : []),
  ];
  if (optional.includes(flags.headerChecksum)) parts.push(integer(draw.lie(crc32(Buffer.concat(parts)) & 0xffff), 2));
  const tail = [integer(draw.lie(crc32(content)), 4), integer(draw.lie(BigInt(content.length)), 4)];
  return Buffer.concat([...parts, ...draw.list([packed, ...tail])]);
}

/** A gzip file of these bytes, cut in one or several members. @param {import('../draw.js').Draw} draw @param {Buffer} content */
export function gzipped(draw, content) {
  const cut = draw.integer(0, content.length);
  const pieces = draw.chance(0.5) ? [content] : [content.subarray(0, cut), content.subarray(cut)];
  const zeros = draw.lie(0, bombs);
  const members = draw.list(pieces).map((piece) => member(draw, piece));
  return Buffer.concat([...members, ...(zeros > 0 ? Array(3).fill(member(draw, bomb(zeros).content, bomb(zeros).packed)) : [])]);
}

/** Makes checksum and size right again where the file is one member without optional fields. */
export function sealGzip(bytes) {
  try {
    const content = inflateRawSync(bytes.subarray(10, -8));
    return Buffer.concat([bytes.subarray(0, -8), integer(crc32(content), 4), integer(content.length, 4)]);
  } catch {
    return bytes;
  }
}

/** @type {import('./index.js').Target} */
export const gzip = {
  name: 'gzip',
  generate(draw) {
    const content = draw.bytes(draw.integer(0, 80));
    return { bytes: gzipped(draw, content), expected: content };
  },
  run: (bytes) => gunzip(bytes, hostileName),
  check(content, bytes, expected) {
    if (content.length > inflationLimit(bytes.length)) return `unpacked ${content.length} bytes`;
    return expected === undefined || expected.equals(content) ? undefined : 'other bytes than were packed';
  },
  seal: sealGzip,
  // What deflate can pack into so many bytes at most, twice while zlib joins pieces.
  memory: (bytes) => 2 * 1032 * bytes.length + (1 << 20),
};
