/** Safetensors: lengths, JSON, types, shapes, offsets. */

import { readSafetensors } from '../../../dist/formats/safetensors.js';
import { faultOfArray, hostileName } from './checks.js';
import { countOf, encode, integer, numbersOf } from './numbers.js';

/** Names of the types. */
export const tensorTypes = { F64: 'f8', F32: 'f4', I64: 'i8', I32: 'i4', I16: 'i2', I8: 'i1', U32: 'u4', U16: 'u2', U8: 'u1', BOOL: 'u1' };

/** A size or offset as JSON text. @param {import('../draw.js').Draw} draw */
function number(draw, value) {
  return draw.lie(String(value), ['-1', '0.5', '1e400', '1152921504606846976', '9007199254740991', '9007199254740992', '4294967296', '"1"', 'null', '[]', '1e3']);
}

/**
 * A safetensors file of tensors and metadata.
 *
 * @param {import('../draw.js').Draw} draw
 * @param {ReadonlyMap<string, {dtype: string, shape: readonly number[], content: Buffer}>} tensors
 * @param {Readonly<Record<string, string>> | undefined} metadata
 */
export function safetensorsFile(draw, tensors, metadata) {
  const data = [];
  const described = [];
  let offset = 0;
  for (const [name, { dtype, shape, content }] of tensors) {
    const entry = draw.list([
      `"dtype":${JSON.stringify(draw.lie(dtype, ['BF16', 'F8_E5M2', 'F4', '', 'F64', 'U8', 'F16', '__proto__', '\u001b[31m', 7, null]))}`,
      `"shape":${draw.lie(`[${draw.list(shape).map((size) => number(draw, size))}]`, ['null', '{}', `[${Array(200).fill(1)}]`, '[0,9007199254740991,9007199254740991]'])}`,
      `"data_offsets":${draw.lie(`[${number(draw, offset)},${number(draw, offset + content.length)}]`, ['[]', '[0]', `[${offset + content.length},${offset}]`, '[0,8]', 'null'])}`,
    ]);
    described.push(`${JSON.stringify(draw.lie(name))}:{${entry}}`);
    data.push(content);
    offset += content.length;
  }
  if (metadata !== undefined) described.unshift(`"__metadata__":${JSON.stringify(metadata)}`);
  const json = draw.lie(`{${draw.list(described)}}`, ['[]', 'null', '{', `${'[{"a":'.repeat(5000)}`, '{"__metadata__":{"a":1}}', '{"__metadata__":[]}', '{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}', '\ud800']);
  const text = Buffer.from(json.padEnd(draw.chance(0.8) ? Math.ceil(json.length / 8) * 8 : 0));
  return Buffer.concat([integer(draw.lie(BigInt(text.length)), 8), text, ...draw.list(data)]);
}

/** @type {import('./index.js').Target} */
export const safetensors = {
  name: 'safetensors',
  generate(draw) {
    const tensors = new Map();
    for (let count = draw.integer(0, 4); count > 0; count--) {
      const dtype = draw.pick(Object.keys(tensorTypes));
      const shape = Array.from({ length: draw.integer(0, 3) }, () => draw.integer(0, 4));
      const values = dtype === 'BOOL' ? Array(countOf(shape)).fill(1) : numbersOf(draw, tensorTypes[dtype], countOf(shape));
      tensors.set(draw.name(), { dtype, shape, values, content: encode(tensorTypes[dtype], values) });
    }
    return { bytes: safetensorsFile(draw, tensors, draw.chance(0.5) ? { [draw.name()]: draw.name() } : undefined), expected: tensors };
  },
  run: (bytes) => readSafetensors(bytes, hostileName),
  check({ tensors, metadata }, _bytes, expected) {
    if (!Object.values(metadata).every((value) => typeof value === 'string')) return 'has metadata that are no texts';
    if (expected !== undefined && tensors.size !== expected.size) return `has ${tensors.size} tensors instead of ${expected.size}`;
    for (const [name, tensor] of tensors) {
      const fault = faultOfArray(tensor, expected?.get(name));
      if (fault !== undefined) return `${name} ${fault}`;
    }
    return undefined;
  },
};
