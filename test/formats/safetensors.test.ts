import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { encodeSafetensors, looksLikeSafetensors, readSafetensors, writeSafetensors, type Tensor, type TensorPieces } from '../../src/formats/safetensors.js';
import { codeOf, readableTruncations, sameBits, unnoticedChanges } from './damage.js';

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** The format's rules, checked by a reader that shares nothing with ours. */
function readByTheRules(bytes: Uint8Array): { entries: Record<string, Entry>; metadata: unknown; data: Uint8Array; dataStart: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(0, true) + view.getUint32(4, true) * 4294967296;
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.slice(8, 8 + headerLength));
  // The header begins with '{' and may be padded with trailing spaces.
  expect(text[0]).toBe('{');
  expect(text).toBe(text.trimEnd().padEnd(text.length, ' '));
  const { __metadata__: metadata, ...entries } = JSON.parse(text) as Record<string, Entry>;
  const data = bytes.slice(8 + headerLength);
  // The tensors cover the data without holes and without overlap.
  const spans = Object.values(entries).map(({ data_offsets: offsets }) => offsets);
  const sorted = spans.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  let end = 0;
  for (const span of sorted) {
    expect(span[0]).toBe(end);
    end = span[1];
  }
  expect(end).toBe(data.length);
  return { entries, metadata, data, dataStart: 8 + headerLength };
}

/** A file put together by hand. */
function file(header: string | object, data: readonly number[] = []): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([length, text, Uint8Array.from(data)]));
}

const one = (dtype: unknown, shape: unknown, offsets: unknown) => ({ x: { dtype, shape, data_offsets: offsets } });

const specialValues = [0, -0, NaN, Infinity, -Infinity, 5e-324, -5e-324, 2.2250738585072009e-308, 1.7976931348623157e308, 0.1];

const tensor = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), fc.boolean())
  .chain(([shape, isFloat]): fc.Arbitrary<Tensor> => {
    const length = shape.reduce((product, size) => product * size, 1);
    const floats = fc.oneof(fc.double(), fc.constantFrom(...specialValues));
    return isFloat
      ? fc.array(floats, { minLength: length, maxLength: length }).map((list) => ({ shape, values: Float64Array.from(list) }))
      : fc.uint8Array({ minLength: length, maxLength: length }).map((values) => ({ shape, values }));
  });

const names = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 5 }), fc.constantFrom('weights', '7', 'toString', 'a"b'));

const tensorMaps = fc
  .uniqueArray(fc.tuple(names.filter((name) => name !== '__metadata__' && name !== '__proto__'), tensor), { selector: ([name]) => name, maxLength: 5 })
  .map((entries) => new Map(entries));

const texts = fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 20 }), { maxKeys: 3, noNullPrototype: true });

describe('writing', () => {
  test('keeps the rules of the format; float64 tensors lie at multiples of 8 bytes', () => {
    fc.assert(
      fc.property(tensorMaps, texts, (tensors, metadata) => {
        const bytes = writeSafetensors(tensors, metadata);
        const { entries, metadata: read, data, dataStart } = readByTheRules(bytes);
        expect(read).toEqual(metadata);
        expect(Object.keys(entries).toSorted()).toEqual([...tensors.keys()].toSorted());
        expect(looksLikeSafetensors(bytes)).toBe(true);
        for (const [name, { shape, values }] of tensors) {
          const { dtype, shape: readShape, data_offsets: [begin, end] } = entries[name];
          expect(readShape).toEqual(shape);
          expect((dataStart + begin) % (dtype === 'F64' ? 8 : 1)).toBe(0);
          const expected = new DataView(new ArrayBuffer(values.byteLength));
          values.forEach((value, index) => {
            if (dtype === 'F64') expected.setFloat64(8 * index, value, true);
            else expected.setUint8(index, value);
          });
          expect(dtype).toBe(values instanceof Uint8Array ? 'U8' : 'F64');
          expect(Buffer.compare(data.subarray(begin, end), new Uint8Array(expected.buffer))).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('reading gives back shapes and every bit, also −0, NaN, infinities and subnormals', () => {
    fc.assert(
      fc.property(tensorMaps, texts, (tensors, metadata) => {
        const read = readSafetensors(writeSafetensors(tensors, metadata), 'x');
        expect(read.metadata).toEqual(metadata);
        expect([...read.tensors.keys()].toSorted()).toEqual([...tensors.keys()].toSorted());
        for (const [name, { shape, values }] of tensors) {
          const found = read.tensors.get(name);
          expect(found?.shape).toEqual(shape);
          expect(sameBits(found?.values ?? new Uint8Array(1), values)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('each special value by its bits', () => {
    const values = Float64Array.from(specialValues);
    const { tensors } = readSafetensors(writeSafetensors(new Map([['x', { shape: [values.length], values }]]), {}), 'x');
    const read = [...(tensors.get('x')?.values ?? [])];
    expect(read.every((value, index) => Object.is(value, specialValues[index]))).toBe(true);
    expect(read).toHaveLength(specialValues.length);
  });

  test('the same content gives the same bytes', () => {
    const content = () => new Map([['b', { shape: [2], values: Float64Array.of(1, 2) }], ['a', { shape: [1], values: Uint8Array.of(3) }]]);
    expect(Buffer.compare(writeSafetensors(content(), { k: 'v' }), writeSafetensors(content(), { k: 'v' }))).toBe(0);
  });

  test('piece by piece gives the bytes of the whole, as often as asked for', () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
    fc.assert(
      fc.property(tensorMaps, texts, cuts, (tensors, metadata, shares) => {
        const sources = new Map<string, TensorPieces>();
        for (const [name, { shape, values }] of tensors) {
          const ends = [...shares.map((share) => Math.floor(share * values.length)), values.length].toSorted((a, b) => a - b);
          // All pieces in one place, as a model in the kernels' memory gives them.
          const memory = values.slice();
          sources.set(name, {
            shape,
            type: values instanceof Uint8Array ? 'U8' : 'F64',
            *pieces() {
              let start = 0;
              for (const end of ends) {
                memory.fill(0);
                memory.set(values.subarray(start, end) as Float64Array);
                yield memory.subarray(0, end - start);
                start = end;
              }
            },
          });
        }
        const { header, data } = encodeSafetensors(sources, metadata);
        const whole = writeSafetensors(tensors, metadata);
        for (let walk = 0; walk < 2; walk++) {
          const pieces: Buffer[] = [Buffer.from(header)];
          for (const piece of data()) pieces.push(Buffer.from(piece));
          expect(Buffer.compare(Buffer.concat(pieces), whole)).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a tensor named __proto__ is a tensor like any other', () => {
    const tensors = new Map([['__proto__', { shape: [2], values: Float64Array.of(1, 2) }]]);
    const bytes = writeSafetensors(tensors, {});
    expect([...readSafetensors(bytes, 'x').tensors.keys()]).toEqual(['__proto__']);
  });
});

describe('reading files of others', () => {
  test.each<[string, number[], number[]]>([
    ['F64', [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0], [1, -2]],
    ['F32', [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0], [1, -2.5]],
    ['F32', [0, 0, 0, 0x80, 1, 0, 0, 0], [-0, 2 ** -149]],
    ['F16', [0, 0x3c, 0xff, 0x7b], [1, 65504]],
    ['F16', [1, 0, 0, 0xfc], [2 ** -24, -Infinity]],
    ['I64', [255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 1, 0, 0, 0], [-1, 4294967296]],
    ['I32', [254, 255, 255, 255, 0, 1, 0, 0], [-2, 256]],
    ['I16', [0, 128, 255, 127], [-32768, 32767]],
    ['I8', [128, 127], [-128, 127]],
    ['U64', [255, 255, 255, 255, 255, 255, 31, 0, 1, 0, 0, 0, 0, 0, 0, 0], [2 ** 53 - 1, 1]],
    ['U32', [255, 255, 255, 255, 1, 0, 0, 0], [4294967295, 1]],
    ['U16', [255, 255, 1, 2], [65535, 513]],
    ['U8', [0, 255], [0, 255]],
    ['BOOL', [0, 1], [0, 1]],
  ])('type %s of bytes %j', (dtype, data, expected) => {
    const { tensors } = readSafetensors(file(one(dtype, [2], [0, data.length]), data), 'x');
    const read = [...(tensors.get('x')?.values ?? [])];
    expect(read).toHaveLength(2);
    expect(read.every((value, index) => Object.is(value, expected[index]))).toBe(true);
  });

  test('data at an odd offset, a scalar, an empty tensor, no metadata, bytes in the middle of a larger buffer', () => {
    const header = {
      flag: { dtype: 'BOOL', shape: [1], data_offsets: [0, 1] },
      scalar: { dtype: 'F64', shape: [], data_offsets: [1, 9] },
      empty: { dtype: 'F64', shape: [3, 0], data_offsets: [9, 9] },
    };
    const bytes = file(header, [1, 0, 0, 0, 0, 0, 0, 8, 64]);
    const larger = new Uint8Array(bytes.length + 10);
    larger.set(bytes, 5);
    for (const view of [bytes, larger.subarray(5, 5 + bytes.length)]) {
      const { tensors, metadata } = readSafetensors(view, 'x');
      expect(metadata).toEqual({});
      expect([...tensors].map(([name, { shape, values }]) => [name, shape, [...values]])).toEqual([
        ['flag', [1], [1]],
        ['scalar', [], [3]],
        ['empty', [3, 0], []],
      ]);
    }
  });

  test('a tensor named __proto__ in the file', () => {
    const bytes = file('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', [7, 8]);
    const { tensors } = readSafetensors(bytes, 'x');
    expect([...tensors].map(([name, { values }]) => [name, [...values]])).toEqual([['__proto__', [7]], ['a', [8]]]);
  });

  test('metadata named __proto__ stay a text', () => {
    const { metadata } = readSafetensors(file('{"__metadata__":{"__proto__":"x","k":"v"}}'), 'x');
    expect(Object.entries(metadata).toSorted()).toEqual([['__proto__', 'x'], ['k', 'v']]);
  });
});

describe('bad files', () => {
  const huge = 2 ** 60;
  const big = Number.MAX_SAFE_INTEGER;
  test.each<[string, Uint8Array, RegExp]>([
    ['an unknown type', file(one('BF16', [1], [0, 2]), [0, 0]), /"BF16".*F64, F32/],
    ['a type from the prototype', file(one('toString', [1], [0, 1]), [0]), /"toString"/],
    ['a type that is no text', file(one(['F64'], [1], [0, 8]), Array(8).fill(0)), /type/],
    ['no type', file({ x: { shape: [1], data_offsets: [0, 1] } }, [0]), /type/],
    ['a shape that is no list', file(one('U8', 3, [0, 3]), [1, 2, 3]), /shape/],
    ['a negative size', file(one('U8', [-1], [0, 1]), [1]), /shape/],
    ['half a size', file(one('U8', [0.5], [0, 1]), [1]), /shape/],
    ['a size of 2^60', file(one('F64', [huge], [0, 8]), Array(8).fill(0)), /shape/],
    ['a shape whose product is 2^60', file(one('F64', [2 ** 30, 2 ** 30], [0, 8]), Array(8).fill(0)), /shape/],
    ['a shape whose product is infinite', file(one('U8', Array(30).fill(big), [0, 1]), [0]), /shape/],
    ['a shape whose product is ∞·0', file(one('U8', [...Array(30).fill(big), 0], [0, 0])), /shape/],
    ['offsets of 2^60', file(one('F64', [1], [huge, huge + 8]), Array(8).fill(0)), /data_offsets/],
    ['offsets behind the file', file(one('F64', [1], [2 ** 40, 2 ** 40 + 8]), Array(8).fill(0)), /lies at bytes/],
    ['tensors that share bytes', file({ a: { dtype: 'U8', shape: [2], data_offsets: [0, 2] }, b: { dtype: 'U8', shape: [2], data_offsets: [1, 3] } }, [1, 2, 3]), /tensor "b" shares bytes/],
    ['a thousand tensors of the same bytes', file(Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`t${index}`, { dtype: 'F16', shape: [2], data_offsets: [0, 4] }])), [0, 0, 0, 0]), /shares bytes/],
    ['an end before the beginning', file(one('U8', [1], [1, 0]), [1]), /lies at bytes/],
    ['three offsets', file(one('U8', [1], [0, 1, 2]), [1, 2]), /data_offsets/],
    ['more data than the shape', file(one('U8', [1], [0, 2]), [1, 2]), /2 bytes of data/],
    ['an entry that is a number', file({ x: 3 }), /not an object/],
    ['an entry that is null', file({ x: null }), /not an object/],
    ['a header that is a list', file('[]'), /not a JSON object/],
    ['a header that is null', file('null'), /not a JSON object/],
    ['a header that is no JSON', file('{"x":'), /not JSON/],
    ['a header that is no UTF-8', new Uint8Array([4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0xfe, 0x7d]), /not JSON/],
    ['metadata that are no texts', file({ __metadata__: { epochs: 3 } }), /__metadata__/],
    ['metadata that are a list', file({ __metadata__: [] }), /__metadata__/],
    ['integers beyond 2^53', file(one('I64', [1], [0, 8]), [0, 0, 0, 0, 0, 0, 0, 127]), /element 0/],
    ['terminal escapes in a name', file('{"\\u001b[31m":3}'), /tensor "\\+u001b\[31m"/],
  ])('%s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes, 'bad.safetensors')).toThrow(message);
    expect(() => readSafetensors(bytes, 'bad.safetensors')).toThrow(/^bad\.safetensors: /);
    expect(codeOf(() => readSafetensors(bytes, 'bad.safetensors'))).toBe('data');
  });

  test('a header length of 2^60, and of 2^64 − 1', () => {
    for (const length of [2n ** 60n, 2n ** 64n - 1n, 100_000_001n]) {
      const bytes = file('{}');
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      expect(() => readSafetensors(bytes, 'x')).toThrow(/claims a header/);
      expect(looksLikeSafetensors(bytes)).toBe(false);
    }
  });

  test('a header nested a hundred thousand levels deep, wherever it stands', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const places = [
      deep,
      `{"x":${deep}}`,
      `{"x":{"dtype":${deep},"shape":[],"data_offsets":[0,0]}}`,
      `{"x":{"dtype":"U8","shape":[${deep}],"data_offsets":[0,0]}}`,
      `{"x":{"dtype":"U8","shape":[],"data_offsets":${deep}}}`,
      `{"__metadata__":{"a":${deep}}}`,
    ];
    for (const place of places) expect(codeOf(() => readSafetensors(file(place), 'x'))).toBe('data');
  });

  test('messages stay short however long the name, the type and the shape are', () => {
    const long = 'x'.repeat(10_000);
    const headers = [{ [long]: 3 }, one(long, [1], [0, 1]), one('U8', Array(10_000).fill(1), [0, 0])];
    for (const header of headers) {
      let message = '';
      try {
        readSafetensors(file(header), 'x');
      } catch (error) {
        ({ message } = error as Error);
      }
      expect(message.length).toBeGreaterThan(10);
      expect(message.length).toBeLessThan(1000);
    }
  });

  const sample = writeSafetensors(
    new Map<string, Tensor>([
      ['weights', { shape: [2, 3], values: Float64Array.of(1, -0, 3, NaN, 5, 6) }],
      ['flags', { shape: [3], values: Uint8Array.of(1, 0, 1) }],
    ]),
    { format: 'test', note: '"quoted" \u00e9' },
  );

  test('cut short anywhere it is refused', () => {
    expect(readableTruncations(sample, (cut) => readSafetensors(cut, 'x'))).toEqual([]);
  });

  test('with any one byte changed it is refused or gives a value, and never anything worse', () => {
    const unnoticed = unnoticedChanges(sample, (damaged) => readSafetensors(damaged, 'x'));
    // The format has no checksum: changes of the data bytes can't be noticed, those of the length's upper bytes must be.
    expect(unnoticed.filter((position) => position >= 2 && position < 8)).toEqual([]);
    expect(unnoticed.slice(-(6 * 8 + 3))).toEqual(Array.from({ length: 51 }, (_, k) => sample.length - 51 + k));
  });

  test('arbitrary bytes, and arbitrary JSON as the header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect([undefined, 'data']).toContain(codeOf(() => readSafetensors(bytes, 'x')));
      }),
    );
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.uint8Array({ maxLength: 20 }), (header, data) => {
        expect([undefined, 'data']).toContain(codeOf(() => readSafetensors(file(header, [...data]), 'x')));
      }),
    );
    const anything = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom<unknown>('F64', 'U8', [0, 8], [2], [0, 1], 1e300, -0));
    fc.assert(
      fc.property(anything, anything, anything, fc.uint8Array({ maxLength: 20 }), (dtype, shape, offsets, data) => {
        expect([undefined, 'data']).toContain(codeOf(() => readSafetensors(file(one(dtype, shape, offsets), [...data]), 'x')));
      }),
    );
  });
});
