/** Changes of bytes that know nothing of the format: what disks, networks, editors and malice do to a file. */

import { hostileTexts, interestingIntegers } from './draw.js';

/** So many bytes a mutation adds at most. */
const longestBlock = 64;

/** A position; those near the beginning and the end, where headers and directories are, are more likely. */
function position(length, draw) {
  const edge = Math.min(length, 64);
  if (draw.chance(0.4)) return draw.integer(0, edge);
  return draw.chance(0.3) ? length - draw.integer(0, edge) : draw.integer(0, length);
}

function block(length, draw) {
  const start = position(length, draw);
  return [start, Math.min(length, start + draw.integer(1, longestBlock))];
}

/** `bytes` with those from `start` to `end` replaced. */
function replaced(bytes, start, end, by) {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)]);
}

/** An interesting integer in any width and byte order. */
function integerBytes(draw) {
  const width = draw.pick([1, 2, 4, 8]);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, draw.pick(interestingIntegers)));
  const cut = bytes.subarray(0, width);
  return Buffer.from(draw.chance(0.5) ? cut : cut.toReversed());
}

/** Where a pattern matches, as [start, end]; undefined where it never does. */
function match(bytes, pattern, draw) {
  const found = [...bytes.subarray(0, 1 << 16).toString('latin1').matchAll(pattern)];
  if (found.length === 0) return undefined;
  const one = draw.pick(found);
  return [one.index, one.index + one[0].length];
}

/**
 * By name: `(bytes, draw, other) → bytes`, `other` being a second valid file.
 *
 * @type {Readonly<Record<string, (bytes: Buffer, draw: import('./draw.js').Draw, other: Buffer) => Buffer>>}
 */
export const mutations = {
  truncate: (bytes, draw) => bytes.subarray(0, position(bytes.length, draw)),
  extend: (bytes, draw) => Buffer.concat([bytes, draw.chance(0.5) ? draw.bytes(draw.integer(1, longestBlock)) : Buffer.alloc(draw.integer(1, longestBlock))]),
  flipBit: (bytes, draw) => {
    const changed = Buffer.from(bytes);
    const place = Math.min(changed.length - 1, position(changed.length, draw));
    if (place >= 0) changed[place] ^= 1 << draw.integer(0, 7);
    return changed;
  },
  setByte: (bytes, draw) => {
    const changed = Buffer.from(bytes);
    const place = Math.min(changed.length - 1, position(changed.length, draw));
    if (place >= 0) changed[place] = draw.pick([0, 1, 0x20, 0x7f, 0x80, 0xff, draw.integer(0, 255)]);
    return changed;
  },
  integer: (bytes, draw) => {
    const value = integerBytes(draw);
    const start = position(bytes.length, draw);
    return replaced(bytes, start, Math.min(bytes.length, start + value.length), value);
  },
  // Sizes that stand as text, as in .npy and JSON.
  digits: (bytes, draw) => {
    const place = match(bytes, /-?\d+/g, draw);
    return place === undefined ? bytes : replaced(bytes, ...place, Buffer.from(String(draw.pick(interestingIntegers))));
  },
  text: (bytes, draw) => {
    const place = match(bytes, /[A-Za-z_]{2,}/g, draw);
    return place === undefined ? bytes : replaced(bytes, ...place, Buffer.from(draw.pick(hostileTexts)));
  },
  remove: (bytes, draw) => replaced(bytes, ...block(bytes.length, draw), Buffer.alloc(0)),
  duplicate: (bytes, draw) => {
    const [start, end] = block(bytes.length, draw);
    return replaced(bytes, end, end, bytes.subarray(start, end));
  },
  blank: (bytes, draw) => {
    const [start, end] = block(bytes.length, draw);
    return replaced(bytes, start, end, Buffer.alloc(end - start, draw.pick([0, 0x20, 0xff])));
  },
  splice: (bytes, draw, other) => {
    const [start, end] = block(other.length, draw);
    const place = position(bytes.length, draw);
    return replaced(bytes, place, Math.min(bytes.length, place + (draw.chance(0.5) ? end - start : 0)), other.subarray(start, end));
  },
  cross: (bytes, draw, other) => Buffer.concat([bytes.subarray(0, position(bytes.length, draw)), other.subarray(position(other.length, draw))]),
};

const names = Object.keys(mutations);

/** A file with a few mutations. @returns {Buffer} */
export function mutate(bytes, draw, other) {
  let changed = bytes;
  const count = draw.pick([1, 1, 1, 2, 3, 6]);
  for (let index = 0; index < count; index++) changed = mutations[draw.pick(names)](changed, draw, other);
  return changed;
}
